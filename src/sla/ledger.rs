//! The clocks of one case, as a pure function of what happened to it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::domain::rules::Change;
use crate::domain::{ClockSummary, PartnerId, Severity};

/// All clocks of one case, with their pauses and ends. Its serde form is what a service stores; it holds
/// instants and budgets only, never anything accumulated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {}

impl Ledger {
    /// The clocks that start when a case is registered: response and 1st-level resolution.
    pub fn opened(
        _at: DateTime<Utc>,
        _severity: Severity,
        _partner: &PartnerId,
        _policy: &Policy,
    ) -> Self {
        Self {}
    }

    /// What a change of the case does to its clocks. Called for every change, in order.
    pub fn apply(&mut self, _at: DateTime<Utc>, _change: &Change, _policy: &Policy) {}

    /// The clocks as the case API reports them at an instant, in the order in which they started.
    pub fn summaries(&self, _now: DateTime<Utc>, _policy: &Policy) -> Vec<ClockSummary> {
        Vec::new()
    }
}
