//! Many who write and many who read at once: nothing is lost, nothing is doubled, on either database; on
//! PostgreSQL by two services at a time.
//!
//! `STORM=100000 cargo test --release --test storm --test service_postgres storm` does it with so many changes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a failed step of a test is its failure; not every helper is needed here"
)]

#[path = "support/many.rs"]
mod many;
#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use caseload::domain::rules::{Standing, may_see};
use caseload::domain::{
    Action, Actor, Case, CaseId, CaseState, Finding, PartnerId, ResolutionKind, Role, Severity,
    Tier, UserId,
};
use caseload::service::Service;
use caseload::service::store::Place;
use caseload::service::store::seed::{Seed, SeedToken, SeedUser};
use caseload::sla::policy::Policy;
use caseload::wire::Report;
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{Desk, PATIENCE, PEOPLE};
use tokio::task::JoinSet;
use uuid::Uuid;

const WRITERS: usize = 8;
const CASES: usize = 60;

fn actor(name: &str) -> Actor {
    let (id, role, partner) = PEOPLE.into_iter().find(|(id, ..)| *id == name).unwrap();
    Actor { id: id.into(), name: id.into(), role, partner: partner.map(PartnerId::from) }
}

/// The services of a desk: two processes' worth where several may have it.
async fn services(desk: &Desk) -> Vec<Service> {
    let mut all = vec![desk.service.clone()];
    if matches!(desk.place, Place::Database(_)) {
        let policy = Arc::new(Policy::embedded());
        all.push(Service::open(desk.place.clone(), policy, desk.clock.clone()).await.unwrap());
    }
    all
}

fn dice(number: usize) -> TestRunner {
    let seed = [u8::try_from(number).unwrap(); 32];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    TestRunner::new_with_rng(Config::default(), rng)
}

fn draw(dice: &mut TestRunner, below: usize) -> usize {
    (0..below).new_tree(dice).unwrap().current()
}

fn report(partner: usize) -> Report {
    let licence_key = ["NW-1111-AAAA", "SS-3333-CCCC", "DI-4444-DDDD"][partner].to_owned();
    Report {
        subject: "New".to_owned(),
        description: "d".to_owned(),
        environment: caseload::domain::Environment::Live,
        licence_key,
        contact: "c".to_owned(),
        email: "a@b".to_owned(),
        severity: None,
        workaround: None,
        product: None,
        version: None,
        company: None,
        phone: None,
    }
}

/// Something that an administrator may do to some cases.
fn some_action(dice: &mut TestRunner) -> Action {
    let text = || "Words.".to_owned();
    match draw(dice, 9) {
        0 => Action::Take {},
        1 => Action::Release {},
        2 => Action::Escalate {
            to: Tier::Second,
            reason: text(),
            finding: None,
            correction: None,
            new_correction: None,
        },
        3 => Action::Escalate {
            to: Tier::Product,
            reason: text(),
            finding: Some(Finding::ProductError),
            correction: Some("K-7".into()),
            new_correction: None,
        },
        4 => Action::HandBack { reason: text() },
        5 => Action::Close {
            resolution: ResolutionKind::Explanation,
            text: text(),
            cause: None,
            duplicate_of: None,
        },
        6 => Action::Reopen { reason: text() },
        7 => Action::SetSeverity {
            severity: [Severity::High, Severity::Medium, Severity::Low][draw(dice, 3)],
            reason: text(),
        },
        _ => Action::Note { text: text() },
    }
}

/// How many changes: those of the test suite, or as many as were asked for.
fn changes() -> usize {
    std::env::var("STORM").map_or(1_200, |count| count.parse().unwrap())
}

/// What somebody knows who reads the feed and nothing else.
#[derive(Default)]
struct View {
    open: BTreeMap<CaseId, Case>,
    /// The highest revision of each case that was seen.
    seen: BTreeMap<CaseId, u64>,
    pages: usize,
}

impl View {
    fn take(&mut self, feed: caseload::wire::Feed) -> String {
        self.pages += 1;
        for case in feed.cases {
            let seen = self.seen.entry(case.id.clone()).or_default();
            assert!(*seen <= case.revision, "{} went back to revision {}", case.id, case.revision);
            *seen = case.revision;
            self.open.insert(case.id.clone(), case);
        }
        for id in feed.removed {
            self.open.remove(&id);
        }
        feed.cursor
    }
}

async fn read_until(
    services: &[Service],
    who: &str,
    number: usize,
    over: &AtomicBool,
) -> BTreeMap<CaseId, Case> {
    let (actor, mut dice) = (actor(who), dice(100 + number));
    let mut view = View::default();
    let mut cursor: Option<String> = None;
    loop {
        // A cursor goes on at any service of the desk.
        let service = &services[draw(&mut dice, services.len())];
        let was_over = over.load(Ordering::SeqCst);
        let wait = if was_over { Duration::ZERO } else { Duration::from_secs(1) };
        let limit = 1 + draw(&mut dice, 60);
        let feed = service.changes(&actor, cursor.as_deref(), limit, wait).await.unwrap();
        let idle = feed.cases.is_empty() && feed.removed.is_empty() && !feed.more;
        cursor = Some(view.take(feed));
        if was_over && idle && view.pages > 1 {
            return view.open;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_writers_and_eight_readers_lose_nothing() {
    let desk = desk!();
    let cases = (0..CASES)
        .map(|n| many::case(&desk.service, 10_000 + n, ["nordwind", "southsea", "direct"][n % 3]))
        .collect();
    many::store(&desk.service, cases).await;
    let services = Arc::new(services(&desk).await);
    let (over, left) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(changes())));

    let mut readers = JoinSet::new();
    for (number, (who, ..)) in PEOPLE.into_iter().enumerate() {
        let (services, over) = (services.clone(), over.clone());
        readers.spawn(async move { (who, read_until(&services, who, number, &over).await) });
    }
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let (services, left) = (services.clone(), left.clone());
        writers.spawn(async move {
            let (root, mut dice) = (actor("root"), dice(number));
            let service = &services[number % services.len()];
            let mut ids: Vec<CaseId> =
                (0..CASES).map(|n| CaseId::new(format!("C-{}", 10_000 + n))).collect();
            let mut confirmed: BTreeSet<String> = BTreeSet::new();
            let mut reported = 0;
            while left.load(Ordering::SeqCst) > 0 {
                if draw(&mut dice, 40) == 0 {
                    let report = report(draw(&mut dice, 3));
                    ids.push(service.report(&root, report).await.unwrap().id);
                    reported += 1;
                    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                        Some(n.saturating_sub(1))
                    })
                    .unwrap();
                    continue;
                }
                let id = &ids[draw(&mut dice, ids.len())];
                let key = Uuid::now_v7();
                match service.act(&root, id, key, None, some_action(&mut dice)).await {
                    Ok(_) => {
                        confirmed.insert(key.to_string());
                        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| {
                            Some(n.saturating_sub(1))
                        })
                        .unwrap();
                    }
                    Err(refused) => assert!([403, 409].contains(&refused.status), "{refused:?}"),
                }
            }
            (confirmed, reported)
        });
    }
    let (mut confirmed, mut reported) = (BTreeSet::new(), 0);
    while let Some(written) = writers.join_next().await {
        let (keys, reports) = written.unwrap();
        confirmed.extend(keys);
        reported += reports;
    }
    over.store(true, Ordering::SeqCst);
    let views: Vec<(&str, BTreeMap<CaseId, Case>)> = readers.join_all().await;
    assert_eq!(views.len(), 8);

    // What there is, case by case.
    let root = actor("root");
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = desk.service.search(&root, "", after.as_ref(), 200).await.unwrap();
        all.extend(page.cases);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(all.len(), CASES + reported);
    for (who, view) in &views {
        let actor = actor(who);
        let truth: BTreeMap<CaseId, Case> = all
            .iter()
            .filter(|case| case.state != CaseState::Closed)
            .filter(|case| {
                // Where a case once was at 2nd level it stays theirs to see, and it has a correction then.
                let mut standing = Standing::from(*case);
                standing.reached_second |= case.correction.is_some();
                may_see(&actor, &standing)
            })
            .map(|case| (case.id.clone(), case.clone()))
            .collect();
        assert!(!truth.is_empty(), "{who} has something to see");
        assert_eq!(view, &truth, "what {who} saw is what there is");
    }

    // What was confirmed was done once.
    let mut keys = Vec::new();
    let (mut after, mut entries) = (0, 0);
    loop {
        let page = desk.service.store().audit(after, 1_000).await.unwrap();
        if page.entries.is_empty() {
            break;
        }
        let first = page.entries[0].seq;
        assert!(page.entries.iter().zip(first..).all(|(e, seq)| e.seq == seq), "no gap");
        after = page.next;
        entries += page.entries.len();
        keys.extend(page.entries.into_iter().filter_map(|e| e.idempotency_key));
    }
    assert_eq!(entries, confirmed.len() + reported);
    assert_eq!(keys.len(), confirmed.len());
    assert_eq!(BTreeSet::from_iter(keys), confirmed);
    for service in services.iter().skip(1) {
        service.close().await;
    }
}

/// Eight agents of one partner.
async fn eight_agents(service: &Service) -> Vec<String> {
    let names: Vec<String> = (0..8).map(|n| format!("agent{n}")).collect();
    let users = names.iter().map(|name| SeedUser {
        id: UserId::from(name.as_str()),
        name: name.clone(),
        role: Role::Partner,
        partner: Some("nordwind".into()),
    });
    let tokens = names.iter().map(|name| SeedToken {
        user: UserId::from(name.as_str()),
        token: format!("token-{name}"),
        label: "test".to_owned(),
    });
    let seed = Seed { users: users.collect(), tokens: tokens.collect(), ..Seed::default() };
    service.store().seed(&seed).await.unwrap();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_clients_on_four_hundred_cases_double_nothing() {
    const ALL: usize = 400;
    let desk = desk!();
    let cases =
        (0..ALL).map(|n| many::case(&desk.service, 10_000 + n, "nordwind")).collect::<Vec<_>>();
    many::store(&desk.service, cases).await;
    let names = eight_agents(&desk.service).await;
    let action = |n: usize| match n % 3 {
        0 => json!({"action": "take"}),
        1 => json!({"action": "escalate", "to": "second", "reason": "Beyond us."}),
        _ => json!({"action": "close", "resolution": "explanation", "text": "Explained."}),
    };
    let (desk, action) = (&desk, &action);
    let attempts = names.iter().map(|who| async move {
        let mut won = Vec::new();
        for n in 0..ALL {
            let (case, key) = (format!("C-{}", 10_000 + n), Uuid::new_v4());
            let send = || async {
                let response = desk
                    .act_with(who, &case, key, &action(n))
                    .header("if-match", "\"1\"")
                    .send()
                    .await
                    .unwrap();
                let status = response.status().as_u16();
                (status, response.text().await.unwrap())
            };
            // Some send everything twice.
            let (status, body) = if n % 5 == 0 {
                let (first, second) = tokio::join!(send(), send());
                if first.0 == 200 || second.0 == 200 {
                    assert_eq!(first, second, "one key, one answer");
                }
                first
            } else {
                send().await
            };
            match status {
                200 => won.push((n, key.to_string())),
                409 | 412 => {}
                other => panic!("{who} on {case}: {other} {body}"),
            }
        }
        won
    });
    let won: Vec<Vec<(usize, String)>> = join_all(attempts).await;
    let mut winners: BTreeMap<usize, (&str, &str)> = BTreeMap::new();
    for (who, won) in names.iter().zip(&won) {
        for (n, key) in won {
            let before = winners.insert(*n, (who, key));
            assert!(before.is_none(), "both {before:?} and {who} won case {n}");
        }
    }
    assert_eq!(winners.len(), ALL, "somebody won each");
    let audit = desk.service.store().audit(0, 10_000).await.unwrap();
    let mut audited: Vec<(String, String, String)> = audit
        .entries
        .into_iter()
        .map(|e| (e.case.unwrap().to_string(), e.actor.to_string(), e.idempotency_key.unwrap()))
        .collect();
    audited.sort();
    let confirmed: Vec<(String, String, String)> = winners
        .iter()
        .map(|(n, (who, key))| (format!("C-{}", 10_000 + n), (*who).to_owned(), (*key).to_owned()))
        .collect();
    assert_eq!(audited, confirmed);
    for (n, (who, _)) in &winners {
        let id = CaseId::new(format!("C-{}", 10_000 + n));
        let case = desk.service.case(&actor("root"), &id).await.unwrap();
        assert_eq!(case.timeline.len(), 1, "{id} was acted on once");
        assert_eq!(case.case.revision, 2);
        match n % 3 {
            0 => assert_eq!(case.case.assignee.unwrap().id.as_str(), *who),
            1 => assert_eq!(case.case.tier, Tier::Second),
            _ => assert_eq!(case.case.state, CaseState::Closed),
        }
    }
}

/// Waits until somebody waits at the service.
async fn until_held(service: &Service, count: usize) {
    tokio::time::timeout(PATIENCE, async {
        while service.waiting() < count {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn two_thousand_who_wait_are_woken_by_one_change() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let eve = actor("eve");
    let page = desk.service.changes(&eve, None, 200, Duration::ZERO).await.unwrap();
    let mut waiting = JoinSet::new();
    for _ in 0..2_000 {
        let (service, eve, cursor) = (desk.service.clone(), eve.clone(), page.cursor.clone());
        waiting.spawn(async move {
            service.changes(&eve, Some(&cursor), 200, Duration::from_secs(30)).await.unwrap()
        });
    }
    until_held(&desk.service, 2_000).await;
    desk.done("ann", &id, json!({"action": "note", "text": "Now."})).await;
    let told = tokio::time::timeout(PATIENCE, waiting.join_all()).await.unwrap();
    assert_eq!(told.len(), 2_000);
    assert!(told.iter().all(|feed| feed.cases.len() == 1 && feed.cases[0].revision == 2));
}

#[tokio::test]
async fn a_policy_that_another_process_applies_wakes_those_who_wait() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let ann = actor("ann");
    let page = desk.service.changes(&ann, None, 200, Duration::ZERO).await.unwrap();
    let (service, cursor) = (desk.service.clone(), page.cursor);
    let mut waiting = JoinSet::new();
    waiting.spawn(async move {
        service.changes(&ann, Some(&cursor), 200, Duration::from_secs(30)).await.unwrap()
    });
    until_held(&desk.service, 1).await;
    // As `caseload admin policy apply` does: beside the service, on the same desk.
    let mut document = Policy::embedded().document();
    "2027-01".clone_into(&mut document.version);
    document.rules.policy_change = caseload::sla::policy::PolicyChange::Apply;
    let text = toml::to_string(&document).unwrap();
    let policy = Policy::from_toml("new.toml", &text).unwrap();
    let admin = caseload::service::store::Store::open(&desk.place).await.unwrap();
    let applied = admin.apply_policy(&policy, &text, false, desk.service.now()).await.unwrap();
    assert_eq!(applied.moved, 1);
    let feed = tokio::time::timeout(PATIENCE, waiting.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(feed.cases[0].id.as_str(), id);
    assert_eq!(feed.cases[0].revision, 2);
    assert_eq!(desk.service.policy().version(), "2027-01", "and the page came with it");
}
