//! The clocks of one case, as a pure function of what happened to it.
//!
//! The rules, where the domain leaves them open:
//! - Instants are cut to whole seconds. An event that is told with an earlier instant than the one before
//!   it (a machine's clock was set back) counts at the instant of the one before.
//! - A tier's resolution clock ends when the case leaves the tier: met, or missed if it was past due. When
//!   the tier gets the case again it resumes, and the time between counts as paused; its target is then
//!   that of the severity which the case has by now.
//! - A clock that starts or resumes while information is awaited is held at once.
//! - Closing ends every clock, the response clock too; reopening resumes the resolution clock of the tier
//!   that holds the case, never the response clock.
//! - A clock runs by the policy version that it started under: its calendar, and its matrix when the severity
//!   changes. What acts do to it (pauses, restarts) is as the policy in force says. With `policy_change =
//!   "apply"`, a clock that stood still when the policy changed takes the new one when it runs again.
//! - A clock whose version nobody knows runs by the policy in force; one whose calendar is not there either
//!   runs around the clock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::budget::{Course, Due, Pause, Time, join};
use super::policy::{Again, Policy, PolicyChange, Reopened};
use crate::domain::rules::Change;
use crate::domain::{ClockKind, ClockState, ClockSummary, PartnerId, Severity, Target, Tier};

/// All clocks of one case, with their pauses and ends. Its serde form is what a service stores; it holds
/// instants and budgets only, never anything accumulated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    severity: Severity,
    partner: PartnerId,
    tier: Tier,
    /// Whether information is awaited and resolution clocks are held for it.
    waiting: bool,
    /// The last event, in seconds since 1970.
    last: i64,
    clocks: Vec<Clock>,
}

/// Why a clock was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PauseReason {
    /// Information was awaited from the customer.
    Waiting,
    /// The case was with another tier.
    OtherTier,
    /// The case was closed.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    from: i64,
    to: Option<i64>,
    why: PauseReason,
}

/// How a clock ended; frozen, whatever the policy says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    at: i64,
    due: Option<i64>,
    remaining: i64,
    missed: bool,
}

/// One clock. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Clock {
    kind: ClockKind,
    tier: Tier,
    target: Target,
    calendar: String,
    /// The version of the policy that gave the target.
    policy: String,
    started: i64,
    effective: i64,
    budget: i64,
    nominal: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pauses: Vec<Held>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<End>,
}

impl Ledger {
    /// The clocks that start when a case is registered: response and 1st-level resolution.
    #[must_use]
    pub fn opened(
        at: DateTime<Utc>,
        severity: Severity,
        partner: &PartnerId,
        policy: &Policy,
    ) -> Self {
        let at = at.timestamp();
        let mut ledger = Self {
            severity,
            partner: partner.clone(),
            tier: Tier::First,
            waiting: false,
            last: at,
            clocks: Vec::with_capacity(2),
        };
        ledger.start(at, ClockKind::Response, policy);
        ledger.start(at, ClockKind::Resolution, policy);
        ledger
    }

    /// What a change of the case does to its clocks. Called for every change, in order.
    pub fn apply(&mut self, at: DateTime<Utc>, change: &Change, policy: &Policy) {
        let at = at.timestamp().max(self.last);
        self.last = at;
        match change {
            Change::Responded => self.end_all(at, policy, |c| c.kind == ClockKind::Response),
            Change::InfoRequested => {
                if policy.rules().waiting_pauses && !self.waiting {
                    self.waiting = true;
                    for clock in self.live_resolution() {
                        clock.hold(at, PauseReason::Waiting);
                    }
                }
            }
            Change::InfoReceived => {
                self.waiting = false;
                for clock in self.live_resolution() {
                    clock.release(at);
                }
            }
            Change::SeveritySet(severity) => {
                if self.severity != *severity {
                    self.severity = *severity;
                    for clock in self.clocks.iter_mut().filter(|c| c.end.is_none()) {
                        let own = policy.under(&clock.policy);
                        clock.retarget(*severity, own);
                    }
                }
            }
            Change::Escalated(tier) | Change::HandedBack(tier) => {
                if self.tier != *tier {
                    self.end_all(at, policy, |c| c.kind == ClockKind::Resolution);
                    self.tier = *tier;
                    let again = match change {
                        Change::HandedBack(_) => policy.rules().handed_back,
                        _ => policy.rules().escalated_again,
                    };
                    match again {
                        Again::Resume => self.resume(at, Some(PauseReason::OtherTier), policy),
                        Again::Restart => self.start(at, ClockKind::Resolution, policy),
                    }
                }
            }
            Change::Closed => {
                self.end_all(at, policy, |_| true);
                self.waiting = false;
            }
            Change::Reopened => match policy.rules().reopened {
                Reopened::Pause => self.resume(at, Some(PauseReason::Closed), policy),
                Reopened::Count => self.resume(at, None, policy),
                Reopened::Restart => {
                    if self.live_resolution().next().is_none() {
                        self.start(at, ClockKind::Resolution, policy);
                    }
                }
            },
            Change::Assigned(_)
            | Change::EligibilitySet(_)
            | Change::WorkaroundRecorded
            | Change::PhoneFollowUpSet(_)
            | Change::CorrectionLinked(_)
            | Change::CorrectionOpened(_) => {}
        }
    }

    /// Another policy is in force from now on. Clocks that run keep what they started under, unless the
    /// new policy says that it applies to them; ended ones always stay.
    pub fn policy_changed(&mut self, policy: &Policy) {
        if policy.rules().policy_change == PolicyChange::Apply {
            let (severity, partner) = (self.severity, self.partner.clone());
            for clock in self.clocks.iter_mut().filter(|c| c.end.is_none()) {
                clock.adopt(severity, &partner, policy);
            }
        }
    }

    /// The clocks as the case API reports them at an instant, in the order in which they started.
    #[must_use]
    pub fn summaries(&self, now: DateTime<Utc>, policy: &Policy) -> Vec<ClockSummary> {
        self.clocks.iter().map(|c| c.summary(now.timestamp(), policy)).collect()
    }

    fn live_resolution(&mut self) -> impl Iterator<Item = &mut Clock> {
        self.clocks.iter_mut().filter(|c| c.end.is_none() && c.kind == ClockKind::Resolution)
    }

    /// Starts a clock of the tier that holds the case, if the tier has such a target.
    fn start(&mut self, at: i64, kind: ClockKind, policy: &Policy) {
        let Some(target) = policy.target(self.severity, kind, self.tier) else { return };
        let calendar = policy.calendar_id(self.tier, &self.partner).to_owned();
        let course = course(policy, target, &calendar, at);
        let mut clock = Clock {
            kind,
            tier: self.tier,
            target,
            calendar,
            policy: policy.version().to_owned(),
            started: at,
            effective: course.effective,
            budget: course.budget,
            nominal: course.nominal,
            pauses: Vec::new(),
            end: None,
        };
        if self.waiting && kind == ClockKind::Resolution {
            clock.hold(at, PauseReason::Waiting);
        }
        self.clocks.push(clock);
    }

    /// Lets the resolution clock of the tier run again, or starts it if it never ran. The time since it
    /// ended counts as paused for the reason given, or counts in full.
    fn resume(&mut self, at: i64, why: Option<PauseReason>, policy: &Policy) {
        let (tier, severity, waiting) = (self.tier, self.severity, self.waiting);
        let last = self
            .clocks
            .iter_mut()
            .rev()
            .find(|c| c.kind == ClockKind::Resolution && c.tier == tier);
        let Some(clock) = last else {
            self.start(at, ClockKind::Resolution, policy);
            return;
        };
        let Some(end) = clock.end.take() else { return };
        if let Some(why) = why {
            clock.pauses.push(Held { from: end.at, to: Some(at), why });
        }
        if policy.rules().policy_change == PolicyChange::Apply && clock.policy != policy.version() {
            clock.adopt(severity, &self.partner, policy);
        }
        let own = policy.under(&clock.policy);
        if own.target(severity, clock.kind, tier) != Some(clock.target) {
            clock.retarget(severity, own);
        }
        if waiting {
            clock.hold(at, PauseReason::Waiting);
        }
    }

    fn end_all(&mut self, at: i64, policy: &Policy, which: impl Fn(&Clock) -> bool) {
        for clock in self.clocks.iter_mut().filter(|c| c.end.is_none() && which(c)) {
            clock.finish(at, policy);
        }
    }
}

/// How a target runs from an instant. Should the calendar not reach it (the policy checks that it does),
/// the target's own length stands in, around the clock.
fn course(policy: &Policy, target: Target, calendar: &str, start: i64) -> Course {
    let want = policy.want(target);
    policy
        .time(target, calendar)
        .begin(start, want)
        .or_else(|| Time::Elapsed.begin(start, want))
        .unwrap_or(Course { effective: start, budget: 0, nominal: None })
}

impl Clock {
    fn hold(&mut self, at: i64, why: PauseReason) {
        if !self.is_held() {
            self.pauses.push(Held { from: at, to: None, why });
        }
    }

    fn release(&mut self, at: i64) {
        if let Some(pause) = self.pauses.iter_mut().find(|p| p.to.is_none()) {
            pause.to = Some(at);
        }
    }

    fn is_held(&self) -> bool {
        self.pauses.iter().any(|p| p.to.is_none())
    }

    /// The target of a severity, from the original start, with the same pauses.
    fn retarget(&mut self, severity: Severity, policy: &Policy) {
        let Some(target) = policy.target(severity, self.kind, self.tier) else { return };
        let course = course(policy, target, &self.calendar, self.started);
        self.target = target;
        policy.version().clone_into(&mut self.policy);
        self.effective = course.effective;
        self.budget = course.budget;
        self.nominal = course.nominal;
    }

    /// Runs by another policy from its original start, on the calendar that this one gives the tier.
    fn adopt(&mut self, severity: Severity, partner: &PartnerId, policy: &Policy) {
        policy.calendar_id(self.tier, partner).clone_into(&mut self.calendar);
        self.retarget(severity, policy);
    }

    fn finish(&mut self, at: i64, policy: &Policy) {
        // Asked before the pause is closed: what holds the clock does not let it be missed.
        let missed = matches!(self.due(policy), Due::At(due) if at > due);
        self.release(at);
        let due = match self.due(policy) {
            Due::At(due) => Some(due),
            Due::Held | Due::Never => None,
        };
        self.end = Some(End { at, due, remaining: self.remaining(at, policy), missed });
    }

    fn course(&self) -> Course {
        Course { effective: self.effective, budget: self.budget, nominal: self.nominal }
    }

    fn joined(&self) -> Vec<Pause> {
        let mut pauses = self.pauses.iter().map(|p| Pause { from: p.from, to: p.to }).collect();
        join(&mut pauses);
        pauses
    }

    fn due(&self, policy: &Policy) -> Due {
        policy
            .under(&self.policy)
            .time(self.target, &self.calendar)
            .due(&self.course(), &self.joined())
    }

    fn remaining(&self, at: i64, policy: &Policy) -> i64 {
        let time = policy.under(&self.policy).time(self.target, &self.calendar);
        self.budget - time.used(&self.course(), &self.joined(), at)
    }

    fn summary(&self, now: i64, policy: &Policy) -> ClockSummary {
        let mut summary = ClockSummary {
            kind: self.kind,
            tier: self.tier,
            target: self.target,
            started_at: instant(self.started),
            due_at: None,
            state: ClockState::Running,
            paused_since: None,
            ended_at: None,
            remaining_s: None,
            calendar: self.calendar.clone(),
            budget_s: self.budget,
            policy: self.policy.clone(),
        };
        if let Some(end) = self.end {
            summary.state = if end.missed { ClockState::Missed } else { ClockState::Met };
            summary.due_at = end.due.map(instant);
            summary.ended_at = Some(instant(end.at));
            summary.remaining_s = Some(end.remaining);
        } else if let Some(pause) = self.pauses.iter().find(|p| p.to.is_none()) {
            summary.state = ClockState::Paused;
            summary.paused_since = Some(instant(pause.from));
            summary.remaining_s = Some(self.remaining(now.max(pause.from), policy));
        } else if let Due::At(due) = self.due(policy) {
            summary.due_at = Some(instant(due));
        }
        summary
    }
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
