//! The explanation of a clock over the desk: which clock, its text, and the keys there.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;

use super::layout;
use super::model::{Model, Overlay};
use super::update::refuse;
use super::view::{Line, Pane, Span, Tone};
use super::visiting;
use super::words;
use crate::domain::{CaseDetail, CaseId, Untrusted};
use crate::input::{Action, Context};
use crate::sla::explain::{Style, TextLine, explain};
use crate::sla::preview::ledger_of;
use crate::sla::reading;

/// The clock of the selected case that the clocks pane is at: the one chosen there, else the most urgent,
/// else the last.
pub fn chosen(model: &Model, now: DateTime<Utc>) -> Option<usize> {
    let case = model.case()?;
    let last = case.clocks.len().checked_sub(1)?;
    let now = model.desks.of(&case.id).time(now);
    let chosen = model.clock.or_else(|| reading::leading_index(case, now));
    Some(chosen.unwrap_or(last).min(last))
}

/// Moves the choice in the clocks pane.
pub fn choose(model: &mut Model, rows: isize, now: DateTime<Utc>) {
    let count = model.case().map_or(0, |case| case.clocks.len());
    if let (Some(at), Some(last)) = (chosen(model, now), count.checked_sub(1)) {
        model.clock = Some(at.saturating_add_signed(rows).min(last));
    }
}

/// Opens the explanation of the clock chosen in the clocks pane when the keys are there, else of the one that
/// makes the case most urgent.
pub fn open(model: &mut Model, now: DateTime<Utc>) {
    let Some(case) = model.case() else {
        return refuse(model, visiting::no_case(model), now);
    };
    let id = case.id.clone();
    let there = model.desks.of(&id).time(now);
    let leading = reading::leading_index(case, there).or_else(|| case.clocks.len().checked_sub(1));
    let clock = if model.focus == Pane::Clocks { chosen(model, now) } else { leading };
    match clock {
        Some(clock) => model.overlay = Some(Overlay::Why { case: id, clock, scroll: 0 }),
        None => refuse(model, format!("{id} has no clock."), now),
    }
}

/// A key over the explanation: those of the help for moving and leaving, and those of the desk.
pub fn press(model: &mut Model, action: Option<Action>, key: KeyCombination) {
    let action = action.or_else(|| model.keymap.action(Context::Desk, key));
    let page = isize::try_from(rows(model).saturating_sub(1).max(1)).unwrap_or(1);
    let Some(Overlay::Why { case, clock, scroll }) = &mut model.overlay else { return };
    let by = match action {
        Some(Action::CloseHelp | Action::Back | Action::Why | Action::Quit) => {
            model.overlay = None;
            return;
        }
        Some(step @ (Action::NextPane | Action::PrevPane)) => {
            let of = model.details.get(case).map_or(0, |detail| detail.case.clocks.len());
            if of > 0 {
                let step = if step == Action::NextPane { 1 } else { of - 1 };
                *clock = (*clock + step) % of;
                *scroll = 0;
            }
            return;
        }
        Some(Action::ScrollDown | Action::MoveDown) => 1,
        Some(Action::ScrollUp | Action::MoveUp) => -1,
        Some(Action::ScrollPageDown | Action::PageDown) => page,
        Some(Action::ScrollPageUp | Action::PageUp) => -page,
        Some(Action::HalfPageDown) => (page / 2).max(1),
        Some(Action::HalfPageUp) => -(page / 2).max(1),
        Some(Action::First) => isize::MIN,
        Some(Action::Last) => isize::MAX,
        _ => return,
    };
    // Bounded when the model settles.
    *scroll = scroll.saturating_add_signed(by);
}

/// Keeps the text on the screen.
pub fn bound(model: &mut Model, now: DateTime<Utc>) {
    let Some(Overlay::Why { case, clock, .. }) = &model.overlay else { return };
    let count = lines(model, &case.clone(), *clock, now).len();
    let most = count.saturating_sub(rows(model));
    if let Some(Overlay::Why { scroll, .. }) = &mut model.overlay {
        *scroll = (*scroll).min(most);
    }
}

fn rows(model: &Model) -> usize {
    layout::explanation_text(model.areas().whole).height.into()
}

/// "clock 2 of 3", or with several desks "fjord · clock 2 of 3"
pub fn which(model: &Model, case: &CaseId, clock: usize) -> String {
    let which = match model.details.get(case) {
        Some(detail) => format!("clock {} of {}", clock + 1, detail.case.clocks.len()),
        None => format!("clock {}", clock + 1),
    };
    match model.desks.name_of(case) {
        Some(desk) => format!("{desk} · {which}"),
        None => which,
    }
}

/// What the frame says of the keys.
pub fn keys_text(model: &Model) -> String {
    let close = words::key(model, Action::CloseHelp);
    let next = words::key(model, Action::NextPane);
    format!("{next} next clock · {close} closes")
}

/// The explanation, wrapped; or why there is none yet.
pub fn lines(model: &Model, case: &CaseId, clock: usize, now: DateTime<Utc>) -> Vec<Line> {
    let width = usize::from(layout::explanation_text(model.areas().whole).width);
    let told = |tone, text: String| {
        let lines = Untrusted::new(text).wrapped(width.max(1), 8).into_iter();
        lines.map(|line| vec![Span::new(tone, line)]).collect()
    };
    let Some(detail) = model.details.get(case) else {
        return match model.details.failure(case) {
            Some(why) => {
                told(Tone::Error, format!("The case could not be read: {}", why.cell(300)))
            }
            None => told(Tone::Dim, "The case is being read.".to_owned()),
        };
    };
    match account(model, detail, clock, now, width) {
        Some(lines) => {
            lines.into_iter().map(|line| toned(model, detail, clock, now, line)).collect()
        }
        None => told(Tone::Dim, "The desk does not tell how this clock came about.".to_owned()),
    }
}

fn account(
    model: &Model,
    detail: &CaseDetail,
    clock: usize,
    now: DateTime<Utc>,
    width: usize,
) -> Option<Vec<TextLine>> {
    let desk = model.desks.of(&detail.case.id);
    let told = explain(&ledger_of(detail)?, clock, &desk.policy, desk.time(now))?;
    Some(told.text(&desk.policy, width))
}

fn toned(
    model: &Model,
    detail: &CaseDetail,
    clock: usize,
    now: DateTime<Utc>,
    line: TextLine,
) -> Line {
    let tone = match line.style {
        Style::Title => detail.case.clocks.get(clock).map_or(Tone::Title, |clock| {
            let desk = model.desks.of(&detail.case.id);
            Tone::Face(reading::read(clock, &desk.policy, desk.time(now)).face)
        }),
        Style::Heading => Tone::Strong,
        Style::Plain => Tone::Plain,
    };
    let mut spans = Line::new();
    if !line.label.is_empty() {
        spans.push(Span::new(Tone::Strong, line.label));
    }
    if !line.text.is_empty() {
        spans.push(Span::new(tone, line.text));
    }
    spans
}

/// When the explanation reads differently.
pub fn next_change(
    model: &Model,
    case: &CaseId,
    clock: usize,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let detail = model.details.get(case)?;
    let shown = detail.case.clocks.get(clock)?;
    let desk = model.desks.of(case);
    let (policy, now) = (&desk.policy, desk.time(now));
    let told = explain(&ledger_of(detail)?, clock, policy, now)?;
    let read = reading::read(shown, policy, now).next_change;
    let wall = reading::wall(shown, now).map(|wall| wall.next_change);
    let next = [read, wall, told.next_change(policy)].into_iter().flatten().min()?;
    Some(desk.on_screen(next))
}
