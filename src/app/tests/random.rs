//! Whatever the feed brings and whoever presses what: no act on another case than the one that was selected
//! when its key was pressed, and a screen that holds together.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::app::keys;
use crate::input::Context;

#[derive(Debug, Clone)]
enum Step {
    Key(&'static str),
    Text(String),
    Feed { n: usize, revision: u64, severity: usize, mine: u8, hours: i64, closed: bool },
    Removed(usize),
    Reset(usize),
    Wait(i64),
    Answer { nth: usize, how: u8 },
    Size(u16, u16),
    Wheel(bool),
    Click(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let keys = prop::sample::select(vec![
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
        "backspace",
        "O",
        "O",
        "d",
    ]);
    prop_oneof![
        12 => keys.prop_map(Step::Key),
        3 => "[a-c1 ]{1,4}".prop_map(Step::Text),
        6 => (0usize..6, 1u64..9, 0usize..4, 0u8..3, 0i64..40, prop::bool::weighted(0.2)).prop_map(
            |(n, revision, severity, mine, hours, closed)| Step::Feed {
                n, revision, severity, mine, hours, closed,
            }
        ),
        2 => (0usize..6).prop_map(Step::Removed),
        1 => (0usize..6).prop_map(Step::Reset),
        2 => (0i64..15_000).prop_map(Step::Wait),
        4 => (0usize..4, 0u8..4).prop_map(|(nth, how)| Step::Answer { nth, how }),
        1 => (1u16..140, 1u16..45).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        1 => any::<bool>().prop_map(Step::Wheel),
        1 => (0u16..45).prop_map(Step::Click),
    ]
}

fn numbered(n: usize, revision: u64, severity: usize, mine: u8, ago: i64) -> Case {
    let mut case = unanswered(&format!("C-{n}"), Severity::ALL[severity], hours(ago));
    case.assignee = match mine {
        0 => None,
        1 => Some(person("rhald", "R. Hald")),
        _ => Some(person("lito", "L. Ito")),
    };
    case.revision = revision;
    case
}

/// The case that the keyboard is at: the form's, else the one under the cursor.
fn at_hand(desk: &Desk) -> Option<String> {
    match (&desk.snap().overlay, keys::context(&desk.model)) {
        (Some(Overlay::Palette(palette)), _) => palette.case.as_ref().map(ToString::to_string),
        (Some(Overlay::Form(form)), _) => form.title.rsplit(' ').next().map(str::to_owned),
        (Some(Overlay::Outbox(view)), _) => {
            let row = view.rows.get(view.at)?;
            row.case.as_ref().map(ToString::to_string)
        }
        (Some(Overlay::Confirm(question)), _) => {
            let shown = std::iter::once(&question.title).chain(&question.lines);
            let mut words = shown.flat_map(|line| line.split([' ', '?', ':']));
            words.find(|word| word.starts_with("C-")).map(str::to_owned)
        }
        (_, Context::Desk) => desk.model.queue.selected().map(|case| case.id.to_string()),
        _ => None,
    }
}

/// The case of each act that was ordered.
type Ordered = HashMap<ActId, String>;

/// What an effect does to which case; None: to none that the desk would hear of.
fn does(effect: &Effect, ordered: &Ordered) -> Option<(ActId, String)> {
    match effect {
        Effect::Act { act, case, .. } => Some((*act, case.to_string())),
        Effect::StillSend(act) | Effect::Discard(act) => Some((*act, ordered[act].clone())),
        _ => None,
    }
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
    let rows = crate::app::layout::queue_rows(snapshot.areas.queue, queue.filter.is_some());
    if rows.height > 0 {
        prop_assert!(queue.rows.is_empty() == (queue.count == 0));
        prop_assert!(queue.rows.is_empty() || selected == 1, "the cursor is on the screen");
        prop_assert!(queue.rows.len() <= usize::from(rows.height));
    }
    let ids: std::collections::HashSet<_> = queue.rows.iter().map(|row| &row.id).collect();
    prop_assert_eq!(ids.len(), queue.rows.len());
    prop_assert_eq!(queue.count == 0, queue.notice.is_some());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_act_reaches_another_case_than_the_one_its_key_was_pressed_on(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let mut desk = Desk::partner((0..4).map(|n| numbered(n, 1, n, 0, 1)).collect());
        let mut ordered = Ordered::new();
        let mut flying: Vec<(ActId, String)> = Vec::new();
        for step in steps {
            let at_hand = at_hand(&desk);
            let (effects, by_key) = match step.clone() {
                Step::Key(key) => (desk.press(key), true),
                Step::Text(text) => {
                    // On the desk, letters are acts of their own; here they are text.
                    let context = keys::context(&desk.model);
                    if context.has_text() { (desk.type_text(&text), false) } else { continue }
                }
                Step::Feed { n, revision, severity, mine, hours, closed } => {
                    let mut case = numbered(n, revision, severity, mine, hours);
                    if closed {
                        case.state = CaseState::Closed;
                    }
                    (desk.feed(vec![case]), false)
                }
                Step::Removed(n) => (desk.removed(&[&format!("C-{n}")]), false),
                Step::Reset(n) => (desk.page(vec![numbered(n, 9, 0, 0, 1)], true, false), false),
                Step::Wait(ms) => (desk.wait(TimeDelta::milliseconds(ms)), false),
                Step::Answer { nth, how } => {
                    if flying.is_empty() {
                        continue;
                    }
                    let (act, id) = flying.remove(nth % flying.len());
                    let n = id[2..].parse().unwrap();
                    let case = numbered(n, 9, 1, how % 3, 1);
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
                Step::Size(columns, rows) => (desk.tell(Msg::Resized { columns, rows }), false),
                Step::Wheel(up) => (desk.tell(Msg::Scrolled { up, column: 5, row: 5 }), false),
                Step::Click(row) => (desk.tell(Msg::Clicked { column: 5, row }), false),
            };
            for effect in &effects {
                let Some((act, case)) = does(effect, &ordered) else { continue };
                prop_assert!(by_key, "{effect:?} by {step:?}");
                prop_assert_eq!(Some(&case), at_hand.as_ref(), "{:?} by {:?}", effect, step);
                if ordered.insert(act, case.clone()).is_none() {
                    flying.push((act, case));
                }
            }
            check(&desk)?;
        }
    }
}
