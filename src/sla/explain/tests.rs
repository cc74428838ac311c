use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::domain::rules::Change;
use crate::sla::policy::{PolicyChange, PolicyDocument};

fn policy() -> Policy {
    Policy::embedded()
}

/// Berlin in winter.
fn at(text: &str) -> DateTime<Utc> {
    format!("{}:00+01:00", text.replace(' ', "T")).parse().unwrap()
}

fn text(ledger: &Ledger, clock: usize, now: &str, width: usize) -> String {
    let policy = policy();
    let told = explain(ledger, clock, &policy, at(now)).unwrap();
    let lines = told.text(&policy, width);
    lines.iter().map(TextLine::whole).collect::<Vec<_>>().join("\n")
}

/// A case of Nordwind (Hamburg, Mon-Thu 08:00-17:00, Fri 08:00-15:00) that was reported on a Saturday and
/// waited for its customer.
fn waited() -> Ledger {
    let policy = policy();
    let mut ledger =
        Ledger::opened(at("2026-12-12 10:12"), Severity::High, &"nordwind".into(), &policy);
    for (when, change) in [
        ("2026-12-12 11:00", Change::Responded),
        ("2026-12-15 10:00", Change::InfoRequested),
        ("2026-12-16 11:30", Change::InfoReceived),
        ("2026-12-17 09:00", Change::SeveritySet(Severity::Critical)),
    ] {
        ledger.apply(at(when), &change, &policy);
    }
    ledger
}

#[test]
fn a_running_clock_is_told_from_its_start_to_its_due_instant() {
    assert_eq!(
        text(&waited(), 1, "2026-12-18 16:00", 76),
        "\
Resolution at 1st level: 1bd 1h left
Due Tue 22 Dec 09:30 CET, in 3d 17h by the clock on the wall.

Target     5 business days: resolution at 1st level of a Critical case, by
           version 2026-11 of the policy.
Changed    Thu 17 Dec 09:00: severity High → Critical; the target is 5bd in
           place of 10bd, from the original start and with the same pauses.
Calendar   Nordwind Support, Hamburg: Mon-Thu 08:00-17:00, Fri 08:00-15:00
           (Europe/Berlin).
Start      The case was reported Sat 12 Dec 10:12 CET, when it was closed (1
           weekend). The clock counts from the opening on, Mon 14 Dec 08:00.
Budget     5 business days are 43h of open time here: without pauses it
           would be due Mon 21 Dec 08:00 CET.

So far: 32h 30m of 43h
  Mon 14 Dec 08:00 to Tue 15 Dec 10:00: 11h counted; skipped: 1 night
  Tue 15 Dec 10:00 to Wed 16 Dec 11:30: held, waiting for the customer;
    10h 30m not counted
  Wed 16 Dec 11:30 to Fri 18 Dec 15:00: 21h 30m counted; skipped: 2 nights
  Fri 18 Dec 15:00 to now: closed (opens Mon 21 Dec 08:00)
Until it is due: 10h 30m
  Mon 21 Dec 08:00 to Tue 22 Dec 09:30: 10h 30m to go; skipped: 1 night
    and 1 weekend

Stops      It is stopped by escalating the case to 2nd level or closing it.
           Waiting for information from the customer holds it for as long as
           that lasts."
    );
}

#[test]
fn a_clock_that_has_ended_tells_how() {
    assert_eq!(
        text(&waited(), 0, "2026-12-18 16:00", 76),
        "\
Response: met in 48m

Target     4 hours: response of a High case, by version 2026-11 of the
           policy.
Calendar   None: it counts around the clock. Times are in Europe/Berlin.
Start      The case was reported Sat 12 Dec 10:12 CET. The clock counts from
           then on.
Budget     4h around the clock: due Sat 12 Dec 14:12 CET.

What counted: 48m of 4h
  Sat 12 Dec 10:12 to 11:00: 48m counted

Met        The customer had the first response Sat 12 Dec 11:00 CET, with 3h
           12m left."
    );
}

#[test]
fn long_runs_are_told_at_once_with_their_holidays_and_other_hours() {
    let policy = policy();
    let mut ledger =
        Ledger::opened(at("2026-12-22 17:30"), Severity::High, &"direct".into(), &policy);
    ledger.apply(at("2026-12-23 10:00"), &Change::Escalated(Tier::Second), &policy);
    let told = text(&ledger, 2, "2027-04-07 10:00", 76);
    let course = told.split_once("So far").unwrap().1.split_once("Stops").unwrap().0;
    assert_eq!(
        course,
        "\
: 548h of 235h, 313h over
  Wed 23 Dec 2026 10:00 to now: 548h counted; skipped: 54 nights, 15
    weekends, 5 holidays (Fri 25 Dec 2026, Fri 1 Jan, Thu 25 Mar, Fri 26 Mar
    and Mon 29 Mar) and the special day Thu 24 Dec 2026
Hours      Other hours than the week's: Thu 31 Dec 2026 09:00-12:00.

"
    );
}

#[test]
fn a_held_clock_and_a_missed_one_say_so() {
    let policy = policy();
    let mut ledger =
        Ledger::opened(at("2026-12-07 10:00"), Severity::Critical, &"nordwind".into(), &policy);
    assert_eq!(
        text(&ledger, 0, "2026-12-07 13:00", 200).lines().take(2).collect::<Vec<_>>(),
        ["Response: +1h over", "It was due Mon 7 Dec 12:00 CET, 1h ago by the clock on the wall."]
    );
    ledger.apply(at("2026-12-08 11:00"), &Change::InfoRequested, &policy);
    assert_eq!(
        text(&ledger, 1, "2026-12-09 13:00", 200).lines().take(2).collect::<Vec<_>>(),
        [
            "Resolution at 1st level: held, 3bd 6h left",
            "Held since Tue 8 Dec 11:00: waiting for the customer. When it is due is known once it \
             runs again."
        ]
    );
}

#[test]
fn lunch_breaks_are_breaks_and_a_tier_that_lost_the_case_is_told() {
    let policy = policy();
    let mut ledger =
        Ledger::opened(at("2026-12-07 02:00"), Severity::Low, &"sakura".into(), &policy);
    ledger.apply(at("2026-12-08 03:00"), &Change::Escalated(Tier::Second), &policy);
    ledger.apply(at("2026-12-09 03:00"), &Change::HandedBack(Tier::First), &policy);
    let told = explain(&ledger, 1, &policy, at("2026-12-09 03:30")).unwrap();
    assert_eq!(told.past.len(), 7, "{:#?}", told.past);
    let Stretch::Closed { skipped, .. } = &told.past[1] else { panic!("{:?}", told.past[1]) };
    assert_eq!((skipped.breaks, skipped.nights), (1, 0));
    assert!(matches!(
        told.past[5],
        Stretch::Paused { reason: crate::domain::PauseReason::OtherTier, held_s: 28800, .. }
    ));
}

#[test]
fn a_ledger_from_before_reasons_were_kept_is_explained_without_them() {
    let mut json = serde_json::to_value(waited()).unwrap();
    for clock in json["clocks"].as_array_mut().unwrap() {
        let clock = clock.as_object_mut().unwrap();
        clock.remove("severity");
        clock.remove("earlier");
        if let Some(end) = clock.get_mut("end") {
            end.as_object_mut().unwrap().remove("by");
        }
    }
    let old: Ledger = serde_json::from_value(json).unwrap();
    let told = text(&old, 0, "2026-12-18 16:00", 200);
    assert!(told.contains("Target     4 hours: response, by version 2026-11"), "{told}");
    assert!(told.contains("Met        It ended Sat 12 Dec 11:00 CET"), "{told}");
    assert!(!text(&old, 1, "2026-12-18 16:00", 200).contains("Changed"));
}

#[test]
fn a_policy_that_says_something_else_by_now_is_named() {
    let mut document: PolicyDocument = policy().document();
    document.version = "2027-01".to_owned();
    document.matrix.critical.first_level = "3bd".parse().unwrap();
    let newer = Policy::compile(&document).unwrap();
    let target = |ledger: &Ledger, policy: &Policy| {
        let told = explain(ledger, 1, policy, at("2026-12-18 16:00")).unwrap();
        let lines: Vec<String> = told.text(policy, 300).iter().map(TextLine::whole).collect();
        lines.into_iter().filter(|l| l.starts_with("Target") || l.starts_with("Changed")).collect()
    };
    let kept: Vec<String> = target(&waited(), &newer);
    assert_eq!(
        kept[0],
        "Target     5 business days: resolution at 1st level of a Critical case, by version 2026-11 of \
         the policy. (Version 2027-01, in force now, says 3bd; a clock keeps what it started under.)"
    );
    document.rules.policy_change = PolicyChange::Apply;
    let applied = Policy::compile(&document).unwrap();
    let mut ledger = waited();
    ledger.policy_changed(&applied);
    assert_eq!(
        target(&ledger, &applied)[2],
        "Changed    policy 2026-11 → 2027-01; the target is 3bd in place of 5bd, from the original start \
         and with the same pauses."
    );
}

#[test]
fn lines_fit_their_width_and_json_tells_every_stretch() {
    let policy = policy();
    let told = explain(&waited(), 1, &policy, at("2026-12-18 16:00")).unwrap();
    for width in [20, 30, 43, 44, 60, 76, 120, 300] {
        for line in told.text(&policy, width) {
            assert!(crate::domain::text::columns(&line.whole()) <= width, "{line:?} in {width}");
        }
    }
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["clock"], 2);
    assert_eq!(json["target"]["severity"], "critical");
    assert_eq!(json["past"][0]["kind"], "closed");
    assert_eq!(json["past"][0]["weekends"], 1);
    assert_eq!(json["past"][3]["reason"], Value::Null);
    let counted: i64 =
        json["past"].as_array().unwrap().iter().filter_map(|s| s["counted_s"].as_i64()).sum();
    assert_eq!(Some(counted), json["used_s"].as_i64());
}

/// The embedded policy, and one whose calendars work through nights and around the clock.
fn policies() -> Vec<Policy> {
    let mut document = policy().document();
    for (id, hours) in [("nordwind", ["22:00", "06:00"]), ("summit", ["00:00", "24:00"])] {
        let calendar = document.calendars.get_mut(id).unwrap();
        for (day, intervals) in &mut calendar.weekly {
            if id == "summit" || day != "wed" {
                *intervals = vec![hours.map(str::to_owned)];
            } else {
                intervals.clear();
            }
        }
    }
    vec![policy(), Policy::compile(&document).unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1500,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    })]

    #[test]
    fn counted_stretches_always_sum_to_the_used_time_and_leave_no_gap(
        start in 1_772_300_000_i64..1_798_600_000,
        severity in prop::sample::select(Severity::ALL.to_vec()),
        partner in prop::sample::select(vec!["direct", "nordwind", "summit", "sakura"]),
        events in prop::collection::vec((0_i64..900_000, 0_u8..8, 0_usize..4), 0..9),
        rest in 0_i64..3_000_000,
        night in any::<bool>(),
    ) {
        let policy = &policies()[usize::from(night)];
        let seconds = |t: i64| DateTime::from_timestamp(t, 0).unwrap();
        let mut now = start;
        let mut ledger = Ledger::opened(seconds(now), severity, &partner.into(), policy);
        for (wait, kind, pick) in events {
            now += wait;
            let change = match kind {
                0 => Change::Responded,
                1 => Change::InfoRequested,
                2 => Change::InfoReceived,
                3 => Change::SeveritySet(Severity::ALL[pick]),
                4 => Change::Escalated(Tier::Second),
                5 => Change::HandedBack(Tier::First),
                6 => Change::Closed,
                _ => Change::Reopened,
            };
            ledger.apply(seconds(now), &change, policy);
        }
        now += rest;
        for clock in 0..ledger.clocks().len() {
            let told = explain(&ledger, clock, policy, seconds(now)).unwrap();
            let until = told.end.as_ref().map_or(told.at, |end| end.at);
            for (list, from, to, sum) in [
                (&told.past, told.start.at, until, told.used_s),
                (&told.ahead, told.at, told.due_at.unwrap_or(told.at), told.remaining_s.max(0)),
            ] {
                let counted: i64 = list.iter().map(Stretch::counted_s).sum();
                if list.is_empty() {
                    prop_assert!(counted == 0 && (sum == 0 || told.state != ClockState::Running));
                    continue;
                }
                prop_assert_eq!(counted, sum, "{:#?}", told);
                prop_assert_eq!(list[0].from(), from);
                prop_assert_eq!(list[list.len() - 1].to(), to);
                for pair in list.windows(2) {
                    prop_assert_eq!(pair[0].to(), pair[1].from());
                }
                for stretch in list {
                    prop_assert!(stretch.from() < stretch.to());
                }
            }
            prop_assert!(!told.calendar_changed);
            prop_assert_eq!(told.used_s + told.remaining_s, told.budget_s);
            // Telling it never fails, whatever happened.
            prop_assert!(told.text(policy, 60).len() > 8);
        }
    }
}
