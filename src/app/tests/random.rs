//! Whatever the feeds of several desks bring and whoever presses or clicks what: no act on another case than one
//! that the screen showed as chosen when the key was pressed (under the cursor, in the title of the form, or among
//! those that were marked and named), marks and cursor that follow their cases, and a screen that holds together.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::desks::{SECOND, there, two_desks};
use super::*;
use crate::app::AskId;
use crate::app::keys;
use crate::app::view::Target;
use crate::domain::CaseId;
use crate::domain::ask::{Answer, Ask};
use crate::input::Context;

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str),
    Text(String),
    Paste(&'static str),
    Feed {
        desk: usize,
        n: usize,
        revision: u64,
        severity: usize,
        mine: u8,
        hours: i64,
        closed: bool,
    },
    Removed {
        desk: usize,
        n: usize,
    },
    Reset {
        desk: usize,
        n: usize,
    },
    Wait(i64),
    Answer {
        nth: usize,
        how: u8,
    },
    Taken {
        is_mine: bool,
    },
    Size(u16, u16),
    Wheel(bool),
    Click(u16, u16),
    Drag(u16, u16),
    Point(Target),
}

const KEYS: &[&str] = &[
    "a",
    "t",
    "T",
    "n",
    "r",
    "i",
    "e",
    "h",
    "c",
    "s",
    "w",
    "u",
    "C",
    "j",
    "k",
    "g",
    "G",
    "pagedown",
    "pageup",
    "tab",
    "enter",
    "esc",
    "1",
    "2",
    "3",
    "4",
    "/",
    "?",
    ":",
    "z",
    "R",
    "ctrl-s",
    "ctrl-s",
    "ctrl-s",
    "down",
    "up",
    "q",
    "y",
    "y",
    "y",
    "backspace",
    "O",
    "O",
    "d",
    "space",
    "space",
    "space",
    "M",
    "*",
    "*",
    "U",
    "N",
    "X",
    "<",
    ">",
];

fn target() -> impl Strategy<Value = Target> {
    let hint =
        |(keys, label): (&str, &str)| Target::Hint { keys: keys.into(), label: label.into() };
    prop_oneof![
        3 => (0usize..6, any::<bool>()).prop_map(|(n, far)| Target::Row(id(n, usize::from(far)))),
        3 => prop::sample::select(vec![
            ("t", "take"), ("n", "note"), ("e", "escalate"), ("y", "yes"), ("Esc", "take back"), ("X", "skip"),
        ]).prop_map(hint),
        2 => Just(Target::Send),
        1 => (0usize..3).prop_map(Target::Field),
        1 => (0usize..3, 0usize..5).prop_map(|(field, option)| Target::Choice { field, option }),
        1 => (0usize..30).prop_map(Target::Line),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let desk = 0usize..2;
    prop_oneof![
        16 => prop::sample::select(KEYS).prop_map(Step::Key),
        3 => "[a-c1 ]{1,4}".prop_map(Step::Text),
        1 => prop::sample::select(vec!["t", "y", "*t\n", "q"]).prop_map(Step::Paste),
        6 => (desk.clone(), 0usize..6, 1u64..9, 0usize..4, 0u8..3, 0i64..40, prop::bool::weighted(0.2))
            .prop_map(|(desk, n, revision, severity, mine, hours, closed)| Step::Feed {
                desk, n, revision, severity, mine, hours, closed,
            }),
        2 => (desk.clone(), 0usize..6).prop_map(|(desk, n)| Step::Removed { desk, n }),
        1 => (desk, 0usize..6).prop_map(|(desk, n)| Step::Reset { desk, n }),
        2 => (0i64..15_000).prop_map(Step::Wait),
        4 => (0usize..4, 0u8..4).prop_map(|(nth, how)| Step::Answer { nth, how }),
        2 => any::<bool>().prop_map(|is_mine| Step::Taken { is_mine }),
        1 => (1u16..140, 1u16..45).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        1 => any::<bool>().prop_map(Step::Wheel),
        1 => (0u16..140, 0u16..45).prop_map(|(column, row)| Step::Click(column, row)),
        1 => (0u16..140, 0u16..45).prop_map(|(column, row)| Step::Drag(column, row)),
        3 => target().prop_map(Step::Point),
    ]
}

fn id(n: usize, desk: usize) -> CaseId {
    CaseId::from(format!("C-{n}").as_str()).at_desk(no(desk))
}

fn no(desk: usize) -> DeskNo {
    if desk == 0 { DeskNo::FIRST } else { SECOND }
}

fn numbered(desk: usize, n: usize, revision: u64, severity: usize, mine: u8, ago: i64) -> Case {
    let mut case = unanswered(&format!("C-{n}"), Severity::ALL[severity], hours(ago));
    if desk == 1 {
        case = at_second(case);
    }
    case.assignee = match (mine, desk) {
        (0, _) => None,
        (1, 0) => Some(person("rhald", "R. Hald")),
        (1, _) => Some(person("ruth", "R. Hald")),
        _ => Some(person("lito", "L. Ito")),
    };
    case.revision = revision;
    there(no(desk), case)
}

fn page(desk: usize, cases: Vec<Case>, removed: Vec<CaseId>, reset: bool) -> Msg {
    Msg::Told(no(desk), Told::PageCame { cases, removed, reset, more: false })
}

/// The cases that the screen says an act would reach, by their names; where it names them without their desks,
/// by their ids.
fn at_hand(desk: &Desk) -> BTreeSet<String> {
    let named = |id: &CaseId| desk.model.desks.named_case(id);
    let snap = desk.snap();
    match (&snap.overlay, keys::context(&desk.model)) {
        (Some(Overlay::Palette(palette)), _) => palette.case.iter().map(named).collect(),
        (Some(Overlay::Form(form)), _) => match form.title.find("C-") {
            Some(at) => BTreeSet::from([form.title[at..].to_owned()]),
            None => {
                let said = form.subtitle.raw().split_once(" · ").unwrap().1.to_owned();
                said.split(", ").map(str::to_owned).collect()
            }
        },
        (Some(Overlay::Bulk(bulk)), _) => bulk.cases.iter().map(|case| case.case.clone()).collect(),
        (Some(Overlay::Outbox(view)), _) => {
            let row = view.rows.get(view.at);
            row.and_then(|row| row.case.as_ref()).map(named).into_iter().collect()
        }
        (Some(Overlay::Confirm(question)), _) => {
            let shown = std::iter::once(&question.title).chain(&question.lines);
            let words = shown.flat_map(|line| line.split([' ', '?', ':']));
            words.filter(|word| word.starts_with("C-")).take(1).map(str::to_owned).collect()
        }
        // With marks no key acts by itself: a question or a form names the cases first.
        (None, Context::Desk) if snap.queue.marked.is_none() => {
            desk.model.queue.selected().map(|case| named(&case.id)).into_iter().collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The case of each act that was ordered.
type Ordered = HashMap<ActId, CaseId>;

/// What an effect does to which case; None: to none that the desk would hear of.
fn does(effect: &Effect, ordered: &Ordered) -> Option<(ActId, CaseId)> {
    match effect {
        Effect::Act { act, case, .. } => Some((*act, case.clone())),
        Effect::StillSend(act) | Effect::Discard(act) => Some((*act, ordered[act].clone())),
        _ => None,
    }
}

/// The takings of the next-case mode: of cases that were free as they were shown.
fn taking(desk: &Desk, effects: &[Effect]) -> Result<Option<(AskId, CaseId)>, TestCaseError> {
    let mut taking = None;
    for effect in effects {
        if let Effect::Ask { id, ask } = effect
            && let Ask::Take { id: case, on } = &**ask
        {
            let shown = desk.model.queue.case(case).unwrap();
            prop_assert!(shown.assignee.is_none() && shown.revision == *on, "{shown:?}");
            taking = Some((*id, case.clone()));
        }
    }
    Ok(taking)
}

fn marked(desk: &Desk) -> BTreeSet<CaseId> {
    crate::app::marks::cases(&desk.model).into_iter().map(|case| case.id).collect()
}

fn check(desk: &Desk) -> Result<(), TestCaseError> {
    let (snapshot, next) = build(&desk.model, desk.now);
    prop_assert!(next.is_none_or(|next| next > desk.now));
    let queue = &snapshot.queue;
    let selected = queue.rows.iter().filter(|row| row.selected).count();
    prop_assert!(selected <= 1);
    if desk.model.queue.len() > 0 {
        prop_assert!(desk.model.queue.selected().is_some(), "a list has a cursor");
    }
    let rows = crate::app::layout::queue_list(snapshot.areas.queue, queue.lines);
    if rows.height > 0 {
        prop_assert!(queue.rows.is_empty() == (queue.count == 0));
        prop_assert!(queue.rows.is_empty() || selected == 1, "the cursor is on the screen");
        prop_assert!(queue.rows.len() <= usize::from(rows.height));
    }
    let ids: std::collections::HashSet<_> = queue.rows.iter().map(|row| &row.id).collect();
    prop_assert_eq!(ids.len(), queue.rows.len());
    prop_assert_eq!(queue.count == 0, queue.notice.is_some());
    prop_assert_eq!(
        marked(desk).len(),
        desk.model.marks.len(),
        "each mark is on a case of the list"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(192) })]

    #[test]
    fn no_act_reaches_another_case_than_one_its_key_was_pressed_on(
        steps in prop::collection::vec(step(), 1..70)
    ) {
        let mut desk = two_desks();
        for far in 0..2 {
            let cases = (0..4).map(|n| numbered(far, n, 1, n, 0, 1)).collect();
            desk.tell(page(far, cases, vec![], true));
        }
        desk.model.queue.touch();
        let mut ordered = Ordered::new();
        let mut flying: Vec<(ActId, CaseId)> = Vec::new();
        let mut asked: Option<(AskId, CaseId)> = None;
        for step in steps {
            let at_hand = at_hand(&desk);
            let before = (marked(&desk), desk.model.queue.selected().map(|case| case.id.clone()));
            let view = (desk.model.queue.view_at(), desk.model.queue.filter().to_owned());
            let (effects, by_hand) = match step.clone() {
                Step::Key(key) => (desk.press(key), true),
                Step::Text(text) => {
                    // On the desk, letters are acts of their own; here they are text.
                    let context = keys::context(&desk.model);
                    if context.has_text() { (desk.type_text(&text), false) } else { continue }
                }
                Step::Paste(text) => (desk.tell(Msg::Pasted(text.to_owned())), false),
                Step::Feed { desk: far, n, revision, severity, mine, hours, closed } => {
                    let mut case = numbered(far, n, revision, severity, mine, hours);
                    if closed {
                        case.state = CaseState::Closed;
                    }
                    (desk.tell(page(far, vec![case], vec![], false)), false)
                }
                Step::Removed { desk: far, n } => {
                    (desk.tell(page(far, vec![], vec![id(n, far)], false)), false)
                }
                Step::Reset { desk: far, n } => {
                    (desk.tell(page(far, vec![numbered(far, n, 9, 0, 0, 1)], vec![], true)), false)
                }
                Step::Wait(ms) => (desk.wait(TimeDelta::milliseconds(ms)), false),
                Step::Answer { nth, how } => {
                    if flying.is_empty() {
                        continue;
                    }
                    let (act, id) = flying.remove(nth % flying.len());
                    let (n, far) = (id.as_str()[2..].parse().unwrap(), id.desk().place());
                    let case = numbered(far, n, 9, 1, how % 3, 1);
                    (match how {
                        0 => desk.tell(done(act, case)),
                        1 => desk.refuse(act, "No."),
                        2 => desk.ask(act, case),
                        _ => {
                            flying.push((act, id));
                            desk.delay(act, "not reached");
                            Vec::new()
                        }
                    }, false)
                }
                Step::Taken { is_mine } => {
                    let Some((ask, id)) = asked.take() else { continue };
                    let (n, far) = (id.as_str()[2..].parse().unwrap(), id.desk().place());
                    let current = Box::new(numbered(far, n, 9, 1, 1 + u8::from(!is_mine), 1));
                    let answer = if is_mine {
                        Answer::Taken(current)
                    } else {
                        Answer::Lost { current: Some(current) }
                    };
                    (desk.tell(Msg::Answered { ask, answer: Box::new(Ok(answer)) }), false)
                }
                Step::Size(columns, rows) => (desk.tell(Msg::Resized { columns, rows }), false),
                Step::Wheel(up) => (desk.tell(Msg::Scrolled { up, column: 5, row: 5 }), true),
                Step::Click(column, row) => (desk.tell(Msg::Clicked { column, row }), true),
                Step::Drag(column, row) => {
                    let mut effects = desk.tell(Msg::Dragged { column, row });
                    effects.extend(desk.tell(Msg::Released));
                    (effects, true)
                }
                Step::Point(target) => (desk.tell(Msg::Pointed(target)), true),
            };
            for effect in &effects {
                let Some((act, case)) = does(effect, &ordered) else { continue };
                prop_assert!(by_hand, "{effect:?} by {step:?}");
                let named = desk.model.desks.named_case(&case);
                prop_assert!(
                    at_hand.contains(&named) || at_hand.contains(case.as_str()),
                    "{effect:?} by {step:?} on {at_hand:?}"
                );
                if ordered.insert(act, case.clone()).is_none() {
                    flying.push((act, case));
                }
            }
            if let Some(taking) = taking(&desk, &effects)? {
                asked = Some(taking);
            }
            let now = marked(&desk);
            if !by_hand {
                prop_assert!(now.is_subset(&before.0), "{step:?} marks nothing");
                let in_view = |id: &&CaseId| desk.model.queue.place_of(id).is_some();
                let same_view = view == (desk.model.queue.view_at(), desk.model.queue.filter().to_owned());
                let selected = desk.model.queue.selected().map(|case| &case.id);
                let given = matches!(step, Step::Taken { .. } | Step::Text(_) | Step::Paste(_));
                if let Some(stays) = before.1.as_ref().filter(in_view).filter(|_| same_view && !given) {
                    prop_assert_eq!(selected, Some(stays), "the cursor stays on its case: {:?}", step);
                }
            }
            check(&desk)?;
        }
    }
}
