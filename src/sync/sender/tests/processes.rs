//! Several processes on one outbox, and processes that die. A lock belongs to an open file, so two stores in one
//! process are as two processes.

use std::sync::Arc;

use tempfile::TempDir;
use tokio::time::Instant;

use super::super::super::fake::{Desk, FakeApi, Said, acted, refused, unreached};
use super::super::super::store::{Cause, Fingerprint, NewEntry, Place, Store};
use super::super::super::{Drained, End, Event, OWN_TICKETS, drain};
use super::{note, s, states};
use crate::clock::{Clock, DeskClock};
use crate::domain::Action;
use crate::wire::Code;

async fn store(dir: &TempDir) -> Arc<Store> {
    // What was told before is not of interest here: each has a cache of its own.
    let cache = dir.path().join(uuid::Uuid::now_v7().to_string());
    let place = Place { state: dir.path().join("state"), cache };
    let store = Store::open(place, Fingerprint::of(&"t0ken".into())).await;
    assert!(store.is_on_disk(), "{:?}", store.take_notices());
    store.adopt(&"rhald".into()).await.unwrap();
    Arc::new(store)
}

async fn desk(dir: &TempDir) -> Desk {
    Desk::start_on(store(dir).await, DeskClock::start(), 1.0)
}

fn entry(clock: &dyn Clock, case: &str, text: &str) -> NewEntry {
    NewEntry {
        key: uuid::Uuid::now_v7(),
        case: case.into(),
        base: None,
        action: Action::Note { text: text.to_owned() },
        revision: None,
        hold_until: None,
        queued_at: clock.now(),
        replaces: None,
        draft: None,
    }
}

/// Runs a drain against the played desk, whose answers the test gives.
async fn drained(
    desk: &mut Desk,
    store: &Arc<Store>,
    wanted: &[u64],
    answers: impl AsyncFnOnce(&mut Desk),
) -> Vec<Drained> {
    let api: Arc<FakeApi> = Arc::clone(&desk.api);
    let draining = drain(api, Arc::clone(store), Arc::clone(&desk.clock), wanted, s(10));
    let (ends, ()) = tokio::join!(draining, answers(desk));
    ends.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_one_process_left_the_next_one_sends_with_the_same_key_in_its_order() {
    let dir = TempDir::new().unwrap();
    let mut first = desk(&dir).await;
    let _held = first.go_live(vec![]).await;
    first.note(1, "C-1", None);
    first.note(2, "C-1", None);
    let key = first.asked().await.key();
    first.outbox_where(|outbox| outbox.entries.len() == 2).await;
    // It dies: everything is dropped as it stands.
    drop(first);

    let mut second = desk(&dir).await;
    let asked = loop {
        let asked = second.asked().await;
        if matches!(asked.question, super::Question::Act { .. }) {
            break asked;
        }
    };
    assert_eq!((asked.key(), note(&asked).2), (key, "1"));
    second.state_where(OWN_TICKETS + 1, |entry| entry.tries == 2).await;
    assert_eq!(second.outbox.entries.len(), 2);
    asked.say(acted("C-1", 2));
    let Event::ActDone { ticket, .. } = second.event().await else { panic!() };
    assert_eq!(ticket, OWN_TICKETS + 1);
}

#[tokio::test(start_paused = true)]
async fn one_process_sends_what_another_adds_and_that_one_is_told_the_answer() {
    let dir = TempDir::new().unwrap();
    let mut first = desk(&dir).await;
    let _held = first.go_live(vec![]).await;
    let mut second = desk(&dir).await;
    let _held = second.go_live(vec![]).await;
    second.note(7, "C-1", None);
    let asked = first.asked().await;
    assert_eq!(note(&asked).2, "7");
    second.outbox_where(|outbox| states(outbox) == [(7, "sending")]).await;
    second.assert_nothing_asked_for(s(2)).await;
    asked.say(acted("C-1", 2));
    assert!(matches!(second.event().await, Event::ActDone { ticket: 7, .. }));
    second.outbox_where(|outbox| outbox.entries.is_empty()).await;
    // Once the first has gone, the second sends by itself.
    let left = first.line.shutdown(s(5)).await;
    assert_eq!(left.entries, []);
    second.note(8, "C-1", None);
    assert_eq!(note(&second.asked().await).2, "8");
}

#[tokio::test(start_paused = true)]
async fn a_command_sends_its_act_and_what_was_left_before_it_and_has_the_answer() {
    let dir = TempDir::new().unwrap();
    // The desk is played; its own line has a store of its own.
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    let store = store(&dir).await;
    store.enqueue(entry(&*desk.clock, "C-1", "left")).await.unwrap();
    let n = store.enqueue(entry(&*desk.clock, "C-1", "mine")).await.unwrap();
    let other = store.enqueue(entry(&*desk.clock, "C-2", "other")).await.unwrap();
    let ends = drained(&mut desk, &store, &[n, other], async |desk| {
        for _ in 0..3 {
            let asked = desk.asked().await;
            match note(&asked).2 {
                "other" => asked.fail(refused(Code::Rule, "No.")),
                "mine" => asked.say(acted("C-1", 3)),
                _ => asked.say(acted("C-1", 2)),
            }
        }
    })
    .await;
    let Said::Acted(answer) = acted("C-1", 3) else { panic!() };
    assert_eq!(ends[0], Drained { n, case: "C-1".into(), end: End::Done(Box::new(answer)) });
    let End::Refused(problem) = &ends[1].end else { panic!("{ends:?}") };
    assert_eq!((problem.code, &ends[1].case), (Code::Rule, &"C-2".into()));
    // The refused one stays; nobody waits for it here.
    let outbox = store.outbox().await.unwrap().outbox(desk.clock.now(), |n| n);
    assert_eq!(states(&outbox), [(other, "refused")]);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_reach_the_desk_leaves_its_act_and_says_why() {
    let dir = TempDir::new().unwrap();
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    let store = store(&dir).await;
    let n = store.enqueue(entry(&*desk.clock, "C-1", "mine")).await.unwrap();
    let behind = store.enqueue(entry(&*desk.clock, "C-1", "behind")).await.unwrap();
    let ends = drained(&mut desk, &store, &[n, behind], async |desk| {
        desk.asked().await.fail(unreached(false));
    })
    .await;
    for (drained, n) in ends.iter().zip([n, behind]) {
        let End::Waiting(Some(setback)) = &drained.end else { panic!("{drained:?}") };
        assert_eq!((drained.n, setback.cause), (n, Cause::NotReached));
    }
    let rows = store.outbox().await.unwrap().rows;
    assert_eq!((rows.len(), rows[0].uncertain, rows[1].tries), (2, false, 0));
    // An answer that got lost is asked for again at once.
    let key = rows[0].key;
    let ends = drained(&mut desk, &store, &[], async |desk| {
        for (error, expected) in [(true, "mine"), (true, "mine"), (true, "mine")] {
            let asked = desk.asked().await;
            assert_eq!((note(&asked).2, asked.key()), (expected, key));
            asked.fail(unreached(error));
        }
    })
    .await;
    assert_eq!(ends.len(), 2);
    assert!(store.outbox().await.unwrap().rows[0].uncertain);
}

#[tokio::test(start_paused = true)]
async fn a_command_beside_a_screen_has_it_sent_there_and_waits_for_the_end() {
    let dir = TempDir::new().unwrap();
    let mut screen = desk(&dir).await;
    let _held = screen.go_live(vec![]).await;
    let beside = store(&dir).await;
    let n = beside.enqueue(entry(&*screen.clock, "C-1", "mine")).await.unwrap();
    let ends = drained(&mut screen, &beside, &[n], async |screen| {
        let asked = screen.asked().await;
        assert_eq!(note(&asked).2, "mine");
        asked.say(acted("C-1", 2));
    })
    .await;
    assert!(matches!(ends[0].end, End::Done(_)), "{ends:?}");
    assert_eq!(beside.outbox().await.unwrap().rows, []);

    // It waits no longer than it may, and the act stays.
    let n = beside.enqueue(entry(&*screen.clock, "C-1", "slow")).await.unwrap();
    let began = Instant::now();
    let mut slow = None;
    let ends = drained(&mut screen, &beside, &[n], async |screen| {
        slow = Some(screen.asked().await);
    })
    .await;
    assert_eq!((Instant::now() - began).as_secs(), 10);
    assert_eq!(ends[0].end, End::Waiting(None));
    slow.unwrap().say(acted("C-1", 3));
}

#[tokio::test(start_paused = true)]
async fn an_act_that_cannot_be_kept_is_told_and_nothing_is_sent() {
    let dir = TempDir::new().unwrap();
    let mut desk = desk(&dir).await;
    let _held = desk.go_live(vec![]).await;
    desk.store.forbid_writing().await;
    desk.note(1, "C-1", None);
    let event = desk.event().await;
    let Event::ActNotKept { ticket: 1, failure } = event else { panic!("{event:?}") };
    let sentence = failure.sentence.raw();
    assert!(
        sentence.starts_with("Could not note on C-1: it could not be kept on this machine, since"),
        "{sentence}"
    );
    assert!(sentence.contains("nothing was sent"), "{sentence}");
    desk.assert_nothing_asked_for(s(5)).await;
}

/// A process dies after each write in turn; the next one must find everything, and act once.
#[tokio::test(start_paused = true)]
async fn wherever_a_process_dies_nothing_is_lost_and_nothing_is_done_twice() {
    for dies_after in 0..12_u32 {
        let dir = TempDir::new().unwrap();
        let mut confirmed = std::collections::BTreeMap::new();
        {
            let mut desk = desk(&dir).await;
            let _held = desk.go_live(vec![]).await;
            for (ticket, case) in [(1, "C-1"), (2, "C-1"), (3, "C-2")] {
                desk.note(ticket, case, None);
            }
            desk.outbox_where(|outbox| outbox.entries.len() == 3).await;
            for _ in 0..dies_after {
                if let Ok(Some(asked)) = tokio::time::timeout(s(40), desk.asks.recv()).await
                    && let super::Question::Act { key, .. } = asked.question
                {
                    let text = note(&asked).2.to_owned();
                    confirmed.insert(text, key);
                    asked.say(acted("C-1", 2));
                }
            }
        }
        let mut desk = desk(&dir).await;
        while let Ok(Some(asked)) = tokio::time::timeout(s(120), desk.asks.recv()).await {
            if let super::Question::Act { key, .. } = asked.question {
                let text = note(&asked).2.to_owned();
                let known = *confirmed.entry(text).or_insert(key);
                assert_eq!(known, key, "another key for the same act");
                asked.say(acted("C-1", 2));
            }
        }
        assert_eq!(confirmed.len(), 3, "after {dies_after}");
        let left = desk.line.shutdown(s(5)).await;
        assert_eq!(left.entries, [], "after {dies_after}");
    }
}
