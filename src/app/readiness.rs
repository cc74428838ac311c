//! The gate before 2nd level: it warns and never blocks, and turns what is missing into a request for
//! information with one key.

use chrono::{DateTime, Utc};

use super::form::{Entry, Form};
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::order;
use super::view::Tone;
use super::words;
use crate::domain::readiness::{Need, readiness};
use crate::domain::{ActionKind, InfoItem, Tier, Untrusted};

/// Whether the form is one that has the gate.
pub fn is_gate(form: &Form) -> bool {
    form.kind == ActionKind::Escalate && form.to == Tier::Second
}

/// What 2nd level needs of the form's case; None: the whole case is not known.
pub fn needs(model: &Model, form: &Form) -> Option<Vec<Need>> {
    let detail = model.details.get(form.case())?;
    Some(readiness(detail, &form.text("reason")))
}

/// Why nobody can ask the customer; None: they can.
pub fn refusal(model: &Model, form: &Form) -> Option<String> {
    let case = model.queue.case(form.case()).unwrap_or(&form.base);
    order::refusal(model, case, ActionKind::RequestInfo)
}

/// Opens the request for what is missing; the escalation's words are kept.
pub fn ask(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &model.overlay else { return };
    if !is_gate(form) {
        return;
    }
    let (id, missing) = (form.case().clone(), needs(model, form).map(missing));
    let cannot = match &missing {
        None => {
            Some("The whole case has not come yet, so that it is not known what is missing.".into())
        }
        Some(missing) if missing.is_empty() => {
            Some("Nothing is missing that could be asked for.".into())
        }
        Some(_) => refusal(model, form),
    };
    let case = model.queue.case(&id).unwrap_or(&form.base).clone();
    if let (Some(sentence), Some(Overlay::Form(form))) = (&cannot, &mut model.overlay) {
        form.error = Some(Untrusted::new(sentence.clone()));
        return;
    }
    let Some(missing) = missing else { return };
    let Some(Overlay::Form(escalation)) = model.overlay.take() else { return };
    let kept = order::put_away(model, *escalation, now, effects);
    order::open(model, ActionKind::RequestInfo, &case, effects);
    if let Some(Overlay::Form(request)) = &mut model.overlay {
        let was_blank = request.is_blank();
        check(request, &missing);
        if was_blank {
            write(request, &missing);
            request.begin_here();
        } else {
            request.touched(now);
        }
    }
    if kept {
        let key = words::key(model, crate::input::Action::Escalate);
        model.say(
            format!("The escalation is kept: {key} on {id} opens it again"),
            Tone::Plain,
            now,
        );
    }
}

fn missing(needs: Vec<Need>) -> Vec<InfoItem> {
    needs.into_iter().filter(|need| need.found.is_none()).map(|need| need.item).collect()
}

fn check(request: &mut Form, items: &[InfoItem]) {
    if let Some(field) = request.field_mut("items")
        && let Entry::Many { options, checked, .. } = &mut field.entry
    {
        for (option, on) in options.iter().zip(checked) {
            *on |= items.iter().any(|item| item.word() == option.word);
        }
    }
}

/// A text for the customer. The letter lists the items themselves below it.
fn write(request: &mut Form, items: &[InfoItem]) {
    let mut text = "To find the cause, our 2nd level needs a little more from you:\n".to_owned();
    for item in items {
        text.push_str("\n- ");
        text.push_str(item.request());
    }
    if let Some(field) = request.field_mut("text") {
        field.replace(&text);
    }
}
