//! The policy: the matrix of targets, the calendars, and the switches, as written
//! ([`PolicyDocument`]) and as checked and compiled ([`Policy`]).

use serde::{Deserialize, Serialize};

use crate::domain::{ClockKind, PartnerId, Severity, Target, Tier};

/// The policy as it is written in TOML, and as `GET /api/v1/policy` gives it in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDocument {}

/// The policy, checked and compiled. Cheap to share behind an `Arc`.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {}

/// What is wrong in a policy: where, what, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

impl Policy {
    /// The default policy, from `assets/policy.toml`.
    pub fn embedded() -> Self {
        Self {}
    }

    /// A policy from TOML; `name` is the file's name for errors.
    pub fn from_toml(_name: &str, _text: &str) -> Result<Self, PolicyError> {
        Ok(Self {})
    }

    pub fn compile(_document: &PolicyDocument) -> Result<Self, PolicyError> {
        Ok(Self {})
    }

    pub fn document(&self) -> PolicyDocument {
        PolicyDocument {}
    }

    /// The target of a row of the matrix; None where the tier has none (Product Management).
    pub fn target(&self, _severity: Severity, _kind: ClockKind, _tier: Tier) -> Option<Target> {
        None
    }

    /// The id of the calendar on which that tier's clocks run: the partner's, or the vendor's.
    pub fn calendar_id(&self, _tier: Tier, _partner: &PartnerId) -> &str {
        ""
    }
}
