//! Where people write, what they write is text: no letter of it and no paste is ever an act.

use super::*;

/// Everything that a keyboard writes in ASCII.
fn printable() -> String {
    (' '..='~').collect()
}

/// A desk, and the keys that lead to each place where people write.
fn places() -> Vec<(&'static str, Desk)> {
    let all = ["n", "r", "i", "e", "c", "s", "p", "W", "/", "?", ":"];
    let place = |keys: &&'static str| {
        let mut desk = Desk::partner(vec![
            case("C-1", Severity::High, hours(2)),
            case("C-2", Severity::Low, hours(1)),
        ]);
        desk.press(keys);
        (*keys, desk)
    };
    all.iter().map(place).collect()
}

/// Whether nothing but what is kept of a text is asked of the outside.
fn is_text_alone(effects: &[Effect]) -> bool {
    // What a filter leaves under the cursor is read.
    let keeps = |effect: &Effect| {
        matches!(
            effect,
            Effect::KeepDraft(_)
                | Effect::DropDraft { .. }
                | Effect::Remember { .. }
                | Effect::FetchCase { .. }
                | Effect::Prefetch(_)
        )
    };
    effects.iter().all(keeps)
}

#[test]
fn no_letter_that_is_written_anywhere_becomes_an_act() {
    for (keys, mut desk) in places() {
        let before = desk.snap().overlay.as_ref().map(std::mem::discriminant);
        let context = crate::app::keys::context(&desk.model);
        for c in printable().chars() {
            let effects = desk.type_text(&c.to_string());
            assert!(is_text_alone(&effects), "{c:?} after {keys}: {effects:?}");
            assert_eq!(crate::app::keys::context(&desk.model), context, "{c:?} after {keys}");
        }
        let after = desk.snap().overlay.as_ref().map(std::mem::discriminant);
        assert_eq!(before, after, "the place that is written in stays open after {keys}");
    }
}

#[test]
fn a_paste_is_text_wherever_it_lands_and_runs_nothing() {
    let paste = format!("{}\n:q\r\ny\n\u{3}\u{13}\u{1b}", printable());
    for (keys, mut desk) in places() {
        let context = crate::app::keys::context(&desk.model);
        let effects = desk.tell(Msg::Pasted(paste.clone()));
        assert!(is_text_alone(&effects), "after {keys}: {effects:?}");
        assert_eq!(crate::app::keys::context(&desk.model), context, "after {keys}");
    }
    // On the desk, where letters are keys, it is dropped.
    let mut desk = Desk::partner(vec![case("C-1", Severity::High, hours(2))]);
    let before = desk.snap();
    assert_eq!(desk.tell(Msg::Pasted(paste)), []);
    assert_eq!(desk.snap(), before);
}
