//! Two desks on one screen: the real loop and the real lines, on two desks that the test plays. Time is paused;
//! it passes when everybody waits.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[path = "support/played_desk.rs"]
mod played_desk;
#[path = "support/played_screen.rs"]
mod played_screen;

use std::sync::Arc;
use std::time::Duration;

use caseload::domain::{ActionKind, Severity};
use caseload::wire::Code;
use chrono::TimeDelta;
use crokey::key;

use played_desk::{Outcome, PlayedDesk, case};
use played_screen::play_on;

const WIDE: (u16, u16) = (140, 40);

/// The same id at both, and one more at the second.
fn two_desks() -> (Arc<PlayedDesk>, Arc<PlayedDesk>) {
    let nordwind = PlayedDesk::with(vec![case("C-1", Severity::Critical, "Cannot log in", 552)]);
    let fjord = PlayedDesk::with(vec![
        case("C-1", Severity::High, "Printer is gone", 3 * 3600),
        case("C-2", Severity::High, "Slow over VPN", 4 * 3600),
    ]);
    (nordwind, fjord)
}

fn kinds(desk: &PlayedDesk) -> Vec<(String, ActionKind)> {
    desk.acts().iter().map(|asked| (asked.id.to_string(), asked.action.kind())).collect()
}

/// The rows of the queue, as far as its pane goes.
fn rows(text: &str) -> Vec<&str> {
    text.lines()
        .skip(2)
        .filter_map(|row| row.strip_prefix('│'))
        .filter_map(|row| row.split(['│', '┃']).next())
        .filter(|row| row.contains("C-"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn both_queues_are_one_by_the_next_breach_with_a_column_for_the_desk() {
    let (nordwind, fjord) = two_desks();
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.shows("● nordwind  ● fjord").await;
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        let text = screen.text();
        let rows = rows(&text);
        assert!(rows[0].contains("C-1") && rows[0].contains("nordwind"), "{text}");
        assert!(rows[1].contains("C-1") && rows[1].contains("fjord"), "{text}");
        assert!(rows[2].contains("C-2") && rows[2].contains("fjord"), "{text}");
        screen.shows("C-1 at nordwind").await;
        screen.press(key!(j));
        screen.shows("C-1 at fjord").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_act_goes_to_the_desk_of_its_case_alone_and_its_answer_comes_back_to_it() {
    let (nordwind, fjord) = two_desks();
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        screen.press(key!(j));
        screen.press(key!(t));
        screen.is("shows who took it", |text| rows(text)[1].contains("R. Hald")).await;
        assert!(!rows(&screen.text())[0].contains("R. Hald"), "{}", screen.text());
        assert_eq!(kinds(&fjord), [("C-1".to_owned(), ActionKind::Take)]);
        assert_eq!(kinds(&nordwind), []);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_case_closed_at_one_desk_leaves_its_namesake_at_the_other() {
    let (nordwind, fjord) = two_desks();
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        let mut gone = case("C-1", Severity::Critical, "Cannot log in", 552);
        gone.state = caseload::domain::CaseState::Closed;
        gone.revision += 1;
        nordwind.put(gone);
        screen.is("has two rows", |text| rows(text).len() == 2).await;
        let text = screen.text();
        assert!(rows(&text).iter().all(|row| row.contains("fjord")), "{text}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_desk_that_goes_away_marks_its_rows_and_the_other_lives_on() {
    let (nordwind, fjord) = two_desks();
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        fjord.set_down(true);
        screen.shows("○ fjord offline").await;
        screen.shows("○ fjord offline · 2 min old").await;
        let text = screen.text();
        assert!(text.contains("● nordwind"), "{text}");
        assert!(rows(&text)[1].contains("○ fjord"), "{text}");
        assert!(!rows(&text)[0].contains('○'), "{text}");
        nordwind.put(case("C-7", Severity::Critical, "New here", 600));
        screen.is("shows the new case", |text| rows(text).iter().any(|r| r.contains("C-7"))).await;
        screen.press(key!(t));
        screen.shows("C-1 at nordwind is yours").await;
        assert_eq!(kinds(&nordwind).len(), 1);
        fjord.set_down(false);
        screen.shows("● nordwind  ● fjord").await;
        screen.is("has no stale row", |text| !text.contains('○')).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_filter_chooses_a_desk_and_says_which_one_there_is_not() {
    let (nordwind, fjord) = two_desks();
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        screen.types("/desk:fj");
        screen.is("shows fjord alone", |text| rows(text).len() == 2).await;
        assert!(rows(&screen.text()).iter().all(|row| row.contains("fjord")));
        screen.types(" printer");
        screen.is("shows one", |text| rows(text).len() == 1).await;
        screen.press(key!(esc));
        screen.types("/-desk:fj");
        let nordwind_alone =
            |text: &str| matches!(rows(text)[..], [row] if row.contains("nordwind"));
        screen.is("shows nordwind alone", nordwind_alone).await;
        screen.press(key!(esc));
        screen.types("/desk:oslo");
        screen.shows("no desk \"oslo\"; there are: nordwind, fjord").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_desks_countdowns_go_by_its_own_clock() {
    let nordwind = PlayedDesk::with(vec![case("C-1", Severity::High, "Here", 552)]);
    // Its service is two hours ahead, and so are the times of its cases.
    let ahead = TimeDelta::hours(2);
    let fjord = PlayedDesk::ahead(ahead, vec![case("C-1", Severity::High, "There", 500 + 7200)]);
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has two rows", |text| rows(text).len() == 2).await;
        let text = screen.text();
        // The one that is due sooner by its own clock comes first.
        assert!(rows(&text)[0].contains("fjord") && rows(&text)[0].contains("8m 20s"), "{text}");
        assert!(rows(&text)[1].contains("nordwind") && rows(&text)[1].contains("9m 12s"), "{text}");
        assert!(text.contains("0 missed · 2 under 1 h"), "{text}");
        tokio::time::sleep(Duration::from_secs(21)).await;
        screen.is("counts down", |text| rows(text)[0].contains("7m 59s")).await;
        assert!(rows(&screen.text())[1].contains("8m 51s"), "{}", screen.text());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_one_desk_names_it() {
    let (nordwind, fjord) = two_desks();
    fjord.script(Outcome::Refused(Code::Rule, "It is with somebody else."));
    play_on(&[("nordwind", &nordwind), ("fjord", &fjord)], WIDE, async |screen| {
        screen.is("has three rows", |text| rows(text).len() == 3).await;
        screen.press(key!(j));
        screen.press(key!(t));
        screen.shows("fjord: Could not take C-1: It is with somebody else.").await;
    })
    .await;
}
