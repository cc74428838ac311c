//! The JSON of the case API, shared by client and service: the envelopes around the domain's words.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{
    ActionKind, Actor, Case, CaseId, Correction, CorrectionId, CorrectionStatus, Environment,
    PartnerRef, ReleasePlan, Role, Severity, Tier, TimelineEntry, Untrusted, UserId,
};

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The longest time that a feed request may be held, in seconds.
pub const MAX_WAIT_S: u64 = 30;
/// The most cases in one page.
pub const MAX_PAGE: usize = 200;

/// `GET /api/v1/changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feed {
    pub cases: Vec<Case>,
    /// Closed, or no longer the caller's to see.
    pub removed: Vec<CaseId>,
    pub cursor: String,
    pub more: bool,
    pub server_time: DateTime<Utc>,
}

/// `GET /api/v1/cases`: a search, closed cases too, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    pub cases: Vec<Case>,
    /// The `after` of the next page; null where there is none.
    #[schema(required)]
    pub next: Option<CaseId>,
}

/// `GET /api/v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    pub id: UserId,
    pub name: Untrusted,
    pub role: Role,
    #[schema(required)]
    pub tier: Option<Tier>,
    #[schema(required)]
    pub partner: Option<PartnerRef>,
    /// The actions that the role may do to some case.
    pub may: Vec<ActionKind>,
    /// Whether the desk mails customers their case id and what agents write to them. If not, agents tell them
    /// by hand.
    #[serde(default)]
    pub mail: bool,
}

impl Me {
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor {
            id: self.id.clone(),
            name: self.name.clone(),
            role: self.role,
            partner: self.partner.as_ref().map(|p| p.id.clone()),
        }
    }
}

/// `POST /api/v1/cases`: what the support form sends. The texts are checked by the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    #[schema(schema_with = bounds::subject)]
    pub subject: String,
    #[schema(schema_with = bounds::description)]
    pub description: String,
    pub environment: Environment,
    #[schema(schema_with = bounds::licence_key)]
    pub licence_key: String,
    #[schema(schema_with = bounds::contact)]
    pub contact: String,
    #[schema(schema_with = bounds::email)]
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = bounds::optional_line)]
    pub product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = bounds::optional_line)]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = bounds::optional_line)]
    pub company: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = bounds::optional_line)]
    pub phone: Option<String>,
}

/// The longest address that mail can carry (RFC 5321), in characters.
pub const EMAIL_MAX: usize = 254;

/// What the service takes of a report's fields, as schemas.
mod bounds {
    use utoipa::openapi::schema::Object;

    use super::EMAIL_MAX;
    use crate::domain::rules::{CONTACT_MAX, LINE_MAX, SUBJECT_MAX, TEXT_MAX};
    use crate::domain::schema::{NO_NUL, bounded, optional};

    /// Something on both sides of the last at sign, no control characters, no white space.
    const ADDRESS: &str = r"^[^\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+@[^@\u0000- \u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$";

    pub(super) fn subject() -> Object {
        bounded(1, SUBJECT_MAX, NO_NUL).build()
    }

    pub(super) fn description() -> Object {
        bounded(1, TEXT_MAX, NO_NUL).build()
    }

    pub(super) fn licence_key() -> Object {
        bounded(1, LINE_MAX, NO_NUL).build()
    }

    pub(super) fn contact() -> Object {
        bounded(1, CONTACT_MAX, NO_NUL).build()
    }

    pub(super) fn email() -> Object {
        bounded(3, EMAIL_MAX, ADDRESS).build()
    }

    pub(super) fn optional_line() -> Object {
        optional(LINE_MAX)
    }

    pub(super) fn optional_text() -> Object {
        optional(TEXT_MAX)
    }
}

/// The answer to a [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reported {
    pub id: CaseId,
    pub case: Case,
}

/// The answer to an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Acted {
    pub case: Case,
    pub event: TimelineEntry,
}

/// The most cases that are linked to a correction in one request.
pub const MAX_LINKED: usize = 5_000;

/// `GET /api/v1/corrections`: the outline of upcoming corrections, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Corrections {
    pub corrections: Vec<Correction>,
    /// The `after` of the next page; null where there is none.
    #[schema(required)]
    pub next: Option<CorrectionId>,
}

/// `POST /api/v1/corrections`. Without a status it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionDraft {
    #[schema(schema_with = crate::domain::schema::line)]
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_plan: Option<ReleasePlan>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CorrectionStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = bounds::optional_text)]
    pub note: Option<String>,
}

/// `POST /api/v1/corrections/{id}/cases`: all of them are linked, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Links {
    #[schema(min_items = 1, max_items = 5_000)]
    pub cases: Vec<CaseId>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    pub field: String,
    pub message: Untrusted,
}

/// The stable codes of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadRequest,
    MissingIdempotencyKey,
    Unauthorized,
    NotAllowed,
    NotFound,
    MethodNotAllowed,
    Rule,
    InProgress,
    CursorGone,
    Stale,
    TooLarge,
    Unsupported,
    Range,
    TooMany,
    NoSpace,
    Invalid,
    KeyReused,
    Internal,
    Unavailable,
}

impl Code {
    pub const ALL: &'static [Self] = &[
        Self::BadRequest,
        Self::MissingIdempotencyKey,
        Self::Unauthorized,
        Self::NotAllowed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Rule,
        Self::InProgress,
        Self::CursorGone,
        Self::Stale,
        Self::TooLarge,
        Self::Unsupported,
        Self::Range,
        Self::TooMany,
        Self::NoSpace,
        Self::Invalid,
        Self::KeyReused,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest | Self::MissingIdempotencyKey => 400,
            Self::Unauthorized => 401,
            Self::NotAllowed => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Rule | Self::InProgress => 409,
            Self::CursorGone => 410,
            Self::Stale => 412,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Range => 416,
            Self::Invalid | Self::KeyReused => 422,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
            Self::NoSpace => 507,
        }
    }

    /// The problem's title: the same for every problem of the code.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request cannot be read",
            Self::MissingIdempotencyKey => "The Idempotency-Key is missing",
            Self::Unauthorized => "Not logged in",
            Self::NotAllowed => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "No such method here",
            Self::Rule => "Refused by a rule",
            Self::InProgress => "Already being worked on",
            Self::CursorGone => "The cursor is gone",
            Self::Stale => "Changed meanwhile",
            Self::TooLarge => "Too large",
            Self::Unsupported => "Unsupported media type",
            Self::Range => "Not in the file",
            Self::TooMany => "Too many requests",
            Self::NoSpace => "No space left",
            Self::Invalid => "A field is wrong",
            Self::KeyReused => "The Idempotency-Key was used with another body",
            Self::Internal => "The service failed",
            Self::Unavailable => "The service is not ready",
        }
    }
}

/// `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: Untrusted,
    pub status: u16,
    pub code: Code,
    /// A sentence for people.
    pub detail: Untrusted,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The case as it is now; with [`Code::Stale`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<Box<Case>>,
    /// Under which id the service's log tells more; with [`Code::Internal`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// `Retry-After`, a header and no field, in seconds; with [`Code::TooMany`].
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
    /// The correction as it is now; with [`Code::Stale`] where it was one that had changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Box<Correction>>,
}

impl Problem {
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: code.title().into(),
            status: code.status(),
            code,
            detail: Untrusted::new(detail),
            errors: Vec::new(),
            case: None,
            request_id: None,
            retry_after_s: None,
            correction: None,
        }
    }

    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    #[must_use]
    pub fn with_case(mut self, case: Case) -> Self {
        self.case = Some(Box::new(case));
        self
    }

    #[must_use]
    pub fn with_correction(mut self, correction: Correction) -> Self {
        self.correction = Some(Box::new(correction));
        self
    }
}
