//! A form as it is shown: its fields, what there is to know for what is chosen, and what sending it will do.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Wake, bulk, hints, picker, question, readiness};
use crate::app::acts::HOLD;
use crate::app::answer;
use crate::app::form::{self, Form, mails};
use crate::app::model::Model;
use crate::app::msg::Whoami;
use crate::app::view::{Audience, FieldKind, FieldView, FormView, Hint, Line, Span, Tone};
use crate::app::words;
use crate::domain::rules::{self, Change, Refusal, Standing};
use crate::domain::{self, ActionKind, Case, CaseDetail, PhoneFollowUp, Severity, Tier, Untrusted};
use crate::input::{Action, Context};
use crate::sla::policy::Policy;
use crate::sla::preview::{self, NoPreview};
use crate::sla::reading;

/// Columns of a sentence of a preview.
const SENTENCE: usize = 300;
/// Columns of what stands before a fact.
const LABEL: usize = 10;

pub fn form_view(model: &Model, form: &Form, wake: &mut Wake) -> FormView {
    let case = &form.base;
    let audience = match form.kind {
        ActionKind::Reply | ActionKind::RequestInfo | ActionKind::Close => Some(Audience::Customer),
        ActionKind::Note => Some(Audience::Internal),
        _ => None,
    };
    let to = if audience == Some(Audience::Customer) { "to " } else { "" };
    let subtitle = bulk::subtitle(model, form).unwrap_or_else(|| {
        Untrusted::new(format!(
            "{to}{} · {} · {}",
            case.customer.company.raw(),
            case.severity,
            case.tier
        ))
    });
    let fields = field_views(&form.fields, form.focus, |field| form.shows(field));
    let (send, hints) =
        hints(model, Context::Form).partition::<Vec<_>, _>(|(action, _)| *action == Action::Send);
    let send = send.into_iter().next().map(|(_, hint)| hint);
    FormView {
        title: title(model, form),
        subtitle,
        audience,
        fields,
        facts: facts(model, form),
        readiness: readiness::view(model, form),
        preview: preview(model, form, wake),
        error: form.error.clone().or_else(|| asked(model, form, wake)),
        send: send_hint(form, send),
        on_send: form.is_on_button(),
        hints: hints.into_iter().map(|(_, hint)| hint).collect(),
        picker: form.picker.as_ref().map(|p| Box::new(picker::canned(model, form, p, wake))),
    }
}

/// The fields of a form that show.
pub fn field_views(
    fields: &[form::Field],
    focus: usize,
    shows: impl Fn(&form::Field) -> bool,
) -> Vec<FieldView> {
    let shown = fields.iter().enumerate().filter(|(_, field)| shows(field));
    shown.map(|(index, field)| field_view(field, index == focus)).collect()
}

fn field_view(field: &form::Field, focused: bool) -> FieldView {
    let label =
        if field.required { field.label.to_owned() } else { format!("{} (optional)", field.label) };
    let kind = match &field.entry {
        form::Entry::Line(editor) if editor.is_selecting() && focused => {
            FieldKind::Preset { text: editor.lines().join(" ") }
        }
        form::Entry::Line(editor) => {
            FieldKind::Line { text: editor.lines().join(" "), cursor: editor.cursor().1 }
        }
        form::Entry::Text(editor) => {
            let cursor = editor.cursor();
            FieldKind::Text { lines: editor.lines().to_vec(), cursor: (cursor.0, cursor.1) }
        }
        form::Entry::Choice { options, chosen, .. } => FieldKind::Choice {
            options: options.iter().map(|option| option.label.clone()).collect(),
            chosen: *chosen,
        },
        form::Entry::Many { options, checked, at } => {
            let labels = options.iter().map(|option| option.label.clone());
            FieldKind::Many { options: labels.zip(checked.clone()).collect(), at: *at }
        }
        form::Entry::Pick(pick) => FieldKind::Pick {
            text: pick.line.lines().join(" "),
            cursor: pick.line.cursor().1,
            options: pick.found().into_iter().map(|option| option.label.clone()).collect(),
            at: pick.at,
            note: pick.note.clone(),
        },
    };
    FieldView { label, kind, focused, error: field.error.clone() }
}

fn title(model: &Model, form: &Form) -> String {
    let case = model.desks.named_case(&form.base.id);
    match form.others.len() {
        _ if form.skips => format!("Skip {case}"),
        0 => format!("{} {case}", words::title(form.kind)),
        others => words::of_cases(form.kind, others + 1),
    }
}

/// What the desk asks about the act.
fn asked(model: &Model, form: &Form, wake: &Wake) -> Option<Untrusted> {
    let about = form.about.as_ref()?;
    let now = model.desks.of(form.case()).time(wake.now);
    Some(answer::asked_text(about.asked?, form.case(), about.queued_at, now).into())
}

fn send_hint(form: &Form, hint: Option<Hint>) -> Hint {
    let none = || Hint { keys: String::new(), label: "send".to_owned(), enabled: true };
    let mut hint = hint.unwrap_or_else(none);
    if let Some(about) = &form.about {
        let as_ordered = about.asked.is_some() && form.is_as_ordered();
        hint.label.clear();
        hint.label.push_str(if as_ordered { "still send" } else { "send anew" });
    }
    hint
}

/// What there is to know for what is chosen.
fn facts(model: &Model, form: &Form) -> Vec<Line> {
    match form.kind {
        ActionKind::SetSeverity => {
            let severity = form.chosen("severity").and_then(|word| word.parse().ok());
            let policy = &model.desks.of(form.case()).policy;
            severity.map_or_else(Vec::new, |severity| criteria(severity, policy))
        }
        ActionKind::Close => {
            let meaning = form.resolution().map(|kind| fact(kind.label(), kind.meaning()));
            meaning.into_iter().collect()
        }
        ActionKind::Escalate if form.to == Tier::Product => {
            let plans = form.base.severity.release_plans();
            let plans: Vec<&str> = plans.iter().map(|plan| plan.label()).collect();
            let text = format!("{} for a {} case", plans.join(" or "), form.base.severity);
            vec![fact("Plan", &text)]
        }
        _ => Vec::new(),
    }
}

/// When a case is that severe (FAQ: severity criteria), and the targets that it then has.
fn criteria(severity: Severity, policy: &Policy) -> Vec<Line> {
    let row = policy.row(severity);
    let plans: Vec<&str> = severity.release_plans().iter().map(|plan| plan.label()).collect();
    let targets = format!(
        "response {} · 1st level {} · 2nd level {} · {}",
        row.response,
        row.first_level,
        row.second_level,
        plans.join(" or ")
    );
    vec![fact(severity.label(), severity.criteria()), fact("Targets", &targets)]
}

fn fact(label: &str, text: &str) -> Line {
    let label = format!("{label:<LABEL$} ");
    vec![Span::new(Tone::Strong, label), Span::new(Tone::Plain, text)]
}

/// What sending the form will do, as far as it can be told now.
fn preview(model: &Model, form: &Form, wake: &mut Wake) -> Vec<Line> {
    if form.skips {
        return vec![said((Tone::Plain, bulk::SKIPS.to_owned()))];
    }
    if !form.others.is_empty() {
        return bulk::preview(model, form, wake);
    }
    let mut lines = question::happened(model, form);
    lines.extend(foreseen(model, form, wake).into_iter().map(said));
    let me = model.desks.of(form.case()).me.as_ref();
    if me.is_some_and(|me| !me.mail) && writes_to_customer(form.kind) {
        lines.extend(by_hand(model, &form.base).into_iter().map(said));
    } else if mails(form.kind) {
        let undo = words::key(model, Action::Undo);
        lines.push(said((
            Tone::Plain,
            format!(
                "Held for {} s, in which {undo} undoes it; then it is mailed.",
                HOLD.num_seconds()
            ),
        )));
    }
    lines
}

fn said((tone, text): (Tone, String)) -> Line {
    vec![Span::new(tone, Untrusted::new(text).cell(SENTENCE))]
}

/// Whether the desk mails the customer what is written, where it sends mail at all.
const fn writes_to_customer(kind: ActionKind) -> bool {
    matches!(kind, ActionKind::Close) || mails(kind)
}

/// Who must be told by hand, and how they are reached.
fn by_hand(model: &Model, case: &Case) -> Vec<(Tone, String)> {
    let mut said = "This desk sends no mail: ".to_owned();
    said.push_str(&words::tell_by_hand(model, case));
    vec![(Tone::Error, said)]
}

/// What the act does to the clocks and besides, or why it would be refused as it stands. Nothing of the clocks
/// while the whole case is not known as it was when the form was opened.
fn foreseen(model: &Model, form: &Form, wake: &mut Wake) -> Vec<(Tone, String)> {
    let desk = model.desks.of(form.case());
    let (Some(me), Some(action)) = (&desk.me, form.supposed()) else { return Vec::new() };
    let known = model.details.get(form.case()).filter(|d| d.case.revision == form.base.revision);
    let mut lines = known.map_or_else(Vec::new, |detail| {
        wake.at(desk, |wake| foretold(form, me, &desk.policy, (detail, &action), wake))
    });
    if let Ok(changes) = rules::decide(&me.actor, &Standing::from(&form.base), &action) {
        lines.extend(changes.iter().filter_map(|change| besides(&form.base, change)));
    }
    lines
}

/// What becomes of the case besides its clocks, where nothing else in the form says it.
pub fn besides(case: &Case, change: &Change) -> Option<(Tone, String)> {
    let text = match change {
        Change::PhoneFollowUpSet(Some(PhoneFollowUp::Due)) => {
            "Critical: a phone call to 1st level will be due.".to_owned()
        }
        Change::PhoneFollowUpSet(Some(PhoneFollowUp::Done)) => {
            "The phone follow-up is done with it.".to_owned()
        }
        Change::PhoneFollowUpSet(None) => "No phone call is due any more.".to_owned(),
        Change::WorkaroundRecorded
            if !case.workaround && case.severity.lowered() != case.severity =>
        {
            format!("Severity: {} → {}.", case.severity, case.severity.lowered())
        }
        _ => return None,
    };
    Some((Tone::Plain, text))
}

fn foretold(
    form: &Form,
    me: &Whoami,
    policy: &Policy,
    (detail, action): (&CaseDetail, &domain::Action),
    wake: &mut Wake,
) -> Vec<(Tone, String)> {
    match preview::preview(&me.actor, detail, action, wake.now, policy) {
        Ok(preview) => {
            watch(&preview, policy, wake);
            let said = preview.sentences(&detail.case, policy).into_iter();
            said.map(|sentence| (Tone::Plain, sentence)).collect()
        }
        // What is only not written yet is told when it is sent.
        Err(NoPreview::NotTold | NoPreview::Refused(Refusal::Invalid { .. })) => Vec::new(),
        Err(NoPreview::Refused(_)) if form.is_blank() => Vec::new(),
        Err(NoPreview::Refused(refusal)) => {
            vec![(Tone::Error, format!("Would be refused: {refusal}"))]
        }
    }
}

/// A preview reads differently as the clocks do.
pub fn watch(preview: &preview::Preview, policy: &Policy, wake: &mut Wake) {
    for clock in preview.before.iter().chain(&preview.after) {
        wake.by(reading::read(clock, policy, wake.now).next_change);
        // What would start or resume now is due later the longer that waits.
        let due = clock.due_at.filter(|_| !preview.before.contains(clock));
        let minute = |due: DateTime<Utc>| 60 - due.timestamp().rem_euclid(60);
        wake.by(due.map(|due| wake.now + TimeDelta::seconds(minute(due))));
    }
}
