//! What the desk asks about an act or refuses of it: told, shown with every word and with what changed, and
//! answered.

use chrono::{DateTime, Utc};

use super::bulk;
use super::form::Form;
use super::model::{Model, Overlay, Sure};
use super::msg::{ActId, Effect};
use super::order;
use super::queue::Source;
use super::update::refuse;
use super::view::Tone;
use super::visiting;
use super::words;
use crate::domain::outbox::{Entry, Outbox, State, Why};
use crate::domain::{Case, DeskNo};

/// Columns of a sentence in the footer.
const SENTENCE: usize = 300;

/// What a desk's outbox holds has come.
pub fn came(
    model: &mut Model,
    desk: DeskNo,
    outbox: Outbox,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let damaged = model.acts.damaged().filter(|(of, _)| *of == desk).count();
    let set_aside = outbox.damaged.len();
    let news = model.acts.came(desk, outbox);
    for act in news.too_late {
        if let Some((case, kind)) = model.acts.get(act).map(|f| (f.case.clone(), f.kind())) {
            order::too_late(model, act, &case, effects);
            if bulk::is_of(model, act) {
                continue;
            }
            refuse(model, format!("Too late to undo: {} {case} is on its way.", kind.verb()), now);
        }
    }
    mind_form(model, now);
    for act in &news.for_me {
        put_current(model, *act, now);
    }
    let key = words::key(model, crate::input::Action::Outbox);
    if set_aside > damaged {
        let acts = words::counted(set_aside - damaged, "act was damaged", "acts were damaged");
        refuse(model, format!("{acts} on the disk and set aside: {key} shows what is left."), now);
    }
    if news.first {
        // Of an earlier run: nobody has just ordered it, so that nothing comes up by itself.
        if !news.for_me.is_empty() {
            let count = news.for_me.len();
            let wait = words::counted(count, "act waits", "acts wait");
            let them = if count == 1 { "it" } else { "them" };
            model.say(format!("{wait} for your answer: {key} shows {them}"), Tone::Error, now);
        }
        return;
    }
    for act in news.for_me {
        tell(model, act, now, effects);
    }
}

/// The entry that the open form answers may have been answered elsewhere.
fn mind_form(model: &mut Model, now: DateTime<Utc>) {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let Some(about) = &form.about else { return };
    if model.acts.get(about.act).is_some_and(|flight| flight.waits_for_me()) {
        return;
    }
    form.about = None;
    form.came = Some(now);
    form.error =
        Some("It was sent or discarded elsewhere meanwhile; this would be a new one.".into());
    form.touched(now);
}

/// How the case stands now is news to the queue as well.
fn put_current(model: &mut Model, act: ActId, now: DateTime<Utc>) {
    let current = model.acts.get(act).and_then(|flight| match &flight.entry()?.state {
        State::Asked(question) => question.current.clone(),
        State::Refused(failure) => failure.current.as_deref().cloned(),
        _ => None,
    });
    if let Some(case) = current {
        model.with_queue(now, |queue, at| queue.put(case, Source::Answer, false, at));
    }
}

/// Says that an act waits for the person, and brings it up where nobody is writing.
fn tell(model: &mut Model, act: ActId, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if bulk::is_of(model, act) {
        return;
    }
    let Some(flight) = model.acts.get(act) else { return };
    let Some(entry) = flight.entry().cloned() else { return };
    let kind = flight.kind();
    let said = match &entry.state {
        State::Refused(failure) => {
            let sentence = failure.sentence.cell(SENTENCE);
            words::at_desk(&model.desks, model.desks.get(act.desk), sentence)
        }
        _ => question(&entry, model.desks.get(act.desk).time(now)),
    };
    let has_form = super::form::fields_of(&entry.action).is_some();
    if model.is_free() && (has_form || matches!(entry.state, State::Asked(_))) {
        open(model, act, now, effects);
        match &mut model.overlay {
            Some(Overlay::Form(form)) => form.came = Some(now),
            Some(Overlay::Sure { came, .. }) => *came = Some(now),
            _ => {}
        }
        if model.overlay.is_some() {
            return;
        }
    }
    // Whoever writes or answers something else is not interrupted: it waits at its row.
    let said = if has_form {
        let key = words::key(model, words::key_action(kind));
        format!("{said} ({key} on {} opens it again)", entry.case)
    } else {
        let key = words::key(model, crate::input::Action::Outbox);
        format!("{said} ({key} shows it)")
    };
    refuse(model, said, now);
}

/// "C-10412 changed meanwhile: still send?"; `now` is the desk's time.
pub fn question(entry: &Entry, now: DateTime<Utc>) -> String {
    match &entry.state {
        State::Asked(asked) => asked_text(asked.why, &entry.case, entry.queued_at, now),
        _ => String::new(),
    }
}

/// The same of what a form knows.
pub fn asked_text(
    why: Why,
    case: &crate::domain::CaseId,
    queued_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> String {
    match why {
        Why::Changed => format!("{case} changed meanwhile: still send?"),
        Why::Waited => {
            let (_, age) = super::age::text((now - queued_at).num_seconds().max(0));
            format!("{case} waited {age}: still send?")
        }
    }
}

/// Opens what waits for the person: its form with every word, or a question where it has none.
pub fn open(model: &mut Model, act: ActId, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(entry) = model.acts.get(act).and_then(|flight| flight.entry()).cloned() else {
        return refuse(model, "It is no longer in the outbox.", now);
    };
    let known = model.queue.case(&entry.case).cloned();
    let people = match &known {
        Some(case) => order::people(model, entry.action.kind(), case),
        None => Vec::new(),
    };
    model.toast = None;
    if let Some(mut form) = Form::again(act, &entry, known.as_ref(), &people) {
        if let Some(draft) = model.drafts.take_about(&entry.case, entry.key) {
            if let Some(words) = &draft.words {
                form.fill(&words.fields);
            }
            form.draft = Some(draft.id);
        }
        ask_who(model, &form.base, effects);
        order::show(model, form, effects);
    } else if matches!(entry.state, State::Asked(_)) {
        model.overlay = Some(Overlay::Sure { what: Sure::StillSend(act), came: None });
    } else {
        let key = words::key(model, crate::input::Action::Outbox);
        refuse(model, format!("It can be sent again or discarded in the outbox: {key}"), now);
    }
}

/// Who changed a case stands in its timeline.
fn ask_who(model: &Model, case: &Case, effects: &mut Vec<Effect>) {
    let known = model.details.revision(&case.id);
    if known.is_none_or(|known| known < case.revision) {
        effects.push(Effect::FetchCase { id: case.id.clone(), known });
    }
}

/// Sends what waits for the person as it was ordered.
pub fn send_as_it_is(model: &mut Model, act: ActId, effects: &mut Vec<Effect>) {
    let Some(entry) = model.acts.get(act).and_then(|flight| flight.entry()).cloned() else {
        return;
    };
    match &entry.state {
        State::Asked(_) => effects.push(Effect::StillSend(act)),
        State::Refused(failure) => {
            let seen = failure.current.as_deref().or_else(|| model.queue.case(&entry.case));
            let base = seen.or(entry.base.as_deref()).cloned();
            let bound = super::form::bound(entry.action.kind());
            let ordered = super::acts::Ordered {
                case: entry.case.clone(),
                revision: base.as_ref().map(|case| case.revision).filter(|_| bound),
                base: base.map(Box::new),
                action: entry.action,
                replaces: Some(act),
                draft: None,
                form: None,
            };
            model.acts.order(ordered, effects);
        }
        _ => return,
    }
    if let Some(draft) = model.drafts.take_about(&entry.case, entry.key) {
        effects.push(Effect::DropDraft { case: entry.case, id: draft.id });
    }
}

/// A case is told as it is now. Where it is the one under the open form, it is shown there at once, with who
/// did it.
pub fn watch(model: &mut Model, case: &Case, effects: &mut Vec<Effect>) {
    visiting::watch(model, case);
    let Some(Overlay::Form(form)) = &mut model.overlay else { return };
    let seen = form.latest.as_ref().map_or(form.base.revision, |latest| latest.revision);
    if *form.case() != case.id || case.revision <= seen {
        return;
    }
    form.latest = Some(Box::new(case.clone()));
    form.gone = false;
    ask_who(model, case, effects);
}

/// Whether the case under the open form is in the list.
pub fn has_form_case(model: &Model) -> bool {
    match &model.overlay {
        Some(Overlay::Form(form)) => model.queue.case(form.case()).is_some(),
        _ => false,
    }
}

/// The case under the open form was in the list and is no longer.
pub fn form_case_left(model: &mut Model) {
    if let Some(Overlay::Form(form)) = &mut model.overlay {
        let is_closed = form.latest.as_ref().is_some_and(|latest| latest.is_closed());
        form.gone = !is_closed;
    }
}
