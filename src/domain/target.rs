//! A target as the policy writes it: `2h`, `45m`, `4bh`, `1bd`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// The time that a tier has (FAQ: response target, resolution target).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Around the clock, in seconds: `2h`, `45m`, `30s`.
    Elapsed(i64),
    /// Open time on the tier's calendar, in seconds: `4bh`, `30bm`.
    BusinessTime(i64),
    /// Business days of the tier's calendar: `5bd`.
    BusinessDays(u32),
}

/// Why a text is not a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a target; write 2h or 45m (elapsed), 4bh (open hours) or 1bd (business days)"
)]
pub struct NotATarget(pub String);

impl FromStr for Target {
    type Err = NotATarget;

    fn from_str(text: &str) -> Result<Self, NotATarget> {
        let no = || NotATarget(text.chars().take(40).collect());
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        // Eight digits hold three years of seconds; the 20-year bound is checked against a calendar.
        if number.is_empty() || number.len() > 8 {
            return Err(no());
        }
        let n: i64 = number.parse().map_err(|_| no())?;
        match unit {
            "s" => Ok(Self::Elapsed(n)),
            "m" => Ok(Self::Elapsed(n * 60)),
            "h" => Ok(Self::Elapsed(n * 3600)),
            "bm" => Ok(Self::BusinessTime(n * 60)),
            "bh" => Ok(Self::BusinessTime(n * 3600)),
            "bd" => u32::try_from(n).map(Self::BusinessDays).map_err(|_| no()),
            _ => Err(no()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, business) = match *self {
            Self::BusinessDays(n) => return write!(f, "{n}bd"),
            Self::Elapsed(s) => (s, ""),
            Self::BusinessTime(s) => (s, "b"),
        };
        if seconds % 3600 == 0 && seconds != 0 {
            write!(f, "{}{business}h", seconds / 3600)
        } else if seconds % 60 == 0 {
            write!(f, "{}{business}m", seconds / 60)
        } else {
            write!(f, "{seconds}s")
        }
    }
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for Target {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "`2h`, `45m`, `30s` elapsed; `4bh`, `30bm` open time; `1bd` business days",
            ))
            .pattern(Some("^[0-9]{1,8}(s|m|h|bm|bh|bd)$"))
            .examples(["2h", "4bh", "1bd"])
            .into()
    }
}

impl ToSchema for Target {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_and_write_as_the_policy_says_them() {
        for text in ["2h", "45m", "4bh", "90bm", "1bd", "20bd", "0m"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "h", "2", "2 h", "-1h", "1d", "1000000000bd", "²h"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
