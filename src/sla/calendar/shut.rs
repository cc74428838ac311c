//! Why a calendar does not open: for those who explain it, not for arithmetic.

use chrono::{DateTime, NaiveDate, Utc};

use super::document::WrittenInterval;
use super::{Calendar, DAY_S, WEEKDAYS, instant};

/// Why a local date has no opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shut {
    /// By the week. `weekend`: it lies next to the turn of a week, from Friday to Sunday.
    Week { weekend: bool },
    /// A holiday on a day that would open.
    Holiday,
    /// A special day without hours, on a day that would open.
    Special,
    /// The zone skipped the date or the hours.
    Skipped,
}

/// The date as days since 1970.
fn date_of(date: i64) -> NaiveDate {
    instant(date * DAY_S).date_naive()
}

/// 1 January 1970 was a Thursday.
fn weekday(date: i64) -> usize {
    usize::try_from((date + 3).rem_euclid(7)).unwrap_or(0)
}

impl Calendar {
    /// The local date of an instant, as days since 1970.
    pub(in crate::sla) fn date_at(&self, at: i64) -> i64 {
        self.local(at).div_euclid(DAY_S)
    }

    /// Why nothing opens on a date; None if something does.
    pub(in crate::sla) fn why_shut(&self, date: i64) -> Option<Shut> {
        let mut opens = false;
        self.pieces(date, |_, _| opens = true);
        if opens {
            return None;
        }
        let day = weekday(date);
        Some(if self.0.week[day].is_empty() {
            Shut::Week { weekend: day >= 4 }
        } else if self.0.special_of(date).is_some_and(<[_]>::is_empty) {
            Shut::Special
        } else if self.0.is_holiday(date) {
            Shut::Holiday
        } else {
            Shut::Skipped
        })
    }

    /// Whether a date opens before that instant.
    pub(in crate::sla) fn has_opened(&self, date: i64, before: i64) -> bool {
        let mut opened = false;
        self.pieces(date, |start, _| opened |= start < before);
        opened
    }

    /// Whether a date opens at or after that instant.
    pub(in crate::sla) fn still_opens(&self, date: i64, from: i64) -> bool {
        let mut opens = false;
        self.pieces(date, |_, end| opens |= end > from);
        opens
    }

    pub(in crate::sla) fn naive_date(date: i64) -> NaiveDate {
        date_of(date)
    }

    /// The dates with hours of their own that are not the week's, from one instant to another.
    pub(in crate::sla) fn special_hours(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Vec<(NaiveDate, String)> {
        let (first, last) = (self.local_date_and_time(from).0, self.local_date_and_time(to).0);
        let document = self.document();
        let special = document.special.iter().filter_map(|(text, hours)| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            let usual = document.weekly.get(WEEKDAYS[date_weekday(date)]);
            let differs = !hours.is_empty() && usual != Some(hours);
            (differs && first <= date && date <= last).then(|| (date, hours_text(hours)))
        });
        special.collect()
    }

    /// The weekly hours for people, days with the same hours together: "Mon-Thu 08:00-17:00".
    #[must_use]
    pub fn weekly_hours(&self) -> Vec<String> {
        let weekly = &self.document().weekly;
        let hours = |day: usize| weekly.get(WEEKDAYS[day]).filter(|h| !h.is_empty());
        let name = |day: usize| {
            let word = WEEKDAYS[day];
            format!("{}{}", word[..1].to_uppercase(), &word[1..])
        };
        let mut said = Vec::new();
        let mut day = 0;
        while day < 7 {
            let first = day;
            while day + 1 < 7 && hours(day + 1) == hours(first) {
                day += 1;
            }
            if let Some(open) = hours(first) {
                let days = match day - first {
                    0 => name(first),
                    1 => format!("{}, {}", name(first), name(day)),
                    _ => format!("{}-{}", name(first), name(day)),
                };
                said.push(format!("{days} {}", hours_text(open)));
            }
            day += 1;
        }
        said
    }
}

fn date_weekday(date: NaiveDate) -> usize {
    use chrono::Datelike;
    usize::try_from(date.weekday().num_days_from_monday()).unwrap_or(0)
}

fn hours_text(hours: &[WrittenInterval]) -> String {
    hours.iter().map(|[from, to]| format!("{from}-{to}")).collect::<Vec<_>>().join(" and ")
}
