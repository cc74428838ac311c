//! The closed sets of words. Each has its word on the wire (serde, snake_case), the same word for
//! scripts and flags (`word`, `FromStr`), and the word that people read (`label`).

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A text that is none of the allowed words; says which are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is not a {set}; allowed: {allowed}")]
pub struct UnknownWord {
    pub set: &'static str,
    pub given: String,
    pub allowed: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $set:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every word of the set, in its natural order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word on the wire, in scripts and in flags.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// The word that people read.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
        }

        // Derived, it would not see the words: they come through this macro.
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|w| w.word())))
                    .into()
            }
        }

        impl ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.label())
            }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownWord;

            fn from_str(given: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|w| w.word().eq_ignore_ascii_case(given))
                    .ok_or_else(|| UnknownWord {
                        set: $set,
                        given: given.chars().take(60).collect(),
                        allowed: Self::ALL.iter().map(|w| w.word()).collect::<Vec<_>>().join(", "),
                    })
            }
        }
    };
}

words! {
    /// How badly a case hurts; sets its targets (FAQ: severity levels). Ordered worst first.
    Severity, "severity" {
        Critical = "critical", "Critical";
        High = "high", "High";
        Medium = "medium", "Medium";
        Low = "low", "Low";
    }
}

words! {
    /// Who holds the case (FAQ: 1st level, 2nd level, Product Management).
    Tier, "tier" {
        First = "first", "1st level";
        Second = "second", "2nd level";
        Product = "product", "Product Management";
    }
}

words! {
    /// Where a case stands. `Waiting`: information is awaited from the customer.
    CaseState, "state" {
        Open = "open", "open";
        Waiting = "waiting", "waiting for the customer";
        Closed = "closed", "closed";
    }
}

words! {
    /// Whether the licence key entitles its owner to support.
    Eligibility, "eligibility" {
        Eligible = "eligible", "eligible";
        UnknownKey = "unknown_key", "unknown key";
        NotEligible = "not_eligible", "not eligible";
    }
}

words! {
    /// Where the product runs (FAQ: severity criteria).
    Environment, "environment" {
        Production = "production", "production";
        Live = "live", "live";
        Lab = "lab", "lab";
    }
}

words! {
    /// The phone call that a Critical case asks for (domain rule 3).
    PhoneFollowUp, "phone follow-up" {
        Due = "due", "phone call due";
        Done = "done", "phone call done";
    }
}

words! {
    /// What a clock measures.
    ClockKind, "clock" {
        Response = "response", "response";
        Resolution = "resolution", "resolution";
    }
}

words! {
    /// How a clock stands on the wire. "Breached" is `Running` past its due instant.
    ClockState, "clock state" {
        Running = "running", "running";
        Paused = "paused", "paused";
        Met = "met", "met";
        Missed = "missed", "missed";
    }
}

words! {
    /// Why a clock was held.
    PauseReason, "pause reason" {
        /// Information was awaited from the customer.
        Waiting = "waiting", "waiting for the customer";
        /// The case was with another tier.
        OtherTier = "other_tier", "with another tier";
        /// The case was closed.
        Closed = "closed", "closed";
    }
}

words! {
    /// What ended a clock.
    ClockEnd, "clock end" {
        /// The customer was told that the case is received.
        Responded = "responded", "the customer had the response";
        Escalated = "escalated", "the case was escalated";
        HandedBack = "handed_back", "the case was handed back";
        Closed = "closed", "the case was closed";
    }
}

words! {
    /// What kind of resolution closed a case (domain rule 7).
    ResolutionKind, "resolution" {
        Explanation = "explanation", "explanation";
        Workaround = "workaround", "workaround";
        CorrectedInRelease = "corrected_in_release", "corrected in release";
        GuidanceGiven = "guidance_given", "guidance given";
        NotEligible = "not_eligible", "not eligible";
        Duplicate = "duplicate", "duplicate";
        NoAnswer = "no_answer", "no answer from customer";
    }
}

words! {
    /// What lay behind the case.
    Cause, "cause" {
        Setting = "setting", "a setting";
        UnintentionalUse = "unintentional_use", "unintentional use";
        ProductError = "product_error", "product error";
        ThirdParty = "third_party", "third-party software";
        Network = "network", "network";
        NotReproducible = "not_reproducible", "not reproducible";
        Other = "other", "other";
    }
}

words! {
    /// What 2nd level found. Only a product error goes to Product Management (domain rule 5).
    Finding, "finding" {
        ProductError = "product_error", "product error";
        Setting = "setting", "insufficient settings";
        UnintentionalUse = "unintentional_use", "unintentional use";
        ThirdParty = "third_party", "third-party software";
        Network = "network", "network";
        NotReproducible = "not_reproducible", "not reproducible";
    }
}

words! {
    /// What a request for information can ask for.
    InfoItem, "item" {
        Licence = "licence", "licence key";
        Version = "version", "product version";
        Environment = "environment", "environment";
        Steps = "steps", "steps to reproduce";
        LogFiles = "log_files", "log files";
        ScreenDumps = "screen_dumps", "screen dumps";
        Tried = "tried", "what was tried";
    }
}

words! {
    /// With which release a correction comes (the matrix, last column). Ordered soonest first.
    ReleasePlan, "release plan" {
        HotFix = "hot_fix", "hot fix";
        NextRelease = "next_release", "next release";
        FutureRelease = "future_release", "future release";
    }
}

words! {
    /// How far a correction is.
    CorrectionStatus, "status" {
        Confirmed = "confirmed", "confirmed";
        Planned = "planned", "planned";
        InWork = "in_work", "in work";
        InTest = "in_test", "in test";
        Released = "released", "released";
        Rejected = "rejected", "rejected";
    }
}

words! {
    /// What happened to a correction, in its history.
    CorrectionStep, "step" {
        Opened = "open", "opened";
        Planned = "plan", "release plan";
        StatusSet = "status", "status";
        TitleSet = "title", "title";
        Noted = "note", "note";
        Linked = "link", "cases linked";
        Unlinked = "unlink", "cases linked elsewhere";
    }
}

impl ResolutionKind {
    /// What it says to the customer (FAQ: resolution target; domain rules 7 and 11).
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Explanation => "it is explained: a setting, or not what the product is meant for",
            Self::Workaround => "there is another way to do it, which the customer accepts",
            Self::CorrectedInRelease => "the error is corrected in a release that is out",
            Self::GuidanceGiven => {
                "general guidance was given; we set up no third-party software or network"
            }
            Self::NotEligible => "the licence does not entitle to support",
            Self::Duplicate => "the same issue is worked on in another case",
            Self::NoAnswer => "the customer was asked and has not answered",
        }
    }

    /// Whether something lay behind the case that is worth recording.
    #[must_use]
    pub const fn has_cause(self) -> bool {
        matches!(
            self,
            Self::Explanation | Self::Workaround | Self::CorrectedInRelease | Self::GuidanceGiven
        )
    }
}

impl CorrectionStatus {
    /// Whether nothing more is to come of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Released | Self::Rejected)
    }
}

impl Severity {
    /// The release plans that the matrix gives a product error of this severity.
    #[must_use]
    pub const fn release_plans(self) -> &'static [ReleasePlan] {
        match self {
            Self::Critical => &[ReleasePlan::HotFix],
            Self::High => &[ReleasePlan::HotFix, ReleasePlan::NextRelease],
            Self::Medium | Self::Low => &[ReleasePlan::FutureRelease],
        }
    }

    /// What makes a case that severe (FAQ: severity criteria), as a sentence for whoever decides.
    #[must_use]
    pub const fn criteria(self) -> &'static str {
        match self {
            Self::Critical => "the product impacts a production or live environment",
            Self::High => {
                "the product impacts a production, live or lab environment; or a Critical case with a \
                 workaround"
            }
            Self::Medium => "the same environments; or a High case with a workaround",
            Self::Low => "the same environments; or a Medium case with a workaround",
        }
    }

    /// The four-letter word of narrow columns.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Critical => "Crit",
            Self::High => "High",
            Self::Medium => "Med",
            Self::Low => "Low",
        }
    }

    /// One step down; a workaround that does not settle the case lowers it so (FAQ: severity
    /// criteria). Low stays Low.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Critical => Self::High,
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_an_unknown_one_names_the_allowed() {
        for severity in Severity::ALL {
            assert_eq!(severity.word().parse::<Severity>().unwrap(), *severity);
            let json = serde_json::to_string(severity).unwrap();
            assert_eq!(json, format!("\"{}\"", severity.word()));
        }
        assert_eq!(
            "urgent".parse::<Severity>().unwrap_err().to_string(),
            "\"urgent\" is not a severity; allowed: critical, high, medium, low"
        );
    }

    #[test]
    fn a_workaround_lowers_one_step_and_low_stays_low() {
        assert_eq!(Severity::Critical.lowered(), Severity::High);
        assert_eq!(Severity::Low.lowered(), Severity::Low);
    }
}
