//! Chords of two keys: begun, shown, ended, and ended without anything.

use super::*;
use crate::app::view::Pane;

const KEYS: &[(&str, &[&str])] = &[
    ("first", &["g g", "home"]),
    ("last", &["g e", "G"]),
    ("escalate", &["g x"]),
    ("send", &["ctrl-s", "ctrl-x s"]),
    ("redraw", &["ctrl-l", "ctrl-x r"]),
];

fn three() -> Desk {
    let cases = ["C-1", "C-2", "C-3"].map(|id| case(id, Severity::High, hours(2)));
    Desk::with_keys(cases.to_vec(), KEYS)
}

/// The footer as it reads.
fn footer(desk: &Desk) -> String {
    let footer = desk.snap().footer;
    let hints = footer.hints.iter().map(|hint| format!("{} {}", hint.keys, hint.label));
    footer.toast.map(|(text, _)| text).unwrap_or(hints.collect::<Vec<_>>().join("  "))
}

#[test]
fn the_second_key_of_a_chord_does_it() {
    let mut desk = three();
    desk.press("g e");
    assert_eq!(desk.selected(), "C-3");
    desk.press("g g");
    assert_eq!(desk.selected(), "C-1");
    desk.press("home G");
    assert_eq!(desk.selected(), "C-3");
}

#[test]
fn a_chord_that_was_begun_stands_in_the_footer_with_what_may_follow_and_waits_without_a_timer() {
    let mut desk = three();
    let before = footer(&desk);
    desk.press("g");
    assert_eq!(footer(&desk), "g … x escalate  g first  e last");
    desk.wait(hours(1));
    assert_eq!(footer(&desk), "g … x escalate  g first  e last");
    assert_eq!(desk.selected(), "C-1", "nothing is done before the second key");
    desk.press("e");
    assert_eq!((desk.selected().as_str(), footer(&desk)), ("C-3", before));
}

#[test]
fn what_may_follow_is_dim_where_it_is_not_allowed_and_stands_in_the_place_of_what_was_said() {
    let mut desk = Desk::with_keys(vec![at_second(case("C-1", Severity::High, hours(2)))], KEYS);
    desk.press("2 u");
    assert_eq!(desk.toast(), "Nothing is held that could be undone.");
    desk.press("g");
    assert_eq!(desk.toast(), "");
    let hints = desk.snap().footer.hints;
    assert_eq!(hints.iter().map(|hint| hint.enabled).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn escape_and_a_key_that_leads_nowhere_end_a_chord_and_do_nothing_else() {
    for key in ["esc", "t", "n", "down"] {
        let mut desk = three();
        desk.press("j enter g");
        let effects = desk.press(key);
        assert_eq!((effects, desk.has_overlay()), (vec![], false), "{key}");
        assert_eq!((desk.selected().as_str(), desk.snap().focus), ("C-2", Pane::Detail), "{key}");
        desk.press("n");
        assert!(desk.has_overlay(), "the next key means what it says");
    }
}

#[test]
fn what_works_everywhere_works_after_the_first_key_of_a_chord() {
    let mut desk = three();
    desk.press("g");
    assert_eq!(desk.press("ctrl-c"), [Effect::Quit]);
}

#[test]
fn in_a_text_a_chord_begins_with_a_key_that_writes_nothing_and_its_letter_is_not_written() {
    let mut desk = three();
    desk.press("n");
    desk.type_text("g g");
    assert_eq!(desk.field("Note"), "g g");
    desk.press("ctrl-x");
    let hints: Vec<String> = desk.form().hints.iter().map(|hint| hint.keys.clone()).collect();
    assert_eq!(desk.form().send.keys, "Ctrl-X … s", "{hints:?}");
    assert_eq!(desk.press("r"), [Effect::Redraw]);
    desk.press("ctrl-x z");
    assert_eq!(desk.field("Note"), "g g", "what leads nowhere is not written");
    let effects = desk.press("ctrl-x s");
    assert_eq!(acts(&effects).len(), 1);
}

#[test]
fn a_form_that_comes_up_and_a_paste_end_a_chord() {
    let mut desk = three();
    desk.press("g");
    desk.tell(Msg::Pasted("e".to_owned()));
    desk.press("e");
    assert_eq!(desk.selected(), "C-1");
    desk.press("g");
    desk.tell(Msg::Clicked { column: 0, row: 0 });
    desk.press("e");
    assert_eq!(desk.selected(), "C-1");
}
