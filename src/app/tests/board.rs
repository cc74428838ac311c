//! The breach board: what stands large, what can be done from it, and how little it wakes.

use super::*;
use crate::app::view::{BoardView, PageView};
use crate::sla::reading::Face;

fn board(desk: &Desk) -> BoardView {
    match desk.snap().page {
        Some(PageView::Board(board)) => board,
        other => panic!("no board: {other:?}"),
    }
}

fn wall() -> Desk {
    let mut desk = Desk::partner(vec![
        unanswered("C-1", Severity::Low, TimeDelta::minutes(5)),
        case("C-2", Severity::Critical, hours(24 * 30)),
        unanswered("C-3", Severity::Critical, TimeDelta::minutes(1)),
    ]);
    desk.press("b");
    desk
}

#[test]
fn the_large_digits_are_of_what_can_still_be_kept_and_what_is_missed_stands_first() {
    let board = board(&wall());
    let hero = board.hero.unwrap();
    assert_ne!(hero.face, Face::Missed);
    assert_eq!(board.rows[0].id.as_str(), "C-2");
    assert_eq!(board.rows[0].face, Face::Missed);
    assert_eq!(board.rows[1].id, hero.id);
    assert_eq!(board.count, 3);
}

#[test]
fn nothing_is_done_to_a_case_that_was_not_chosen() {
    let mut desk = wall();
    assert_eq!(desk.press("a"), []);
    assert_eq!(desk.toast(), "No case is chosen: j goes to the first.");
    desk.press("j j");
    let chosen = board(&desk).rows.iter().find(|row| row.chosen).unwrap().id.clone();
    let effects = desk.press("t");
    let acted = effects.iter().find_map(|effect| match effect {
        Effect::Act { case, action, .. } => Some((case.clone(), (**action).clone())),
        _ => None,
    });
    assert_eq!(acted, Some((chosen.clone(), Action::Take {})));
}

#[test]
fn a_chosen_case_that_leaves_is_told_and_nothing_else_is_chosen_for_it() {
    let mut desk = wall();
    desk.press("j");
    desk.removed(&["C-2"]);
    assert!(board(&desk).rows.iter().all(|row| !row.chosen));
    assert!(desk.toast().contains("C-2 left"), "{}", desk.toast());
    assert_eq!(desk.press("t"), []);
}

#[test]
fn enter_opens_the_chosen_case_at_the_desk_and_esc_leaves() {
    let mut desk = wall();
    desk.press("j enter");
    assert!(desk.snap().page.is_none());
    assert_eq!(desk.snap().detail.title.unwrap().id.as_str(), "C-2");
    desk.press("b esc");
    assert!(desk.snap().page.is_none());
}

#[test]
fn a_month_on_the_wall_wakes_for_what_it_shows_alone_and_never_in_the_past() {
    let mut desk = wall();
    let (end, mut wakes, mut redraws) = (desk.now + TimeDelta::days(31), 0_u32, 0_u32);
    let mut shown = desk.snap();
    let mut day = desk.now;
    while desk.now < end {
        let next = build(&desk.model, desk.now).1.unwrap_or(end);
        assert!(next > desk.now, "{next} is not after {}", desk.now);
        if next >= day + TimeDelta::days(1) {
            // The feed brings the same cases again, as a desk does that is asked anew.
            day += TimeDelta::days(1);
            desk.now = day;
            desk.feed(vec![unanswered("C-1", Severity::Low, TimeDelta::minutes(5))]);
        } else {
            desk.now = next;
            desk.tell(Msg::TimePassed);
        }
        wakes += 1;
        let now_shown = desk.snap();
        redraws += u32::from(now_shown != shown);
        shown = now_shown;
        assert!(wakes < 100_000, "{wakes} wakes by {}", desk.now);
    }
    // Nearly every wake shows something new; a few only look whether it does.
    assert!(redraws * 2 >= wakes, "{redraws} of {wakes}");
}
