//! Two desks on one screen, with cases of the same ids.

use super::*;

pub const SECOND: DeskNo = DeskNo::new(1);

/// Both desks are live; at the first I am a partner agent, at the second an engineer.
pub fn two_desks() -> Desk {
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
        let me = Whoami { actor, partner, may: vec![], mail: true };
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

pub fn there(no: DeskNo, case: Case) -> Case {
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

impl Desk {
    /// The place of the desk of the case under the cursor.
    fn selected_at(&self) -> usize {
        self.rows().iter().find(|row| row.selected).unwrap().id.desk().place()
    }
}

#[test]
fn the_queue_holds_the_cases_of_both_by_the_next_breach() {
    let desk = with_the_same_ids();
    assert_eq!(desk.ids(), ["C-1", "C-1"]);
    assert_eq!(places(&desk), [0, 1]);
}

#[test]
fn until_all_desks_have_told_what_they_have_the_cursor_stays_on_top() {
    let mut desk = two_desks();
    for no in [DeskNo::FIRST, SECOND] {
        let link = Told::LinkChanged { link: Link::Connecting, fresh_at: None };
        desk.tell(Msg::Told(no, link));
    }
    desk.tell(page(SECOND, vec![at_second(case("C-1", Severity::High, hours(1)))], true));
    assert_eq!(desk.selected_at(), 1);
    desk.tell(page(DeskNo::FIRST, vec![case("C-1", Severity::Critical, hours(1))], true));
    assert_eq!((places(&desk), desk.selected_at()), (vec![0, 1], 0));
    // From here on it stays on its case.
    desk.tell(page(SECOND, vec![at_second(case("C-2", Severity::Critical, hours(2)))], false));
    assert_eq!(desk.selected_at(), 0);
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

#[test]
fn an_answer_names_the_desk_of_its_case() {
    let mut desk = with_the_same_ids();
    desk.press("2 j");
    let act = ActId { desk: SECOND, ticket: 1 };
    desk.press("t");
    let taken = with(at_second(case("C-1", Severity::High, hours(1))), person("ruth", "R. Hald"));
    desk.tell(Msg::ActDone { act, case: Box::new(there(SECOND, taken)) });
    assert_eq!(desk.toast(), "C-1 at fjord is yours");
    assert!(desk.rows()[1].with.is_some() && desk.rows()[0].with.is_none());
}

#[test]
fn who_i_am_is_said_of_the_desk_that_the_cursor_is_at() {
    let mut desk = with_the_same_ids();
    desk.press("2");
    assert!(desk.snap().header.who.raw().contains("Nordwind Support · R. Hald"));
    desk.press("j");
    assert_eq!(desk.snap().header.who.raw(), "R. Hald, 2nd level");
}

#[test]
fn a_desk_that_is_signed_out_says_so_and_hides_nothing_of_the_other() {
    let mut desk = with_the_same_ids();
    desk.press("2");
    let link = Link::SignedOut { why: "The token has expired.".into() };
    desk.tell(Msg::Told(SECOND, Told::LinkChanged { link, fresh_at: None }));
    let snap = desk.snap();
    let said: Vec<(&str, &str)> =
        snap.header.desks.iter().map(|desk| (desk.name.as_str(), desk.text.as_str())).collect();
    assert_eq!(said, [("nordwind", ""), ("fjord", "signed out")]);
    assert_eq!(desk.toast(), "fjord: Signed out: The token has expired.");
    let stale: Vec<bool> =
        snap.queue.rows.iter().map(|row| row.desk.as_ref().unwrap().stale).collect();
    assert_eq!(stale, [false, true]);
}

#[test]
fn while_no_desk_can_be_read_each_says_why() {
    let mut desk = Desk::dark((120, 40));
    let desks = vec!["nordwind".to_owned(), "fjord".to_owned()];
    desk.model = Model::new((120, 40), Options { desks, ..Options::default() });
    let notice = |desk: &Desk| desk.snap().queue.notice.unwrap();
    let link = Link::SignedOut { why: "The token has expired.".into() };
    desk.tell(Msg::Told(SECOND, Told::LinkChanged { link, fresh_at: None }));
    assert_eq!(notice(&desk).title, "Loading");
    assert!(notice(&desk).lines[1].contains("fjord: Signed out"), "{:?}", notice(&desk));
    let retry_at = desk.now + TimeDelta::seconds(8);
    let link = Link::Offline { retry_at, why: "Connection refused.".into() };
    desk.tell(Told::LinkChanged { link, fresh_at: None });
    assert_eq!(notice(&desk).title, "No desk can be read");
    let said = "nordwind: Connection refused. Retry in 8 s, by itself.";
    assert_eq!(notice(&desk).lines[0], said);
}

#[test]
fn a_desk_that_is_not_reached_keeps_nobody_waiting_for_the_other() {
    let mut desk = two_desks();
    desk.tell(page(DeskNo::FIRST, vec![case("C-1", Severity::Critical, hours(1))], true));
    assert!(desk.snap().queue.loading, "the second still loads");
    let link = Link::Offline { retry_at: desk.now + hours(1), why: "Connection refused.".into() };
    desk.tell(Msg::Told(SECOND, Told::LinkChanged { link, fresh_at: None }));
    assert!(!desk.snap().queue.loading);
}

#[test]
fn a_desk_whose_clock_is_learned_anew_has_its_cases_placed_by_it() {
    let mut desk = with_the_same_ids();
    desk.press("2");
    let [first, second] = &desk.rows()[..] else { panic!() };
    assert_eq!((first.id.desk(), second.id.desk()), (DeskNo::FIRST, SECOND));
    // It is much later there: what is due there is missed, and goes before what is still to come.
    desk.tell(Msg::Told(SECOND, Told::ClockCompared(TimeDelta::days(300))));
    assert_eq!(places(&desk), [1, 0]);
    assert_eq!(desk.snap().header.late.unwrap().missed, 1);
    desk.tell(Msg::Told(SECOND, Told::ClockCompared(TimeDelta::zero())));
    assert_eq!(places(&desk), [0, 1]);
}

#[test]
fn the_view_to_begin_with_is_mine_unless_i_watch_over_all_at_every_desk() {
    let begin = |roles: [Role; 2]| {
        let mut desk = Desk::dark((120, 40));
        let desks = vec!["nordwind".to_owned(), "fjord".to_owned()];
        desk.model = Model::new((120, 40), Options { desks, ..Options::default() });
        for (no, role) in [DeskNo::FIRST, SECOND].into_iter().zip(roles) {
            let actor = Actor { id: "ruth".into(), name: "R. Hald".into(), role, partner: None };
            let me = Whoami { actor, partner: None, may: vec![], mail: true };
            desk.tell(Msg::Told(no, Told::SignedIn(Box::new(me))));
        }
        desk.snap().queue.name
    };
    assert_eq!(begin([Role::Oncall, Role::Admin]), "all open");
    assert_eq!(begin([Role::Oncall, Role::Engineer]), "mine and unassigned");
    assert_eq!(begin([Role::Engineer, Role::Oncall]), "mine and unassigned");
}
