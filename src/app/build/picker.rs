//! The canned answers and the macros: what is found, and what comes of the one that the keys are on.

use chrono::{DateTime, Utc};

use super::form::{besides, watch};
use super::{Wake, hints};
use crate::app::form::{Form, Value, fields_of};
use crate::app::model::Model;
use crate::app::picker::{self, Picker, Planned};
use crate::app::view::{FilterLine, Hint, Line, PickerView, Span, Tone};
use crate::app::words;
use crate::domain::canned::gap_in;
use crate::domain::{CaseId, Untrusted};
use crate::input::{Action, Context, chord_text, parse_chord};
use crate::sla::preview;

/// Columns of a title, and of one line of a text.
const TITLE: usize = 70;
const TEXT: usize = 200;
/// Lines of a step's text.
const STEP_LINES: usize = 2;

pub fn canned(model: &Model, form: &Form, picker: &Picker, wake: &Wake) -> PickerView {
    let found = picker::canned(model, form, &picker.text());
    let preview = found.get(picker.at).map_or_else(Vec::new, |chosen| {
        let value = |place| picker::value(model, &form.base, place, wake.now);
        chosen.text.filled(value).lines().map(text_line).collect()
    });
    let entries = found.iter().map(|text| entry(&text.title, String::new())).collect();
    let none = model.canned.texts.is_empty().then_some([
        "There are no canned answers yet. In config.toml:",
        "",
        "[canned.cache]",
        "title = \"Clear the cache\"",
        "text = \"Dear {contact}, …\"",
        "",
        "config.example.toml lists the placeholders.",
    ]);
    view(
        model,
        "Canned answers".to_owned(),
        picker,
        (entries, preview),
        none.as_ref().map(|n| &n[..]),
    )
}

pub fn macros(model: &Model, case: &CaseId, picker: &Picker, wake: &mut Wake) -> PickerView {
    let found = picker::macros(model, &picker.text());
    let known = model.queue.case(case);
    let mut preview = Vec::new();
    if let (Some(chosen), Some(case)) = (found.get(picker.at), known) {
        let planned = picker::plan(model, case, chosen, wake.now);
        preview = steps(model, &case.id, &planned, wake);
        if let Some(why) = picker::refusal(model, &case.id, &planned) {
            preview.insert(0, line(Tone::Error, &format!("Cannot be run. {why}")));
        }
    } else if known.is_none() {
        preview.push(line(Tone::Error, &format!("{case} has left the list meanwhile.")));
    }
    let key = |chord: &Option<String>| {
        let chord = chord.as_deref().and_then(|chord| parse_chord(chord).ok());
        chord.map(|chord| chord_text(chord, model.ascii)).unwrap_or_default()
    };
    let entries = found.iter().map(|of| entry(&of.title, key(&of.key))).collect();
    let none = model.canned.macros.is_empty().then_some([
        "There are no macros yet. In config.toml:",
        "",
        "[macro.ask_logs]",
        "title = \"Ask for the logs\"",
        "steps = [",
        "  { act = \"request_info\", items = [\"log_files\"], text = \"Dear {contact}, …\" },",
        "]",
        "",
        "config.example.toml lists acts and placeholders.",
    ]);
    let title = format!("Macros on {}", model.desks.named_case(case));
    view(model, title, picker, (entries, preview), none.as_ref().map(|n| &n[..]))
}

fn view(
    model: &Model,
    title: String,
    picker: &Picker,
    (entries, preview): (Vec<Hint>, Vec<Line>),
    none: Option<&[&str]>,
) -> PickerView {
    PickerView {
        title,
        filter: FilterLine { cursor: Some(picker.search.cursor().1), text: picker.text() },
        entries,
        at: picker.at,
        preview,
        notice: none.unwrap_or_default().iter().map(|line| (*line).to_owned()).collect(),
        hints: hints(model, Context::Palette)
            .map(|(action, mut hint)| {
                if action == Action::Run {
                    let label = if title_is_macro(model) { "run" } else { "insert" };
                    label.clone_into(&mut hint.label);
                }
                hint
            })
            .collect(),
    }
}

fn title_is_macro(model: &Model) -> bool {
    matches!(model.overlay, Some(crate::app::model::Overlay::Macros { .. }))
}

fn entry(title: &str, keys: String) -> Hint {
    Hint { keys, label: Untrusted::new(title).cell(TITLE), enabled: true }
}

fn line(tone: Tone, text: &str) -> Line {
    vec![Span::new(tone, Untrusted::new(text).cell(300))]
}

/// A line of a text that goes to somebody; one with a gap stands out.
fn text_line(text: &str) -> Line {
    let tone = if gap_in(text).is_some() { Tone::Error } else { Tone::Plain };
    vec![Span::new(tone, Untrusted::new(text).cell(TEXT))]
}

/// Step by step: the act, its first words, and what it does to the clocks.
fn steps(model: &Model, case: &CaseId, planned: &[Planned], wake: &mut Wake) -> Vec<Line> {
    let desk = model.desks.of(case);
    let foreseen = wake.at(desk, |wake| foresee(model, case, planned, wake));
    let mut lines = Vec::new();
    for (at, step) in planned.iter().enumerate() {
        let tone = if step.refusal.is_some() { Tone::Error } else { Tone::Strong };
        lines.push(line(tone, &format!("{}. {}", at + 1, picker::named(&step.act))));
        for text in excerpt(step) {
            let mut text = text_line(&text);
            text.insert(0, Span::new(Tone::Plain, "   "));
            lines.push(text);
        }
        for sentence in foreseen.get(at).into_iter().flatten() {
            lines.push(line(Tone::Good, &format!("   {sentence}")));
        }
        if form_mails(step) && desk.me.as_ref().is_some_and(|me| !me.mail) {
            lines.push(line(Tone::Error, "   This desk sends no mail: tell the customer by hand."));
        }
    }
    let held = planned.iter().position(form_mails);
    if let Some(at) = held.filter(|_| desk.me.as_ref().is_none_or(|me| me.mail)) {
        let undo = words::key(model, Action::Undo);
        lines.push(line(
            Tone::Dim,
            &format!("From step {} on it is held for 10 s, in which {undo} undoes it.", at + 1),
        ));
    }
    lines
}

fn form_mails(step: &Planned) -> bool {
    crate::app::form::mails(step.act.kind())
}

/// The first lines of the act's text.
fn excerpt(step: &Planned) -> Vec<String> {
    let fields = fields_of(&step.act).unwrap_or_default();
    let texts = fields.iter().filter(|field| matches!(field.name.as_str(), "text" | "reason"));
    let text = texts.filter_map(|field| match &field.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    let text: String = text.collect();
    let mut lines: Vec<String> =
        text.lines().filter(|l| !l.trim().is_empty()).map(str::to_owned).collect();
    // A gap is never hidden.
    let hidden_gap = lines.iter().skip(STEP_LINES).find(|line| gap_in(line).is_some()).cloned();
    let more = lines.len() > STEP_LINES;
    lines.truncate(STEP_LINES);
    if more {
        lines.push(hidden_gap.unwrap_or_else(|| "…".to_owned()));
    }
    lines
}

/// What each step does, on the clocks as the steps before leave them.
fn foresee(model: &Model, id: &CaseId, planned: &[Planned], wake: &mut Wake) -> Vec<Vec<String>> {
    let desk = model.desks.of(id);
    let (Some(case), Some(me)) = (model.queue.case(id), &desk.me) else { return Vec::new() };
    let known = model.details.get(id).filter(|d| d.case.revision == case.revision);
    let acts: Vec<_> = planned.iter().map(|step| step.act.clone()).collect();
    let now: DateTime<Utc> = wake.now;
    let clocks = known.map(|detail| preview::sequence(&me.actor, detail, &acts, now, &desk.policy));
    let mut clocks = clocks.unwrap_or_default().into_iter();
    planned
        .iter()
        .map(|step| {
            let mut said: Vec<String> = clocks.next().map_or_else(Vec::new, |preview| {
                watch(&preview, &desk.policy, wake);
                preview.sentences(case, &desk.policy)
            });
            said.extend(step.changes.iter().filter_map(|change| Some(besides(case, change)?.1)));
            said
        })
        .collect()
}
