//! Next-case mode.

use super::*;
use crate::app::AskId;
use crate::app::view::Pane;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::{CaseId, Revision};

fn three() -> Vec<Case> {
    vec![
        case("C-1", Severity::Critical, hours(3)),
        case("C-2", Severity::High, hours(2)),
        case("C-3", Severity::Low, hours(1)),
    ]
}

fn mine(case: Case) -> Case {
    with(case, person("rhald", "R. Hald"))
}

/// What the mode asks for: of which case, at which revision.
fn asked(effects: &[Effect]) -> Option<(AskId, CaseId, Revision)> {
    effects.iter().find_map(|effect| match effect {
        Effect::Ask { id, ask } => match &**ask {
            Ask::Take { id: case, on } => Some((*id, case.clone(), *on)),
            _ => None,
        },
        _ => None,
    })
}

impl Desk {
    fn takes(&mut self, effects: &[Effect], cases: &[Case]) -> Vec<Effect> {
        let (ask, id, _) = asked(effects).unwrap();
        let case = cases.iter().find(|case| case.id == id).unwrap().clone();
        let answer = Ok(Answer::Taken(Box::new(mine(case))));
        self.tell(Msg::Answered { ask, answer: Box::new(answer) })
    }

    fn loses(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let (ask, ..) = asked(effects).unwrap();
        let answer = Ok(Answer::Lost { current: None });
        self.tell(Msg::Answered { ask, answer: Box::new(answer) })
    }
}

#[test]
fn n_takes_the_most_urgent_case_that_nobody_has_as_it_is_shown_and_opens_it() {
    let mut cases = three();
    cases[0] = with(cases[0].clone(), person("lito", "L. Ito"));
    let mut desk = Desk::partner(cases.clone());
    desk.press("G");
    let effects = desk.press("N");
    let (_, id, on) = asked(&effects).unwrap();
    assert_eq!((id.as_str(), on), ("C-2", 3));
    assert!(acts(&effects).is_empty(), "no act goes to the outbox");
    desk.takes(&effects, &cases);
    assert_eq!((desk.selected().as_str(), desk.snap().focus), ("C-2", Pane::Detail));
    assert_eq!(desk.toast(), "C-2 is yours: the most urgent free case at 1st level");
    assert_eq!(desk.snap().header.waits, "next-case mode: C-2");
    assert_eq!(desk.hint("skip"), Some(true));
}

#[test]
fn only_open_cases_of_my_tier_are_given() {
    let mut cases = three();
    cases[0] = at_second(cases[0].clone());
    cases[1].state = CaseState::Waiting;
    let mut desk = Desk::of(Role::Partner, cases);
    let (_, id, _) = asked(&desk.press("N")).unwrap();
    assert_eq!(id.as_str(), "C-3");
}

#[test]
fn a_lost_race_goes_on_to_the_next_by_itself_asks_nothing_and_says_so() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    let first = desk.press("N");
    let second = desk.loses(&first);
    assert_eq!(asked(&second).unwrap().1.as_str(), "C-2");
    assert_eq!(desk.toast(), "C-1: somebody was faster. Taking C-2 …");
    assert!(!desk.has_overlay());
    desk.takes(&second, &cases);
    assert_eq!(desk.selected(), "C-2");
}

#[test]
fn after_several_lost_races_the_person_decides() {
    let cases = (1..=9).map(|n| case(&format!("C-{n}"), Severity::Low, hours(10 - n))).collect();
    let mut desk = Desk::partner(cases);
    let mut effects = desk.press("N");
    for _ in 0..4 {
        effects = desk.loses(&effects);
    }
    assert!(asked(&desk.loses(&effects)).is_none());
    assert_eq!(desk.toast(), "5 cases went to others first; N tries again.");
    assert_eq!(asked(&desk.press("N")).unwrap().1.as_str(), "C-1");
}

#[test]
fn when_nothing_is_free_it_says_so_and_so_it_does_without_a_line() {
    let mut desk = Desk::partner(vec![mine(case("C-1", Severity::Low, hours(1)))]);
    assert!(asked(&desk.press("N")).is_none());
    assert_eq!(desk.toast(), "Nothing is free: every open case at 1st level is with somebody.");
    let mut desk = Desk::partner(three());
    let link = Link::Offline { retry_at: desk.now + hours(1), why: "connection refused".into() };
    desk.tell(Told::LinkChanged { link, fresh_at: Some(desk.now) });
    assert!(asked(&desk.press("N")).is_none());
    assert_eq!(desk.toast(), "No desk is reached, so that nothing can be taken.");
}

#[test]
fn what_could_not_be_asked_is_told_and_nothing_is_taken_later() {
    let mut desk = Desk::partner(three());
    let (ask, ..) = asked(&desk.press("N")).unwrap();
    let answer = |in_doubt| {
        Box::new(Err(Unanswered {
            because: crate::domain::ask::Because::NotReached,
            why: "connection refused".into(),
            in_doubt,
            fields: vec![],
        }))
    };
    assert!(desk.tell(Msg::Answered { ask, answer: answer(false) }).is_empty());
    assert_eq!(desk.toast(), "Could not take C-1: connection refused");
    let (ask, ..) = asked(&desk.press("N")).unwrap();
    desk.tell(Msg::Answered { ask, answer: answer(true) });
    assert!(desk.toast().starts_with("Whether C-1 was taken is not known; the list will tell."));
}

#[test]
fn after_the_case_is_closed_or_given_away_the_next_is_offered() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    let effects = desk.press("N");
    desk.takes(&effects, &cases);
    desk.press("e");
    desk.type_text("No more ideas.");
    let (act, ..) = act(&desk.press("ctrl-s"));
    desk.tell(done(act, at_second(newer(cases[0].clone()))));
    assert_eq!(desk.toast(), "C-1 escalated to 2nd level. N takes the next (2 free)");
    assert_eq!(desk.snap().header.waits, "next-case mode");
    assert_eq!(asked(&desk.press("N")).unwrap().1.as_str(), "C-2");
}

#[test]
fn a_case_that_somebody_takes_away_is_told_and_the_next_is_offered() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    let effects = desk.press("N");
    desk.takes(&effects, &cases);
    desk.feed(vec![with(newer(newer(cases[0].clone())), person("lito", "L. Ito"))]);
    assert_eq!(desk.toast(), "C-1 is no longer yours. N takes the next (2 free)");
}

#[test]
fn skipping_asks_why_notes_it_releases_the_case_and_does_not_offer_it_again() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    assert!(desk.press("X").is_empty());
    assert_eq!(desk.toast(), "There is no case to skip; N takes the next one.");
    let effects = desk.press("N");
    desk.takes(&effects, &cases);
    desk.press("X");
    assert_eq!(desk.form().title, "Skip C-1");
    desk.press("ctrl-s");
    assert_eq!(desk.field_error("Why"), "this is needed");
    desk.type_text("I do not speak Finnish");
    let ordered = acts(&desk.press("ctrl-s"));
    let ordered: Vec<_> = ordered.iter().map(|(_, id, _, action)| (id.as_str(), action)).collect();
    let note = Action::Note { text: "Skipped: I do not speak Finnish".into() };
    assert_eq!(ordered, [("C-1", &note), ("C-1", &Action::Release {})]);
    assert_eq!(desk.toast(), "C-1 skipped. N takes the next (2 free)");
    desk.feed(vec![newer(newer(cases[0].clone()))]);
    assert_eq!(asked(&desk.press("N")).unwrap().1.as_str(), "C-2", "it is free, and not offered");
}

#[test]
fn a_reason_that_is_left_is_kept_and_the_mode_ends_by_its_key() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    let effects = desk.press("N");
    desk.takes(&effects, &cases);
    desk.press("X");
    desk.type_text("Not mine");
    desk.press("esc X");
    assert_eq!(desk.field("Why"), "Not mine");
    desk.press("esc N");
    assert_eq!(desk.toast(), "Next-case mode is over; C-1 stays yours");
    assert_eq!(desk.snap().header.waits, "");
    assert_eq!(desk.hint("skip"), None);
}

#[test]
fn a_case_that_comes_while_somebody_writes_does_not_take_the_keys() {
    let cases = three();
    let mut desk = Desk::partner(cases.clone());
    desk.press("G");
    let effects = desk.press("N");
    desk.press("n");
    desk.type_text("a");
    desk.takes(&effects, &cases);
    assert_eq!(desk.form().title, "Internal note on C-3");
    desk.press("esc");
    assert_eq!(desk.selected(), "C-3");
}

#[test]
fn whoever_works_at_no_tier_is_told() {
    let mut desk = Desk::of(Role::Oncall, three());
    assert!(asked(&desk.press("N")).is_none());
    assert!(
        desk.toast().contains("no tier") || desk.toast().contains("Nothing"),
        "{}",
        desk.toast()
    );
}
