//! How near a clock is to its limits, without words: cheap enough to be asked of every case at each key press.
//! Each answer says until when it holds at least.

use chrono::{DateTime, TimeDelta, Utc};

use super::{DAY_S, Face, Reader};
use crate::domain::{ClockState, ClockSummary};
use crate::sla::policy::Policy;

/// An answer, and the next instant at which it must be asked again; None: it holds for good.
pub type Until<T> = (T, Option<DateTime<Utc>>);

/// An amount of time as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Seconds of the clock's own time, as its row counts them: open hours of its calendar, or elapsed ones.
    Own(i64),
    /// Seconds of the clock on the wall.
    Wall(i64),
    /// Business days of the clock's calendar.
    BusinessDays(u32),
}

/// The stage that a clock has reached, as its row shows it; a calendar that is closed now counts as on track.
#[must_use]
pub fn stage(clock: &ClockSummary, policy: &Policy, now: DateTime<Utc>) -> Until<Face> {
    match (clock.state, clock.due_at) {
        (ClockState::Running, Some(due)) => {
            let (due, now) = (due.timestamp(), now.timestamp());
            if now > due {
                return (Face::Missed, None);
            }
            let reader = Reader::new(clock, policy);
            let stage = |at: i64| match reader.remaining(due, at) {
                _ if at > due => Face::Missed,
                left if left <= reader.critical => Face::Critical,
                left if left <= reader.warning => Face::Warning,
                _ => Face::OnTrack,
            };
            let left = reader.remaining(due, now);
            let limits = [reader.warning, reader.critical, 0];
            let next = limits.into_iter().find(|limit| left > *limit).unwrap_or(0);
            let (stage, at) = changes(now, left - next, due, stage);
            (stage, at)
        }
        (ClockState::Running, None) => (Face::NoTarget, None),
        (ClockState::Paused, _) => (Face::Paused, None),
        (ClockState::Met, _) => (Face::Met, None),
        (ClockState::Missed, _) => (Face::MissedDone, None),
    }
}

/// How what a running clock has left compares with an amount; what is past due has less than nothing. None: it
/// does not run, or has no target.
#[must_use]
pub fn left(
    clock: &ClockSummary,
    policy: &Policy,
    now: DateTime<Utc>,
    amount: Amount,
) -> Option<Until<std::cmp::Ordering>> {
    let due = clock.due_at.filter(|_| clock.state == ClockState::Running)?.timestamp();
    let now = now.timestamp();
    let at_least;
    let answer = match amount {
        Amount::Wall(seconds) => {
            at_least = due - now - seconds;
            changes(now, at_least, due - seconds.min(0), |at| (due - at).cmp(&seconds))
        }
        Amount::Own(seconds) => {
            let reader = Reader::new(clock, policy);
            at_least = reader.remaining(due, now) - seconds;
            let end = due - seconds.min(0);
            changes(now, at_least, end, |at| reader.remaining(due, at).cmp(&seconds))
        }
        Amount::BusinessDays(days) => {
            let calendar = policy.under(&clock.policy).calendar(&clock.calendar)?;
            changes(now, 0, due, |at| {
                let then =
                    calendar.open_from(at).and_then(|at| calendar.days_later(at, days, false));
                then.map_or(std::cmp::Ordering::Less, |then| due.cmp(&then))
            })
        }
    };
    Some(answer)
}

/// How the time since an instant compares with an amount; business days are counted on that calendar.
#[must_use]
pub fn since(
    from: DateTime<Utc>,
    policy: &Policy,
    calendar: &str,
    now: DateTime<Utc>,
    amount: Amount,
) -> Until<std::cmp::Ordering> {
    let end = match amount {
        Amount::Own(seconds) | Amount::Wall(seconds) => from.timestamp() + seconds,
        Amount::BusinessDays(days) => {
            let days_later = |calendar: &crate::sla::calendar::Calendar| {
                calendar.days_later(calendar.open_from(from.timestamp())?, days, false)
            };
            policy
                .calendar(calendar)
                .and_then(days_later)
                .unwrap_or(from.timestamp() + i64::from(days) * DAY_S)
        }
    };
    let order = now.timestamp().cmp(&end);
    let next = match order {
        std::cmp::Ordering::Less => Some(end),
        std::cmp::Ordering::Equal => Some(end + 1),
        std::cmp::Ordering::Greater => None,
    };
    (order, next.and_then(|at| DateTime::from_timestamp(at, 0)))
}

/// What a question answers now, and when it answers otherwise, or may: it is asked about one day ahead at most,
/// where not even time that never stops would bring another answer sooner (`at_least`, seconds). After `end`
/// nothing changes any more. Between two changes answers go one way only.
fn changes<T: PartialEq>(now: i64, at_least: i64, end: i64, answer: impl Fn(i64) -> T) -> Until<T> {
    let current = answer(now);
    if now > end {
        return (current, None);
    }
    let mut after = (now + at_least.max(DAY_S)).min(end + 1);
    let mut before = now;
    if at_least < DAY_S && answer(after) != current {
        while before + 1 < after {
            let middle = before + (after - before) / 2;
            if answer(middle) == current {
                before = middle;
            } else {
                after = middle;
            }
        }
    }
    (current, DateTime::from_timestamp(now, 0).map(|at| at + TimeDelta::seconds(after - now)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use crate::domain::{ClockKind, Tier};
    use crate::sla::reading::read;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn clock(target: &str, calendar: &str, start: &str, due: &str, budget_s: i64) -> ClockSummary {
        ClockSummary {
            kind: ClockKind::Resolution,
            tier: Tier::First,
            target: target.parse().unwrap(),
            started_at: at(start),
            due_at: Some(at(due)),
            state: ClockState::Running,
            paused_since: None,
            ended_at: None,
            remaining_s: None,
            calendar: calendar.to_owned(),
            budget_s,
            policy: String::new(),
        }
    }

    fn clocks() -> Vec<ClockSummary> {
        let days =
            |start, due, n: i64| clock(&format!("{n}bd"), "vendor", start, due, n * 8 * 3600);
        vec![
            clock("2h", "vendor", "2026-11-24T08:00:00Z", "2026-11-24T10:00:00Z", 7200),
            clock("30h", "vendor", "2026-11-24T08:00:00Z", "2026-11-25T14:00:00Z", 30 * 3600),
            days("2026-11-24T09:00:00Z", "2026-11-25T09:00:00Z", 1),
            days("2026-11-20T09:00:00Z", "2026-12-01T09:00:00Z", 7),
        ]
    }

    /// From the first look on, each at the instant that the one before named, nothing is overlooked.
    fn look<T: PartialEq + std::fmt::Debug>(ask: impl Fn(DateTime<Utc>) -> Until<T>) -> usize {
        let end = at("2026-12-02T00:00:00Z");
        let (mut now, mut looks) = (at("2026-11-24T08:00:00Z"), 0);
        let (mut known, mut until) = ask(now);
        while now < end {
            now += TimeDelta::seconds(97);
            while let Some(at) = until.filter(|until| *until <= now) {
                let next = ask(at);
                assert!(next.1.is_none_or(|next| next > at));
                (known, until) = next;
                looks += 1;
            }
            assert_eq!(ask(now).0, known, "at {now}, known until {until:?}");
        }
        looks
    }

    #[test]
    fn a_stage_is_the_face_of_the_row_and_holds_until_the_instant_that_it_names() {
        let policy = Policy::embedded();
        for clock in clocks() {
            let looks = look(|now| stage(&clock, &policy, now));
            assert!(looks < 16, "{looks} looks at {clock:?}");
            look(|now| {
                let face = read(&clock, &policy, now).face;
                let (stage, until) = stage(&clock, &policy, now);
                assert_eq!(if face == Face::Outside { Face::OnTrack } else { face }, stage);
                (stage, until)
            });
        }
    }

    #[test]
    fn what_is_left_is_compared_in_the_clocks_own_time_in_wall_time_and_in_business_days() {
        let policy = Policy::embedded();
        for clock in clocks() {
            for amount in [
                Amount::Own(3600),
                Amount::Own(10 * 3600),
                Amount::Own(0),
                Amount::Wall(DAY_S),
                Amount::Wall(900),
                Amount::BusinessDays(1),
                Amount::BusinessDays(2),
            ] {
                let looks = look(|now| left(&clock, &policy, now, amount).unwrap());
                assert!(looks < 24, "{looks} looks at {clock:?} for {amount:?}");
            }
        }
        let clock = clock("1bd", "vendor", "2026-11-20T14:00:00Z", "2026-11-23T14:00:00Z", 28800);
        let friday = at("2026-11-20T15:00:00Z");
        let order = |amount| left(&clock, &policy, friday, amount).unwrap().0;
        assert_eq!(order(Amount::Own(9 * 3600)), Ordering::Less);
        assert_eq!(order(Amount::Wall(2 * DAY_S)), Ordering::Greater);
        assert_eq!(order(Amount::BusinessDays(1)), Ordering::Less);
        assert_eq!(order(Amount::BusinessDays(0)), Ordering::Greater);
    }

    #[test]
    fn an_age_is_counted_from_its_instant() {
        let policy = Policy::embedded();
        let from = at("2026-11-20T14:00:00Z");
        let age = |now, amount| since(from, &policy, "vendor", at(now), amount).0;
        assert_eq!(age("2026-11-21T13:59:59Z", Amount::Wall(DAY_S)), Ordering::Less);
        assert_eq!(age("2026-11-21T14:00:01Z", Amount::Wall(DAY_S)), Ordering::Greater);
        assert_eq!(age("2026-11-22T14:00:00Z", Amount::BusinessDays(1)), Ordering::Less);
        assert_eq!(age("2026-11-23T15:00:00Z", Amount::BusinessDays(1)), Ordering::Greater);
        assert!(look(|now| since(from, &policy, "vendor", now, Amount::BusinessDays(3))) <= 2);
    }
}
