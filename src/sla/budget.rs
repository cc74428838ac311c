//! One target on the time line: its effective start, its budget, its due instant under pauses, and
//! what is used. The arithmetic that the ledger, the screens and `sla eval` share.
//!
//! Where the page on semantics is silent, decided here: a business-day target whose due instant is an
//! opening has used up its budget at the closing before. It stays due at that opening as long as no
//! pause has cost open time; once one has, the budget decides and ends at a closing as any other does.

use super::calendar::Calendar;

/// How time passes for a clock.
#[derive(Debug, Clone, Copy)]
pub enum Time<'a> {
    /// Around the clock.
    Elapsed,
    /// While a calendar is open.
    Open(&'a Calendar),
}

/// What a target asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    Seconds(i64),
    /// Business days, to the same time of day.
    Days(u32),
    /// Business days, to the closing of the last.
    DaysToClosing(u32),
}

/// A target that has started: the three instants and the budget from which all else follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Course {
    /// The start, or the opening after it.
    pub effective: i64,
    /// Seconds of the clock's own time.
    pub budget: i64,
    /// Due when nothing pauses; None where that is more than 20 years away.
    pub nominal: Option<i64>,
}

/// When a clock is due, given its pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    At(i64),
    /// An open pause holds it.
    Held,
    /// Not within 20 years.
    Never,
}

/// A pause `[from, to)`; no end: open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    pub from: i64,
    pub to: Option<i64>,
}

/// Sorted, joined where they touch or overlap, without empty ones. A list like this is what the other
/// functions of this file take.
pub fn join(pauses: &mut Vec<Pause>) {
    pauses.retain(|p| p.to.is_none_or(|to| to > p.from));
    pauses.sort_unstable_by_key(|p| p.from);
    pauses.dedup_by(|next, last| match last.to {
        None => true,
        Some(to) if next.from <= to => {
            last.to = next.to.map(|next_to| next_to.max(to));
            true
        }
        Some(_) => false,
    });
}

impl Time<'_> {
    pub(super) fn between(self, from: i64, to: i64) -> i64 {
        match self {
            Self::Elapsed => (to - from).max(0),
            Self::Open(calendar) => calendar.between(from, to),
        }
    }

    pub(super) fn after(self, from: i64, seconds: i64) -> Option<i64> {
        match self {
            Self::Elapsed => from.checked_add(seconds),
            Self::Open(calendar) => calendar.after(from, seconds),
        }
    }

    pub(super) fn runs_from(self, at: i64) -> Option<i64> {
        match self {
            Self::Elapsed => Some(at),
            Self::Open(calendar) => calendar.open_from(at),
        }
    }

    /// Starts a target. None: the calendar never opens, or the business days are not reached within 20
    /// years.
    #[must_use]
    pub fn begin(self, start: i64, want: Want) -> Option<Course> {
        let effective = self.runs_from(start)?;
        let days = |n: u32, to_closing: bool| {
            let Self::Open(calendar) = self else {
                return Some((i64::from(n) * super::calendar::DAY_S, None));
            };
            let due = calendar.days_later(effective, n, to_closing)?;
            Some((calendar.between(effective, due), Some(due)))
        };
        let (budget, nominal) = match want {
            Want::Seconds(n) => (n, None),
            Want::Days(n) => days(n, false)?,
            Want::DaysToClosing(n) => days(n, true)?,
        };
        let nominal = nominal.or_else(|| self.after(effective, budget));
        Some(Course { effective, budget, nominal })
    }

    /// When the clock is due.
    #[must_use]
    pub fn due(self, course: &Course, pauses: &[Pause]) -> Due {
        let Course { effective, budget, nominal } = *course;
        let Some(nominal) = nominal else { return Due::Never };
        // Where the budget ends, and whether any pause moved that.
        let (mut cursor, mut left, mut moved) = (effective, budget, false);
        let mut end = None;
        for pause in pauses {
            if pause.to.is_some_and(|to| to <= cursor) {
                continue;
            }
            if pause.from >= nominal && !moved {
                break;
            }
            let from = pause.from.max(cursor);
            let run = self.between(cursor, from);
            if run >= left {
                end = self.after(cursor, left);
                break;
            }
            let Some(to) = pause.to else { return Due::Held };
            moved |= self.between(from, to) > 0;
            left -= run;
            cursor = to;
        }
        if moved {
            return end.or_else(|| self.after(cursor, left)).map_or(Due::Never, Due::At);
        }
        // Nothing was lost; but an opening may stand inside a pause.
        let mut due = nominal;
        for pause in pauses {
            if pause.from < due {
                match pause.to {
                    None => return Due::Held,
                    Some(to) if due < to => match self.runs_from(to) {
                        Some(at) => due = at,
                        None => return Due::Never,
                    },
                    Some(_) => {}
                }
            }
        }
        Due::At(due)
    }

    /// The seconds that count up to an instant.
    #[must_use]
    pub fn used(self, course: &Course, pauses: &[Pause], at: i64) -> i64 {
        let mut used = self.between(course.effective, at);
        for pause in pauses {
            let from = pause.from.max(course.effective);
            let to = pause.to.map_or(at, |to| to.min(at));
            if from < to {
                used -= self.between(from, to);
            }
        }
        used
    }
}
