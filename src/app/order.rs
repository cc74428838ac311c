//! Acts, from the key to their end: begun on the case under the cursor, asked for words where they need
//! some, held where they mail the customer, sent, confirmed or refused.

use chrono::{DateTime, Utc};

use super::acts::{Flight, HOLD, Phase};
use super::form::{Form, mails};
use super::model::{Model, Overlay};
use super::msg::{ActFailure, ActId, Effect};
use super::queue::Source;
use super::update::refuse;
use super::view::Tone;
use super::words;
use crate::domain::rules::{self, Standing};
use crate::domain::{Action, ActionKind, Case, Untrusted};

/// Columns of a sentence in the footer.
const SENTENCE: usize = 300;

/// Why an act on a case cannot be begun; None: it can.
pub fn refusal(model: &Model, case: &Case, kind: ActionKind) -> Option<String> {
    let Some(me) = &model.desks.of(&case.id).me else {
        return Some("The desk has not said yet who you are.".to_owned());
    };
    rules::available(&me.actor, &Standing::from(case), kind).err().map(|r| r.to_string())
}

/// The case that an act would be done to.
pub fn object(model: &Model, kind: ActionKind) -> Option<&Case> {
    // A closed case stands in no list, so that the one I closed last is the one to reopen. The form names it.
    if kind == ActionKind::Reopen { model.closed.as_ref() } else { model.queue.selected() }
}

/// What to say where there is no such case.
pub const fn no_object(kind: ActionKind) -> &'static str {
    if matches!(kind, ActionKind::Reopen) {
        "You have closed no case since the desk was opened; \"caseload reopen\" takes any."
    } else {
        "No case is selected."
    }
}

/// A key asked for an act.
pub fn begin(model: &mut Model, kind: ActionKind, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(case) = object(model, kind).cloned() else {
        return refuse(model, no_object(kind), now);
    };
    if let Some(sentence) = refusal(model, &case, kind) {
        let sentence = Untrusted::new(sentence).cell(SENTENCE);
        return refuse(model, format!("{}: {sentence}", case.id), now);
    }
    match kind {
        ActionKind::Respond => direct(model, &case, Action::Respond { text: None }, now, effects),
        ActionKind::Take => direct(model, &case, Action::Take {}, now, effects),
        ActionKind::Release => direct(model, &case, Action::Release {}, now, effects),
        _ => open(model, kind, &case, effects),
    }
}

/// An act that needs no words.
fn direct(
    model: &mut Model,
    case: &Case,
    action: Action,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if model.acts.is_under_way(&case.id, action.kind()) {
        let undo = words::key(model, crate::input::Action::Undo);
        let sentence = match model.acts.on(&case.id).map(|f| &f.phase) {
            Some(Phase::Held { .. }) => format!("{} is held already; {undo} undoes it.", case.id),
            _ => format!("{}: this is on its way already.", case.id),
        };
        return refuse(model, sentence, now);
    }
    let phase = phase(action.kind(), now);
    // Neither form nor revision: the rules on the desk guard these acts (see `Form::revision`).
    let flight = Flight { case: case.id.clone(), revision: None, action, phase, form: None };
    model.acts.start(flight, effects);
}

fn phase(kind: ActionKind, now: DateTime<Utc>) -> Phase {
    if mails(kind) { Phase::Held { until: now + HOLD } } else { Phase::Sending }
}

/// Opens the form of an act, with the draft that was left in it.
fn open(model: &mut Model, kind: ActionKind, case: &Case, effects: &mut Vec<Effect>) {
    // What it will do to the clocks is worked out from the whole case, and one that is not under the cursor
    // is not asked for by itself.
    let known = model.details.revision(&case.id);
    if kind == ActionKind::Reopen && known != Some(case.revision) {
        effects.push(Effect::FetchCase { id: case.id.clone(), known });
    }
    let people = if kind == ActionKind::Assign { model.queue.colleagues(case) } else { Vec::new() };
    let form = match model.acts.take_draft(&case.id, kind) {
        Some(draft) => draft.anew(case, &people),
        None => Form::open(kind, case, &people),
    };
    // What was said before is not about this.
    model.toast = None;
    model.overlay = form.map(|form| Overlay::Form(Box::new(form)));
}

/// The form is to be sent.
pub fn send(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let Some(me) = &model.desks.of(form.case()).me else { return };
    let case = model.queue.case(form.case()).unwrap_or(&form.base).clone();
    let Some(action) = form.action(&me.actor, &case) else { return };
    let mut form = (**form).clone();
    form.refused = false;
    model.overlay = None;
    let flight = Flight {
        case: form.case().clone(),
        revision: form.revision(),
        phase: phase(form.kind, now),
        action,
        form: Some(form),
    };
    model.acts.start(flight, effects);
}

/// The form is left; what was written in it is kept.
pub fn leave(model: &mut Model, now: DateTime<Utc>) {
    let Some(Overlay::Form(form)) = model.overlay.take() else { return };
    if form.is_blank() {
        return;
    }
    let key = words::key(model, words::key_action(form.kind));
    model.say(
        format!("The draft is kept: {key} on {} opens it again", form.case()),
        Tone::Plain,
        now,
    );
    model.acts.keep_draft(*form);
}

/// Takes back what is held; without anything held, takes back taking or releasing the selected case.
pub fn undo(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let selected = model.queue.selected().map(|case| case.id.clone());
    if let Some(flight) = model.acts.undo(selected.as_ref()) {
        let id = flight.case.clone();
        let said = if let Some(form) = flight.form {
            let key = words::key(model, words::key_action(form.kind));
            model.acts.keep_draft(form);
            format!("Not sent: the text is kept, {key} on {id} opens it again")
        } else {
            format!("Not sent: no response went out on {id}")
        };
        return model.say(said, Tone::Plain, now);
    }
    match (&model.undoable, &selected) {
        (Some((id, kind)), Some(selected)) if id == selected => {
            let opposite = match kind {
                ActionKind::Take => ActionKind::Release,
                _ => ActionKind::Take,
            };
            model.undoable = None;
            begin(model, opposite, now, effects);
        }
        _ => refuse(model, "Nothing is held that could be undone.", now),
    }
}

/// Sends what is held without waiting for its time.
pub fn send_held(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if model.acts.send_held(now, true, effects) == 0 {
        refuse(model, "Nothing is held; what you order is on its way or done.", now);
    }
}

/// The desk has done the act.
pub fn done(model: &mut Model, act: ActId, case: Case, now: DateTime<Utc>) {
    let kind = model.acts.ended(act).map(|flight| flight.kind());
    let source = if kind == Some(ActionKind::Reopen) { Source::Reopened } else { Source::Answer };
    if let Some(kind) = kind {
        model.say(words::done(&model.desks, kind, &case), Tone::Good, now);
        match kind {
            ActionKind::Close => model.closed = Some(case.clone()),
            ActionKind::Reopen => model.closed = None,
            ActionKind::Take | ActionKind::Release => {
                model.undoable = Some((case.id.clone(), kind));
            }
            _ => {}
        }
    }
    model.queue.keep(&case.id);
    model.with_queue(now, |queue, at| queue.put(case, source, false, at));
    if kind.is_some() {
        // That it left the list has been said by what was done.
        model.queue.take_left();
    }
}

/// The act was not done.
pub fn failed(model: &mut Model, act: ActId, failure: ActFailure, now: DateTime<Utc>) {
    let Some(flight) = model.acts.ended(act) else { return };
    let kind = flight.kind();
    let mut sentence = failure.sentence;
    if let Some(current) = failure.current.as_deref() {
        if let Some(form) = &flight.form {
            let send = words::key(model, crate::input::Action::Send);
            let what = words::changes(&form.base, current);
            sentence = format!("changed meanwhile: {what}; {send} sends it all the same").into();
        }
        let current = current.clone();
        model.with_queue(now, |queue, at| queue.put(current, Source::Answer, false, at));
    }
    let id = model.desks.named_case(&flight.case);
    let said = format!("Could not {} {id}: {}", kind.verb(), sentence.cell(SENTENCE));
    let Some(mut form) = flight.form else { return refuse(model, said, now) };
    form.refused = true;
    form.error = Some(sentence);
    for (name, message) in &failure.fields {
        form.mark_if_known(name, message);
    }
    if let Some(current) = failure.current {
        form.base = *current;
    }
    // Whoever writes or answers something else is not interrupted: it waits at its row.
    if model.overlay.is_none() && model.filtering.is_none() {
        model.overlay = Some(Overlay::Form(Box::new(form)));
    } else {
        let key = words::key(model, words::key_action(kind));
        model.acts.keep_draft(form);
        refuse(model, format!("{said} ({key} on {} opens it again)", flight.case), now);
    }
}
