//! Acts, from the key to the outbox and to their end: begun on the case under the cursor, asked for words
//! where they need some, given to the outbox, taken back, done. What the desk asks or refuses: `answer`.

use chrono::{DateTime, TimeDelta, Utc};

use super::acts::Ordered;
use super::answer;
use super::asks::For;
use super::bulk;
use super::drafts::{Drafts, Kept};
use super::form::{Entry, Form, Written, fields_of};
use super::model::{Model, Overlay};
use super::msg::{ActFailure, ActId, Effect};
use super::next;
use super::queue::Source;
use super::update::refuse;
use super::view::Tone;
use super::visiting;
use super::words;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::rules::{self, Standing};
use crate::domain::{Action, ActionKind, Case, CaseId, Untrusted};

/// Columns of a sentence in the footer.
const SENTENCE: usize = 300;

/// What comes up by itself takes no answer for so long: the key was meant for what stood there before.
const UNSEEN: TimeDelta = TimeDelta::milliseconds(700);

/// Why an act on a case cannot be begun; None: it can.
pub fn refusal(model: &Model, case: &Case, kind: ActionKind) -> Option<String> {
    let Some(me) = &model.desks.of(&case.id).me else {
        return Some("The desk has not said yet who you are.".to_owned());
    };
    rules::available(&me.actor, &Standing::from(case), kind).err().map(|r| r.to_string())
}

/// The case that an act would be done to.
pub fn object(model: &Model, kind: ActionKind) -> Option<&Case> {
    // A closed case stands in no list, so that the one I closed last is the one to reopen, unless a closed one
    // is looked at. The form names it.
    let shown = model.case();
    if kind == ActionKind::Reopen {
        shown.filter(|case| case.is_closed()).or(model.closed.as_ref())
    } else {
        shown
    }
}

/// What to say where there is no such case.
pub fn no_object(model: &Model, kind: ActionKind) -> String {
    if kind == ActionKind::Reopen {
        "You have closed no case since the desk was opened; open the closed one to reopen it."
            .to_owned()
    } else {
        visiting::no_case(model)
    }
}

/// A key asked for an act.
pub fn begin(model: &mut Model, kind: ActionKind, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if bulk::is_meant(model, kind) {
        return bulk::begin(model, kind, now, effects);
    }
    let Some(case) = object(model, kind).cloned() else {
        return refuse(model, no_object(model, kind), now);
    };
    begin_on(model, kind, &case, now, effects);
}

/// The same on a case that was named.
pub fn begin_on(
    model: &mut Model,
    kind: ActionKind,
    case: &Case,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    // What waits for an answer is answered, whatever the rules say of doing it anew.
    if let Some(flight) = model.acts.waiting(&case.id, kind) {
        let (act, anew) = (flight.act, flight.is_refused());
        if !anew || fields_of(flight.action).is_some() {
            return answer::open(model, act, now, effects);
        }
    }
    if let Some(sentence) = refusal(model, case, kind) {
        let sentence = Untrusted::new(sentence).cell(SENTENCE);
        return refuse(model, format!("{}: {sentence}", case.id), now);
    }
    match kind {
        ActionKind::Respond => direct(model, case, Action::Respond { text: None }, now, effects),
        ActionKind::Take => direct(model, case, Action::Take {}, now, effects),
        ActionKind::Release => direct(model, case, Action::Release {}, now, effects),
        _ => open(model, kind, case, effects),
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
    let kind = action.kind();
    if model.acts.is_under_way(&case.id, kind) {
        let undo = words::key(model, crate::input::Action::Undo);
        let held = model.acts.undoable(Some(&case.id)).filter(|flight| *flight.case == case.id);
        let sentence = match held {
            Some(flight) if flight.kind() == kind => {
                format!("{} is held already; {undo} undoes it.", case.id)
            }
            _ => format!("{}: this is on its way already.", case.id),
        };
        return refuse(model, sentence, now);
    }
    let replaces = model.acts.waiting(&case.id, kind).map(|flight| flight.act);
    let ordered = Ordered {
        case: case.id.clone(),
        base: Some(Box::new(case.clone())),
        // The rules on the desk guard these acts (see `Form::revision`).
        revision: None,
        action,
        replaces,
        draft: None,
        form: None,
    };
    model.acts.order(ordered, effects);
}

/// Opens the form of an act, with the draft that was left in it.
pub fn open(model: &mut Model, kind: ActionKind, case: &Case, effects: &mut Vec<Effect>) {
    // What it will do to the clocks is worked out from the whole case, and one that is not under the cursor
    // is not asked for by itself.
    let known = model.details.revision(&case.id);
    if kind == ActionKind::Reopen && known != Some(case.revision) {
        effects.push(Effect::FetchCase { id: case.id.clone(), known });
    }
    let form = match model.drafts.take(&case.id, kind) {
        Some(draft) => drafted(model, draft, case),
        None => Form::open(kind, case, &people(model, kind, case)),
    };
    if let Some(form) = form {
        show(model, form, effects);
    }
}

/// Puts a form over the desk, and asks for what it needs to know.
pub fn show(model: &mut Model, mut form: Form, effects: &mut Vec<Effect>) {
    let desk = model.desks.of(form.case());
    if let Some(me) = &desk.me {
        form.suit(&me.actor);
    }
    let no = desk.no;
    if form.fields.iter().any(|field| matches!(field.entry, Entry::Pick(_))) {
        model.asks.ask(no, For::Form, Ask::Corrections, effects);
    }
    // What was said before is not about this.
    model.toast = None;
    model.overlay = Some(Overlay::Form(Box::new(form)));
}

/// The corrections have come for the form that is open, or do not come.
pub fn corrections_came(model: &mut Model, answer: &Result<Answer, Unanswered>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let picks = form.fields.iter_mut().filter_map(|field| match &mut field.entry {
        Entry::Pick(pick) => Some(pick),
        _ => None,
    });
    for pick in picks {
        match answer {
            Ok(Answer::Corrections(corrections)) => pick.came(corrections),
            Ok(_) => {}
            Err(no) => {
                pick.note = Untrusted::new(format!("no list, type the id: {}", no.why.raw()));
            }
        }
    }
}

/// Whom a case could be given to.
pub fn people(model: &Model, kind: ActionKind, case: &Case) -> Vec<crate::domain::Person> {
    if kind == ActionKind::Assign { model.queue.colleagues(case) } else { Vec::new() }
}

/// The form of a draft, on the case as it is now.
pub fn drafted(model: &mut Model, draft: Kept, case: &Case) -> Option<Form> {
    let written = draft.words.as_deref()?;
    let mut form = written.form(case, &people(model, written.kind, case))?;
    form.draft = Some(draft.id);
    Some(form)
}

/// Whether something came up by itself so lately that a key cannot have been meant for it.
pub fn is_unseen(came: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    came.is_some_and(|came| now < came + UNSEEN)
}

/// The form is to be sent.
pub fn send(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let Some(me) = &model.desks.of(form.case()).me else { return };
    if is_unseen(form.came, now) {
        return;
    }
    if form.skips {
        return next::skipped(model, now, effects);
    }
    if !form.others.is_empty() {
        return bulk::send(model, now, effects);
    }
    let known = model.queue.case(form.case()).or(form.latest.as_deref());
    let case = known.unwrap_or(&form.base).clone();
    let Some(action) = form.action(&me.actor, &case) else { return };
    let Some(Overlay::Form(mut form)) = model.overlay.take() else { return };
    match form.about.clone() {
        Some(about) if about.asked.is_some() && form.is_as_ordered() => {
            effects.push(Effect::StillSend(about.act));
            Drafts::drop_of(&mut form, effects);
        }
        about => {
            let ordered = Ordered {
                case: form.case().clone(),
                base: Some(Box::new(form.base.clone())),
                revision: form.revision(),
                action,
                replaces: about.map(|about| about.act),
                draft: form.draft.clone(),
                form: Some(form),
            };
            model.acts.order(ordered, effects);
        }
    }
}

/// The form is left; what was written in it is kept.
pub fn leave(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = model.overlay.take() else { return };
    let key = words::key(model, words::key_action(form.kind));
    let (id, about) = (form.case().clone(), form.about.is_some());
    if put_away(model, *form, now, effects) {
        model.say(format!("The draft is kept: {key} on {id} opens it again"), Tone::Plain, now);
    } else if about {
        model.say(format!("It waits for you: {key} on {id} opens it again"), Tone::Plain, now);
    }
}

/// A form is no longer on the screen. Answers whether a draft of it was kept.
pub fn put_away(
    model: &mut Model,
    mut form: Form,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) -> bool {
    if !form.is_worth_keeping() {
        Drafts::drop_of(&mut form, effects);
        return false;
    }
    if form.unkept.is_some() || form.draft.is_none() {
        model.drafts.keep(&mut form, now, effects);
    }
    if let Some(id) = form.draft.clone() {
        let words = Some(Box::new(form.written()));
        model.drafts.put(Kept { id, case: form.case().clone(), words });
    }
    true
}

/// Takes back what was not sent; without anything such, takes back taking or releasing the selected case.
pub fn undo(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let selected = model.case_id().cloned();
    undo_of(model, selected.as_ref(), now, effects);
}

/// The same with a case that was named as the selected one.
pub fn undo_of(
    model: &mut Model,
    selected: Option<&CaseId>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if let Some(act) = model.acts.undoable(selected).map(|flight| flight.act) {
        if !bulk::undo_with(model, act, now, effects) {
            take_back(model, act, now, effects);
        }
        return;
    }
    match (&model.undoable, selected) {
        (Some((id, kind)), Some(selected)) if id == selected => {
            let opposite = match kind {
                ActionKind::Take => ActionKind::Release,
                _ => ActionKind::Take,
            };
            model.undoable = None;
            match model.queue.case(selected).or(model.case()).cloned() {
                Some(case) if case.id == *selected => {
                    begin_on(model, opposite, &case, now, effects);
                }
                _ => begin(model, opposite, now, effects),
            }
        }
        _ => refuse(model, "Nothing is held that could be undone.", now),
    }
}

/// Asks the outbox to take an act back. Its words are a draft before they leave the outbox.
pub fn take_back(model: &mut Model, act: ActId, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if model.acts.is_being_undone(act) {
        return;
    }
    let Some(flight) = model.acts.get(act) else { return };
    let (case, fields) = (flight.case.clone(), fields_of(flight.action));
    let seen = flight.entry().and_then(|entry| entry.base.as_deref());
    let base = seen.or_else(|| model.queue.case(&case)).cloned();
    let kind = flight.kind();
    let draft = match (fields, base) {
        (Some(fields), Some(base)) => {
            let words = Written { kind, base, instead_of: None, fields, focus: 0 };
            Some(model.drafts.keep_words(&case, words, now, effects))
        }
        (Some(_), None) => {
            return refuse(
                model,
                format!("{case} is not known here; its words would be lost."),
                now,
            );
        }
        (None, _) => None,
    };
    model.acts.undo(act, draft);
    effects.push(Effect::Undo(act));
}

/// The outbox has taken an act back.
pub fn undone(model: &mut Model, act: ActId, now: DateTime<Utc>) {
    let draft = model.acts.undone(act);
    let Some((id, action)) = model.acts.ended(act) else { return };
    if bulk::undone(model, act) {
        return;
    }
    let kind = action.kind();
    let said = match (draft, kind) {
        (Some(_), kind) => {
            let key = words::key(model, words::key_action(kind));
            format!("Not sent: the text is kept, {key} on {id} opens it again")
        }
        (None, ActionKind::Respond) => format!("Not sent: no response went out on {id}"),
        (None, kind) => format!("Not sent: {} {id}", kind.verb()),
    };
    model.say(said, Tone::Plain, now);
}

/// What was to be taken back has been sent: its words are no draft.
pub fn too_late(model: &mut Model, act: ActId, case: &CaseId, effects: &mut Vec<Effect>) -> bool {
    if !model.acts.is_being_undone(act) {
        return false;
    }
    if let Some(id) = model.acts.undone(act)
        && model.drafts.take_id(case, &id).is_some()
    {
        effects.push(Effect::DropDraft { case: case.clone(), id });
    }
    true
}

/// Sends what is held without waiting for its time.
pub fn send_held(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let held = model.acts.held();
    if held.is_empty() {
        refuse(model, "Nothing is held; what you order is on its way or done.", now);
    }
    effects.extend(held.into_iter().map(Effect::SendNow));
}

/// The desk has done the act.
pub fn done(
    model: &mut Model,
    act: ActId,
    case: Case,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let was_late = too_late(model, act, &case.id, effects);
    let kind = model.acts.ended(act).map(|(_, action)| action.kind());
    let source = if kind == Some(ActionKind::Reopen) { Source::Reopened } else { Source::Answer };
    let is_reported = bulk::done(model, act);
    if let Some(kind) = kind {
        let done = words::done(model, kind, &case);
        if is_reported {
            // The report says it.
        } else if was_late {
            model.say(format!("Too late to undo. {done}"), Tone::Error, now);
        } else {
            model.say(done, Tone::Good, now);
        }
        match kind {
            ActionKind::Close => model.closed = Some(case.clone()),
            ActionKind::Reopen => model.closed = None,
            ActionKind::Take | ActionKind::Release => {
                model.undoable = Some((case.id.clone(), kind));
            }
            _ => {}
        }
    }
    if let Some(kind) = kind {
        next::done(model, kind, &case, now);
    }
    model.queue.keep(&case.id);
    model.with_queue(now, |queue, at| queue.put(case, source, false, at));
    if kind.is_some() {
        // That it left the list has been said by what was done.
        if let Some(left) = model.queue.take_left() {
            model.slipped = Some((left.id, now));
        }
    }
}

/// The act could not be kept on this machine, and was not sent.
pub fn not_kept(
    model: &mut Model,
    act: ActId,
    failure: &ActFailure,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    if !model.acts.is_saving(act) {
        return;
    }
    if bulk::not_kept(model, act, failure, now, effects) {
        model.acts.not_kept(act);
        return;
    }
    let said = failure.sentence.cell(SENTENCE);
    let Some(mut form) = model.acts.not_kept(act) else { return refuse(model, said, now) };
    form.touched(now);
    if model.is_free() {
        form.error = Some(failure.sentence.clone());
        form.came = Some(now);
        model.overlay = Some(Overlay::Form(form));
    } else {
        let (id, key) = (form.case().clone(), words::key(model, words::key_action(form.kind)));
        put_away(model, *form, now, effects);
        refuse(model, format!("{said} ({key} on {id} opens it again)"), now);
    }
}
