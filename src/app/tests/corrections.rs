//! The page of corrections: the outline in its order, who waits, what Product Management does, and how the
//! customers of linked cases are told.

use chrono::TimeDelta;

use super::transfers::{answer, ask, asks, listed, unanswered};
use super::*;
use crate::app::msg::AskId;
use crate::app::view::{CorrectionsView, OutlineRow, PageView};
use crate::domain::ask::{Answer, Ask, Because, NewCorrection, Unanswered};
use crate::domain::outbox::State;
use crate::domain::{
    Amendment, CaseId, Correction, CorrectionDetail, CorrectionEvent, CorrectionStatus,
    CorrectionStep, ReleasePlan,
};

fn correction(
    id: &str,
    title: &str,
    plan: Option<ReleasePlan>,
    status: CorrectionStatus,
    cases: u64,
) -> Correction {
    Correction {
        id: id.into(),
        title: title.into(),
        release_plan: plan,
        status,
        cases,
        note: None,
        updated_at: at(NOW) - hours(3),
        revision: 4,
    }
}

fn whole_of(correction: &Correction, linked: &[&str]) -> CorrectionDetail {
    let event = CorrectionEvent {
        at: at(NOW) - hours(3),
        actor: person("pia", "P. Moe"),
        what: CorrectionStep::Planned,
        text: "no plan → hot fix".into(),
        reason: "It hits hospitals.".into(),
    };
    CorrectionDetail {
        correction: correction.clone(),
        linked: linked.iter().map(|id| CaseId::from(*id)).collect(),
        history: vec![event],
    }
}

/// An open case at Product Management that waits for a correction.
fn waits(id: &str, company: &str, severity: Severity, correction: &str) -> Case {
    let mut case = case(id, severity, hours(5));
    case.tier = Tier::Product;
    case.customer.company = company.into();
    case.correction = Some(correction.into());
    case
}

fn four() -> Vec<Correction> {
    use CorrectionStatus::{Confirmed, InWork, Released};
    vec![
        correction("K-4", "Wrong icon", None, Confirmed, 0),
        correction("K-3", "Slow transfer", Some(ReleasePlan::NextRelease), InWork, 1),
        correction("K-2", "Host stops at log-off", Some(ReleasePlan::HotFix), Released, 1),
        correction("K-1", "Guests are locked out", Some(ReleasePlan::HotFix), InWork, 4),
    ]
}

fn cases() -> Vec<Case> {
    vec![
        waits("C-1", "Fjord Logistics", Severity::High, "K-1"),
        waits("C-2", "Fjord Logistics", Severity::Medium, "K-1"),
        waits("C-3", "Oslo Bygg", Severity::Medium, "K-1"),
        waits("C-5", "Holm", Severity::Low, "K-3"),
    ]
}

/// The page with the four, of which K-1 is under the cursor and read whole.
fn page(role: Role) -> Desk {
    let mut desk = Desk::of(role, cases());
    let (id, asked) = ask(&desk.press("5"));
    assert_eq!(asked, Ask::Corrections);
    desk.tell(answer(id, Answer::Corrections(four())));
    let (id, asked) = ask(&desk.wait(TimeDelta::milliseconds(200)));
    assert_eq!(asked, Ask::Correction("K-1".into()));
    let detail = whole_of(&four()[3], &["C-1", "C-2", "C-3", "C-9"]);
    desk.tell(answer(id, Answer::Correction(Box::new(detail))));
    desk
}

fn view(desk: &Desk) -> CorrectionsView {
    match desk.snap().page {
        Some(PageView::Corrections(view)) => view,
        other => panic!("the page is not open: {other:?}"),
    }
}

fn rows(desk: &Desk) -> Vec<String> {
    let mark = |selected: bool| if selected { "> " } else { "  " };
    let rows = view(desk).rows;
    rows.iter()
        .map(|row| match row {
            OutlineRow::Plan { title, count, customers, folded, selected } => {
                let folded = if *folded { "+" } else { "-" };
                format!("{}{folded} {title} ({count}) {customers}", mark(*selected))
            }
            OutlineRow::One { id, title, status, cases, customers, age, selected, .. } => {
                let title = title.raw();
                format!(
                    "{}{id} {title} | {status} | {cases} | {customers} | {age}",
                    mark(*selected)
                )
            }
        })
        .collect()
}

fn pane(desk: &Desk) -> String {
    let lines = view(desk).pane.unwrap().lines;
    let line = |line: &crate::app::view::Line| line.iter().map(|s| s.text.as_str()).collect();
    lines.iter().map(line).collect::<Vec<String>>().join("\n")
}

fn amend(effects: &[Effect]) -> (AskId, Option<u64>, Amendment) {
    match ask(effects) {
        (id, Ask::Amend { id: of, on, amendment }) => {
            assert_eq!(of, "K-1".into());
            (id, on, *amendment)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_outline_goes_by_plan_then_by_status_and_counts_each_customer_once() {
    let desk = page(Role::Product);
    assert_eq!(
        rows(&desk),
        [
            "  - Hot fix (2) 2",
            "> K-1 Guests are locked out | in work | 4 | 2 | 3 h",
            "  K-2 Host stops at log-off | released | 1 | 0 | 3 h",
            "  - Next release (1) 1",
            "  K-3 Slow transfer | in work | 1 | 1 | 3 h",
            "  - Not planned (1) 0",
            "  K-4 Wrong icon | confirmed | 0 | 0 | 3 h",
        ]
    );
    // However it is wrapped.
    let text = pane(&desk).split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "2 customers wait, with 3 open cases; 1 linked case is closed, or not in your queue",
        "C-1 High Fjord Logistics · Subject of C-1",
        "C-9 closed, or not in your queue",
        "P. Moe · release plan",
        "It hits hospitals.",
    ] {
        assert!(text.contains(said), "{said} is not in:\n{text}");
    }
}

#[test]
fn a_correction_is_read_when_the_cursor_has_rested_on_it_and_not_on_the_way() {
    let mut desk = page(Role::Product);
    let effects = desk.press("j j j");
    assert_eq!(asks(&effects), []);
    let (_, asked) = ask(&desk.wait(TimeDelta::milliseconds(200)));
    assert_eq!(asked, Ask::Correction("K-3".into()));
}

#[test]
fn groups_fold_and_the_cursor_stays_on_its_correction_when_the_outline_changes() {
    let mut desk = page(Role::Product);
    desk.press("left");
    assert_eq!(rows(&desk)[0], "> + Hot fix (2) 2");
    assert_eq!(rows(&desk).len(), 5);
    desk.press("enter");
    assert_eq!(rows(&desk).len(), 7);
    desk.press("j");
    assert!(rows(&desk)[1].starts_with("> K-1"));
    let (id, _) = ask(&desk.press("R").into_iter().take(1).collect::<Vec<_>>());
    let mut changed = four();
    let fix = Some(ReleasePlan::HotFix);
    changed.insert(0, correction("K-5", "New", fix, CorrectionStatus::Confirmed, 0));
    desk.tell(answer(id, Answer::Corrections(changed)));
    assert!(rows(&desk)[1].starts_with("  K-5"), "{:?}", rows(&desk));
    assert!(rows(&desk)[2].starts_with("> K-1"), "{:?}", rows(&desk));
}

#[test]
fn words_and_statuses_filter_and_esc_takes_one_step_back_at_a_time() {
    let mut desk = page(Role::Product);
    desk.press("/");
    desk.type_text("slow next");
    assert_eq!(rows(&desk).len(), 2);
    // Letters of the filter are no keys.
    assert!(!desk.has_overlay());
    desk.press("enter esc");
    assert_eq!(rows(&desk).len(), 7);
    desk.press("f");
    assert_eq!(view(&desk).title, "Corrections · to come (3 of 4)");
    desk.press("f f");
    assert!(view(&desk).notice.unwrap().lines[0].contains("planned"), "{:?}", view(&desk));
    desk.press("esc");
    assert!(desk.snap().page.is_none());
}

#[test]
fn enter_on_a_linked_case_goes_to_it_at_the_desk() {
    let mut desk = page(Role::Product);
    desk.press("enter j j enter");
    assert!(desk.snap().page.is_none());
    assert_eq!(desk.selected(), "C-3");
    desk.press("5");
    desk.press("enter j j j enter");
    // One that the list does not hold is looked at all the same.
    assert!(desk.snap().page.is_none());
    assert_eq!(desk.model.case_id(), Some(&CaseId::from("C-9")));
}

#[test]
fn a_plan_says_what_the_customers_will_be_told_and_is_bound_to_what_was_seen() {
    let mut desk = page(Role::Product);
    desk.press("p");
    assert_eq!(desk.form().title, "Release plan of K-1");
    assert_eq!(desk.preview(), ["As it stands nothing changes, and nobody is told."]);
    desk.press("down");
    let said = desk.preview();
    assert_eq!(
        said,
        [
            "The desk tells 2 customers, by mail, too:",
            "  Fjord Logistics: C-1, C-2",
            "  Oslo Bygg: C-3",
            "1 more linked case is not among the open ones that you see: if closed, their customers are told \
             of the release alone.",
            "“Correction K-1: planned for the next release”",
        ]
    );
    let (id, on, amendment) = amend(&desk.press("ctrl-s"));
    assert_eq!(on, Some(4));
    assert_eq!(amendment.release_plan, Some(Some(ReleasePlan::NextRelease)));
    let changed = Correction { revision: 5, ..four()[3].clone() };
    let changed = Correction { release_plan: Some(ReleasePlan::NextRelease), ..changed };
    desk.tell(answer(id, Answer::Changed(Box::new(changed))));
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "K-1: planned for the next release; the desk tells the customers");
    assert!(rows(&desk).iter().any(|row| row.starts_with("> K-1")), "{:?}", rows(&desk));
}

#[test]
fn a_plan_that_departs_from_the_matrix_is_not_sent_without_a_reason() {
    let mut desk = page(Role::Product);
    desk.press("p");
    desk.type_text("fut");
    assert!(desk.preview()[0].contains("departs from the matrix"), "{:?}", desk.preview());
    assert_eq!(asks(&desk.press("ctrl-s")), []);
    let label = "Reason, for colleagues (optional)";
    assert!(desk.field_error(label).contains("hot fix or next release for High"));
    desk.type_text("No build before spring.");
    assert_eq!(desk.preview()[0], "It departs from the matrix; the reason is kept.");
    let (_, _, amendment) = amend(&desk.press("ctrl-s"));
    assert_eq!(amendment.reason.as_deref(), Some("No build before spring."));
    assert_eq!(amendment.release_plan, Some(Some(ReleasePlan::FutureRelease)));
}

#[test]
fn what_somebody_else_changed_meanwhile_comes_back_with_every_word_and_what_is_different() {
    let mut desk = page(Role::Product);
    desk.press("n");
    desk.type_text("Part of 13.4.2");
    let (id, on, _) = amend(&desk.press("ctrl-s"));
    assert_eq!(on, Some(4));
    let why = "The correction has changed since you saw it: it is at revision 6 now.";
    let (read, asked) = ask(&desk.tell(unanswered(id, Because::Stale, why)));
    assert_eq!(asked, Ask::Correction("K-1".into()));
    assert_eq!(desk.error(), why);
    assert_eq!(desk.field("Note; empty takes it away (optional)"), "Part of 13.4.2");
    let now = Correction { status: CorrectionStatus::InTest, revision: 6, ..four()[3].clone() };
    desk.tell(answer(read, Answer::Correction(Box::new(whole_of(&now, &["C-1"])))));
    assert_eq!(desk.preview()[0], "Changed meanwhile: status in work → in test");
    let (_, on, amendment) = amend(&desk.press("ctrl-s"));
    assert_eq!(on, Some(6));
    assert_eq!(amendment.note, Some(Some("Part of 13.4.2".to_owned())));
}

#[test]
fn a_doubt_is_told_as_one_and_a_form_that_was_left_meanwhile_comes_back() {
    let mut desk = page(Role::Product);
    desk.press("s down");
    let (id, ..) = amend(&desk.press("ctrl-s"));
    desk.press("esc");
    assert!(!desk.has_overlay());
    let failed = Unanswered {
        because: Because::NotReached,
        why: "the connection broke off".into(),
        in_doubt: true,
        fields: vec![],
    };
    desk.tell(Msg::Answered { ask: id, answer: Box::new(Err(failed)) });
    assert!(
        desk.error()
            .starts_with("It is not known whether this was done: the connection broke off."),
        "{}",
        desk.error()
    );
    assert_eq!(desk.field("Status"), "in test");
    // A key that was meant for what stood there before does not send it again.
    assert_eq!(asks(&desk.press("ctrl-s")), []);
}

#[test]
fn what_was_written_and_left_is_there_again_until_the_end() {
    let mut desk = page(Role::Product);
    desk.press("n");
    desk.type_text("Part of 13.4");
    desk.press("esc");
    desk.press("s esc n");
    assert_eq!(desk.field("Note; empty takes it away (optional)"), "Part of 13.4");
}

#[test]
fn a_new_correction_needs_a_title_and_is_then_under_the_cursor() {
    let mut desk = page(Role::Product);
    desk.press("c");
    assert_eq!(asks(&desk.press("ctrl-s")), []);
    assert_eq!(desk.field_error("What is wrong, in one line"), "this is needed");
    desk.type_text("Printer is lost");
    let (id, asked) = ask(&desk.press("ctrl-s"));
    let new = NewCorrection {
        title: "Printer is lost".to_owned(),
        release_plan: None,
        status: Some(CorrectionStatus::Confirmed),
        note: None,
    };
    assert_eq!(asked, Ask::OpenCorrection(new));
    let opened = correction("K-9", "Printer is lost", None, CorrectionStatus::Confirmed, 0);
    desk.tell(answer(id, Answer::Changed(Box::new(opened))));
    assert_eq!(desk.toast(), "K-9 is opened");
    assert!(rows(&desk).iter().any(|row| row.starts_with("> K-9")), "{:?}", rows(&desk));
}

#[test]
fn cases_are_linked_by_their_ids_and_from_the_desk() {
    let mut desk = page(Role::Product);
    desk.press("l");
    desk.type_text("C-5, C-7");
    assert!(desk.preview()[0].contains("C-5  Holm · Subject of C-5, now at K-3"));
    assert!(desk.preview()[1].contains("C-7  not among the open cases"));
    let (_, asked) = ask(&desk.press("ctrl-s"));
    let link = |cases: &[&str]| Ask::Link {
        id: "K-1".into(),
        cases: cases.iter().map(|id| CaseId::from(*id)).collect(),
    };
    assert_eq!(asked, link(&["C-5", "C-7"]));
    desk.press("esc esc");
    let on = desk.selected();
    desk.press("ctrl-k ctrl-u");
    for _ in 0..4 {
        desk.press("backspace");
    }
    desk.type_text("K-1");
    assert_eq!(ask(&desk.press("ctrl-s")).1, link(&[&on]));
}

#[test]
fn all_customers_are_told_by_a_reply_to_each_case_and_the_report_says_how_it_ended() {
    let mut desk = page(Role::Product);
    desk.press("t");
    assert_eq!(desk.form().title, "Tell the customers of K-1");
    assert_eq!(
        desk.field("What they are told"),
        "Correction K-1 (Guests are locked out): in work, planned as hot fix."
    );
    let said = desk.preview().join("\n");
    for part in [
        "3 replies go out, by mail, too:",
        "Fjord Logistics: C-1, C-2",
        "Held for 10 s, in which u in the report takes all back.",
        "1 linked case is closed or not yours to see",
    ] {
        assert!(said.contains(part), "{part} is not in:\n{said}");
    }
    let ordered = acts(&desk.press("ctrl-s"));
    let cases: Vec<&str> = ordered.iter().map(|(_, case, ..)| case.as_str()).collect();
    assert_eq!(cases, ["C-1", "C-2", "C-3"]);
    for (_, _, revision, action) in &ordered {
        assert_eq!(*revision, None);
        assert!(matches!(action, Action::Reply { text } if text.starts_with("Correction K-1")));
    }
    assert!(listed(&desk)[0].starts_with("C-1  Fjord Logistics  held"), "{:?}", listed(&desk));
    let told = |desk: &Desk| desk.snap().footer.progress.map(|(_, text)| text);
    assert_eq!(told(&desk).as_deref(), Some("K-1: told 0 of 3"));
    desk.wait(TimeDelta::seconds(11));
    for (act, id, ..) in &ordered[..2] {
        let case = cases_of(id);
        desk.tell(done(*act, newer(case)));
    }
    assert_eq!(told(&desk).as_deref(), Some("K-1: told 2 of 3"));
    desk.press("esc");
    // The same key shows how far it is while it goes on.
    desk.press("t");
    assert_eq!(listed(&desk)[1], "C-2  Fjord Logistics  told");
}

fn cases_of(id: &str) -> Case {
    cases().into_iter().find(|case| case.id.as_str() == id).unwrap()
}

#[test]
fn telling_is_taken_back_as_a_whole_while_it_is_held() {
    let mut desk = page(Role::Product);
    let ordered = acts(&desk.press("t ctrl-s"));
    let effects = desk.press("u");
    for (act, ..) in &ordered {
        assert!(effects.contains(&Effect::Undo(*act)), "{effects:?}");
    }
}

#[test]
fn a_refused_reply_is_named_in_the_report_and_the_others_are_told() {
    let mut desk = page(Role::Product);
    let ordered = acts(&desk.press("t ctrl-s"));
    desk.wait(TimeDelta::seconds(11));
    desk.tell(done(ordered[1].0, newer(cases_of("C-2"))));
    desk.tell(done(ordered[2].0, newer(cases_of("C-3"))));
    desk.refuse(ordered[0].0, "C-1 was closed by M. Ito at 14:02.");
    assert_eq!(listed(&desk)[0], "C-1  Fjord Logistics  refused");
    let told: Vec<String> =
        super::transfers::listing(&desk).told.iter().map(|(_, t)| t.raw().to_owned()).collect();
    assert_eq!(told[..2], ["2 of 3 told.", "C-1 was closed by M. Ito at 14:02."]);
    assert!(desk.snap().footer.progress.is_none());
}

#[test]
fn those_who_may_only_read_see_the_keys_dim_and_are_told_who_may() {
    let mut desk = page(Role::Engineer);
    for label in ["plan", "status", "tell all", "note", "link", "new"] {
        assert_eq!(desk.hint(label), Some(false), "{label}");
    }
    for key in ["p", "s", "t", "n", "l", "c", "e"] {
        desk.press(key);
        assert!(!desk.has_overlay());
        assert!(desk.toast().contains("product managers and administrators"), "{}", desk.toast());
    }
    let desk = page(Role::Product);
    assert_eq!(desk.hint("plan"), Some(true));
}

#[test]
fn loading_empty_offline_not_allowed_and_none_at_all_are_five_screens_that_say_what_to_do() {
    let asked = || {
        let mut desk = Desk::of(Role::Product, vec![]);
        let (id, _) = ask(&desk.press("5"));
        (desk, id)
    };
    let notice = |desk: &Desk| {
        let notice = view(desk).notice.unwrap();
        format!("{}: {}", notice.title, notice.lines.join(" "))
    };
    let (desk, _) = asked();
    assert!(notice(&desk).starts_with("Asking for the corrections"), "{}", notice(&desk));
    let (mut desk, id) = asked();
    desk.tell(answer(id, Answer::Corrections(vec![])));
    assert_eq!(notice(&desk), "No corrections yet: c opens the first one.");
    for (because, why, said) in [
        (Because::NotReached, "no route to the host", "Offline: no route to the host R asks"),
        (Because::NotAllowed, "not for you", "Not allowed: not for you An administrator"),
        (
            Because::NotOffered,
            "This desk keeps no corrections",
            "This desk keeps no corrections: Esc goes back",
        ),
    ] {
        let (mut desk, id) = asked();
        desk.tell(unanswered(id, because, why));
        assert!(notice(&desk).starts_with(said), "{}", notice(&desk));
    }
}

#[test]
fn an_open_page_asks_again_by_itself_after_a_linked_case_has_changed_and_every_few_minutes() {
    let mut desk = page(Role::Product);
    assert_eq!(asks(&desk.wait(TimeDelta::seconds(60))), []);
    desk.feed(vec![newer(cases_of("C-1"))]);
    desk.feed(vec![newer(newer(cases_of("C-1")))]);
    let (id, asked) = ask(&desk.wait(TimeDelta::seconds(3)));
    assert_eq!(asked, Ask::Corrections);
    desk.tell(answer(id, Answer::Corrections(four())));
    let (id, asked) = ask(&desk.wait(TimeDelta::seconds(200)));
    assert_eq!(asked, Ask::Corrections);
    desk.tell(answer(id, Answer::Corrections(four())));
    // Nobody looks, so nobody asks.
    desk.tell(Msg::Focused(false));
    assert_eq!(asks(&desk.wait(TimeDelta::hours(1))), []);
    assert_eq!(asks(&desk.tell(Msg::Focused(true))).len(), 1);
}

#[test]
fn a_refresh_that_fails_leaves_what_is_there_and_says_so() {
    let mut desk = page(Role::Product);
    let effects = desk.press("R");
    let (id, _) = asks(&effects).remove(0);
    desk.tell(unanswered(id, Because::NotReached, "no route to the host"));
    assert_eq!(rows(&desk).len(), 7);
    assert_eq!(view(&desk).remarks[0].1, "as they were: no route to the host");
}

#[test]
fn states_of_the_outbox_are_told_in_the_report_as_they_are() {
    let mut desk = page(Role::Product);
    let ordered = acts(&desk.press("t ctrl-s"));
    let held = desk.model.acts.get(ordered[0].0).unwrap().entry().unwrap().state.clone();
    assert!(matches!(held, State::Held { .. }), "{held:?}");
    let effects = desk.press("ctrl-s");
    let now: Vec<&Effect> = effects.iter().filter(|e| matches!(e, Effect::SendNow(_))).collect();
    assert_eq!(now.len(), 3);
}
