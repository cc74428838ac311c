//! Tests of the poller against a played desk.

use super::*;
use crate::clock::Clock;
use crate::domain::{CaseId, Role};
use crate::sync::fake::{Desk, Question, Said, case, changes, me, refused, unreached};
use crate::sync::pace::APART;
use crate::wire::Problem;
use chrono::TimeDelta;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn ids(event: &Event) -> (Vec<&str>, bool, bool) {
    let Event::Page { cases, reset, more, .. } = event else { panic!("{event:?}") };
    (cases.iter().map(|c| c.id.as_str()).collect(), *reset, *more)
}

#[tokio::test(start_paused = true)]
async fn the_queue_comes_page_by_page_and_then_the_feed_is_held() {
    let mut desk = Desk::start().await;
    desk.sign_in().await;
    assert_eq!(desk.event().await, Event::SignedIn(Box::new(me())));
    assert!(matches!(desk.event().await, Event::Policy(_)));

    for (cursor, next, id, more) in [
        (None, "p1", "C-1", true),
        (Some("p1"), "p2", "C-2", true),
        (Some("p2"), "c3", "C-3", false),
    ] {
        let asked = desk.asked().await;
        assert_eq!(asked.question, changes(cursor, 0));
        desk.assert_nothing_told();
        asked.say(desk.feed(vec![case(id, 1)], next, more));
        assert_eq!(ids(&desk.event().await), (vec![id], cursor.is_none(), more));
    }
    let held = desk.asked().await;
    assert_eq!(held.question, changes(Some("c3"), 25));
    let Event::Link { link: Link::Live, fresh_at: Some(_) } = desk.event().await else {
        panic!("not live")
    };

    // What changes comes at once, what does not change says nothing but that it is confirmed.
    tokio::time::advance(Duration::from_secs(3)).await;
    held.say(desk.feed(vec![case("C-2", 2)], "c4", false));
    assert_eq!(ids(&desk.event().await), (vec!["C-2"], false, false));
    let held = desk.asked().await;
    assert_eq!(held.question, changes(Some("c4"), 25));
    assert!(matches!(desk.event().await, Event::Link { link: Link::Live, .. }));
    tokio::time::advance(Duration::from_secs(3)).await;
    held.say(desk.feed(vec![], "c5", false));
    let again = desk.asked().await;
    assert_eq!(again.question, changes(Some("c5"), 25));
    assert!(matches!(desk.event().await, Event::Link { link: Link::Live, .. }));
    desk.assert_nothing_told();
    assert_eq!(desk.api.most_open(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_of_a_version_that_is_not_known_has_the_policy_read_first_and_once() {
    let of_version = |version: &str| {
        let mut case = case("C-1", 2);
        let policy = Policy::embedded();
        let now = case.reported_at;
        let ledger = crate::sla::ledger::Ledger::opened(
            now,
            crate::domain::Severity::High,
            &case.partner.id,
            &policy,
        );
        case.clocks = ledger.summaries(now, &policy);
        for clock in &mut case.clocks {
            clock.policy = version.to_owned();
        }
        case
    };
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![of_version("2026-11")]).await;
    held.say(desk.feed(vec![of_version("2027-01")], "c2", false));
    let asked = desk.asked().await;
    assert_eq!(asked.question, Question::Policy);
    let new = crate::sla::policy::PolicyDocument {
        version: "2027-01".to_owned(),
        earlier: vec![Policy::embedded().document()],
        ..Policy::embedded().document()
    };
    asked.say(Said::Policy(new));
    let Event::Policy(policy) = desk.event().await else { panic!("no policy") };
    assert_eq!(policy.version(), "2027-01");
    assert!(policy.knows("2026-11"));
    assert_eq!(ids(&desk.event().await), (vec!["C-1"], false, false));
    // A version that the desk does not know either is asked for once.
    let held = desk.asked().await;
    assert_eq!(held.question, changes(Some("c2"), 25));
    held.say(desk.feed(vec![of_version("lost")], "c3", false));
    let asked = desk.asked().await;
    assert_eq!(asked.question, Question::Policy);
    asked.say(Said::Policy(policy.document()));
    let held = desk.asked().await;
    assert_eq!(held.question, changes(Some("c3"), 25));
    held.say(desk.feed(vec![of_version("lost"), of_version("2026-11")], "c4", false));
    assert_eq!(desk.asked().await.question, changes(Some("c4"), 25));
}

#[tokio::test(start_paused = true)]
async fn more_after_a_held_answer_is_fetched_without_holding() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    held.say(desk.feed(vec![case("C-1", 1)], "c2", true));
    let rest = desk.asked().await;
    assert_eq!(rest.question, changes(Some("c2"), 0));
    rest.say(desk.feed(vec![case("C-2", 1)], "c3", false));
    assert_eq!(desk.asked().await.question, changes(Some("c3"), 25));
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_does_not_hold_the_request_is_asked_once_a_second_at_most() {
    let mut desk = Desk::start().await;
    let mut held = desk.go_live(vec![]).await;
    for _ in 0..5 {
        let before = held.at;
        held.say(desk.feed(vec![], "c1", false));
        held = desk.asked().await;
        assert_eq!(held.at - before, s(1));
    }
    let before = held.at;
    held.say(desk.feed(vec![case("C-1", 2)], "c1", false));
    assert_eq!(desk.asked().await.at - before, APART);
}

#[tokio::test(start_paused = true)]
async fn a_failed_poll_is_told_and_tried_again_later_and_later_until_it_recovers() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![case("C-1", 1)]).await;
    let mut failed_at = Instant::now();
    held.fail(unreached(true));
    for pause in [1, 2, 4, 8, 16, 30, 30] {
        let Event::Link { link: Link::Offline { retry_at, why }, fresh_at } = desk.event().await
        else {
            panic!("not offline")
        };
        assert_eq!(why.raw(), "Could not reach desk: connection refused");
        assert!(fresh_at.is_some_and(|at| at <= desk.clock.now()));
        let off = (retry_at - desk.clock.now()) - TimeDelta::seconds(pause);
        assert!(off.num_seconds().abs() < 5, "{off}");
        let asked = desk.asked().await;
        assert_eq!(asked.question, Question::Me);
        assert_eq!((asked.at - failed_at).as_secs(), pause.unsigned_abs());
        failed_at = Instant::now();
        asked.fail(unreached(false));
    }
    desk.link().await;
    desk.sign_in().await;
    // Nothing is told that is known; the feed goes on where it was, unheld at first.
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("c1"), 0));
    asked.say(desk.feed(vec![], "c2", false));
    let held = desk.asked().await;
    assert_eq!(held.question, changes(Some("c2"), 25));
    assert!(matches!(desk.event().await, Event::Link { link: Link::Live, .. }));
    let failed_at = Instant::now();
    held.fail(unreached(true));
    assert_eq!(desk.asked().await.at - failed_at, s(1));
}

#[tokio::test(start_paused = true)]
async fn pauses_are_spread_over_their_whole_length() {
    let mut desk = Desk::start_with_chance(0.25).await;
    let asked = desk.asked().await;
    let first = asked.at;
    asked.fail(unreached(false));
    let asked = desk.asked().await;
    assert_eq!(asked.at - first, Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn asking_for_it_ends_the_pause_at_once() {
    let mut desk = Desk::start().await;
    for _ in 0..10 {
        let asked = desk.asked().await;
        let failed_at = asked.at;
        asked.fail(CallError::SignedOut("The token was revoked.".into()));
        assert_eq!(desk.link().await, Link::SignedOut { why: "The token was revoked.".into() });
        desk.line.poll_now();
        let asked = desk.asked().await;
        assert_eq!(asked.at, failed_at);
        asked.fail(unreached(false));
        assert!(matches!(desk.link().await, Link::Offline { .. }));
        desk.line.poll_now();
    }
}

#[tokio::test(start_paused = true)]
async fn what_needs_somebodys_help_is_tried_again_slowly() {
    let not_allowed = Box::new(Problem::new(Code::NotAllowed, "No desk for you."));
    for (error, link) in [
        (CallError::SignedOut("out".into()), Link::SignedOut { why: "out".into() }),
        (CallError::NotAllowed(not_allowed), Link::NotAllowed { why: "No desk for you.".into() }),
        (refused(Code::NotFound, "gone"), Link::NotACaseApi { why: "gone".into() }),
    ] {
        let mut desk = Desk::start().await;
        let asked = desk.asked().await;
        let first = asked.at;
        asked.fail(error.clone());
        assert_eq!(desk.event().await, Event::Link { link, fresh_at: None });
        let asked = desk.asked().await;
        assert_eq!(asked.at - first, s(30));
        // The same again is no news.
        asked.fail(error);
        desk.asked().await;
        desk.assert_nothing_told();
    }
    let mut desk = Desk::start().await;
    desk.asked().await.fail(CallError::NotUnderstood("a page".into()));
    assert_eq!(desk.link().await, Link::NotACaseApi { why: "a page".into() });
}

#[tokio::test(start_paused = true)]
async fn a_cursor_that_is_gone_starts_the_feed_over() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![case("C-1", 1), case("C-2", 1)]).await;
    held.fail(refused(Code::CursorGone, "too old"));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(None, 0));
    asked.say(desk.feed(vec![case("C-2", 1)], "n1", true));
    assert_eq!(ids(&desk.event().await), (vec!["C-2"], true, true));
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("n1"), 0));
    tokio::time::advance(Duration::from_secs(1)).await;
    // The end of the fresh start is told although nothing is in it.
    asked.say(desk.feed(vec![], "n2", false));
    assert_eq!(ids(&desk.event().await), (vec![], false, false));
    assert_eq!(desk.asked().await.question, changes(Some("n2"), 25));
    assert!(matches!(desk.event().await, Event::Link { link: Link::Live, .. }));
    assert_eq!(desk.api.most_open(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_forgets_every_cursor_is_not_asked_for_everything_without_pause() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    held.fail(refused(Code::CursorGone, "too old"));
    desk.asked().await.say(desk.feed(vec![], "n1", false));
    let held = desk.asked().await;
    let failed_at = Instant::now();
    held.fail(refused(Code::CursorGone, "too old"));
    assert_eq!(desk.asked().await.at - failed_at, s(30));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_goes_in_a_circle_is_not_followed() {
    let mut desk = Desk::start().await;
    desk.sign_in().await;
    desk.asked().await.say(desk.feed(vec![], "p1", true));
    desk.asked().await.say(desk.feed(vec![case("C-1", 1)], "p1", true));
    assert!(matches!(desk.link().await, Link::NotACaseApi { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_first_load_that_breaks_off_goes_on_where_it_was() {
    let mut desk = Desk::start().await;
    desk.sign_in().await;
    desk.asked().await.say(desk.feed(vec![case("C-1", 1)], "p1", true));
    desk.asked().await.fail(unreached(true));
    assert!(matches!(desk.link().await, Link::Offline { .. }));
    desk.sign_in().await;
    let asked = desk.asked().await;
    assert_eq!(asked.question, changes(Some("p1"), 0));
    asked.say(desk.feed(vec![case("C-2", 1)], "c2", false));
    assert_eq!(ids(&desk.event().await), (vec!["C-2"], false, false));
}

#[tokio::test(start_paused = true)]
async fn silence_that_the_desk_asks_for_holds_for_every_request_and_for_the_impatient() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    let busy = CallError::Busy { what: "Slow down.".into(), retry_after: Some(s(120)) };
    let failed_at = Instant::now();
    held.fail(busy);
    let Link::Offline { retry_at, why } = desk.link().await else { panic!("not offline") };
    assert_eq!(why.raw(), "Slow down.");
    assert!((retry_at - desk.clock.now()).num_seconds() > 100);
    desk.line.poll_now();
    desk.line.fetch(CaseId::from("C-1"), None);
    desk.note(1, "C-1", None);
    desk.assert_nothing_asked_for(s(119)).await;
    let mut after = Vec::new();
    for _ in 0..3 {
        let asked = desk.asked().await;
        assert!(asked.at - failed_at >= s(120), "{asked:?}");
        after.push(asked);
    }
    assert!(after.iter().any(|a| a.question == Question::Me));
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_an_act_brought_about_stops_the_feed_too_and_is_told() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    let act = desk.asked().await;
    act.fail(CallError::Busy { what: "Slow down.".into(), retry_after: Some(s(60)) });
    desk.state_where(1, |entry| entry.last_error.is_some()).await;
    let silent_since = Instant::now();
    held.say(desk.feed(vec![], "c2", false));
    assert!(matches!(desk.link().await, Link::Offline { .. }));
    for _ in 0..2 {
        let asked = desk.asked().await;
        assert_eq!(asked.at - silent_since, s(60));
        if let Question::Act { .. } = asked.question {
            asked.say(crate::sync::fake::acted("C-1", 2));
        } else {
            assert_eq!(asked.question, changes(Some("c2"), 25));
        }
    }
    assert_eq!(desk.link().await, Link::Live);
}

#[tokio::test(start_paused = true)]
async fn a_role_that_changed_is_told_after_a_reconnection() {
    let mut desk = Desk::start().await;
    desk.go_live(vec![]).await.fail(unreached(true));
    assert!(matches!(desk.link().await, Link::Offline { .. }));
    let promoted = Me { role: Role::Admin, ..me() };
    desk.asked().await.say(Said::Me(promoted.clone()));
    assert_eq!(desk.event().await, Event::SignedIn(Box::new(promoted)));
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_off_is_told_so_and_follows_the_desks() {
    let mut desk = Desk::start().await;
    let machine = desk.clock.now();
    desk.sign_in().await;
    let Said::Feed(mut feed) = desk.feed(vec![], "c1", false) else { panic!() };
    feed.server_time -= TimeDelta::seconds(180);
    desk.asked().await.say(Said::Feed(feed));
    desk.asked().await;
    let mut told = Vec::new();
    while !matches!(told.last(), Some(Event::Link { .. })) {
        told.push(desk.event().await);
    }
    let skew = told.iter().find_map(|e| match e {
        Event::Skew(skew) => Some(*skew),
        _ => None,
    });
    assert!((175..=190).contains(&skew.unwrap()), "{skew:?}");
    assert!((machine - desk.clock.now()).num_seconds() > 160);
}

#[tokio::test(start_paused = true)]
async fn closing_ends_the_held_request() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    let began = Instant::now();
    assert_eq!(desk.line.shutdown(s(5)).await.entries, []);
    assert_eq!(Instant::now(), began);
    assert!(held.is_given_up());
}
