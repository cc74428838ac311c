//! The real loop, the real behaviour and the real line to the desk, on a screen in memory and a desk that the
//! test plays: keys in, screen out. Time is paused; it passes when everybody waits.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[path = "support/played_desk.rs"]
mod played_desk;
#[path = "support/played_screen.rs"]
mod played_screen;

use std::sync::Arc;
use std::time::Duration;

use caseload::domain::outbox::State;
use caseload::domain::{Action, Severity};
use caseload::runtime::Signal;
use caseload::wire::Code;
use crokey::key;
use crossterm::event::Event;

use played_desk::{Outcome, PlayedDesk, case};
use played_screen::{Ended, play, play_again, store};

const WIDE: (u16, u16) = (120, 40);

fn three_cases() -> Arc<PlayedDesk> {
    PlayedDesk::with(vec![
        case("C-10398", Severity::Critical, "Host service stops at logon", -4200),
        case("C-10412", Severity::Critical, "Guest cannot connect after update", 552),
        case("C-10377", Severity::High, "Slow file transfer over VPN", 3 * 3600),
    ])
}

fn rows_of(text: &str) -> Vec<&str> {
    text.lines().filter(|row| row.contains("C-10") && row.contains("  ")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_desk_comes_up_live_with_the_next_breach_on_top() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.shows("Nordwind Support · R. Hald").await;
        screen.shows("1 missed · 1 under 1 h").await;
        let text = screen.text();
        let at = |id: &str| {
            rows_of(&text).iter().position(|row| row.contains(id) && row.contains('│')).unwrap()
        };
        assert!(at("C-10398") < at("C-10412") && at("C-10412") < at("C-10377"), "{text}");
        assert!(screen.cursor_row().contains("C-10398"), "{text}");
        // The case under the cursor is read whole by itself.
        screen.shows("Since Tuesday nobody can log in.").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_cursor_stays_on_its_case_when_another_jumps_the_queue() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(j));
        screen.is("has the cursor on C-10412", |_| screen.cursor_row().contains("C-10412")).await;
        desk.put(case("C-10500", Severity::Critical, "Nothing works any more", -9000));
        screen.shows("C-10500").await;
        assert!(screen.cursor_row().contains("C-10412"), "{}", screen.text());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_is_held_for_an_undo_then_sent_once_and_its_clock_is_met() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(j));
        screen.press(key!(a));
        screen.shows("10 s").await;
        assert_eq!(desk.acts(), []);
        screen.shows("1 s").await;
        screen.shows("met").await;
        let acts = desk.acts();
        assert_eq!(acts.len(), 1);
        assert_eq!(acts[0].id, "C-10412".into());
        assert_eq!(acts[0].action, Action::Respond { text: None });
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_undone_is_never_sent() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(a));
        screen.shows("10 s").await;
        screen.press(key!(u));
        // The outbox has let go of it; until then nothing is said to be undone.
        screen.shows("Not sent: no response went out on C-10398").await;
        tokio::time::advance(Duration::from_mins(1)).await;
        screen.shows("+1h 11m").await;
    })
    .await;
    assert_eq!(desk.acts(), []);
}

#[tokio::test(start_paused = true)]
async fn an_escalation_is_bound_to_the_case_and_revision_that_it_was_opened_on() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(j));
        screen.press(key!(e));
        screen.shows("Escalate C-10412").await;
        // Another case jumps to where the cursor was when the form was opened.
        desk.put(case("C-10500", Severity::Critical, "Nothing works any more", -9000));
        screen.types("We cannot reproduce it here.");
        screen.press(key!(ctrl - s));
        screen.no_longer_shows("Escalate C-10412").await;
        screen.is("has sent the escalation", |_| !desk.acts().is_empty()).await;
        let act = desk.acts().pop().unwrap();
        assert_eq!((act.id, act.if_match), ("C-10412".into(), Some(7)));
        let Action::Escalate { reason, .. } = act.action else { panic!("{:?}", act.action) };
        assert_eq!(reason, "We cannot reproduce it here.");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_note_comes_back_with_every_word_and_the_reason() {
    let desk = three_cases();
    desk.script(Outcome::Refused(Code::Rule, "C-10398 was closed by M. Ito at 14:02."));
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(n));
        screen.shows("INTERNAL").await;
        screen.types("Called them back, nobody there.");
        screen.press(key!(ctrl - s));
        screen.shows("closed by M. Ito at 14:02").await;
        screen.shows("Called them back, nobody there.").await;
        assert_eq!(desk.acts().len(), 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_case_that_changed_meanwhile_is_asked_about_and_not_written_over() {
    let desk = three_cases();
    desk.script(Outcome::Stale);
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(j));
        screen.press(key!(e));
        screen.shows("Escalate C-10412").await;
        screen.types("My view of it.");
        screen.press(key!(ctrl - s));
        screen.shows("C-10412 changed meanwhile: still send?").await;
        screen.shows("My view of it.").await;
        screen.shows("Critical → Low").await;
        assert_eq!(desk.acts().len(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        screen.press(key!(ctrl - s));
        screen.is("has sent it again", |_| desk.acts().len() == 2).await;
        let acts = desk.acts();
        assert_eq!((acts[0].key, &acts[0].action), (acts[1].key, &acts[1].action));
        assert_eq!((acts[0].if_match, acts[1].if_match), (Some(7), Some(8)));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_survives_the_end_of_the_program_a_second_later() {
    let (desk, store) = (three_cases(), store().await);
    play_again(&desk, &store, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(n));
        screen.shows("INTERNAL").await;
        screen.types("Nobody must lose this.");
        screen.shows("Nobody must lose this.").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    play_again(&desk, &store, async |screen| {
        screen.shows("1 draft kept: O shows it").await;
        screen.press(key!(n));
        screen.shows("Nobody must lose this.").await;
    })
    .await;
    assert_eq!(desk.acts(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_ordered_without_a_link_is_kept_named_on_the_way_out_and_sent_by_the_next_start() {
    let (desk, store) = (three_cases(), store().await);
    let ended = play_again(&desk, &store, async |screen| {
        screen.shows("● live").await;
        desk.set_down(true);
        screen.shows("○ offline, retry in").await;
        screen.press(key!(t));
        screen.shows("kept, not sent").await;
        screen.shows("1 unsent").await;
        screen.press(key!(shift - o));
        screen.shows("Outbox (1)").await;
        screen.press(key!(esc));
        screen.press(key!(q));
        screen.shows("take C-10398: unsent").await;
        screen.press(key!(y));
    })
    .await
    .unwrap();
    ended.result.unwrap();
    assert_eq!(ended.left.len(), 1);
    assert_eq!(desk.acts(), []);
    desk.set_down(false);
    play_again(&desk, &store, async |screen| {
        screen.shows("C-10398 is yours").await;
    })
    .await;
    assert_eq!(desk.acts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_escalation_that_waited_while_its_case_changed_comes_back_as_a_question() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(j));
        screen.press(key!(e));
        screen.shows("Escalate C-10412").await;
        desk.set_down(true);
        screen.shows("○ offline, retry in").await;
        screen.types("We cannot reproduce it here.");
        screen.press(key!(ctrl - s));
        screen.shows("kept, not sent").await;
        let mut changed = case("C-10412", Severity::High, "Guest cannot connect", 552);
        changed.revision = 9;
        desk.put(changed);
        desk.set_down(false);
        screen.shows("C-10412 changed meanwhile: still send?").await;
        screen.shows("Critical → High").await;
        screen.shows("We cannot reproduce it here.").await;
        screen.press(key!(esc));
        screen.shows("asked, e opens").await;
        screen.shows("1 asked").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_view_that_was_left_is_the_view_that_comes_back() {
    let (desk, store) = (three_cases(), store().await);
    play_again(&desk, &store, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(2));
        screen.shows("Queue · all open").await;
    })
    .await;
    play_again(&desk, &store, async |screen| screen.shows("Queue · all open").await).await;
}

#[tokio::test(start_paused = true)]
async fn pasted_lines_are_text_in_a_form_and_nothing_on_the_desk() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        // "c" and "q" would close and quit.
        screen.send(Event::Paste("cq\nq".into()));
        screen.press(key!(n));
        screen.shows("INTERNAL").await;
        screen.send(Event::Paste("first line\nsecond \u{1b}[31mline".into()));
        screen.shows("first line").await;
        screen.shows("second ␛[31mline").await;
    })
    .await;
    assert_eq!(desk.acts(), []);
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_goes_away_is_told_in_words_and_comes_back_by_itself() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        desk.set_down(true);
        screen.shows("○ offline, retry in").await;
        // Everything that was known can still be used.
        screen.press(key!(j));
        screen.is("moves the cursor", |_| screen.cursor_row().contains("C-10412")).await;
        desk.set_down(false);
        screen.shows("● live").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_desk_draws_only_when_a_label_reads_differently() {
    // Due in 3 h 30 min: the label changes once a minute, on the minute.
    let desk = PlayedDesk::with(vec![case("C-1", Severity::High, "Slow", 3 * 3600 + 30 * 60 + 30)]);
    play(&desk, WIDE, async |screen| {
        screen.shows("Since Tuesday nobody can log in.").await;
        screen.shows("3h 30m").await;
        let before = screen.frames();
        screen.shows("3h 29m").await;
        screen.shows("3h 28m").await;
        assert_eq!(screen.frames() - before, 2, "{}", screen.text());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn under_ten_minutes_every_second_counts_down_on_the_screen() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        for left in ["9m 12s", "9m 11s", "9m 10s"] {
            screen.shows(left).await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_keys_is_one_frame() {
    let desk = PlayedDesk::with(
        (0..90).map(|n| case(&format!("C-{n}"), Severity::Low, "Wish", 40_000 + n)).collect(),
    );
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.shows("Since Tuesday").await;
        let before = screen.frames();
        for _ in 0..40 {
            screen.press(key!(j));
        }
        screen.is("has moved by forty", |_| screen.cursor_row().contains("C-40 ")).await;
        assert_eq!(screen.frames() - before, 1);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_resized_terminal_has_the_layout_of_its_size() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.resize(80, 24);
        screen.is("is stacked", |text| text.contains("├ Clocks ───────────────")).await;
        screen.resize(30, 4);
        screen.shows("too small: 20×5 needed").await;
        screen.resize(50, 12);
        screen.shows("C-10398").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn q_quits_at_once_when_nothing_is_open() {
    let desk = three_cases();
    let ended = play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(q));
    })
    .await;
    let Ended { result, left } = ended.unwrap();
    result.unwrap();
    assert_eq!(left, []);
}

#[tokio::test(start_paused = true)]
async fn q_asks_when_an_act_has_no_answer_and_what_was_left_is_told() {
    let desk = three_cases();
    desk.script(Outcome::Hangs);
    let ended = play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(t));
        screen.is("is being asked", |_| !desk.acts().is_empty()).await;
        screen.press(key!(q));
        screen.shows("y").await;
        screen.press(key!(y));
    })
    .await;
    let Ended { result, left } = ended.unwrap();
    result.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].case, "C-10398".into());
    assert_eq!(left[0].state, State::Sending, "it may have been done");
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_the_desk_and_sends_what_was_held() {
    let desk = three_cases();
    let ended = play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.press(key!(a));
        screen.shows("10 s").await;
        screen.signal(Signal::End);
    })
    .await;
    let Ended { result, left } = ended.unwrap();
    result.unwrap();
    assert_eq!(left, []);
    assert_eq!(desk.acts().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_is_gone_ends_the_desk() {
    let desk = three_cases();
    let ended = play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        screen.hang_up();
    })
    .await;
    ended.unwrap().result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_desk_is_drawn_anew_after_a_suspension() {
    let desk = three_cases();
    play(&desk, WIDE, async |screen| {
        screen.shows("● live").await;
        let before = screen.frames();
        screen.press(key!(ctrl - z));
        screen.is("is drawn again", |_| screen.frames() > before).await;
        assert_eq!(screen.times_suspended(), 1);
        screen.shows("C-10398").await;
    })
    .await;
}
