//! A calendar as it is written, and what can be wrong in it.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, Object, Schema, Type};

use super::DAY_S;

/// The weekday keys of a calendar, Monday first.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// An interval as written: from and to, `HH:MM`.
pub type WrittenInterval = [String; 2];

/// A calendar as it is written, in TOML and in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct CalendarDocument {
    /// The name for people; the id where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The IANA name of the zone.
    pub tz: String,
    /// Opening intervals by weekday key. One that ends at or before its start ends the day after.
    #[serde(deserialize_with = "unique_keys")]
    #[schema(schema_with = intervals_by_key)]
    pub weekly: BTreeMap<String, Vec<WrittenInterval>>,
    /// Dates on which the whole local date is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<String>,
    /// Dates with intervals of their own, which win over the week and over a holiday; may be empty.
    #[serde(default, deserialize_with = "unique_keys", skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(schema_with = intervals_by_key)]
    pub special: BTreeMap<String, Vec<WrittenInterval>>,
}

impl CalendarDocument {
    /// The keys that a calendar may have.
    pub const KEYS: &[&str] = &["name", "tz", "weekly", "holidays", "special"];
}

/// The schema of what is open, by weekday or date.
fn intervals_by_key() -> Object {
    let time = Object::builder().schema_type(Type::String).examples(["08:30"]);
    let interval = Array::builder().items(time).min_items(Some(2)).max_items(Some(2));
    let intervals = Array::builder().items(interval);
    Object::builder().additional_properties(Some(Schema::from(intervals.build()))).build()
}

/// A map that refuses a key given twice, which serde would let the last one win.
fn unique_keys<'de, D, V>(d: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: serde::Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(std::marker::PhantomData<V>);
    impl<'de, V: Deserialize<'de>> serde::de::Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a table of opening intervals")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(
            self,
            mut map: A,
        ) -> Result<Self::Value, A::Error> {
            let mut all = BTreeMap::new();
            while let Some((key, value)) = map.next_entry::<String, V>()? {
                if all.contains_key(&key) {
                    let key: String = key.chars().take(40).collect();
                    return Err(serde::de::Error::custom(format_args!("\"{key}\" is given twice")));
                }
                all.insert(key, value);
            }
            Ok(all)
        }
    }
    d.deserialize_map(Unique(std::marker::PhantomData))
}

/// What is wrong in a calendar or a policy, and at which key. Shown with its file and line by
/// [`crate::sla::policy::Policy::from_toml`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The keys that lead there, outermost first; a place in a list is its number, from 0.
    pub path: Vec<String>,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Fault {
    pub(in crate::sla) fn new(path: &[&str], message: impl Into<String>) -> Self {
        Self { path: path.iter().map(|&p| p.to_owned()).collect(), message: message.into() }
    }

    /// The same fault seen from further out.
    pub(in crate::sla) fn under(mut self, outer: &[&str]) -> Self {
        self.path.splice(0..0, outer.iter().map(|&p| p.to_owned()));
        self
    }

    /// The path as people write it: `calendars.vendor.weekly.mon[0]`.
    #[must_use]
    pub fn key(&self) -> String {
        let mut key = String::new();
        for part in &self.path {
            if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() {
                let _ = write!(key, "[{part}]");
            } else {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(part);
            }
        }
        key
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key(), self.message)
    }
}

/// What was given, cut so that an error stays readable.
pub(in crate::sla) fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

/// Local seconds since the midnight that begins a date; the end may lie in the next date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

fn parse_time(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    let digit = |i: usize| b[i].is_ascii_digit().then(|| i64::from(b[i] - b'0'));
    if b.len() != 5 || b[2] != b':' {
        return None;
    }
    let (hours, minutes) = (digit(0)? * 10 + digit(1)?, digit(3)? * 10 + digit(4)?);
    let seconds = hours * 3600 + minutes * 60;
    (minutes < 60 && seconds <= DAY_S).then_some(seconds)
}

/// An overnight interval as long as this is more often two times that were swapped.
const LONG_NIGHT_S: i64 = 16 * 3600;

/// What is odd in a list of intervals that is right, with the place in the list.
pub(super) fn odd(written: &[WrittenInterval]) -> Vec<(usize, String)> {
    let mut before: Vec<(i64, i64, String)> = Vec::with_capacity(written.len());
    let mut odd = Vec::new();
    for (i, [from, to]) in written.iter().enumerate() {
        let (Some(start), Some(mut end)) = (parse_time(from), parse_time(to)) else { continue };
        let name = format!("{from}-{to}");
        if end < start {
            end += DAY_S;
            if end - start >= LONG_NIGHT_S {
                let hours = (end - start) / 3600;
                odd.push((
                    i,
                    format!(
                        "{name} ends before it starts, so it ends the day after, {hours} hours \
                         later; swap the times if that is not meant"
                    ),
                ));
            }
        }
        if let Some((.., other)) = before.iter().find(|(s, e, _)| start < *e && *s < end) {
            odd.push((i, format!("{name} overlaps {other}; they count as one")));
        }
        before.push((start, end, name));
    }
    odd
}

/// Checked, sorted, and merged where they touch.
pub(super) fn spans(written: &[WrittenInterval]) -> Result<Vec<Span>, (usize, String)> {
    let mut spans = Vec::with_capacity(written.len());
    for (i, [from, to]) in written.iter().enumerate() {
        let time = |text: &str| {
            parse_time(text).ok_or_else(|| {
                (i, format!("\"{}\" is not a time of day; allowed: 00:00 to 24:00", cut(text)))
            })
        };
        let (start, mut end) = (time(from)?, time(to)?);
        if start == DAY_S {
            return Err((
                i,
                "an interval cannot begin at 24:00; write 00:00 of the next day".into(),
            ));
        }
        if start == end {
            return Err((
                i,
                format!(
                    "the interval {from}-{to} is empty; a whole day is 00:00-24:00, an end before \
                     the start is on the next day"
                ),
            ));
        }
        if end < start {
            end += DAY_S;
        }
        spans.push(Span { from: start, to: end });
    }
    spans.sort_by_key(|s| s.from);
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            _ => merged.push(span),
        }
    }
    Ok(merged)
}

fn days_since_1970(date: NaiveDate) -> i64 {
    i64::from(date.num_days_from_ce()) - 719_163
}

pub(super) fn parse_date(text: &str) -> Result<i64, String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| text.len() == 10)
        .ok_or_else(|| format!("\"{}\" is not a date; write it as 2026-12-25", cut(text)))?;
    if !(1900..2300).contains(&date.year()) {
        return Err(format!("{text} is out of range; allowed: the years 1900 to 2299"));
    }
    Ok(days_since_1970(date))
}
