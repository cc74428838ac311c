//! `sla eval` against what others say: the 687 worked cases of `data/sla-vectors.jsonl`, on which two
//! independent programs agreed, field by field; a walker of minutes, slow and obvious, on random cases; and
//! the laws that hold whatever the numbers are.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests, with helpers outside of test functions"
)]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, DateTime as Civil};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::{Value, json};

const VECTORS: &str = include_str!("data/sla-vectors.jsonl");

fn eval(input: &str) -> (bool, Vec<Value>) {
    let mut output = Vec::new();
    let good = caseload::sla::eval::run(input.as_bytes(), &mut output).unwrap();
    let lines = std::str::from_utf8(&output).unwrap().lines();
    (good, lines.map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn eval_one(line: &Value) -> Value {
    let (good, mut answers) = eval(&line.to_string());
    assert!(good, "{line} gave {answers:?}");
    answers.remove(0)
}

fn vectors() -> Vec<Value> {
    VECTORS.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_field_of_every_vector_is_as_both_oracles_say() {
    let (good, answers) = eval(VECTORS);
    assert!(good);
    let vectors = vectors();
    assert_eq!(vectors.len(), 687);
    assert_eq!(answers.len(), vectors.len());
    let mut wrong = BTreeMap::new();
    for (vector, answer) in vectors.iter().zip(&answers) {
        let fields = ["id", "effective_start", "budget_s", "due", "probes"];
        assert_eq!(answer.as_object().unwrap().len(), fields.len());
        for field in fields {
            if vector[field] != answer[field] {
                let id = vector["id"].as_str().unwrap();
                let difference =
                    format!("{field}: expected {}, is {}", vector[field], answer[field]);
                wrong.insert(id, difference);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:#?}", wrong.len(), vectors.len());
}

#[test]
fn the_machines_zone_and_locale_change_nothing() {
    // This very program again, with the vectors alone, on other machines as far as it can tell.
    let machines =
        [("Asia/Tokyo", "ja_JP.UTF-8"), ("America/St_Johns", "fr_CA.UTF-8"), ("No/Where", "xx")];
    for (zone, locale) in machines {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "every_field_of_every_vector_is_as_both_oracles_say"])
            .envs([("TZ", zone), ("LC_ALL", locale), ("TZDIR", "/nowhere")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && said.contains("1 passed"), "{zone}: {said}");
    }
}

fn seconds(at: &Value) -> Option<i64> {
    at.as_str().map(|at| at.parse::<Timestamp>().unwrap().as_second())
}

fn text(at: i64) -> String {
    Timestamp::from_second(at).unwrap().to_string()
}

#[test]
fn remaining_at_due_is_zero_and_the_clock_is_breached_one_second_later() {
    for mut vector in vectors() {
        let Some(due) = seconds(&vector["due"]) else { continue };
        vector["probes"] = json!([{"at": text(due)}, {"at": text(due + 1)}]);
        let probes = eval_one(&vector)["probes"].take();
        assert_eq!(probes[0]["remaining_s"], 0, "{vector}");
        assert_eq!(probes[0]["breached"], false, "{vector}");
        assert_eq!(probes[1]["breached"], true, "{vector}");
    }
}

#[test]
fn splitting_and_repeating_pauses_changes_nothing() {
    for vector in vectors() {
        let mut split = Vec::new();
        for pause in vector["pauses"].as_array().unwrap() {
            let from = seconds(&pause[0]).unwrap();
            let middle = seconds(&pause[1]).map_or(from + 7201, |to| from + (to - from) / 3);
            split.push(json!([text(middle), pause[1]]));
            split.push(json!([pause[0], text(middle)]));
            split.push(pause.clone());
        }
        let mut other = vector.clone();
        other["pauses"] = Value::Array(split);
        assert_eq!(eval_one(&other), eval_one(&vector), "{vector}");
    }
}

#[test]
fn a_pause_never_makes_due_earlier_and_more_time_never_does() {
    for vector in vectors() {
        let Some(due) = seconds(&vector["due"]) else { continue };
        let mut more = vector.clone();
        more["target"]["n"] = json!(vector["target"]["n"].as_i64().unwrap() + 1);
        assert!(seconds(&eval_one(&more)["due"]).is_none_or(|later| later >= due), "{vector}");
        let start = seconds(&vector["start"]).unwrap();
        for share in [0, 1, 5, 9, 11] {
            let from = start + (due - start) * share / 10;
            for length in [1, 3600, 86_400 * 3] {
                let mut paused = vector.clone();
                let pause = json!([text(from), text(from + length)]);
                paused["pauses"].as_array_mut().unwrap().push(pause);
                assert!(seconds(&eval_one(&paused)["due"]).is_none_or(|at| at >= due), "{paused}");
            }
        }
    }
}

const OFFICE: &str = r#"{"tz":"Europe/Copenhagen","weekly":{"mon":[["09:00","17:00"]],"tue":[["09:00","17:00"]],"wed":[["09:00","17:00"]],"thu":[["09:00","17:00"]],"fri":[["09:00","17:00"]]}}"#;

/// Due in local winter time, for a target from a local winter time, on office hours; and with Friday 16
/// January 2026 closing at 15:00.
fn due(start: &str, unit: &str, n: i64) -> String {
    let mut cal: Value = serde_json::from_str(OFFICE).unwrap();
    cal["special"] = json!({"2026-01-16": [["09:00", "15:00"]]});
    let start = format!("{start}:00+01:00");
    let line = json!({"id": 1, "cal": cal, "start": start, "target": {"unit": unit, "n": n}});
    let due = seconds(&eval_one(&line)["due"]).unwrap();
    Timestamp::from_second(due + 3600).unwrap().strftime("%a %d %H:%M").to_string()
}

#[test]
fn tuesday_10_00_plus_one_business_day_is_wednesday_10_00() {
    assert_eq!(due("2026-01-13T10:00", "business_days", 1), "Wed 14 10:00");
}

#[test]
fn saturday_plus_one_business_day_is_tuesday_9_00() {
    assert_eq!(due("2026-01-17T12:00", "business_days", 1), "Tue 20 09:00");
}

#[test]
fn thursday_16_10_plus_one_business_day_with_friday_closing_at_15_00_is_friday_15_00() {
    assert_eq!(due("2026-01-15T16:10", "business_days", 1), "Fri 16 15:00");
}

#[test]
fn to_the_end_of_day_is_the_closing_of_the_last_day() {
    assert_eq!(due("2026-01-13T10:00", "business_days_eod", 1), "Wed 14 17:00");
    assert_eq!(due("2026-01-15T16:10", "business_days_eod", 1), "Fri 16 15:00");
}

#[test]
fn a_budget_that_is_used_up_at_a_closing_is_due_at_that_closing() {
    assert_eq!(due("2026-01-13T13:00", "business_seconds", 4 * 3600), "Tue 13 17:00");
    assert_eq!(due("2026-01-13T13:00", "business_seconds", 4 * 3600 + 1), "Wed 14 09:00");
}

#[test]
fn a_target_of_zero_is_due_at_the_effective_start() {
    for unit in ["business_seconds", "business_days"] {
        assert_eq!(due("2026-01-13T13:00", unit, 0), "Tue 13 13:00");
        assert_eq!(due("2026-01-17T13:00", unit, 0), "Mon 19 09:00");
    }
}

#[test]
fn elapsed_time_runs_around_the_clock_and_pauses_on_elapsed_time() {
    assert_eq!(due("2026-01-17T13:00", "elapsed_seconds", 7200), "Sat 17 15:00");
    let line = json!({
        "id": "e", "cal": {"tz": "Etc/UTC", "weekly": {}}, "start": "2026-01-17T12:00:00Z",
        "target": {"unit": "elapsed_seconds", "n": 7200},
        "pauses": [["2026-01-17T13:00:00Z", "2026-01-18T13:00:00Z"]],
        "probes": [{"at": "2026-01-18T13:30:00Z"}],
    });
    assert_eq!(
        eval_one(&line),
        json!({
            "id": "e", "effective_start": "2026-01-17T12:00:00Z", "budget_s": 7200,
            "due": "2026-01-18T14:00:00Z",
            "probes": [{"at": "2026-01-18T13:30:00Z", "open": false, "paused": false,
                "remaining_s": 1800, "breached": false, "next_change": null}],
        })
    );
}

#[test]
fn what_does_not_exist_is_null() {
    let line = json!({
        "id": "n", "cal": {"tz": "Etc/UTC", "weekly": {}, "special": {"2026-01-19": [["09:00", "10:00"]]}},
        "start": "2026-01-17T12:00:00Z", "target": {"unit": "business_seconds", "n": 7200},
        "probes": [{"at": "2026-01-20T00:00:00Z"}],
    });
    let answer = eval_one(&line);
    assert_eq!(answer["effective_start"], "2026-01-19T09:00:00Z");
    assert_eq!(answer["due"], Value::Null);
    assert_eq!(answer["probes"][0]["remaining_s"], 3600);
    let mut days = line;
    days["target"] = json!({"unit": "business_days", "n": 1});
    let answer = eval_one(&days);
    assert_eq!(answer["effective_start"], "2026-01-19T09:00:00Z");
    assert_eq!(answer["budget_s"], Value::Null);
    assert_eq!(answer["due"], Value::Null);
}

// The third opinion: minute after minute, straight from the words of the semantics.

struct Walker {
    zone: TimeZone,
    cal: Value,
    pauses: Vec<(i64, i64)>,
    /// The dates that hold a minute, once found out.
    known: RefCell<HashMap<i64, Vec<Date>>>,
    intervals: RefCell<HashMap<Date, Vec<(i64, i64)>>>,
}

impl Walker {
    fn new(cal: &Value, pauses: &[(i64, i64)]) -> Self {
        Self {
            zone: TimeZone::get(cal["tz"].as_str().unwrap()).unwrap(),
            cal: cal.clone(),
            pauses: pauses.to_vec(),
            known: RefCell::default(),
            intervals: RefCell::default(),
        }
    }

    fn intervals(&self, date: Date) -> Vec<(i64, i64)> {
        let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
            [usize::try_from(date.weekday().to_monday_zero_offset()).unwrap()];
        let minute = |t: &Value| {
            let (h, m) = t.as_str().unwrap().split_once(':').unwrap();
            h.parse::<i64>().unwrap() * 60 + m.parse::<i64>().unwrap()
        };
        let written = match self.cal["special"].get(date.to_string()) {
            Some(special) => special.clone(),
            None if self.is_holiday(date) => return Vec::new(),
            None => self.cal["weekly"].get(day).cloned().unwrap_or(json!([])),
        };
        let pairs = written.as_array().unwrap().iter();
        let night = if self.is_holiday(date.tomorrow().unwrap()) { 1440 } else { i64::MAX };
        pairs
            .map(|pair| (minute(&pair[0]), minute(&pair[1])))
            .map(|(from, to)| if to < from { (from, (to + 1440).min(night)) } else { (from, to) })
            .collect()
    }

    fn is_holiday(&self, date: Date) -> bool {
        let holidays = self.cal["holidays"].as_array().unwrap();
        holidays.contains(&json!(date.to_string()))
            && self.cal["special"].get(date.to_string()).is_none()
    }

    fn wall(&self, at: i64) -> Civil {
        self.zone.to_datetime(Timestamp::from_second(at).unwrap())
    }

    /// The business days that hold an instant, the one that began first before the other.
    fn days(&self, at: i64) -> Vec<Date> {
        let find = || {
            let wall = self.wall(at);
            let minute = i64::from(wall.hour()) * 60 + i64::from(wall.minute());
            let holds = |date: Date, minute: i64| {
                let mut all = self.intervals.borrow_mut();
                let list = all.entry(date).or_insert_with(|| self.intervals(date));
                list.iter().any(|&(from, to)| from <= minute && minute < to)
            };
            let yesterday = wall.date().yesterday().unwrap();
            let mut days = Vec::new();
            days.extend(holds(yesterday, minute + 1440).then_some(yesterday));
            days.extend(holds(wall.date(), minute).then_some(wall.date()));
            days
        };
        self.known.borrow_mut().entry(at).or_insert_with(find).clone()
    }

    fn open(&self, at: i64) -> bool {
        !self.days(at).is_empty()
    }

    fn paused(&self, at: i64) -> bool {
        self.pauses.iter().any(|&(from, to)| from <= at && at < to)
    }

    /// The start, if open, else the next open minute.
    fn effective(&self, start: i64) -> i64 {
        (start..).step_by(60).find(|&at| self.open(at)).unwrap()
    }

    fn used(&self, from: i64, to: i64) -> i64 {
        let counts = |&at: &i64| self.open(at) && !self.paused(at);
        60 * i64::try_from((from..to).step_by(60).filter(counts).count()).unwrap()
    }

    /// Where the budget is used up.
    fn spent(&self, from: i64, budget: i64) -> i64 {
        let mut left = budget;
        let mut at = from;
        while left > 0 {
            left -= if self.open(at) && !self.paused(at) { 60 } else { 0 };
            at += 60;
        }
        at
    }

    /// The same time of day on the n-th business day after, as if nothing paused.
    fn days_later(&self, from: i64, n: usize, to_closing: bool) -> i64 {
        let own = self.days(from)[0];
        let mut days = vec![own];
        let mut at = from;
        // The n-th next day that shows an open minute, and all of its minutes.
        let mut minutes = Vec::new();
        loop {
            for day in self.days(at) {
                if !days.contains(&day) && day > own {
                    days.push(day);
                }
                if days.len() > n && day == days[n] {
                    minutes.push(at);
                }
            }
            at += 60;
            let over = minutes.last().is_some_and(|last| at - last > 2 * 86_400);
            if over {
                break;
            }
        }
        let closing = (minutes.last().unwrap() + 60).max(from);
        if to_closing {
            return closing;
        }
        // Wall-clock time since the midnight of its business day, moved to the other day.
        let moved = self.wall(from).checked_add((days[n] - own).get_days().days()).unwrap();
        let wanted = self.zone.to_ambiguous_timestamp(moved);
        let wanted = match wanted.offset() {
            // Skipped: the instant of the skip.
            jiff::tz::AmbiguousOffset::Gap { .. } => {
                let near = wanted.later().unwrap();
                let turn = self.zone.preceding(near + 1.second()).next().unwrap();
                turn.timestamp().as_second()
            }
            _ => wanted.earlier().unwrap().as_second(),
        };
        minutes.iter().copied().find(|&minute| minute >= wanted).unwrap_or(closing)
    }

    /// Effective start, budget and due, as the semantics say.
    fn due(&self, start: i64, unit: &str, n: i64) -> (i64, i64, i64) {
        let from = self.effective(start);
        let calm = Walker::new(&self.cal, &[]);
        let nominal = match unit {
            "business_seconds" => calm.spent(from, n),
            _ => calm.days_later(from, usize::try_from(n).unwrap(), unit.ends_with("eod")),
        };
        let budget = calm.used(from, nominal);
        let spent = self.spent(from, budget);
        if spent != calm.spent(from, budget) {
            return (from, budget, spent);
        }
        let inside = |at: i64| self.pauses.iter().any(|&(from, to)| from < at && at < to);
        let mut due = nominal;
        while inside(due) || due != nominal && (!self.open(due) || self.paused(due)) {
            due += 60;
        }
        (from, budget, due)
    }
}

fn any_interval() -> impl Strategy<Value = Value> {
    // In quarters of an hour; an end at or before the start is on the next day.
    (0..96_i64, 1..72_i64).prop_map(|(from, length)| {
        let clock = |q: i64| format!("{:02}:{:02}", q / 4, q % 4 * 15);
        let to = from + length;
        json!([clock(from), clock(if to > 96 { to - 96 } else { to })])
    })
}

fn any_calendar(start: i64) -> impl Strategy<Value = Value> {
    let zones = vec![
        "Europe/Copenhagen",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Asia/Tehran",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "America/St_Johns",
        "Africa/Casablanca",
        "Pacific/Chatham",
        "America/Havana",
        "Antarctica/Troll",
        "Etc/UTC",
    ];
    let dates = move |n| {
        prop::collection::btree_set(0..12_i64, 0..n).prop_map(move |days| {
            days.into_iter()
                .map(|day| text(start + day * 86_400)[..10].to_owned())
                .collect::<Vec<String>>()
        })
    };
    let intervals = || prop::collection::vec(any_interval(), 0..3);
    (
        prop::sample::select(zones),
        prop::collection::vec(intervals(), 7),
        dates(4),
        dates(3),
        prop::collection::vec(intervals(), 3),
        any_interval(),
    )
        .prop_map(|(tz, week, holidays, special, special_intervals, one)| {
            let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
            let mut weekly: serde_json::Map<String, Value> =
                names.iter().zip(week).map(|(day, list)| ((*day).into(), list.into())).collect();
            // Never a calendar that does not open.
            weekly.insert("wed".into(), json!([one]));
            let special: serde_json::Map<String, Value> =
                special.into_iter().zip(special_intervals).map(|(d, i)| (d, i.into())).collect();
            json!({"tz": tz, "weekly": weekly, "holidays": holidays, "special": special})
        })
}

/// Starts near where the zones turn their clocks or skip a date, on whole minutes.
fn any_start() -> impl Strategy<Value = i64> {
    let near = [
        "2026-03-27T00:00:00Z",
        "2026-10-23T00:00:00Z",
        "2026-03-06T00:00:00Z",
        "2026-10-30T00:00:00Z",
        "2026-04-03T00:00:00Z",
        "2015-02-20T00:00:00Z",
        "2011-12-28T00:00:00Z",
        "2010-11-05T00:00:00Z",
        "2022-09-20T00:00:00Z",
        "2025-09-25T00:00:00Z",
        "2026-06-01T00:00:00Z",
    ];
    let near = near.map(|at| at.parse::<Timestamp>().unwrap().as_second());
    (prop::sample::select(near.to_vec()), 0..5760_i64)
        .prop_map(|(from, minutes)| from + minutes * 60)
}

fn any_life() -> impl Strategy<Value = (i64, Value, &'static str, i64, Vec<(i64, i64)>)> {
    any_start().prop_flat_map(|start| {
        let target = prop_oneof![
            (Just("business_seconds"), (0..1200_i64).prop_map(|minutes| minutes * 60)),
            (Just("business_days"), 0..4_i64),
            (Just("business_days_eod"), 0..4_i64),
        ];
        let pause = (-600..8000_i64, 0..3000_i64)
            .prop_map(move |(from, length)| (start + from * 60, start + (from + length) * 60));
        (any_calendar(start), target, prop::collection::vec(pause, 0..3))
            .prop_map(move |(cal, (unit, n), pauses)| (start, cal, unit, n, pauses))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(2026), ..Default::default() })]

    #[test]
    fn a_walker_of_minutes_says_the_same((start, cal, unit, n, pauses) in any_life()) {
        let walker = Walker::new(&cal, &pauses);
        let (effective, budget, due) = walker.due(start, unit, n);
        let mut probes: Vec<i64> = vec![start, effective, due, (start + due) / 120 * 60, due + 86_400];
        probes.sort_unstable();
        let line = json!({
            "id": "w", "cal": cal, "start": text(start), "target": {"unit": unit, "n": n},
            "pauses": pauses.iter().map(|&(a, b)| json!([text(a), text(b)])).collect::<Vec<_>>(),
            "probes": probes.iter().map(|&at| json!({"at": text(at)})).collect::<Vec<_>>(),
        });
        let answer = eval_one(&line);
        prop_assert_eq!(seconds(&answer["effective_start"]), Some(effective), "{}", &line);
        prop_assert_eq!(&answer["budget_s"], &json!(budget), "{}", &line);
        prop_assert_eq!(seconds(&answer["due"]), Some(due), "{} gave {}", &line, &answer);
        for (probe, at) in answer["probes"].as_array().unwrap().iter().zip(probes) {
            prop_assert_eq!(&probe["open"], &json!(walker.open(at)), "{} {}", &line, probe);
            prop_assert_eq!(&probe["paused"], &json!(walker.paused(at)));
            prop_assert_eq!(&probe["breached"], &json!(at > due));
            let left = budget - walker.used(effective, at);
            prop_assert_eq!(&probe["remaining_s"], &json!(left), "{} {}", &line, probe);
            let change = seconds(&probe["next_change"]).unwrap();
            let open = walker.open(at);
            prop_assert_eq!(walker.open(change), !open);
            prop_assert!((at..change).step_by(60).all(|t| walker.open(t) == open));
        }
    }
}
