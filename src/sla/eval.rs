//! `caseload sla eval`: one clock a line in, what it says a line out. For checking the engine against
//! other programs, and for scripts that want its arithmetic.
//!
//! A line is an object with `id`, `cal` (a calendar as in the policy), `start`, `target` {`unit`, `n`},
//! and optionally `pauses` [[from, to or null], …] and `probes` [{`at`}, …] in order of time; other
//! fields are ignored. Answers come in the order of the lines, each on its own; a line that cannot be
//! answered gets `{"id":…,"error":…}`.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use chrono::{DateTime, Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::budget::{Course, Due, Pause, Time, Want, join};
use super::calendar::{Calendar, CalendarDocument, DAY_S, HORIZON_S, cut};

/// The longest line that is read; of a longer one no more than this is held in memory.
pub const MAX_LINE: usize = 1 << 20;
/// How many calendars are kept between lines.
const MAX_CALENDARS: usize = 2048;
/// The most business days that 20 years can hold.
const MAX_DAYS: u64 = 7305;

/// Answers every line of `input`. True: all of them were good.
///
/// # Errors
/// Reading or writing failed.
pub fn run(mut input: impl BufRead, mut output: impl Write) -> io::Result<bool> {
    let mut evaluator = Evaluator::default();
    let mut all_good = true;
    let mut line = Vec::new();
    let mut answer = Vec::new();
    while let Some(whole) = read_line(&mut input, &mut line)? {
        answer.clear();
        all_good &= if whole {
            evaluator.answer(&line, &mut answer)?
        } else {
            let error = format!("the line is longer than {MAX_LINE} bytes");
            refuse(&line, &error, &mut answer)?;
            false
        };
        answer.push(b'\n');
        output.write_all(&answer)?;
    }
    output.flush()?;
    Ok(all_good)
}

/// Reads a line without its end into `line`. None: the input has ended. False: it was too long, and
/// only its beginning is there.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let mut whole = true;
    let mut any = false;
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        if chunk.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = chunk.iter().position(|&b| b == b'\n');
        let text = &chunk[..end.unwrap_or(chunk.len())];
        let room = MAX_LINE - line.len();
        whole &= text.len() <= room;
        line.extend_from_slice(&text[..text.len().min(room)]);
        let used = end.map_or(chunk.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    cal: &'a RawValue,
    start: Stamp,
    target: WrittenTarget,
    #[serde(default)]
    pauses: Vec<(Stamp, Option<Stamp>)>,
    #[serde(default)]
    probes: Vec<Probe>,
}

#[derive(Deserialize)]
struct WrittenTarget {
    unit: Unit,
    n: u64,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Unit {
    BusinessSeconds,
    BusinessDays,
    BusinessDaysEod,
    ElapsedSeconds,
}

#[derive(Deserialize)]
struct Probe {
    at: Stamp,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a RawValue,
    effective_start: Option<Stamp>,
    budget_s: Option<i64>,
    due: Option<Stamp>,
    probes: Vec<Probed>,
}

#[derive(Serialize)]
struct Probed {
    at: Stamp,
    open: bool,
    paused: bool,
    remaining_s: Option<i64>,
    breached: bool,
    next_change: Option<Stamp>,
}

#[derive(Serialize)]
struct Refused<'a> {
    id: Option<&'a RawValue>,
    error: &'a str,
}

/// Evaluates lines, and keeps the calendars that it has seen, by their text.
#[derive(Default)]
struct Evaluator {
    calendars: HashMap<Box<str>, Calendar>,
}

impl Evaluator {
    /// Writes the answer to one line, without its end. False: the line was bad.
    fn answer(&mut self, line: &[u8], out: &mut Vec<u8>) -> io::Result<bool> {
        let error = match serde_json::from_slice::<Line>(line) {
            Ok(parsed) => match self.evaluate(&parsed) {
                Ok(answer) => {
                    serde_json::to_writer(out, &answer)?;
                    return Ok(true);
                }
                Err(error) => error,
            },
            Err(error) => error.to_string(),
        };
        refuse(line, &error, out)?;
        Ok(false)
    }

    fn evaluate<'a>(&mut self, line: &Line<'a>) -> Result<Answer<'a>, String> {
        let mut pauses = Vec::with_capacity(line.pauses.len());
        for &(from, to) in &line.pauses {
            if let Some(to) = to.filter(|to| to.0 < from.0) {
                return Err(format!("the pause from {from} ends before it begins, at {to}"));
            }
            pauses.push(Pause { from: from.0, to: to.map(|to| to.0) });
        }
        join(&mut pauses);
        if let Some(pair) = line.probes.windows(2).find(|pair| pair[1].at.0 < pair[0].at.0) {
            return Err(format!(
                "probes must be in order of time; {} follows {}",
                pair[1].at, pair[0].at
            ));
        }
        let n = line.target.n;
        let too_far = |unit: &str, most: u64| {
            format!("a target of {n} {unit} cannot be reached in 20 years; allowed: up to {most}")
        };
        let want = match line.target.unit {
            Unit::BusinessSeconds | Unit::ElapsedSeconds => {
                let most = HORIZON_S.unsigned_abs();
                match i64::try_from(n) {
                    Ok(seconds) if n <= most => Want::Seconds(seconds),
                    _ => return Err(too_far("seconds", most)),
                }
            }
            unit => match u32::try_from(n) {
                Ok(days) if n <= MAX_DAYS => match unit {
                    Unit::BusinessDaysEod => Want::DaysToClosing(days),
                    _ => Want::Days(days),
                },
                _ => return Err(too_far("business days", MAX_DAYS)),
            },
        };

        let calendar = self.calendar(line.cal)?;
        let elapsed = matches!(line.target.unit, Unit::ElapsedSeconds);
        let time = if elapsed { Time::Elapsed } else { Time::Open(calendar) };
        let course = time.begin(line.start.0, want);
        let effective = course.map(|c| c.effective).or_else(|| time.runs_from(line.start.0));
        let due = course.map_or(Due::Never, |c| time.due(&c, &pauses));
        let due = match due {
            Due::At(at) => Some(at),
            Due::Held | Due::Never => None,
        };
        let probe = |p: &Probe| {
            let at = p.at.0;
            Probed {
                at: p.at,
                open: calendar.open_at(at),
                paused: pauses.iter().any(|p| p.from <= at && p.to.is_none_or(|to| at < to)),
                remaining_s: course.map(|c: Course| c.budget - time.used(&c, &pauses, at)),
                breached: due.is_some_and(|due| at > due),
                next_change: calendar.change_after(at).map(Stamp),
            }
        };
        Ok(Answer {
            id: line.id,
            effective_start: effective.map(Stamp),
            budget_s: course.map(|c| c.budget),
            due: due.map(Stamp),
            probes: line.probes.iter().map(probe).collect(),
        })
    }

    fn calendar(&mut self, text: &RawValue) -> Result<&Calendar, String> {
        if !self.calendars.contains_key(text.get()) {
            let document: CalendarDocument =
                serde_json::from_str(text.get()).map_err(|e| format!("cal: {e}"))?;
            // A misspelt key would be a wrong number.
            let keys: HashMap<String, &RawValue> =
                serde_json::from_str(text.get()).map_err(|e| format!("cal: {e}"))?;
            let known = CalendarDocument::KEYS;
            if let Some(key) = keys.keys().find(|key| !known.contains(&key.as_str())) {
                let key = cut(key);
                return Err(format!("cal: unknown key \"{key}\"; allowed: {}", known.join(", ")));
            }
            let calendar =
                Calendar::compile(&document).map_err(|fault| fault.under(&["cal"]).to_string())?;
            if self.calendars.len() >= MAX_CALENDARS {
                self.calendars.clear();
            }
            self.calendars.insert(text.get().into(), calendar);
        }
        self.calendars.get(text.get()).ok_or_else(|| "cal: not kept".to_owned())
    }
}

fn refuse(line: &[u8], error: &str, out: &mut Vec<u8>) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &Refused { id: id_of(line), error })?)
}

/// The id of a bad line, as far as one can be made out.
fn id_of(line: &[u8]) -> Option<&RawValue> {
    #[derive(Deserialize)]
    struct Id<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    if let Ok(found) = serde_json::from_slice::<Id>(line) {
        return Some(found.id);
    }
    // The rest of the line is broken or cut: an id at its beginning will do.
    let text = line.trim_ascii_start().strip_prefix(b"{")?.trim_ascii_start();
    let text = text.strip_prefix(b"\"id\"")?.trim_ascii_start().strip_prefix(b":")?;
    serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>().next()?.ok()
}

/// An instant in seconds since 1970; RFC 3339 in JSON.
#[derive(Clone, Copy)]
struct Stamp(i64);

impl Stamp {
    /// `2026-01-13T09:00:00Z`, the form in which nearly all come, without a general parser.
    fn plain(text: &[u8]) -> Option<i64> {
        let pair = |i: usize| {
            let (a, b) = (text[i].wrapping_sub(b'0'), text[i + 1].wrapping_sub(b'0'));
            (a < 10 && b < 10).then(|| u32::from(a) * 10 + u32::from(b))
        };
        if text.len() != 20
            || [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')]
                .iter()
                .any(|&(i, b)| text[i] != b)
        {
            return None;
        }
        let year = i32::try_from(pair(0)? * 100 + pair(2)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, pair(5)?, pair(8)?)?;
        let (h, m, s) = (pair(11)?, pair(14)?, pair(17)?);
        if h > 23 || m > 59 || s > 59 {
            return None;
        }
        let days = i64::from(date.to_epoch_days());
        Some(days * DAY_S + i64::from(h * 3600 + m * 60 + s))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let seconds = if let Some(seconds) = Self::plain(text.as_bytes()) {
            seconds
        } else {
            let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
                format!("\"{}\" is not an instant; write 2026-01-13T09:00:00Z", cut(text))
            })?;
            if at.timestamp_subsec_nanos() != 0 {
                return Err(format!("{} is not a whole second", cut(text)));
            }
            at.timestamp()
        };
        match DateTime::from_timestamp(seconds, 0) {
            Some(at) if Calendar::in_range(at) => Ok(Self(seconds)),
            _ => Err(format!("{} is out of range; allowed: the years 1900 to 2299", cut(text))),
        }
    }
}

impl Stamp {
    /// As ASCII. Written by hand, since half of an answer is instants.
    fn write(self) -> [u8; 20] {
        let (days, second) = (self.0.div_euclid(DAY_S), self.0.rem_euclid(DAY_S));
        let date =
            i32::try_from(days).ok().and_then(NaiveDate::from_epoch_days).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00Z";
        let mut put = |end: usize, mut number: u32| {
            for digit in text[..end].iter_mut().rev() {
                if !digit.is_ascii_digit() {
                    break;
                }
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(4, date.year().unsigned_abs());
        put(7, date.month());
        put(10, date.day());
        let second = u32::try_from(second).unwrap_or_default();
        put(13, second / 3600);
        put(16, second / 60 % 60);
        put(19, second % 60);
        text
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.write()).unwrap_or_default())
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(std::str::from_utf8(&self.write()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Text;
        impl serde::de::Visitor<'_> for Text {
            type Value = Stamp;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an instant such as 2026-01-13T09:00:00Z")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Stamp, E> {
                Stamp::parse(text).map_err(E::custom)
            }
        }
        d.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    const CAL: &str = r#"{"tz":"Etc/UTC","weekly":{"mon":[["09:00","17:00"]]}}"#;

    fn run_on(input: &[u8]) -> (bool, String) {
        let mut output = Vec::new();
        let good = run(input, &mut output).unwrap();
        (good, String::from_utf8(output).unwrap())
    }

    /// A good line with one part replaced.
    fn line(part: &str, by: &str) -> String {
        let good = format!(
            r#"{{"id":"a","cal":{CAL},"start":"2026-01-12T10:00:00Z","target":{{"unit":"business_days","n":1}},"pauses":[],"probes":[]}}"#
        );
        assert!(good.contains(part), "{part}");
        good.replacen(part, by, 1)
    }

    #[test]
    fn a_good_line_is_answered_in_the_order_of_its_fields() {
        let (good, answer) = run_on(line("", "").as_bytes());
        assert!(good);
        assert_eq!(
            answer,
            r#"{"id":"a","effective_start":"2026-01-12T10:00:00Z","budget_s":28800,"due":"2026-01-19T10:00:00Z","probes":[]}"#
                .to_owned()
                + "\n"
        );
        assert_eq!(run_on(b""), (true, String::new()));
    }

    #[test]
    fn a_bad_line_gets_an_error_in_its_place_and_the_others_their_answers() {
        let good = line("", "");
        let input = format!("{good}\nnot json\n\n{good}");
        let (all_good, output) = run_on(input.as_bytes());
        assert!(!all_good);
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0], lines[3]);
        assert!(lines[1].starts_with(r#"{"id":null,"error":"expected ident"#), "{}", lines[1]);
        assert!(lines[2].starts_with(r#"{"id":null,"error":"EOF"#), "{}", lines[2]);
    }

    #[test]
    fn every_kind_of_bad_input_is_told_apart_with_the_id_of_its_line() {
        for (part, by, expected) in [
            ("Etc/UTC", "Etc/Nowhere", r#"cal.tz: \"Etc/Nowhere\" is not a known time zone"#),
            ("17:00", "25:00", r#"cal.weekly.mon[0]: \"25:00\" is not a time of day"#),
            (r#"["09:00","17:00"]"#, r#"["09:00","09:00"]"#, "cal.weekly.mon[0]: the interval"),
            (r#"["09:00","17:00"]"#, r#"["09:00"]"#, "cal: invalid length 1"),
            (
                r#""weekly""#,
                r#""holidays":["2026-01-01","2026-01-01"],"weekly""#,
                "cal.holidays[1]: 2026-01-01 is given twice",
            ),
            (
                r#""weekly""#,
                r#""special":{"2026-01-01":[],"2026-01-01":[]},"weekly""#,
                r#"cal: \"2026-01-01\" is given twice"#,
            ),
            (
                r#""weekly""#,
                r#""holiday":[],"weekly""#,
                r#"cal: unknown key \"holiday\"; allowed: name, tz, weekly, holidays, special"#,
            ),
            (
                r#""n":1}"#,
                r#""n":1000000000}"#,
                "a target of 1000000000 business days cannot be reached in 20 years; allowed: up to 7305",
            ),
            (
                r#""n":1}"#,
                r#""n":18446744073709551615}"#,
                "a target of 18446744073709551615 business",
            ),
            (r#""n":1}"#, r#""n":-1}"#, "invalid value: integer `-1`, expected u64"),
            (r#""n":1}"#, r#""n":1.5}"#, "invalid type: floating point"),
            (r#""business_days""#, r#""months""#, "unknown variant `months`, expected one of"),
            (
                r#""pauses":[]"#,
                r#""pauses":[["2026-01-13T10:00:00Z","2026-01-13T09:00:00Z"]]"#,
                "the pause from 2026-01-13T10:00:00Z ends before it begins",
            ),
            (
                r#""probes":[]"#,
                r#""probes":[{"at":"2026-01-13T10:00:00Z"},{"at":"2026-01-13T09:00:00Z"}]"#,
                "probes must be in order of time",
            ),
            (
                "2026-01-12T10:00:00Z",
                "2026-01-12 10:00",
                r#"\"2026-01-12 10:00\" is not an instant"#,
            ),
            ("2026-01-12T10:00:00Z", "2026-02-30T10:00:00Z", r#"\"2026-02-30T10:00:00Z\" is not"#),
            (
                "2026-01-12T10:00:00Z",
                "2026-01-12T10:00:00.5Z",
                "2026-01-12T10:00:00.5Z is not a whole",
            ),
            (
                "2026-01-12T10:00:00Z",
                "1492-01-12T10:00:00Z",
                "1492-01-12T10:00:00Z is out of range",
            ),
            (r#""start":"2026-01-12T10:00:00Z","#, "", "missing field `start`"),
            (r#""probes":[]}"#, r#""probes":[]"#, "EOF while parsing an object"),
        ] {
            let (good, answer) = run_on(line(part, by).as_bytes());
            assert!(!good, "{by}");
            let expected = format!("{{\"id\":\"a\",\"error\":\"{expected}");
            assert!(answer.starts_with(&expected), "{by}\nis {answer}\nnot {expected}");
        }
        let (_, answer) = run_on(line(r#""id":"a","#, "").as_bytes());
        assert!(answer.starts_with(r#"{"id":null,"error":"missing field `id`"#), "{answer}");
        let (_, answer) = run_on(b"{\"id\":\"\xff\"}");
        assert!(answer.starts_with(r#"{"id":null,"error":"invalid unicode"#), "{answer}");
        let (_, answer) = run_on(b"[[[[[[");
        assert!(answer.starts_with(r#"{"id":null,"error""#), "{answer}");
    }

    #[test]
    fn a_line_of_100_mb_is_an_error_and_is_never_held() {
        let head = br#"{"id":"huge","cal":""#;
        let tail = format!("\n{}", line("", ""));
        let input = head.chain(std::io::repeat(b'x').take(100 << 20)).chain(tail.as_bytes());
        let mut output = Vec::new();
        assert!(!run(BufReader::new(input), &mut output).unwrap());
        let output = String::from_utf8(output).unwrap();
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines[0], r#"{"id":"huge","error":"the line is longer than 1048576 bytes"}"#);
        assert!(lines[1].starts_with(r#"{"id":"a","effective_start""#));

        let mut line = Vec::new();
        let mut huge = BufReader::new(std::io::repeat(b'x').take(3 << 20));
        assert_eq!(read_line(&mut huge, &mut line).unwrap(), Some(false));
        assert_eq!(line.len(), MAX_LINE);
        assert_eq!(read_line(&mut huge, &mut line).unwrap(), None);
    }

    #[test]
    fn instants_with_an_offset_are_understood_and_written_in_utc() {
        let (_, answer) = run_on(line("10:00:00Z", "12:00:00+02:00").as_bytes());
        assert!(answer.contains(r#""effective_start":"2026-01-12T10:00:00Z""#), "{answer}");
    }

    #[test]
    fn more_calendars_than_are_kept_change_no_answer() {
        let mut input = String::new();
        for i in 0..MAX_CALENDARS + 10 {
            input += &line(r#""weekly""#, &format!(r#""name":"{i}","weekly""#));
            input.push('\n');
        }
        let (good, output) = run_on(input.as_bytes());
        assert!(good);
        assert_eq!(output.lines().count(), MAX_CALENDARS + 10);
        assert_eq!(run_on(format!("{input}{input}").as_bytes()).1, format!("{output}{output}"));
    }
}
