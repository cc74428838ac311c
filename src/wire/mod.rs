//! The JSON of the case API, shared by client and service: the envelopes around the domain's words.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::{
    ActionKind, Actor, Case, CaseId, Environment, PartnerRef, Role, Severity, Tier, TimelineEntry,
    Untrusted, UserId,
};

/// The media type of [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";
/// The longest time that a feed request may be held, in seconds.
pub const MAX_WAIT_S: u64 = 30;
/// The most cases in one page.
pub const MAX_PAGE: usize = 200;

/// `GET /api/v1/changes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    pub cases: Vec<Case>,
    /// Closed, or no longer the caller's to see.
    pub removed: Vec<CaseId>,
    pub cursor: String,
    pub more: bool,
    pub server_time: DateTime<Utc>,
}

/// `GET /api/v1/cases`: a search, closed cases too, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub cases: Vec<Case>,
    /// The `after` of the next page; null where there is none.
    pub next: Option<CaseId>,
}

/// `GET /api/v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    pub id: UserId,
    pub name: Untrusted,
    pub role: Role,
    pub tier: Option<Tier>,
    pub partner: Option<PartnerRef>,
    /// The actions that the role may do to some case.
    pub may: Vec<ActionKind>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    pub subject: String,
    pub description: String,
    pub environment: Environment,
    pub licence_key: String,
    pub contact: String,
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workaround: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// The answer to a [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    pub id: CaseId,
    pub case: Case,
}

/// The answer to an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acted {
    pub case: Case,
    pub event: TimelineEntry,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: Untrusted,
}

/// The stable codes of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    TooMany,
    NoSpace,
    Invalid,
    KeyReused,
    Internal,
    Unavailable,
}

impl Code {
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
            Self::Stale => "The case has changed",
            Self::TooLarge => "Too large",
            Self::Unsupported => "Unsupported media type",
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}
