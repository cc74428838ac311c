//! Marks, and acts on all that is marked.

use super::*;
use crate::app::view::{BulkView, ReportView};
use crate::domain::outbox::State;

fn three() -> Vec<Case> {
    vec![
        case("C-1", Severity::Critical, hours(3)),
        case("C-2", Severity::High, hours(2)),
        case("C-3", Severity::Low, hours(1)),
    ]
}

fn mine(id: &str) -> Case {
    with(case(id, Severity::High, hours(2)), person("rhald", "R. Hald"))
}

fn others(id: &str) -> Case {
    with(case(id, Severity::High, hours(2)), person("lito", "L. Ito"))
}

impl Desk {
    pub fn marked(&self) -> Vec<String> {
        let rows = self.rows().into_iter().filter(|row| row.marked);
        rows.map(|row| row.id.to_string()).collect()
    }

    fn marks(&self) -> String {
        self.snap().queue.marked.unwrap_or_default()
    }

    fn question(&self) -> BulkView {
        match self.snap().overlay {
            Some(Overlay::Bulk(view)) => view,
            other => panic!("nothing is asked: {other:?}"),
        }
    }

    fn report(&self) -> ReportView {
        match self.snap().overlay {
            Some(Overlay::Report(view)) => view,
            other => panic!("no report is open: {other:?}"),
        }
    }

    fn results(&self) -> Vec<String> {
        let rows = self.report().rows.into_iter();
        rows.map(|row| format!("{} {}", row.case, row.state)).collect()
    }

    fn asks_for(&self) -> Vec<String> {
        self.question().cases.into_iter().map(|case| case.case).collect()
    }
}

fn cases_of(effects: &[Effect]) -> Vec<String> {
    acts(effects).into_iter().map(|(_, case, ..)| case).collect()
}

#[test]
fn space_marks_and_goes_on_to_the_next_row_and_takes_a_mark_away_again() {
    let mut desk = Desk::partner(three());
    desk.press("space");
    assert_eq!((desk.marked(), desk.selected()), (vec!["C-1".to_owned()], "C-2".to_owned()));
    desk.press("space");
    assert_eq!(desk.marks(), "2 marked");
    desk.press("k space");
    assert_eq!((desk.marked(), desk.selected()), (vec!["C-1".to_owned()], "C-3".to_owned()));
    desk.press("U");
    assert_eq!(desk.marks(), "");
}

#[test]
fn a_range_goes_from_the_mark_made_last_to_the_cursor_in_the_shown_order() {
    let mut desk = Desk::partner(
        (1..=6).map(|n| case(&format!("C-{n}"), Severity::Low, hours(7 - n))).collect(),
    );
    desk.press("j space j j M");
    assert_eq!(desk.marked(), ["C-2", "C-3", "C-4", "C-5"]);
    desk.press("U M");
    assert_eq!(desk.toast(), "Mark the first of them with Space.");
    desk.press("G space g M");
    assert_eq!(desk.marked().len(), 6);
}

#[test]
fn all_of_the_filter_is_marked_and_what_the_filter_hides_then_stays_marked_and_is_counted() {
    let mut desk = Desk::partner(three());
    desk.press("/");
    desk.type_text("C-2");
    desk.press("enter *");
    assert_eq!(desk.marks(), "1 marked");
    desk.press("esc j j space");
    assert_eq!(desk.marks(), "2 marked");
    desk.press("4");
    assert_eq!(desk.marks(), "2 marked, 2 not in view");
    desk.press("t");
    assert_eq!(desk.asks_for(), ["C-2", "C-3"]);
}

#[test]
fn esc_takes_the_marks_away_when_nothing_else_is_to_be_left() {
    let mut desk = Desk::partner(three());
    desk.press("space enter esc");
    assert_eq!(desk.marks(), "1 marked", "first it leaves the detail");
    desk.press("esc");
    assert_eq!(desk.marks(), "");
}

#[test]
fn a_mark_on_a_case_that_leaves_the_list_is_dropped_and_told() {
    let mut desk = Desk::partner(three());
    desk.press("G space k space");
    desk.press("g");
    desk.feed(vec![others("C-2")]);
    assert_eq!(desk.toast(), "C-2 left the list; its mark is dropped");
    assert_eq!(desk.marked(), ["C-3"]);
    desk.removed(&["C-3"]);
    assert_eq!(
        (desk.marks().as_str(), desk.toast().as_str()),
        ("", "C-3 left the list; its mark is dropped")
    );
}

#[test]
fn what_arrives_while_a_mark_is_open_waits_and_says_so() {
    let mut desk = Desk::partner(three());
    desk.press("space");
    desk.feed(vec![unanswered("C-9", Severity::Critical, hours(2))]);
    assert_eq!((desk.ids().len(), desk.snap().queue.arrived), (3, 1));
    desk.press("U");
    assert_eq!((desk.ids().len(), desk.snap().queue.arrived), (4, 0));
}

#[test]
fn taking_three_cases_is_asked_once_with_their_ids_and_no_is_what_stands() {
    let mut desk = Desk::partner(three());
    desk.press("*");
    assert!(acts(&desk.press("t")).is_empty());
    assert_eq!(desk.question().title, "Take 3 cases?");
    assert_eq!(desk.asks_for(), ["C-1", "C-2", "C-3"]);
    assert!(acts(&desk.press("enter")).is_empty());
    assert!(!desk.has_overlay());
    desk.press("t");
    let ordered = desk.press("y");
    assert_eq!(cases_of(&ordered), ["C-1", "C-2", "C-3"]);
    assert!(acts(&ordered).iter().all(|(.., action)| *action == Action::Take {}));
}

#[test]
fn a_report_follows_each_case_and_marks_go_as_their_acts_succeed() {
    let mut desk = Desk::partner(three());
    desk.press("* t");
    let ordered = acts(&desk.press("y"));
    assert_eq!(desk.report().title, "Take 3 cases");
    assert_eq!(desk.results(), ["C-1 sending", "C-2 sending", "C-3 sending"]);
    desk.tell(done(ordered[0].0, mine("C-1")));
    assert_eq!(desk.report().summary, "1 of 3 done");
    desk.refuse(ordered[1].0, "Could not take C-2: L. Ito has it.");
    assert!(matches!(desk.snap().overlay, Some(Overlay::Report(_))), "nothing comes up over it");
    desk.tell(done(ordered[2].0, mine("C-3")));
    let report = desk.report();
    assert_eq!(report.summary, "2 of 3 done, 1 failed");
    assert_eq!(desk.results(), ["C-1 done", "C-2 failed", "C-3 done"]);
    desk.press("j");
    assert_eq!(desk.report().told.unwrap().raw(), "Could not take C-2: L. Ito has it.");
    desk.press("esc");
    assert!(!desk.has_overlay());
    assert_eq!(desk.marked(), ["C-2"], "the failed one stays marked");
}

#[test]
fn when_all_went_well_the_report_says_so_and_any_way_out_leaves_it() {
    for way in ["esc", "q"] {
        let mut desk = Desk::partner(three());
        desk.press("* t");
        for (act, id, ..) in acts(&desk.press("y")) {
            desk.tell(done(act, mine(&id)));
        }
        assert_eq!(desk.report().summary, "3 of 3 done");
        desk.press(way);
        assert!(!desk.has_overlay() && desk.marks().is_empty());
    }
}

#[test]
fn a_report_that_is_left_running_is_told_at_the_end() {
    let mut desk = Desk::partner(three());
    desk.press("* t");
    let ordered = acts(&desk.press("y"));
    desk.press("q");
    for (act, id, ..) in ordered {
        assert_eq!(desk.toast(), "");
        desk.tell(done(act, mine(&id)));
    }
    assert_eq!(desk.toast(), "Take 3 cases: 3 of 3 done");
}

#[test]
fn responding_to_several_names_customer_and_tier_is_held_and_esc_takes_all_back() {
    let mut desk = Desk::partner(
        (1..=3)
            .map(|n| unanswered(&format!("C-{n}"), Severity::High, TimeDelta::minutes(n)))
            .collect(),
    );
    desk.press("* a");
    let question = desk.question();
    assert_eq!(question.title, "Respond to 3 cases?");
    assert_eq!(question.cases[0].about.as_ref().unwrap().raw(), "Fjord Logistics · 1st level");
    let ordered = desk.press("y");
    assert_eq!(acts(&ordered).len(), 3);
    assert!(desk.results().iter().all(|result| result.ends_with("held 10 s")));
    desk.wait(TimeDelta::seconds(4));
    assert!(desk.results()[0].ends_with("held 6 s"));
    let effects = desk.press("esc");
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::Undo(_))).count(), 3);
    assert_eq!(desk.report().summary, "0 of 3 done, 3 taken back");
    assert_eq!(desk.sent(), Vec::<String>::new());
    desk.press("esc");
    assert_eq!(desk.marked().len(), 3, "they stay marked");
}

#[test]
fn esc_takes_back_what_is_not_sent_yet_and_says_what_was_done() {
    let mut desk = Desk::partner(
        (1..=3)
            .map(|n| unanswered(&format!("C-{n}"), Severity::High, TimeDelta::minutes(n)))
            .collect(),
    );
    desk.press("* a");
    let ordered = acts(&desk.press("y"));
    let one = unanswered(&ordered[0].1, Severity::High, TimeDelta::minutes(1));
    desk.stands(ordered[0].0, State::Sending);
    desk.tell(done(ordered[0].0, responded(one, at(NOW))));
    desk.press("esc");
    assert_eq!(desk.report().summary, "1 of 3 done, 2 taken back");
    assert_eq!(desk.marked().len(), 2);
}

#[test]
fn u_undoes_in_bulk_what_is_still_held_and_the_words_become_one_draft() {
    let mut desk = Desk::partner(
        three().into_iter().map(|case| with(case, person("rhald", "R. Hald"))).collect(),
    );
    desk.press("* r");
    assert_eq!(desk.form().title, "Reply on 3 cases");
    desk.type_text("We look into it.");
    assert_eq!(acts(&desk.press("ctrl-s")).len(), 3);
    desk.press("q");
    let effects = desk.press("u");
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::Undo(_))).count(), 3);
    assert_eq!(effects.iter().filter(|e| matches!(e, Effect::KeepDraft(_))).count(), 1);
    assert_eq!(desk.toast(), "Reply on 3 cases: 0 of 3 done, 3 taken back");
    desk.press("r");
    assert_eq!(
        (desk.form().title.as_str(), desk.field("Reply").as_str()),
        ("Reply on 3 cases", "We look into it.")
    );
}

#[test]
fn one_form_writes_a_note_on_all_of_them_and_names_them() {
    let mut desk = Desk::partner(three());
    desk.press("* n");
    let form = desk.form();
    assert_eq!(form.title, "Internal note on 3 cases");
    assert_eq!(form.subtitle.raw(), "1 customer · C-1, C-2, C-3");
    desk.press("ctrl-s");
    assert_eq!(desk.field_error("Note"), "this is needed");
    desk.type_text("Waits for the new release.");
    let ordered = acts(&desk.press("ctrl-s"));
    assert_eq!(ordered.len(), 3);
    for (_, _, revision, action) in &ordered {
        assert_eq!(*revision, None);
        assert_eq!(*action, Action::Note { text: "Waits for the new release.".into() });
    }
}

#[test]
fn each_act_is_bound_to_the_revision_of_its_own_case() {
    let mut cases = three();
    cases[1] = newer(cases[1].clone());
    let mut desk = Desk::partner(cases);
    desk.press("* e");
    assert_eq!(desk.form().title, "Escalate 3 cases");
    let preview = desk.preview();
    assert_eq!(
        preview[..3],
        [
            "C-1 Fjord Logistics, 1st level",
            "C-2 Fjord Logistics, 1st level",
            "C-3 Fjord Logistics, 1st level"
        ]
    );
    desk.type_text("No more ideas.");
    let ordered = acts(&desk.press("ctrl-s"));
    let revisions: Vec<_> =
        ordered.iter().map(|(_, id, revision, _)| (id.as_str(), *revision)).collect();
    assert_eq!(revisions, [("C-1", Some(3)), ("C-2", Some(4)), ("C-3", Some(3))]);
}

#[test]
fn the_preview_tells_what_it_does_to_the_clocks_of_how_many() {
    let mut desk = Desk::partner(three());
    for case in three() {
        desk.detail(&case);
    }
    desk.press("* e");
    let preview = desk.preview().join("\n");
    assert!(preview.contains("case: ") || preview.contains("cases: "), "{preview}");
    assert!(preview.contains("2nd level"), "{preview}");
}

#[test]
fn what_cannot_be_done_is_told_before_anything_is_sent_and_the_rest_can_go_on() {
    let mut desk =
        Desk::partner(vec![mine("C-1"), case("C-2", Severity::High, hours(1)), mine("C-3")]);
    desk.press("* t");
    let question = desk.question();
    assert_eq!(question.title, "2 of 3 cannot be taken");
    assert!(question.refused[0].raw().starts_with("C-1: "), "{:?}", question.refused);
    assert_eq!(question.question, "Take the other one?");
    assert_eq!(desk.asks_for(), ["C-2"]);
    assert_eq!(cases_of(&desk.press("y")), ["C-2"]);
    assert_eq!(desk.results()[1..], ["C-1 left out", "C-3 left out"]);
}

#[test]
fn where_none_can_be_done_nothing_is_asked_and_it_is_said_why() {
    let mut desk = Desk::partner(vec![mine("C-1"), mine("C-3")]);
    assert!(acts(&desk.press("* t")).is_empty());
    assert!(!desk.has_overlay());
    assert!(desk.toast().starts_with("None of 2 can be taken. C-1: "), "{}", desk.toast());
    assert_eq!(desk.hint("take"), Some(false));
}

#[test]
fn what_a_rule_refuses_of_the_written_form_is_told_case_by_case_and_no_gives_the_words_back() {
    let mut low = case("C-3", Severity::Low, hours(1));
    low.severity = Severity::Low;
    let mut desk = Desk::partner(vec![case("C-1", Severity::High, hours(2)), low]);
    desk.press("* s");
    desk.type_text("low");
    desk.press("tab");
    desk.type_text("No more than that.");
    desk.press("ctrl-s");
    let question = desk.question();
    assert_eq!(question.title, "1 of 2 cannot be given another severity");
    assert!(question.refused[0].raw().starts_with("C-3: "), "{:?}", question.refused);
    desk.press("n");
    assert_eq!(desk.field("Reason"), "No more than that.");
    desk.press("ctrl-s");
    assert_eq!(cases_of(&desk.press("y")), ["C-1"]);
}

#[test]
fn a_case_that_leaves_under_the_question_is_left_out_and_asked_about_anew() {
    let mut desk = Desk::partner(three());
    desk.press("* t");
    desk.feed(vec![others("C-2")]);
    assert!(acts(&desk.press("y")).is_empty());
    assert_eq!(desk.question().title, "1 of 3 cannot be taken");
    assert!(acts(&desk.press("y")).is_empty(), "the key was meant for what stood there before");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(cases_of(&desk.press("y")), ["C-1", "C-3"]);
}

#[test]
fn a_case_that_leaves_under_the_form_is_told_there_and_left_out() {
    let mut desk = Desk::partner(three());
    desk.press("* n");
    desk.type_text("x");
    desk.removed(&["C-2"]);
    assert!(desk.preview().contains(&"C-2 left the list meanwhile.".to_owned()));
    desk.press("ctrl-s");
    assert_eq!(desk.question().title, "1 of 3 cannot be given a note");
    assert_eq!(cases_of(&desk.press("y")), ["C-1", "C-3"]);
}

#[test]
fn a_failed_case_opens_from_the_report_with_its_words() {
    let mut desk = Desk::partner(three());
    desk.press("* e");
    desk.type_text("No more ideas.");
    let ordered = acts(&desk.press("ctrl-s"));
    desk.ask(ordered[1].0, newer(case("C-2", Severity::Critical, hours(2))));
    assert_eq!(desk.results()[1], "C-2 asked");
    assert_eq!(desk.report().summary, "0 of 3 done, 1 asked about");
    desk.press("j enter");
    assert_eq!(
        (desk.form().title.as_str(), desk.field("Reason").as_str()),
        ("Escalate C-2", "No more ideas.")
    );
}

#[test]
fn a_done_case_opens_from_the_report() {
    let mut desk = Desk::partner(three());
    desk.press("* t");
    for (act, id, ..) in acts(&desk.press("y")) {
        desk.tell(done(act, mine(&id)));
    }
    desk.press("j j enter");
    assert_eq!(
        (desk.selected().as_str(), desk.snap().focus),
        ("C-3", crate::app::view::Pane::Detail)
    );
}

#[test]
fn the_words_of_what_cannot_be_kept_become_drafts() {
    let mut desk = Desk::partner(three());
    desk.played.stalls = true;
    desk.press("* n");
    desk.type_text("Kept.");
    let ordered = acts(&desk.press("ctrl-s"));
    let failure =
        ActFailure { sentence: "The disk is full.".into(), fields: vec![], current: None };
    for (act, ..) in &ordered {
        let failure = Box::new(failure.clone());
        update(&mut desk.model, Msg::ActNotKept { act: *act, failure }, desk.now);
    }
    assert_eq!(desk.report().summary, "0 of 3 done, 3 failed");
    desk.press("esc");
    desk.press("U g n");
    assert_eq!(desk.field("Note"), "Kept.");
}

#[test]
fn the_act_after_a_case_slipped_away_is_not_done_to_the_one_that_came_up() {
    let mut desk = Desk::partner(three());
    desk.removed(&["C-1"]);
    assert!(acts(&desk.press("t")).is_empty());
    assert_eq!(
        desk.toast(),
        "C-1 has just left the list: nothing was done. Press again to take C-2."
    );
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(act(&desk.press("t")).1, "C-2");
}

#[test]
fn the_palette_does_its_acts_to_what_is_marked() {
    let mut desk = Desk::partner(three());
    desk.press("* :");
    desk.type_text("take the case");
    desk.press("enter");
    assert_eq!(desk.question().title, "Take 3 cases?");
}
