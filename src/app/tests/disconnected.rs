//! What becomes of acts and words when the desk is not there: the outbox on the screen, questions, refusals,
//! drafts on the disk, quitting, and what changes under a form.

use super::*;
use crate::domain::outbox::{Question, State, Why};
use crate::domain::{CaseId, Resolution, ResolutionKind};

fn one() -> Case {
    case("C-1", Severity::High, hours(2))
}

fn two() -> Vec<Case> {
    vec![one(), case("C-2", Severity::Low, hours(2))]
}

fn escalation() -> Action {
    Action::Escalate {
        to: Tier::Second,
        reason: "Beyond us.".into(),
        finding: None,
        correction: None,
        new_correction: None,
    }
}

fn asked(why: Why, current: Case) -> State {
    State::Asked(Box::new(Question { why, current: Some(current) }))
}

fn offline(desk: &mut Desk) {
    let retry_at = desk.now + TimeDelta::seconds(8);
    let link = Link::Offline { retry_at, why: "connection refused".into() };
    desk.tell(Told::LinkChanged { link, fresh_at: Some(desk.now) });
}

/// Escalates the case under the cursor with a reason.
fn escalate(desk: &mut Desk) -> ActId {
    desk.press("e");
    desk.type_text("Beyond us.");
    act(&desk.press("ctrl-s")).0
}

// ---- the outbox ----

#[test]
fn an_act_is_saving_until_the_outbox_has_it_and_says_neither_queued_nor_sending() {
    let mut desk = Desk::partner(two());
    desk.played.stalls = true;
    act(&desk.press("t"));
    assert_eq!(desk.row("C-1").due, "saving");
    desk.press("t");
    assert_eq!(desk.toast(), "C-1: this is on its way already.");
    desk.played.stalls = false;
    desk.outbox_comes();
    assert_eq!(desk.row("C-1").due, "sending");
}

#[test]
fn an_act_that_cannot_be_kept_comes_back_with_every_word_and_nothing_is_said_to_be_sent() {
    let mut desk = Desk::partner(two());
    desk.played.stalls = true;
    let id = escalate(&mut desk);
    let sentence = "Could not keep \"escalate C-1\": no space is left on the disk.";
    let failure = ActFailure { sentence: sentence.into(), fields: vec![], current: None };
    desk.tell(Msg::ActNotKept { act: id, failure: Box::new(failure) });
    assert_eq!((desk.field("Reason"), desk.error()), ("Beyond us.".into(), sentence.into()));
    assert_ne!(desk.row("C-1").due, "saving");
}

#[test]
fn without_a_link_acts_are_kept_and_the_header_counts_them() {
    let mut desk = Desk::partner(two());
    offline(&mut desk);
    let (id, ..) = act(&desk.press("t"));
    desk.delay(id, "connection refused");
    desk.press("j n");
    desk.type_text("Seen.");
    desk.press("ctrl-s");
    assert_eq!(desk.row("C-1").due, "kept, not sent");
    assert_eq!(desk.row("C-2").due, "kept, not sent");
    let header = desk.snap().header;
    assert_eq!(header.link_text, "offline, retry in 8 s");
    assert_eq!(header.waits, "2 unsent");
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    desk.tell(done(id, with(one(), person("rhald", "R. Hald"))));
    assert_eq!(desk.snap().header.waits, "");
}

#[test]
fn what_an_earlier_run_or_another_screen_has_ordered_is_at_its_row_and_its_end_is_told() {
    let mut desk = Desk::partner(two());
    let note = Action::Note { text: "From the train.".into() };
    let id = desk.had(7, &one(), note, State::Queued);
    desk.outbox_comes();
    assert_eq!(desk.row("C-1").due, "kept, not sent");
    desk.tell(done(id, newer(one())));
    assert_eq!(desk.toast(), "C-1: note kept");
}

#[test]
fn the_outbox_lists_what_waits_for_me_first_then_what_is_on_its_way_what_is_damaged_and_drafts() {
    let mut desk = Desk::partner(two());
    let note = Action::Note { text: "From the train.".into() };
    desk.had(6, &two()[1], note, State::Queued);
    desk.had(7, &one(), escalation(), asked(Why::Changed, newer(newer(one()))));
    desk.had_damaged(8, "note on C-9");
    desk.outbox_comes();
    desk.press("j n");
    desk.type_text("half");
    desk.press("esc O");
    assert_eq!(
        desk.outbox_lines(),
        ["7 C-1 escalate asked", "6 C-2 note waits its turn", "8 set aside", "C-2 note draft"]
    );
    let rows = desk.outbox().rows;
    assert_eq!((rows[0].age.as_str(), rows[0].tries.as_str()), ("3 h", "2 tries"));
    let told = |desk: &Desk| {
        let told = desk.outbox().told;
        told.iter().map(|(_, text)| text.raw().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        told(&desk),
        ["C-1 changed meanwhile: still send?", "2 new revisions", "Beyond us."]
    );
    desk.press("j");
    assert_eq!(told(&desk), ["Last try: connection refused", "From the train."]);
    desk.press("down");
    assert_eq!(told(&desk)[1], "note on C-9");
    assert_eq!(desk.snap().header.waits, "1 unsent · 1 asked · 1 set aside");
    desk.press("esc");
    assert!(!desk.has_overlay());
}

#[test]
fn an_empty_outbox_says_so_by_having_no_line() {
    let mut desk = Desk::partner(two());
    desk.press("O");
    assert_eq!(desk.outbox_lines(), [""; 0]);
    assert_eq!(acts(&desk.press("s d enter j k")), []);
    desk.press("q");
    assert!(!desk.has_overlay(), "q leaves it and quits nothing");
}

#[test]
fn the_keys_of_the_outbox_stay_on_their_line_when_another_goes() {
    let mut desk = Desk::partner(two());
    let note = |text: &str| Action::Note { text: text.into() };
    let first = desk.had(6, &one(), note("first"), State::Queued);
    let second = desk.had(7, &two()[1], note("second"), State::Queued);
    desk.outbox_comes();
    desk.press("O j");
    desk.tell(done(first, newer(one())));
    assert_eq!(desk.outbox().at, 0);
    let effects = desk.press("d y");
    assert_eq!(effects, [Effect::Discard(second)]);
    assert_eq!(desk.outbox_lines(), [""; 0]);
}

#[test]
fn discarding_asks_and_no_is_what_stands() {
    let mut desk = Desk::partner(two());
    let id = desk.had(7, &one(), escalation(), asked(Why::Changed, newer(one())));
    desk.outbox_comes();
    desk.press("O d");
    let Some(Overlay::Confirm(question)) = desk.snap().overlay else { panic!() };
    assert_eq!(
        question.lines,
        ["Discard escalate C-1?", "It is not sent, and its words are lost."]
    );
    assert_eq!(desk.press("enter"), []);
    assert_eq!(desk.outbox_lines(), ["7 C-1 escalate asked"]);
    assert_eq!(desk.press("d y"), [Effect::Discard(id)]);
}

#[test]
fn what_is_set_aside_and_a_draft_can_be_discarded() {
    let mut desk = Desk::partner(two());
    desk.had_damaged(8, "note on C-9");
    desk.outbox_comes();
    desk.press("n");
    desk.type_text("half");
    desk.press("esc O");
    assert_eq!(desk.press("d y"), [Effect::DiscardDamaged { desk: DeskNo::FIRST, n: 8 }]);
    let effects = desk.press("d y");
    assert!(matches!(&effects[..], [Effect::DropDraft { .. }]), "{effects:?}");
    assert_eq!(desk.outbox_lines(), [""; 0]);
    assert!(desk.played.drafts.is_empty());
}

#[test]
fn what_is_being_sent_can_no_longer_be_discarded() {
    let mut desk = Desk::partner(two());
    act(&desk.press("t"));
    assert_eq!(desk.press("O d"), []);
    assert_eq!(desk.toast(), "It is being sent and can no longer be taken back.");
}

#[test]
fn an_act_without_words_that_was_refused_is_sent_again_from_the_outbox() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.refuse(id, "Could not take C-1: L. Ito has it.");
    let effects = desk.press("O s");
    let (_, case, revision, action) = act(&effects);
    assert_eq!((case.as_str(), revision, action), ("C-1", None, Action::Take {}));
    assert!(matches!(effects[0], Effect::Act { replaces: Some(old), .. } if old == id));
}

#[test]
fn a_damaged_entry_is_told_when_it_is_found() {
    let mut desk = Desk::partner(two());
    desk.had_damaged(8, "note on C-9");
    desk.outbox_comes();
    assert_eq!(desk.toast(), "1 act was damaged on the disk and set aside: O shows what is left.");
}

// ---- undo ----

#[test]
fn an_undo_that_comes_too_late_is_told_and_leaves_no_draft() {
    let mut desk = Desk::partner(two());
    desk.press("r");
    desk.type_text("Please update.");
    let (id, ..) = act(&desk.press("ctrl-s"));
    desk.played.stalls = true;
    let effects = desk.press("u");
    assert!(matches!(&effects[..], [Effect::KeepDraft(_), Effect::Undo(undone)] if *undone == id));
    assert_eq!(desk.row("C-1").due, "undoing");
    desk.played.stalls = false;
    desk.stands(id, State::Sending);
    assert_eq!(desk.toast(), "Too late to undo: reply on C-1 is on its way.");
    assert!(desk.played.drafts.is_empty());
    desk.press("r");
    assert_eq!(desk.field("Reply"), "");
}

#[test]
fn what_was_ordered_without_a_link_and_never_tried_can_be_undone() {
    let mut desk = Desk::partner(two());
    let note = Action::Note { text: "From the train.".into() };
    let id = desk.had(7, &one(), note, State::Queued);
    desk.outbox_comes();
    // It was tried: whether it arrived is not known.
    assert_eq!(acts(&desk.press("u")), []);
    assert_eq!(desk.toast(), "Nothing is held that could be undone.");
    desk.tell(done(id, newer(one())));
    let (id, ..) = act(&desk.press("t"));
    desk.stands(id, State::Queued);
    assert_eq!(desk.snap().footer.hints.iter().filter(|h| h.label == "undo").count(), 0);
}

// ---- questions ----

#[test]
fn what_waited_is_asked_about_with_how_long() {
    let mut desk = Desk::partner(two());
    let id = desk.had(7, &one(), escalation(), State::Queued);
    desk.outbox_comes();
    desk.stands(id, asked(Why::Waited, one()));
    assert_eq!(desk.form().title, "Escalate C-1");
    assert_eq!(desk.error(), "C-1 waited 3 h: still send?");
    assert_eq!(desk.field("Reason"), "Beyond us.");
    assert_eq!(desk.preview()[0], "The case is as it was when this was ordered.");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.press("ctrl-s"), [Effect::StillSend(id)]);
}

#[test]
fn words_that_are_changed_in_a_question_are_a_new_act_in_its_place() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.ask(id, newer(newer(one())));
    desk.type_text(" Please!");
    assert_eq!(desk.form().send.label, "send anew");
    desk.wait(TimeDelta::seconds(1));
    let effects = desk.press("ctrl-s");
    let (_, _, revision, action) = act(&effects);
    assert_eq!(revision, Some(5));
    let Action::Escalate { reason, .. } = action else { panic!() };
    assert_eq!(reason, "Beyond us. Please!");
    let replaced = effects.iter().find_map(|effect| match effect {
        Effect::Act { replaces, draft, .. } => Some((*replaces, draft.is_some())),
        _ => None,
    });
    assert_eq!(replaced, Some((Some(id), true)), "the draft goes with it");
    assert!(desk.played.drafts.is_empty());
}

#[test]
fn an_escalation_to_2nd_level_never_becomes_one_to_product_management() {
    let mut desk = Desk::of(Role::Engineer, vec![at_second(one())]);
    let id = desk.had(7, &one(), escalation(), State::Queued);
    desk.outbox_comes();
    // Somebody else has escalated it meanwhile.
    desk.stands(id, asked(Why::Changed, at_second(one())));
    assert_eq!(desk.form().title, "Escalate C-1");
    desk.type_text(" Really.");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    assert!(desk.error().contains("2nd level"), "{}", desk.error());
}

#[test]
fn esc_keeps_a_question_open_at_its_row_and_the_acts_key_brings_it_back() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.ask(id, newer(newer(one())));
    desk.press("esc");
    assert_eq!(desk.toast(), "It waits for you: e on C-1 opens it again");
    assert_eq!(desk.row("C-1").due, "asked, e opens");
    assert_eq!(desk.snap().header.waits, "1 asked");
    desk.press("e");
    assert_eq!(desk.error(), "C-1 changed meanwhile: still send?");
    // It was asked for: a key is an answer at once.
    assert_eq!(desk.press("ctrl-s"), [Effect::StillSend(id)]);
}

#[test]
fn words_that_were_changed_and_left_come_back_with_the_question() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.ask(id, newer(newer(one())));
    desk.type_text(" Please!");
    desk.press("esc");
    let mut desk = desk.restarted(two());
    desk.press("e");
    assert_eq!(desk.field("Reason"), "Beyond us. Please!");
    assert_eq!(desk.form().send.label, "send anew");
}

#[test]
fn a_question_of_an_earlier_run_does_not_come_up_at_the_start_but_is_counted() {
    let mut desk = Desk::partner(two());
    desk.had(7, &one(), escalation(), asked(Why::Changed, newer(one())));
    desk.outbox_comes();
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "1 act waits for your answer: O shows it");
    desk.press("O enter");
    assert_eq!(desk.form().title, "Escalate C-1");
}

#[test]
fn a_question_waits_while_something_else_is_written() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.press("j n");
    desk.type_text("About C-2");
    desk.ask(id, newer(newer(one())));
    assert_eq!(desk.form().title, "Internal note on C-2");
    assert_eq!(desk.toast(), "C-1 changed meanwhile: still send? (e on C-1 opens it again)");
    assert_eq!(desk.snap().header.waits, "1 asked");
}

#[test]
fn a_question_that_is_answered_elsewhere_is_no_longer_one() {
    let mut desk = Desk::partner(two());
    let id = escalate(&mut desk);
    desk.ask(id, newer(newer(one())));
    desk.wait(TimeDelta::seconds(1));
    desk.ends(id);
    assert!(desk.error().starts_with("It was sent or discarded elsewhere"), "{}", desk.error());
    assert_eq!(desk.press("ctrl-s"), [], "nobody has seen that yet");
    assert_eq!(desk.field("Reason"), "Beyond us.");
}

#[test]
fn an_act_without_words_is_asked_about_with_yes_and_no() {
    let mut desk = Desk::partner(two());
    let id = desk.had(7, &one(), Action::Take {}, State::Queued);
    desk.outbox_comes();
    desk.stands(id, asked(Why::Changed, with(one(), person("lito", "L. Ito"))));
    let Some(Overlay::Confirm(question)) = desk.snap().overlay else { panic!() };
    assert_eq!(question.title, "Take C-1");
    assert_eq!(
        question.lines,
        ["C-1 changed meanwhile: still send?", "with nobody → L. Ito, 1 new revision"]
    );
    assert_eq!(desk.press("y"), [], "that key was meant for something else");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.press("y"), [Effect::StillSend(id)]);
}

#[test]
fn every_kind_of_act_comes_back_from_the_outbox_with_the_words_it_was_ordered_with() {
    use crate::domain::{Cause, InfoItem};
    let actions = [
        Action::Note { text: "a\nb".into() },
        Action::Reply { text: "c".into() },
        Action::RequestInfo { text: "d".into(), items: vec![InfoItem::Licence, InfoItem::Steps] },
        Action::RecordWorkaround { text: "e".into() },
        Action::LogPhoneCall { with: "Ida".into(), text: "f".into() },
        Action::Assign { assignee: "nvik".into() },
        Action::SetSeverity { severity: Severity::Critical, reason: "g".into() },
        escalation(),
        Action::Close {
            resolution: ResolutionKind::Duplicate,
            text: "h".into(),
            cause: None,
            duplicate_of: Some("C-2".into()),
        },
        Action::Close {
            resolution: ResolutionKind::Explanation,
            text: "i".into(),
            cause: Some(Cause::UnintentionalUse),
            duplicate_of: None,
        },
    ];
    for action in actions {
        let mut desk = Desk::partner(two());
        let id = desk.had(7, &one(), action.clone(), State::Queued);
        desk.outbox_comes();
        desk.refuse(id, "No.");
        desk.wait(TimeDelta::seconds(1));
        assert_eq!(act(&desk.press("ctrl-s")).3, action);
    }
}

// ---- drafts ----

#[test]
fn what_is_typed_is_on_the_disk_within_a_second() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("The cache");
    assert!(desk.played.drafts.is_empty());
    desk.wait(TimeDelta::milliseconds(500));
    assert_eq!(desk.played.drafts.len(), 1);
    desk.type_text(" is full.");
    desk.wait(TimeDelta::milliseconds(500));
    assert_eq!(desk.played.drafts.len(), 1, "the same draft");
    let mut desk = desk.restarted(two());
    assert_eq!(desk.toast(), "1 draft kept: O shows it");
    desk.press("n");
    assert_eq!(desk.field("Note"), "The cache is full.");
    // Nothing new stands in it: nothing is written to the disk.
    assert_eq!(desk.wait(hours(1)).iter().filter(|e| matches!(e, Effect::KeepDraft(_))).count(), 0);
    let effects = desk.press("ctrl-s");
    assert!(matches!(&effects[0], Effect::Act { draft: Some(_), .. }), "{effects:?}");
    assert!(desk.played.drafts.is_empty());
}

#[test]
fn a_text_that_is_taken_away_again_is_no_draft() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("x");
    desk.wait(TimeDelta::seconds(1));
    desk.press("backspace");
    desk.wait(TimeDelta::seconds(1));
    assert!(desk.played.drafts.is_empty());
    desk.press("esc");
    assert_eq!(desk.toast(), "");
}

#[test]
fn every_field_of_a_draft_survives_a_restart() {
    let mut desk = Desk::partner(two());
    desk.press("c");
    desk.type_text("dup");
    desk.press("tab");
    desk.type_text("Same as\nthe other.");
    desk.press("tab");
    desk.type_text("C-2");
    desk.press("esc");
    let mut desk = desk.restarted(two());
    desk.press("c");
    assert_eq!(desk.field("Resolution"), "duplicate");
    assert_eq!(desk.field("Text for the customer"), "Same as\nthe other.");
    assert_eq!(desk.field("Duplicate of, by case id (optional)"), "C-2");
}

#[test]
fn the_draft_of_a_case_that_is_closed_is_reached_in_the_outbox() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("Nobody must lose this.");
    desk.press("esc");
    let mut desk = desk.restarted(vec![two().remove(1)]);
    desk.press("O");
    assert_eq!(desk.outbox_lines(), ["C-1 note draft"]);
    desk.press("enter");
    assert_eq!(desk.form().title, "Internal note on C-1");
    assert_eq!(desk.field("Note"), "Nobody must lose this.");
}

#[test]
fn a_draft_of_another_version_is_kept_and_said() {
    let mut desk = Desk::partner(two());
    let draft = crate::domain::outbox::Draft {
        id: "x".into(),
        case: CaseId::new("C-1"),
        body: "{\"words\": 3}".into(),
    };
    desk.tell(Told::LeftCame { drafts: vec![draft], remembered: vec![] });
    desk.press("O enter");
    assert_eq!(desk.toast(), "Another version of caseload wrote this draft; use that one.");
    assert_eq!(desk.outbox_lines().len(), 1);
}

#[test]
fn a_hang_up_and_a_suspension_put_what_is_typed_on_the_disk_at_once() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("x");
    let effects = desk.press("ctrl-z");
    assert!(matches!(&effects[..], [Effect::KeepDraft(_), Effect::Suspend]), "{effects:?}");
    desk.type_text("y");
    let effects = desk.tell(Msg::Terminated);
    assert!(matches!(&effects[..], [Effect::KeepDraft(_), Effect::Quit]), "{effects:?}");
}

// ---- what the screen was left with ----

#[test]
fn the_view_and_the_filter_come_back_at_the_next_start() {
    let mut desk = Desk::partner(two());
    desk.press("2 /");
    desk.type_text("c-2");
    desk.press("enter");
    assert_eq!(desk.played.remembered["filter"], "c-2");
    let desk = desk.restarted(two());
    assert_eq!(desk.ids(), ["C-2"]);
    assert_eq!(desk.snap().queue.filter.unwrap().text, "c-2");
}

#[test]
fn what_was_left_does_not_undo_what_the_person_has_chosen_already() {
    let mut desk = Desk::partner(two());
    desk.press("4");
    let left = vec![("view".to_owned(), "all".to_owned())];
    desk.tell(Told::LeftCame { drafts: vec![], remembered: left });
    assert_eq!(desk.snap().queue.name, "waiting");
}

// ---- conflicts ----

#[test]
fn that_somebody_took_the_case_is_shown_in_the_open_form_at_once() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("mine");
    desk.feed(vec![with(one(), person("lito", "L. Ito"))]);
    assert_eq!(desk.preview()[0], "C-1 was taken by L. Ito meanwhile.");
    desk.press("esc");
    desk.press("2 g n");
    assert_eq!(desk.field("Note"), "mine");
}

#[test]
fn that_somebody_closed_the_case_is_shown_with_the_name_once_it_is_known() {
    let mut desk = Desk::partner(two());
    desk.press("e");
    desk.type_text("Beyond us.");
    let effects = desk.feed(vec![closed(one())]);
    assert!(effects.contains(&Effect::FetchCase { id: "C-1".into(), known: None }), "{effects:?}");
    assert_eq!(desk.preview()[0], "C-1 was closed meanwhile.");
    let mut detail = whole(&closed(one()));
    detail.resolution = Some(Resolution {
        kind: ResolutionKind::Explanation,
        text: "It is a setting.".into(),
        cause: None,
        duplicate_of: None,
        at: desk.now,
        by: person("mito", "M. Ito"),
    });
    desk.tell(Msg::DetailCame(Box::new(detail)));
    assert_eq!(desk.preview()[0], "C-1 was closed by M. Ito meanwhile.");
    assert_eq!(acts(&desk.press("ctrl-s")), [], "a closed case is not escalated");
    assert_eq!(desk.field("Reason"), "Beyond us.");
}

#[test]
fn a_case_that_vanished_under_a_form_is_said_there() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.removed(&["C-1"]);
    assert_eq!(
        desk.preview()[0],
        "C-1 left the list meanwhile: closed, or no longer yours to see."
    );
    desk.press("esc");
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.page(vec![two().remove(1)], true, false);
    assert!(desk.preview()[0].starts_with("C-1 left the list"), "a feed that starts over, too");
}

// ---- quitting ----

#[test]
fn quitting_names_what_is_unsent_a_few_by_name_and_the_rest_by_number() {
    let mut desk = Desk::partner(two());
    for n in 1..=9 {
        let note = Action::Note { text: format!("note {n}") };
        desk.had(n, &one(), note, State::Queued);
    }
    desk.outbox_comes();
    offline(&mut desk);
    assert_eq!(desk.press("q"), []);
    let Some(Overlay::Confirm(question)) = desk.snap().overlay else { panic!() };
    assert_eq!(question.lines[0], "9 acts are not confirmed yet:");
    assert_eq!(question.lines[1], "  note on C-1: unsent");
    assert_eq!(question.lines[7], "  and 3 more");
    assert_eq!(
        question.lines[8],
        "The outbox keeps them; what is unsent is sent at the next start."
    );
    assert_eq!(desk.press("y"), [Effect::Quit]);
}

#[test]
fn what_is_only_refused_or_drafted_asks_nothing_on_the_way_out() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.refuse(id, "Could not take C-1: L. Ito has it.");
    desk.press("n");
    desk.type_text("half");
    desk.press("esc");
    assert_eq!(desk.press("q"), [Effect::Quit]);
}

// ---- old data ----

#[test]
fn without_a_link_from_the_start_the_cached_queue_is_shown_with_its_age_everywhere() {
    let mut desk = Desk::dark((120, 40));
    desk.sign_in(Role::Partner);
    desk.page(two(), true, false);
    let link = Link::Offline { retry_at: desk.now + TimeDelta::seconds(8), why: "x".into() };
    let fresh_at = Some(desk.now - hours(14));
    desk.tell(Told::LinkChanged { link, fresh_at });
    let snap = desk.snap();
    assert_eq!(snap.header.link_text, "offline, retry in 8 s · 14 h old");
    assert_eq!(snap.queue.notice, None);
    assert_eq!(desk.ids(), ["C-1", "C-2"]);
    assert_eq!(snap.queue.stale.as_deref(), Some("14 h old"));
    assert_eq!(snap.clocks.stale.as_deref(), Some("14 h old"));
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    assert_eq!((desk.snap().queue.stale, desk.snap().clocks.stale), (None, None));
}

#[test]
fn when_the_cursor_rests_what_is_around_it_is_read_ahead_once() {
    let cases = (1..=7).map(|n| case(&format!("C-{n}"), Severity::Low, hours(20 - n))).collect();
    let mut desk = Desk::partner(cases);
    desk.press("j j j");
    let prefetched = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::Prefetch(ids) => Some(ids.iter().map(ToString::to_string).collect::<Vec<_>>()),
            _ => None,
        })
    };
    assert_eq!(prefetched(desk.wait(TimeDelta::milliseconds(399))), None);
    let near = prefetched(desk.wait(TimeDelta::milliseconds(1)));
    assert_eq!(near.unwrap(), ["C-5", "C-6", "C-3", "C-2"]);
    assert_eq!(prefetched(desk.wait(hours(1))), None);
}

#[test]
fn that_nobody_looks_is_told() {
    let mut desk = Desk::partner(two());
    assert_eq!(desk.tell(Msg::Focused(false)), [Effect::Attention(false)]);
    assert_eq!(desk.tell(Msg::Focused(true)), [Effect::Attention(true)]);
}
