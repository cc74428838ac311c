//! Acts that are sent, tried again, refused, undone, and left.

use std::collections::HashSet;

use tokio::time::Instant;

use super::super::super::fake::{
    Asked, Desk, Question, Said, acted, case, me, refused, request, unreached,
};
use super::super::super::{ActRequest, Event, Link, Order};
use super::super::SIDE_BY_SIDE;
use super::{note, s, states};
use crate::client::CallError;
use crate::domain::outbox::State;
use crate::domain::{Action, Revision};
use crate::sla::policy::Policy;
use crate::wire::{Code, FieldError, Problem};

#[tokio::test(start_paused = true)]
async fn an_act_is_shown_once_it_is_kept_sent_with_its_revision_and_done_when_the_desk_says_so() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", Some(7));
    let entry = desk.state_where(1, |entry| entry.state == State::Sending).await;
    assert_eq!((entry.n, entry.tries, entry.case), (1, 1, "C-1".into()));
    let asked = desk.asked().await;
    assert_eq!(note(&asked), ("C-1", Some(7), "1"));
    assert_eq!(asked.key(), entry.key);
    assert_eq!(asked.key().get_version_num(), 7);
    desk.assert_nothing_told();
    asked.say(acted("C-1", 8));
    assert_eq!(desk.event().await, Event::ActDone { ticket: 1, case: Box::new(case("C-1", 8)) });
    desk.outbox_where(|outbox| outbox.entries.is_empty()).await;
    assert_eq!(desk.line.shutdown(s(5)).await.entries, []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_until_it_comes() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", Some(7));
    let first = desk.asked().await;
    let (key, mut at) = (first.key(), first.at);
    first.fail(unreached(true));
    let entry = desk.state_where(1, |entry| entry.state == State::Queued && entry.tries == 1).await;
    assert_eq!(entry.last_error.unwrap().raw(), "Could not reach desk: connection refused");
    let busy = || CallError::Busy { what: "busy".into(), retry_after: None };
    for (pause, error) in [
        (1, busy()),
        (2, busy()),
        (4, CallError::NotUnderstood("a page".into())),
        (8, refused(Code::InProgress, "still being worked on")),
        (16, unreached(false)),
    ] {
        let again = desk.asked().await;
        assert_eq!((again.key(), again.at - at), (key, s(pause)));
        assert_eq!(note(&again), ("C-1", Some(7), "1"));
        at = again.at;
        again.fail(error);
    }
    desk.asked().await.say(acted("C-1", 8));
    assert!(matches!(desk.event().await, Event::ActDone { ticket: 1, .. }));
}

#[tokio::test(start_paused = true)]
async fn acts_of_one_case_keep_their_order_and_other_cases_do_not_wait() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    desk.note(2, "C-1", None);
    desk.note(3, "C-2", None);
    let (a, b) = (desk.asked().await, desk.asked().await);
    let texts: HashSet<_> = [note(&a).2, note(&b).2].into_iter().collect();
    assert_eq!(texts, HashSet::from(["1", "3"]));
    let (one, three) = if note(&a).2 == "1" { (a, b) } else { (b, a) };
    // The first fails and waits; the second of its case waits with it.
    let first_key = one.key();
    one.fail(unreached(true));
    let again = desk.asked().await;
    assert_eq!(again.key(), first_key);
    // A refused one holds up nothing.
    again.fail(refused(Code::Rule, "No."));
    let two = desk.asked().await;
    assert_eq!(note(&two), ("C-1", None, "2"));
    assert_ne!(two.key(), first_key);
    two.say(acted("C-1", 2));
    three.say(acted("C-2", 2));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_a_few_acts_are_out_at_once() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    for n in 0..20 {
        desk.note(n, &format!("C-{n}"), None);
    }
    let mut out = Vec::new();
    for _ in 0..SIDE_BY_SIDE {
        out.push(desk.asked().await);
    }
    desk.assert_nothing_asked_for(s(5)).await;
    out.pop().unwrap().say(acted("C-0", 2));
    desk.asked().await;
}

#[tokio::test(start_paused = true)]
async fn a_form_that_was_opened_before_ones_own_last_act_is_not_stale() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    for (ticket, revision) in [(1, Some(7)), (2, Some(7)), (3, Some(8))] {
        desk.note(ticket, "C-1", revision);
    }
    for (expected, now) in [(7, 8), (8, 9), (9, 10)] {
        let asked = desk.asked().await;
        assert_eq!(note(&asked).1, Some(expected));
        asked.say(acted("C-1", now));
    }
    // Somebody else's act came between 10 and 12: that is for the desk to say.
    for (known, expected, now) in [(9, 10, 11), (12, 12, 13), (11, 11, 14)] {
        desk.note(known, "C-1", Some(known));
        let asked = desk.asked().await;
        assert_eq!(note(&asked).1, Some(expected));
        asked.say(acted("C-1", now));
        while !matches!(desk.event().await, Event::ActDone { ticket, .. } if ticket == known) {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_could_not_be_done_why_and_which_field_and_stays_until_it_is_replaced()
{
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    let invalid = Problem::new(Code::Invalid, "A field is wrong.")
        .with_errors(vec![FieldError { field: "text".to_owned(), message: "is missing".into() }]);
    let not_allowed = Problem::new(Code::NotAllowed, "Only 2nd level may.");
    for (ticket, error, sentence, fields) in [
        (
            1,
            CallError::Refused(Box::new(invalid)),
            "A field is wrong.",
            vec![("text".to_owned(), "is missing".into())],
        ),
        (2, CallError::NotAllowed(Box::new(not_allowed)), "Only 2nd level may.", vec![]),
    ] {
        desk.note(ticket, "C-1", Some(7));
        desk.asked().await.fail(error);
        let entry = desk.state_where(ticket, |e| matches!(e.state, State::Refused(_))).await;
        let State::Refused(failure) = entry.state else { panic!() };
        assert_eq!(failure.sentence.raw(), format!("Could not note on C-1: {sentence}"));
        assert_eq!((failure.fields, failure.current), (fields, None));
    }
    desk.assert_nothing_asked_for(s(20)).await;
    let again = Action::Note { text: "in other words".to_owned() };
    desk.act(ActRequest { replaces: Some(1), ..request(3, "C-1", again) });
    desk.outbox_where(|outbox| states(outbox) == [(2, "refused"), (3, "sending")]).await;
    desk.asked().await.say(acted("C-1", 8));
    desk.line.order(Order::Discard(2));
    desk.outbox_where(|outbox| outbox.entries.is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn who_is_turned_away_hears_that_an_earlier_try_may_have_been_done() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    desk.asked().await.fail(unreached(true));
    let not_allowed = Problem::new(Code::NotAllowed, "Only 2nd level may.");
    desk.asked().await.fail(CallError::NotAllowed(Box::new(not_allowed)));
    let entry = desk.state_where(1, |entry| matches!(entry.state, State::Refused(_))).await;
    let State::Refused(failure) = entry.state else { panic!() };
    assert_eq!(
        failure.sentence.raw(),
        "Could not note on C-1: Only 2nd level may. An earlier try may have been done: look before \
         sending it again."
    );
}

#[tokio::test(start_paused = true)]
async fn an_act_of_one_who_is_signed_out_is_kept_and_goes_when_he_is_signed_in_again() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    let act = desk.asked().await;
    let key = act.key();
    act.fail(CallError::SignedOut("The token was revoked.".into()));
    held.fail(CallError::SignedOut("The token was revoked.".into()));
    let entry = desk.state_where(1, |e| e.state == State::Queued && e.last_error.is_some()).await;
    assert_eq!(entry.last_error.unwrap().raw(), "The token was revoked.");
    loop {
        let asked = desk.asked().await;
        match asked.question {
            Question::Act { .. } => break assert_eq!(asked.key(), key),
            Question::Me => asked.say(Said::Me(me())),
            Question::Policy => asked.say(Said::Policy(Policy::embedded().document())),
            _ => asked.say(desk.feed(vec![], "c2", false)),
        }
    }
}

/// The next two questions: what the poller asks, and an act.
async fn poll_and_act(desk: &mut Desk) -> (Asked, Asked) {
    let (a, b) = (desk.asked().await, desk.asked().await);
    if matches!(a.question, Question::Act { .. }) { (b, a) } else { (a, b) }
}

#[tokio::test(start_paused = true)]
async fn acts_that_wait_go_at_once_when_the_link_is_back_and_bring_it_back_themselves() {
    let mut desk = Desk::start().await;
    let held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    let mut act = desk.asked().await;
    let key = act.key();
    held.fail(unreached(true));
    assert!(matches!(desk.link().await, Link::Offline { .. }));
    let mut poll = desk.asked().await;
    // Both fail for a while, until their pauses are long.
    for _ in 0..8 {
        act.fail(unreached(false));
        poll.fail(unreached(false));
        (poll, act) = poll_and_act(&mut desk).await;
    }
    act.fail(unreached(false));
    let back_at = Instant::now();
    poll.say(Said::Me(me()));
    desk.asked().await.say(Said::Policy(Policy::embedded().document()));
    desk.asked().await.say(desk.feed(vec![], "c2", false));
    let (held, act) = poll_and_act(&mut desk).await;
    assert_eq!((act.key(), act.at), (key, back_at));

    // The other way round: an act that gets through ends the poller's pause.
    held.fail(unreached(true));
    while !matches!(desk.link().await, Link::Offline { .. }) {}
    act.say(acted("C-1", 2));
    let poll = desk.asked().await;
    assert_eq!((poll.question, poll.at), (Question::Me, back_at));
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_is_bounded_by_a_budget_however_many_acts_wait() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    for n in 0..40 {
        desk.note(n, &format!("C-{n}"), None);
    }
    let began = Instant::now();
    let mut tries = 0;
    while let Ok(Some(asked)) = tokio::time::timeout_at(began + s(100), desk.asks.recv()).await {
        if matches!(asked.question, Question::Act { .. }) {
            tries += 1;
            asked.fail(CallError::Busy { what: "busy".into(), retry_after: None });
        }
    }
    // The first tries, a tenth of them, the reserve, and one every ten seconds.
    assert!((40 + 4 + 10..=40 + 4 + 10 + 10).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn what_is_held_can_be_undone_or_sent_at_once_and_goes_when_its_time_has_come() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    let reply = |ticket, case| ActRequest {
        hold: Some(s(10)),
        ..request(ticket, case, Action::Note { text: ticket.to_string() })
    };
    let began = Instant::now();
    desk.act(reply(1, "C-1"));
    desk.act(reply(2, "C-2"));
    desk.act(reply(3, "C-3"));
    // What comes after it on its case waits with it.
    desk.note(4, "C-3", None);
    let outbox = desk.outbox_where(|outbox| outbox.entries.len() == 4).await;
    assert_eq!(states(outbox), [(1, "held"), (2, "held"), (3, "held"), (4, "queued")]);
    desk.assert_nothing_asked_for(s(3)).await;
    desk.line.order(Order::Undo(1));
    assert_eq!(desk.event().await, Event::ActUndone { ticket: 1 });
    desk.line.order(Order::SendNow(2));
    let asked = desk.asked().await;
    assert_eq!((note(&asked).2, asked.at - began), ("2", s(3)));
    asked.say(acted("C-2", 2));
    let asked = desk.asked().await;
    assert_eq!(note(&asked).2, "3");
    assert_eq!((asked.at - began).as_secs(), 10);
    // Too late.
    desk.line.order(Order::Undo(3));
    let mut told = desk.event().await;
    while !matches!(told, Event::Notice(_)) {
        told = desk.event().await;
    }
    asked.say(acted("C-3", 2));
    assert_eq!(note(&desk.asked().await).2, "4");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_right_meanwhile_does_not_make_a_hold_longer() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.act(ActRequest {
        hold: Some(s(10)),
        ..request(1, "C-1", Action::Note { text: "1".to_owned() })
    });
    desk.outbox_where(|outbox| outbox.entries.len() == 1).await;
    let began = Instant::now();
    let yesterday = crate::clock::Clock::now(&*desk.clock) - chrono::TimeDelta::days(1);
    desk.clock.learn(yesterday, false);
    let asked = desk.asked().await;
    assert_eq!((asked.at - began).as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn closing_waits_for_the_act_under_way_and_for_what_was_not_tried_yet() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    desk.note(2, "C-1", None);
    let one = desk.asked().await;
    let Desk { line, mut asks, .. } = desk;
    let mut closing = Box::pin(line.shutdown(s(5)));
    assert!(futures_util::poll!(&mut closing).is_pending());
    one.say(acted("C-1", 2));
    let answering = async {
        let two = asks.recv().await.unwrap();
        assert_eq!(note(&two).2, "2");
        two.say(acted("C-1", 3));
    };
    let (left, ()) = tokio::join!(closing, answering);
    assert_eq!(left.entries, []);
}

#[tokio::test(start_paused = true)]
async fn closing_is_bounded_and_tells_what_has_no_answer() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    desk.note(2, "C-1", None);
    let out = desk.asked().await;
    let began = Instant::now();
    let left = desk.line.shutdown(s(5)).await;
    assert_eq!(Instant::now() - began, s(5));
    assert!(out.is_given_up());
    assert_eq!(states(&left), [(1, "sending"), (2, "queued")]);
}

#[tokio::test(start_paused = true)]
async fn closing_leaves_what_was_tried_in_vain_and_stops_when_the_desk_does_not_answer() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    desk.note(1, "C-1", None);
    desk.asked().await.fail(unreached(false));
    desk.state_where(1, |entry| entry.state == State::Queued && entry.tries == 1).await;
    for (ticket, case) in [(2, "C-2"), (3, "C-2"), (4, "C-3")] {
        desk.note(ticket, case, None);
    }
    let (a, b) = (desk.asked().await, desk.asked().await);
    let (two, four) = if note(&a).2 == "2" { (a, b) } else { (b, a) };
    let Desk { line, .. } = desk;
    let began = Instant::now();
    let answering = async {
        two.fail(unreached(false));
        four.say(acted("C-3", 2));
    };
    let (left, ()) = tokio::join!(line.shutdown(s(5)), answering);
    assert_eq!(Instant::now(), began);
    assert_eq!(states(&left), [(1, "queued"), (2, "queued"), (3, "queued")]);
}

#[tokio::test(start_paused = true)]
async fn what_was_ordered_just_before_the_end_is_kept_and_goes_out() {
    let mut desk = Desk::start().await;
    let _held = desk.go_live(vec![]).await;
    for n in 1..=30 {
        desk.note(n, "C-1", None);
    }
    let Desk { line, mut asks, .. } = desk;
    let answering = async {
        for n in 1..=10_u64 {
            let asked = asks.recv().await.unwrap();
            assert_eq!(note(&asked).2, n.to_string());
            asked.say(acted("C-1", n as Revision));
        }
        asks.recv().await.unwrap().fail(unreached(false));
    };
    let (left, ()) = tokio::join!(line.shutdown(s(5)), answering);
    let left: Vec<_> = left.entries.iter().map(|entry| entry.ticket).collect();
    assert_eq!(left, (11..=30).collect::<Vec<_>>());
}
