//! What changed under a form, or under an act that waited: who did what, and field by field how it was and
//! how it is.

use crate::app::form::{About, Form};
use crate::app::model::Model;
use crate::app::view::{Line, Span, Tone};
use crate::app::words;
use crate::domain::outbox::{Entry, State};
use crate::domain::{Case, TimelineKind, Untrusted};
use crate::sla::reading;

/// Columns of a name, and of a value.
const NAME: usize = 40;
/// Columns of a field's name.
const FIELD: usize = 12;

/// Above the preview of a form: what happened to the case meanwhile.
pub fn happened(model: &Model, form: &Form) -> Vec<Line> {
    let error = |text: String| vec![Span::new(Tone::Error, Untrusted::new(text).cell(300))];
    let mut lines = Vec::new();
    if let Some(about) = form.about.as_ref().filter(|about| about.asked.is_some()) {
        lines.extend(versions(model, form, about));
    }
    let id = form.case();
    if form.gone {
        lines.push(error(format!(
            "{id} left the list meanwhile: closed, or no longer yours to see."
        )));
        return lines;
    }
    // The case went on while the form was open: better known before sending than by a refusal.
    let queued = model.queue.case(id);
    let latest = form.latest.as_deref();
    let newest = queued.into_iter().chain(latest).max_by_key(|case| case.revision);
    let Some(current) = newest.filter(|case| case.revision > form.base.revision) else {
        return lines;
    };
    if current.is_closed() {
        lines.push(error(match closed_by(model, current) {
            Some(who) => format!("{id} was closed by {who} meanwhile."),
            None => format!("{id} was closed meanwhile."),
        }));
        return lines;
    }
    let me = model.desks.of(id).me.as_ref().map(|me| &me.actor.id);
    let holder = |case: &Case| case.assignee.as_ref().map(|person| person.id.clone());
    if holder(&form.base) != holder(current) && current.assignee.as_ref().map(|p| &p.id) != me {
        lines.push(error(match &current.assignee {
            Some(person) => format!("{id} was taken by {} meanwhile.", person.name.cell(NAME)),
            None => format!("{id} was released meanwhile."),
        }));
    }
    let what = words::changes(&form.base, current);
    let by = by(model, current).map(|who| format!(", by {who}")).unwrap_or_default();
    lines.push(error(format!("Changed since you opened this: {what}{by}")));
    lines
}

/// Both versions beside each other.
fn versions(model: &Model, form: &Form, about: &About) -> Vec<Line> {
    let plain = |text: String| vec![Span::new(Tone::Plain, Untrusted::new(text).cell(300))];
    let now = &form.base;
    let Some(was) = about.was.as_deref() else {
        let with = words::holder(now.assignee.as_ref());
        return vec![plain(format!(
            "As it is now: {}, {}, {}, with {with}",
            now.severity, now.tier, now.state
        ))];
    };
    let mut fields = words::differences(was, now);
    let policy = &model.desks.of(&now.id).policy;
    let due = |case: &Case| {
        let clock = reading::leading(case, case.updated_at);
        clock
            .and_then(|clock| reading::due_text(clock, policy))
            .unwrap_or_else(|| "none".to_owned())
    };
    if due(was) != due(now) {
        fields.push(("due", due(was), due(now)));
    }
    if was.revision != now.revision {
        let to = match by(model, now) {
            Some(who) => format!("{}, by {who}", now.revision),
            None => now.revision.to_string(),
        };
        fields.push(("revision", was.revision.to_string(), to));
    }
    if fields.is_empty() {
        return vec![plain("The case is as it was when this was ordered.".to_owned())];
    }
    let field = |(what, was, now): (&str, String, String)| {
        vec![
            Span::new(Tone::Dim, format!("{what:<FIELD$}")),
            Span::new(Tone::Plain, format!("{was} → ")),
            Span::new(Tone::Strong, now),
        ]
    };
    fields.into_iter().map(field).collect()
}

/// The same in a sentence; None where it cannot be told.
pub fn changed_in_words(entry: &Entry) -> Option<String> {
    let State::Asked(question) = &entry.state else { return None };
    let current = question.current.as_ref()?;
    Some(words::changes(entry.base.as_deref()?, current))
}

fn closed_by(model: &Model, case: &Case) -> Option<String> {
    let detail = model.details.get(&case.id)?;
    Some(detail.resolution.as_ref()?.by.name.cell(NAME))
}

/// Who did what made that revision, where the whole case is known and somebody did it.
fn by(model: &Model, case: &Case) -> Option<String> {
    let detail = model.details.get(&case.id).filter(|d| d.case.revision == case.revision)?;
    let last = detail.timeline.last()?;
    let is_theirs = !matches!(
        last.kind,
        TimelineKind::Reported | TimelineKind::Mail | TimelineKind::PolicyChange
    );
    is_theirs.then(|| last.actor.name.cell(NAME))
}
