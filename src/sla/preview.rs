//! What an act would do to a case's clocks, without doing it: the rules decide, and the clocks follow, as
//! at the desk itself. One implementation for forms, the command line and tests.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::ledger::Ledger;
use super::policy::Policy;
use super::reading;
use crate::domain::rules::{Refusal, Standing, decide};
use crate::domain::{Action, Actor, Case, CaseDetail, ClockKind, ClockState, ClockSummary, Tier};

/// A case's clocks before and after an act at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    pub at: DateTime<Utc>,
    pub before: Vec<ClockSummary>,
    /// The same clocks in the same order, and after them those that the act starts.
    pub after: Vec<ClockSummary>,
    /// Who holds the case then, and how badly it hurts.
    pub tier: Tier,
    pub severity: crate::domain::Severity,
}

/// Why there is nothing to foresee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPreview {
    /// The act would be refused.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The desk does not tell what the clocks went through, or not in a way that fits them.
    #[error("the desk does not tell what the clocks went through")]
    NotTold,
}

/// What the act would do, if it were done at that instant by that person.
///
/// # Errors
/// [`NoPreview::Refused`] with what the act would meet; [`NoPreview::NotTold`] for a case without its ledger.
pub fn preview(
    actor: &Actor,
    detail: &CaseDetail,
    action: &Action,
    at: DateTime<Utc>,
    policy: &Policy,
) -> Result<Preview, NoPreview> {
    decide(actor, &Standing::from(&detail.case), action)?;
    let previews = sequence(actor, detail, std::slice::from_ref(action), at, policy);
    previews.into_iter().next().ok_or(NoPreview::NotTold)
}

/// What several acts would do one after the other, each seen on the clocks as those before leave them. It ends
/// with the first that would be refused, or before it begins where the desk does not tell enough.
#[must_use]
pub fn sequence(
    actor: &Actor,
    detail: &CaseDetail,
    actions: &[Action],
    at: DateTime<Utc>,
    policy: &Policy,
) -> Vec<Preview> {
    let mut standing = Standing::from(&detail.case);
    let Some(mut ledger) = ledger_of(detail) else { return Vec::new() };
    let mut previews = Vec::new();
    for action in actions {
        let Ok(changes) = decide(actor, &standing, action) else { break };
        let before = ledger.summaries(at, policy);
        for change in &changes {
            standing.apply(change);
            ledger.apply(at, change, policy);
        }
        let after = ledger.summaries(at, policy);
        let (tier, severity) = (standing.tier, standing.severity);
        previews.push(Preview { at, before, after, tier, severity });
    }
    previews
}

/// The clocks of a case as they are kept, from what the case API tells.
#[must_use]
pub fn ledger_of(detail: &CaseDetail) -> Option<Ledger> {
    detail.ledger.as_ref().and_then(|record| Ledger::restored(&detail.case, record))
}

impl Preview {
    /// What changes, clock by clock, each as a sentence: "1st level: met with 2bd left.", "2nd level: 30bd,
    /// until Fri 14 Nov 17:00 CET." Empty when no clock changes.
    #[must_use]
    pub fn sentences(&self, case: &Case, policy: &Policy) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for (n, after) in self.after.iter().enumerate() {
            let before = self.before.get(n);
            if before != Some(after) {
                said.push(format!("{}: {}.", name(after), self.change(before, after, policy)));
            }
        }
        if self.tier == Tier::Product && case.tier != Tier::Product {
            said.push(format!("{}: no time target, a release plan.", Tier::Product));
        }
        said
    }

    fn change(
        &self,
        before: Option<&ClockSummary>,
        after: &ClockSummary,
        policy: &Policy,
    ) -> String {
        let read = reading::read(after, policy, self.at);
        let until = reading::due_text(after, policy);
        let left = read.left.trim_start_matches('+');
        let Some(before) = before else {
            return match (after.state, until) {
                (ClockState::Paused, _) => format!("{}, held at once", after.target),
                (_, Some(until)) => format!("{}, until {until}", after.target),
                (_, None) => after.target.to_string(),
            };
        };
        let ended =
            |clock: &ClockSummary| matches!(clock.state, ClockState::Met | ClockState::Missed);
        let target = if before.target == after.target {
            String::new()
        } else {
            format!("{} in place of {}, ", after.target, before.target)
        };
        match after.state {
            ClockState::Met => format!("met with {left} left"),
            ClockState::Missed => format!("missed by {left}"),
            ClockState::Paused => {
                let what = if read.missed { "over" } else { "left" };
                format!("{target}held with {left} {what}")
            }
            ClockState::Running => {
                let goes_on = if ended(before) {
                    "goes on with "
                } else if before.state == ClockState::Paused {
                    "runs again with "
                } else {
                    ""
                };
                let until = until.unwrap_or_else(|| "no instant".to_owned());
                match (goes_on.is_empty(), read.missed) {
                    (_, true) => format!("{target}missed since {until}"),
                    (false, false) => format!("{target}{goes_on}{left} left, until {until}"),
                    (true, false) => format!("{target}until {until}"),
                }
            }
        }
    }
}

/// A clock in a sentence: the response, or the tier whose resolution it measures.
fn name(clock: &ClockSummary) -> String {
    match clock.kind {
        ClockKind::Response => "Response".to_owned(),
        ClockKind::Resolution => clock.tier.to_string(),
    }
}

#[cfg(test)]
mod tests;
