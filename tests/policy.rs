//! The policies of a desk as its people meet them: a new version is put in force while the service runs,
//! and clocks go on by the one that they started under. And what all of it rests on: time zone data.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a failed step of a test is its failure; not every helper is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use caseload::domain::{ClockSummary, Target};
use caseload::service::store::{Applied, Store, StoreError};
use caseload::sla::calendar::time_zone_version;
use caseload::sla::policy::{Policy, PolicyChange, PolicyDocument};
use caseload::sla::reading;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use support::{Desk, expect};

/// The built-in policy with changes, as a file.
fn version(name: &str, change: impl FnOnce(&mut PolicyDocument)) -> (Policy, String) {
    let mut document = Policy::embedded().document();
    name.clone_into(&mut document.version);
    change(&mut document);
    let text = toml::to_string(&document).unwrap();
    (Policy::from_toml("new.toml", &text).unwrap(), text)
}

/// Wednesdays are closed at Nordwind, and Critical has fewer days.
fn stricter(document: &mut PolicyDocument) {
    document.calendars.get_mut("nordwind").unwrap().weekly.remove("wed");
    document.matrix.critical.first_level = Target::BusinessDays(1);
    document.matrix.low.first_level = Target::BusinessDays(2);
}

/// What `caseload admin policy apply` does, beside the running service.
async fn apply(
    desk: &Desk,
    (policy, text): &(Policy, String),
    dry_run: bool,
) -> Result<Applied, StoreError> {
    use caseload::clock::Clock;
    let store = Store::open(&desk.place).await?;
    let applied = store.apply_policy(policy, text, dry_run, desk.clock.now()).await;
    store.close().await;
    applied
}

async fn clocks(desk: &Desk, case: &str) -> Vec<ClockSummary> {
    let case = desk.get_json("root", &format!("/api/v1/cases/{case}")).await;
    serde_json::from_value(case["clocks"].clone()).unwrap()
}

async fn policy(desk: &Desk) -> Policy {
    let document: PolicyDocument =
        serde_json::from_value(desk.get_json("root", "/api/v1/policy").await).unwrap();
    Policy::compile(&document).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test]
async fn clocks_that_run_keep_their_version_and_new_ones_start_under_the_one_in_force() {
    let desk = desk!();
    // Tuesday 11:00 in Hamburg; 5bd of Critical and 2h.
    let old = desk.reported(json!({ "severity": "critical" })).await;
    let before = clocks(&desk, &old).await;
    assert_eq!(before[1].due_at, Some(at("2026-12-01T10:00:00Z")));

    let next = version("2027-01", stricter);
    let applied = apply(&desk, &next, false).await.unwrap();
    assert_eq!(
        applied,
        Applied {
            version: "2027-01".to_owned(),
            before: Some("2026-11".to_owned()),
            already: false,
            running: 1,
            moved: 0,
            newly_missed: 0,
        }
    );
    assert_eq!(clocks(&desk, &old).await, before, "nothing about a running clock changes");

    // The service that runs goes by it from the next request on: 1bd over a closed Wednesday.
    let new = desk.reported(json!({ "severity": "critical" })).await;
    let started = clocks(&desk, &new).await;
    assert_eq!(
        (started[1].policy.as_str(), started[1].target),
        ("2027-01", Target::BusinessDays(1))
    );
    assert_eq!(started[1].due_at, Some(at("2026-11-26T10:00:00Z")));

    // A desk's screen is told of both, and counts each clock by its own calendar: Wednesday is open for
    // the old one alone.
    let told = policy(&desk).await;
    assert_eq!(told.version(), "2027-01");
    assert!(told.knows("2026-11"));
    let left = |clock: &ClockSummary, when: &str| {
        reading::read(clock, &told, at(when)).remaining_s.unwrap() / 3600
    };
    let wednesday = ["2026-11-24T16:00:00Z", "2026-11-25T16:00:00Z"];
    assert_eq!(left(&before[1], wednesday[0]) - left(&before[1], wednesday[1]), 9);
    assert_eq!(left(&started[1], wednesday[0]) - left(&started[1], wednesday[1]), 0);

    // What happens to the old case goes by its own version, whatever is in force.
    desk.clock.set(at("2026-11-24T12:00:00Z"));
    desk.done("ann", &old, json!({"action": "request_info", "text": "which version?"})).await;
    desk.clock.set(at("2026-11-25T12:00:00Z"));
    desk.done("ann", &old, json!({"action": "info_received"})).await;
    let held = clocks(&desk, &old).await;
    assert_eq!(held[1].policy, "2026-11");
    assert_eq!(held[1].due_at, Some(at("2026-12-02T10:00:00Z")), "a day of nine open hours later");

    // And after a restart; what the service is given to start with no longer counts.
    let desk = desk.restart().await;
    assert_eq!(policy(&desk).await, told);
    assert_eq!(clocks(&desk, &old).await, held);
}

#[tokio::test]
async fn a_policy_that_applies_moves_running_clocks_and_every_case_says_so() {
    let desk = desk!();
    let low = desk.reported(json!({ "severity": "low" })).await;
    let closed = desk.reported(json!({ "severity": "low" })).await;
    desk.done(
        "ann",
        &closed,
        json!({"action": "close", "resolution": "explanation", "text": "so"}),
    )
    .await;
    let ended = clocks(&desk, &closed).await;
    let (_, cursor) = desk.snapshot("root").await;
    desk.clock.advance(TimeDelta::days(7));

    let next = version("2027-01", |document| {
        stricter(document);
        document.rules.policy_change = PolicyChange::Apply;
    });
    let rehearsed = apply(&desk, &next, true).await.unwrap();
    assert_eq!(policy(&desk).await.version(), "2026-11", "a rehearsal changes nothing");
    let applied = apply(&desk, &next, false).await.unwrap();
    assert_eq!(applied, rehearsed);
    // The response clock, 1bd, was missed before.
    assert_eq!((applied.running, applied.moved, applied.newly_missed), (1, 1, 1));

    let moved = clocks(&desk, &low).await;
    assert_eq!((moved[1].policy.as_str(), moved[1].target), ("2027-01", Target::BusinessDays(2)));
    // From its original start: Tuesday, then Thursday and Friday.
    assert_eq!(moved[1].due_at, Some(at("2026-11-27T10:00:00Z")));
    assert_eq!(clocks(&desk, &closed).await, ended, "an ended clock stays as it ended");

    // The timeline, the feed and the audit record tell of it.
    let case = desk.get_json("root", &format!("/api/v1/cases/{low}")).await;
    let entry = case["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(entry["kind"], "policy_change");
    assert_eq!(
        entry["summary"],
        "the clocks go by policy 2027-01 now; 1st level resolution 20bd → 2bd; its 1st level \
         resolution clock is past its new target"
    );
    assert_eq!(case["revision"], 2);
    let feed = desk.get_json("root", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(support::ids_of(&feed), [low.as_str()]);
    let audit = desk.get_json("root", "/api/v1/audit").await;
    let acts: Vec<&str> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(acts.last(), Some(&"apply_policy 2027-01"), "once, and not for the rehearsal");
    assert_eq!(acts.iter().filter(|act| act.starts_with("apply_policy")).count(), 1);
}

#[tokio::test]
async fn a_version_means_one_policy_for_ever() {
    let desk = desk!();
    let first = (Policy::embedded(), Policy::embedded_toml().to_owned());
    assert!(apply(&desk, &first, false).await.unwrap().already);
    let forged = version("2026-11", stricter);
    let refused = apply(&desk, &forged, false).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "version \"2026-11\" has been in force since 2026-11-24 with other content, and clocks go by it; \
         give the changed policy a version of its own"
    );
    apply(&desk, &version("2027-01", stricter), false).await.unwrap();
    assert!(apply(&desk, &forged, false).await.is_err(), "nor once it is an earlier one");
    assert_eq!(policy(&desk).await.version(), "2027-01");

    // The way back is open, and is on record.
    let back = apply(&desk, &first, false).await.unwrap();
    assert_eq!((back.version.as_str(), back.already), ("2026-11", false));
    let told = policy(&desk).await;
    assert_eq!(told.version(), "2026-11");
    assert!(told.knows("2027-01"));
    let versions = desk.service.store().policies().await.unwrap();
    let names: Vec<&str> = versions.iter().map(|v| v.version.as_str()).collect();
    assert_eq!(names, ["2026-11", "2027-01", "2026-11"]);
    assert_eq!(versions[0].document, Policy::embedded_toml(), "with its comments");
}

#[tokio::test]
async fn a_policy_applied_to_a_new_folder_is_the_one_that_the_service_starts_with() {
    let dir = tempfile::tempdir().unwrap();
    let Some(place) = support::new_place(&dir).await else { return };
    let (policy, text) = version("own", stricter);
    let now = at("2026-11-24T10:00:00Z");
    let store = Store::open(&place).await.unwrap();
    let applied = store.apply_policy(&policy, &text, false, now).await.unwrap();
    store.close().await;
    assert_eq!(applied.before, None);
    let clock = std::sync::Arc::new(caseload::clock::ManualClock::at(now));
    let given = std::sync::Arc::new(Policy::embedded());
    let service = caseload::service::Service::open(place, given, clock).await.unwrap();
    assert_eq!(*service.policy(), policy);
    service.close().await;
}

#[tokio::test]
async fn health_names_the_time_zone_data() {
    let desk = desk!();
    let response = desk.client().get(desk.url("/healthz")).send().await.unwrap();
    let health: Value = expect(response, 200).await;
    assert_eq!(health, json!({ "status": "ok", "tzdata": time_zone_version() }));
}

/// Year and letter of a release of the time zone database: "2026f".
fn release(version: &str) -> (i32, String) {
    let (year, letter) = version.split_at(4);
    assert!(letter.chars().all(|c| c.is_ascii_lowercase()), "{version}");
    (year.parse().unwrap(), letter.to_owned())
}

/// The release that this machine has, where it says so.
fn system_release() -> Option<String> {
    let folder = std::path::Path::new("/usr/share/zoneinfo");
    let first = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).ok()?;
        Some(text.lines().next()?.to_owned())
    };
    first("tzdata.zi")
        .and_then(|line| line.strip_prefix("# version ").map(str::to_owned))
        .or_else(|| first("+VERSION"))
}

fn more_than_a_year_older(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (release(ours), release(theirs));
    (ours.0 + 1, ours.1) < theirs
}

#[test]
fn the_built_in_time_zone_data_are_not_a_year_older_than_the_systems() {
    assert!(more_than_a_year_older("2024a", "2025b"));
    assert!(more_than_a_year_older("2024b", "2026a"));
    assert!(!more_than_a_year_older("2024b", "2025b"));
    assert!(!more_than_a_year_older("2026f", "2025b"));
    let ours = time_zone_version();
    let (year, _) = release(ours);
    assert!(year >= 2026, "{ours}");
    let Some(theirs) = system_release() else {
        println!("skipped: /usr/share/zoneinfo does not say which release it is");
        return;
    };
    assert!(
        !more_than_a_year_older(ours, &theirs),
        "built in is {ours}, this machine has {theirs}: raise jiff"
    );
}
