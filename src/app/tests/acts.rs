//! Acts that go well: what a key begins, what is sent, what is said.

use super::*;
use crate::app::acts::HOLD;
use crate::domain::{Cause, Finding, InfoItem, PhoneFollowUp, ResolutionKind};

fn one() -> Case {
    case("C-1", Severity::High, hours(2))
}

fn two() -> Vec<Case> {
    vec![one(), case("C-2", Severity::Low, hours(2))]
}

#[test]
fn responding_asks_nothing_is_held_ten_seconds_counted_down_in_its_row_and_then_sent() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    let effects = desk.press("a");
    assert!(matches!(effects[0], Effect::Act { hold: Some(hold), .. } if hold == HOLD));
    assert!(!desk.has_overlay());
    assert_eq!(desk.row("C-1").due, "responds in 10 s, u undoes");
    desk.wait(TimeDelta::milliseconds(9_999));
    assert_eq!(desk.sent(), [""; 0]);
    assert_eq!(desk.row("C-1").due, "responds in 1 s, u undoes");
    desk.wait(TimeDelta::milliseconds(1));
    assert_eq!(desk.sent(), ["respond C-1"]);
    let (id, case, revision, action) = act(&effects);
    assert_eq!((case.as_str(), revision), ("C-1", None));
    assert_eq!(action, Action::Respond { text: None });
    assert_eq!(desk.row("C-1").due, "sending");
    let now = desk.now;
    desk.tell(done(id, responded(unanswered("C-1", Severity::High, hours(1)), now)));
    assert_eq!(desk.toast(), "C-1 responded: the customer has the case id");
    let clock = &desk.snap().clocks.clocks[0];
    assert_eq!((clock.short, clock.text.as_str()), ("R", "met in 1h"));
}

#[test]
fn a_held_response_is_undone_by_u_and_never_sent() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    assert_eq!(desk.hint("undo"), None);
    desk.press("a");
    assert_eq!(desk.hint("undo"), Some(true));
    desk.press("u");
    assert_eq!(desk.toast(), "Not sent: no response went out on C-1");
    desk.wait(hours(1));
    assert_eq!(desk.sent(), [""; 0]);
    desk.press("u");
    assert_eq!(desk.toast(), "Nothing is held that could be undone.");
}

#[test]
fn a_second_response_while_one_is_held_is_not_another_one() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    desk.press("a a");
    assert_eq!(desk.toast(), "C-1 is held already; u undoes it.");
    desk.wait(hours(1));
    assert_eq!(desk.sent(), ["respond C-1"]);
}

#[test]
fn ctrl_s_sends_what_is_held_at_once() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    let (id, ..) = act(&desk.press("a"));
    assert_eq!(desk.press("ctrl-s"), [Effect::SendNow(id)]);
    assert_eq!(desk.sent(), ["respond C-1"]);
    desk.press("ctrl-s");
    assert_eq!(desk.toast(), "Nothing is held; what you order is on its way or done.");
}

#[test]
fn taking_is_sent_at_once_and_releasing_undoes_it() {
    let mut desk = Desk::partner(two());
    let (id, case, revision, action) = act(&desk.press("t"));
    assert_eq!((case.as_str(), revision, action), ("C-1", None, Action::Take {}));
    desk.press("t");
    assert_eq!(desk.toast(), "C-1: this is on its way already.");
    let taken = with(one(), person("rhald", "R. Hald"));
    desk.tell(done(id, taken.clone()));
    assert_eq!(desk.toast(), "C-1 is yours");
    assert_eq!(desk.row("C-1").with.unwrap().raw(), "R. Hald");
    let (id, case, _, action) = act(&desk.press("u"));
    assert_eq!((case.as_str(), action), ("C-1", Action::Release {}));
    let mut released = newer(taken);
    released.assignee = None;
    desk.tell(done(id, released));
    assert_eq!(act(&desk.press("u")).3, Action::Take {});
}

#[test]
fn the_undo_of_taking_a_case_does_not_reach_another_case() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.tell(done(id, with(one(), person("rhald", "R. Hald"))));
    assert_eq!(acts(&desk.press("j u")), []);
}

#[test]
fn a_note_is_written_and_sent_at_once_and_is_unmistakably_internal() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    let form = desk.form();
    assert_eq!(form.title, "Internal note on C-1");
    assert_eq!(form.subtitle.raw(), "Fjord Logistics · High · 1st level");
    assert_eq!(form.audience, Some(super::super::view::Audience::Internal));
    desk.type_text("qtrace\nsecond line");
    assert_eq!(desk.field("Note"), "qtrace\nsecond line");
    let (id, case, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!((case.as_str(), revision), ("C-1", None));
    assert_eq!(action, Action::Note { text: "qtrace\nsecond line".into() });
    assert!(!desk.has_overlay());
    assert_eq!(desk.row("C-1").due, "sending");
    desk.tell(done(id, newer(one())));
    assert_eq!(desk.toast(), "C-1: note kept");
    assert_ne!(desk.row("C-1").due, "sending");
    desk.press("n");
    assert_eq!(desk.field("Note"), "", "what was sent is no draft");
}

#[test]
fn a_reply_names_who_reads_it_is_held_and_its_undo_gives_the_text_back() {
    let mut desk = Desk::partner(two());
    desk.press("r");
    let form = desk.form();
    assert_eq!(form.audience, Some(super::super::view::Audience::Customer));
    assert!(form.subtitle.raw().starts_with("to Fjord Logistics"));
    desk.type_text("Please update.");
    desk.press("ctrl-s");
    assert_eq!(desk.row("C-1").due, "replies in 10 s, u undoes");
    desk.press("u");
    assert_eq!(desk.toast(), "Not sent: the text is kept, r on C-1 opens it again");
    desk.press("r");
    assert_eq!(desk.field("Reply"), "Please update.");
    desk.type_text(" Now.");
    let (_, _, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!((revision, action), (None, Action::Reply { text: "Please update. Now.".into() }));
    desk.wait(TimeDelta::seconds(10));
    assert_eq!(desk.sent(), ["reply C-1"]);
}

#[test]
fn asking_for_information_is_held_and_bound_to_the_revision() {
    let mut desk = Desk::partner(two());
    desk.press("i");
    desk.type_text("Which version?");
    let (_, _, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!(desk.row("C-1").due, "asks in 10 s, u undoes");
    assert_eq!(revision, Some(3));
    assert_eq!(action, Action::RequestInfo { text: "Which version?".into(), items: vec![] });
}

#[test]
fn what_is_asked_for_is_checked_with_space_in_a_list() {
    let mut desk = Desk::partner(two());
    desk.press("i");
    desk.type_text("Please send us:");
    desk.press("tab down down down");
    assert_eq!(desk.hint("choose"), Some(true));
    desk.press("space l space p space space");
    assert_eq!(desk.field("Asked for, Space checks (optional)"), "licence key, steps to reproduce");
    let (_, _, _, action) = act(&desk.press("tab enter"));
    let items = vec![InfoItem::Licence, InfoItem::Steps];
    assert_eq!(action, Action::RequestInfo { text: "Please send us:".into(), items });
}

#[test]
fn the_button_after_the_last_field_sends_and_tab_goes_round_over_it() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("Seen.");
    desk.press("tab");
    assert!(desk.form().on_send);
    assert_eq!(desk.hint("choose"), None);
    desk.type_text("not written");
    assert_eq!(desk.field("Note"), "Seen.");
    desk.press("tab");
    assert!(!desk.form().on_send);
    desk.press("backtab");
    assert_eq!(act(&desk.press("enter")).3, Action::Note { text: "Seen.".into() });
}

#[test]
fn a_phone_call_is_logged_with_whom_and_what_was_said() {
    let mut due = one();
    due.phone_follow_up = Some(PhoneFollowUp::Due);
    let mut desk = Desk::partner(vec![due.clone()]);
    desk.press("p");
    assert_eq!(desk.form().title, "Phone call on C-1");
    desk.type_text("Ida Holm");
    desk.press("enter");
    desk.type_text("She restarts it tonight.");
    let (id, _, revision, action) = act(&desk.press("ctrl-s"));
    let text = "She restarts it tonight.".to_owned();
    assert_eq!(action, Action::LogPhoneCall { with: "Ida Holm".into(), text });
    assert_eq!(revision, None, "a call that was made was made");
    due.phone_follow_up = Some(PhoneFollowUp::Done);
    desk.tell(done(id, newer(due)));
    assert_eq!(desk.toast(), "C-1: phone call logged");
}

#[test]
fn information_that_came_needs_no_words_and_a_workaround_needs_some() {
    let mut waiting = one();
    waiting.state = CaseState::Waiting;
    let mut desk = Desk::partner(vec![waiting, two().remove(1)]);
    desk.press("2 g");
    desk.press(if desk.selected() == "C-1" { "I" } else { "j I" });
    assert_eq!(act(&desk.press("ctrl-s")).3, Action::InfoReceived { text: None });
    desk.press("W ctrl-s");
    assert_eq!(desk.field_error("Workaround"), "this is needed");
    desk.type_text("Restart it.");
    let (_, _, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!(action, Action::RecordWorkaround { text: "Restart it.".into() });
    assert!(revision.is_some(), "it may lower the severity");
}

#[test]
fn a_case_is_assigned_to_somebody_known_or_by_user_name() {
    let ito = with(case("C-2", Severity::Low, hours(2)), person("lito", "L. Ito"));
    let away = at_second(with(case("C-3", Severity::Low, hours(2)), person("mito", "M. Ito")));
    let mut desk = Desk::partner(vec![one(), ito, away]);
    desk.press("A ctrl-s");
    assert_eq!(desk.field_error("To"), "choose one: arrows, or type its first letters");
    desk.press("down down down");
    assert_eq!(desk.field("To"), "L. Ito", "who works at 1st level here, and nobody else");
    assert_eq!(act(&desk.press("ctrl-s")).3, Action::Assign { assignee: "lito".into() });
    desk.press("A tab");
    desk.type_text("nvik");
    assert_eq!(act(&desk.press("ctrl-s")).3, Action::Assign { assignee: "nvik".into() });
    let mut alone = Desk::partner(vec![one()]);
    alone.press("A");
    alone.type_text("nvik");
    assert_eq!(act(&alone.press("ctrl-s")).3, Action::Assign { assignee: "nvik".into() });
}

#[test]
fn eligibility_begins_with_what_stands_and_is_the_vendors_word() {
    let mut unknown = at_second(one());
    unknown.eligibility = Eligibility::UnknownKey;
    let mut desk = Desk::of(Role::Engineer, vec![unknown]);
    desk.press("L");
    assert_eq!(desk.field("Licence"), "unknown key");
    desk.press("esc");
    assert_eq!(desk.toast(), "", "nothing was written that could be kept");
    desk.press("L e tab");
    desk.type_text("The invoice is there.");
    let reason = "The invoice is there.".to_owned();
    let action = Action::SetEligibility { eligibility: Eligibility::Eligible, reason };
    assert_eq!(act(&desk.press("ctrl-s")).3, action);
    let mut partner = Desk::partner(two());
    partner.press("L");
    assert!(!partner.has_overlay() && partner.toast().contains("may not"), "{}", partner.toast());
}

#[test]
fn a_partner_escalates_with_a_reason_and_sees_before_and_after_what_it_does_to_the_clocks() {
    let mut desk = Desk::partner(two());
    desk.press("e");
    assert_eq!(desk.form().title, "Escalate C-1");
    assert_eq!(desk.preview(), [""; 0], "the whole case is not known yet");
    desk.detail(&one());
    assert_eq!(
        desk.preview(),
        ["1st level: met with 9bd 7h left.", "2nd level: 30bd, until Fri 8 Jan 10:00 CET.",]
    );
    desk.type_text("Beyond us.");
    let (id, case, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!((case.as_str(), revision), ("C-1", Some(3)));
    let expected = Action::Escalate {
        to: Tier::Second,
        reason: "Beyond us.".into(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    assert_eq!(action, expected);
    desk.tell(done(id, at_second(one())));
    assert_eq!(desk.toast(), "C-1 escalated to 2nd level");
    // It is no longer mine or unassigned at my tier, and stays while I look at it.
    assert_eq!((desk.selected().as_str(), desk.ids().len()), ("C-1", 2));
    let clocks = desk.snap().clocks.clocks;
    let shown: Vec<(&str, &str)> = clocks.iter().map(|c| (c.short, c.text.as_str())).collect();
    assert_eq!(shown[1], ("S1", "met in 2h"));
    assert_eq!(shown[2].0, "S2");
    desk.press("k");
    assert_eq!((desk.selected().as_str(), desk.ids()), ("C-2", vec!["C-2".to_owned()]));
}

#[test]
fn an_engineer_assigns_a_product_error_to_a_correction() {
    let mut desk = Desk::of(Role::Engineer, vec![at_second(one())]);
    desk.press("e");
    desk.type_text("Replicated on 15.2.");
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    let label = "Correction (optional)";
    assert_eq!(desk.field_error(label), "name a correction, or open one with new_correction");
    desk.press("tab");
    desk.type_text("Host service stops");
    let (_, _, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!(revision, Some(4));
    let Action::Escalate { to, finding, correction, new_correction, .. } = action else {
        panic!("{action:?}")
    };
    assert_eq!((to, finding), (Tier::Product, Some(Finding::ProductError)));
    assert_eq!(correction, None);
    assert_eq!(new_correction.unwrap().title, "Host service stops");
}

#[test]
fn handing_back_needs_a_reason() {
    let mut desk = Desk::of(Role::Engineer, vec![at_second(one())]);
    desk.press("h");
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    assert_eq!(desk.field_error("Reason"), "this is needed");
    desk.type_text("Ask them again.");
    assert_eq!(desk.field_error("Reason"), "");
    let (_, _, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!(
        (revision, action),
        (Some(4), Action::HandBack { reason: "Ask them again.".into() })
    );
}

#[test]
fn closing_takes_a_resolution_a_cause_and_a_text() {
    let mut desk = Desk::partner(two());
    desk.press("c");
    assert_eq!(acts(&desk.press("ctrl-s")), [], "no text, no closing");
    assert_eq!(desk.field_error("Resolution"), "choose one: arrows, or type its first letters");
    assert_eq!(desk.field_error("Text for the customer"), "this is needed");
    desk.type_text("exp");
    assert_eq!(desk.field("Resolution"), "explanation");
    desk.press("enter down right left right");
    assert_eq!(desk.field("Cause (optional)"), "unintentional use");
    desk.press("tab");
    desk.type_text("It is a setting.\nSee page 3.");
    let (id, case, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!((case.as_str(), revision), ("C-1", Some(3)));
    let expected = Action::Close {
        resolution: ResolutionKind::Explanation,
        text: "It is a setting.\nSee page 3.".into(),
        cause: Some(Cause::UnintentionalUse),
        duplicate_of: None,
    };
    assert_eq!(action, expected);
    desk.tell(done(id, closed(one())));
    assert_eq!(desk.toast(), "C-1 closed");
    assert_eq!((desk.ids(), desk.selected().as_str()), (vec!["C-2".to_owned()], "C-2"));
}

#[test]
fn a_duplicate_names_its_case_and_only_a_duplicate_does() {
    let mut desk = Desk::partner(two());
    desk.press("c");
    let labels =
        |desk: &Desk| desk.form().fields.iter().map(|f| f.label.clone()).collect::<Vec<_>>();
    assert!(!labels(&desk).iter().any(|l| l.starts_with("Duplicate")));
    desk.type_text("dup");
    assert!(labels(&desk).iter().any(|l| l.starts_with("Duplicate")));
    desk.press("tab");
    desk.type_text("Same as the other.");
    desk.press("tab");
    desk.type_text("C-2");
    desk.press("enter");
    assert!(desk.form().on_send);
    desk.press("tab");
    assert!(desk.form().fields[0].focused, "after the button comes the first field");
    let Action::Close { duplicate_of, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!(duplicate_of.unwrap().as_str(), "C-2");
}

#[test]
fn the_severity_is_set_with_a_reason() {
    let mut desk = Desk::partner(two());
    desk.press("s");
    assert_eq!(desk.field("Severity"), "High", "it begins with what stands");
    desk.press("up up");
    assert_eq!(desk.field("Severity"), "Low");
    desk.press("down");
    assert_eq!(desk.field("Severity"), "Critical");
    desk.press("tab");
    desk.type_text("Production stands still");
    let (id, _, revision, action) = act(&desk.press("ctrl-s"));
    let expected = Action::SetSeverity {
        severity: Severity::Critical,
        reason: "Production stands still".into(),
    };
    assert_eq!((revision, action), (Some(3), expected));
    desk.tell(done(id, newer(case("C-1", Severity::Critical, hours(2)))));
    assert_eq!(desk.toast(), "C-1 is Critical now");
}

#[test]
fn the_case_that_was_closed_last_can_be_reopened_by_name() {
    let mut desk = Desk::partner(two());
    desk.press("C");
    assert!(desk.toast().starts_with("You have closed no case"), "{}", desk.toast());
    desk.press("c");
    desk.type_text("exp");
    desk.press("tab tab");
    desk.type_text("Done.");
    let (id, ..) = act(&desk.press("ctrl-s"));
    desk.tell(done(id, closed(one())));
    assert_eq!(desk.selected(), "C-2");
    desk.press("C");
    assert_eq!(desk.form().title, "Reopen C-1");
    desk.type_text("It came back.");
    let (id, case, revision, action) = act(&desk.press("ctrl-s"));
    assert_eq!((case.as_str(), revision), ("C-1", Some(4)));
    assert_eq!(action, Action::Reopen { reason: "It came back.".into() });
    desk.tell(done(id, newer(newer(one()))));
    assert_eq!(desk.toast(), "C-1 reopened");
    assert_eq!(desk.ids(), ["C-1", "C-2"]);
    assert_eq!(desk.selected(), "C-2");
}

#[test]
fn letters_never_leave_a_text_and_esc_keeps_the_draft_with_its_case() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    assert_eq!(acts(&desk.type_text("take q ? / R a t")), []);
    assert_eq!(desk.field("Note"), "take q ? / R a t");
    desk.press("esc");
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "The draft is kept: n on C-1 opens it again");
    desk.press("j n");
    assert_eq!(
        (desk.form().title.as_str(), desk.field("Note").as_str()),
        ("Internal note on C-2", "")
    );
    desk.press("esc k n");
    assert_eq!(desk.field("Note"), "take q ? / R a t");
    desk.press("esc r");
    assert_eq!(desk.field("Reply"), "", "a note is no reply");
}

#[test]
fn what_is_pasted_is_text_in_a_form_and_nothing_on_the_desk() {
    let mut desk = Desk::partner(two());
    assert_eq!(desk.tell(Msg::Pasted("atq".into())), []);
    assert!(!desk.has_overlay());
    desk.press("n");
    desk.tell(Msg::Pasted("one\r\ntwo\rthree".into()));
    assert_eq!(desk.field("Note"), "one\ntwo\nthree");
}

#[test]
fn an_act_that_waits_for_the_desk_says_so_until_it_is_done() {
    let mut desk = Desk::partner(two());
    let (id, ..) = act(&desk.press("t"));
    desk.delay(id, "not reached");
    assert_eq!(desk.row("C-1").due, "kept, not sent");
    desk.tell(done(id, with(one(), person("rhald", "R. Hald"))));
    assert_ne!(desk.row("C-1").due, "kept, not sent");
}

#[test]
fn without_a_line_nothing_is_said_to_be_sending_and_quitting_says_what_becomes_of_it() {
    let mut desk = Desk::partner(two());
    let retry_at = desk.now + TimeDelta::seconds(8);
    let link = Link::Offline { retry_at, why: "connection refused".into() };
    desk.tell(Told::LinkChanged { link, fresh_at: Some(desk.now) });
    act(&desk.press("t"));
    assert_eq!(desk.row("C-1").due, "kept, not sent");
    desk.press("q");
    let Some(Overlay::Confirm(confirm)) = desk.snap().overlay else { panic!() };
    assert_eq!(confirm.lines[1], "  take C-1: unsent");
    desk.press("n");
    desk.tell(Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) });
    assert_eq!(desk.row("C-1").due, "sending");
}

#[test]
fn q_quits_at_once_when_nothing_is_open() {
    let mut desk = Desk::partner(two());
    assert_eq!(desk.press("q"), [Effect::Quit]);
}

#[test]
fn q_asks_when_something_is_held_and_yes_sends_it_first() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    let (id, ..) = act(&desk.press("a"));
    assert_eq!(desk.press("q"), []);
    let Some(Overlay::Confirm(confirm)) = desk.snap().overlay else { panic!() };
    assert_eq!(
        confirm.lines,
        [
            "1 act is not confirmed yet:",
            "  respond to C-1: held, is sent when you quit",
            "The outbox keeps them; what is unsent is sent at the next start.",
        ]
    );
    assert_eq!(desk.press("enter"), [], "no is what stands");
    assert!(!desk.has_overlay());
    assert_eq!(desk.press("ctrl-c y"), [Effect::SendNow(id), Effect::Quit]);
}

#[test]
fn quitting_puts_what_is_written_on_the_disk_and_asks_nothing() {
    let mut desk = Desk::partner(two());
    desk.press("n");
    desk.type_text("half a thought");
    let effects = desk.press("ctrl-c");
    assert!(matches!(&effects[..], [Effect::KeepDraft(_), Effect::Quit]), "{effects:?}");
    let mut desk = desk.restarted(two());
    assert_eq!(desk.toast(), "1 draft kept: O shows it");
    desk.press("n");
    assert_eq!(desk.field("Note"), "half a thought");
}

#[test]
fn a_signal_ends_without_asking_and_loses_no_order() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    let (id, ..) = act(&desk.press("a"));
    assert_eq!(desk.tell(Msg::Terminated), [Effect::SendNow(id), Effect::Quit]);
}

#[test]
fn suspend_and_redraw_work_wherever_the_keyboard_is() {
    let mut desk = Desk::partner(two());
    for keys in ["esc", "n", "?", "/"] {
        desk.press(keys);
        assert_eq!(desk.press("ctrl-z"), [Effect::Suspend]);
        assert_eq!(desk.press("ctrl-l"), [Effect::Redraw]);
        desk.press("esc");
    }
}

#[test]
fn the_theme_is_changed_wherever_the_keyboard_is_and_comes_back() {
    let mut desk = Desk::partner(two());
    for keys in ["esc", "n", "?", "/"] {
        desk.press(keys);
        assert_eq!(desk.press("ctrl-g"), [Effect::NextTheme]);
        desk.press("esc");
    }
    let remembered = Effect::Remember { name: "theme", body: "light".to_owned() };
    assert_eq!(desk.tell(Msg::ThemeChanged("light".to_owned())), [remembered]);
    assert_eq!(desk.toast(), "Theme: light");
    let left = Told::LeftCame {
        drafts: vec![],
        remembered: vec![("theme".to_owned(), "light".to_owned())],
    };
    assert_eq!(desk.tell(left), [Effect::WearTheme("light".to_owned())]);
}

#[test]
fn on_a_screen_that_is_too_small_to_show_a_case_no_key_acts_on_one() {
    let mut desk = Desk::partner(two());
    desk.tell(Msg::Resized { columns: 19, rows: 4 });
    assert_eq!(desk.press("t n x j"), []);
    assert!(!desk.has_overlay());
    assert_eq!(desk.press("q"), [Effect::Quit]);
    desk.tell(Msg::Resized { columns: 20, rows: 5 });
    assert_eq!(act(&desk.press("t")).1, "C-1");
}
