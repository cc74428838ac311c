//! A correction: a product error that Product Management tracks, with its release plan and status. Field names
//! and order are those of the case API.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::people::{CaseId, CorrectionId, Person, Revision};
use super::schema;
use super::text::Untrusted;
use super::words::{CorrectionStatus, CorrectionStep, ReleasePlan};

/// A correction, as in the outline of upcoming corrections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Correction {
    pub id: CorrectionId,
    pub title: Untrusted,
    /// None: nothing is planned yet.
    #[schema(required)]
    pub release_plan: Option<ReleasePlan>,
    pub status: CorrectionStatus,
    /// How many cases that the caller may see are linked to it.
    pub cases: u64,
    #[schema(required)]
    pub note: Option<Untrusted>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every [`Amendment`] that changes something. Links do not count: whoever may not see a case
    /// must not learn of it.
    #[serde(default)]
    #[schema(value_type = u64)]
    pub revision: Revision,
}

/// One correction, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionDetail {
    #[serde(flatten)]
    pub correction: Correction,
    /// The cases behind `cases`, in the order of their registration.
    pub linked: Vec<CaseId>,
    /// Oldest first. Partners' agents see neither reasons nor which cases were linked when.
    pub history: Vec<CorrectionEvent>,
}

/// One step of a correction's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CorrectionEvent {
    pub at: DateTime<Utc>,
    pub actor: Person,
    pub what: CorrectionStep,
    /// What became what, for people ("hot fix → next release").
    pub text: Untrusted,
    /// Why, where a reason was given.
    #[serde(default, skip_serializing_if = "Untrusted::is_empty")]
    pub reason: Untrusted,
}

/// What Product Management changes of a correction: the body of `PATCH /corrections/{id}`. What is left out
/// stays as it is; null takes a plan or a note away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(clippy::option_option, reason = "left out, null and a value are three things")]
pub struct Amendment {
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::line)]
    pub title: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReleasePlan>)]
    pub release_plan: Option<Option<ReleasePlan>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = CorrectionStatus)]
    pub status: Option<CorrectionStatus>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::optional_text)]
    pub note: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::optional_text)]
    pub reason: Option<String>,
}

/// A field that is there, null too: null and "left out" are not the same.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_away_and_what_is_left_out_stays() {
        let read = |json: &str| serde_json::from_str::<Amendment>(json);
        assert_eq!(read("{}").unwrap(), Amendment::default());
        let taken = read(r#"{"release_plan":null,"note":null}"#).unwrap();
        assert_eq!((taken.release_plan, taken.note.clone()), (Some(None), Some(None)));
        assert_eq!(serde_json::to_string(&taken).unwrap(), r#"{"release_plan":null,"note":null}"#);
        for wrong in [r#"{"status":null}"#, r#"{"title":null}"#, r#"{"cases":3}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
