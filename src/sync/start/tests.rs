//! Tests of starts from what is kept, against a played desk; each on files of its own.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use crate::client::{CallError, Fetched};
use crate::clock::{Clock, DeskClock};
use crate::domain::{CaseId, Role};
use crate::sync::fake::{
    self, Asked, Desk, Question, Said, case, changes, detail, me, refused, unreached,
};
use crate::sync::store::{Fingerprint, Place, Resume, Store};
use crate::sync::{Event, Link};
use crate::wire::{Code, Me};

fn machine() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

async fn store(dir: &TempDir, token: &str) -> Store {
    let place = Place { state: dir.path().join("state"), cache: dir.path().join("cache") };
    Store::open(place, Fingerprint::of(&token.into())).await
}

/// A line on what is kept in the folder, on a machine whose clock says `wall`.
async fn start_at(dir: &TempDir, wall: DateTime<Utc>) -> Desk {
    Desk::start_on(store(dir, "t0ken").await, DeskClock::start_at(wall), 1.0)
}

async fn start(dir: &TempDir) -> Desk {
    start_at(dir, machine()).await
}

/// A run that met the desk, was given these cases, and ended.
async fn earlier_run(dir: &TempDir, cases: &[(&str, u64)]) {
    let mut desk = start(dir).await;
    let held = desk.go_live(cases.iter().map(|(id, revision)| case(id, *revision)).collect()).await;
    kept(&desk, "c1").await;
    drop(held);
    desk.line.shutdown(Duration::from_secs(1)).await;
}

/// Waits until a page is written down, which is after it is told.
async fn kept(desk: &Desk, cursor: &str) {
    for _ in 0..100 {
        if desk.store.kept_cursor().await == Some(Resume::From(cursor.to_owned())) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the page of {cursor} is not kept");
}

async fn page(desk: &mut Desk) -> (Vec<String>, bool, bool) {
    let event = desk.event().await;
    let Event::Page { cases, reset, more, .. } = event else { panic!("{event:?}") };
    let mut ids: Vec<String> = cases.iter().map(|case| case.id.as_str().to_owned()).collect();
    ids.sort();
    (ids, reset, more)
}

/// What is told of an earlier run before the desk has said anything.
async fn painted(desk: &mut Desk, ids: &[&str]) {
    assert_eq!(desk.event().await, Event::SignedIn(Box::new(me())));
    assert!(matches!(desk.event().await, Event::Policy(_)));
    let event = desk.event().await;
    assert!(
        matches!(event, Event::Link { link: Link::Connecting, fresh_at: Some(_) }),
        "{event:?}"
    );
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(page(desk).await, (ids, true, true));
    assert_eq!(page(desk).await, (vec![], false, false));
}

#[tokio::test(start_paused = true)]
async fn a_start_shows_what_is_kept_before_the_desk_answers_and_goes_on_from_its_cursor() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1), ("C-2", 1)]).await;
    let mut desk = start(&dir).await;
    painted(&mut desk, &["C-1", "C-2"]).await;
    // What is known is not told again; the feed goes on.
    desk.sign_in().await;
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("c1"), 0));
    asked.say(desk.feed(vec![case("C-2", 2)], "c2", false));
    assert_eq!(page(&mut desk).await, (vec!["C-2".to_owned()], false, false));
    assert_eq!(desk.asked().await.question, changes(Some("c2"), 25));
    assert_eq!(desk.link().await, Link::Live);
    kept(&desk, "c2").await;
}

#[tokio::test(start_paused = true)]
async fn without_the_desk_the_queue_is_there_and_how_old_it_is() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1)]).await;
    let mut desk = start_at(&dir, machine() + TimeDelta::hours(5)).await;
    painted(&mut desk, &["C-1"]).await;
    desk.asked().await.fail(unreached(false));
    let event = desk.event().await;
    let Event::Link { link: Link::Offline { .. }, fresh_at: Some(at) } = event else {
        panic!("{event:?}")
    };
    assert_eq!((desk.clock.now() - at).num_hours(), 5);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_screen_comes_in_pieces_and_ends_once() {
    let dir = TempDir::new().unwrap();
    let ids: Vec<String> = (0..1000).map(|n| format!("C-{n}")).collect();
    earlier_run(&dir, &ids.iter().map(|id| (id.as_str(), 1)).collect::<Vec<_>>()).await;
    let mut desk = start(&dir).await;
    for _ in 0..3 {
        desk.event().await;
    }
    let (mut told, reset, mut more) = page(&mut desk).await;
    assert!(reset && more && told.len() < ids.len());
    while more {
        let (ids, reset, goes_on) = page(&mut desk).await;
        assert!(!reset);
        told.extend(ids);
        more = goes_on;
    }
    told.sort();
    let mut ids = ids;
    ids.sort();
    assert_eq!(told, ids);
}

#[tokio::test(start_paused = true)]
async fn under_a_token_that_is_not_known_nothing_is_shown_until_the_desk_says_whose_it_is() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1)]).await;
    let new = store(&dir, "renewed").await;
    let mut desk = Desk::start_on(new, DeskClock::start_at(machine()), 1.0);
    let asked = desk.asked().await;
    desk.assert_nothing_told();
    asked.say(Said::Me(me()));
    painted(&mut desk, &["C-1"]).await;
    let asked = desk.asked().await;
    assert_eq!(asked.question, Question::Policy);
    asked.say(Said::Policy(crate::sla::policy::Policy::embedded().document()));
    assert_eq!(desk.asked().await.question, changes(Some("c1"), 0));
}

/// The desk names somebody who sees other cases.
async fn now_it_is(somebody: Me) {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1)]).await;
    let mut desk = start(&dir).await;
    painted(&mut desk, &["C-1"]).await;
    desk.asked().await.say(Said::Me(somebody.clone()));
    assert_eq!(desk.event().await, Event::SignedIn(Box::new(somebody)));
    // At once: nothing is left.
    assert_eq!(page(&mut desk).await, (vec![], true, false));
    desk.asked().await.say(Said::Policy(crate::sla::policy::Policy::embedded().document()));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(None, 0));
    asked.say(desk.feed(vec![case("C-9", 1)], "n1", false));
    assert_eq!(page(&mut desk).await, (vec!["C-9".to_owned()], true, false));
    kept(&desk, "n1").await;
    let cases = desk.store.all_cases().await.unwrap();
    assert_eq!(cases, [case("C-9", 1)]);
}

#[tokio::test(start_paused = true)]
async fn cases_of_another_user_or_of_an_earlier_role_vanish_at_once() {
    now_it_is(Me { role: Role::Admin, ..me() }).await;
    now_it_is(Me { id: "lito".into(), name: "L. Ito".into(), ..me() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_gone_leaves_what_is_shown_until_the_fresh_start_is_whole() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1), ("C-2", 1)]).await;
    let mut desk = start(&dir).await;
    painted(&mut desk, &["C-1", "C-2"]).await;
    desk.sign_in().await;
    desk.asked().await.fail(refused(Code::CursorGone, "too old"));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(None, 0));
    asked.say(desk.feed(vec![case("C-2", 1)], "n1", true));
    assert_eq!(page(&mut desk).await, (vec!["C-2".to_owned()], true, true));
    let last = desk.asked().await;
    // Half way, all of it is still kept.
    assert_eq!(desk.store.all_cases().await.unwrap().len(), 2);
    last.say(desk.feed(vec![], "n2", false));
    assert_eq!(page(&mut desk).await, (vec![], false, false));
    kept(&desk, "n2").await;
    assert_eq!(desk.store.all_cases().await.unwrap(), [case("C-2", 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_screen_whose_pages_another_one_kept_and_then_ended_brings_the_cache_on() {
    let dir = TempDir::new().unwrap();
    let mut desk = start(&dir).await;
    let held = desk.go_live(vec![case("C-1", 1)]).await;
    kept(&desk, "c1").await;
    // The other screen had changes that we hear of together with a later one.
    let other = store(&dir, "t0ken").await;
    let Said::Feed(theirs) = desk.feed(vec![case("C-1", 2)], "c2", false) else { panic!() };
    let now = desk.clock.now();
    other.apply(crate::sync::store::Page::new(&theirs, Some("c1".to_owned()), None, now)).await;
    drop(other);
    held.say(desk.feed(vec![case("C-1", 3)], "c3", false));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("c2"), 0));
    asked.say(desk.feed(vec![case("C-1", 3)], "c3", false));
    assert_eq!(desk.asked().await.question, changes(Some("c3"), 25));
    kept(&desk, "c3").await;
    assert_eq!(desk.store.all_cases().await.unwrap(), [case("C-1", 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_cache_is_told_once_and_all_is_had_from_the_desk() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1)]).await;
    for entry in std::fs::read_dir(dir.path().join("cache")).unwrap() {
        std::fs::write(entry.unwrap().path(), "not a database".repeat(500)).unwrap();
    }
    let mut desk = start(&dir).await;
    desk.sign_in().await;
    assert_eq!(desk.event().await, Event::SignedIn(Box::new(me())));
    let event = desk.event().await;
    let Event::Notice(sentence) = event else { panic!("{event:?}") };
    assert!(sentence.contains("deleted and is loaded anew from the desk"), "{sentence}");
    assert!(matches!(desk.event().await, Event::Policy(_)));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(None, 0));
    asked.say(desk.feed(vec![case("C-1", 1)], "n1", false));
    assert_eq!(page(&mut desk).await, (vec!["C-1".to_owned()], true, false));
    kept(&desk, "n1").await;
}

#[tokio::test(start_paused = true)]
async fn countdowns_are_right_within_a_second_on_a_machine_that_is_a_day_off() {
    for off in [TimeDelta::hours(24), TimeDelta::hours(-24)] {
        let dir = TempDir::new().unwrap();
        // The machine's clock is off from the first run on; the desk says what time it is.
        let desk_time = machine();
        let mut desk = start_at(&dir, desk_time + off).await;
        let began = tokio::time::Instant::now();
        let there = |began: tokio::time::Instant, since: DateTime<Utc>| {
            since + TimeDelta::from_std(began.elapsed()).unwrap()
        };
        desk.sign_in().await;
        let Said::Feed(mut feed) = desk.feed(vec![case("C-1", 1)], "c1", false) else { panic!() };
        feed.server_time = there(began, desk_time);
        desk.asked().await.say(Said::Feed(feed));
        let held = desk.asked().await;
        let error = |desk: &Desk, since| (desk.clock.now() - there(began, since)).abs();
        assert!(error(&desk, desk_time) <= TimeDelta::seconds(1));
        kept(&desk, "c1").await;
        drop(held);
        desk.line.shutdown(Duration::from_secs(1)).await;

        // An hour later, and without the desk: the offset that was learned counts.
        let (began, later) = (tokio::time::Instant::now(), desk_time + TimeDelta::hours(1));
        let mut desk = start_at(&dir, later + off).await;
        let mut skew = None;
        loop {
            match desk.event().await {
                Event::Skew(seconds) => skew = Some(seconds),
                Event::Page { more: false, .. } => break,
                _ => {}
            }
        }
        assert!((desk.clock.now() - there(began, later)).abs() <= TimeDelta::seconds(1));
        assert!((skew.unwrap() - off.num_seconds()).abs() <= 1, "{skew:?}");
        desk.asked().await.fail(unreached(false));
        desk.link().await;
        assert!((desk.clock.now() - there(began, later)).abs() <= TimeDelta::seconds(1));
    }
}

#[tokio::test(start_paused = true)]
async fn time_never_reads_earlier_than_the_queue_is_fresh() {
    let dir = TempDir::new().unwrap();
    earlier_run(&dir, &[("C-1", 1)]).await;
    // Meanwhile somebody set the machine's clock back.
    let mut desk = start_at(&dir, machine() - TimeDelta::days(3)).await;
    loop {
        if let Event::Link { fresh_at: Some(at), .. } = desk.event().await {
            assert!(desk.clock.now() >= at);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_gives_the_held_request_up_and_asks_anew_at_once() {
    let dir = TempDir::new().unwrap();
    let mut desk = start(&dir).await;
    let held = desk.go_live(vec![]).await;
    let before = desk.clock.now();
    desk.line.slept(Duration::from_hours(8)).await;
    assert_eq!(desk.event().await, Event::Slept);
    assert!(desk.clock.now() - before >= TimeDelta::hours(8));
    let asked = desk.asked().await;
    assert!(held.is_given_up());
    assert_eq!(asked.question, changes(Some("c1"), 0));
    assert!(asked.at - held.at < Duration::from_secs(1));
    assert_eq!(desk.api.most_open(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_tries_ends_with_the_machines_sleep() {
    let mut desk = Desk::start().await;
    for _ in 0..6 {
        desk.asked().await.fail(unreached(false));
        desk.link().await;
    }
    let asked = desk.asked().await;
    let failed_at = asked.at;
    asked.fail(unreached(false));
    desk.link().await;
    desk.line.slept(Duration::from_hours(1)).await;
    assert_eq!(desk.asked().await.at, failed_at);
}

/// Answers held requests with nothing until the time is over; how many feed requests that took.
async fn feed_requests(desk: &mut Desk, mut held: Asked, time: Duration) -> usize {
    let until = tokio::time::Instant::now() + time;
    let mut count = 0;
    while tokio::time::Instant::now() < until {
        if let Question::Changes { wait, .. } = &held.question {
            tokio::time::sleep(*wait).await;
        }
        held.say(desk.feed(vec![], "c1", false));
        held = desk.asked().await;
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn where_nobody_looks_the_desk_is_asked_less_often_and_at_once_when_somebody_does() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    desk.line.set_attention(false);
    // The held request stays; its answer is taken.
    assert!(!held.is_given_up());
    held.say(desk.feed(vec![case("C-1", 1)], "c2", false));
    assert_eq!(page(&mut desk).await.0, ["C-1"]);
    let answered = tokio::time::Instant::now();
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("c2"), 0));
    assert_eq!(asked.at - answered, crate::sync::pace::UNWATCHED);
    asked.say(desk.feed(vec![], "c2", false));
    desk.assert_nothing_asked_for(Duration::from_secs(20)).await;
    let looked = tokio::time::Instant::now();
    desk.line.set_attention(true);
    let asked = desk.asked().await;
    assert_eq!((asked.question.clone(), asked.at), (changes(Some("c2"), 25), looked));
}

#[tokio::test(start_paused = true)]
async fn whoever_is_on_call_is_told_at_once_even_when_nobody_looks() {
    let mut desk = Desk::start().await;
    desk.asked().await.say(Said::Me(Me { role: Role::Oncall, ..me() }));
    desk.asked().await.say(Said::Policy(crate::sla::policy::Policy::embedded().document()));
    let first = desk.feed(vec![], "c1", false);
    desk.asked().await.say(first);
    let held = desk.asked().await;
    desk.line.set_attention(false);
    let on_call = feed_requests(&mut desk, held, Duration::from_mins(10)).await;
    assert!((23..=25).contains(&on_call), "{on_call}");
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_says_that_it_is_busy_is_asked_less_often_afterwards() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    let busy = CallError::Busy { what: "Slow down.".into(), retry_after: None };
    held.fail(busy);
    desk.sign_in().await;
    let asked = desk.asked().await;
    asked.say(desk.feed(vec![], "c1", false));
    let mut last = desk.asked().await;
    let mut distances = Vec::new();
    for _ in 0..4 {
        let at = last.at;
        last.say(desk.feed(vec![case("C-1", 2)], "c1", false));
        last = desk.asked().await;
        distances.push(last.at - at);
    }
    assert!(distances[0] >= crate::sync::pace::APART, "{distances:?}");
    assert_eq!(distances[3], crate::sync::pace::APART, "{distances:?}");
}

fn whole(asked: Asked, id: &str) {
    assert!(
        matches!(&asked.question, Question::Case { id: of, .. } if of.as_str() == id),
        "{asked:?}"
    );
    asked.say(Said::Fetched(Fetched::Case(Box::new(detail(id, 1)))));
}

#[tokio::test(start_paused = true)]
async fn a_case_that_was_looked_at_before_is_there_at_once_and_only_its_news_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let mut desk = start(&dir).await;
    let _held = desk.go_live(vec![case("C-1", 1)]).await;
    desk.line.fetch("C-1".into(), None);
    whole(desk.asked().await, "C-1");
    assert_eq!(desk.event().await, Event::Detail(Box::new(detail("C-1", 1))));
    desk.line.shutdown(Duration::from_secs(1)).await;

    let mut desk = start(&dir).await;
    painted(&mut desk, &["C-1"]).await;
    let _me = desk.asked().await;
    desk.line.fetch("C-1".into(), None);
    assert_eq!(desk.event().await, Event::Detail(Box::new(detail("C-1", 1))));
    let asked = desk.asked().await;
    assert_eq!(asked.question, Question::Case { id: "C-1".into(), known: Some(1) });
    asked.say(Said::Fetched(Fetched::Unchanged));
    assert_eq!(desk.event().await, Event::DetailUnchanged("C-1".into()));
}

#[tokio::test(start_paused = true)]
async fn cases_around_the_cursor_are_loaded_ahead_but_never_before_one_that_is_wanted() {
    let dir = TempDir::new().unwrap();
    let mut desk = start(&dir).await;
    let cases = (0..9).map(|n| case(&format!("C-{n}"), 1)).collect();
    let _held = desk.go_live(cases).await;
    kept(&desk, "c1").await;
    let ids = |ids: &[&str]| ids.iter().map(|id| CaseId::from(*id)).collect::<Vec<_>>();
    desk.line.prefetch(ids(&["C-1", "C-2", "C-3", "C-4", "C-5"]));
    whole(desk.asked().await, "C-1");
    assert_eq!(desk.event().await, Event::Detail(Box::new(detail("C-1", 1))));
    let ahead = desk.asked().await;
    assert!(matches!(&ahead.question, Question::Case { id, .. } if id.as_str() == "C-2"));
    // What is wanted goes first: the other is given up, and asked for again afterwards.
    desk.line.fetch("C-8".into(), None);
    let wanted = desk.asked().await;
    assert!(ahead.is_given_up());
    whole(wanted, "C-8");
    for id in ["C-2", "C-3", "C-4"] {
        whole(desk.asked().await, id);
    }
    // No more than a few for one place; and what is here is not asked for.
    desk.line.prefetch(ids(&["C-1", "C-2", "C-8"]));
    desk.assert_nothing_asked_for(Duration::from_secs(10)).await;
}

#[tokio::test(start_paused = true)]
async fn loading_ahead_has_a_budget_and_stops_where_the_desk_is_not_at_ease() {
    let mut desk = Desk::start().await;
    desk.line.prefetch(vec!["C-1".into()]);
    // Not signed in yet.
    let me = desk.asked().await;
    desk.assert_nothing_asked_for(Duration::from_secs(5)).await;
    me.say(Said::Me(fake::me()));
    desk.asked().await.say(Said::Policy(crate::sla::policy::Policy::embedded().document()));
    let first = desk.feed(vec![], "c1", false);
    desk.asked().await.say(first);
    let _held = desk.asked().await;
    desk.link().await;
    let mut loaded = 0;
    for place in 0..12 {
        desk.line.prefetch((0..4).map(|n| CaseId::new(format!("C-{place}-{n}"))).collect());
        while let Ok(Some(asked)) =
            tokio::time::timeout(Duration::from_millis(500), desk.asks.recv()).await
        {
            asked.fail(unreached(false));
            loaded += 1;
        }
    }
    assert_eq!(loaded, 30);
    tokio::time::sleep(Duration::from_mins(1)).await;
    desk.line.prefetch(vec!["C-again".into()]);
    assert!(matches!(desk.asked().await.question, Question::Case { .. }));
}
