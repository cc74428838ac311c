//! The mouse, and what is pasted.

use super::*;
use crate::app::keys;
use crate::app::layout;
use crate::app::view::{Pane, Target};
use crate::input::Context;

fn three() -> Vec<Case> {
    vec![
        case("C-1", Severity::Critical, hours(3)),
        case("C-2", Severity::High, hours(2)),
        case("C-3", Severity::Low, hours(1)),
    ]
}

fn click(desk: &mut Desk, target: Target) -> Vec<Effect> {
    desk.tell(Msg::Pointed(target))
}

fn hint(keys: &str, label: &str) -> Target {
    Target::Hint { keys: keys.into(), label: label.into() }
}

#[test]
fn a_click_on_a_row_chooses_its_case_wherever_the_case_stands_by_then() {
    let mut desk = Desk::partner(three());
    desk.feed(vec![case("C-9", Severity::Critical, hours(5))]);
    click(&mut desk, Target::Row("C-3".into()));
    assert_eq!(desk.selected(), "C-3");
    click(&mut desk, Target::Row("C-77".into()));
    assert_eq!(desk.selected(), "C-3", "one that has gone is none");
}

#[test]
fn two_clicks_at_once_open_a_case_and_two_slow_ones_do_not() {
    let mut desk = Desk::partner(three());
    click(&mut desk, Target::Row("C-2".into()));
    desk.wait(TimeDelta::milliseconds(900));
    click(&mut desk, Target::Row("C-2".into()));
    assert_eq!(desk.snap().focus, Pane::Queue);
    desk.wait(TimeDelta::milliseconds(200));
    click(&mut desk, Target::Row("C-2".into()));
    assert_eq!((desk.selected().as_str(), desk.snap().focus), ("C-2", Pane::Detail));
    click(&mut desk, Target::Row("C-1".into()));
    click(&mut desk, Target::Row("C-3".into()));
    assert_eq!((desk.selected().as_str(), desk.snap().focus), ("C-3", Pane::Queue));
}

#[test]
fn a_click_on_a_key_of_the_footer_presses_it() {
    let mut desk = Desk::partner(three());
    assert_eq!(act(&click(&mut desk, hint("t", "take"))).1, "C-1");
    click(&mut desk, hint("n", "note"));
    assert_eq!(desk.form().title, "Internal note on C-1");
    assert!(click(&mut desk, hint("t", "take")).is_empty(), "that key is not there now");
    assert_eq!(desk.field("Note"), "", "and writes nothing");
    click(&mut desk, hint("Esc", "leave, keep the draft"));
    assert!(!desk.has_overlay());
}

#[test]
fn fields_choices_and_the_button_of_a_form_are_clicked() {
    let mut desk = Desk::partner(three());
    desk.press("s");
    click(&mut desk, Target::Choice { field: 0, option: 3 });
    click(&mut desk, Target::Field(1));
    desk.type_text("because");
    assert_eq!(
        (desk.field("Severity").as_str(), desk.field("Reason").as_str()),
        ("Low", "because")
    );
    let (_, id, _, action) = act(&click(&mut desk, Target::Send));
    assert_eq!(id, "C-1");
    assert!(matches!(action, Action::SetSeverity { severity: Severity::Low, .. }));
    // Many of a list.
    desk.press("i");
    click(&mut desk, Target::Choice { field: 1, option: 1 });
    assert_ne!(desk.field("Asked for, Space checks (optional)"), "");
    click(&mut desk, Target::Choice { field: 1, option: 1 });
    assert_eq!(desk.field("Asked for, Space checks (optional)"), "");
    click(&mut desk, Target::Choice { field: 7, option: 70 });
}

#[test]
fn under_a_form_no_row_is_clicked() {
    let mut desk = Desk::partner(three());
    desk.press("n");
    click(&mut desk, Target::Row("C-3".into()));
    let rows = layout::queue_rows(desk.snap().areas.queue, false);
    desk.tell(Msg::Clicked { column: rows.x + 1, row: rows.y + 2 });
    desk.press("esc");
    assert_eq!(desk.selected(), "C-1");
}

#[test]
fn a_line_of_the_palette_is_chosen_by_a_click_and_done_by_the_second() {
    let mut desk = Desk::partner(three());
    desk.press(":");
    let Some(Overlay::Palette(palette)) = desk.snap().overlay else { panic!() };
    let take = palette.entries.iter().position(|entry| entry.label == "Take the case").unwrap();
    assert!(click(&mut desk, Target::Line(take)).is_empty());
    assert_eq!(act(&click(&mut desk, Target::Line(take))).1, "C-1");
}

#[test]
fn the_wheel_moves_what_stands_over_the_desk_and_changes_no_choice() {
    let mut desk = Desk::partner(three());
    let wheel = |desk: &mut Desk| desk.tell(Msg::Scrolled { up: false, column: 5, row: 5 });
    desk.press(":");
    wheel(&mut desk);
    let Some(Overlay::Palette(palette)) = desk.snap().overlay else { panic!() };
    assert_eq!(palette.at, 1);
    desk.press("esc s");
    wheel(&mut desk);
    assert_eq!(desk.field("Severity"), "Critical");
    desk.press("esc ?");
    for _ in 0..500 {
        wheel(&mut desk);
    }
    let Some(Overlay::Help(help)) = desk.snap().overlay else { panic!() };
    let lines: usize = help.groups.iter().map(|(_, keys)| keys.len() + 1).sum();
    assert_eq!(help.scroll, lines - 1, "and no further than its end");
}

#[test]
fn the_divider_is_dragged_keeps_its_place_on_another_screen_and_is_remembered() {
    let mut desk = Desk::partner(three());
    let divider = layout::divider(&desk.snap().areas).unwrap();
    desk.tell(Msg::Clicked { column: divider.x, row: 9 });
    desk.tell(Msg::Dragged { column: 59, row: 9 });
    let areas = desk.snap().areas;
    assert_eq!((areas.queue.width, areas.detail.x, areas.clocks.x), (60, 60, 60));
    desk.tell(Msg::Dragged { column: 3, row: 9 });
    assert_eq!(desk.snap().areas.queue.width, 40, "as far as both sides can be read");
    desk.tell(Msg::Dragged { column: 71, row: 9 });
    let effects = desk.tell(Msg::Released);
    assert_eq!(effects, [Effect::Remember { name: "divider", body: "600 -".into() }]);
    desk.tell(Msg::Dragged { column: 50, row: 9 });
    assert_eq!(desk.snap().areas.queue.width, 72, "the button is up");
    desk.tell(Msg::Resized { columns: 200, rows: 50 });
    assert_eq!(desk.snap().areas.queue.width, 120);
    let again = desk.restarted(three());
    assert_eq!(again.snap().areas.queue.width, 72);
}

#[test]
fn the_divider_moves_by_keys_above_each_other_too_and_not_where_there_is_none() {
    let mut desk = Desk::partner(three());
    let before = desk.snap().areas.queue.width;
    let effects = desk.press("<");
    assert!(matches!(&effects[..], [Effect::Remember { name: "divider", .. }]));
    assert_eq!(desk.snap().areas.queue.width, before - 2);
    desk.press("> >");
    assert_eq!(desk.snap().areas.queue.width, before + 2);
    desk.tell(Msg::Resized { columns: 80, rows: 24 });
    let before = desk.snap().areas.queue.height;
    desk.press(">");
    assert_eq!(desk.snap().areas.queue.height, before + 1);
    let divider = layout::divider(&desk.snap().areas).unwrap();
    desk.tell(Msg::Clicked { column: 9, row: divider.y });
    desk.tell(Msg::Dragged { column: 9, row: divider.y - 3 });
    assert_eq!(desk.snap().areas.queue.height, before - 2);
    desk.tell(Msg::Released);
    desk.tell(Msg::Resized { columns: 50, rows: 12 });
    assert!(desk.press("<").is_empty());
}

/// What opens each context, and how it is known that it did.
const WAYS: &[(Context, &str)] = &[
    (Context::Desk, "g"),
    (Context::Form, "n"),
    (Context::Form, "s"),
    (Context::Filter, "/"),
    (Context::Confirm, "* t"),
    (Context::Help, "?"),
    (Context::Help, "w"),
    (Context::Palette, ":"),
    (Context::Outbox, "O"),
    (Context::Report, "* t y"),
    (Context::Board, "b"),
    (Context::Corrections, "5"),
    (Context::Share, ""),
    (Context::Promise, "P"),
    (Context::Export, "E"),
    (Context::Pick, "S"),
    (Context::Seek, "#"),
    (Context::Search, "tab /"),
];

/// Lists of what must be there first, and a screen of its own; nobody writes there.
const NOT_TRIED: &[Context] =
    &[Context::Files, Context::Transfers, Context::Telling, Context::Links, Context::Welcome];

#[test]
fn what_is_pasted_never_runs_anything_in_any_context() {
    let covered = |context: &Context| {
        WAYS.iter().any(|(of, _)| of == context)
            || NOT_TRIED.contains(context) && !context.has_text()
    };
    let all = Context::ALL.iter().filter(|context| **context != Context::Everywhere);
    assert!(all.clone().all(covered), "each context is tried");
    for (context, way) in WAYS {
        for text in ["t", "y", "a\ny\n", "\u{1b}q", "q\r\nctrl-s\u{13}", "\u{3}", "  ", "*tyNX<>"] {
            let mut desk = Desk::partner(three());
            if *context == Context::Share {
                let (url, result) = ("https://desk.example".to_owned(), Err("none".to_owned()));
                desk.tell(Msg::Opened { url, result });
            } else {
                desk.press(way);
            }
            assert_eq!(keys::context(&desk.model), *context, "{way}");
            let (selected, focus) = (desk.selected(), desk.snap().focus);
            let effects = desk.tell(Msg::Pasted(text.to_owned()));
            let kept =
                |effect: &Effect| matches!(effect, Effect::KeepDraft(_) | Effect::FetchCase { .. });
            assert!(effects.iter().all(kept), "{context:?} {text:?}: {effects:?}");
            assert_eq!(keys::context(&desk.model), *context, "{text:?}");
            let marked = way.matches('*').count() * 3;
            assert_eq!(desk.marked().len(), if *context == Context::Filter { 0 } else { marked });
            if *context != Context::Filter {
                assert_eq!((desk.selected(), desk.snap().focus), (selected, focus));
            }
        }
    }
}
