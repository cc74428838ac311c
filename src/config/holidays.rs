//! Holidays out of an iCalendar file (RFC 5545): whole days, alone, over several days, or every year. What is
//! not understood is skipped and told, never guessed.
//!
//! Understood: `DTSTART` and `DTEND` as dates or as local midnights (the end is not part of it), `DURATION`
//! in days or weeks, `RRULE` with `FREQ=YEARLY` and `INTERVAL`, `COUNT`, `UNTIL`, `BYMONTH`, `BYMONTHDAY`,
//! `BYDAY`; `RDATE`, `EXDATE`, `RECURRENCE-ID`, `STATUS:CANCELLED`. A date is taken as it is written, whatever
//! zone the file is for: a holiday is a local date.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate, Weekday};
use icalendar::parser::{Component, Property, read_components, unfold};

use crate::domain::text::safe_line;

/// The largest file that is read.
pub const FILE_CAP: u64 = 2 * 1024 * 1024;
/// What lasts longer than this is no holiday.
const LONGEST_DAYS: i64 = 62;
/// What is on more days of a year than this is no holiday.
const MOST_STARTS: usize = 31;
/// How deep components may lie in each other: `VCALENDAR`, `VEVENT`, `VALARM`, and some to spare. The parser
/// goes down by recursion.
const DEEPEST: usize = 16;
/// The longest name that is kept.
const NAME_WIDTH: usize = 80;

/// The years whose holidays are wanted, both included: `2026` or `2026-2027`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Years {
    pub from: i32,
    pub to: i32,
}

impl FromStr for Years {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let year = |text: &str| {
            let year = text.trim().parse().ok().filter(|year| (1900..2300).contains(year));
            year.ok_or_else(|| {
                format!("\"{}\" is not a year; allowed: 1900 to 2299", safe_line(text, 20))
            })
        };
        let (from, to) = match text.split_once('-') {
            Some((from, to)) => (year(from)?, year(to)?),
            None => (year(text)?, year(text)?),
        };
        if to < from {
            return Err(format!("{from}-{to} ends before it begins"));
        }
        if to - from >= 20 {
            return Err(format!("{from}-{to} is more than 20 years"));
        }
        Ok(Self { from, to })
    }
}

impl fmt::Display for Years {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to {
            write!(f, "{}", self.from)
        } else {
            write!(f, "{}-{}", self.from, self.to)
        }
    }
}

/// What a file says of some years.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holidays {
    /// Date to name, which is safe for a terminal and a line of a file; the first name of a date that has
    /// several.
    pub dates: BTreeMap<NaiveDate, String>,
    pub skipped: Vec<Skipped>,
    /// Events without a day in those years.
    pub outside: usize,
}

/// An event that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Skipped {
    /// Its name and date as far as it has them, safe for a terminal.
    pub what: String,
    pub why: String,
}

/// Reads the holidays of some years.
///
/// # Errors
/// It is not an iCalendar file; with a sentence.
pub fn read(text: &str, years: Years) -> Result<Holidays, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = unfold(text);
    check_nesting(&text)?;
    let roots = read_components(&text).map_err(|error| {
        // The first line says where, the second shows the line of the file.
        let lines: Vec<&str> =
            error.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
        format!("it is not an iCalendar file: {}", safe_line(&lines.join(" "), 200))
    })?;
    let is_calendar = |root: &Component<'_>| root.name.as_str().eq_ignore_ascii_case("VCALENDAR");
    if !roots.iter().any(is_calendar) {
        return Err("it is not an iCalendar file: it has no VCALENDAR".to_owned());
    }
    let parts: Vec<&Component<'_>> =
        roots.iter().filter(|root| is_calendar(root)).flat_map(|root| &root.components).collect();
    let events: Vec<Event<'_>> = parts
        .iter()
        .filter(|part| part.name.as_str().eq_ignore_ascii_case("VEVENT"))
        .map(|event| Event(event))
        .collect();
    let mut holidays = Holidays::default();
    for other in parts {
        let name = other.name.as_str();
        if ["VTODO", "VJOURNAL"].iter().any(|kind| name.eq_ignore_ascii_case(kind)) {
            let what = Event(other).title();
            let why = format!("a {} is no event", name.to_ascii_uppercase());
            holidays.skipped.push(Skipped { what, why });
        }
    }
    // Days of a series that an event of its own stands for.
    let moved: HashSet<(&str, NaiveDate)> = events
        .iter()
        .filter_map(|event| {
            let id = event.get("RECURRENCE-ID")?;
            Some((event.get("UID")?.val.as_str(), date_in(id.val.as_str())?))
        })
        .collect();
    for event in &events {
        match event.days(years, &moved) {
            Ok(days) => {
                let mut any = false;
                for day in days.into_iter().filter(|d| (years.from..=years.to).contains(&d.year()))
                {
                    any = true;
                    holidays.dates.entry(day).or_insert_with(|| event.name());
                }
                holidays.outside += usize::from(!any);
            }
            Err(why) => holidays.skipped.push(Skipped { what: event.title(), why }),
        }
    }
    Ok(holidays)
}

fn check_nesting(text: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    for line in text.lines() {
        let starts =
            |word: &str| line.get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word));
        if starts("BEGIN:") {
            depth += 1;
            if depth > DEEPEST {
                return Err(format!(
                    "it is not an iCalendar file: its parts lie more than {DEEPEST} deep in each other"
                ));
            }
        } else if starts("END:") {
            depth = depth.saturating_sub(1);
        }
    }
    Ok(())
}

/// A point of time as it is written: a date, and whether that is all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Date(NaiveDate),
    /// Local midnight at the beginning of the date.
    Midnight(NaiveDate),
}

impl When {
    const fn date(self) -> NaiveDate {
        match self {
            Self::Date(date) | Self::Midnight(date) => date,
        }
    }
}

/// The date at the beginning of `20261225` or `20261225T000000Z`.
fn date_in(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let digits = text.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
    let rest = text.get(8..)?;
    (rest.is_empty() || rest.starts_with(['T', 't']))
        .then(|| NaiveDate::parse_from_str(digits, "%Y%m%d").ok())
        .flatten()
}

fn when(name: &str, text: &str) -> Result<When, String> {
    let text = text.trim();
    let shown = || safe_line(text, 40);
    let date = date_in(text).ok_or_else(|| format!("its {name} \"{}\" is not a date", shown()))?;
    match text.get(8..).unwrap_or_default() {
        "" => Ok(When::Date(date)),
        time if time.eq_ignore_ascii_case("T000000") => Ok(When::Midnight(date)),
        _ => Err(format!("it is not of whole days: its {name} is {}", shown())),
    }
}

/// `P1D`, `P2W`: in days.
fn duration(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let number = text.strip_prefix('+').unwrap_or(&text).strip_prefix('P')?;
    let (number, days) = match number.strip_suffix('D') {
        Some(number) => (number, 1),
        None => (number.strip_suffix('W')?, 7),
    };
    number.parse::<i64>().ok().filter(|n| (0..=1000).contains(n)).map(|n| n * days)
}

struct Event<'c>(&'c Component<'c>);

impl<'c> Event<'c> {
    fn all(&self, name: &str) -> impl Iterator<Item = &'c Property<'c>> {
        let properties = &self.0.properties;
        properties.iter().filter(move |p| p.name.as_str().eq_ignore_ascii_case(name))
    }

    fn get(&self, name: &str) -> Option<&'c Property<'c>> {
        self.all(name).next()
    }

    fn value(&self, name: &str) -> Option<&'c str> {
        self.get(name).map(|property| property.val.as_str())
    }

    fn name(&self) -> String {
        let name = self.value("SUMMARY").unwrap_or_default();
        safe_line(&name.split_whitespace().collect::<Vec<_>>().join(" "), NAME_WIDTH)
    }

    /// For the one who is told that it was skipped.
    fn title(&self) -> String {
        let name = Some(self.name()).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| "an event without a name".to_owned());
        match self.value("DTSTART").and_then(date_in) {
            Some(date) => format!("{name} ({date})"),
            None => name,
        }
    }

    /// All its days up to the end of the years, and how they repeat.
    fn days(
        &self,
        years: Years,
        moved: &HashSet<(&str, NaiveDate)>,
    ) -> Result<Vec<NaiveDate>, String> {
        if self.value("STATUS").is_some_and(|s| s.trim().eq_ignore_ascii_case("CANCELLED")) {
            return Err("it is cancelled".to_owned());
        }
        let start = when("DTSTART", self.value("DTSTART").ok_or("it has no DTSTART")?)?;
        let length = self.length(start)?;
        let start = start.date();
        if self.get("RECURRENCE-ID").is_some_and(|id| {
            id.params.iter().any(|p| p.key.as_str().eq_ignore_ascii_case("RANGE"))
        }) {
            return Err(
                "it changes the rest of a series (RANGE), which is not understood".to_owned()
            );
        }
        if let Some(rule) = ["EXRULE", "X-EASTER"].iter().find_map(|name| self.get(name)) {
            return Err(format!("its {} is not understood", safe_line(rule.name.as_str(), 20)));
        }
        let mut rules = self.all("RRULE");
        let mut starts = match rules.next() {
            None => vec![start],
            Some(_) if rules.next().is_some() => {
                return Err("it has more than one RRULE".to_owned());
            }
            Some(rule) => Rule::parse(rule.val.as_str())?.starts(start, years)?,
        };
        starts.extend(self.dates_of("RDATE")?);
        let mut left_out = self.dates_of("EXDATE")?;
        if let (Some(id), None) = (self.value("UID"), self.get("RECURRENCE-ID")) {
            left_out.extend(moved.iter().filter(|(uid, _)| *uid == id).map(|(_, date)| *date));
        }
        let mut days = Vec::new();
        for start in starts.into_iter().filter(|start| !left_out.contains(start)) {
            days.extend(start.iter_days().take(length));
        }
        Ok(days)
    }

    /// In days, one at least.
    fn length(&self, start: When) -> Result<usize, String> {
        let days = match (self.value("DTEND"), self.value("DURATION")) {
            (Some(end), _) => (when("DTEND", end)?.date() - start.date()).num_days(),
            (None, Some(written)) => duration(written).ok_or_else(|| {
                format!("its DURATION {} is not of whole days", safe_line(written, 20))
            })?,
            (None, None) => match start {
                When::Date(_) => 1,
                When::Midnight(_) => {
                    return Err("it is not of whole days: it has no end".to_owned());
                }
            },
        };
        match (days, start) {
            // Some programs write the last day where the day after it belongs.
            (0, When::Date(_)) => Ok(1),
            (..=-1, _) => Err("it ends before it begins".to_owned()),
            (0, _) => Err("it is not of whole days: it ends when it begins".to_owned()),
            (days, _) if days > LONGEST_DAYS => {
                Err(format!("it lasts {days} days; allowed: {LONGEST_DAYS}"))
            }
            (days, _) => Ok(usize::try_from(days).unwrap_or(1)),
        }
    }

    fn dates_of(&self, name: &str) -> Result<HashSet<NaiveDate>, String> {
        self.all(name)
            .flat_map(|property| property.val.as_str().split(','))
            .map(|text| {
                date_in(text).filter(|_| !text.contains('/')).ok_or_else(|| {
                    format!("its {name} \"{}\" is not a date", safe_line(text.trim(), 40))
                })
            })
            .collect()
    }
}

/// A yearly rule.
#[derive(Debug, Default)]
struct Rule {
    interval: usize,
    count: Option<usize>,
    until: Option<NaiveDate>,
    months: Vec<u32>,
    /// From the end of the month where negative.
    month_days: Vec<i32>,
    /// Weekdays, with which one of the month; from its end where negative.
    weekdays: Vec<(Option<i32>, Weekday)>,
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let no = |part: &str| format!("its RRULE is not understood: {}", safe_line(part, 60));
        let mut rule = Self { interval: 1, ..Self::default() };
        let mut yearly = false;
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| no(part))?;
            let number = |low: i32, high: i32, text: &str| {
                let n = text.trim().parse::<i32>().ok();
                n.filter(|n| *n != 0 && (low..=high).contains(n)).ok_or_else(|| no(part))
            };
            let positive = |high: i32| {
                let n = number(1, high, value)?;
                usize::try_from(n).map_err(|_| no(part))
            };
            match key.to_ascii_uppercase().as_str() {
                "FREQ" if value.eq_ignore_ascii_case("YEARLY") => yearly = true,
                "INTERVAL" => rule.interval = positive(1000)?,
                "COUNT" => rule.count = Some(positive(100_000)?),
                "UNTIL" => rule.until = Some(date_in(value).ok_or_else(|| no(part))?),
                "BYMONTH" => {
                    for month in value.split(',') {
                        rule.months.push(number(1, 12, month)?.unsigned_abs());
                    }
                }
                "BYMONTHDAY" => {
                    for day in value.split(',') {
                        rule.month_days.push(number(-31, 31, day)?);
                    }
                }
                "BYDAY" => {
                    for day in value.split(',') {
                        rule.weekdays.push(weekday(day.trim()).ok_or_else(|| no(part))?);
                    }
                }
                // Where the week starts is nothing to days of a month.
                "WKST" => {}
                _ => return Err(no(part)),
            }
        }
        if !yearly {
            return Err(no(text));
        }
        // A day of every month, or a weekday of the whole year, is no holiday.
        if rule.months.is_empty() && !(rule.month_days.is_empty() && rule.weekdays.is_empty()) {
            return Err(no(text));
        }
        rule.months.sort_unstable();
        rule.months.dedup();
        Ok(rule)
    }

    /// The first days that may reach into the years. The event's own start is the first whatever the rule
    /// says.
    fn starts(&self, start: NaiveDate, years: Years) -> Result<Vec<NaiveDate>, String> {
        let mut starts = vec![start];
        // Days that nobody counts need not be worked out.
        let first = match self.count {
            None => start.year() + skipped(years.from - 1 - start.year(), self.interval),
            Some(_) if start.year() < 1900 => {
                return Err("its RRULE is not understood: COUNT from before 1900".to_owned());
            }
            Some(_) => start.year(),
        };
        for year in (first..=years.to).step_by(self.interval) {
            let months =
                if self.months.is_empty() { vec![start.month()] } else { self.months.clone() };
            let before = starts.len();
            for month in months {
                starts.extend(self.days_of(year, month, start).filter(|day| *day > start));
            }
            let days = starts.len() - before;
            if days > MOST_STARTS {
                return Err(format!("it is on {days} days a year; allowed: {MOST_STARTS}"));
            }
        }
        starts.truncate(self.count.unwrap_or(usize::MAX));
        starts.retain(|day| self.until.is_none_or(|until| *day <= until));
        Ok(starts)
    }

    fn days_of(
        &self,
        year: i32,
        month: u32,
        start: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> + '_ {
        let first = NaiveDate::from_ymd_opt(year, month, 1);
        let plain = self.month_days.is_empty() && self.weekdays.is_empty();
        first
            .into_iter()
            .flat_map(|first| first.iter_days())
            .take_while(move |day| day.month() == month)
            .filter(move |day| if plain { day.day() == start.day() } else { self.takes(*day) })
    }

    fn takes(&self, day: NaiveDate) -> bool {
        let of_month = i32::try_from(day.day()).unwrap_or(0);
        let in_month = i32::from(day.num_days_in_month());
        let from_end = of_month - in_month - 1;
        let by_number = self.month_days.is_empty()
            || self.month_days.iter().any(|n| *n == of_month || *n == from_end);
        let nth = (of_month - 1) / 7 + 1;
        let nth_from_end = -((in_month - of_month) / 7 + 1);
        let by_weekday = self.weekdays.is_empty()
            || self.weekdays.iter().any(|(n, weekday)| {
                *weekday == day.weekday() && n.is_none_or(|n| n == nth || n == nth_from_end)
            });
        by_number && by_weekday
    }
}

/// The years of whole intervals in so many years; none if they are over.
fn skipped(years: i32, interval: usize) -> i32 {
    let interval = i32::try_from(interval).unwrap_or(i32::MAX);
    (years.max(0) / interval) * interval
}

/// `MO`, `3MO`, `-1FR`.
fn weekday(text: &str) -> Option<(Option<i32>, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let (number, day) = (text.get(..at)?, text.get(at..)?);
    let day = match day.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    };
    if number.is_empty() {
        return Some((None, day));
    }
    let n = number.parse().ok().filter(|n| (-5..=5).contains(n) && *n != 0)?;
    Some((Some(n), day))
}

#[cfg(test)]
mod tests;
