//! How clocks read at an instant: the nine states, the words for what is left, the order of the queue.
//! Works from what the case API reports, so that every screen, list and script says the same.
//!
//! Everything here is in whole seconds: a clock is missed from the first whole second after its due
//! instant. What a running clock is past due is counted from the due instant on, since its pauses are
//! not on the wire.

pub mod limits;

use chrono::{DateTime, Utc};

use super::budget::Time;
use super::calendar::{Calendar, DAY_S};
use super::policy::Policy;
use crate::domain::{Case, CaseId, ClockState, ClockSummary, Severity, Target};

/// The nine states in which a clock is shown (`screens.md`, "Clocks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    OnTrack,
    /// At most a quarter of the target or 60 minutes left.
    Warning,
    /// At most a tenth of the target or 15 minutes left.
    Critical,
    /// Past due and still running.
    Missed,
    Paused,
    /// Running, and the calendar is closed now.
    Outside,
    Met,
    /// Ended past its due instant.
    MissedDone,
    NoTarget,
}

/// One clock at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub face: Face,
    /// Past its due instant, whatever the face (a missed clock that is held stays missed).
    pub missed: bool,
    /// Signed seconds left, in the clock's own time (open or elapsed); None without a target.
    pub remaining_s: Option<i64>,
    /// Two units at most, no sign or state word: "2bd 4h", "9m 12s", "+3h 10m".
    pub left: String,
    /// The whole text of the table in `screens.md`: "held, 1bd left", "met in 1h 20m".
    pub text: String,
    /// The next instant at which the face or a text reads differently; None: never by itself.
    pub next_change: Option<DateTime<Utc>>,
}

/// An opening further away than this is told with its date.
const NAMED_BY_WEEKDAY_S: i64 = 6 * DAY_S;

/// How a clock reads.
#[must_use]
pub fn read(clock: &ClockSummary, policy: &Policy, now: DateTime<Utc>) -> Reading {
    Reader::new(clock, policy).read(now.timestamp())
}

/// The due instant for people, in the zone of the clock's calendar: "Fri 14 Nov 17:00 CET".
#[must_use]
pub fn due_text(clock: &ClockSummary, policy: &Policy) -> Option<String> {
    let due = clock.due_at?;
    Some(match policy.under(&clock.policy).calendar(&clock.calendar) {
        Some(calendar) => {
            format!("{} {}", calendar.date_and_time(due), calendar.abbreviation(due))
        }
        None => due.format("%a %-d %b %H:%M UTC").to_string(),
    })
}

/// The time on the wall to or since the due instant of a clock that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    /// "in 3d 4h", "2h 10m ago"
    pub text: String,
    /// The next instant at which the text is another.
    pub next_change: DateTime<Utc>,
}

/// The wall-clock time to or since due, beside the business time that is left. None where there is no due
/// instant ahead of the end, and for an elapsed target, whose time left is the wall clock's already.
#[must_use]
pub fn wall(clock: &ClockSummary, now: DateTime<Utc>) -> Option<Wall> {
    let due = clock.due_at.filter(|_| clock.state == ClockState::Running)?.timestamp();
    if matches!(clock.target, Target::Elapsed(_)) {
        return None;
    }
    let now = now.timestamp();
    let distance = (due - now).abs();
    let unit = match distance {
        s if s >= 2 * DAY_S => 3600,
        600.. => 60,
        _ => 1,
    };
    let text = elapsed_text(distance);
    let (text, next) = if now <= due {
        (format!("in {text}"), now + distance % unit + 1)
    } else {
        (format!("{text} ago"), now + unit - distance % unit)
    };
    Some(Wall { text, next_change: DateTime::from_timestamp(next, 0)? })
}

/// The clock by which a case stands in the queue: the one that makes it most urgent. None when none of
/// its clocks still counts.
#[must_use]
pub fn leading(case: &Case, now: DateTime<Utc>) -> Option<&ClockSummary> {
    leading_index(case, now).map(|index| &case.clocks[index])
}

/// The place of that clock among the case's, from 0.
#[must_use]
pub fn leading_index(case: &Case, now: DateTime<Utc>) -> Option<usize> {
    let counts = |c: &ClockSummary| matches!(c.state, ClockState::Running | ClockState::Paused);
    let live = case.clocks.iter().enumerate().filter(|(_, clock)| counts(clock));
    live.min_by_key(|(_, clock)| standing(clock, now)).map(|(index, _)| index)
}

/// The place of a case in the queue ("next breach"): missed and still running first (by severity, then
/// longest over), then the nearest due over all running clocks, then paused, then none; ties by severity,
/// then id. Smaller is more urgent. It changes with time only when a due instant passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    standing: Standing,
    first: i64,
    second: i64,
    number: u64,
    id: CaseId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Missed,
    Running,
    Paused,
    None,
}

/// `ahead_s`: by how much `now` and the case's instants are ahead of the clock that the order goes by, so that
/// cases of several desks stand in one.
#[must_use]
pub fn urgency(case: &Case, now: DateTime<Utc>, ahead_s: i64) -> Urgency {
    let (standing, due) =
        case.live_clocks().map(|clock| standing(clock, now)).min().unwrap_or((Standing::None, 0));
    let due = match standing {
        Standing::Missed | Standing::Running => due.saturating_sub(ahead_s),
        Standing::Paused | Standing::None => due,
    };
    let severity = match case.severity {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
    };
    let (first, second) =
        if standing == Standing::Missed { (severity, due) } else { (due, severity) };
    Urgency { standing, first, second, number: case.id.sort_key().0, id: case.id.clone() }
}

/// How urgent a live clock is: its class, and within it the earlier due instant.
fn standing(clock: &ClockSummary, now: DateTime<Utc>) -> (Standing, i64) {
    match (clock.state, clock.due_at.map(|due| due.timestamp())) {
        (ClockState::Running, Some(due)) if now.timestamp() > due => (Standing::Missed, due),
        (ClockState::Running, Some(due)) => (Standing::Running, due),
        (ClockState::Running, None) => (Standing::Running, i64::MAX),
        (ClockState::Paused, _) => (Standing::Paused, 0),
        (ClockState::Met | ClockState::Missed, _) => (Standing::None, 0),
    }
}

/// An elapsed time for people, two units at most: `3d 4h`, `3h 05m`, `52m`, `9m 12s`, `8s`.
#[must_use]
pub fn elapsed_text(seconds: i64) -> String {
    if seconds >= 2 * DAY_S {
        two(seconds / DAY_S, "d", seconds % DAY_S / 3600, "h", 1)
    } else {
        hours_text(seconds)
    }
}

/// Hours are the largest unit; seconds appear only under ten minutes.
pub(super) fn hours_text(seconds: i64) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        two(hours, "h", minutes, "m", 2)
    } else if minutes >= 10 {
        format!("{minutes}m")
    } else if minutes > 0 {
        two(minutes, "m", seconds % 60, "s", 2)
    } else {
        format!("{seconds}s")
    }
}

fn two(a: i64, unit: &str, b: i64, smaller: &str, digits: usize) -> String {
    if b == 0 { format!("{a}{unit}") } else { format!("{a}{unit} {b:0digits$}{smaller}") }
}

/// How an amount of a clock's own time is put into units.
#[derive(Clone, Copy)]
enum Measure<'a> {
    /// Days of 24 hours, hours, minutes.
    Elapsed,
    /// Open hours and minutes.
    OpenHours,
    /// Business days of the calendar, and what is left of one in open hours.
    BusinessDays(&'a Calendar),
}

impl Measure<'_> {
    /// Whole business days, and the seconds beyond them, of an amount that is counted from an instant:
    /// a day is what lies between an instant and the same time of day on the next day that opens.
    fn split(self, from: i64, seconds: i64) -> (i64, i64) {
        let Self::BusinessDays(calendar) = self else { return (0, seconds) };
        let days = || {
            let start = calendar.open_from(from)?;
            // What ends at a closing reaches as far as the next opening.
            let goal = calendar.open_from(calendar.after(start, seconds)?)?;
            let (first, last) = (calendar.business_day(start)?, calendar.business_day(goal)?);
            let most = u32::try_from(calendar.dates_between(first, last)).ok()?;
            (most.saturating_sub(1)..=most).rev().find_map(|days| {
                let reached = calendar.days_later(start, days, false)?;
                (reached <= goal).then(|| (i64::from(days), calendar.between(reached, goal)))
            })
        };
        if seconds <= 0 { (0, 0) } else { days().unwrap_or((0, seconds)) }
    }

    fn text(self, from: i64, seconds: i64) -> String {
        match self {
            Self::Elapsed => elapsed_text(seconds),
            Self::OpenHours => hours_text(seconds),
            Self::BusinessDays(_) => match self.split(from, seconds) {
                (0, rest) => hours_text(rest),
                (days, rest) => two(days, "bd", rest / 3600, "h", 1),
            },
        }
    }

    /// The unit in which the text of an amount counts, and how far into it the amount is.
    fn grain(self, from: i64, seconds: i64) -> (i64, i64) {
        let (days, rest) = self.split(from, seconds);
        let hours = days > 0 || matches!(self, Self::Elapsed) && seconds >= 2 * DAY_S;
        let unit = match rest {
            _ if hours => 3600,
            600.. => 60,
            _ => 1,
        };
        (unit, rest.rem_euclid(unit))
    }
}

/// A clock with what is needed to read it.
struct Reader<'a> {
    clock: &'a ClockSummary,
    calendar: Option<&'a Calendar>,
    time: Time<'a>,
    measure: Measure<'a>,
    budget: i64,
    warning: i64,
    critical: i64,
}

/// A reading without its next change.
#[derive(PartialEq, Eq)]
struct Words {
    face: Face,
    left: String,
    text: String,
}

impl<'a> Reader<'a> {
    fn new(clock: &'a ClockSummary, policy: &'a Policy) -> Self {
        let time = policy.under(&clock.policy).time(clock.target, &clock.calendar);
        let (calendar, measure) = match (time, clock.target) {
            (Time::Elapsed, _) => (None, Measure::Elapsed),
            (Time::Open(calendar), Target::BusinessDays(_)) => {
                (Some(calendar), Measure::BusinessDays(calendar))
            }
            (Time::Open(calendar), _) => (Some(calendar), Measure::OpenHours),
        };
        // A service that is not ours may leave the budget out.
        let budget = match clock.target {
            _ if clock.budget_s > 0 => clock.budget_s,
            Target::Elapsed(s) | Target::BusinessTime(s) => s,
            Target::BusinessDays(_) => 0,
        };
        let attention = policy.attention();
        Self {
            clock,
            calendar,
            time,
            measure,
            budget,
            warning: attention.warning.seconds(budget),
            critical: attention.critical.seconds(budget),
        }
    }

    fn read(&self, now: i64) -> Reading {
        let clock = self.clock;
        match (clock.state, clock.due_at.map(|due| due.timestamp())) {
            (ClockState::Running, Some(due)) => self.running(due, now),
            (ClockState::Running, None) => Reading {
                face: Face::NoTarget,
                missed: false,
                remaining_s: None,
                left: String::new(),
                text: String::new(),
                next_change: None,
            },
            (ClockState::Paused, _) => {
                let remaining = clock.remaining_s.unwrap_or(self.budget);
                let since = clock.paused_since.unwrap_or(clock.started_at).timestamp();
                let left = self.measure.text(since, remaining.abs());
                if remaining < 0 {
                    let text = format!("held, +{left} over");
                    still(Face::Paused, true, remaining, format!("+{left}"), text)
                } else {
                    let text = format!("held, {left} left");
                    still(Face::Paused, false, remaining, left, text)
                }
            }
            (ClockState::Met, _) => {
                let start = clock.started_at.timestamp();
                let end = clock.ended_at.unwrap_or(clock.started_at).timestamp();
                let remaining = clock
                    .remaining_s
                    .unwrap_or_else(|| self.budget - self.time.between(start, end));
                let used = self.measure.text(start, (self.budget - remaining).max(0));
                let left = self.measure.text(end, remaining.max(0));
                still(Face::Met, false, remaining, left, format!("met in {used}"))
            }
            (ClockState::Missed, due) => {
                let end = clock.ended_at.unwrap_or(clock.started_at).timestamp();
                let due = due.unwrap_or(end);
                let remaining = clock.remaining_s.unwrap_or_else(|| -self.time.between(due, end));
                let over = self.over(due, remaining.min(0).abs());
                still(
                    Face::MissedDone,
                    true,
                    remaining,
                    format!("+{over}"),
                    format!("missed by {over}"),
                )
            }
        }
    }

    fn running(&self, due: i64, now: i64) -> Reading {
        let words = self.words(due, now);
        Reading {
            missed: words.face == Face::Missed,
            remaining_s: Some(self.remaining(due, now)),
            next_change: self
                .change(due, now, &words)
                .and_then(|at| DateTime::from_timestamp(at, 0)),
            face: words.face,
            left: words.left,
            text: words.text,
        }
    }

    fn remaining(&self, due: i64, now: i64) -> i64 {
        self.time.between(now, due) - self.time.between(due, now)
    }

    fn words(&self, due: i64, now: i64) -> Words {
        let remaining = self.remaining(due, now);
        if now > due {
            let over = self.over(due, -remaining);
            let text = format!("+{over} over");
            return Words { face: Face::Missed, left: format!("+{over}"), text };
        }
        let left = self.measure.text(now, remaining);
        let shut = self.calendar.filter(|c| !c.open_at(now));
        let face = if remaining <= self.critical {
            Face::Critical
        } else if remaining <= self.warning {
            Face::Warning
        } else if shut.is_some() {
            Face::Outside
        } else {
            Face::OnTrack
        };
        // What is due at the next opening has no open time left until then: "0s" all night tells nobody
        // anything.
        let text = match shut.and_then(|calendar| Some((calendar, calendar.open_from(now)?))) {
            Some((calendar, opens)) if face == Face::Outside || (remaining == 0 && now < due) => {
                let at = DateTime::from_timestamp(opens, 0).unwrap_or_default();
                if opens - now > NAMED_BY_WEEKDAY_S {
                    format!("opens {}", calendar.date_and_time(at))
                } else {
                    format!("opens {}", calendar.weekday_and_time(at))
                }
            }
            _ => left.clone(),
        };
        Words { face, left, text }
    }

    /// What a clock is over. One that is due at a closing is over before any open time has passed.
    fn over(&self, due: i64, seconds: i64) -> String {
        if seconds == 0 { "0m".to_owned() } else { self.measure.text(due, seconds) }
    }

    /// The next instant at which the words are others.
    fn change(&self, due: i64, now: i64, words: &Words) -> Option<i64> {
        let (soon, latest) = self.horizon(due, now, words)?;
        let same = |at: i64| self.words(due, at) == *words;
        // Nearly always the unit that the words count in says it. But a business day may end earlier than
        // its units do, and time may pass without them (where the days ahead close earlier than today):
        // up to the horizon words go one way only, so the first others can be searched for.
        let (mut before, mut after) = (now, soon.min(latest));
        while same(after) {
            if after >= latest {
                return Some(latest);
            }
            before = after;
            after = latest.min(after + 2 * (after - now));
        }
        if before + 1 < after && same(after - 1) {
            before = after - 1;
        }
        while before + 1 < after {
            let middle = before + (after - before) / 2;
            if same(middle) {
                before = middle;
            } else {
                after = middle;
            }
        }
        Some(after)
    }

    /// When the words probably change, and when they must be looked at anew at the latest: at a
    /// threshold, at the due instant, at an opening or closing, where the zone's clocks are turned.
    fn horizon(&self, due: i64, now: i64, words: &Words) -> Option<(i64, i64)> {
        let turned = |at: i64| self.calendar.and_then(|c| c.turn_between(now, at)).unwrap_or(at);
        let remaining = self.remaining(due, now);
        if words.face == Face::Missed {
            let (unit, into) = self.measure.grain(due, -remaining);
            let soon = self.time.after(now, unit - into)?;
            return Some((soon, turned(soon.max(now + 7 * DAY_S))));
        }
        if words.face == Face::Outside {
            let opens = self.calendar?.open_from(now)?;
            let named = opens - NAMED_BY_WEEKDAY_S;
            let at = if named > now { named } else { opens };
            return Some((at, at));
        }
        let mut latest = due + 1;
        for threshold in [self.warning, self.critical] {
            if remaining > threshold {
                latest = latest.min(self.time.after(now, remaining - threshold)?);
            }
        }
        if let (Face::OnTrack, Some(calendar)) = (words.face, self.calendar) {
            latest = latest.min(calendar.change_after(now).unwrap_or(latest));
        }
        let (_, into) = self.measure.grain(now, remaining);
        let soon = self.time.after(now, into + 1).unwrap_or(latest);
        Some((soon, turned(latest)))
    }
}

fn still(face: Face, missed: bool, remaining: i64, left: String, text: String) -> Reading {
    Reading { face, missed, remaining_s: Some(remaining), left, text, next_change: None }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::rules::Change;
    use crate::domain::{
        CaseState, ClockKind, Customer, Eligibility, Environment, PartnerId, PartnerRef, Tier,
        Untrusted,
    };
    use crate::sla::ledger::Ledger;

    fn at(text: &str) -> DateTime<Utc> {
        format!("{text}Z").parse().unwrap()
    }

    /// A running clock on the vendor's calendar (Copenhagen, Mon-Fri 09:00-17:00), as a service would
    /// report it when nothing has paused it.
    fn clock(target: &str, start: &str) -> ClockSummary {
        started(target, "vendor", at(start))
    }

    fn started(target: &str, calendar: &str, start: DateTime<Utc>) -> ClockSummary {
        let policy = Policy::embedded();
        let target: Target = target.parse().unwrap();
        let course =
            policy.time(target, calendar).begin(start.timestamp(), policy.want(target)).unwrap();
        ClockSummary {
            kind: ClockKind::Resolution,
            tier: Tier::First,
            target,
            started_at: start,
            due_at: DateTime::from_timestamp(course.nominal.unwrap(), 0),
            state: ClockState::Running,
            paused_since: None,
            ended_at: None,
            remaining_s: None,
            calendar: calendar.into(),
            budget_s: course.budget,
            policy: "test".into(),
        }
    }

    fn reading(clock: &ClockSummary, now: &str) -> Reading {
        read(clock, &Policy::embedded(), at(now))
    }

    /// Face, text and next change, as one line.
    fn line(clock: &ClockSummary, now: &str) -> String {
        let r = reading(clock, now);
        let next = r.next_change.map_or("-".into(), |t| t.format("%a %H:%M:%S").to_string());
        format!("{:?} | {} | {} | {next}", r.face, r.left, r.text)
    }

    #[test]
    fn an_elapsed_clock_counts_around_the_clock() {
        // 13 January 2026 is a Tuesday; Copenhagen is an hour ahead.
        let c = clock("4h", "2026-01-13T15:00:00");
        for (now, expected) in [
            ("2026-01-13T15:00:00", "OnTrack | 4h | 4h | Tue 15:00:01"),
            ("2026-01-13T15:00:01", "OnTrack | 3h 59m | 3h 59m | Tue 15:01:01"),
            ("2026-01-13T17:59:59", "OnTrack | 1h | 1h | Tue 18:00:00"),
            ("2026-01-13T18:00:00", "Warning | 1h | 1h | Tue 18:00:01"),
            ("2026-01-13T18:00:01", "Warning | 59m | 59m | Tue 18:01:01"),
            ("2026-01-13T18:35:59", "Warning | 24m | 24m | Tue 18:36:00"),
            ("2026-01-13T18:36:00", "Critical | 24m | 24m | Tue 18:36:01"),
            ("2026-01-13T18:50:00", "Critical | 10m | 10m | Tue 18:50:01"),
            ("2026-01-13T18:50:48", "Critical | 9m 12s | 9m 12s | Tue 18:50:49"),
            ("2026-01-13T18:50:55", "Critical | 9m 05s | 9m 05s | Tue 18:50:56"),
            ("2026-01-13T19:00:00", "Critical | 0s | 0s | Tue 19:00:01"),
            ("2026-01-13T19:00:01", "Missed | +1s | +1s over | Tue 19:00:02"),
            ("2026-01-13T19:10:00", "Missed | +10m | +10m over | Tue 19:11:00"),
            ("2026-01-13T22:10:30", "Missed | +3h 10m | +3h 10m over | Tue 22:11:00"),
            ("2026-01-17T23:30:00", "Missed | +4d 4h | +4d 4h over | Sun 00:00:00"),
        ] {
            assert_eq!(line(&c, now), expected, "at {now}");
        }
    }

    #[test]
    fn a_clock_that_is_due_at_the_next_opening_says_when_that_is() {
        // Saturday, so from Monday 09:00 on: due Tuesday 20 January 09:00 local.
        let c = clock("1bd", "2026-01-17T12:00:00");
        assert_eq!(c.due_at, Some(at("2026-01-20T08:00:00")));
        for (now, expected) in [
            ("2026-01-19T15:59:59", "Critical | 1s | 1s | Mon 16:00:00"),
            ("2026-01-19T16:00:00", "Critical | 0s | opens Tue 09:00 | Tue 08:00:00"),
            ("2026-01-20T08:00:00", "Critical | 0s | 0s | Tue 08:00:01"),
            ("2026-01-20T08:00:01", "Missed | +1s | +1s over | Tue 08:00:02"),
        ] {
            assert_eq!(line(&c, now), expected, "at {now}");
        }
    }

    #[test]
    fn a_business_day_clock_counts_in_days_of_its_calendar_and_open_hours() {
        // Tuesday 13 January 10:00 local; 5bd: Tuesday 20 January 10:00 local.
        let c = clock("5bd", "2026-01-13T09:00:00");
        assert_eq!(c.due_at, Some(at("2026-01-20T09:00:00")));
        for (now, expected) in [
            ("2026-01-13T09:00:00", "OnTrack | 5bd | 5bd | Tue 09:00:01"),
            ("2026-01-13T09:00:01", "OnTrack | 4bd 7h | 4bd 7h | Tue 10:00:01"),
            ("2026-01-13T14:30:00", "OnTrack | 4bd 2h | 4bd 2h | Tue 15:00:01"),
            ("2026-01-13T15:59:59", "OnTrack | 4bd 1h | 4bd 1h | Tue 16:00:00"),
            ("2026-01-13T16:00:00", "Outside | 4bd 1h | opens Wed 09:00 | Wed 08:00:00"),
            ("2026-01-14T08:00:00", "OnTrack | 4bd 1h | 4bd 1h | Wed 08:00:01"),
            // Past closing, but a warning is not hidden by the night.
            ("2026-01-16T16:30:00", "Warning | 1bd 1h | 1bd 1h | Mon 08:00:01"),
            ("2026-01-19T08:59:59", "Warning | 1bd | 1bd | Mon 09:00:01"),
            ("2026-01-19T09:00:01", "Warning | 7h 59m | 7h 59m | Mon 09:01:01"),
            ("2026-01-19T20:00:00", "Critical | 1h | 1h | Tue 08:00:01"),
            ("2026-01-20T09:00:01", "Missed | +1s | +1s over | Tue 09:00:02"),
            ("2026-01-21T12:00:00", "Missed | +1bd 3h | +1bd 3h over | Wed 13:00:00"),
        ] {
            assert_eq!(line(&c, now), expected, "at {now}");
        }
        assert_eq!(reading(&c, "2026-01-13T14:30:00").remaining_s, Some(4 * 28800 + 9000));
    }

    #[test]
    fn business_time_is_shown_in_open_hours_alone() {
        let c = clock("12bh", "2026-01-13T15:00:00");
        assert_eq!(line(&c, "2026-01-13T15:00:00"), "OnTrack | 12h | 12h | Tue 15:00:01");
        assert_eq!(line(&c, "2026-01-14T09:25:00"), "OnTrack | 9h 35m | 9h 35m | Wed 09:25:01");
    }

    #[test]
    fn a_clock_that_is_due_at_a_closing_is_missed_in_the_night_after() {
        let mut c = clock("8bh", "2026-01-13T08:00:00");
        c.due_at = Some(at("2026-01-13T16:00:00"));
        assert_eq!(line(&c, "2026-01-13T16:00:00"), "Critical | 0s | 0s | Tue 16:00:01");
        assert_eq!(line(&c, "2026-01-13T16:00:01"), "Missed | +0m | +0m over | Wed 08:00:01");
        assert_eq!(line(&c, "2026-01-14T08:00:01"), "Missed | +1s | +1s over | Wed 08:00:02");
    }

    #[test]
    fn an_opening_far_away_is_told_with_its_date() {
        // Tokyo closes for the turn of the year: Mon 28 December 18:00 to Mon 4 January 09:00.
        let c = started("20bd", "sakura", at("2026-12-28T05:00:00"));
        assert_eq!(
            line(&c, "2026-12-28T09:00:00"),
            "Outside | 19bd 4h | opens Mon 4 Jan 09:00 | Tue 00:00:00"
        );
        assert_eq!(
            line(&c, "2026-12-29T00:00:00"),
            "Outside | 19bd 4h | opens Mon 09:00 | Mon 00:00:00"
        );
        // The lunch closing counts as closed, too.
        let c = started("20bd", "sakura", at("2026-11-24T02:00:00"));
        assert_eq!(
            line(&c, "2026-11-24T03:30:00"),
            "Outside | 19bd 7h | opens Tue 13:00 | Tue 04:00:00"
        );
    }

    #[test]
    fn held_and_ended_clocks_stand_still() {
        let mut c = clock("5bd", "2026-01-13T09:00:00");
        c.state = ClockState::Paused;
        c.due_at = None;
        c.paused_since = Some(at("2026-01-19T09:00:00"));
        c.remaining_s = Some(28800);
        assert_eq!(line(&c, "2026-01-22T09:00:00"), "Paused | 1bd | held, 1bd left | -");
        assert!(!reading(&c, "2026-01-22T09:00:00").missed);
        c.remaining_s = Some(-3600);
        assert_eq!(line(&c, "2026-01-22T09:00:00"), "Paused | +1h | held, +1h over | -");
        assert!(reading(&c, "2026-01-22T09:00:00").missed);

        let mut c = clock("2h", "2026-01-13T09:00:00");
        c.state = ClockState::Met;
        c.ended_at = Some(at("2026-01-13T10:20:00"));
        c.remaining_s = Some(2400);
        assert_eq!(line(&c, "2026-01-22T09:00:00"), "Met | 40m | met in 1h 20m | -");
        c.state = ClockState::Missed;
        c.ended_at = Some(at("2026-01-13T11:40:00"));
        c.remaining_s = Some(-2400);
        assert_eq!(line(&c, "2026-01-22T09:00:00"), "MissedDone | +40m | missed by 40m | -");
        assert!(reading(&c, "2026-01-22T09:00:00").missed);
    }

    #[test]
    fn the_due_instant_is_told_in_the_zone_of_the_clocks_calendar() {
        let policy = Policy::embedded();
        let text = |calendar| {
            due_text(&started("2h", calendar, at("2026-11-13T14:00:00")), &policy).unwrap()
        };
        assert_eq!(text("vendor"), "Fri 13 Nov 17:00 CET");
        assert_eq!(text("summit"), "Fri 13 Nov 11:00 EST");
        assert_eq!(text("sakura"), "Sat 14 Nov 01:00 JST");
        let mut c = clock("2h", "2026-11-13T14:00:00");
        c.calendar = "gone".into();
        assert_eq!(due_text(&c, &policy).unwrap(), "Fri 13 Nov 16:00 UTC");
        c.due_at = None;
        assert_eq!(due_text(&c, &policy), None);
    }

    #[test]
    fn a_clock_whose_calendar_is_gone_reads_around_the_clock() {
        let mut c = clock("5bd", "2026-01-13T09:00:00");
        c.calendar = "gone".into();
        assert_eq!(line(&c, "2026-01-18T07:59:00"), "OnTrack | 2d 1h | 2d 1h | Sun 08:00:01");
    }

    #[test]
    fn the_wall_clock_stands_beside_business_time_and_says_when_it_changes() {
        // Due Tuesday 20 January 09:00.
        let c = clock("5bd", "2026-01-13T09:00:00");
        for (now, expected) in [
            ("2026-01-13T09:00:00", "in 7d"),
            ("2026-01-13T09:00:01", "in 6d 23h"),
            ("2026-01-18T09:00:00", "in 2d"),
            ("2026-01-18T09:00:01", "in 47h 59m"),
            ("2026-01-20T08:49:59", "in 10m"),
            ("2026-01-20T08:50:01", "in 9m 59s"),
            ("2026-01-20T09:00:00", "in 0s"),
            ("2026-01-20T09:00:01", "1s ago"),
            ("2026-01-20T11:10:30", "2h 10m ago"),
            ("2026-01-23T09:00:00", "3d ago"),
        ] {
            let now = at(now);
            let wall = wall(&c, now).unwrap();
            assert_eq!(wall.text, expected, "at {now}");
            let before = wall.next_change - TimeDelta::seconds(1);
            assert_eq!(super::wall(&c, before).unwrap().text, expected, "before {now}'s next");
            assert_ne!(super::wall(&c, wall.next_change).unwrap().text, expected, "after {now}");
        }
        assert_eq!(wall(&clock("4h", "2026-01-13T09:00:00"), at("2026-01-13T09:00:00")), None);
        let ended = ClockSummary { state: ClockState::Met, ..c };
        assert_eq!(wall(&ended, at("2026-01-13T09:00:00")), None);
    }

    fn case(id: &str, severity: Severity, clocks: Vec<ClockSummary>) -> Case {
        Case {
            id: id.into(),
            subject: Untrusted::new("subject"),
            severity,
            tier: Tier::First,
            state: CaseState::Open,
            partner: PartnerRef { id: "direct".into(), name: Untrusted::new("Direct") },
            customer: Customer { company: Untrusted::new("c"), contact: Untrusted::new("c") },
            assignee: None,
            eligibility: Eligibility::Eligible,
            environment: Environment::Live,
            workaround: false,
            phone_follow_up: None,
            correction: None,
            reported_at: at("2026-01-13T09:00:00"),
            updated_at: at("2026-01-13T09:00:00"),
            revision: 1,
            clocks,
        }
    }

    #[test]
    fn the_queue_is_missed_by_severity_then_nearest_due_then_held_then_none() {
        let now = at("2026-01-13T12:00:00");
        let due = |hours: i64| {
            let mut c = clock("2h", "2026-01-13T09:00:00");
            c.due_at = Some(now + TimeDelta::hours(hours));
            c
        };
        let held = || {
            let mut c = due(1);
            c.state = ClockState::Paused;
            c.due_at = None;
            c
        };
        let met = || {
            let mut c = due(-1);
            c.state = ClockState::Met;
            c
        };
        let in_order = [
            case("C-7", Severity::Critical, vec![due(-1)]),
            case("C-6", Severity::High, vec![due(2), due(-5)]),
            case("C-5", Severity::High, vec![due(-1)]),
            case("C-4", Severity::Low, vec![held(), due(1)]),
            case("C-9", Severity::High, vec![due(2)]),
            case("C-10", Severity::High, vec![due(2), due(3)]),
            case("C-3", Severity::Low, vec![due(2)]),
            case("C-2", Severity::Medium, vec![held(), met()]),
            case("C-11", Severity::Medium, vec![held()]),
            case("C-1", Severity::Critical, vec![met()]),
            case("C-12", Severity::Low, vec![]),
        ];
        let mut sorted = in_order.to_vec();
        sorted.reverse();
        sorted.sort_by_key(|c| urgency(c, now, 0));
        let ids = |cases: &[Case]| cases.iter().map(|c| c.id.to_string()).collect::<Vec<_>>();
        assert_eq!(ids(&sorted), ids(&in_order));

        let leads = |i: usize| leading(&in_order[i], now).map(|c| (c.state, c.due_at));
        assert_eq!(leads(1), Some((ClockState::Running, Some(now - TimeDelta::hours(5)))));
        assert_eq!(leads(3), Some((ClockState::Running, Some(now + TimeDelta::hours(1)))));
        assert_eq!(leads(7), Some((ClockState::Paused, None)));
        assert_eq!(leads(9), None);
        assert_eq!(leads(10), None);
    }

    #[test]
    fn urgency_turns_exactly_when_the_clock_does() {
        let c = clock("2h", "2026-01-13T09:00:00");
        let case = case("C-1", Severity::Low, vec![c.clone()]);
        let (due, after) = (at("2026-01-13T11:00:00"), at("2026-01-13T11:00:01"));
        assert_eq!(urgency(&case, due, 0), urgency(&case, at("2026-01-13T10:00:00"), 0));
        assert!(urgency(&case, after, 0) < urgency(&case, due, 0));
        assert_eq!(read(&c, &Policy::embedded(), due).face, Face::Critical);
        assert_eq!(read(&c, &Policy::embedded(), after).face, Face::Missed);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(2026), ..Default::default() })]

        #[test]
        fn nothing_reads_differently_before_the_next_change_and_something_does_then(
            target in prop::sample::select(vec!["45m", "2h", "100h", "4bh", "30bh", "1bd", "5bd", "20bd"]),
            calendar in prop::sample::select(vec!["vendor", "nordwind", "summit", "sakura"]),
            // From March to the end of 2026: both turns of the clocks, many holidays.
            start in 1_772_300_000_i64..1_798_600_000,
            // Mostly the life of the clock, and some time after it.
            share in 0.0..1.6_f64,
        ) {
            let policy = Policy::embedded();
            let clock = started(target, calendar, DateTime::from_timestamp(start, 0).unwrap());
            let length = clock.due_at.unwrap().timestamp() - start;
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a place within the clock's life")]
            let now = start + (length as f64 * share) as i64;
            let at = |t: i64| read(&clock, &policy, DateTime::from_timestamp(t, 0).unwrap());
            let first = at(now);
            let next = first.next_change.expect("a running clock always reads differently some time").timestamp();
            prop_assert!(next > now);
            let words = |r: &Reading| (r.face, r.left.clone(), r.text.clone(), r.missed);
            // Every second near both ends, and some between.
            let step = ((next - now) / 300).max(1);
            let near = (now..next.min(now + 100)).chain((now.max(next - 100))..next);
            for t in near.chain((now..next).step_by(usize::try_from(step).unwrap())) {
                let then = at(t);
                prop_assert_eq!(words(&then), words(&first), "at {} of {}..{}", t, now, next);
                prop_assert!(then.next_change.unwrap().timestamp() <= next);
            }
            // Waking early is allowed where the zone's clocks are turned; nowhere else.
            let turned = policy.calendar(calendar).unwrap();
            let instant = |t: i64| DateTime::from_timestamp(t, 0).unwrap();
            if turned.offset_s(instant(next)) == turned.offset_s(instant(now)) {
                prop_assert_ne!(words(&at(next)), words(&first), "at {}", next);
            }
        }

        #[test]
        fn what_a_clock_reads_is_what_its_ledger_says(
            start in 1_772_300_000_i64..1_798_600_000,
            pauses in prop::collection::vec((1_i64..200_000, 1_i64..200_000), 0..3),
            severity in prop::sample::select(Severity::ALL.to_vec()),
        ) {
            let policy = Policy::embedded();
            let partner = PartnerId::from("nordwind");
            let instant = |t: i64| DateTime::from_timestamp(t, 0).unwrap();
            let mut ledger = Ledger::opened(instant(start), severity, &partner, &policy);
            let mut now = start;
            for (wait, held) in pauses {
                now += wait;
                ledger.apply(instant(now), &Change::InfoRequested, &policy);
                let clocks = ledger.summaries(instant(now), &policy);
                let before = read(&clocks[1], &policy, instant(now));
                prop_assert_eq!(before.face, Face::Paused);
                now += held;
                ledger.apply(instant(now), &Change::InfoReceived, &policy);
                let clocks = ledger.summaries(instant(now), &policy);
                let after = read(&clocks[1], &policy, instant(now));
                // What was left is left, unless the clock was missed already. In seconds: days differ.
                if !before.missed {
                    prop_assert_eq!(after.remaining_s, before.remaining_s);
                }
            }
        }
    }
}
