//! Acts that do not happen: refused before they begin, by a field, by the desk, because the case changed.

use super::*;

fn one() -> Case {
    case("C-1", Severity::High, hours(2))
}

fn two() -> Vec<Case> {
    vec![one(), case("C-2", Severity::Low, hours(2))]
}

/// Escalates C-1 with a reason; the act's id.
fn escalate(desk: &mut Desk) -> ActId {
    desk.press("e");
    desk.type_text("Beyond us.");
    act(&desk.press("ctrl-s")).0
}

#[test]
fn an_act_that_a_rule_forbids_is_dim_and_says_why() {
    let mut unknown = one();
    unknown.eligibility = Eligibility::UnknownKey;
    let mut desk = Desk::partner(vec![unknown, case("C-2", Severity::Low, hours(2))]);
    assert_eq!(desk.hint("escalate"), Some(false));
    desk.press("e");
    assert!(!desk.has_overlay());
    assert!(desk.toast().starts_with("C-1: The licence key is unknown"), "{}", desk.toast());
    desk.press("j");
    assert_eq!(desk.hint("escalate"), Some(true));
    assert_eq!((desk.hint("respond"), desk.hint("hand back")), (Some(false), Some(false)));
}

#[test]
fn an_act_that_the_role_may_not_do_says_who_may() {
    let mut desk = Desk::of(Role::Oncall, two());
    desk.press("c");
    assert!(!desk.has_overlay());
    assert!(desk.toast().contains("partner's agents"), "{}", desk.toast());
}

#[test]
fn before_the_desk_has_said_who_i_am_nothing_is_done() {
    let mut desk = Desk::dark((120, 40));
    desk.page(two(), true, false);
    assert_eq!(acts(&desk.press("t")), []);
    assert_eq!(desk.toast(), "C-1: The desk has not said yet who you are.");
}

#[test]
fn without_a_case_there_is_nothing_to_act_on() {
    let mut desk = Desk::partner(vec![]);
    assert_eq!(acts(&desk.press("a t n e c")), []);
    assert_eq!(desk.toast(), "No case is selected.");
    assert!(!desk.has_overlay());
}

#[test]
fn a_rule_is_told_in_the_form_before_anything_is_sent() {
    let mut lab = one();
    lab.environment = Environment::Lab;
    let mut desk = Desk::partner(vec![lab]);
    desk.press("s");
    desk.type_text("crit");
    desk.press("tab");
    desk.type_text("It hurts");
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    assert!(desk.error().contains("lab environment is never Critical"), "{}", desk.error());
    assert_eq!(desk.field("Reason"), "It hurts");
}

#[test]
fn a_refusal_brings_the_form_back_with_every_word() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.refuse(id, "Could not escalate C-1: The licence has expired.");
    assert_eq!(desk.form().title, "Escalate C-1");
    assert_eq!(desk.field("Reason"), "Beyond us.");
    assert_eq!(desk.error(), "Could not escalate C-1: The licence has expired.");
    assert_eq!(desk.row("C-1").due, "refused, e reopens");
    // A key that was meant for what stood there before is no answer.
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    desk.wait(TimeDelta::seconds(1));
    // It can be sent again, as another act in its place.
    let effects = desk.press("ctrl-s");
    assert_ne!(act(&effects).0, id);
    assert!(matches!(effects[0], Effect::Act { replaces: Some(old), .. } if old == id));
    assert_eq!(desk.row("C-1").due, "sending");
}

#[test]
fn a_wrong_field_is_told_beside_it() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    let failure = ActFailure {
        sentence: "A field is wrong.".into(),
        fields: vec![("reason".into(), "is too short".into())],
        current: None,
    };
    desk.refuse_with(id, failure);
    assert_eq!(desk.field_error("Reason"), "is too short");
    assert_eq!(desk.error(), "A field is wrong.");
    desk.type_text("x");
    assert_eq!(desk.field_error("Reason"), "", "what is changed is no longer wrong");
}

#[test]
fn a_case_that_changed_meanwhile_comes_back_as_a_question_with_what_changed() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    let current = newer(newer(case("C-1", Severity::Critical, hours(2))));
    desk.ask(id, current);
    assert_eq!(desk.error(), "C-1 changed meanwhile: still send?");
    let preview = desk.preview();
    assert_eq!(preview[0], "severity    High → Critical");
    assert!(preview[1].starts_with("due         "), "{preview:?}");
    assert_eq!(preview[2], "revision    3 → 5");
    assert_eq!(desk.row("C-1").severity, Severity::Critical, "the row is patched");
    assert_eq!(desk.row("C-1").due, "asked, e opens");
    assert_eq!(desk.field("Reason"), "Beyond us.");
    assert_eq!(desk.form().send.label, "still send");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.press("ctrl-s"), [Effect::StillSend(id)]);
    assert!(!desk.has_overlay());
}

#[test]
fn a_refusal_does_not_steal_the_keys_from_what_is_being_written() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.press("j n");
    desk.type_text("About C-2");
    desk.refuse(id, "Could not escalate C-1: The licence has expired.");
    assert_eq!(desk.form().title, "Internal note on C-2");
    assert_eq!(
        desk.toast(),
        "Could not escalate C-1: The licence has expired. (e on C-1 opens it again)"
    );
    assert_eq!(desk.row("C-1").due, "refused, e reopens");
    let (_, case, ..) = act(&desk.press("ctrl-s"));
    assert_eq!(case, "C-2");
    desk.press("k e");
    assert_eq!(desk.field("Reason"), "Beyond us.");
    assert_eq!(desk.error(), "Could not escalate C-1: The licence has expired.");
    act(&desk.press("ctrl-s"));
    assert_eq!(desk.row("C-1").due, "sending");
}

#[test]
fn a_text_begun_meanwhile_and_a_refused_one_both_survive() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("first");
    let (id, ..) = act(&desk.press("ctrl-s"));
    desk.press("n");
    desk.type_text("second");
    desk.refuse(id, "Could not note on C-1: No.");
    assert_eq!(desk.field("Note"), "second");
    desk.press("esc n");
    assert_eq!(desk.field("Note"), "first");
    act(&desk.press("ctrl-s"));
    desk.press("n");
    assert_eq!(desk.field("Note"), "second");
}

#[test]
fn a_refused_act_without_words_is_told() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.refuse(id, "Could not take C-1: lito has the case already.");
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "Could not take C-1: lito has the case already. (O shows it)");
    assert_eq!(desk.row("C-1").due, "refused, O shows it");
    // The same key orders it anew in its place.
    let effects = desk.press("t");
    assert!(matches!(effects[0], Effect::Act { replaces: Some(old), .. } if old == id));
}

#[test]
fn a_form_stays_with_its_case_when_the_cursor_must_go_on() {
    let mut desk = Desk::partner(two());
    desk.press("e");
    desk.removed(&["C-1"]);
    assert_eq!((desk.selected().as_str(), desk.form().title.as_str()), ("C-2", "Escalate C-1"));
    desk.type_text("Beyond us.");
    assert_eq!(act(&desk.press("ctrl-s")).1, "C-1");
}

#[test]
fn a_form_tells_that_the_case_changed_under_it_and_keeps_the_revision_it_was_opened_on() {
    let mut desk = Desk::partner(two());
    desk.press("e");
    desk.feed(vec![newer(case("C-1", Severity::Critical, hours(2)))]);
    assert_eq!(
        desk.form().preview[0][0].text,
        "Changed since you opened this: severity High → Critical, 1 new revision"
    );
    desk.type_text("Beyond us.");
    assert_eq!(act(&desk.press("ctrl-s")).2, Some(3));
}

#[test]
fn a_draft_that_is_opened_again_is_bound_to_the_case_as_it_is_shown_then() {
    let mut desk = Desk::partner(two());
    desk.press("e");
    desk.type_text("Beyond us.");
    desk.press("esc");
    desk.feed(vec![newer(one())]);
    desk.press("e");
    assert_eq!(act(&desk.press("ctrl-s")).2, Some(4));
}

#[test]
fn the_answer_to_an_act_does_not_bring_back_a_case_that_has_gone() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.removed(&["C-1"]);
    desk.tell(done(id, with(one(), person("rhald", "R. Hald"))));
    assert_eq!(desk.ids(), ["C-2"]);
}

#[test]
fn the_answer_to_an_act_that_is_older_than_what_is_shown_changes_nothing() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    let mut shown = newer(newer(one()));
    shown.subject = "Newest".into();
    desk.feed(vec![shown]);
    desk.tell(done(id, with(one(), person("rhald", "R. Hald"))));
    assert_eq!(desk.row("C-1").subject.raw(), "Newest");
}
