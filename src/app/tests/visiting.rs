//! A case that is looked at although the list does not hold it.

use super::super::visiting::visit;
use super::*;

fn earlier() -> Case {
    closed(case("C-9", Severity::Low, hours(200)))
}

fn desk() -> Desk {
    let mut desk = Desk::partner(vec![
        case("C-1", Severity::High, hours(1)),
        case("C-2", Severity::Low, hours(2)),
    ]);
    desk.press("G");
    desk
}

fn go(desk: &mut Desk, id: &str) -> Vec<Effect> {
    visit(&mut desk.model, id.into());
    desk.tell(Msg::TimePassed)
}

fn title(desk: &Desk) -> String {
    desk.snap().detail.title.map(|title| title.id.to_string()).unwrap_or_default()
}

#[test]
fn a_closed_case_is_read_shown_and_left_by_escape() {
    let mut desk = desk();
    let before = desk.selected();
    let effects = go(&mut desk, "C-9");
    let fetch = Effect::FetchCase { id: "C-9".into(), known: None };
    assert!(effects.contains(&fetch), "{effects:?}");
    let notice = desk.snap().detail.notice.unwrap();
    assert_eq!(
        (notice.title.as_str(), notice.lines[0].as_str()),
        ("C-9", "The case is being read.")
    );

    desk.tell(Msg::DetailCame(Box::new(whole(&earlier()))));
    assert_eq!(title(&desk), "C-9");
    assert!(desk.detail_text().contains("Subject of C-9"), "{}", desk.detail_text());
    assert_eq!(desk.snap().detail.aside, format!("Esc back to {before}"));
    assert_eq!(desk.selected(), "", "the mark of the object stands at no other row");

    desk.press("esc");
    assert_eq!((title(&desk), desk.selected()), (before.clone(), before));
    assert_eq!(desk.snap().detail.aside, "");
}

#[test]
fn acts_are_done_to_the_visited_case_and_refused_with_its_id() {
    let mut desk = desk();
    go(&mut desk, "C-9");
    desk.press("n");
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "C-9 is not read yet.");
    desk.tell(Msg::DetailCame(Box::new(whole(&earlier()))));
    desk.press("t");
    assert!(desk.toast().starts_with("C-9: "), "{}", desk.toast());
    assert_eq!(desk.hint("take"), Some(false));

    desk.press("C");
    assert_eq!(desk.form().title, "Reopen C-9");
    desk.type_text("It is back.");
    let effects = desk.press("ctrl-s");
    assert_eq!(act(&effects).1, "C-9");
}

#[test]
fn a_case_that_the_desk_does_not_have_is_told_and_left() {
    let mut desk = desk();
    let before = desk.selected();
    go(&mut desk, "C-404");
    desk.tell(Msg::DetailFailed { id: "C-404".into(), why: "".into(), gone: true });
    assert_eq!(desk.toast(), "C-404: there is no such case, or it is not yours to see.");
    assert_eq!(desk.selected(), before);
}

#[test]
fn a_case_that_cannot_be_read_stays_and_says_why() {
    let mut desk = desk();
    go(&mut desk, "C-9");
    let why = "Could not load C-9: no line".into();
    desk.tell(Msg::DetailFailed { id: "C-9".into(), why, gone: false });
    let notice = desk.snap().detail.notice.unwrap();
    assert_eq!(notice.lines, ["Could not load C-9: no line R tries again."]);
    let effects = desk.press("R");
    assert!(effects.contains(&Effect::FetchCase { id: "C-9".into(), known: None }));
}

#[test]
fn visits_are_gone_back_through_one_by_one_and_end_where_the_list_gets_the_keys() {
    let mut desk = desk();
    let before = desk.selected();
    go(&mut desk, "C-9");
    desk.tell(Msg::DetailCame(Box::new(whole(&earlier()))));
    go(&mut desk, "C-8");
    assert_eq!(desk.snap().detail.aside, "Esc back to C-9");
    desk.press("esc");
    assert_eq!(title(&desk), "C-9");
    desk.press("tab tab");
    assert_eq!((title(&desk), desk.selected()), (before.clone(), before));
}

#[test]
fn what_becomes_of_a_visited_case_is_shown() {
    let mut desk = desk();
    go(&mut desk, "C-9");
    let mut now = earlier();
    desk.tell(Msg::DetailCame(Box::new(whole(&now))));
    now.state = CaseState::Open;
    now.severity = Severity::Critical;
    let effects = desk.feed(vec![newer(now)]);
    assert_eq!(desk.snap().detail.title.unwrap().severity, Severity::Critical);
    let known = Some(earlier().revision);
    assert!(effects.contains(&Effect::FetchCase { id: "C-9".into(), known }), "{effects:?}");
    assert_eq!(desk.selected(), "C-9", "it is in the list again");
}
