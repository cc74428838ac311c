//! What stands over the desk: forms, the question before quitting, the help.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Wake, hints, outbox, question};
use crate::app::acts::{Flight, HOLD};
use crate::app::answer;
use crate::app::form::{self, Form, mails};
use crate::app::model::{Model, Overlay};
use crate::app::msg::Whoami;
use crate::app::page::corrections;
use crate::app::palette::{Entry, entries};
use crate::app::view::{
    self, Audience, ConfirmView, FieldKind, FieldView, FilterLine, FormView, HelpView, Hint, Line,
    PaletteView, Span, Tone, WhyView,
};
use crate::app::{files, sheet, transfers};
use crate::app::{promises, share, why, words};
use crate::domain::outbox::State;
use crate::domain::rules::Refusal;
use crate::domain::{self, ActionKind, CaseDetail, Untrusted};
use crate::input::{Action, Context, Keymap, keys_text};
use crate::sla::policy::Policy;
use crate::sla::preview::{self, NoPreview};
use crate::sla::reading;

/// How many acts and drafts the question before quitting names one by one.
const NAMED: usize = 6;
/// Columns of a sentence of a preview.
const SENTENCE: usize = 300;

pub fn overlay(model: &Model, wake: &mut Wake) -> Option<view::Overlay> {
    Some(match model.overlay.as_ref()? {
        Overlay::Form(form) => view::Overlay::Form(form_view(model, form, wake)),
        Overlay::Sheet(sheet) => view::Overlay::Form(sheet::view(model, sheet, wake)),
        Overlay::Files { case, at } => view::Overlay::Listing(files::view(model, case, *at)),
        Overlay::Transfers { on } => view::Overlay::Listing(transfers::view(model, *on)),
        Overlay::Telling => view::Overlay::Listing(corrections::telling_view(model, wake)),
        Overlay::Quit => view::Overlay::Confirm(quit(model)),
        Overlay::Outbox { on, at } => {
            view::Overlay::Outbox(outbox::outbox(model, on.as_ref(), *at, wake))
        }
        Overlay::Share(share) => view::Overlay::Share(share::view(model, share)),
        Overlay::Promise(promising) => {
            // "in 2h" is another instant with every minute.
            let minute = TimeDelta::seconds(60 - wake.now.timestamp().rem_euclid(60));
            wake.by(Some(wake.now + minute));
            view::Overlay::Share(promises::view(model, promising, wake.now))
        }
        Overlay::Sure { what, .. } => view::Overlay::Confirm(outbox::sure(model, what, wake.now)),
        Overlay::Palette { case, search, at } => {
            let text = search.lines().join(" ");
            let found = entries(model, &text);
            view::Overlay::Palette(PaletteView {
                case: case.clone(),
                filter: FilterLine { cursor: Some(search.cursor().1), text },
                refusal: found.get(*at).and_then(|entry| entry.refusal.clone()).map(Into::into),
                entries: found.into_iter().map(|entry| listed(model, entry)).collect(),
                at: *at,
                hints: hints(model, Context::Palette).map(|(_, hint)| hint).collect(),
            })
        }
        Overlay::Why { case, clock, scroll } => {
            wake.by(why::next_change(model, case, *clock, wake.now));
            view::Overlay::Why(WhyView {
                id: case.clone(),
                which: why::which(model, case, *clock),
                lines: why::lines(model, case, *clock, wake.now),
                scroll: *scroll,
                keys: why::keys_text(model),
            })
        }
        Overlay::Help { search, scroll } => {
            let text = search.lines().join(" ");
            view::Overlay::Help(HelpView {
                groups: groups(&model.keymap, &text, model.ascii),
                filter: FilterLine { cursor: Some(search.cursor().1), text },
                scroll: *scroll,
                hints: hints(model, Context::Help).map(|(_, hint)| hint).collect(),
            })
        }
    })
}

fn listed(model: &Model, entry: Entry) -> Hint {
    Hint {
        keys: model.keymap.key_text(entry.action, model.ascii),
        label: entry.text,
        enabled: entry.refusal.is_none(),
    }
}

fn form_view(model: &Model, form: &Form, wake: &mut Wake) -> FormView {
    let case = &form.base;
    let audience = match form.kind {
        ActionKind::Reply | ActionKind::RequestInfo | ActionKind::Close => Some(Audience::Customer),
        ActionKind::Note => Some(Audience::Internal),
        _ => None,
    };
    let to = if audience == Some(Audience::Customer) { "to " } else { "" };
    let subtitle = Untrusted::new(format!(
        "{to}{} · {} · {}",
        case.customer.company.raw(),
        case.severity,
        case.tier
    ));
    let fields = field_views(&form.fields, form.focus, |field| form.shows(field));
    let (send, hints) =
        hints(model, Context::Form).partition::<Vec<_>, _>(|(action, _)| *action == Action::Send);
    let send = send.into_iter().next().map(|(_, hint)| hint);
    FormView {
        title: format!("{} {}", words::title(form.kind), model.desks.named_case(&case.id)),
        subtitle,
        audience,
        fields,
        preview: preview(model, form, wake),
        error: form.error.clone().or_else(|| asked(model, form, wake)),
        send: send_hint(form, send),
        on_send: form.is_on_button(),
        hints: hints.into_iter().map(|(_, hint)| hint).collect(),
    }
}

/// The fields of a form that show.
pub fn field_views(
    fields: &[form::Field],
    focus: usize,
    shows: impl Fn(&form::Field) -> bool,
) -> Vec<FieldView> {
    fields
        .iter()
        .enumerate()
        .filter(|(_, field)| shows(field))
        .map(|(index, field)| FieldView {
            label: if field.required {
                field.label.to_owned()
            } else {
                format!("{} (optional)", field.label)
            },
            kind: match &field.entry {
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
            },
            focused: index == focus,
            error: field.error.clone(),
        })
        .collect()
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

/// What sending the form will do, as far as it can be told now.
fn preview(model: &Model, form: &Form, wake: &mut Wake) -> Vec<Line> {
    let mut lines = question::happened(model, form);
    lines.extend(
        foreseen(model, form, wake)
            .into_iter()
            .map(|(tone, text)| vec![Span::new(tone, Untrusted::new(text).cell(SENTENCE))]),
    );
    if mails(form.kind) {
        let undo = words::key(model, Action::Undo);
        lines.push(plain(format!(
            "Held for {} s, in which {undo} undoes it; then it is mailed.",
            HOLD.num_seconds()
        )));
    }
    lines
}

fn plain(text: String) -> Line {
    vec![Span::new(Tone::Plain, text)]
}

/// What the act does to the clocks, or why it would be refused as it stands. Nothing while the whole case is
/// not known as it was when the form was opened.
fn foreseen(model: &Model, form: &Form, wake: &mut Wake) -> Vec<(Tone, String)> {
    let known = model.details.get(form.case()).filter(|d| d.case.revision == form.base.revision);
    let desk = model.desks.of(form.case());
    let (Some(me), Some(detail), Some(action)) = (&desk.me, known, form.supposed()) else {
        return Vec::new();
    };
    wake.at(desk, |wake| foretold(form, me, &desk.policy, (detail, &action), wake))
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
            for clock in preview.before.iter().chain(&preview.after) {
                wake.by(reading::read(clock, policy, wake.now).next_change);
                // What would start or resume now is due later the longer that waits.
                let due = clock.due_at.filter(|_| !preview.before.contains(clock));
                let minute = |due: DateTime<Utc>| 60 - due.timestamp().rem_euclid(60);
                wake.by(due.map(|due| wake.now + TimeDelta::seconds(minute(due))));
            }
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

fn quit(model: &Model) -> ConfirmView {
    let mut lines = Vec::new();
    let acts: Vec<String> = model.acts.flights().map(|flight| unsent(model, flight)).collect();
    let files = model.transfers.open_names();
    if !files.is_empty() {
        lines.push(words::counted(files.len(), "file is on its way:", "files are on their way:"));
        named(&mut lines, files);
    } else if acts.is_empty() {
        lines.push("Everything is confirmed by now.".to_owned());
    }
    if !acts.is_empty() {
        let unsent =
            words::counted(acts.len(), "act is not confirmed yet:", "acts are not confirmed yet:");
        lines.push(unsent);
        named(&mut lines, acts);
        lines.push("The outbox keeps them; what is unsent is sent at the next start.".to_owned());
    }
    ConfirmView {
        title: "Quit?".to_owned(),
        lines,
        hints: hints(model, Context::Confirm).map(|(_, hint)| hint).collect(),
    }
}

fn unsent(model: &Model, flight: Flight<'_>) -> String {
    let is_down = words::link_down(&model.desks.get(flight.act.desk).link).is_some();
    let becomes = match flight.entry().map(|entry| &entry.state) {
        None => "being kept",
        Some(State::Held { .. }) if !is_down => "held, is sent when you quit",
        Some(State::Sending) if !is_down => "being sent",
        Some(State::Held { .. } | State::Queued | State::Sending) => "unsent",
        Some(State::Asked(_)) => "waits for your answer",
        Some(State::Refused(_)) => "refused",
    };
    format!("{} {}: {becomes}", flight.kind().verb(), flight.case)
}

fn named(lines: &mut Vec<String>, all: Vec<String>) {
    let more = all.len().saturating_sub(NAMED);
    lines.extend(all.into_iter().take(NAMED).map(|line| format!("  {line}")));
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
}

type Group = (String, Vec<(String, String)>);

/// The live keymap in groups; with a search, what holds every one of its words.
fn groups(keymap: &Keymap, search: &str, ascii: bool) -> Vec<Group> {
    let search = search.to_lowercase();
    let mut groups: Vec<Group> = Vec::new();
    for binding in keymap.by_use() {
        let keys = keys_text(&binding.keys, ascii);
        let (word, help, group) = (binding.action.word(), &binding.help, &binding.group);
        let text = format!("{keys} {word} {help} {group}").to_lowercase();
        if binding.keys.is_empty() || !search.split_whitespace().all(|w| text.contains(w)) {
            continue;
        }
        let entry = (keys, help.clone());
        match groups.iter_mut().find(|(name, _)| name == group) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((group.clone(), vec![entry])),
        }
    }
    groups
}

/// How many lines the help has, headings included: what scrolling is bounded by.
pub fn help_lines(keymap: &Keymap, search: &str) -> usize {
    groups(keymap, search, true).iter().map(|(_, entries)| entries.len() + 1).sum()
}
