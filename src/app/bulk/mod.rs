//! One act on all marked cases: what cannot be done is said before anything is sent, an act without words is
//! asked about once, one with words has one form for all, and each case's act goes to the outbox as any other.
//! What becomes of them: `run`.

mod run;

use chrono::{DateTime, Utc};

pub use run::{
    Item, Run, Stand, done, go, is_of, not_kept, press, settle, stands, summary, undo_with, undone,
};

use super::acts::Ordered;
use super::drafts::Drafts;
use super::form::{self, Form};
use super::layout::Shape;
use super::marks;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::order;
use super::update::refuse;
use super::words;
use crate::domain::rules::{self, Refusal, Standing};
use crate::domain::{Action, ActionKind, Case, CaseId, Untrusted};
use crate::input;

/// Columns of a sentence about one case.
const SENTENCE: usize = 200;
/// Cases that a sentence of the footer gives the reason of.
const TOLD: usize = 2;

/// What is asked before it is ordered.
pub struct Plan {
    pub kind: ActionKind,
    /// The cases as the person saw them.
    pub ready: Vec<Case>,
    /// Those that it cannot be done to, each with why.
    pub refused: Vec<(CaseId, String)>,
    /// The form with its words; None: it needs none, or they are to be written yet.
    pub form: Option<Box<Form>>,
    /// When it came up anew by itself, since cases have changed under it.
    came: Option<DateTime<Utc>>,
}

/// Whether an act is done to the marked cases rather than to the one under the cursor.
pub fn is_meant(model: &Model, kind: ActionKind) -> bool {
    // A case that is visited is what the screen shows as its object.
    kind != ActionKind::Reopen && !model.marks.is_empty() && model.visiting.is_none()
}

/// What is done without a form.
const fn needs_no_words(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Respond | ActionKind::Take | ActionKind::Release)
}

/// What a person should see the customer and the tier of before it is done.
pub const fn is_dangerous(kind: ActionKind) -> bool {
    matches!(
        kind,
        ActionKind::Respond
            | ActionKind::Reply
            | ActionKind::RequestInfo
            | ActionKind::Escalate
            | ActionKind::HandBack
            | ActionKind::Close
            | ActionKind::SetSeverity
            | ActionKind::SetEligibility
    )
}

/// Why an act cannot be begun on one of several cases; None: it can.
fn why_not(model: &Model, case: &Case, kind: ActionKind) -> Option<String> {
    if let Some(sentence) = order::refusal(model, case, kind) {
        return Some(sentence);
    }
    if model.acts.waiting(&case.id, kind).is_some_and(|flight| !flight.is_refused()) {
        let key = words::key(model, input::Action::Outbox);
        return Some(format!("the desk asks about it already; {key} shows it"));
    }
    (needs_no_words(kind) && model.acts.is_under_way(&case.id, kind))
        .then(|| "it is on its way already".to_owned())
}

/// Why an act on some of the marked cases cannot be begun on any of them; None: on some it can.
pub fn refusal(model: &Model, kind: ActionKind) -> Option<String> {
    let cases = marks::cases(model);
    let mut why = None;
    for case in &cases {
        let sentence = why_not(model, case, kind)?;
        why.get_or_insert_with(|| format!("{}: {sentence}", case.id));
    }
    why
}

/// A key asked for an act on the marked cases.
pub fn begin(model: &mut Model, kind: ActionKind, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let mut ready = Vec::new();
    let mut refused = Vec::new();
    for case in marks::cases(model) {
        match why_not(model, &case, kind) {
            None => ready.push(case),
            Some(why) => refused.push((case.id, why)),
        }
    }
    if ready.is_empty() {
        return refuse(model, none_of(kind, &refused), now);
    }
    model.toast = None;
    if refused.is_empty() && !needs_no_words(kind) {
        return open_form(model, kind, ready, effects);
    }
    let plan = Plan { kind, ready, refused, form: None, came: None };
    model.overlay = Some(Overlay::Bulk(Box::new(plan)));
}

/// "None of 2 can be closed. C-1: …"
fn none_of(kind: ActionKind, refused: &[(CaseId, String)]) -> String {
    let said = refused.iter().take(TOLD).map(|(id, why)| {
        let why = Untrusted::from(why.as_str()).cell(SENTENCE);
        format!(" {id}: {}", sentence(&why))
    });
    let more = match refused.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" And {more} more."),
    };
    let said: String = said.collect();
    format!("None of {} can be {}.{said}{more}", refused.len(), words::participle(kind))
}

/// With the full stop that a sentence ends with.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Opens one form for all, with the draft that was left on the first of them.
fn open_form(model: &mut Model, kind: ActionKind, cases: Vec<Case>, _effects: &mut Vec<Effect>) {
    let mut cases = cases.into_iter();
    let Some(first) = cases.next() else { return };
    let form = match model.drafts.take(&first.id, kind) {
        Some(draft) => order::drafted(model, draft, &first),
        None => Form::open(kind, &first, &order::people(model, kind, &first)),
    };
    model.overlay = form.map(|mut form| {
        form.others = cases.collect();
        Overlay::Form(Box::new(form))
    });
}

/// The form for several cases is to be sent.
pub fn send(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Model { overlay, desks, queue, .. } = model;
    let Some(Overlay::Form(form)) = overlay else { return };
    if order::is_unseen(form.came, now) {
        return;
    }
    let seen: Vec<Case> = std::iter::once(&form.base).chain(&form.others).cloned().collect();
    let action = seen.iter().find_map(|case| {
        let me = desks.of(&case.id).me.as_ref()?;
        form.action(&me.actor, queue.case(&case.id).unwrap_or(case))
    });
    // What is wrong stands in the form.
    let Some(action) = action else { return };
    form.error = None;
    let mut ready = Vec::new();
    let mut refused = Vec::new();
    for case in seen {
        let why = match (queue.case(&case.id), &desks.of(&case.id).me) {
            (Some(current), Some(me)) => {
                let decided = rules::decide(&me.actor, &Standing::from(current), &action);
                decided.err().map(|refusal| match refusal {
                    Refusal::Invalid { message, .. } => message,
                    other => other.to_string(),
                })
            }
            _ => Some(LEFT.to_owned()),
        };
        match why {
            None => ready.push(case),
            Some(why) => refused.push((case.id, why)),
        }
    }
    if ready.is_empty() {
        form.error = Some(none_of(form.kind, &refused).into());
        return;
    }
    let Some(Overlay::Form(form)) = model.overlay.take() else { return };
    let plan = Plan { kind: form.kind, ready, refused, form: Some(form), came: None };
    if plan.refused.is_empty() {
        order_all(model, plan, &action, now, effects);
    } else {
        model.overlay = Some(Overlay::Bulk(Box::new(plan)));
    }
}

const LEFT: &str = "it has left the list: closed, or no longer yours to see";

/// The question is answered.
pub fn answer(model: &mut Model, is_yes: bool, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Bulk(plan)) = &model.overlay else { return };
    // What cannot be read cannot be agreed to.
    let is_seen = model.areas().shape != Shape::TooSmall;
    if order::is_unseen(plan.came, now) || (is_yes && !is_seen) {
        return;
    }
    let Some(Overlay::Bulk(mut plan)) = model.overlay.take() else { return };
    if !is_yes {
        // The words stand as they stood.
        model.overlay = plan.form.map(Overlay::Form);
        return;
    }
    // What has happened to them while the question stood there is asked about anew.
    let mut ready = Vec::new();
    let refused_before = plan.refused.len();
    for case in std::mem::take(&mut plan.ready) {
        let why = match model.queue.case(&case.id) {
            Some(current) => why_not(model, current, plan.kind),
            None => Some(LEFT.to_owned()),
        };
        match why {
            None => ready.push(case),
            Some(why) => plan.refused.push((case.id, why)),
        }
    }
    plan.ready = ready;
    if plan.ready.is_empty() {
        refuse(model, none_of(plan.kind, &plan.refused), now);
        model.overlay = plan.form.map(Overlay::Form);
        return;
    }
    if plan.refused.len() > refused_before {
        plan.came = Some(now);
        model.overlay = Some(Overlay::Bulk(plan));
        return;
    }
    match (plan.kind, &mut plan.form) {
        (ActionKind::Respond, _) => {
            order_all(model, *plan, &Action::Respond { text: None }, now, effects);
        }
        (ActionKind::Take, _) => order_all(model, *plan, &Action::Take {}, now, effects),
        (ActionKind::Release, _) => order_all(model, *plan, &Action::Release {}, now, effects),
        (kind, None) => open_form(model, kind, plan.ready, effects),
        (_, Some(form)) => {
            let action = plan.ready.iter().find_map(|case| {
                let me = model.desks.of(&case.id).me.as_ref()?;
                form.action(&me.actor, model.queue.case(&case.id).unwrap_or(case))
            });
            match action {
                Some(action) => order_all(model, *plan, &action, now, effects),
                None => model.overlay = plan.form.map(Overlay::Form),
            }
        }
    }
}

/// Gives every case's act to the outbox, and opens the report.
fn order_all(
    model: &mut Model,
    plan: Plan,
    action: &Action,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Plan { kind, ready, refused, mut form, .. } = plan;
    let mut items = Vec::with_capacity(ready.len());
    for case in ready {
        let replaces = model.acts.waiting(&case.id, kind).map(|flight| flight.act);
        // The draft goes as the act on its case comes.
        let is_drafts = |form: &&mut Box<Form>| form.base.id == case.id;
        let draft = form.as_mut().filter(is_drafts).and_then(|form| form.draft.take());
        let item = (case.id.clone(), case.customer.company.clone());
        let act = model.acts.order(
            Ordered {
                case: case.id.clone(),
                revision: form::bound(kind).then_some(case.revision),
                base: Some(Box::new(case)),
                action: action.clone(),
                replaces,
                draft,
                form: None,
            },
            effects,
        );
        items.push(Item::new(item.0, item.1, act));
    }
    if let Some(form) = &mut form {
        Drafts::drop_of(form, effects);
    }
    model.toast = None;
    model.bulk = Some(Run::new(kind, items, refused, form));
    model.overlay = Some(Overlay::Report { on: None, at: 0 });
    settle(model, now);
}
