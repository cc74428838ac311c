//! The list: order, cursor, views, filter, what comes and goes.

use super::*;

/// Four cases, most urgent first: due in 1 h (response), then by resolution.
fn four() -> Vec<Case> {
    vec![
        unanswered("C-1", Severity::Critical, hours(1)),
        case("C-2", Severity::Critical, hours(2)),
        case("C-3", Severity::High, hours(2)),
        case("C-4", Severity::Low, hours(2)),
    ]
}

#[test]
fn the_next_breach_stands_on_top_and_the_cursor_on_it() {
    let mut cases = four();
    cases.reverse();
    let desk = Desk::partner(cases);
    assert_eq!(desk.ids(), ["C-1", "C-2", "C-3", "C-4"]);
    assert_eq!(desk.selected(), "C-1");
    let queue = desk.snap().queue;
    assert_eq!((queue.name.as_str(), queue.count), ("mine and unassigned", 4));
    assert_eq!(queue.sort, "next breach ▲");
}

#[test]
fn the_cursor_stays_on_its_case_when_others_come_and_change() {
    let mut desk = Desk::partner(four());
    desk.press("j j");
    assert_eq!(desk.selected(), "C-3");
    desk.feed(vec![unanswered("C-9", Severity::Critical, hours(1) + hours(1) / 2)]);
    assert_eq!(desk.ids(), ["C-9", "C-1", "C-2", "C-3", "C-4"]);
    assert_eq!(desk.selected(), "C-3");
    // Its own severity puts it elsewhere; the cursor goes along.
    desk.feed(vec![newer(case("C-3", Severity::Low, hours(90)))]);
    assert_eq!(desk.selected(), "C-3");
}

#[test]
fn when_the_case_under_the_cursor_goes_the_next_below_is_taken_and_it_is_said() {
    let mut desk = Desk::partner(four());
    desk.press("j");
    desk.removed(&["C-2"]);
    assert_eq!(desk.selected(), "C-3");
    assert_eq!(desk.toast(), "C-2 left the list: closed, or no longer yours to see");
    desk.feed(vec![closed(case("C-3", Severity::High, hours(2)))]);
    assert_eq!(desk.selected(), "C-4");
    assert_eq!(desk.toast(), "C-3 left the list: it was closed");
    desk.feed(vec![with(case("C-4", Severity::Low, hours(2)), person("lito", "L. Ito"))]);
    assert_eq!(desk.selected(), "C-1");
    assert_eq!(desk.toast(), "C-4 left this view: 1st level, with L. Ito");
    desk.removed(&["C-1"]);
    assert_eq!(desk.selected(), "");
}

#[test]
fn a_case_that_goes_elsewhere_in_the_list_is_not_announced() {
    let mut desk = Desk::partner(four());
    desk.removed(&["C-4"]);
    assert_eq!((desk.toast().as_str(), desk.selected().as_str()), ("", "C-1"));
}

#[test]
fn an_older_page_changes_nothing() {
    let mut desk = Desk::partner(four());
    let mut new = newer(case("C-2", Severity::Critical, hours(2)));
    new.subject = "The new subject".into();
    desk.feed(vec![new]);
    desk.feed(vec![case("C-2", Severity::Critical, hours(2))]);
    assert_eq!(desk.row("C-2").subject.raw(), "The new subject");
}

#[test]
fn an_older_page_does_not_bring_a_closed_case_back_but_a_reopening_does() {
    let mut desk = Desk::partner(four());
    let gone = closed(case("C-2", Severity::Critical, hours(2)));
    desk.feed(vec![gone.clone()]);
    desk.feed(vec![case("C-2", Severity::Critical, hours(2))]);
    assert_eq!(desk.ids(), ["C-1", "C-3", "C-4"]);
    let mut reopened = newer(gone);
    reopened.state = CaseState::Open;
    desk.feed(vec![reopened]);
    assert_eq!(desk.ids(), ["C-1", "C-2", "C-3", "C-4"]);
}

#[test]
fn a_case_that_was_removed_and_is_given_again_comes_back() {
    let mut desk = Desk::partner(four());
    desk.removed(&["C-2"]);
    desk.feed(vec![case("C-2", Severity::Critical, hours(2))]);
    assert_eq!(desk.ids(), ["C-1", "C-2", "C-3", "C-4"]);
}

#[test]
fn after_a_feed_that_started_over_what_it_did_not_name_has_gone() {
    let mut desk = Desk::partner(four());
    desk.press("j j");
    desk.page(four()[..1].to_vec(), true, true);
    assert_eq!(desk.ids().len(), 4, "nothing goes before the last page");
    desk.page(four()[2..3].to_vec(), false, false);
    assert_eq!(desk.ids(), ["C-1", "C-3"]);
    assert_eq!(desk.selected(), "C-3");
}

#[test]
fn while_the_first_load_runs_the_cursor_stays_on_top_until_somebody_uses_it() {
    let mut desk = Desk::dark((120, 40));
    desk.sign_in(Role::Partner);
    desk.page(four()[2..].to_vec(), true, true);
    assert_eq!(desk.selected(), "C-3");
    desk.page(four()[1..2].to_vec(), false, true);
    assert_eq!(desk.selected(), "C-2");
    desk.press("j");
    desk.page(four()[..1].to_vec(), false, false);
    assert_eq!(desk.selected(), "C-3");
}

#[test]
fn a_due_instant_that_passes_puts_its_case_on_top() {
    let soon = unanswered("C-7", Severity::High, hours(4) - TimeDelta::minutes(1));
    let late = unanswered("C-8", Severity::Critical, hours(2) - TimeDelta::minutes(5));
    let mut desk = Desk::partner(vec![soon, late, case("C-2", Severity::Low, hours(1))]);
    assert_eq!(desk.ids(), ["C-7", "C-8", "C-2"]);
    assert_eq!(desk.late(), (0, 2));
    desk.wait(TimeDelta::seconds(60));
    assert_eq!(desk.late().0, 0, "at its due instant a clock is not missed");
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.late(), (1, 1));
    desk.wait(TimeDelta::minutes(4));
    // Both are missed: the worse severity is first.
    assert_eq!(desk.ids(), ["C-8", "C-7", "C-2"]);
    assert_eq!(desk.late(), (2, 0));
    assert_eq!(desk.selected(), "C-7");
}

#[test]
fn the_views_hold_what_they_say() {
    let mine = with(case("C-1", Severity::Low, hours(1)), person("rhald", "R. Hald"));
    let theirs = with(case("C-2", Severity::Low, hours(1)), person("lito", "L. Ito"));
    let second = at_second(case("C-3", Severity::Low, hours(1)));
    let mut waiting = with(case("C-4", Severity::Low, hours(1)), person("lito", "L. Ito"));
    waiting.state = CaseState::Waiting;
    let today = with(unanswered("C-5", Severity::High, hours(1)), person("lito", "L. Ito"));
    let nobodys = case("C-6", Severity::Low, hours(1));
    let mut desk = Desk::partner(vec![mine, theirs, second, waiting, today, nobodys]);
    let ids = |desk: &Desk| {
        let mut ids = desk.ids();
        ids.sort();
        ids.join(" ")
    };
    assert_eq!(ids(&desk), "C-1 C-6");
    desk.press("2");
    assert_eq!(ids(&desk), "C-1 C-2 C-3 C-4 C-5 C-6");
    desk.press("3");
    assert_eq!(ids(&desk), "C-5");
    assert_eq!(desk.snap().queue.name, "due today");
    desk.press("4");
    assert_eq!(ids(&desk), "C-4");
    desk.press("1");
    assert_eq!(ids(&desk), "C-1 C-6");
}

#[test]
fn what_is_due_today_is_asked_anew_when_the_day_ends_where_the_clock_runs() {
    // Due tomorrow at 10:00 in Hamburg.
    let tomorrow = unanswered("C-1", Severity::Low, TimeDelta::zero());
    let mut desk = Desk::partner(vec![tomorrow]);
    desk.press("3");
    assert_eq!(desk.ids(), [""; 0]);
    desk.wait(at("2026-11-24T22:59:59Z") - desk.now);
    assert_eq!(desk.ids(), [""; 0]);
    desk.wait(TimeDelta::seconds(1));
    assert_eq!(desk.ids(), ["C-1"], "midnight in Hamburg");
}

#[test]
fn an_engineer_begins_with_what_nobody_has_at_2nd_level_and_the_one_on_call_with_all() {
    let cases = || {
        vec![case("C-1", Severity::Low, hours(1)), at_second(case("C-2", Severity::Low, hours(1)))]
    };
    assert_eq!(Desk::of(Role::Engineer, cases()).ids(), ["C-2"]);
    let on_call = Desk::of(Role::Oncall, cases());
    assert_eq!(on_call.snap().queue.name, "all open");
    assert_eq!(on_call.ids().len(), 2);
}

#[test]
fn the_filter_finds_every_word_somewhere_in_every_open_case_as_it_is_typed() {
    let mut other = with(case("C-77", Severity::Low, hours(1)), person("lito", "L. Ito"));
    other.subject = "Slow File transfer".into();
    let mut desk = Desk::partner(vec![case("C-1", Severity::Low, hours(1)), other]);
    assert_eq!(desk.ids(), ["C-1"], "somebody else has C-77");
    desk.press("/");
    assert_eq!(desk.snap().queue.filter.unwrap().cursor, Some(0));
    desk.type_text("ITO file");
    assert_eq!(desk.ids(), ["C-77"]);
    assert_eq!(desk.snap().queue.name, "all open");
    desk.type_text("x");
    assert_eq!(desk.snap().queue.notice.unwrap().title, "No open case matches");
    desk.press("backspace enter");
    let filter = desk.snap().queue.filter.unwrap();
    assert_eq!((filter.text.as_str(), filter.cursor), ("ITO file", None));
    assert_eq!(desk.selected(), "C-77");
    desk.press("esc");
    assert_eq!(desk.snap().queue.filter, None);
    assert_eq!(desk.ids(), ["C-1"]);
    desk.press("/");
    desk.type_text("c-7");
    desk.press("esc");
    assert_eq!((desk.snap().queue.filter, desk.ids()), (None, vec!["C-1".to_owned()]));
}

#[test]
fn the_filter_shows_the_same_whether_letters_are_added_or_taken_away() {
    let subjects = ["alpha beta", "beta gamma", "gamma alpha"];
    let cases: Vec<Case> = (1..=40usize)
        .map(|n| {
            let mut case = case(&format!("C-{n}"), Severity::Low, hours(1));
            case.subject = subjects[n % 3].into();
            case
        })
        .collect();
    let mut desk = Desk::partner(cases);
    desk.press("/");
    for text in ["a", "alpha", "alpha b", "alpha beta", " beta", "gamma  al"] {
        desk.press("ctrl-k ctrl-j");
        desk.type_text(text);
        let typed = desk.snap().queue.count;
        let words: Vec<&str> = text.split_whitespace().collect();
        let expected = (1..=40usize)
            .filter(|n| {
                let text =
                    format!("c-{n} {} fjord logistics ida holm nordwind support", subjects[n % 3]);
                words.iter().all(|w| text.contains(w))
            })
            .count();
        assert_eq!(typed, expected, "{text:?}");
    }
}

fn many(count: i64) -> Vec<Case> {
    (1..=count).map(|n| case(&format!("C-{n}"), Severity::Low, TimeDelta::minutes(n))).collect()
}

#[test]
fn only_the_rows_on_the_screen_are_made_and_the_cursor_keeps_company_around_it() {
    let mut desk = Desk::partner(many(500));
    let rows = desk.rows().len();
    assert!((20..40).contains(&rows), "{rows}");
    assert_eq!(desk.snap().queue.count, 500);
    desk.press("G");
    assert_eq!(desk.selected(), desk.ids()[rows - 1]);
    desk.press("g");
    assert_eq!((desk.snap().queue.first, desk.selected()), (0, desk.ids()[0].clone()));
    for _ in 0..rows {
        desk.press("j");
    }
    let position = desk.rows().iter().position(|r| r.selected).unwrap();
    assert_eq!(position, rows - 3, "two rows stay below");
    desk.press("pagedown");
    assert!(desk.snap().queue.first > 0);
    desk.press("ctrl-u k");
    assert!(desk.rows().iter().any(|r| r.selected));
}

#[test]
fn what_comes_above_leaves_the_cursor_where_it_is_on_the_screen() {
    let mut desk = Desk::partner(many(200));
    desk.press("pagedown pagedown pagedown");
    let place = |desk: &Desk| desk.rows().iter().position(|r| r.selected).unwrap();
    let (before, id) = (place(&desk), desk.selected());
    desk.feed(vec![
        case("C-900", Severity::Critical, hours(1)),
        case("C-901", Severity::Critical, hours(1)),
    ]);
    assert_eq!((place(&desk), desk.selected()), (before, id));
}

#[test]
fn a_click_selects_and_the_wheel_takes_the_cursor_along_only_at_the_edge() {
    let mut desk = Desk::partner(many(200));
    let areas = desk.snap().areas;
    let rows = crate::app::layout::queue_rows(areas.queue, false);
    desk.tell(Msg::Clicked { column: rows.x + 3, row: rows.y + 10 });
    assert_eq!(desk.selected(), desk.ids()[10]);
    let id = desk.selected();
    desk.tell(Msg::Scrolled { up: false, column: rows.x, row: rows.y });
    assert_eq!((desk.snap().queue.first, desk.selected()), (3, id.clone()));
    for _ in 0..5 {
        desk.tell(Msg::Scrolled { up: false, column: rows.x, row: rows.y });
    }
    assert_eq!(desk.snap().queue.first, 18);
    assert_eq!(desk.selected(), desk.ids()[2], "it stays on the screen, with its context");
    desk.tell(Msg::Clicked { column: rows.x, row: rows.bottom() + 1 });
    assert_eq!(desk.selected(), desk.ids()[2], "outside the rows nothing is chosen");
}

#[test]
fn rows_that_others_changed_are_marked_until_the_cursor_has_been_there() {
    let mut desk = Desk::partner(four());
    assert!(desk.rows().iter().all(|row| !row.fresh), "the first load is no news");
    desk.feed(vec![newer(case("C-2", Severity::Critical, hours(2)))]);
    assert!(desk.row("C-2").fresh);
    desk.press("j j");
    assert!(!desk.row("C-2").fresh);
}

#[test]
fn an_empty_view_says_where_the_cases_are() {
    let theirs = with(case("C-2", Severity::Low, hours(1)), person("lito", "L. Ito"));
    let mut desk = Desk::partner(vec![theirs]);
    let notice = desk.snap().queue.notice.unwrap();
    assert_eq!(notice.title, "Nothing in \"mine and unassigned\"");
    assert_eq!(notice.lines, ["1 open case is in other views.", "2 shows all open cases."]);
    desk.removed(&["C-2"]);
    let notice = desk.snap().queue.notice.unwrap();
    assert_eq!(notice.lines, ["There is no open case at all. New ones appear by themselves."]);
}

#[test]
fn the_order_is_kept_over_a_hundred_thousand_cases_and_stays_right_as_they_change() {
    let mut desk = Desk::partner(vec![]);
    let one = case("C-1", Severity::Low, hours(1));
    let cases: Vec<Case> = (0..100_000i64)
        .map(|n| {
            let mut case = one.clone();
            case.id = format!("C-{n}").as_str().into();
            let due = at(NOW) + TimeDelta::seconds((n * 7919) % 1_000_003 + 10);
            case.clocks[1].due_at = Some(due);
            case
        })
        .collect();
    for page in cases.chunks(200) {
        desk.feed(page.to_vec());
    }
    assert_eq!(desk.snap().queue.count, 100_000);
    let mut moved = newer(cases[50].clone());
    moved.clocks[1].due_at = Some(at(NOW) + TimeDelta::seconds(1));
    desk.feed(vec![moved]);
    desk.press("g");
    assert_eq!(desk.selected(), "C-50");
    desk.wait(TimeDelta::seconds(2));
    assert_eq!(desk.late().0, 1);
}

#[test]
fn what_arrives_while_a_form_is_open_waits_and_is_counted_and_what_is_known_goes_on() {
    let mut desk = Desk::partner(vec![case("C-1", Severity::High, hours(2))]);
    desk.press("n");
    let urgent = unanswered("C-2", Severity::Critical, hours(1));
    let other = with(case("C-3", Severity::Low, hours(1)), person("lito", "L. Ito"));
    desk.feed(vec![urgent.clone(), other, newer(case("C-1", Severity::Low, hours(2)))]);
    assert_eq!((desk.ids(), desk.snap().queue.arrived), (vec!["C-1".to_owned()], 1));
    assert_eq!(desk.row("C-1").severity, Severity::Low);
    desk.feed(vec![newer(urgent), case("C-4", Severity::Low, hours(1))]);
    assert_eq!(desk.snap().queue.arrived, 2);
    desk.removed(&["C-4"]);
    assert_eq!(desk.snap().queue.arrived, 1);
    desk.press("esc");
    assert_eq!((desk.ids(), desk.selected()), (vec!["C-2".into(), "C-1".into()], "C-1".into()));
    assert_eq!((desk.row("C-2").fresh, desk.snap().queue.arrived), (true, 0));
}

#[test]
fn a_feed_that_starts_over_under_an_open_form_keeps_nothing_back() {
    let mut desk = Desk::partner(vec![case("C-1", Severity::High, hours(2))]);
    desk.press("n");
    desk.feed(vec![case("C-2", Severity::High, hours(1))]);
    desk.page(vec![case("C-2", Severity::High, hours(1))], true, true);
    desk.feed(vec![case("C-3", Severity::High, hours(1))]);
    assert_eq!((desk.snap().queue.arrived, desk.ids().len()), (0, 2));
}
