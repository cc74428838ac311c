//! How fast the clocks are worked out, on one core. `cargo bench --bench sla` prints the table that
//! `docs/benchmarks.md` shows: items are clocks, or lines of `sla eval`.
//!
//! Calendars are loaded, and their pages worked out, before anything is measured.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot run must not give figures"
)]

use std::hint::black_box;

use caseload::domain::{PartnerId, Severity, Target};
use caseload::sla::budget::{Due, Pause, Time, Want, join};
use caseload::sla::ledger::Ledger;
use caseload::sla::policy::Policy;
use caseload::sla::{eval, reading};
use chrono::DateTime;
use divan::Bencher;
use divan::counter::ItemsCount;

const TARGETS: [&str; 4] = ["2h", "1bd", "20bd", "90bd"];
/// How many clocks one round works out.
const CLOCKS: i64 = 1000;
/// Monday 5 January 2026, 00:00 UTC.
const MONDAY_S: i64 = 1_767_571_200;
/// A prime number of seconds, a little over seven hours: starts fall into all hours of the day, all days of
/// the week, and nine months.
const STEP_S: i64 = 25_411;

fn main() {
    divan::main();
}

fn want(target: &str) -> (Target, Want) {
    let target: Target = target.parse().expect("a target");
    let want = match target {
        Target::Elapsed(s) | Target::BusinessTime(s) => Want::Seconds(s),
        Target::BusinessDays(n) => Want::Days(n),
    };
    (target, want)
}

/// For clocks with other starts each: the budget, when it is due, and what is left at an instant in the
/// middle of the clock's life.
fn due_and_remaining(bencher: Bencher<'_, '_>, target: &str, pauses: i64) {
    let policy = Policy::embedded();
    let (target, want) = want(target);
    let time = match target {
        Target::Elapsed(_) => Time::Elapsed,
        _ => Time::Open(policy.calendar("vendor").expect("the vendor's calendar")),
    };
    let round = || {
        let mut sum = 0;
        for n in 0..CLOCKS {
            let start = MONDAY_S + n * STEP_S;
            let course = time.begin(start, want).expect("the calendar opens");
            let whole = course.nominal.expect("within 20 years") - start;
            // Ten pauses of a hundredth each, spread over the life, as a ledger holds and joins them.
            let mut held: Vec<Pause> = (0..pauses)
                .map(|i| start + whole * i / 11)
                .map(|from| Pause { from, to: Some(from + whole / 100) })
                .collect();
            join(&mut held);
            let Due::At(due) = time.due(&course, &held) else { panic!("due some time") };
            sum += due + course.budget - time.used(&course, &held, start + whole / 2);
        }
        sum
    };
    // The pages of the calendar are worked out once.
    black_box(round());
    bencher.counter(ItemsCount::new(CLOCKS.unsigned_abs())).bench(round);
}

#[divan::bench(args = TARGETS)]
fn due_and_remaining_without_pauses(bencher: Bencher<'_, '_>, target: &str) {
    due_and_remaining(bencher, target, 0);
}

#[divan::bench(args = TARGETS)]
fn due_and_remaining_with_ten_pauses(bencher: Bencher<'_, '_>, target: &str) {
    due_and_remaining(bencher, target, 10);
}

/// When the screen has to look again: the earliest instant at which any of 10,000 clocks reads differently.
#[divan::bench]
fn next_change_over_10_000_clocks(bencher: Bencher<'_, '_>) {
    let policy = Policy::embedded();
    let now = DateTime::from_timestamp(MONDAY_S + 400 * STEP_S, 0).expect("an instant");
    let partners = ["direct", "nordwind", "summit", "sakura"].map(PartnerId::from);
    // Two clocks a case, reported over the four months before.
    let clocks: Vec<_> = (0..5_000)
        .flat_map(|n: i64| {
            let start = MONDAY_S + n * 2003;
            let reported = DateTime::from_timestamp(start, 0).expect("an instant");
            let pick = usize::try_from(n).unwrap_or(0);
            let severity = Severity::ALL[pick % 4];
            Ledger::opened(reported, severity, &partners[pick / 4 % 4], &policy)
                .summaries(now, &policy)
        })
        .collect();
    assert_eq!(clocks.len(), 10_000);
    let round =
        || clocks.iter().filter_map(|clock| reading::read(clock, &policy, now).next_change).min();
    assert!(round().is_some_and(|at| at > now));
    bencher.counter(ItemsCount::new(clocks.len())).bench(round);
}

/// JSON lines in, JSON lines out: the vectors of the test suite, thirty times over.
#[divan::bench]
fn sla_eval_lines(bencher: Bencher<'_, '_>) {
    let vectors = include_str!("../tests/data/sla-vectors.jsonl");
    let input = vectors.repeat(30);
    let lines = input.lines().count();
    let mut output = Vec::new();
    assert!(eval::run(vectors.as_bytes(), &mut output).expect("memory does not fail"));
    bencher.counter(ItemsCount::new(lines)).bench(|| {
        let mut output = Vec::with_capacity(input.len());
        eval::run(black_box(input.as_bytes()), &mut output).expect("memory does not fail");
        output.len()
    });
}
