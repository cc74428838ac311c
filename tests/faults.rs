//! The real line to a real service, through a proxy that breaks every second exchange, with processes that go
//! away in the middle: once the faults end, what the outbox told and what the service's audit record says agree,
//! and every confirmed act is there once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/fault_proxy.rs"]
mod fault_proxy;
#[path = "support/service.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caseload::client::Fingerprint;
use caseload::client::native::{Limits, NativeApi, Options};
use caseload::clock::DeskClock;
use caseload::domain::outbox::{Outbox, State};
use caseload::domain::{Action, CaseId};
use caseload::sync::store::{Place, Store};
use caseload::sync::{ActRequest, Event, Handle, Order, start_with};
use fault_proxy::{FaultProxy, drawn};
use serde_json::json;
use support::Desk;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

const TOKEN: &str = "token-ann";
/// How long one seed may take; the longest pause is that of the budget of tries.
const PATIENCE: Duration = Duration::from_mins(2);

/// One run of the program, as far as it speaks with the desk.
struct Process {
    line: Handle,
    events: mpsc::Receiver<Event>,
}

impl Process {
    async fn start(folder: &Path, proxy: &FaultProxy) -> Self {
        let limits = Limits {
            headers: Duration::from_millis(400),
            piece: Duration::from_millis(400),
            body: Duration::from_millis(800),
            ..Limits::default()
        };
        let url = format!("http://{}", proxy.address).parse().unwrap();
        let options = Options { limits, ..Options::default() };
        let api = NativeApi::with(&url, TOKEN.into(), options).unwrap();
        let place = Place { state: folder.join("state"), cache: folder.join("cache") };
        let store = Store::open(place, Fingerprint::of(&TOKEN.into())).await;
        assert!(store.is_on_disk());
        let (tell, events) = mpsc::channel(256);
        // Next to no pauses: what counts here is what happens, not when.
        let jitter = Arc::new(|| 0.01);
        let line =
            start_with(Arc::new(api), Arc::new(DeskClock::start()), Arc::new(store), tell, jitter);
        Self { line, events }
    }

    fn note(&self, ticket: u64, case: &CaseId) {
        self.line.order(Order::Act(Box::new(ActRequest {
            ticket,
            case: case.clone(),
            base: None,
            revision: None,
            action: Action::Note { text: format!("note {ticket}") },
            hold: None,
            replaces: None,
            draft: None,
        })));
    }
}

fn text(action: &Action) -> String {
    let Action::Note { text } = action else { panic!("{action:?}") };
    text.clone()
}

/// What people were told of their acts, by text.
#[derive(Default)]
struct Told {
    /// The key of each that was shown as kept.
    kept: BTreeMap<String, String>,
    done: BTreeSet<String>,
    last: Outbox,
}

impl Told {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Outbox(outbox) => {
                for entry in &outbox.entries {
                    let key = entry.key.to_string();
                    let known = self.kept.entry(text(&entry.action)).or_insert_with(|| key.clone());
                    assert_eq!(*known, key, "a key has changed");
                }
                self.last = outbox;
            }
            Event::ActDone { ticket, .. } if ticket < caseload::sync::OWN_TICKETS => {
                self.done.insert(format!("note {ticket}"));
            }
            Event::ActNotKept { failure, .. } => panic!("{failure:?}"),
            _ => {}
        }
    }
}

async fn play(seed: u64) -> (u64, u64) {
    let desk = Desk::start().await.unwrap();
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(Desk::case_id(&desk.reported(json!({})).await));
    }
    let proxy = FaultProxy::start(desk.address, seed).await;
    let folder = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    let mut ordered: BTreeMap<CaseId, Vec<String>> = BTreeMap::new();
    let mut ticket = 0;
    let until = Instant::now() + PATIENCE;
    for life in 0..4 {
        proxy.set_down(life == 1);
        let mut process = Process::start(folder.path(), &proxy).await;
        for n in 0..4 {
            ticket += 1;
            let at = usize::try_from(drawn(seed, 1_000 * life + n)).unwrap_or(0) % 3;
            process.note(ticket, &cases[at]);
            ordered.entry(cases[at].clone()).or_default().push(format!("note {ticket}"));
        }
        // It goes away some time after all four are kept.
        let mut more = drawn(seed, 77 + life) % 12;
        while told.kept.len() < usize::try_from(ticket).unwrap() || more > 0 {
            let event = match timeout_at(until, process.events.recv()).await {
                Ok(event) => event.unwrap(),
                Err(error) => panic!("seed {seed}: not all was kept: {error}"),
            };
            told.hear(event);
            if told.kept.len() >= usize::try_from(ticket).unwrap() {
                more = more.saturating_sub(1);
            }
            if told.last.entries.is_empty() && told.kept.len() >= usize::try_from(ticket).unwrap() {
                break;
            }
        }
        drop(process);
    }
    proxy.mend();
    let mut process = Process::start(folder.path(), &proxy).await;
    loop {
        let event = timeout_at(until, process.events.recv()).await;
        let Ok(Some(event)) = event else {
            panic!("seed {seed}: not everything ended: {:?}", told.last);
        };
        let is_outbox = matches!(event, Event::Outbox(_));
        told.hear(event);
        let ends = |state: &State| matches!(state, State::Asked(_) | State::Refused(_));
        if is_outbox && told.last.entries.iter().all(|entry| ends(&entry.state)) {
            break;
        }
    }
    let left = process.line.shutdown(Duration::from_secs(5)).await;
    // Nothing of a note can be asked or refused here.
    assert_eq!(left.entries, [], "seed {seed}");

    // By the audit record each was done once, with the key that it was shown with; and the cases say so, too, in
    // the order in which was ordered.
    let audit = desk.service.store().audit(0, 10_000).await.unwrap().entries;
    for (text, key) in &told.kept {
        let with_key =
            audit.iter().filter(|entry| entry.idempotency_key.as_ref() == Some(key)).count();
        assert_eq!(with_key, 1, "seed {seed}: {text} ({key})");
    }
    assert_eq!(told.kept.len(), usize::try_from(ticket).unwrap());
    assert!(told.done.len() <= told.kept.len());
    for (case, notes) in &ordered {
        let whole = desk.get_json("ann", &format!("/api/v1/cases/{case}")).await;
        let timeline = whole["timeline"].as_array().unwrap();
        let mut there: Vec<(u64, &str)> = timeline
            .iter()
            .filter(|entry| entry["kind"] == "note")
            .map(|entry| (entry["seq"].as_u64().unwrap(), entry["text"].as_str().unwrap()))
            .collect();
        there.sort_unstable();
        let there: Vec<&str> = there.into_iter().map(|(_, text)| text).collect();
        assert_eq!(there, *notes, "seed {seed}");
    }
    (proxy.lost_answers(), proxy.doubled())
}

#[tokio::test]
async fn through_a_bad_line_and_restarts_every_act_is_in_the_audit_record_once_and_in_order() {
    let seeds: Vec<u64> = match std::env::var("SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=6).collect(),
    };
    let played = futures_util::future::join_all(seeds.iter().map(|seed| play(*seed))).await;
    // It is no proof if nothing was lost.
    let lost: u64 = played.iter().map(|(lost, _)| lost).sum();
    let doubled: u64 = played.iter().map(|(_, doubled)| doubled).sum();
    assert!(seeds.len() == 1 || lost > 5 && doubled > 0, "{played:?}");
}
