//! The rules of what is kept, on real files.

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use uuid::Uuid;

use super::row::state;
use super::*;

use crate::domain::outbox::{Draft, Question, State, Why};
use crate::domain::{Action, Case, Revision};
use crate::wire::{Acted, Code, Problem};

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_500_000 + second, 0).unwrap()
}

pub(super) fn place(dir: &TempDir) -> Place {
    Place { state: dir.path().join("state"), cache: dir.path().join("cache") }
}

pub(super) fn token(name: &str) -> Fingerprint {
    Fingerprint::of(&name.into())
}

/// A store on a disk whose token is known to be rhald's.
pub(super) async fn store(dir: &TempDir) -> Store {
    let store = Store::open(place(dir), token("t0ken")).await;
    assert!(store.is_on_disk(), "{:?}", store.take_notices());
    store.adopt(&"rhald".into()).await.unwrap();
    store
}

pub(super) fn note(case: &str, text: &str) -> NewEntry {
    NewEntry {
        key: Uuid::now_v7(),
        case: case.into(),
        base: None,
        action: Action::Note { text: text.to_owned() },
        revision: None,
        hold_until: None,
        queued_at: at(0),
        replaces: None,
        draft: None,
    }
}

fn case(revision: Revision) -> Case {
    crate::sync::fake::case("C-1", revision)
}

fn acted(revision: Revision) -> Acted {
    let crate::sync::fake::Said::Acted(acted) = crate::sync::fake::acted("C-1", revision) else {
        panic!("not an act")
    };
    acted
}

async fn texts(store: &Store) -> Vec<String> {
    let rows = store.outbox().await.unwrap();
    assert_eq!(rows.damaged, []);
    rows.rows
        .iter()
        .map(|row| match &row.action {
            Action::Note { text } => text.clone(),
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn only(store: &Store) -> Row {
    let [row] = <[Row; 1]>::try_from(store.outbox().await.unwrap().rows).unwrap();
    row
}

#[tokio::test]
async fn what_was_ordered_is_there_after_a_restart_in_its_order_with_its_key_and_case() {
    let dir = TempDir::new().unwrap();
    let first = NewEntry {
        base: Some(Box::new(case(7))),
        revision: Some(7),
        hold_until: Some(at(10)),
        ..note("C-1", "a")
    };
    {
        let store = store(&dir).await;
        assert_eq!(store.enqueue(first.clone()).await, Ok(1));
        assert_eq!(store.enqueue(note("C-2", "b")).await, Ok(2));
    }
    let store = Store::open(place(&dir), token("t0ken")).await;
    assert_eq!(store.owner(), Owner::User("rhald".into()));
    assert_eq!(texts(&store).await, ["a", "b"]);
    let rows = store.outbox().await.unwrap().rows;
    let row = &rows[0];
    assert_eq!((row.n, row.key, &row.case), (1, first.key, &first.case));
    assert_eq!((&row.base, &row.action), (&first.base, &first.action));
    assert_eq!((row.revision, row.hold_until), (first.revision, first.hold_until));
    assert_eq!((row.queued_at, row.tries, row.uncertain), (first.queued_at, 0, false));
    assert_eq!((&row.state, &row.setback), (&RowState::Queued, &None));
}

#[tokio::test]
async fn a_number_is_never_given_twice() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let n = store.enqueue(note("C-1", "a")).await.unwrap();
    assert_eq!(store.discard(n).await, Ok(true));
    assert_eq!(store.enqueue(note("C-1", "b")).await, Ok(n + 1));
}

#[tokio::test]
async fn what_replaces_another_takes_it_and_its_draft_out_in_the_same_go() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let n = store.enqueue(note("C-1", "a")).await.unwrap();
    let draft = Draft { id: "note/C-1".to_owned(), case: "C-1".into(), body: "b".to_owned() };
    store.keep_draft(draft.clone(), at(0)).await.unwrap();
    store.mark_refused(n, &Problem::new(Code::Rule, "No."), at(1)).await.unwrap();

    let again = NewEntry { replaces: Some(n), draft: Some(draft.id), ..note("C-1", "b") };
    // The key of another entry: nothing of it happens.
    let taken = store.enqueue(note("C-2", "c")).await.unwrap();
    let key = store.outbox().await.unwrap().rows.last().unwrap().key;
    assert!(store.enqueue(NewEntry { key, ..again.clone() }).await.is_err());
    assert_eq!(texts(&store).await, ["a", "c"]);
    assert_eq!(store.drafts().await.unwrap().drafts.len(), 1);

    store.enqueue(again).await.unwrap();
    assert_eq!(texts(&store).await, ["c", "b"]);
    assert_eq!(store.drafts().await.unwrap(), Drafts::default());
    assert_eq!(store.discard(taken).await, Ok(true));
}

#[tokio::test]
async fn an_act_can_be_undone_until_it_was_tried() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let n = store.enqueue(note("C-1", "a")).await.unwrap();
    assert_eq!(store.undo(n).await, Ok(true));
    assert_eq!(store.undo(n).await, Ok(false));
    let n = store.enqueue(note("C-1", "b")).await.unwrap();
    store.mark_sending(n, at(1)).await.unwrap().unwrap();
    assert_eq!(store.undo(n).await, Ok(false));
    assert_eq!(store.discard(n).await, Ok(false));
    let setback = Setback { cause: Cause::Busy, what: "Later.".into() };
    assert_eq!(store.mark_undecided(n, &setback, true).await, Ok(true));
    assert_eq!(store.undo(n).await, Ok(false));
    let row = only(&store).await;
    assert_eq!((row.tries, row.uncertain, row.setback), (1, true, Some(setback)));
    assert_eq!(store.discard(n).await, Ok(true));
    assert_eq!(texts(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_hold_ends_when_it_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let n = store.enqueue(NewEntry { hold_until: Some(at(10)), ..note("C-1", "a") }).await.unwrap();
    let held = only(&store).await;
    let state = |row: &Row, now| row.entry(now, 1).unwrap().state;
    assert_eq!(state(&held, at(3)), State::Held { until: at(10) });
    assert_eq!(state(&held, at(10)), State::Queued);
    assert_eq!(store.send_now(n).await, Ok(true));
    assert_eq!(state(&only(&store).await, at(3)), State::Queued);
    assert_eq!(store.send_now(n + 1).await, Ok(false));
}

#[tokio::test]
async fn what_is_asked_about_is_sent_on_the_version_that_was_shown_with_its_key() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let entry = NewEntry { revision: Some(7), ..note("C-1", "a") };
    let n = store.enqueue(entry.clone()).await.unwrap();
    assert_eq!(store.still_send(n, at(1)).await, Ok(false));
    store.mark_sending(n, at(1)).await.unwrap().unwrap();
    let question = Question { why: Why::Changed, current: Some(case(9)) };
    store.mark_asked(n, &question).await.unwrap();
    assert_eq!(only(&store).await.state, RowState::Asked(Box::new(question)));
    assert_eq!(store.mark_sending(n, at(2)).await, Ok(None));
    assert_eq!(store.still_send(n, at(60)).await, Ok(true));
    let out = store.mark_sending(n, at(61)).await.unwrap().unwrap();
    assert_eq!((out.row.key, out.if_match), (entry.key, Some(9)));
    assert_eq!(out.row.confirmed_at, Some(at(60)));
}

#[tokio::test]
async fn a_revision_is_put_forward_over_our_own_acts_alone() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    // Known, asked for, and the revision after it. Between 10 and 12 somebody else acted.
    for (known, asked, now) in [
        (Some(7), Some(7), 8),
        (Some(7), Some(8), 9),
        (Some(8), Some(9), 10),
        (Some(9), Some(10), 11),
        (Some(12), Some(12), 13),
        (Some(11), Some(11), 14),
        (None, None, 15),
        (Some(11), Some(15), 16),
    ] {
        let n = store.enqueue(NewEntry { revision: known, ..note("C-1", "a") }).await.unwrap();
        let out = store.mark_sending(n, at(1)).await.unwrap().unwrap();
        assert_eq!(out.if_match, asked, "known {known:?}");
        store.mark_done(&out, &acted(now), false, at(2)).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_waits_for_whoever_ordered_and_is_given_once_or_forgotten_after_a_day() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    for (n, taken) in [(1, true), (2, false)] {
        assert_eq!(store.enqueue(note("C-1", "a")).await, Ok(n));
        let out = store.mark_sending(n, at(1)).await.unwrap().unwrap();
        store.mark_done(&out, &acted(n + 7), true, at(2)).await.unwrap();
        if taken {
            assert_eq!(store.take_answer(n).await, Ok(Some(acted(n + 7))));
            assert_eq!(store.take_answer(n).await, Ok(None));
        }
    }
    assert_eq!(store.outbox().await.unwrap().outbox(at(3), |n| n).entries, []);
    store.take_over(at(2) + TimeDelta::hours(23)).await.unwrap();
    assert!(matches!(only(&store).await.state, RowState::Done(_)));
    store.take_over(at(3) + TimeDelta::days(1)).await.unwrap();
    assert_eq!(store.outbox().await.unwrap().rows, []);
}

#[tokio::test]
async fn what_was_on_its_way_when_its_process_ended_may_have_been_done() {
    let dir = TempDir::new().unwrap();
    {
        let store = store(&dir).await;
        store.enqueue(note("C-1", "a")).await.unwrap();
        store.enqueue(NewEntry { hold_until: Some(at(900)), ..note("C-2", "b") }).await.unwrap();
        store.mark_sending(1, at(1)).await.unwrap().unwrap();
    }
    let store = Store::open(place(&dir), token("t0ken")).await;
    assert_eq!(store.outbox().await.unwrap().rows[0].state, RowState::Sending);
    store.take_over(at(5)).await.unwrap();
    let rows = store.outbox().await.unwrap().rows;
    assert_eq!((&rows[0].state, rows[0].tries, rows[0].uncertain), (&RowState::Queued, 1, true));
    assert_eq!(rows[0].setback.as_ref().unwrap().cause, Cause::Ended);
    assert_eq!((rows[1].hold_until, rows[1].uncertain), (Some(at(15)), false));
}

#[tokio::test]
async fn what_was_kept_before_the_desk_said_whose_the_token_is_becomes_the_users() {
    let dir = TempDir::new().unwrap();
    let draft = Draft { id: "d".to_owned(), case: "C-1".into(), body: "x".to_owned() };
    {
        let store = Store::open(place(&dir), token("t0ken")).await;
        assert_eq!(store.owner(), Owner::Token(token("t0ken")));
        store.enqueue(note("C-1", "a")).await.unwrap();
        store.keep_draft(draft.clone(), at(0)).await.unwrap();
        store.remember("view".to_owned(), "mine".to_owned()).await.unwrap();
        assert_eq!(store.adopt(&"rhald".into()).await, Ok(true));
        assert_eq!(store.adopt(&"rhald".into()).await, Ok(false));
        store.enqueue(note("C-1", "b")).await.unwrap();
        assert_eq!(texts(&store).await, ["a", "b"]);
    }
    // Another token of the same user sees it, another user does not.
    let store = Store::open(place(&dir), token("n3w")).await;
    assert_eq!(texts(&store).await, [""; 0]);
    assert_eq!(store.drafts().await.unwrap(), Drafts::default());
    store.adopt(&"mito".into()).await.unwrap();
    assert_eq!(texts(&store).await, [""; 0]);
    assert_eq!(store.undo(1).await, Ok(false));
    assert_eq!(store.discard(1).await, Ok(false));
    assert_eq!(store.adopt(&"rhald".into()).await, Ok(true));
    assert_eq!(texts(&store).await, ["a", "b"]);
    assert_eq!(store.drafts().await.unwrap().drafts, [draft]);
    assert_eq!(store.remembered().await.unwrap(), [("view".to_owned(), "mine".to_owned())]);
}

#[tokio::test]
async fn a_row_whose_bytes_have_changed_is_set_aside_told_and_never_sent() {
    let changes = [
        "action = replace(action, 'words', 'w0rds')",
        "case_id = 'C-9'",
        "key = '0193a3a0-0000-7000-8000-000000000000'",
        "owner = 'user:rhalb'",
        "queued_at = queued_at + 1",
        "revision = 3",
        "hold_until = 9999999999999",
        "state = 'refused'",
        "state = 'done'",
        "tries = 1",
        "sum = x'00'",
        "base = CAST(x'ff00fe' AS TEXT)",
    ];
    for change in changes {
        let dir = TempDir::new().unwrap();
        let store = store(&dir).await;
        store.enqueue(note("C-1", "some words")).await.unwrap();
        store.enqueue(note("C-1", "more")).await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("UPDATE outbox SET {change} WHERE n = 1"));
        store
            .keep
            .write(move |conn| Box::pin(async move { sqlx::raw_sql(sql).execute(conn).await }))
            .await
            .unwrap();
        assert_eq!(store.mark_sending(1, at(1)).await, Ok(None), "{change}");
        let rows = store.outbox().await.unwrap();
        assert_eq!(rows.rows.len(), 1, "{change}");
        assert_eq!(rows.damaged.len(), 1, "{change}");
        assert_eq!(rows.damaged[0].n, 1);
        assert!(rows.damaged[0].text.raw().contains("rds"), "{change}: {:?}", rows.damaged);
        assert_eq!(store.discard(1).await, Ok(false));
        drop(store);
        let store = Store::open(place(&dir), token("t0ken")).await;
        assert_eq!(store.outbox().await.unwrap(), rows, "{change}");
        assert_eq!(store.discard_damaged(1).await, Ok(true));
        assert_eq!(store.outbox().await.unwrap().damaged, []);
        assert_eq!(store.discard_damaged(2).await, Ok(false));
    }
    assert_eq!(state::DAMAGED, "damaged");
}

#[tokio::test]
async fn a_draft_whose_bytes_have_changed_is_not_shown_as_if_it_had_been_written() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir).await;
    let draft = |id: &str| Draft { id: id.to_owned(), case: "C-1".into(), body: "x".to_owned() };
    store.keep_draft(draft("a"), at(0)).await.unwrap();
    store.keep_draft(draft("b"), at(1)).await.unwrap();
    let sql = "UPDATE drafts SET body = 'y' WHERE id = 'a'";
    store
        .keep
        .write(move |conn| Box::pin(async move { sqlx::raw_sql(sql).execute(conn).await }))
        .await
        .unwrap();
    let drafts = store.drafts().await.unwrap();
    assert_eq!(drafts.drafts, [draft("b")]);
    assert_eq!(drafts.damaged, ["a"]);
    store.drop_draft("a".to_owned()).await.unwrap();
    assert_eq!(store.drafts().await.unwrap().damaged, [""; 0]);
}
