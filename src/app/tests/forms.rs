//! What forms know and offer: readiness, criteria, corrections, canned answers and macros, the editor, and a
//! desk that sends no mail.

use super::*;
use crate::domain::ask::{Answer, Ask, Because, Unanswered};
use crate::domain::canned::{Canned, CannedText, Choices, Macro, Step, Template};
use crate::domain::{
    ActionKind, Attachment, Correction, CorrectionStatus, Finding, InfoItem, PhoneFollowUp,
    ReleasePlan, ResolutionKind,
};

fn one() -> Case {
    case("C-1", Severity::High, hours(2))
}

fn file(name: &str) -> Attachment {
    Attachment {
        id: "1".into(),
        name: name.into(),
        size: 1,
        media_type: "text/plain".into(),
        at: at(NOW),
        by: "Ida Holm".into(),
        visibility: Visibility::Customer,
        sha256: String::new(),
    }
}

fn facts(desk: &Desk) -> Vec<String> {
    let line = |line: &crate::app::view::Line| line.iter().map(|s| s.text.as_str()).collect();
    desk.form().facts.iter().map(line).collect()
}

/// Sign, name and place of what 2nd level needs.
fn needs(desk: &Desk) -> Vec<String> {
    let view = desk.form().readiness.unwrap();
    let item = |item: &crate::app::view::ReadyItem| {
        format!("{} {}: {}", if item.ready { "+" } else { "-" }, item.label, item.found.raw())
    };
    view.items.iter().map(item).collect()
}

#[test]
fn an_escalation_to_2nd_level_shows_what_is_there_where_it_was_seen_and_what_is_not() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("e");
    assert!(desk.form().readiness.unwrap().score.contains("as soon as the whole case has come"));
    let mut detail = told(&one());
    detail.attachments.push(file("host.log"));
    desk.tell(Msg::DetailCame(Box::new(detail)));
    assert_eq!(desk.form().readiness.unwrap().score, "4 of 7 ready");
    assert_eq!(
        needs(&desk),
        [
            "+ licence key: eligible",
            "+ product version: 15.2",
            "+ environment: production",
            "- steps to reproduce: not seen",
            "+ log files: host.log",
            "- screen dumps: not seen",
            "- what was tried: not seen",
        ]
    );
    desk.type_text("We tried another host.");
    assert_eq!(desk.form().readiness.unwrap().score, "5 of 7 ready");
    assert_eq!(needs(&desk)[6], "+ what was tried: \"we tried\" in this reason");
    // It warns, and does not block.
    let Action::Escalate { reason, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!(reason, "We tried another host.");
}

#[test]
fn one_key_turns_what_is_missing_into_a_request_and_keeps_the_escalation() {
    let mut desk = Desk::partner(vec![one()]);
    desk.detail(&one());
    desk.press("e");
    desk.type_text("Beyond us.");
    let effects = desk.press("ctrl-r");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::KeepDraft(_))), "{effects:?}");
    assert_eq!(desk.form().title, "Ask the customer on C-1");
    assert_eq!(
        desk.field("Asked for, Space checks (optional)"),
        "steps to reproduce, log files, screen dumps, what was tried"
    );
    assert!(desk.field("What we need to know").contains("step by step"));
    assert_eq!(desk.toast(), "The escalation is kept: e on C-1 opens it again");
    // Nobody has written in it yet.
    desk.press("esc");
    assert!(!desk.toast().contains("draft is kept"), "{}", desk.toast());
    desk.press("e");
    assert_eq!(desk.field("Reason"), "Beyond us.");
    desk.press("ctrl-r");
    let Action::RequestInfo { items, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    let expected = [InfoItem::Steps, InfoItem::LogFiles, InfoItem::ScreenDumps, InfoItem::Tried];
    assert_eq!(items, expected);
}

#[test]
fn a_request_that_was_begun_already_keeps_its_words_and_gets_the_items() {
    let mut desk = Desk::partner(vec![one()]);
    desk.detail(&one());
    desk.press("i");
    desk.type_text("Which proxy?");
    desk.press("esc e ctrl-r");
    assert_eq!(desk.field("What we need to know"), "Which proxy?");
    assert!(desk.field("Asked for, Space checks (optional)").contains("log files"));
}

#[test]
fn where_nothing_is_missing_or_nothing_is_known_the_key_says_so_and_the_form_stays() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("e ctrl-r");
    assert!(desk.error().contains("not known what is missing"), "{}", desk.error());
    let mut detail = told(&one());
    detail.description = "Steps to reproduce: start it. We tried two hosts.".into();
    detail.attachments = vec![file("host.log"), file("error.png")];
    desk.tell(Msg::DetailCame(Box::new(detail)));
    assert_eq!(desk.form().readiness.unwrap().score, "7 of 7 ready");
    assert_eq!(desk.form().readiness.unwrap().ask, "");
    desk.press("ctrl-r");
    assert_eq!(desk.error(), "Nothing is missing that could be asked for.");
    assert_eq!(desk.form().title, "Escalate C-1");
}

#[test]
fn a_severity_shows_its_criteria_its_targets_and_whether_a_call_will_be_due() {
    let mut desk = Desk::partner(vec![one()]);
    desk.detail(&one());
    desk.press("s");
    assert!(facts(&desk)[0].starts_with("High"), "{:?}", facts(&desk));
    desk.press("up");
    assert_eq!(
        facts(&desk),
        [
            "Critical   the product impacts a production or live environment",
            "Targets    response 2h · 1st level 5bd · 2nd level 20bd · hot fix",
        ]
    );
    let preview = desk.preview();
    assert!(preview[0].starts_with("1st level: 5bd in place of 10bd"), "{preview:?}");
    assert_eq!(preview[1], "Critical: a phone call to 1st level will be due.");
}

#[test]
fn a_lab_is_never_critical_and_the_form_says_so_before_it_is_sent() {
    let mut lab = one();
    lab.environment = Environment::Lab;
    let mut desk = Desk::partner(vec![lab.clone()]);
    desk.detail(&lab);
    desk.press("s up");
    assert!(
        desk.preview()[0].contains("a lab environment is never Critical"),
        "{:?}",
        desk.preview()
    );
}

#[test]
fn a_phone_call_begins_with_the_contact_which_typing_replaces() {
    let mut due = one();
    due.phone_follow_up = Some(PhoneFollowUp::Due);
    let mut desk = Desk::partner(vec![due.clone()]);
    desk.press("p");
    assert_eq!(desk.field("Spoken with"), "Ida Holm");
    assert!(matches!(desk.form().fields[0].kind, FieldKind::Preset { .. }));
    assert_eq!(desk.preview(), ["The phone follow-up is done with it."]);
    desk.press("esc");
    assert_eq!(desk.toast(), "", "nobody wrote anything");
    desk.press("p tab");
    desk.type_text("She restarts it.");
    let Action::LogPhoneCall { with, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!(with, "Ida Holm");
    desk.press("p");
    desk.type_text("Nils");
    assert_eq!(desk.field("Spoken with"), "Nils");
    let mut other = Desk::partner(vec![due]);
    other.press("p end");
    other.type_text(" (IT)");
    assert_eq!(other.field("Spoken with"), "Ida Holm (IT)");
}

fn options(desk: &Desk, label: &str) -> Vec<String> {
    let form = desk.form();
    let field = form.fields.iter().find(|f| f.label.starts_with(label)).unwrap();
    match &field.kind {
        FieldKind::Choice { options, .. } => options.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_closing_offers_what_the_rules_allow_says_what_it_means_and_asks_for_fitting_causes() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("c");
    let expected =
        ["explanation", "workaround", "guidance given", "duplicate", "no answer from customer"];
    assert_eq!(options(&desk, "Resolution"), expected);
    desk.type_text("exp");
    assert_eq!(
        facts(&desk),
        ["explanation it is explained: a setting, or not what the product is meant for"]
    );
    assert!(!options(&desk, "Cause").contains(&"network".to_owned()));
    desk.press("backtab tab");
    desk.type_text("gui");
    assert_eq!(options(&desk, "Cause"), ["third-party software", "network", "other"]);
    desk.type_text("no a");
    assert!(!desk.form().fields.iter().any(|field| field.label.starts_with("Cause")));
}

#[test]
fn a_cause_that_no_longer_shows_is_not_sent() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("c");
    desk.type_text("exp");
    desk.press("tab");
    desk.type_text("a set");
    desk.press("backtab");
    desk.type_text("no a");
    desk.press("tab");
    desk.type_text("We asked twice.");
    let Action::Close { resolution, cause, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!((resolution, cause), (ResolutionKind::NoAnswer, None));
}

#[test]
fn a_product_manager_has_one_resolution_which_is_chosen_already() {
    let mut at_product = at_second(one());
    at_product.tier = Tier::Product;
    at_product.correction = Some("K-17".into());
    let mut desk = Desk::of(Role::Product, vec![at_product]);
    desk.press("2 c");
    assert_eq!(options(&desk, "Resolution"), ["corrected in release"]);
    assert_eq!(desk.field("Resolution"), "corrected in release");
    desk.press("esc");
    assert_eq!(desk.toast(), "", "that nobody chose");
}

fn corrections() -> Vec<Correction> {
    let correction = |id: &str, title: &str, plan, status, cases| Correction {
        id: id.into(),
        title: title.into(),
        release_plan: plan,
        status,
        cases,
        note: None,
        updated_at: at(NOW),
        revision: 1,
    };
    vec![
        correction("K-20", "Wrong icon", None, CorrectionStatus::Confirmed, 1),
        correction("K-18", "Host service leaks", None, CorrectionStatus::Released, 2),
        correction(
            "K-17",
            "Host service stops",
            Some(ReleasePlan::HotFix),
            CorrectionStatus::Planned,
            3,
        ),
    ]
}

fn asked(effects: &[Effect]) -> crate::app::AskId {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Ask { id, ask } if **ask == Ask::Corrections => Some(*id),
        _ => None,
    });
    asked.unwrap()
}

#[test]
fn an_engineer_finds_the_correction_by_typing_and_picks_it() {
    let mut desk = Desk::of(Role::Engineer, vec![at_second(one())]);
    let ask = asked(&desk.press("e"));
    desk.tell(Msg::Answered { ask, answer: Box::new(Ok(Answer::Corrections(corrections()))) });
    desk.type_text("Replicated on 15.2.");
    desk.press("tab tab");
    desk.type_text("host serv");
    let form = desk.form();
    let FieldKind::Pick { options, at, .. } = &form.fields[2].kind else { panic!() };
    assert_eq!(
        options,
        &[
            "K-17 Host service stops · hot fix · planned · 3 cases".to_owned(),
            "K-18 Host service leaks · no plan yet · released · 2 cases".to_owned(),
        ]
    );
    assert_eq!(*at, Some(0));
    desk.press("down up");
    let Action::Escalate { correction, finding, .. } = act(&desk.press("ctrl-s")).3 else {
        panic!()
    };
    assert_eq!(correction.unwrap().as_str(), "K-17");
    assert_eq!(finding, Some(Finding::ProductError));
}

#[test]
fn without_a_list_the_id_is_typed_and_why_there_is_none_is_said() {
    let mut desk = Desk::of(Role::Engineer, vec![at_second(one())]);
    let ask = asked(&desk.press("e"));
    let no = Unanswered {
        because: Because::NotReached,
        why: "not reached".into(),
        in_doubt: false,
        fields: vec![],
    };
    desk.tell(Msg::Answered { ask, answer: Box::new(Err(no)) });
    desk.type_text("Replicated.");
    desk.press("tab tab");
    desk.type_text("K-4");
    let form = desk.form();
    let FieldKind::Pick { note, .. } = &form.fields[2].kind else { panic!() };
    assert_eq!(note.raw(), "no list, type the id: not reached");
    let Action::Escalate { correction, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!(correction.unwrap().as_str(), "K-4");
}

#[test]
fn the_correction_of_the_case_is_chosen_already_and_another_finding_is_told_what_to_do() {
    let mut linked = at_second(one());
    linked.correction = Some("K-17".into());
    let mut desk = Desk::of(Role::Engineer, vec![linked.clone()]);
    desk.detail(&linked);
    let ask = asked(&desk.press("e"));
    assert_eq!(desk.field("Correction (optional)"), "K-17");
    desk.tell(Msg::Answered { ask, answer: Box::new(Ok(Answer::Corrections(corrections()))) });
    assert!(desk.field("Correction (optional)").starts_with("K-17 Host service stops"));
    assert_eq!(facts(&desk), ["Plan       hot fix or next release for a High case"]);
    desk.type_text("Seen.");
    desk.press("tab");
    desk.type_text("net");
    let preview = desk.preview();
    assert!(preview[0].contains("the finding is \"network\""), "{preview:?}");
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    assert!(desk.error().contains("Only a product error goes to Product Management"));
    desk.type_text("prod");
    let Action::Escalate { correction, .. } = act(&desk.press("ctrl-s")).3 else { panic!() };
    assert_eq!(correction.unwrap().as_str(), "K-17");
}

#[test]
fn whoever_may_not_escalate_from_there_sees_why() {
    let mut desk = Desk::of(Role::Engineer, vec![one()]);
    desk.press("2 e");
    assert!(!desk.has_overlay());
    assert!(desk.toast().contains("its partner's agents"), "{}", desk.toast());
}

fn text(template: &str) -> Template {
    Template::parse(template).unwrap()
}

fn canned() -> Canned {
    let step = |act, words: &str| Step { act, text: text(words), choices: Choices::default() };
    let mut ask = step(ActionKind::RequestInfo, "Dear {contact}, the logs please.");
    ask.choices.items = vec![InfoItem::LogFiles];
    let mut close = step(ActionKind::Close, "{version} has it.");
    close.choices.resolution = Some(ResolutionKind::Explanation);
    let of = |name: &str, title: &str, key: Option<&str>, steps| Macro {
        name: name.into(),
        title: title.into(),
        key: key.map(str::to_owned),
        steps,
    };
    Canned {
        texts: vec![
            CannedText {
                name: "cache".into(),
                title: "Clear the cache".into(),
                text: text("Dear {contact},\nclear the cache of {product} {version}.\n{agent}"),
                acts: vec![ActionKind::Reply],
            },
            CannedText {
                name: "proxy".into(),
                title: "Behind a proxy".into(),
                text: text("See {link}."),
                acts: vec![],
            },
        ],
        macros: vec![
            of(
                "logs",
                "Ask for the logs",
                Some("f5"),
                vec![step(ActionKind::Take, ""), ask, step(ActionKind::Note, "Asked on {case}.")],
            ),
            of("explain", "Close it", None, vec![close]),
            of(
                "back",
                "Hand it back",
                None,
                vec![step(ActionKind::Note, "Back."), step(ActionKind::HandBack, "Not ours.")],
            ),
        ],
    }
}

fn with_canned(cases: Vec<Case>) -> Desk {
    let mut desk = Desk::partner(cases);
    desk.model.canned = canned();
    desk
}

fn picker(desk: &Desk) -> crate::app::view::PickerView {
    match desk.snap().overlay {
        Some(Overlay::Picker(view)) => view,
        Some(Overlay::Form(form)) => *form.picker.unwrap(),
        other => panic!("no picker is open: {other:?}"),
    }
}

fn picked(desk: &Desk) -> Vec<String> {
    let line = |line: &crate::app::view::Line| line.iter().map(|s| s.text.as_str()).collect();
    picker(desk).preview.iter().map(line).collect()
}

#[test]
fn a_canned_answer_is_found_seen_filled_and_put_in_at_the_cursor() {
    let mut desk = with_canned(vec![one()]);
    desk.detail(&one());
    desk.press("r");
    desk.type_text("Hello. Bye.");
    for _ in 0..4 {
        desk.press("left");
    }
    desk.press("ctrl-t");
    assert_eq!(picker(&desk).entries.len(), 2);
    // Letters search; none is an act, and none reaches the text.
    assert_eq!(acts(&desk.type_text("cach")), []);
    assert_eq!(picker(&desk).entries.len(), 1);
    assert_eq!(picked(&desk), ["Dear Ida Holm,", "clear the cache of Guest 15.2.", "R. Hald"]);
    desk.press("enter");
    assert_eq!(
        desk.field("Reply"),
        "Hello. Dear Ida Holm,\nclear the cache of Guest 15.2.\nR. HaldBye."
    );
    desk.press("esc n ctrl-t");
    let titles: Vec<String> = picker(&desk).entries.into_iter().map(|e| e.label).collect();
    assert_eq!(titles, ["Behind a proxy"], "a note has no use for the other");
    desk.press("esc");
    assert_eq!(desk.form().title, "Internal note on C-1");
}

#[test]
fn a_gap_is_named_at_the_field_and_nothing_is_sent_before_it_is_mended() {
    let mut desk = with_canned(vec![one()]);
    desk.press("r ctrl-t");
    desk.type_text("proxy");
    desk.press("enter");
    assert_eq!(desk.field("Reply"), "See [link?].");
    let gap = "write the page on which the customer sees the case for [link?]";
    assert_eq!(desk.field_error("Reply"), gap);
    assert_eq!(acts(&desk.press("ctrl-s")), []);
    assert_eq!(desk.field_error("Reply"), gap);
    for _ in 0.."[link?].".len() {
        desk.press("backspace");
    }
    desk.type_text("the help.");
    assert_eq!(act(&desk.press("ctrl-s")).3, Action::Reply { text: "See the help.".into() });
}

#[test]
fn where_nothing_is_canned_the_picker_says_how_to_add_some() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("r ctrl-t");
    assert!(picker(&desk).notice[0].contains("no canned answers yet"));
    desk.press("enter esc esc m");
    assert!(picker(&desk).notice[0].contains("no macros yet"));
    assert_eq!(desk.press("enter"), []);
}

#[test]
fn a_macro_shows_every_step_and_its_clocks_and_orders_one_act_each() {
    let mut desk = with_canned(vec![unanswered("C-1", Severity::High, hours(1))]);
    desk.detail(&unanswered("C-1", Severity::High, hours(1)));
    desk.press("m");
    assert_eq!(picker(&desk).title, "Macros on C-1");
    assert_eq!(
        picked(&desk),
        [
            "1. take",
            "2. ask for log files",
            "   Dear Ida Holm, the logs please.",
            "   Response: met with 3h left.",
            "   1st level: held with 9bd 8h left.",
            "3. note",
            "   Asked on C-1.",
            "From step 2 on it is held for 10 s, in which u undoes it.",
        ]
    );
    let ordered = acts(&desk.press("enter"));
    let kinds: Vec<ActionKind> = ordered.iter().map(|(.., action)| action.kind()).collect();
    assert_eq!(kinds, [ActionKind::Take, ActionKind::RequestInfo, ActionKind::Note]);
    assert!(ordered.iter().all(|(_, case, ..)| case == "C-1"));
    assert_eq!(ordered[1].2, Some(3));
    assert_eq!(desk.toast(), "Ask for the logs on C-1: 3 acts ordered");
}

#[test]
fn a_macro_of_which_a_step_would_be_refused_runs_no_step_and_says_which() {
    let mut desk = with_canned(vec![one()]);
    desk.detail(&one());
    desk.press("m");
    desk.type_text("hand");
    assert!(
        picked(&desk)[0].starts_with("Cannot be run. Step 2, hand back:"),
        "{:?}",
        picked(&desk)
    );
    assert_eq!(acts(&desk.press("enter")), []);
    assert_eq!(picker(&desk).entries.len(), 1, "another can be chosen");
}

#[test]
fn a_macro_with_a_gap_does_not_run() {
    let mut desk = with_canned(vec![one()]);
    desk.press("m");
    desk.type_text("close");
    assert!(picked(&desk)[0].contains("[version?]"), "{:?}", picked(&desk));
    assert_eq!(acts(&desk.press("enter")), []);
    desk.detail(&one());
    assert!(picked(&desk)[0].starts_with("1. close as explanation"), "{:?}", picked(&desk));
    let Action::Close { text, .. } = act(&desk.press("enter")).3 else { panic!() };
    assert_eq!(text, "15.2 has it.");
}

#[test]
fn a_macro_is_for_the_case_that_was_shown_and_its_key_opens_it() {
    let mut desk = with_canned(vec![one(), case("C-2", Severity::Low, hours(2))]);
    desk.press("f5");
    assert_eq!(picker(&desk).title, "Macros on C-1");
    desk.removed(&["C-1"]);
    assert!(picked(&desk)[0].contains("C-1 has left the list"), "{:?}", picked(&desk));
    assert_eq!(acts(&desk.press("enter")), []);
    assert!(desk.toast().contains("C-1 has left the list"), "{}", desk.toast());
}

#[test]
fn pasting_into_a_picker_searches_and_runs_nothing() {
    let mut desk = with_canned(vec![one()]);
    desk.press("m");
    assert_eq!(acts(&desk.tell(Msg::Pasted("logs\n\n".into()))), []);
    assert_eq!(picker(&desk).filter.text, "logs");
}

#[test]
fn the_editor_gets_the_text_and_what_it_leaves_comes_back() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("r");
    desk.type_text("Dear");
    let effects = desk.press("ctrl-e");
    let edit = Effect::Edit { name: "C-1-reply.txt".into(), text: "Dear".into() };
    assert!(effects.contains(&edit), "{effects:?}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::KeepDraft(_))));
    desk.tell(Msg::Edited(Ok("Dear Ida,\r\nit is done.\n".into())));
    assert_eq!(desk.field("Reply"), "Dear Ida,\nit is done.");
    let effects = desk.wait(TimeDelta::seconds(1));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::KeepDraft(_))));
    desk.press("ctrl-e");
    desk.tell(Msg::Edited(Err("The editor ended with 1. The text is as it was.".into())));
    assert_eq!(desk.field("Reply"), "Dear Ida,\nit is done.");
    assert_eq!(desk.error(), "The editor ended with 1. The text is as it was.");
    // What was typed over can be had back.
    desk.press("ctrl-e");
    desk.tell(Msg::Edited(Ok(String::new())));
    assert_eq!(desk.field("Reply"), "");
}

#[test]
fn the_editor_is_for_texts_and_nothing_comes_back_into_a_form_that_gave_none() {
    let mut desk = Desk::partner(vec![one()]);
    desk.press("p ctrl-e");
    assert_eq!(desk.error(), "An editor is for texts: go to one first.");
    desk.press("esc n");
    desk.tell(Msg::Edited(Ok("from nowhere".into())));
    assert_eq!(desk.field("Note"), "");
}

#[test]
fn a_desk_that_sends_no_mail_says_who_must_be_told_before_and_after() {
    let mut desk = Desk::partner(vec![unanswered("C-1", Severity::High, hours(1))]);
    let actor = Actor {
        id: "rhald".into(),
        name: "R. Hald".into(),
        role: Role::Partner,
        partner: Some("nordwind".into()),
    };
    let me = Whoami { actor, partner: Some(partner_ref()), may: vec![], mail: false };
    desk.tell(Told::SignedIn(Box::new(me)));
    assert!(desk.snap().header.who.raw().ends_with(" · no mail"));
    let new = unanswered("C-1", Severity::High, hours(1));
    desk.detail(&new);
    desk.press("r");
    desk.type_text("Dear Ida");
    let by_hand = "tell Ida Holm yourself (ida@fjord.example).";
    let last = desk.preview().pop().unwrap();
    assert_eq!(last, format!("This desk sends no mail: {by_hand}"));
    desk.press("esc");
    let (id, ..) = act(&desk.press("a"));
    let now = desk.now;
    desk.tell(done(id, responded(new, now)));
    assert_eq!(desk.toast(), format!("C-1: responded. The desk sends no mail: {by_hand}"));
}

#[test]
fn every_act_of_the_api_has_a_key() {
    let keymap = crate::input::Keymap::embedded();
    for kind in ActionKind::ALL {
        let action = crate::app::words::key_action(*kind);
        assert_eq!(crate::app::words::act_of(action), Some(*kind), "{}", kind.word());
        assert!(!keymap.key_text(action, true).is_empty(), "{}", kind.word());
    }
}
