//! The mouse: what is pointed at, the wheel, and the divider between the queue and the rest. A click does what a
//! key does there; what it points at is told by what was drawn ([`Target`]), by id and not by place.

use chrono::{DateTime, TimeDelta, Utc};
use crokey::key;

use super::bulk;
use super::form::Entry;
use super::keys;
use super::layout::{self, Split};
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::outbox;
use super::page::Page;
use super::view::{Pane, Target};
use super::{build, why};
use crate::domain::CaseId;

/// Lines or rows that a turn of the wheel moves.
const WHEEL: isize = 3;
/// Two clicks on a case within this time open it.
const DOUBLE: TimeDelta = TimeDelta::milliseconds(400);
/// Under what name the divider is remembered.
pub const DIVIDER: &str = "divider";

#[derive(Debug, Default)]
pub struct Mouse {
    pub split: Split,
    /// The divider as it was when it was taken hold of.
    drags: Option<Split>,
    /// The case that was clicked last, and when.
    last: Option<(CaseId, DateTime<Utc>)>,
}

fn inside(area: ratatui::layout::Rect, at: (u16, u16)) -> bool {
    area.contains(ratatui::layout::Position { x: at.0, y: at.1 })
}

/// The button went down where nothing was drawn that a click means something to: on a pane, or the divider.
pub fn clicked(model: &mut Model, at: (u16, u16), now: DateTime<Utc>) {
    model.begun = None;
    if model.overlay.is_some() || !matches!(model.page, Page::Desk) {
        return;
    }
    let areas = model.areas();
    let rows = model.queue_rows();
    if layout::divider(&areas).is_some_and(|divider| inside(divider, at)) {
        model.mouse.drags = Some(model.mouse.split);
    } else if inside(rows, at) {
        model.focus = Pane::Queue;
        model.queue.touch();
        let index = model.queue.rows().0 + usize::from(at.1 - rows.y);
        // Below the last row there is nothing to choose.
        let case = model.queue.shown_between(index, index).next().map(|case| case.id.clone());
        if let Some(case) = case {
            choose(model, &case, now);
        }
    } else if inside(layout::inside(areas.detail), at) {
        model.focus = Pane::Detail;
    } else if inside(layout::inside(areas.clocks), at) {
        model.focus = Pane::Clocks;
    } else if inside(areas.queue, at) {
        model.focus = Pane::Queue;
    }
}

/// Puts the cursor on a case of the view; the second time at once opens it.
fn choose(model: &mut Model, case: &CaseId, now: DateTime<Utc>) {
    let Some(place) = model.queue.place_of(case) else { return };
    model.queue.select(place);
    let last = model.mouse.last.take();
    if last.is_some_and(|(last, then)| last == *case && now - then <= DOUBLE) {
        model.focus = Pane::Detail;
    } else {
        model.mouse.last = Some((case.clone(), now));
    }
}

/// The button went down on something that was drawn.
pub fn pointed(model: &mut Model, target: &Target, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    model.begun = None;
    match target {
        Target::Row(case) if model.overlay.is_none() => {
            model.focus = Pane::Queue;
            model.queue.touch();
            choose(model, case, now);
        }
        Target::Hint { keys, label } => {
            let context = keys::context(model);
            let binding = model.keymap.bindings().iter().find(|binding| {
                binding.action.context() == context
                    && binding.hint.as_ref() == Some(label)
                    && model.keymap.key_text(binding.action, model.ascii) == *keys
            });
            let keys = binding.and_then(|binding| binding.keys.first()).copied();
            for key in keys.into_iter().flat_map(|keys| [Some(keys.first), keys.second]).flatten() {
                keys::press(model, key, now, effects);
            }
        }
        Target::Send => {
            if let Some(Overlay::Form(form)) = &mut model.overlay {
                form.focus = form.fields.len();
                keys::press(model, key!(enter), now, effects);
            }
        }
        Target::Field(shown) => {
            focus(model, *shown);
        }
        Target::Choice { field, option } => {
            let index = focus(model, *field);
            if let (Some(Overlay::Form(form)), Some(index)) = (&mut model.overlay, index) {
                match &mut form.fields[index].entry {
                    Entry::Choice { options, chosen, .. } if *option < options.len() => {
                        *chosen = Some(*option);
                    }
                    Entry::Many { checked, at, .. } if *option < checked.len() => {
                        *at = *option;
                        checked[*option] = !checked[*option];
                    }
                    _ => return,
                }
                form.fields[index].error = None;
                form.touched(now);
            }
        }
        Target::Line(line) => match &mut model.overlay {
            Some(Overlay::Palette { at, .. }) if at != line => *at = *line,
            Some(Overlay::Palette { .. }) => keys::press(model, key!(enter), now, effects),
            Some(Overlay::Outbox { .. }) => outbox::go(model, *line),
            Some(Overlay::Report { .. }) => bulk::go(model, *line),
            _ => {}
        },
        Target::Row(_) => {}
    }
}

/// Gives the keys to a field, by its place among those that show; answers its place among all.
fn focus(model: &mut Model, shown: usize) -> Option<usize> {
    let Some(Overlay::Form(form)) = &mut model.overlay else { return None };
    let mut fields = form.fields.iter().enumerate().filter(|(_, field)| form.shows(field));
    let index = fields.nth(shown).map(|(index, _)| index)?;
    form.focus = index;
    Some(index)
}

/// The mouse moved with its button down.
pub fn dragged(model: &mut Model, at: (u16, u16)) {
    if model.mouse.drags.is_some() {
        model.mouse.split = model.mouse.split.dragged(&model.areas(), at.0, at.1);
    }
}

/// The button is up again: the divider stays where it is.
pub fn released(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(before) = model.mouse.drags.take()
        && before != model.mouse.split
    {
        effects.push(Effect::Remember { name: DIVIDER, body: model.mouse.split.text() });
    }
}

/// A key moves the divider a step.
pub fn step(model: &mut Model, back: bool, effects: &mut Vec<Effect>) {
    let areas = model.areas();
    let split = model.mouse.split.stepped(&areas, back);
    if layout::divider(&areas).is_some() && split != model.mouse.split {
        model.mouse.split = split;
        effects.push(Effect::Remember { name: DIVIDER, body: split.text() });
    }
}

/// The wheel moves what is under the pointer; what stands over the desk has all of it.
/// The divider stands where the screen was left with it, unless it was moved already.
pub fn came(model: &mut Model, remembered: &[(String, String)]) {
    let left = remembered.iter().find(|(name, _)| name == DIVIDER);
    if let Some((_, split)) = left.filter(|_| model.mouse.split == Split::default()) {
        model.mouse.split = Split::of_text(split);
    }
}

pub fn scrolled(model: &mut Model, up: bool, at: (u16, u16), now: DateTime<Utc>) {
    let rows = if up { -WHEEL } else { WHEEL };
    let one = |at: usize| if up { at.saturating_sub(1) } else { at + 1 };
    match &mut model.overlay {
        Some(Overlay::Help { search, scroll }) => {
            let lines = build::help_lines(&model.keymap, search.lines().first().map_or("", |l| l));
            *scroll = scroll.saturating_add_signed(rows).min(lines.saturating_sub(1));
        }
        // Bounded when the model settles.
        Some(Overlay::Why { scroll, .. }) => *scroll = scroll.saturating_add_signed(rows),
        Some(Overlay::Palette { search, at, .. }) => {
            let (text, to) = (search.lines().join(" "), one(*at));
            let last = super::palette::entries(model, &text).len().saturating_sub(1);
            if let Some(Overlay::Palette { at, .. }) = &mut model.overlay {
                *at = to.min(last);
            }
        }
        Some(Overlay::Outbox { at, .. }) => {
            let to = one(*at);
            outbox::go(model, to);
        }
        Some(Overlay::Report { at, .. }) => {
            let to = one(*at);
            bulk::go(model, to);
        }
        // A choice would be changed by it, unseen.
        Some(Overlay::Form(form)) => {
            let key = if up { key!(up) } else { key!(down) };
            if let Some(field) = form.focused().filter(|field| field.is_text()) {
                (0..WHEEL).for_each(|_| field.typed(key));
            }
        }
        Some(_) => {}
        None if !matches!(model.page, Page::Desk) => {}
        None => {
            let areas = model.areas();
            if inside(layout::inside(areas.detail), at) {
                keys::scroll_detail(model, rows);
            } else if inside(layout::inside(areas.clocks), at) {
                why::choose(model, if up { -1 } else { 1 }, now);
            } else if inside(areas.queue, at) {
                model.queue.touch();
                model.queue.scroll(rows);
            }
        }
    }
}
