use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::live::{People, Turn};
use super::plan::Fate;
use super::*;
use crate::clock::ManualClock;
use crate::domain::rules::Standing;
use crate::domain::{
    Actor, Case, CaseState, ClockKind, ClockState, Customer, PartnerRef, Person, PhoneFollowUp,
    ResolutionKind, Severity, Tier, TimelineKind, Untrusted,
};
use crate::sla::reading::{Face, read};

const TUESDAY_NOON: &str = "2026-11-24T12:00:00Z";
const SUNDAY_NIGHT: &str = "2026-11-29T01:30:00Z";
const NEW_YEAR: &str = "2027-01-01T09:00:00Z";
const FRIDAY_EVENING: &str = "2026-07-03T20:45:10Z";

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn stage(now: &str, seed: u64) -> Stage {
    Stage {
        cast: Cast::load(seed).unwrap(),
        policy: Arc::new(Policy::embedded()),
        now: at(now),
        seed,
    }
}

fn cases(stage: &Stage, count: usize) -> Vec<SeedCase> {
    let plans = plan::plan(&stage.cast, &stage.policy, stage.now, stage.seed, count);
    live_all(stage, &plans).unwrap()
}

/// The case as the service shows it.
fn shown(stage: &Stage, case: &SeedCase) -> Case {
    Case {
        id: case.id.clone(),
        subject: Untrusted::from(case.subject.as_str()),
        severity: case.severity,
        tier: case.tier,
        state: case.state,
        partner: PartnerRef { id: case.partner.clone(), name: Untrusted::default() },
        customer: Customer {
            company: Untrusted::from(case.company.as_str()),
            contact: Untrusted::from(case.contact.as_str()),
        },
        assignee: case.assignee.clone().map(|id| Person { id, name: Untrusted::default() }),
        eligibility: case.eligibility,
        environment: case.environment,
        workaround: case.workaround,
        phone_follow_up: case.phone_follow_up,
        correction: case.correction.clone(),
        reported_at: case.reported_at,
        updated_at: case.updated_at,
        revision: case.revision,
        clocks: case.ledger.summaries(stage.now, &stage.policy),
    }
}

#[test]
fn the_same_seed_at_the_same_time_makes_the_same_desk_and_another_seed_another() {
    let told = |seed| {
        let cases = cases(&stage(TUESDAY_NOON, seed), 80);
        format!("{cases:?}")
    };
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}

#[test]
fn every_life_follows_the_rules_and_its_clocks_agree_with_its_state() {
    for (now, seed) in [(TUESDAY_NOON, 1), (SUNDAY_NIGHT, 2), (NEW_YEAR, 3), (FRIDAY_EVENING, 4)] {
        let stage = stage(now, seed);
        let all = cases(&stage, 700);
        assert_eq!(all.len(), 700);
        let open = all.iter().filter(|c| c.state != CaseState::Closed).count();
        assert_eq!(open, 420, "60 % are open");
        for (case, number) in all.iter().zip(10_001..) {
            assert_eq!(case.id.as_str(), format!("C-{number}"));
            check_case(&stage, case);
        }
    }
}

fn check_case(stage: &Stage, case: &SeedCase) {
    let what = format!("{} {:#?}", case.id, case.timeline);
    let times: Vec<_> = case.timeline.iter().map(|e| e.at).collect();
    assert!(times.is_sorted(), "{what}");
    assert_eq!(times[0], case.reported_at, "{what}");
    assert_eq!(times.last(), Some(&case.updated_at), "{what}");
    assert!(case.updated_at <= stage.now, "nothing lies in the future: {what}");
    assert!((2..=18).contains(&times.len()), "{} entries: {what}", times.len());
    assert!(case.timeline.iter().map(|e| e.seq).eq(1..=times.len() as u64), "{what}");
    assert_eq!(case.revision, times.len() as u64);
    assert_eq!(case.timeline[0].kind, TimelineKind::Reported);
    for entry in &case.timeline {
        assert!(!entry.text.raw().contains(['{', '}']), "{what}");
        assert!(!entry.text.is_empty() || !entry.summary.is_empty(), "says nothing: {what}");
    }

    let shown = shown(stage, case);
    let standing = Standing::from(&shown);
    assert_eq!(standing.reached_second, case.reached_second, "{what}");
    let response = shown.clocks.iter().find(|c| c.kind == ClockKind::Response).unwrap();
    let responded = case.timeline.iter().any(|e| e.kind == TimelineKind::Respond);
    assert_eq!(response.ended_at.is_some(), responded || case.state == CaseState::Closed, "{what}");
    let live: Vec<_> = shown.live_clocks().filter(|c| c.kind == ClockKind::Resolution).collect();
    match (case.state, case.tier) {
        (CaseState::Closed, _) | (_, Tier::Product) => assert!(live.is_empty(), "{what}"),
        (state, tier) => {
            assert_eq!(live.len(), 1, "{what}");
            assert_eq!(live[0].tier, tier, "{what}");
            let paused = live[0].state == ClockState::Paused;
            assert_eq!(paused, state == CaseState::Waiting, "{what}");
        }
    }
    assert_eq!(case.resolution.is_some(), case.state == CaseState::Closed, "{what}");
    assert_eq!(
        case.timeline.iter().any(|e| e.kind == TimelineKind::Close),
        case.state == CaseState::Closed
            || case.timeline.iter().any(|e| e.kind == TimelineKind::Reopen),
        "{what}"
    );
    assert!(case.tier != Tier::Product || case.correction.is_some(), "{what}");
    assert!(!case.description.is_empty() && case.email.contains('@'));
}

#[test]
fn a_desk_of_the_usual_size_shows_everything_at_any_hour() {
    for now in [TUESDAY_NOON, SUNDAY_NIGHT, NEW_YEAR, FRIDAY_EVENING] {
        let stage = stage(now, 1);
        let all = cases(&stage, 200);
        let open: Vec<Case> =
            all.iter().filter(|c| c.state != CaseState::Closed).map(|c| shown(&stage, c)).collect();
        let mut faces = BTreeMap::new();
        for case in &open {
            for clock in &case.clocks {
                let face = read(clock, &stage.policy, stage.now).face;
                *faces.entry(format!("{face:?}")).or_insert(0) += 1;
            }
        }
        for face in [
            Face::OnTrack,
            Face::Warning,
            Face::Critical,
            Face::Missed,
            Face::Paused,
            Face::Outside,
            Face::Met,
            Face::MissedDone,
        ] {
            assert!(faces.contains_key(&format!("{face:?}")), "no {face:?} at {now}: {faces:?}");
        }
        assert!(
            open.iter().any(|c| c.live_clocks().next().is_none()),
            "a case without a target at {now}"
        );
        // By tier, severity, state: a few of each.
        for tier in Tier::ALL {
            assert!(open.iter().filter(|c| c.tier == *tier).count() >= 4, "{tier} at {now}");
        }
        for severity in Severity::ALL {
            let some = open.iter().filter(|c| c.severity == *severity).count();
            assert!(some >= 4, "{severity} at {now}");
        }
        assert!(open.iter().filter(|c| c.state == CaseState::Waiting).count() >= 4);
        let kinds: BTreeSet<_> =
            all.iter().filter_map(|c| c.resolution.as_ref()).map(|r| r.kind).collect();
        assert_eq!(kinds.len(), ResolutionKind::ALL.len(), "{kinds:?}");
        let corrections: BTreeSet<_> = all.iter().filter_map(|c| c.correction.clone()).collect();
        assert!(corrections.len() >= 5, "{corrections:?}");
        assert!(open.iter().any(|c| c.phone_follow_up == Some(PhoneFollowUp::Due)));
        assert_eq!(all.iter().map(|c| &c.partner).collect::<BTreeSet<_>>().len(), 4);

        // What the person at the desk finds.
        let home = |c: &&Case| c.partner.id.as_str() == "nordwind" && c.tier == Tier::First;
        let free = open.iter().filter(home).filter(|c| c.assignee.is_none()).count();
        let mine = |c: &&Case| c.assignee.as_ref().is_some_and(|a| a.id.as_str() == "rhald");
        assert!(free >= 6, "{free} to take at {now}");
        assert!(open.iter().filter(mine).count() >= 5);
        let due_soon = open
            .iter()
            .filter(home)
            .flat_map(|c| c.clocks.iter())
            .filter(|c| c.state == ClockState::Running)
            .filter_map(|c| c.due_at)
            .filter(|due| {
                (TimeDelta::minutes(3)..=TimeDelta::minutes(20)).contains(&(*due - stage.now))
            })
            .count();
        assert!(due_soon >= 2, "{due_soon} breach within minutes at {now}");
        let owed = open.iter().filter(home).any(|c| !Standing::from(c).responded);
        assert!(owed, "somebody waits for a response at {now}");
    }
}

#[test]
fn a_resolution_clock_is_due_within_minutes_when_the_desk_is_open() {
    let stage = stage(TUESDAY_NOON, 1);
    let soon = cases(&stage, 60)
        .iter()
        .flat_map(|c| c.ledger.summaries(stage.now, &stage.policy))
        .filter(|c| c.kind == ClockKind::Resolution && c.state == ClockState::Running)
        .filter_map(|c| c.due_at)
        .filter(|due| *due > stage.now && *due < stage.now + TimeDelta::minutes(20))
        .count();
    assert!(soon >= 2, "{soon}");
}

#[test]
fn small_desks_are_made_too() {
    for count in [0, 1, 2, 7, 33] {
        let stage = stage(TUESDAY_NOON, 9);
        let all = cases(&stage, count);
        assert_eq!(all.len(), count);
        let open = all.iter().filter(|c| c.state != CaseState::Closed).count();
        assert_eq!(open, (count * 3).div_ceil(5));
    }
}

#[test]
fn a_duplicate_doubles_an_earlier_case_of_the_same_customer() {
    let stage = stage(TUESDAY_NOON, 1);
    let all = cases(&stage, 400);
    let mut seen = 0;
    for case in &all {
        let Some(other) = case.resolution.as_ref().and_then(|r| r.duplicate_of.as_ref()) else {
            continue;
        };
        let other = all.iter().find(|c| c.id == *other).unwrap();
        assert!(other.reported_at <= case.reported_at);
        assert_eq!((&other.company, &other.subject), (&case.company, &case.subject));
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_fate_is_planned_and_lived() {
    let stage = stage(TUESDAY_NOON, 1);
    let plans = plan::plan(&stage.cast, &stage.policy, stage.now, 1, 600);
    for fate in [
        Fate::Unanswered,
        Fate::UnansweredTaken,
        Fate::AnsweredLate,
        Fate::WaitingMissed,
        Fate::Workaround,
        Fate::UnknownKey,
        Fate::NotEligible,
        Fate::Reopened,
        Fate::HandedBack,
        Fate::SecondNew,
        Fate::SecondWaiting,
        Fate::Product,
        Fate::ProductBack,
        Fate::ClosedAtSecond,
    ] {
        assert!(plans.iter().any(|p| p.fate == fate), "{fate:?}");
    }
}

fn clock(now: &str) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(at(now)))
}

async fn open_demo(folder: &std::path::Path, cases: usize) -> anyhow::Result<Demo> {
    open(&Place::from(folder), cases, 1, Arc::new(Policy::embedded()), clock(TUESDAY_NOON)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_a_demo_desk_is_opened_as_it_was_left_with_the_same_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let first = open_demo(folder.path(), 30).await.unwrap();
    assert!(first.is_new);
    let tokens = first.tokens.clone();
    let account = |demo: &Demo, token: String| {
        let service = demo.service.clone();
        async move { service.authenticate(&token).await.unwrap().unwrap().actor }
    };
    let rhald = account(&first, tokens.partner.clone()).await;
    assert_eq!((rhald.id.as_str(), rhald.role), ("rhald", Role::Partner));
    for (token, role) in [
        (&tokens.other_partner, Role::Partner),
        (&tokens.engineer, Role::Engineer),
        (&tokens.product, Role::Product),
        (&tokens.oncall, Role::Oncall),
        (&tokens.admin, Role::Admin),
    ] {
        assert_eq!(account(&first, token.clone()).await.role, role);
        assert_eq!(token.len(), "cl_demo_".len() + 40);
    }
    let mine = first
        .service
        .changes(&rhald, None, 200, Duration::ZERO)
        .await
        .unwrap()
        .cases
        .into_iter()
        .find(|c| c.assignee.is_none() && c.tier == Tier::First)
        .unwrap();
    let take = crate::domain::Action::Take {};
    first.service.act(&rhald, &mine.id, uuid::Uuid::new_v4(), None, take).await.unwrap();
    first.service.close().await;

    let again = open_demo(folder.path(), 500).await.unwrap();
    assert!(!again.is_new);
    assert_eq!(again.tokens, tokens);
    let case = again.service.case(&rhald, &mine.id).await.unwrap().case;
    assert_eq!(case.assignee.unwrap().id, rhald.id);
    let admin = account(&again, tokens.admin).await;
    let open = again.service.changes(&admin, None, 200, Duration::ZERO).await.unwrap();
    assert_eq!(open.cases.len(), 18, "no cases were added");
    again.service.close().await;
}

#[tokio::test]
async fn a_real_desk_is_refused_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Arc::new(Policy::embedded());
    let real = Service::open(folder.path(), policy, clock(TUESDAY_NOON)).await.unwrap();
    let user = crate::domain::UserId::from("boss");
    let now = at(TUESDAY_NOON);
    real.store().create_user(&user, "The Boss", Role::Admin, None, now).await.unwrap();
    real.close().await;
    let refused = format!("{:#}", open_demo(folder.path(), 10).await.err().unwrap());
    assert!(refused.contains("the desk there is a real one"), "{refused}");
    let policy = Arc::new(Policy::embedded());
    let real = Service::open(folder.path(), policy, clock(TUESDAY_NOON)).await.unwrap();
    assert_eq!(real.store().registered().await.unwrap(), 0);
    real.close().await;
}

#[tokio::test]
async fn a_demo_desk_that_was_not_finished_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let policy = Arc::new(Policy::embedded());
    let half = Service::open(folder.path(), policy, clock(TUESDAY_NOON)).await.unwrap();
    half.store().set_meta(UNFINISHED, "1").await.unwrap();
    half.close().await;
    let refused = format!("{:#}", open_demo(folder.path(), 10).await.err().unwrap());
    assert!(refused.contains("was not finished; remove it"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_people_live_on_and_leave_the_persons_cases_alone() {
    let folder = tempfile::tempdir().unwrap();
    let demo = open_demo(folder.path(), 120).await.unwrap();
    let service = &demo.service;
    let admin = service.authenticate(&demo.tokens.admin).await.unwrap().unwrap().actor;
    let before = all_open(service, &admin).await;
    let mut people = People::new(service.clone(), 1).await.unwrap();
    let (mut reports, mut answers, mut acts) = (0, 0, 0);
    for _ in 0..60 {
        match people.turn().await.unwrap() {
            Turn::Reported(_) => reports += 1,
            Turn::Answered(_) => answers += 1,
            Turn::Acted(..) => acts += 1,
            Turn::Nothing => {}
        }
    }
    assert!(reports > 10 && answers > 3 && acts > 5, "{reports} {answers} {acts}");
    let after = all_open(service, &admin).await;
    for case in &before {
        let id = case.id.as_str();
        let now = after.get(id);
        if case.partner.id.as_str() == "nordwind" {
            assert!(now.is_some(), "{id} was closed under the person's eyes");
        }
        if case.assignee.as_ref().is_some_and(|a| a.id.as_str() == "rhald")
            && case.state == CaseState::Open
        {
            assert_eq!(now.unwrap().revision, case.revision, "{id}");
        }
    }
    service.close().await;
}

/// All open cases by id.
async fn all_open(service: &Service, admin: &Actor) -> Open {
    let mut cases = Vec::new();
    let mut cursor = None;
    loop {
        let page = service.changes(admin, cursor.as_deref(), 200, Duration::ZERO).await.unwrap();
        cases.extend(page.cases);
        if !page.more {
            return Open(cases);
        }
        cursor = Some(page.cursor);
    }
}

struct Open(Vec<Case>);

impl Open {
    fn get(&self, id: &str) -> Option<&Case> {
        self.0.iter().find(|c| c.id.as_str() == id)
    }
}

impl<'a> IntoIterator for &'a Open {
    type Item = &'a Case;
    type IntoIter = std::slice::Iter<'a, Case>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_demo_serves_and_is_gone_after_it_is_stopped() {
    let options = DemoOptions { cases: 12, ..DemoOptions::default() };
    let policy = Arc::new(Policy::embedded());
    let demo = start(options, policy, clock(TUESDAY_NOON)).await.unwrap();
    let folder = demo.temporary.as_ref().unwrap().0.clone();
    assert!(folder.join(crate::service::store::sqlite::FILE).is_file());
    let address = demo.url.strip_prefix("http://").unwrap().to_owned();
    let answer = get(&address, "/api/v1/me", &demo.tokens.engineer).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"engineer\""), "{answer}");
    let ended = tokio::time::timeout(Duration::from_secs(20), demo.stop()).await;
    assert!(ended.is_ok(), "it ends");
    assert!(!folder.exists(), "its folder is gone");
}

async fn get(address: &str, path: &str, token: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(10), read).await.unwrap().unwrap();
    answer
}

#[test]
fn tokens_are_derived_from_the_secret_and_do_not_show() {
    let tokens = DemoTokens::derive("a secret").unwrap();
    assert_eq!(tokens, DemoTokens::derive("a secret").unwrap());
    assert_ne!(tokens.partner, DemoTokens::derive("another").unwrap().partner);
    assert_ne!(tokens.partner, tokens.other_partner);
    assert!(!format!("{tokens:?}").contains("cl_demo"));
}

/// What was written, and a word to the one who waits for the first line.
struct Told {
    text: Arc<std::sync::Mutex<Vec<u8>>>,
    line: Option<tokio::sync::oneshot::Sender<()>>,
}

impl std::io::Write for Told {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if let Some(line) = self.line.take() {
            let _ = line.send(());
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headless_demo_says_where_it_is_in_one_line_and_ends_on_sigterm() {
    let (line, spoken) = tokio::sync::oneshot::channel();
    let text = Arc::default();
    let out = Told { text: Arc::clone(&text), line: Some(line) };
    let options = DemoOptions { cases: 5, still: true, ..DemoOptions::default() };
    let policy = Arc::new(Policy::embedded());
    let mut work = JoinSet::new();
    work.spawn(run_headless(options, policy, clock(TUESDAY_NOON), out));
    tokio::time::timeout(Duration::from_secs(20), spoken).await.unwrap().unwrap();
    // The line is out, so the signal is listened for: it does not end the tests.
    let me = std::process::id().to_string();
    assert!(
        tokio::process::Command::new("kill").args(["-TERM", &me]).status().await.unwrap().success()
    );
    let ended = tokio::time::timeout(Duration::from_secs(20), work.join_next()).await;
    ended.expect("it ends").unwrap().unwrap().expect("without an error");
    let text = String::from_utf8(text.lock().unwrap().clone()).unwrap();
    assert_eq!(text.lines().count(), 1);
    let said: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(said["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    let roles: Vec<_> = said["tokens"].as_object().unwrap().keys().cloned().collect();
    for role in ["partner", "other_partner", "engineer", "product", "oncall", "admin"] {
        assert!(roles.contains(&role.to_owned()), "{roles:?}");
    }
}
