//! Two desks on one screen, with cases of the same ids.

use super::*;

const SECOND: DeskNo = DeskNo::new(1);

/// Both desks are live; at the first I am a partner agent, at the second an engineer.
fn two_desks() -> Desk {
    let mut desk = Desk::dark((120, 40));
    let desks = vec!["nordwind".to_owned(), "fjord".to_owned()];
    desk.model = Model::new((120, 40), Options { desks, ..Options::default() });
    for (no, role, id) in
        [(DeskNo::FIRST, Role::Partner, "rhald"), (SECOND, Role::Engineer, "ruth")]
    {
        let partner = (role == Role::Partner).then(partner_ref);
        let actor = Actor {
            id: id.into(),
            name: "R. Hald".into(),
            role,
            partner: partner.as_ref().map(|p| p.id.clone()),
        };
        let me = Whoami { actor, partner, may: vec![] };
        desk.tell(Msg::Told(no, Told::PolicyLoaded(Arc::new(Policy::embedded()))));
        desk.tell(Msg::Told(no, Told::SignedIn(Box::new(me))));
        let link = Told::LinkChanged { link: Link::Live, fresh_at: Some(desk.now) };
        desk.tell(Msg::Told(no, link));
    }
    desk
}

fn page(no: DeskNo, cases: Vec<Case>, reset: bool) -> Msg {
    let cases = cases.into_iter().map(|case| there(no, case)).collect();
    Msg::Told(no, Told::PageCame { cases, removed: vec![], reset, more: false })
}

fn there(no: DeskNo, case: Case) -> Case {
    Case { id: case.id.clone().at_desk(no), ..case }
}

/// The first is due sooner.
fn with_the_same_ids() -> Desk {
    let mut desk = two_desks();
    desk.tell(page(DeskNo::FIRST, vec![case("C-1", Severity::Critical, hours(1))], true));
    desk.tell(page(SECOND, vec![at_second(case("C-1", Severity::High, hours(1)))], true));
    desk
}

fn places(desk: &Desk) -> Vec<usize> {
    desk.rows().iter().map(|row| row.id.desk().place()).collect()
}

#[test]
fn the_queue_holds_the_cases_of_both_by_the_next_breach() {
    let desk = with_the_same_ids();
    assert_eq!(desk.ids(), ["C-1", "C-1"]);
    assert_eq!(places(&desk), [0, 1]);
}

#[test]
fn an_act_goes_to_the_desk_of_the_case_under_the_cursor() {
    let mut desk = with_the_same_ids();
    let taken = |effects: Vec<Effect>| {
        let mut acts = effects.into_iter().filter_map(|effect| match effect {
            Effect::Act { act, case, .. } => Some((act.desk, case.desk())),
            _ => None,
        });
        (acts.next(), acts.next())
    };
    desk.press("2");
    assert_eq!(taken(desk.press("t")), (Some((DeskNo::FIRST, DeskNo::FIRST)), None));
    desk.press("j");
    assert_eq!(taken(desk.press("t")), (Some((SECOND, SECOND)), None));
}

#[test]
fn what_i_may_do_is_asked_of_the_desk_of_the_case() {
    let mut desk = with_the_same_ids();
    desk.press("2 j");
    desk.press("h");
    assert!(desk.snap().overlay.is_some(), "an engineer hands back");
    desk.press("esc k");
    desk.press("h");
    assert!(desk.snap().overlay.is_none(), "a partner agent has nobody to hand back to");
}

#[test]
fn a_case_closed_at_one_desk_stays_at_the_other() {
    let mut desk = with_the_same_ids();
    desk.press("2");
    let gone = closed(case("C-1", Severity::Critical, hours(1)));
    desk.tell(page(DeskNo::FIRST, vec![gone], false));
    assert_eq!(places(&desk), [1]);
}

#[test]
fn a_feed_that_starts_over_takes_away_what_it_does_not_name_at_its_own_desk_alone() {
    let mut desk = with_the_same_ids();
    desk.press("2");
    desk.tell(page(SECOND, vec![at_second(case("C-2", Severity::High, hours(1)))], true));
    assert_eq!(desk.ids(), ["C-1", "C-2"]);
    assert_eq!(places(&desk), [0, 1]);
}
