//! What stands over the desk: forms, the question before quitting, the help.

use chrono::TimeDelta;

use super::form::form_view;
use super::{Wake, bulk, hints, outbox, picker};
use crate::app::acts::Flight;
use crate::app::finding::dialog;
use crate::app::model::{Model, Overlay};
use crate::app::page::corrections;
use crate::app::palette::{Entry, entries};
use crate::app::view::{self, ConfirmView, FilterLine, HelpView, Hint, PaletteView, WhyView};
use crate::app::{files, sheet, transfers};
use crate::app::{links, promises, share, why, words};
use crate::domain::outbox::State;
use crate::input::{Context, Keymap, keys_text};

/// How many acts and drafts the question before quitting names one by one.
const NAMED: usize = 6;

pub fn overlay(model: &Model, wake: &mut Wake) -> Option<view::Overlay> {
    Some(match model.overlay.as_ref()? {
        Overlay::Form(form) => view::Overlay::Form(form_view(model, form, wake)),
        Overlay::Sheet(sheet) => view::Overlay::Form(sheet::view(model, sheet, wake)),
        Overlay::Files { case, at } => view::Overlay::Listing(files::view(model, case, *at)),
        Overlay::Transfers { on } => view::Overlay::Listing(transfers::view(model, *on)),
        Overlay::Telling => view::Overlay::Listing(corrections::telling_view(model, wake)),
        Overlay::Macros { case, picker } => {
            view::Overlay::Picker(picker::macros(model, case, picker, wake))
        }
        Overlay::Quit => view::Overlay::Confirm(quit(model)),
        Overlay::Outbox { on, at } => {
            view::Overlay::Outbox(outbox::outbox(model, on.as_ref(), *at, wake))
        }
        Overlay::Finder(finder) => view::Overlay::Finder(dialog::view(model, finder, wake.now)),
        Overlay::Links(list) => match links::question(model, list) {
            Some(question) => view::Overlay::Confirm(question),
            None => view::Overlay::Links(links::view(model, list)),
        },
        Overlay::Share(share) => view::Overlay::Share(share::view(model, share)),
        Overlay::Promise(promising) => {
            // "in 2h" is another instant with every minute.
            let minute = TimeDelta::seconds(60 - wake.now.timestamp().rem_euclid(60));
            wake.by(Some(wake.now + minute));
            view::Overlay::Share(promises::view(model, promising, wake.now))
        }
        Overlay::Bulk(plan) => view::Overlay::Bulk(bulk::question(model, plan)),
        Overlay::Report { on, at } => {
            view::Overlay::Report(bulk::report(model, on.as_ref(), *at, wake)?)
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
