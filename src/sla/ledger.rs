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
pub use crate::domain::PauseReason;
use crate::domain::rules::Change;
use crate::domain::{
    Case, CaseLedger, ClockEnd, ClockHistory, ClockKind, ClockPause, ClockState, ClockSummary,
    EarlierTarget, PartnerId, Severity, Target, Tier,
};

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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub from: i64,
    pub to: Option<i64>,
    pub why: PauseReason,
}

/// How a clock ended; frozen, whatever the policy says later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub at: i64,
    pub due: Option<i64>,
    pub remaining: i64,
    pub missed: bool,
    /// What ended it; ledgers of before this was kept do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ClockEnd>,
}

/// A target that a clock had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Earlier {
    /// None: until a change of the policy.
    pub until: Option<i64>,
    pub severity: Option<Severity>,
    pub target: Target,
    pub policy: String,
}

/// One clock. Instants are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Clock {
    pub kind: ClockKind,
    pub tier: Tier,
    pub target: Target,
    pub calendar: String,
    /// The version of the policy that gave the target.
    pub policy: String,
    /// The severity that gave the target; ledgers of before this was kept do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    pub started: i64,
    pub effective: i64,
    pub budget: i64,
    pub nominal: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Held>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
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
            Change::Responded => {
                self.end_all(at, ClockEnd::Responded, policy, |c| c.kind == ClockKind::Response);
            }
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
                        clock.retarget(Some(at), *severity, own);
                    }
                }
            }
            Change::Escalated(tier) | Change::HandedBack(tier) => {
                if self.tier != *tier {
                    let (by, again) = match change {
                        Change::HandedBack(_) => (ClockEnd::HandedBack, policy.rules().handed_back),
                        _ => (ClockEnd::Escalated, policy.rules().escalated_again),
                    };
                    self.end_all(at, by, policy, |c| c.kind == ClockKind::Resolution);
                    self.tier = *tier;
                    match again {
                        Again::Resume => self.resume(at, Some(PauseReason::OtherTier), policy),
                        Again::Restart => self.start(at, ClockKind::Resolution, policy),
                    }
                }
            }
            Change::Closed => {
                self.end_all(at, ClockEnd::Closed, policy, |_| true);
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
                clock.adopt(None, severity, &partner, policy);
            }
        }
    }

    /// What the clocks went through, as the case API tells it beside their summaries.
    #[must_use]
    pub fn record(&self) -> CaseLedger {
        CaseLedger {
            as_of: instant(self.last),
            waiting: self.waiting,
            clocks: self.clocks.iter().map(Clock::history).collect(),
        }
    }

    /// The ledger of a case as the case API tells it. None where the record does not fit the summaries.
    #[must_use]
    pub fn restored(case: &Case, record: &CaseLedger) -> Option<Self> {
        if case.clocks.len() != record.clocks.len() {
            return None;
        }
        let clocks = case.clocks.iter().zip(&record.clocks);
        Some(Self {
            severity: case.severity,
            partner: case.partner.id.clone(),
            tier: case.tier,
            waiting: record.waiting,
            last: record.as_of.timestamp(),
            clocks: clocks.map(|(now, past)| Clock::restored(now, past)).collect::<Option<_>>()?,
        })
    }

    /// The clocks as the case API reports them at an instant, in the order in which they started.
    #[must_use]
    pub fn summaries(&self, now: DateTime<Utc>, policy: &Policy) -> Vec<ClockSummary> {
        self.clocks.iter().map(|c| c.summary(now.timestamp(), policy)).collect()
    }

    /// The clocks, for the explanation of one.
    pub(super) fn clocks(&self) -> &[Clock] {
        &self.clocks
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
            severity: Some(self.severity),
            started: at,
            effective: course.effective,
            budget: course.budget,
            nominal: course.nominal,
            pauses: Vec::new(),
            earlier: Vec::new(),
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
            clock.adopt(Some(at), severity, &self.partner, policy);
        }
        let own = policy.under(&clock.policy);
        if own.target(severity, clock.kind, tier) != Some(clock.target) {
            clock.retarget(Some(at), severity, own);
        } else if clock.severity.is_some() {
            clock.severity = Some(severity);
        }
        if waiting {
            clock.hold(at, PauseReason::Waiting);
        }
    }

    fn end_all(&mut self, at: i64, by: ClockEnd, policy: &Policy, which: impl Fn(&Clock) -> bool) {
        for clock in self.clocks.iter_mut().filter(|c| c.end.is_none() && which(c)) {
            clock.finish(at, by, policy);
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

    /// The target of a severity, from the original start, with the same pauses. `at`: when the severity
    /// changed; None where it is the policy that did.
    fn retarget(&mut self, at: Option<i64>, severity: Severity, policy: &Policy) {
        let Some(target) = policy.target(severity, self.kind, self.tier) else { return };
        let course = course(policy, target, &self.calendar, self.started);
        let same_row = self.severity.is_none_or(|known| known == severity);
        if !(same_row && self.target == target && self.policy == policy.version()) {
            self.earlier.push(Earlier {
                until: at,
                severity: self.severity,
                target: self.target,
                policy: std::mem::take(&mut self.policy),
            });
        }
        self.severity = Some(severity);
        self.target = target;
        policy.version().clone_into(&mut self.policy);
        self.effective = course.effective;
        self.budget = course.budget;
        self.nominal = course.nominal;
    }

    /// Runs by another policy from its original start, on the calendar that this one gives the tier.
    fn adopt(&mut self, at: Option<i64>, severity: Severity, partner: &PartnerId, policy: &Policy) {
        policy.calendar_id(self.tier, partner).clone_into(&mut self.calendar);
        self.retarget(at, severity, policy);
    }

    fn finish(&mut self, at: i64, by: ClockEnd, policy: &Policy) {
        // Asked before the pause is closed: what holds the clock does not let it be missed.
        let missed = matches!(self.due(policy), Due::At(due) if at > due);
        self.release(at);
        let due = match self.due(policy) {
            Due::At(due) => Some(due),
            Due::Held | Due::Never => None,
        };
        let remaining = self.remaining(at, policy);
        self.end = Some(End { at, due, remaining, missed, by: Some(by) });
    }

    fn history(&self) -> ClockHistory {
        let pause =
            |p: &Held| ClockPause { from: instant(p.from), to: p.to.map(instant), reason: p.why };
        let earlier = |e: &Earlier| EarlierTarget {
            until: e.until.map(instant),
            severity: e.severity,
            target: e.target,
            policy: e.policy.clone(),
        };
        ClockHistory {
            effective_at: instant(self.effective),
            nominal_due_at: self.nominal.map(instant),
            severity: self.severity,
            pauses: self.pauses.iter().map(pause).collect(),
            earlier: self.earlier.iter().map(earlier).collect(),
            ended_by: self.end.and_then(|end| end.by),
        }
    }

    fn restored(now: &ClockSummary, past: &ClockHistory) -> Option<Self> {
        let seconds = |at: DateTime<Utc>| at.timestamp();
        let end = match now.state {
            ClockState::Running | ClockState::Paused => None,
            ClockState::Met | ClockState::Missed => Some(End {
                at: now.ended_at?.timestamp(),
                due: now.due_at.map(seconds),
                remaining: now.remaining_s?,
                missed: now.state == ClockState::Missed,
                by: past.ended_by,
            }),
        };
        Some(Self {
            kind: now.kind,
            tier: now.tier,
            target: now.target,
            calendar: now.calendar.clone(),
            policy: now.policy.clone(),
            severity: past.severity,
            started: now.started_at.timestamp(),
            effective: past.effective_at.timestamp(),
            budget: now.budget_s,
            nominal: past.nominal_due_at.map(seconds),
            pauses: past
                .pauses
                .iter()
                .map(|p| Held { from: seconds(p.from), to: p.to.map(seconds), why: p.reason })
                .collect(),
            earlier: past
                .earlier
                .iter()
                .map(|e| Earlier {
                    until: e.until.map(seconds),
                    severity: e.severity,
                    target: e.target,
                    policy: e.policy.clone(),
                })
                .collect(),
            end,
        })
    }

    pub fn course(&self) -> Course {
        Course { effective: self.effective, budget: self.budget, nominal: self.nominal }
    }

    pub fn joined(&self) -> Vec<Pause> {
        let mut pauses = self.pauses.iter().map(|p| Pause { from: p.from, to: p.to }).collect();
        join(&mut pauses);
        pauses
    }

    pub fn due(&self, policy: &Policy) -> Due {
        policy
            .under(&self.policy)
            .time(self.target, &self.calendar)
            .due(&self.course(), &self.joined())
    }

    pub fn remaining(&self, at: i64, policy: &Policy) -> i64 {
        let time = policy.under(&self.policy).time(self.target, &self.calendar);
        self.budget - time.used(&self.course(), &self.joined(), at)
    }

    pub fn summary(&self, now: i64, policy: &Policy) -> ClockSummary {
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

pub(super) fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
