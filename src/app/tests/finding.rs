//! Finding cases: the language in the filter line, completion, views, order, columns, a case by its id, a search.

use super::*;
use crate::app::msg::AskId;
use crate::app::view::{FinderView, Under};
use crate::domain::ask::{Answer, Ask, Unanswered};

/// Two that run, one that is missed and mine, one that waits for the customer.
fn four() -> Vec<Case> {
    let mut other = with(case("C-77", Severity::Low, hours(1)), person("lito", "L. Ito"));
    other.subject = "Slow file transfer".into();
    let mut waits = case("C-30", Severity::Medium, hours(3));
    waits.state = CaseState::Waiting;
    waits.customer.company = "Ærø Færger".into();
    vec![
        unanswered("C-1", Severity::Critical, hours(1)),
        with(unanswered("C-2", Severity::High, hours(200)), person("rhald", "R. Hald")),
        waits,
        other,
    ]
}

fn under(desk: &Desk) -> Under {
    desk.snap().queue.under.unwrap()
}

fn offered(desk: &Desk) -> String {
    match under(desk) {
        Under::Offers { words, .. } => words.join(" "),
        wrong @ Under::Wrong { .. } => panic!("{wrong:?}"),
    }
}

fn finder(desk: &Desk) -> FinderView {
    match desk.snap().overlay {
        Some(Overlay::Finder(view)) => view,
        other => panic!("no dialog is open: {other:?}"),
    }
}

fn rows(desk: &Desk) -> Vec<String> {
    let row = |row: &crate::app::view::FinderRow| {
        let cells = row.cells.iter().map(|(_, text)| text.raw().to_owned());
        cells.collect::<Vec<_>>().join(" ")
    };
    finder(desk).rows.iter().map(row).collect()
}

fn told(desk: &Desk) -> String {
    finder(desk).told.unwrap().1.raw().to_owned()
}

fn filter(desk: &Desk) -> String {
    desk.snap().queue.filter.unwrap().text
}

fn asked(effects: &[Effect]) -> Vec<(AskId, String, Option<String>)> {
    let asks = effects.iter().filter_map(|effect| match effect {
        Effect::Ask { id, ask } => match &**ask {
            Ask::Search { words, after } => {
                Some((*id, words.clone(), after.as_ref().map(ToString::to_string)))
            }
            _ => None,
        },
        _ => None,
    });
    asks.collect()
}

// ---- the filter line ----

#[test]
fn fields_filter_all_open_cases_as_they_are_typed() {
    let mut desk = Desk::partner(four());
    desk.press("/");
    desk.type_text("sev:crit,high is:missed");
    assert_eq!(desk.ids(), ["C-2"]);
    desk.press("enter esc /");
    desk.type_text("with:lito");
    assert_eq!(desk.ids(), ["C-77"]);
    assert_eq!(desk.snap().queue.name, "all open");
}

#[test]
fn what_is_wrong_is_marked_and_what_was_right_before_stays_until_it_is_mended() {
    let mut desk = Desk::partner(four());
    desk.press("/");
    desk.type_text("file is:mi");
    assert_eq!(desk.ids(), ["C-77"], "more letters may make it right: no word of it");
    assert_eq!(offered(&desk), "missed mine");
    desk.type_text("zed ");
    let sentence = "There is no state \"mized\"; did you mean \"missed\"?".to_owned();
    assert_eq!(under(&desk), Under::Wrong { at: 8..13, sentence: sentence.clone() });
    assert_eq!(desk.ids(), ["C-77"]);
    // It is not kept like this.
    desk.press("enter");
    assert_eq!(desk.toast(), sentence);
    assert_eq!(filter(&desk), "file is:mized ");
    desk.press("esc");
    assert_eq!(desk.snap().queue.filter, None);
}

#[test]
fn tab_completes_fields_and_what_there_is_to_name() {
    let mut desk = Desk::partner(four());
    desk.press("/");
    desk.type_text("pa");
    assert_eq!(offered(&desk), "partner:");
    desk.press("tab");
    assert_eq!(filter(&desk), "partner:");
    desk.press("tab");
    assert_eq!(filter(&desk), "partner:nordwind ");
    desk.type_text("is:");
    desk.press("tab tab");
    assert_eq!(filter(&desk), "partner:nordwind is:warning");
    desk.press("backtab");
    assert_eq!(filter(&desk), "partner:nordwind is:missed");
    assert_eq!(desk.ids(), ["C-2"]);
    desk.type_text(" customer:æ");
    desk.press("tab");
    assert_eq!(filter(&desk), "partner:nordwind is:missed customer:\"Ærø Færger\" ");
}

#[test]
fn filters_of_before_come_back_by_up_and_down_and_at_the_next_start() {
    let mut desk = Desk::partner(four());
    for text in ["sev:high", "file", "sev:high"] {
        desk.press("/");
        desk.type_text(text);
        desk.press("enter esc");
    }
    assert_eq!(desk.played.remembered["filters"], "file\nsev:high");
    let mut desk = desk.restarted(four());
    desk.press("/");
    desk.type_text("sl");
    desk.press("up");
    assert_eq!(filter(&desk), "sev:high");
    desk.press("up up");
    assert_eq!((filter(&desk), desk.ids()), ("file".to_owned(), vec!["C-77".to_owned()]));
    desk.press("down down");
    assert_eq!(filter(&desk), "sl");
}

#[test]
fn what_a_filter_shows_changes_as_time_passes_at_the_instant_that_was_named() {
    let mut desk = Desk::partner(four());
    desk.press("/");
    desk.type_text("is:missed");
    desk.press("enter");
    assert_eq!(desk.ids(), ["C-2"]);
    let due = four()[0].clocks[0].due_at.unwrap();
    desk.wait(due - desk.now);
    assert_eq!(desk.ids(), ["C-2"]);
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.ids(), ["C-1", "C-2"]);
}

#[test]
fn words_with_letters_left_out_are_found_and_stand_behind_those_as_they_are() {
    let subject = |id: &str, subject: &str, severity| {
        let mut case = case(id, severity, hours(1));
        case.subject = subject.into();
        case
    };
    let mut desk = Desk::partner(vec![
        subject("C-1", "Gateway up to date", Severity::Critical),
        subject("C-2", "gupd is not known", Severity::Low),
        subject("C-3", "Nothing of it", Severity::High),
    ]);
    desk.press("/");
    desk.type_text("gupd");
    assert_eq!(desk.ids(), ["C-2", "C-1"]);
}

#[test]
fn closed_cases_are_pointed_to_where_they_are() {
    let mut desk = Desk::partner(four());
    desk.press("/");
    desk.type_text("is:closed");
    desk.press("enter");
    assert_eq!(desk.toast(), "The list holds open cases; F finds closed ones, too.");
}

// ---- views ----

#[test]
fn every_view_tells_how_many_cases_it_holds_and_keeps_count() {
    let mut desk = Desk::partner(four());
    let counts = |desk: &Desk| {
        let views = desk.snap().queue.views;
        let tab =
            |tab: &crate::app::view::ViewTab| format!("{} {} {}", tab.key, tab.name, tab.count);
        views.iter().map(tab).collect::<Vec<_>>().join("  ")
    };
    assert_eq!(counts(&desk), "1 mine 3  2 all 4  3 today 2  4 waiting 1");
    desk.removed(&["C-2"]);
    desk.feed(vec![with(case("C-30", Severity::Medium, hours(3)), person("lito", "L. Ito"))]);
    assert_eq!(counts(&desk), "1 mine 1  2 all 3  3 today 1  4 waiting 0");
}

#[test]
fn what_is_shown_is_saved_as_a_view_on_a_key_and_is_there_at_the_next_start() {
    let mut desk = Desk::partner(four());
    desk.press("7");
    assert_eq!(desk.toast(), "No view is on 7; V saves what is shown as one.");
    desk.press("/");
    desk.type_text("sev>=high sort:-id");
    desk.press("enter V");
    assert_eq!(finder(&desk).fields[1].text, "6", "the first key that is free");
    desk.press("enter");
    assert_eq!(told(&desk), "A view needs a name.");
    desk.type_text("Hot");
    desk.press("tab backspace");
    desk.type_text("5");
    desk.press("enter");
    assert_eq!(told(&desk), "A key from 1 to 9; 5 is the page of the corrections.");
    desk.press("backspace");
    desk.type_text("7");
    desk.press("enter");
    assert!(!desk.has_overlay());
    assert_eq!(desk.toast(), "Saved on 7 as Hot, on this machine.");
    assert_eq!(
        (desk.snap().queue.name.as_str(), desk.ids()),
        ("Hot", vec!["C-2".into(), "C-1".into()])
    );
    let mut desk = desk.restarted(four());
    assert_eq!(desk.snap().queue.name, "Hot");
    desk.press("2");
    assert_eq!(desk.ids().len(), 4);
    desk.press("7");
    assert_eq!(desk.ids(), ["C-2", "C-1"]);
}

// ---- order, columns, rows ----

#[test]
fn the_list_is_sorted_by_what_is_chosen_and_turned_round_by_choosing_it_again() {
    let mut desk = Desk::partner(four());
    desk.press("2 S");
    assert_eq!(finder(&desk).at, Some(0));
    desk.press("j j j j enter");
    assert_eq!(desk.ids(), ["C-1", "C-2", "C-30", "C-77"]);
    assert_eq!(desk.snap().queue.sort, "id ▲");
    desk.press("S enter");
    assert_eq!(desk.ids(), ["C-77", "C-30", "C-2", "C-1"]);
    assert_eq!(desk.snap().queue.sort, "id ▼");
    // Another view has its own order.
    desk.press("1");
    assert_eq!(desk.snap().queue.sort, "next breach ▲");
    let mut desk = desk.restarted(four());
    desk.press("2");
    assert_eq!(desk.ids(), ["C-77", "C-30", "C-2", "C-1"]);
    // Cases that come are placed in it.
    desk.feed(vec![case("C-50", Severity::Low, hours(1))]);
    assert_eq!(desk.ids(), ["C-77", "C-50", "C-30", "C-2", "C-1"]);
}

#[test]
fn columns_are_chosen_and_put_in_order_and_are_the_same_at_the_next_start() {
    let mut desk = Desk::partner(four());
    let columns = |desk: &Desk| {
        let columns = desk.snap().queue.columns;
        columns.iter().map(|column| column.word()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns(&desk), "case desk severity subject with due");
    desk.press("K");
    desk.press("space");
    assert_eq!(columns(&desk), "case desk severity subject with due", "the id always stands");
    desk.press("j space j j j j j space left left enter");
    assert_eq!(columns(&desk), "case severity subject customer with due");
    assert_eq!(desk.row("C-30").extra[0].1.raw(), "Ærø Færger");
    let mut desk = desk.restarted(four());
    assert_eq!(columns(&desk), "case severity subject customer with due");
    desk.press("K u enter");
    assert_eq!(columns(&desk), "case desk severity subject with due");
}

#[test]
fn compact_rows_have_no_heads_and_so_one_more_fits() {
    let many = (1..=60).map(|n| case(&format!("C-{n}"), Severity::Low, TimeDelta::minutes(n)));
    let mut desk = Desk::partner(many.collect());
    let before = desk.rows().len();
    desk.press("=");
    assert_eq!(desk.rows().len(), before + 1);
    assert_eq!(desk.played.remembered["compact"], "yes");
    desk.press("=");
    assert_eq!(desk.rows().len(), before);
}

// ---- a case by its id ----

#[test]
fn the_cursor_goes_to_a_case_by_its_number_into_another_view_where_it_must() {
    let mut desk = Desk::partner(four());
    desk.press("#");
    desk.type_text("30");
    desk.press("enter");
    assert_eq!(
        (desk.selected().as_str(), desk.snap().queue.name.as_str()),
        ("C-30", "mine and unassigned")
    );
    desk.press("#");
    desk.type_text("c-77");
    desk.press("enter");
    assert_eq!((desk.selected().as_str(), desk.snap().queue.name.as_str()), ("C-77", "all open"));
    assert_eq!(desk.toast(), "C-77 is in \"all open\"");
}

#[test]
fn a_case_that_is_not_in_the_list_is_asked_for_and_none_is_said() {
    let mut desk = Desk::partner(four());
    desk.press("#");
    desk.type_text("a b");
    desk.press("enter");
    assert_eq!(told(&desk), "A case id has no spaces, such as C-10412.");
    desk.press("backspace backspace backspace");
    desk.type_text("900");
    let effects = desk.press("enter");
    assert!(
        effects.contains(&Effect::FetchCase { id: "C-900".into(), known: None }),
        "{effects:?}"
    );
    desk.tell(Msg::DetailFailed { id: "C-900".into(), why: "no".into(), gone: true });
    assert_eq!(desk.toast(), "C-900: there is no such case, or it is not yours to see.");
    assert_eq!(desk.selected(), "C-2");
}

#[test]
fn visited_cases_are_gone_back_and_forward_through() {
    let mut desk = Desk::partner(four());
    desk.press("ctrl-o");
    assert_eq!(desk.toast(), "No case was visited before.");
    desk.press("enter esc j enter esc j");
    assert_eq!(desk.selected(), "C-30");
    desk.press("ctrl-o");
    assert_eq!(desk.selected(), "C-1");
    desk.press("ctrl-o");
    assert_eq!(desk.selected(), "C-2");
    desk.press("ctrl-n");
    assert_eq!(desk.selected(), "C-1");
    desk.press("ctrl-n");
    assert_eq!(desk.toast(), "This is the newest visit.");
}

// ---- among all cases ----

#[test]
fn all_cases_are_searched_at_the_desk_page_by_page_and_a_closed_one_is_shown_and_reopened() {
    let old = closed(case("C-900", Severity::High, hours(300)));
    let mut desk = Desk::partner(four());
    desk.press("F");
    desk.type_text("fjord stopped");
    let effects = desk.press("enter");
    let [(id, words, after)] = asked(&effects).try_into().unwrap();
    assert_eq!((words.as_str(), after), ("fjord stopped", None));
    assert_eq!(told(&desk), "The desk is asked …");
    let found = |cases: Vec<Case>, more: Option<&str>| {
        Box::new(Ok(Answer::Found { cases, more: more.map(Into::into) }))
    };
    desk.tell(Msg::Answered { ask: id, answer: found(vec![old.clone()], Some("C-900")) });
    assert!(rows(&desk)[0].starts_with("C-900 High closed"), "{:?}", rows(&desk));
    assert_eq!(rows(&desk)[1], "more …");
    let effects = desk.press("down enter");
    let [(id, _, after)] = asked(&effects).try_into().unwrap();
    assert_eq!(after.as_deref(), Some("C-900"));
    desk.tell(Msg::Answered {
        ask: id,
        answer: found(vec![closed(case("C-800", Severity::Low, hours(400)))], None),
    });
    assert_eq!(rows(&desk).len(), 2);
    let effects = desk.press("up enter");
    assert!(!desk.has_overlay());
    assert!(
        effects.contains(&Effect::FetchCase { id: "C-900".into(), known: None }),
        "{effects:?}"
    );
    desk.tell(Msg::DetailCame(Box::new(whole(&old))));
    assert_eq!(desk.snap().detail.title.unwrap().id.as_str(), "C-900");
    desk.press("C");
    assert!(desk.form().title.contains("C-900"), "{}", desk.form().title);
}

#[test]
fn a_search_that_nobody_waits_for_any_more_is_taken_back_and_a_refusal_is_told() {
    let mut desk = Desk::partner(four());
    desk.press("F");
    desk.type_text("fjord");
    let effects = desk.press("enter");
    let id = asked(&effects)[0].0;
    assert!(desk.press("esc").contains(&Effect::CancelAsk(id)));
    desk.press("F");
    desk.type_text("fjord");
    let id = asked(&desk.press("enter"))[0].0;
    let because = crate::domain::ask::Because::NotReached;
    let why = Unanswered { because, why: "Not reached.".into(), in_doubt: false, fields: vec![] };
    desk.tell(Msg::Answered { ask: id, answer: Box::new(Err(why)) });
    assert_eq!(told(&desk), "Not reached.");
}

#[test]
fn letters_in_a_dialog_are_text_and_no_act() {
    let mut desk = Desk::partner(four());
    for key in ["V", "#", "F"] {
        desk.press(key);
        let effects = desk.type_text("etT");
        assert_eq!(acts(&effects).len(), 0);
        assert_eq!(finder(&desk).fields[0].text, "etT");
        desk.tell(Msg::Pasted("x\ny".into()));
        assert_eq!(finder(&desk).fields[0].text, "etTx y");
        desk.press("esc");
        assert!(!desk.has_overlay());
    }
}
