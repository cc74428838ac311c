//! Promises: a clock of one's own beside those of the case.

use super::*;

fn desk() -> Desk {
    Desk::partner(vec![case("C-1", Severity::High, hours(1))])
}

fn remembered(effects: &[Effect]) -> String {
    let found = effects.iter().rev().find_map(|effect| match effect {
        Effect::Remember { name: "promises", body } => Some(body.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("nothing is remembered: {effects:?}"))
}

#[test]
fn a_promise_stands_among_the_clocks_and_on_the_row_where_it_is_nearer() {
    let mut desk = desk();
    desk.press("P");
    desk.type_text("in 52m");
    desk.press("enter");
    assert_eq!(desk.toast(), "C-1: call back by Tue 24 Nov 10:52 CET, on this machine only");
    let clocks = desk.snap().clocks.clocks;
    let promise = clocks.last().unwrap();
    assert_eq!((promise.short, promise.text.as_str()), ("P", "52m  call back"));
    assert_eq!(desk.row("C-1").due, "P 52m");
}

#[test]
fn what_is_no_time_stays_to_be_mended() {
    let mut desk = desk();
    desk.press("P");
    desk.type_text("soon");
    assert_eq!(desk.press("enter"), []);
    match desk.snap().overlay {
        Some(Overlay::Share(view)) => {
            assert_eq!(view.field.unwrap().text, "call back soon");
            assert!(view.text[0].1.raw().starts_with("Write when:"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_promise_outlives_the_program_and_says_once_that_it_is_due() {
    let mut first = desk();
    first.press("P");
    first.type_text("in 10m");
    let body = remembered(&first.press("enter"));
    let mut desk = desk();
    let left = vec![("promises".to_owned(), body)];
    desk.tell(Told::LeftCame { drafts: vec![], remembered: left });
    assert_eq!(desk.row("C-1").due, "P 10m");
    let effects = desk.wait(TimeDelta::minutes(11));
    assert!(remembered(&effects).contains("\"told\":true"));
    let said = effects.iter().filter(|e| matches!(e, Effect::Remember { .. })).count();
    assert_eq!(said, 1);
    assert!(desk.row("C-1").due.starts_with("P +"));
}

#[test]
fn a_promise_is_kept_or_dropped_by_a_key() {
    for (key, word) in [("ctrl-d", "kept"), ("ctrl-r", "dropped")] {
        let mut desk = desk();
        desk.press("P");
        desk.type_text("in 2h");
        desk.press("enter P");
        assert_eq!(remembered(&desk.press(key)), "[]");
        assert_eq!(desk.toast(), format!("C-1: the promise is {word}"));
        assert!(desk.snap().clocks.clocks.iter().all(|clock| clock.short != "P"));
    }
}
