//! When the person is asked whether an act is still to be done.

use chrono::TimeDelta;

use super::super::super::fake::{
    Desk, Question, Said, acted, case, detail, refused, request, unreached,
};
use super::super::super::{ActRequest, Order};
use super::{note, s, states};
use crate::client::{CallError, Fetched};
use crate::clock::Clock;
use crate::domain::outbox::{self, State, Why};
use crate::domain::{Action, CaseDetail, ResolutionKind, Visibility};
use crate::wire::{Code, Problem};

fn closing() -> Action {
    Action::Close {
        resolution: ResolutionKind::Explanation,
        text: "done".to_owned(),
        cause: None,
        duplicate_of: None,
    }
}

async fn question(desk: &mut Desk, ticket: u64) -> outbox::Question {
    let entry = desk.state_where(ticket, |entry| matches!(entry.state, State::Asked(_))).await;
    let State::Asked(question) = entry.state else { panic!() };
    *question
}

/// The case with an act of that person just now.
fn changed_by(desk: &Desk, id: &str, who: &str) -> CaseDetail {
    let Said::Acted(acted) = acted(id, 9) else { panic!() };
    let mut detail = detail(id, 9);
    detail.case.updated_at = desk.clock.now();
    let mut entry = acted.event;
    entry.at = desk.clock.now();
    entry.actor.id = who.into();
    entry.visibility = Visibility::Internal;
    detail.timeline.push(entry);
    detail
}

#[tokio::test(start_paused = true)]
async fn whatever_meets_a_case_that_has_changed_is_asked_about_and_sent_on_what_was_shown() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", Some(7));
    desk.note(2, "C-1", None);
    let stale = Problem::new(Code::Stale, "It has changed.").with_case(case("C-1", 9));
    let first = desk.asked().await;
    let key = first.key();
    first.fail(CallError::Refused(Box::new(stale)));
    let asked = question(&mut desk, 1).await;
    assert_eq!(asked, outbox::Question { why: Why::Changed, current: Some(case("C-1", 9)) });
    // What was ordered after it waits for the answer.
    desk.assert_nothing_asked_for(s(20)).await;
    assert_eq!(states(&desk.outbox), [(1, "asked"), (2, "queued")]);
    desk.line.order(Order::StillSend(1));
    let again = desk.asked().await;
    assert_eq!((again.key(), note(&again)), (key, ("C-1", Some(9), "1")));
    again.say(acted("C-1", 10));
    assert_eq!(note(&desk.asked().await).2, "2");
}

#[tokio::test(start_paused = true)]
async fn what_is_given_up_instead_lets_the_next_one_go() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", Some(7));
    desk.note(2, "C-1", None);
    desk.asked().await.fail(refused(Code::Stale, "It has changed."));
    // The desk did not say what it is now: it is asked, and cannot tell.
    let look = desk.asked().await;
    assert_eq!(look.question, Question::Case { id: "C-1".into(), known: None });
    look.fail(unreached(false));
    assert_eq!(question(&mut desk, 1).await.current, None);
    desk.line.order(Order::Discard(1));
    assert_eq!(note(&desk.asked().await).2, "2");
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_waited_too_long_is_asked_about_with_the_case_as_it_is_and_a_note_is_sent() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    desk.act(ActRequest { revision: Some(1), ..request(1, "C-1", closing()) });
    desk.note(2, "C-2", None);
    drop(held);
    let began = tokio::time::Instant::now();
    // Nothing is reached for twenty minutes.
    let mut tries = 0;
    while began.elapsed() < s(20 * 60) {
        let asked = desk.asked().await;
        tries += u32::from(matches!(asked.question, Question::Act { .. }));
        // The first look at the case comes after a quarter of an hour, not earlier.
        if let Question::Case { .. } = asked.question {
            assert!(asked.at - began > s(15 * 60));
        }
        asked.fail(unreached(false));
    }
    assert!(tries > 10);
    loop {
        let asked = desk.asked().await;
        match &asked.question {
            Question::Case { .. } => {
                asked.say(Said::Fetched(Fetched::Case(Box::new(detail("C-1", 1)))));
                break;
            }
            Question::Act { id, .. } => {
                assert_eq!(id.as_str(), "C-2");
                asked.say(acted("C-2", 2));
            }
            _ => asked.fail(unreached(false)),
        }
    }
    let asked = question(&mut desk, 1).await;
    assert_eq!(asked, outbox::Question { why: Why::Waited, current: Some(case("C-1", 1)) });
    // Once it is confirmed it is not asked about again so soon.
    desk.line.order(Order::StillSend(1));
    loop {
        let asked = desk.asked().await;
        match &asked.question {
            Question::Act { id, if_match, .. } if id.as_str() == "C-1" => {
                assert_eq!(*if_match, Some(1));
                break;
            }
            _ => asked.fail(unreached(false)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_closing_that_is_bound_to_nothing_is_asked_about_once_somebody_else_changed_the_case() {
    for (who, is_asked) in [("mito", true), ("rhald", false)] {
        let mut desk = Desk::start().await;
        let _held = desk.go_live(vec![]).await;
        desk.act(request(1, "C-1", closing()));
        // The first try is made without a look.
        let first = desk.asked().await;
        assert!(matches!(first.question, Question::Act { .. }));
        first.fail(unreached(false));
        tokio::time::advance(s(2)).await;
        let now = changed_by(&desk, "C-1", who);
        let look = desk.asked().await;
        assert_eq!(look.question, Question::Case { id: "C-1".into(), known: None });
        look.say(Said::Fetched(Fetched::Case(Box::new(now.clone()))));
        if is_asked {
            let asked = question(&mut desk, 1).await;
            assert_eq!(asked, outbox::Question { why: Why::Changed, current: Some(now.case) });
        } else {
            assert!(matches!(desk.asked().await.question, Question::Act { .. }));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_that_is_gone_is_the_desks_to_refuse() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.act(request(1, "C-1", closing()));
    desk.asked().await.fail(unreached(false));
    desk.asked().await.fail(refused(Code::NotFound, "There is no such case."));
    let act = desk.asked().await;
    assert!(matches!(act.question, Question::Act { .. }));
    act.fail(refused(Code::NotFound, "There is no such case."));
    desk.state_where(1, |entry| matches!(entry.state, State::Refused(_))).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_right_makes_nothing_look_old() {
    let mut desk = Desk::start().await;
    // Ordered before the desk has ever been asked, on a machine that is a day behind.
    desk.act(request(1, "C-1", closing()));
    desk.outbox_where(|outbox| outbox.entries.len() == 1).await;
    desk.clock.learn(desk.clock.now() + TimeDelta::days(1), false);
    desk.sign_in().await;
    loop {
        let asked = desk.asked().await;
        match asked.question {
            Question::Act { .. } => break,
            Question::Case { .. } => panic!("looked at"),
            _ => asked.say(desk.feed(vec![], "c1", false)),
        }
    }
}
