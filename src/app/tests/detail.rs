//! The detail: its tabs, the search in it, other cases of the customer, the correction, links.

use super::super::layout::inside;
use super::super::view::{Overlay, Pane};
use super::*;
use crate::domain::ask::{Answer, Ask, Because, Unanswered};
use crate::domain::{
    Attachment, Cause, Correction, CorrectionDetail, CorrectionStatus, PauseReason, ReleasePlan,
    Resolution, ResolutionKind,
};
use crate::sla::policy::Policy;

fn first() -> Case {
    case("C-1", Severity::High, hours(1))
}

fn second() -> Case {
    case("C-2", Severity::Low, hours(2))
}

/// Two cases, of which the first is known whole; the keys are in the detail.
fn desk() -> Desk {
    let mut desk = Desk::partner(vec![first(), second()]);
    desk.detail(&first());
    desk.press("enter");
    desk
}

/// Turns to the tab that begins with that word.
fn turn(desk: &mut Desk, word: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for _ in 0..6 {
        if desk.tabs().contains(&format!("[{word}")) {
            return effects;
        }
        effects.extend(desk.press("]"));
    }
    panic!("there is no tab {word}: {}", desk.tabs());
}

/// What was asked of the desk, with the ticket to answer it.
fn asked(effects: &[Effect]) -> Vec<(crate::app::AskId, Ask)> {
    let asks = effects.iter().filter_map(|effect| match effect {
        Effect::Ask { id, ask } => Some((*id, (**ask).clone())),
        _ => None,
    });
    asks.collect()
}

fn search_words(effects: &[Effect]) -> Vec<String> {
    let words = |(_, ask)| match ask {
        Ask::Search { words, .. } => words,
        other => panic!("not a search: {other:?}"),
    };
    asked(effects).into_iter().map(words).collect()
}

fn found(desk: &mut Desk, ask: crate::app::AskId, cases: Vec<Case>) -> Vec<Effect> {
    let answer = Box::new(Ok(Answer::Found { cases, more: None }));
    desk.tell(Msg::Answered { ask, answer })
}

fn not_found(desk: &mut Desk, ask: crate::app::AskId, why: &str) {
    let because = Because::NotReached;
    let failure = Unanswered { because, why: why.into(), in_doubt: false, fields: vec![] };
    desk.tell(Msg::Answered { ask, answer: Box::new(Err(failure)) });
}

#[test]
fn the_tabs_say_how_much_is_in_them_and_brackets_show_which_one_it_is() {
    let mut desk = desk();
    desk.tell(Msg::Resized { columns: 80, rows: 24 });
    assert_eq!(desk.tabs(), "[timeline 2] description  clocks 2  files 0  earlier  correction");
    desk.press("]");
    assert_eq!(desk.tabs(), " timeline 2 [description] clocks 2  files 0  earlier  correction");
    desk.press("[ [");
    assert!(desk.tabs().ends_with("[correction]"), "{}", desk.tabs());
    assert!(desk.detail_text().ends_with("No correction is linked to this case."));
    desk.press("right");
    assert!(desk.tabs().starts_with("[timeline"), "{}", desk.tabs());
    desk.tell(Msg::Resized { columns: 120, rows: 40 });
    assert_eq!(desk.tabs(), "[time 2] text  clocks 2  files 0  past  corr");
    desk.tell(Msg::Resized { columns: 30, rows: 16 });
    assert_eq!(desk.tabs(), "[timeline 2] 1 of 6");
}

#[test]
fn the_chosen_tab_stays_from_case_to_case_and_each_begins_at_its_start() {
    let mut long = told(&first());
    long.description = "one line after the other\n".repeat(60).into();
    let mut desk = Desk::partner(vec![first(), second()]);
    desk.tell(Msg::DetailCame(Box::new(long)));
    desk.press("]");
    assert!(desk.tabs().contains("[text]"), "from the queue, too: {}", desk.tabs());
    desk.press("enter ctrl-f");
    let there = desk.snap().detail.scroll;
    assert!(there > 0);
    desk.press("] [");
    assert_eq!(desk.snap().detail.scroll, there, "each tab keeps its place");
    desk.press("esc j");
    assert!(desk.tabs().contains("[text]"), "{}", desk.tabs());
    desk.press("k");
    assert_eq!(desk.snap().detail.scroll, 0);
}

#[test]
fn a_timeline_is_read_from_its_newest_entry_on() {
    let mut many = told(&first());
    let entry = many.timeline[0].clone();
    many.timeline = (1..=40)
        .map(|seq| TimelineEntry { seq, text: format!("entry {seq}").into(), ..entry.clone() })
        .collect();
    let mut desk = Desk::partner(vec![first()]);
    desk.tell(Msg::Resized { columns: 80, rows: 24 });
    desk.tell(Msg::DetailCame(Box::new(many)));
    let shown = desk.detail_rows();
    assert!(shown.last().unwrap().ends_with("entry 40"), "{shown:?}");
    desk.press("enter g");
    assert!(desk.detail_rows()[0].starts_with("times in CET"), "{:?}", desk.detail_rows());
}

#[test]
fn with_few_rows_the_head_keeps_what_matters_and_with_many_it_tells_all() {
    let mut owed = first();
    owed.phone_follow_up = Some(crate::domain::PhoneFollowUp::Due);
    owed.eligibility = Eligibility::UnknownKey;
    let mut desk = Desk::partner(vec![owed]);
    let head = |desk: &Desk| -> Vec<String> {
        let line = |line: &super::super::view::Line| line.iter().map(|s| s.text.as_str()).collect();
        desk.snap().detail.head.iter().map(line).collect()
    };
    desk.tell(Msg::Resized { columns: 80, rows: 24 });
    let few =
        ["Subject of C-1", "Fjord Logistics · licence ? unknown key · production · no workaround"];
    assert_eq!(head(&desk), few);
    desk.press("enter z");
    let all = head(&desk).join("\n");
    for part in ["Ida Holm", "licence ? unknown key", "phone call due", "with nobody", "open"] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[test]
fn the_clock_of_1st_level_stays_as_it_ended_when_the_case_is_at_2nd_level() {
    let case = at_second(case("C-1", Severity::High, hours(3)));
    let mut desk = Desk::of(Role::Engineer, vec![case.clone()]);
    desk.tell(Msg::Resized { columns: 120, rows: 24 });
    desk.detail(&case);
    desk.press("enter z");
    turn(&mut desk, "clocks 3");
    let text = desk.detail_text();
    for part in [
        "R  response, 1st level  met",
        "S1 resolution, 1st level  met",
        "ended Tue 24 Nov 10:00 CET, met",
        "the case was escalated",
        "S2 resolution, 2nd level",
        "target 30bd as High",
        "w tells how a clock came about.",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn a_pause_is_told_from_when_until_when_and_why() {
    let mut whole = told(&first());
    let ledger = whole.ledger.as_mut().unwrap();
    ledger.clocks[1].pauses.push(crate::domain::ClockPause {
        from: at("2026-11-24T08:10:00Z"),
        to: Some(at("2026-11-24T08:40:00Z")),
        reason: PauseReason::Waiting,
    });
    let mut desk = Desk::partner(vec![first()]);
    desk.tell(Msg::Resized { columns: 100, rows: 30 });
    desk.tell(Msg::DetailCame(Box::new(whole)));
    desk.press("enter z");
    turn(&mut desk, "clocks");
    let text = desk.detail_text();
    let held = "held Tue 24 Nov 09:10 CET – Tue 24 Nov 09:40 CET: waiting for the customer";
    assert!(text.contains(held), "{text}");
}

#[test]
fn the_clocks_tab_reads_on_with_the_time() {
    let mut desk = desk();
    desk.tell(Msg::Resized { columns: 100, rows: 30 });
    desk.press("z");
    turn(&mut desk, "clocks");
    let before = desk.detail_text();
    desk.wait(hours(2));
    assert_ne!(desk.detail_text(), before);
}

#[test]
fn files_are_listed_with_all_that_names_them() {
    let mut whole = told(&first());
    whole.attachments = vec![Attachment {
        id: "1".into(),
        name: "host\u{202e}gol.zip".into(),
        size: 1_250_000,
        media_type: "application/zip".into(),
        at: at("2026-11-24T08:10:00Z"),
        by: "Ida Holm".into(),
        visibility: Visibility::Customer,
        sha256: String::new(),
    }];
    let mut desk = Desk::partner(vec![first()]);
    desk.tell(Msg::DetailCame(Box::new(whole)));
    desk.press("enter z");
    turn(&mut desk, "files 1");
    let text = desk.detail_text();
    let file = "host\u{fffd}gol.zip · 1.2 MB · [customer] · application/zip · \
                Tue 24 Nov 09:10 by Ida Holm · no. 1";
    assert!(text.contains(file), "{text}");
    let asks = asked(&desk.press("enter"));
    assert!(matches!(&asks[..], [(_, Ask::Download { .. })]), "{asks:?}");
}

#[test]
fn other_cases_are_asked_for_once_when_their_tab_is_shown_and_the_cursor_rests() {
    let mut desk = desk();
    assert_eq!(search_words(&turn(&mut desk, "past")), Vec::<String>::new());
    let effects = desk.wait(TimeDelta::seconds(1));
    assert_eq!(search_words(&effects), ["Fjord Logistics", "Subject"]);
    let text = desk.detail_text().replace('\n', " ");
    assert!(text.contains("Other cases of Fjord Logistics: the desk is asked."), "{text}");
    let tickets = asked(&effects);

    let mut old = closed(case("C-7", Severity::Medium, hours(500)));
    old.subject = "Host stops".into();
    let mut else_where = closed(case("C-8", Severity::Low, hours(600)));
    else_where.customer.company = "Kystbanken".into();
    let effects = found(&mut desk, tickets[0].0, vec![first(), old.clone(), else_where.clone()]);
    assert!(effects.contains(&Effect::Prefetch(vec!["C-7".into()])), "{effects:?}");
    found(&mut desk, tickets[1].0, vec![old.clone(), else_where]);
    assert!(desk.tabs().contains("[past 2]"), "{}", desk.tabs());
    let text = desk.detail_text();
    assert!(text.contains("Other cases of Fjord Logistics\n  C-7  Medium"), "{text}");
    assert!(text.contains("Similar cases: Subject\n  C-8  Low"), "{text}");

    let mut whole = whole(&old);
    whole.resolution = Some(Resolution {
        kind: ResolutionKind::GuidanceGiven,
        text: "Like this.".into(),
        cause: Some(Cause::Setting),
        duplicate_of: None,
        at: at("2026-11-10T09:00:00Z"),
        by: person("lito", "L. Ito"),
    });
    desk.tell(Msg::DetailCame(Box::new(whole)));
    assert!(desk.detail_text().contains("guidance given, 10 Nov"), "{}", desk.detail_text());

    desk.press("esc j k enter");
    assert_eq!(search_words(&desk.wait(hours(1))), Vec::<String>::new(), "it is known");
}

#[test]
fn enter_opens_another_case_and_escape_comes_back_to_where_it_was_chosen() {
    let mut desk = desk();
    turn(&mut desk, "past");
    let tickets = asked(&desk.wait(TimeDelta::seconds(1)));
    let old = |id: &str| closed(case(id, Severity::Medium, hours(500)));
    found(&mut desk, tickets[0].0, vec![old("C-6"), old("C-7")]);
    desk.press("j enter");
    desk.tell(Msg::DetailCame(Box::new(whole(&old("C-7")))));
    assert_eq!(desk.snap().detail.title.unwrap().id.as_str(), "C-7");
    assert!(desk.tabs().starts_with("[time"), "{}", desk.tabs());
    desk.press("esc");
    assert_eq!(desk.snap().detail.title.unwrap().id.as_str(), "C-1");
    assert!(desk.tabs().contains("[past"), "{}", desk.tabs());
    let chosen: Vec<String> =
        desk.detail_rows().into_iter().filter(|row| row.starts_with('▌')).collect();
    assert_eq!(chosen.len(), 1);
    assert!(chosen[0].starts_with("▌ C-7"), "{chosen:?}");
}

#[test]
fn that_there_are_no_other_cases_and_that_they_cannot_be_asked_for_are_two_things() {
    let mut desk = desk();
    turn(&mut desk, "past");
    let tickets = asked(&desk.wait(TimeDelta::seconds(1)));
    found(&mut desk, tickets[0].0, vec![first()]);
    not_found(&mut desk, tickets[1].0, "There is no line.");
    let text = desk.detail_text().replace('\n', " ");
    assert!(text.contains("No other case of Fjord Logistics is known."), "{text}");
    let failed = "Similar cases: Subject could not be asked for: There is no line. R tries again.";
    assert!(text.contains(failed), "{text}");
    desk.press("R");
    assert_eq!(search_words(&desk.wait(TimeDelta::seconds(1))).len(), 2);
}

#[test]
fn a_correction_is_told_whole() {
    let mut linked = first();
    linked.correction = Some("K-17".into());
    let mut desk = Desk::of(Role::Engineer, vec![at_second(linked)]);
    desk.press("enter");
    turn(&mut desk, "corr");
    let tickets = asked(&desk.wait(TimeDelta::seconds(1)));
    assert_eq!(tickets[0].1, Ask::Correction("K-17".into()));
    let correction = CorrectionDetail {
        correction: Correction {
            id: "K-17".into(),
            title: "Session recording is empty".into(),
            release_plan: Some(ReleasePlan::HotFix),
            status: CorrectionStatus::InWork,
            cases: 3,
            note: Some("Due in June.".into()),
            updated_at: at("2026-11-20T09:00:00Z"),
            revision: 2,
        },
        linked: vec![],
        history: vec![],
    };
    let answer = Box::new(Ok(Answer::Correction(Box::new(correction))));
    desk.tell(Msg::Answered { ask: tickets[0].0, answer });
    let text = desk.detail_text();
    for part in ["Session recording is empty", "K-17", "hot fix", "3 cases linked", "Due in June."]
    {
        assert!(text.contains(part), "{part:?} in {text}");
    }
}

#[test]
fn letters_of_a_search_are_written_and_every_place_is_marked() {
    let mut desk = desk();
    desk.press("/");
    let effects = desk.type_text("a");
    assert_eq!(acts(&effects), []);
    let view = desk.snap().detail;
    let count = view.search.as_ref().map(|search| search.found.clone()).unwrap();
    assert!(count.starts_with("1 of "), "{count}");
    desk.type_text("gain");
    let view = desk.snap().detail;
    assert_eq!(view.search.as_ref().unwrap().found, "1 of 1");
    assert_eq!(view.marks.len(), 1);
    let row: String = view.lines[view.marks[0].row].iter().map(|s| s.text.as_str()).collect();
    let marked: String = row.chars().skip(view.marks[0].column).take(view.marks[0].width).collect();
    assert_eq!(marked, "again");
    desk.type_text("q");
    assert_eq!(desk.snap().detail.search.unwrap().found, "not found");
    desk.tell(Msg::Pasted("\nt e".into()));
    assert_eq!(desk.snap().detail.search.unwrap().line.text, "againqt e");
    desk.press("esc");
    assert_eq!(desk.snap().detail.search, None);
    assert_eq!(desk.snap().focus, Pane::Detail);
}

#[test]
fn enter_goes_from_place_to_place_and_round() {
    let mut long = told(&first());
    long.description =
        (1..=60).map(|n| format!("line {n} of it")).collect::<Vec<_>>().join("\n").into();
    let mut desk = Desk::partner(vec![first()]);
    desk.tell(Msg::DetailCame(Box::new(long)));
    desk.press("enter ] /");
    desk.type_text("LINE 3");
    let found = |desk: &Desk| desk.snap().detail.search.unwrap().found;
    let here = |desk: &Desk| {
        let view = desk.snap().detail;
        let mark = *view.marks.iter().find(|mark| mark.here).unwrap();
        let row = &view.lines[mark.row];
        row.iter().map(|s| s.text.as_str()).collect::<String>()
    };
    assert_eq!((found(&desk), here(&desk)), ("1 of 11".into(), "« line 3 of it".into()));
    desk.press("enter down");
    assert_eq!((found(&desk), here(&desk)), ("3 of 11".into(), "« line 31 of it".into()));
    desk.press("up up up");
    assert_eq!((found(&desk), here(&desk)), ("11 of 11".into(), "« line 39 of it".into()));
}

#[test]
fn the_slash_still_filters_the_list_where_the_list_has_the_keys() {
    let mut desk = desk();
    desk.press("esc /");
    desk.type_text("xyz");
    assert_eq!(desk.snap().detail.search, None);
    assert_eq!(desk.snap().queue.filter.unwrap().text, "xyz");
}

fn linked() -> Desk {
    let mut whole = told(&first());
    whole.description = "See https://fj\u{43e}rd.example/a, or file:///etc/passwd".into();
    whole.timeline[0].text = "https://wiki.example/cache".into();
    let mut desk = Desk::partner(vec![first()]);
    desk.tell(Msg::DetailCame(Box::new(whole)));
    desk
}

#[test]
fn links_are_listed_as_they_would_be_opened_and_opened_after_a_question_alone() {
    let mut desk = linked();
    desk.press("l");
    let Some(Overlay::Links(view)) = desk.snap().overlay else { panic!("no list") };
    let urls: Vec<&str> = view.rows.iter().map(|row| row.url.raw()).collect();
    assert_eq!(urls, ["https://xn--fjrd-65d.example/a", "https://wiki.example/cache"]);
    assert_eq!(view.rows[1].from, "L. Ito, internal");

    let effects = desk.press("enter");
    assert_eq!(effects, []);
    let Some(Overlay::Confirm(question)) = desk.snap().overlay else { panic!("no question") };
    assert_eq!(question.lines[0], "https://xn--fjrd-65d.example/a");
    assert_eq!(question.lines[1], "It leads to xn--fjrd-65d.example.");
    assert_eq!(desk.press("n"), []);
    let effects = desk.press("j enter y");
    let url = "https://wiki.example/cache".to_owned();
    assert_eq!(effects, [Effect::Open { url }]);
    assert!(!desk.has_overlay());
}

#[test]
fn a_case_without_links_says_so() {
    let mut desk = desk();
    desk.press("l");
    assert_eq!(desk.toast(), "C-1: no text of this case has a link.");
    assert!(!desk.has_overlay());
}

#[test]
fn no_line_of_any_tab_is_wider_than_the_pane() {
    let mut whole = told(&first());
    whole.case.subject =
        "日本語の長い件名 \u{202e}\u{1b}[31m e\u{301}\u{301} שלום".repeat(9).into();
    whole.description = "wörd\u{200b} 日本 ".repeat(300).into();
    let policy = Policy::embedded();
    assert!(!policy.calendar_id(Tier::First, &first().partner.id).is_empty());
    for (columns, rows) in [(20, 5), (40, 12), (60, 15), (80, 24), (99, 30), (120, 40), (300, 100)]
    {
        let mut case = whole.case.clone();
        case.revision += 1;
        whole.case = case.clone();
        let mut desk = Desk::partner(vec![case]);
        desk.tell(Msg::Resized { columns, rows });
        desk.tell(Msg::DetailCame(Box::new(whole.clone())));
        desk.press("enter");
        for _ in 0..6 {
            desk.wait(TimeDelta::seconds(1));
            let view = desk.snap().detail;
            let room = usize::from(inside(desk.snap().areas.detail).width.saturating_sub(2));
            for line in view.head.iter().chain([&view.tabs]).chain(&view.lines) {
                let wide: usize = line.iter().map(|s| crate::domain::text::columns(&s.text)).sum();
                assert!(wide <= room, "{columns}x{rows}: {line:?}");
            }
            desk.press("]");
        }
    }
}
