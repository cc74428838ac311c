//! Why a clock reads so, and what an act would do to it.

use super::*;
use crate::domain::rules::Change;

fn one() -> Case {
    case("C-1", Severity::High, hours(2))
}

fn desk_with(case: &Case) -> Desk {
    let mut desk = Desk::partner(vec![case.clone()]);
    desk.detail(case);
    desk
}

#[test]
fn w_explains_the_leading_clock() {
    let mut desk = desk_with(&one());
    desk.press("w");
    let told = desk.why();
    assert!(
        told.starts_with(
            "Resolution at 1st level: 9bd 7h left\nDue Tue 8 Dec 08:00 CET, in 13d 22h"
        ),
        "{told}"
    );
    for part in [
        "Target     10 business days: resolution at 1st level of a High case",
        "Start      The case was reported Tue 24 Nov 08:00 CET.",
        "Tue 24 Nov 08:00 to now: 2h counted",
        "Stops      It is stopped by escalating",
    ] {
        assert!(told.contains(part), "{told}");
    }
    // It has the keys, and closing it gives them back.
    assert_eq!(acts(&desk.press("t e")), []);
    desk.press("esc");
    assert!(!desk.has_overlay());
    assert_eq!(desk.selected(), "C-1");
}

#[test]
fn in_the_clocks_pane_w_explains_the_clock_that_was_chosen_there() {
    let mut desk = desk_with(&one());
    assert_eq!(desk.snap().clocks.selected, None, "the keys are at the queue");
    desk.press("tab tab");
    assert_eq!(desk.snap().clocks.selected, Some(1), "the most urgent one");
    desk.press("k");
    assert_eq!(desk.snap().clocks.selected, Some(0));
    desk.press("k w");
    assert!(desk.why().starts_with("Response: met in 8s\n"), "{}", desk.why());
    // From clock to clock without leaving.
    desk.press("tab");
    assert!(desk.why().starts_with("Resolution at 1st level"), "{}", desk.why());
    desk.press("tab");
    assert!(desk.why().starts_with("Response"));
    desk.press("w");
    assert!(!desk.has_overlay());
    assert_eq!(desk.selected(), "C-1", "choosing a clock moves nothing else");
    // In the queue it is the leading one again.
    desk.press("tab w");
    assert!(desk.why().starts_with("Resolution"));
}

#[test]
fn another_case_starts_with_its_most_urgent_clock() {
    let mut desk = Desk::partner(vec![one(), unanswered("C-2", Severity::High, hours(1))]);
    // The response of C-2 is due first.
    assert_eq!(desk.selected(), "C-2");
    desk.press("tab tab j");
    assert_eq!(desk.snap().clocks.selected, Some(1));
    desk.press("tab j tab tab");
    assert_eq!((desk.selected().as_str(), desk.snap().clocks.selected), ("C-1", Some(1)));
    desk.press("tab k tab tab");
    assert_eq!((desk.selected().as_str(), desk.snap().clocks.selected), ("C-2", Some(0)));
}

#[test]
fn an_explanation_scrolls_and_is_never_scrolled_off_the_screen() {
    let mut desk = desk_with(&one());
    desk.tell(Msg::Resized { columns: 60, rows: 16 });
    desk.press("w");
    let scroll = |desk: &Desk| match desk.snap().overlay {
        Some(Overlay::Why(view)) => (view.scroll, view.lines.len()),
        other => panic!("{other:?}"),
    };
    let (first, count) = scroll(&desk);
    assert_eq!(first, 0);
    desk.press("j down");
    assert_eq!(scroll(&desk).0, 2);
    desk.press("pagedown pagedown pagedown pagedown G");
    let (last, _) = scroll(&desk);
    // Two rows are the frame's, two are header and footer.
    assert_eq!(last, count - 12);
    desk.press("j");
    assert_eq!(scroll(&desk).0, last);
    desk.press("g");
    assert_eq!(scroll(&desk).0, 0);
    desk.tell(Msg::Scrolled { up: false, column: 5, row: 5 });
    assert_eq!(scroll(&desk).0, 3);
}

#[test]
fn before_the_case_is_read_the_explanation_says_so_and_then_fills() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("w");
    assert_eq!(desk.why(), "The case is being read.");
    desk.tell(Msg::DetailCame(Box::new(whole(&one()))));
    assert_eq!(desk.why(), "The desk does not tell how this clock came about.");
    desk.detail(&one());
    assert!(desk.why().starts_with("Resolution at 1st level"), "{}", desk.why());
    desk.press("esc");
    let mut empty = Desk::partner(vec![]);
    empty.press("w");
    assert_eq!(empty.toast(), "No case is selected.");
}

#[test]
fn an_explanation_changes_when_the_snapshot_says_and_not_before() {
    for (case, clock) in [
        (one(), 1),
        (unanswered("C-1", Severity::Critical, hours(2) - TimeDelta::seconds(90)), 0),
        (unanswered("C-1", Severity::Medium, hours(27)), 0),
        (at_second(one()), 2),
    ] {
        let mut desk = Desk::of(Role::Admin, vec![case.clone()]);
        desk.press("2");
        desk.detail(&case);
        desk.press("tab tab g");
        for _ in 0..clock {
            desk.press("j");
        }
        desk.press("w");
        for _ in 0..150 {
            let (before, next) = build(&desk.model, desk.now);
            let next = next.unwrap();
            assert!(next > desk.now);
            let almost = next - TimeDelta::milliseconds(1);
            // The bar beside it moves with the texts of the clocks pane alone.
            assert_eq!(build(&desk.model, almost).0.overlay, before.overlay, "until {next}");
            desk.now = next;
            desk.tell(Msg::TimePassed);
        }
    }
}

#[test]
fn every_form_that_changes_clocks_says_so_before_it_is_sent() {
    let case = unanswered("C-1", Severity::High, hours(1));
    let mut desk = desk_with(&case);
    let mailed = "Held for 10 s, in which u undoes it; then it is mailed.";
    desk.press("n");
    assert_eq!(desk.preview(), [""; 0], "a note changes none");
    desk.press("esc r");
    assert_eq!(desk.preview(), ["Response: met with 3h left.", mailed]);
    desk.press("esc i");
    assert_eq!(
        desk.preview(),
        ["Response: met with 3h left.", "1st level: held with 9bd 8h left.", mailed]
    );
    desk.press("esc c");
    assert_eq!(
        desk.preview(),
        ["Response: met with 3h left.", "1st level: met with 9bd 8h left."],
        "whatever the resolution"
    );
    desk.press("esc s");
    assert_eq!(desk.preview(), [""; 0], "nothing is chosen yet");
    desk.type_text("crit");
    assert_eq!(
        desk.preview(),
        [
            "Response: 2h in place of 4h, until Tue 24 Nov 11:00 CET.",
            "1st level: 5bd in place of 10bd, until Tue 1 Dec 09:00 CET.",
            "Critical: a phone call to 1st level will be due."
        ]
    );
    desk.press("down tab");
    desk.type_text("As before");
    assert_eq!(desk.preview(), ["Would be refused: The severity is High already."]);
    // What others do meanwhile is told, and nothing is foreseen from what was.
    desk.feed(vec![with(case.clone(), person("lito", "L. Ito"))]);
    assert_eq!(
        desk.preview(),
        [
            "C-1 was taken by L. Ito meanwhile.",
            "Changed since you opened this: with nobody → L. Ito, 1 new revision",
            "Would be refused: The severity is High already.",
        ]
    );
}

#[test]
fn handing_back_and_escalating_further_are_foreseen_at_2nd_level() {
    let case = at_second(one());
    let mut desk = Desk::of(Role::Engineer, vec![case.clone()]);
    desk.detail(&case);
    desk.press("h");
    assert_eq!(
        desk.preview(),
        [
            "1st level: goes on with 9bd 7h left, until Tue 8 Dec 08:00 CET.",
            "2nd level: met with 30bd left."
        ]
    );
    desk.press("esc e");
    assert_eq!(
        desk.preview(),
        ["2nd level: met with 30bd left.", "Product Management: no time target, a release plan."]
    );
}

#[test]
fn reopening_asks_for_the_whole_case_and_foresees_what_goes_on() {
    let policy = Policy::embedded();
    let mut desk = desk_with(&one());
    desk.press("c");
    desk.type_text("expl");
    desk.press("tab tab");
    desk.type_text("It is a setting.");
    let (id, ..) = act(&desk.press("ctrl-s"));
    let mut shut = closed(one());
    let mut ledger = Ledger::opened(shut.reported_at, shut.severity, &shut.partner.id, &policy);
    ledger.apply(shut.reported_at + TimeDelta::seconds(8), &Change::Responded, &policy);
    ledger.apply(at(NOW), &Change::Closed, &policy);
    shut.clocks = ledger.summaries(at(NOW), &policy);
    desk.tell(done(id, shut.clone()));
    let effects = desk.press("C");
    let asked = |e: &Effect| matches!(e, Effect::FetchCase { id, .. } if *id == shut.id);
    assert!(effects.iter().any(asked), "{effects:?}");
    desk.detail(&shut);
    assert_eq!(desk.preview(), ["1st level: goes on with 9bd 7h left, until Tue 8 Dec 08:00 CET."]);
}

#[test]
fn the_wall_clock_stands_beside_business_time_alone() {
    let desk = desk_with(&unanswered("C-1", Severity::High, hours(1)));
    let clocks = desk.snap().clocks.clocks;
    let walls: Vec<&str> = clocks.iter().map(|clock| clock.wall.as_str()).collect();
    assert_eq!(walls, ["", "in 13d 23h"]);
}
