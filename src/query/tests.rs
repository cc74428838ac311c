//! The language: what is understood, what is wrong and where, and which cases fit.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::{Actor, Case, Role};
use crate::sla::policy::Policy;

/// Tuesday, 10:00 in Oslo.
const NOW: &str = "2026-11-24T09:00:00Z";

fn case(id: &str, change: impl FnOnce(&mut serde_json::Value)) -> Case {
    let mut case = serde_json::json!({
        "id": id, "subject": "Guest cannot connect", "severity": "high", "tier": "first",
        "state": "open", "partner": {"id": "nordwind", "name": "Nordwind Support"},
        "customer": {"company": "Fjord Logistics", "contact": "Ida Holm"}, "assignee": null,
        "eligibility": "eligible", "environment": "production", "workaround": false,
        "phone_follow_up": null, "correction": null, "reported_at": "2026-11-20T09:00:00Z",
        "updated_at": "2026-11-24T08:30:00Z", "revision": 1,
        "clocks": [{"kind": "resolution", "tier": "first", "target": "5bd",
            "started_at": "2026-11-20T09:00:00Z", "due_at": "2026-11-27T09:00:00Z",
            "state": "running", "paused_since": null, "ended_at": null, "remaining_s": null,
            "calendar": "vendor", "budget_s": 144_000}],
    });
    change(&mut case);
    serde_json::from_value(case).unwrap()
}

fn cases() -> Vec<Case> {
    let due = |case: &mut serde_json::Value, at: &str| case["clocks"][0]["due_at"] = at.into();
    vec![
        case("C-100", |_| {}),
        case("C-101", |c| {
            c["severity"] = "critical".into();
            c["assignee"] = serde_json::json!({"id": "rhald", "name": "R. Hald"});
            due(c, "2026-11-24T08:00:00Z");
        }),
        case("C-102", |c| {
            c["subject"] = "Host service stops, \"log\" full".into();
            c["severity"] = "low".into();
            c["state"] = "waiting".into();
            c["assignee"] = serde_json::json!({"id": "lito", "name": "L. Ito"});
            c["clocks"][0]["state"] = "paused".into();
            c["clocks"][0]["due_at"] = serde_json::Value::Null;
            c["clocks"][0]["remaining_s"] = 9000.into();
        }),
        case("C-203", |c| {
            c["subject"] = "Slow file transfer over gateway".into();
            c["tier"] = "second".into();
            c["partner"] = serde_json::json!({"id": "medio", "name": "Medio Sul"});
            c["customer"]["company"] = "Ærø Færger".into();
            c["environment"] = "lab".into();
            c["correction"] = "K-17".into();
            due(c, "2026-11-24T12:00:00Z");
        }),
    ]
}

fn me() -> Actor {
    Actor { id: "rhald".into(), name: "R. Hald".into(), role: Role::Partner, partner: None }
}

fn found_at(query: &str, now: &str) -> Vec<String> {
    let (policy, me, mut finder) = (Policy::embedded(), me(), Finder::default());
    let query = parse(query).unwrap();
    let now: DateTime<Utc> = now.parse().unwrap();
    let scope = Scope { me: Some(&me), now, policy: &policy, desk: "nordwind" };
    let fits = |case: &Case| query.judge(case, &Text::of(case), &scope, &mut finder).fits;
    let mut fits = fits;
    cases().iter().filter(|case| fits(case)).map(|case| case.id.to_string()).collect()
}

fn found(query: &str) -> String {
    found_at(query, NOW).join(" ")
}

#[test]
fn a_query_finds_the_cases_of_which_all_its_terms_hold() {
    for (query, wanted) in [
        ("", "C-100 C-101 C-102 C-203"),
        ("sev:crit", "C-101"),
        ("sev:crit,low", "C-101 C-102"),
        ("sev>=high", "C-100 C-101 C-203"),
        ("sev<high", "C-102"),
        ("sev>critical", ""),
        ("-sev:high", "C-101 C-102"),
        ("tier:2", "C-203"),
        ("tier:first", "C-100 C-101 C-102"),
        ("tier>=2", "C-203"),
        ("with:me", "C-101"),
        ("with:nobody", "C-100 C-203"),
        ("with:ito", "C-102"),
        ("with:LITO,me", "C-101 C-102"),
        ("is:missed", "C-101"),
        ("-is:missed", "C-100 C-102 C-203"),
        ("is:unassigned", "C-100 C-203"),
        ("is:free", "C-100"),
        ("is:mine,free", "C-100 C-101"),
        ("is:waiting", "C-102"),
        ("is:paused", "C-102"),
        ("is:closed", ""),
        ("is:open", "C-100 C-101 C-102 C-203"),
        ("due<4h", "C-101 C-203"),
        ("due:<4h", "C-101 C-203"),
        ("due<4h -is:missed", "C-203"),
        ("due>4h", "C-100"),
        ("due<1d", "C-101 C-203"),
        ("due<2bd", "C-101 C-203"),
        ("due<=3bd", "C-100 C-101 C-203"),
        ("due:today", "C-101 C-203"),
        ("due:tomorrow", ""),
        ("age>3d", "C-100 C-101 C-102 C-203"),
        ("age>5d", ""),
        ("age>1bd", "C-100 C-101 C-102 C-203"),
        ("updated<1h", "C-100 C-101 C-102 C-203"),
        ("updated>1d", ""),
        ("partner:nordwind", "C-100 C-101 C-102"),
        ("partner:sul", "C-203"),
        ("customer:ærø", "C-203"),
        ("customer:HOLM", "C-100 C-101 C-102 C-203"),
        ("env:lab", "C-203"),
        ("licence:eligible", "C-100 C-101 C-102 C-203"),
        ("correction:any", "C-203"),
        ("correction:k-1", "C-203"),
        ("correction:none sev:low", "C-102"),
        ("id:C-1", "C-100 C-101 C-102"),
        ("id:203", "C-203"),
        ("desk:nord", "C-100 C-101 C-102 C-203"),
        ("-desk:nord", ""),
        ("text:\"host service\"", "C-102"),
        ("\"host service\"", "C-102"),
        ("\"\\\"log\\\"\"", "C-102"),
        ("-\"host service\"", "C-100 C-101 C-203"),
        ("guest", "C-100 C-101"),
        ("-guest", "C-102 C-203"),
        ("GUEST fjord -hald", "C-100"),
        ("gstcnct", "C-100 C-101"),
        ("guestnowhere", ""),
        ("aero faerger", ""),
        ("slwfile", "C-203"),
        ("sev: is: due< -", "C-100 C-101 C-102 C-203"),
        ("sev:high,", "C-100 C-203"),
        ("sort:-id guest", "C-100 C-101"),
    ] {
        assert_eq!(found(query), wanted, "{query}");
    }
}

#[test]
fn what_stands_there_as_it_was_typed_goes_before_what_has_letters_between() {
    let (policy, mut finder) = (Policy::embedded(), Finder::default());
    let scope = Scope { me: None, now: NOW.parse().unwrap(), policy: &policy, desk: "" };
    let query = parse("stops").unwrap();
    let near = case("C-1", |c| c["subject"] = "Sync to portal stalls".into());
    let exact = case("C-2", |c| c["subject"] = "It stops".into());
    let mut rank = |case: &Case| query.judge(case, &Text::of(case), &scope, &mut finder).rank;
    assert_eq!(rank(&exact), 0);
    assert!(rank(&near) > 0 && query.has_words());
    assert!(!parse("sev:high -stops").unwrap().has_words());
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_nearest_right_word() {
    for (query, marked, sentence) in [
        ("guest is:mised", "mised", "There is no state \"mised\"; did you mean \"missed\"?"),
        (
            "sev:urgent",
            "urgent",
            "There is no severity \"urgent\"; there are: critical, high, medium, low",
        ),
        ("sevv:high", "sevv", "There is no field \"sevv\"; did you mean \"sev\"?"),
        ("http://desk", "http", "There is no field \"http\"; quotes around it look for the text"),
        ("due<4x", "4x", "Write due<4h, due<2bd, due:today or due:tomorrow"),
        ("due:friday", "friday", "Write due<4h, due<2bd, due:today or due:tomorrow"),
        ("age:3d", "3d", "Write age>3d or age<4h: m, h, d, w or bd"),
        ("age>soon", "soon", "Write age>3d or age<4h: m, h, d, w or bd"),
        ("due<4", "4", "A unit is missing: m, h, d, w or bd"),
        ("with>me", "with>", "with has no more or less; write with:…"),
        ("due<4h,5h", "5h", "Only one value can be compared"),
        (
            "sort:urgency",
            "urgency",
            "There is no order by \"urgency\"; there are: due, severity, reported, updated, id, customer",
        ),
        ("-sort:due", "-sort:due", "An order is written sort:due,-updated"),
        ("ærø is:m", "m", "\"m\" may be missed or met or mine"),
    ] {
        let problem = parse(query).unwrap_err();
        assert_eq!((&query[problem.at.clone()], problem.sentence.as_str()), (marked, sentence));
        let (_, line) = problem.marked(query);
        assert_eq!(line.trim_start().len(), marked.chars().count(), "{query}");
    }
    let unfinished = |query: &str| parse(query).unwrap_err().unfinished;
    assert!(unfinished("is:m") && unfinished("due<4") && !unfinished("is:mx"));
}

#[test]
fn an_answer_holds_until_the_instant_that_it_names() {
    let (policy, me, mut finder) = (Policy::embedded(), me(), Finder::default());
    for query in [
        "due<4h",
        "due>=4h",
        "due<2bd",
        "due<1d",
        "due:today",
        "due:tomorrow",
        "is:missed",
        "is:warning,critical",
        "-is:missed sev:high",
        "age>5d",
        "updated<1h",
        "age<7bd",
        "is:paused",
    ] {
        let query = parse(query).unwrap();
        for case in cases() {
            let text = Text::of(&case);
            let mut now: DateTime<Utc> = NOW.parse().unwrap();
            let mut judge = |now| {
                let scope = Scope { me: Some(&me), now, policy: &policy, desk: "" };
                query.judge(&case, &text, &scope, &mut finder)
            };
            let mut known = judge(now);
            let mut looks = 0;
            for _ in 0..1500 {
                now += chrono::TimeDelta::seconds(601);
                while let Some(at) = known.until.filter(|until| *until <= now) {
                    known = judge(at);
                    assert!(known.until.is_none_or(|until| until > at), "{query} of {}", case.id);
                    looks += 1;
                }
                assert_eq!(judge(now).fits, known.fits, "{query} of {} at {now}", case.id);
            }
            assert!(looks < 30, "{query} of {}: {looks} looks", case.id);
        }
    }
}

#[test]
fn the_word_under_the_cursor_is_completed() {
    let known = Known::of(cases().iter());
    let offered = |text: &str| {
        let completion = complete(text, text.len(), &known);
        let words = completion.candidates.iter().map(|candidate| candidate.word.as_str());
        (text[completion.at].to_owned(), words.collect::<Vec<_>>().join(" "))
    };
    for (text, at, wanted) in [
        ("s", "s", "sev: sort:"),
        ("guest -is:mi", "mi", "missed mine"),
        ("is:missed,wa", "wa", "warning waiting"),
        ("sev:", "", "critical high medium low"),
        ("sev>=h", "h", "high"),
        ("partner:", "", "medio nordwind"),
        ("partner:sul", "sul", "medio"),
        ("with:", "", "me nobody lito rhald"),
        ("customer:f", "f", "\"Fjord Logistics\" \"Ærø Færger\""),
        ("customer:\"fjord l", "\"fjord l", "\"Fjord Logistics\""),
        ("due:t", "t", "today tomorrow"),
        ("due<", "", "15m 1h 4h 1bd 2bd"),
        ("sort:due,", "", "due severity reported updated id customer"),
        ("xyz", "xyz", ""),
    ] {
        assert_eq!(offered(text), (at.to_owned(), wanted.to_owned()), "{text}");
    }
    assert_eq!(complete("guest ", 6, &known).candidates.len(), FIELDS.len());
}

#[test]
fn every_word_of_the_tables_is_understood() {
    for (field, word, ..) in FIELDS {
        assert_eq!(Field::named(word), Some(*field));
    }
    for (is, word, _) in IS {
        let query = parse(&format!("is:{word}")).unwrap();
        assert_eq!(query.to_string(), format!("is:{word}"), "{is:?}");
    }
    for (column, word) in Column::ALL {
        assert_eq!(word.parse::<Column>().as_ref(), Ok(column));
    }
    assert_eq!(
        columns_of("due,sbject").unwrap_err(),
        "There is no column \"sbject\"; did you mean \"subject\"?"
    );
    assert_eq!(View::built_in().len(), 4);
}

/// Pieces that mean something, so that chance builds queries and not noise alone.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zæ:<>=,\"\\\\ \\-0-9]{0,12}",
        proptest::sample::select(vec![
            "sev:crit",
            "sev>=high",
            "-is:missed",
            "due<4h",
            "age>3d",
            "with:me",
            "with:\"me\"",
            "text:\"a b\",c",
            "\"x\\\"y\"",
            "sort:due,-updated",
            "partner:\"<x\"",
            "id:10",
            "correction:any",
            "due:today",
            "tier:2,3",
            "-word",
            "desk:n,",
            "İx",
            "K:x",
            "with==a",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser_and_a_printed_query_is_the_same_query(text in pieces()) {
        match parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                prop_assert_eq!(parse(&printed), Ok(query), "{}", printed);
            }
            Err(problem) => {
                prop_assert!(text.get(problem.at.clone()).is_some(), "{:?} in {:?}", problem, text);
                let (_, mark) = problem.marked(&text);
                prop_assert!(mark.ends_with('^'));
            }
        }
        let known = Known::default();
        for (at, _) in text.char_indices() {
            let completion = complete(&text, at, &known);
            prop_assert!(text.get(completion.at).is_some());
        }
    }
}
