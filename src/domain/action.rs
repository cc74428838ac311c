//! What somebody asks of a case. Its JSON is the body of `POST /cases/{id}/actions`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::{CaseId, CorrectionId, UserId};
use super::schema::{line, optional_text, text};
use super::words::{Cause, Eligibility, Finding, InfoItem, ResolutionKind, Severity, Tier};

/// A correction that does not exist yet, named by its title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    #[schema(schema_with = line)]
    pub title: String,
}

/// One action with its fields. Texts are the caller's own words, so plain strings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// The customer is told that the case is received; without a text the case id is the response.
    Respond {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = optional_text)]
        text: Option<String>,
    },
    Take {},
    Release {},
    Assign {
        #[schema(schema_with = line)]
        assignee: UserId,
    },
    /// Internal: the customer never sees it.
    Note {
        #[schema(schema_with = text)]
        text: String,
    },
    /// Goes to the customer.
    Reply {
        #[schema(schema_with = text)]
        text: String,
    },
    RequestInfo {
        #[schema(schema_with = text)]
        text: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<InfoItem>,
    },
    InfoReceived {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(schema_with = optional_text)]
        text: Option<String>,
    },
    SetSeverity {
        severity: Severity,
        #[schema(schema_with = text)]
        reason: String,
    },
    RecordWorkaround {
        #[schema(schema_with = text)]
        text: String,
    },
    LogPhoneCall {
        #[schema(schema_with = line)]
        with: String,
        #[schema(schema_with = text)]
        text: String,
    },
    SetEligibility {
        eligibility: Eligibility,
        #[schema(schema_with = text)]
        reason: String,
    },
    Escalate {
        to: Tier,
        #[schema(schema_with = text)]
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finding: Option<Finding>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        correction: Option<CorrectionId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        new_correction: Option<NewCorrection>,
    },
    HandBack {
        #[schema(schema_with = text)]
        reason: String,
    },
    Close {
        resolution: ResolutionKind,
        #[schema(schema_with = text)]
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duplicate_of: Option<CaseId>,
    },
    Reopen {
        #[schema(schema_with = text)]
        reason: String,
    },
}

/// An action's name, without its fields.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    Respond,
    Take,
    Release,
    Assign,
    Note,
    Reply,
    RequestInfo,
    InfoReceived,
    SetSeverity,
    RecordWorkaround,
    LogPhoneCall,
    SetEligibility,
    Escalate,
    HandBack,
    Close,
    Reopen,
}

impl ActionKind {
    pub const ALL: &'static [Self] = &[
        Self::Respond,
        Self::Take,
        Self::Release,
        Self::Assign,
        Self::Note,
        Self::Reply,
        Self::RequestInfo,
        Self::InfoReceived,
        Self::SetSeverity,
        Self::RecordWorkaround,
        Self::LogPhoneCall,
        Self::SetEligibility,
        Self::Escalate,
        Self::HandBack,
        Self::Close,
        Self::Reopen,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Respond => "respond",
            Self::Take => "take",
            Self::Release => "release",
            Self::Assign => "assign",
            Self::Note => "note",
            Self::Reply => "reply",
            Self::RequestInfo => "request_info",
            Self::InfoReceived => "info_received",
            Self::SetSeverity => "set_severity",
            Self::RecordWorkaround => "record_workaround",
            Self::LogPhoneCall => "log_phone_call",
            Self::SetEligibility => "set_eligibility",
            Self::Escalate => "escalate",
            Self::HandBack => "hand_back",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }

    /// The act as a verb phrase that a case id can follow: "Could not {close} C-1042".
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Respond => "respond to",
            Self::Take => "take",
            Self::Release => "release",
            Self::Assign => "assign",
            Self::Note => "note on",
            Self::Reply => "reply on",
            Self::RequestInfo => "ask for information on",
            Self::InfoReceived => "record information on",
            Self::SetSeverity => "set the severity of",
            Self::RecordWorkaround => "record a workaround on",
            Self::LogPhoneCall => "log a phone call on",
            Self::SetEligibility => "set the eligibility of",
            Self::Escalate => "escalate",
            Self::HandBack => "hand back",
            Self::Close => "close",
            Self::Reopen => "reopen",
        }
    }
}

impl Action {
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::Respond { .. } => ActionKind::Respond,
            Self::Take {} => ActionKind::Take,
            Self::Release {} => ActionKind::Release,
            Self::Assign { .. } => ActionKind::Assign,
            Self::Note { .. } => ActionKind::Note,
            Self::Reply { .. } => ActionKind::Reply,
            Self::RequestInfo { .. } => ActionKind::RequestInfo,
            Self::InfoReceived { .. } => ActionKind::InfoReceived,
            Self::SetSeverity { .. } => ActionKind::SetSeverity,
            Self::RecordWorkaround { .. } => ActionKind::RecordWorkaround,
            Self::LogPhoneCall { .. } => ActionKind::LogPhoneCall,
            Self::SetEligibility { .. } => ActionKind::SetEligibility,
            Self::Escalate { .. } => ActionKind::Escalate,
            Self::HandBack { .. } => ActionKind::HandBack,
            Self::Close { .. } => ActionKind::Close,
            Self::Reopen { .. } => ActionKind::Reopen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_its_api_body_and_unknown_fields_are_refused() {
        let json = r#"{"action":"take"}"#;
        assert_eq!(serde_json::from_str::<Action>(json).unwrap(), Action::Take {});
        assert_eq!(serde_json::to_string(&Action::Take {}).unwrap(), json);
        for bad in [
            r#"{"action":"take","why":1}"#,
            r#"{"action":"note"}"#,
            r#"{"action":"delete"}"#,
            r#"{"action":"note","text":"a","txt":"b"}"#,
        ] {
            assert!(serde_json::from_str::<Action>(bad).is_err(), "{bad}");
        }
        for kind in ActionKind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.word()));
        }
    }
}
