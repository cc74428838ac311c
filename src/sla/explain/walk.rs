//! A clock's time, stretch by stretch: what counted, what was held, and what was skipped since the calendar
//! was closed.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::domain::PauseReason;
use crate::sla::budget::Time;
use crate::sla::calendar::{Calendar, DAY_S, Shut};
use crate::sla::ledger::{Held, instant};

/// A calendar that is open for longer than this is asked again.
const LONG_OPEN_S: i64 = 400 * DAY_S;

/// From one instant until just before another. Stretches of one account touch each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Stretch {
    Counted {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        counted_s: i64,
    },
    /// Held: nothing counted, open or not.
    Paused {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        reason: PauseReason,
        /// What would have counted.
        held_s: i64,
    },
    /// The calendar was closed.
    Closed {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        #[serde(flatten)]
        skipped: Skipped,
    },
}

impl Stretch {
    #[must_use]
    pub const fn from(&self) -> DateTime<Utc> {
        match self {
            Self::Counted { from, .. } | Self::Paused { from, .. } | Self::Closed { from, .. } => {
                *from
            }
        }
    }

    #[must_use]
    pub const fn to(&self) -> DateTime<Utc> {
        match self {
            Self::Counted { to, .. } | Self::Paused { to, .. } | Self::Closed { to, .. } => *to,
        }
    }

    /// The seconds that it adds to the time used.
    #[must_use]
    pub const fn counted_s(&self) -> i64 {
        match self {
            Self::Counted { counted_s, .. } => *counted_s,
            Self::Paused { .. } | Self::Closed { .. } => 0,
        }
    }
}

/// What a closed stretch was, or several of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Closings until the next date that follows at once.
    #[serde(skip_serializing_if = "is_zero")]
    pub nights: usize,
    /// Closings within a date.
    #[serde(skip_serializing_if = "is_zero")]
    pub breaks: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub weekends: usize,
    /// Other days on which the week does not open.
    #[serde(skip_serializing_if = "is_zero")]
    pub closing_days: usize,
    /// Holidays on days that would have opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<NaiveDate>,
    /// Special days without hours.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed_specially: Vec<NaiveDate>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(n: &usize) -> bool {
    *n == 0
}

impl Skipped {
    /// What a closed stretch of a calendar is.
    pub(super) fn of(calendar: &Calendar, from: i64, to: i64) -> Self {
        let mut skipped = Self::default();
        // The date of the closing itself, which may be the midnight that ends it.
        let first = calendar.date_at(from - 1);
        let last = calendar.date_at(to - 1);
        let mut in_weekend = false;
        let mut shut_days = 0;
        for date in first..=last {
            let shut = calendar.why_shut(date);
            shut_days += usize::from(shut.is_some());
            match shut {
                Some(Shut::Week { weekend: true }) if in_weekend => {}
                Some(Shut::Week { weekend: true }) => skipped.weekends += 1,
                Some(Shut::Week { weekend: false } | Shut::Skipped) => skipped.closing_days += 1,
                Some(Shut::Holiday) => skipped.holidays.push(Calendar::naive_date(date)),
                Some(Shut::Special) => skipped.closed_specially.push(Calendar::naive_date(date)),
                None => {}
            }
            in_weekend = matches!(shut, Some(Shut::Week { weekend: true }));
        }
        if shut_days == 0 {
            let within = first == last
                && calendar.has_opened(first, from)
                && calendar.still_opens(first, to);
            *(if within { &mut skipped.breaks } else { &mut skipped.nights }) += 1;
        }
        skipped
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.nights += other.nights;
        self.breaks += other.breaks;
        self.weekends += other.weekends;
        self.closing_days += other.closing_days;
        self.holidays.extend(&other.holidays);
        self.closed_specially.extend(&other.closed_specially);
    }
}

/// Everything from one instant to another: stretches that touch, from the first to the last.
pub(super) fn walk(time: Time, pauses: &[Held], from: i64, to: i64) -> Vec<Stretch> {
    let mut pauses = pauses.to_vec();
    pauses.sort_by_key(|p| p.from);
    let mut stretches = Vec::new();
    let mut at = from;
    for pause in pauses {
        let start = pause.from.max(at);
        let end = pause.to.map_or(to, |end| end.min(to));
        if start >= end {
            continue;
        }
        free(time, at, start, &mut stretches);
        stretches.push(Stretch::Paused {
            from: instant(start),
            to: instant(end),
            reason: pause.why,
            held_s: time.between(start, end),
        });
        at = end;
    }
    free(time, at, to, &mut stretches);
    stretches
}

/// A stretch without pauses.
fn free(time: Time, from: i64, to: i64, stretches: &mut Vec<Stretch>) {
    let counted = |from: i64, to: i64, stretches: &mut Vec<Stretch>| {
        if let Some(Stretch::Counted { to: end, counted_s, .. }) = stretches.last_mut()
            && *end == instant(from)
        {
            *end = instant(to);
            *counted_s += to - from;
            return;
        }
        stretches.push(Stretch::Counted {
            from: instant(from),
            to: instant(to),
            counted_s: to - from,
        });
    };
    let Time::Open(calendar) = time else {
        if from < to {
            counted(from, to, stretches);
        }
        return;
    };
    let mut at = from;
    while at < to {
        let end = if calendar.open_at(at) {
            let closes = calendar.change_after(at).unwrap_or(at + LONG_OPEN_S).min(to);
            counted(at, closes, stretches);
            closes
        } else {
            let opens = calendar.open_from(at).unwrap_or(to).min(to);
            stretches.push(Stretch::Closed {
                from: instant(at),
                to: instant(opens),
                skipped: Skipped::of(calendar, at, opens),
            });
            opens
        };
        at = end;
    }
}
