//! Why a clock reads as it does: the row of the policy, the start, the calendar, every stretch of time that
//! counted and every one that did not, what a change of severity did, what stops it, how it ended. As data
//! ([`Explanation`]), and as text for people ([`Explanation::text`]).

mod lines;
mod text;
mod walk;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

pub use lines::{Style, TextLine};
pub use walk::{Skipped, Stretch};

use super::budget::{Due, Time};
use super::ledger::{Clock, Ledger, instant};
use super::policy::Policy;
use super::reading;
use crate::domain::{ClockEnd, ClockKind, ClockState, Severity, Target, Tier};

/// The account of one clock at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its place among the clocks of its case, from 1.
    pub clock: usize,
    pub kind: ClockKind,
    pub tier: Tier,
    /// The instant of the account.
    pub at: DateTime<Utc>,
    pub state: ClockState,
    /// Past its due instant, also where it is held or has ended.
    pub missed: bool,
    /// As the screens show it: "4bd 2h", "held, 1bd left".
    pub reads: String,
    pub target: Given,
    /// What gave it other targets before, oldest first.
    pub changes: Vec<TargetChange>,
    /// What it counts by; None: around the clock.
    pub calendar: Option<Hours>,
    /// The zone in which the text tells instants: that of the tier's calendar.
    pub zone: String,
    /// The id of that calendar.
    #[serde(skip)]
    pub told_by: String,
    pub start: Start,
    /// The whole target, in seconds of the clock's own time.
    pub budget_s: i64,
    /// When it would be due without any pause; None: not within 20 years.
    pub due_without_pauses: Option<DateTime<Utc>>,
    /// From its start until the instant of the account, or its end. What counted adds up to `used_s`.
    pub past: Vec<Stretch>,
    pub used_s: i64,
    /// Signed; frozen at the end of a clock that has ended.
    pub remaining_s: i64,
    /// None while it is held, and where it is not within 20 years.
    pub due_at: Option<DateTime<Utc>>,
    /// From the instant of the account until the due instant of a clock that runs.
    pub ahead: Vec<Stretch>,
    /// Dates with other hours than the week's, from the start until it is due.
    pub special_hours: Vec<SpecialHours>,
    /// What stops it, or would have.
    pub stopped_by: Vec<String>,
    /// What holds it for as long as it lasts.
    pub held_by: Option<String>,
    /// How it ended.
    pub end: Option<Ended>,
    /// The calendar is another one than when the clock ended: the stretches do not add up to what was used
    /// then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub calendar_changed: bool,
}

/// Where a target comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    pub target: Target,
    /// The row of the policy's matrix; None: not known any more.
    pub severity: Option<Severity>,
    /// The version of the policy that gave it.
    pub policy: String,
    /// What the policy in force would give instead, where that differs.
    pub in_force: Option<InForce>,
}

/// What the policy in force says of the same row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    pub policy: String,
    pub target: Option<Target>,
}

/// One target gave way to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetChange {
    /// None: with a change of the policy.
    pub at: Option<DateTime<Utc>>,
    pub from: Target,
    pub to: Target,
    pub from_severity: Option<Severity>,
    pub to_severity: Option<Severity>,
    pub from_policy: String,
    pub to_policy: String,
}

/// A calendar, as far as an explanation needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hours {
    pub id: String,
    pub name: String,
    pub zone: String,
    /// "Mon-Thu 08:00-17:00"
    pub weekly: Vec<String>,
}

/// What started a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StartEvent {
    Reported,
    Escalated,
    /// The tier had had the case before, and by the policy its clock starts anew.
    Again,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Start {
    pub event: StartEvent,
    pub at: DateTime<Utc>,
    /// The first instant that counts.
    pub effective_at: DateTime<Utc>,
    /// What lay between, if it was closed at the start.
    pub closed: Option<Skipped>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SpecialHours {
    pub date: NaiveDate,
    pub hours: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    pub at: DateTime<Utc>,
    /// None: not known any more.
    pub by: Option<ClockEnd>,
    /// Signed.
    pub remaining_s: i64,
}

/// The account of a case's clock at an instant; `clock` counts from 0, in the order of the summaries. None if
/// there is no such clock.
#[must_use]
pub fn explain(
    ledger: &Ledger,
    clock: usize,
    policy: &Policy,
    now: DateTime<Utc>,
) -> Option<Explanation> {
    let kept = ledger.clocks().get(clock)?;
    let at = now.timestamp();
    // What it runs by, which may be an earlier version than the one in force.
    let own = policy.under(&kept.policy);
    let time = own.time(kept.target, &kept.calendar);
    let summary = kept.summary(at, policy);
    let read = reading::read(&summary, policy, now);
    let until = kept.end.map_or(at, |end| end.at).max(kept.started);
    let used_s = time.used(&kept.course(), &kept.joined(), until).max(0);
    let remaining_s = kept.end.map_or(kept.budget - used_s, |end| end.remaining);
    let due_at = summary.due_at;
    let ahead = match (summary.state, kept.due(policy)) {
        (ClockState::Running, Due::At(due)) if due > until => walk::walk(time, &[], until, due),
        _ => Vec::new(),
    };
    let calendar = own.calendar(&kept.calendar);
    let hours = match time {
        Time::Elapsed => None,
        Time::Open(calendar) => Some(Hours {
            id: kept.calendar.clone(),
            name: calendar.document().name.clone().unwrap_or_else(|| kept.calendar.clone()),
            zone: calendar.document().tz.clone(),
            weekly: calendar.weekly_hours(),
        }),
    };
    let closed = match time {
        Time::Open(calendar) if kept.effective > kept.started => {
            Some(Skipped::of(calendar, kept.started, kept.effective))
        }
        _ => None,
    };
    let special_hours = match time {
        Time::Open(calendar) => {
            let last = due_at.unwrap_or_else(|| instant(until)).max(instant(until));
            let days = calendar.special_hours(instant(kept.effective), last).into_iter();
            days.map(|(date, hours)| SpecialHours { date, hours }).collect()
        }
        Time::Elapsed => Vec::new(),
    };
    Some(Explanation {
        clock: clock + 1,
        kind: kept.kind,
        tier: kept.tier,
        at: instant(at),
        state: summary.state,
        missed: read.missed,
        reads: read.text,
        target: given(kept, policy),
        changes: changes(kept),
        calendar: hours,
        zone: calendar.map_or_else(|| "UTC".to_owned(), |c| c.document().tz.clone()),
        told_by: kept.calendar.clone(),
        start: Start {
            event: start_event(ledger.clocks(), clock),
            at: instant(kept.started),
            effective_at: instant(kept.effective),
            closed,
        },
        budget_s: kept.budget,
        due_without_pauses: kept.nominal.map(instant),
        past: walk::walk(time, &kept.pauses, kept.started, until),
        used_s,
        remaining_s,
        due_at,
        ahead,
        special_hours,
        stopped_by: stopped_by(kept),
        held_by: (kept.kind == ClockKind::Resolution && policy.rules().waiting_pauses)
            .then(|| "waiting for information from the customer".to_owned()),
        end: kept.end.map(|end| Ended {
            at: instant(end.at),
            by: end.by,
            remaining_s: end.remaining,
        }),
        calendar_changed: kept.end.is_some() && kept.budget - used_s != remaining_s,
    })
}

fn given(clock: &Clock, policy: &Policy) -> Given {
    let in_force = clock.severity.and_then(|severity| {
        let target = policy.target(severity, clock.kind, clock.tier);
        (clock.end.is_none() && target != Some(clock.target))
            .then(|| InForce { policy: policy.version().to_owned(), target })
    });
    Given { target: clock.target, severity: clock.severity, policy: clock.policy.clone(), in_force }
}

/// Each earlier target with the one that came after it.
fn changes(clock: &Clock) -> Vec<TargetChange> {
    let after = clock
        .earlier
        .iter()
        .skip(1)
        .map(|next| (next.target, next.severity, next.policy.as_str()))
        .chain([(clock.target, clock.severity, clock.policy.as_str())]);
    let pairs = clock.earlier.iter().zip(after);
    pairs
        .map(|(before, (to, to_severity, to_policy))| TargetChange {
            at: before.until.map(instant),
            from: before.target,
            to,
            from_severity: before.severity,
            to_severity,
            from_policy: before.policy.clone(),
            to_policy: to_policy.to_owned(),
        })
        .collect()
}

fn start_event(clocks: &[Clock], n: usize) -> StartEvent {
    let clock = &clocks[n];
    if clocks[..n].iter().any(|c| c.kind == clock.kind && c.tier == clock.tier) {
        return StartEvent::Again;
    }
    match clock.tier {
        Tier::First => StartEvent::Reported,
        Tier::Second | Tier::Product => StartEvent::Escalated,
    }
}

fn stopped_by(clock: &Clock) -> Vec<String> {
    let said: &[&str] = match (clock.kind, clock.tier) {
        (ClockKind::Response, _) => &[
            "the first word to the customer (a response, a reply, a request for information)",
            "closing the case",
        ],
        (ClockKind::Resolution, Tier::First) => &["escalating the case to 2nd level", "closing it"],
        (ClockKind::Resolution, Tier::Second | Tier::Product) => &[
            "assigning the case to Product Management",
            "handing it back to 1st level",
            "closing it",
        ],
    };
    said.iter().map(|&what| what.to_owned()).collect()
}

#[cfg(test)]
mod tests;
