//! From what is to what is shown: one [`Snapshot`] at an instant, and the next instant at which another
//! one would come of the same model.

mod bulk;
mod clocks;
pub mod detail;
mod form;
pub mod header;
mod outbox;
mod overlay;
mod picker;
mod question;
mod queue;
mod readiness;

use chrono::{DateTime, TimeDelta, Utc};

pub use form::field_views;
pub use header::retry;
pub use overlay::help_lines;

use super::chord;
use super::desk::Desk;
use super::form::Field;
use super::keys;
use super::model::{Model, Overlay};
use super::order;
use super::page::{self, Page};
use super::view::{
    ClocksView, DetailView, Footer, Hint, PageView, Pane, QueueView, Snapshot, Tone,
};
use super::words;
use crate::domain::ActionKind;
use crate::input::{Action, Context};

/// The earliest instant at which something that is shown reads differently.
#[derive(Debug, Clone, Copy)]
pub struct Wake {
    pub now: DateTime<Utc>,
    at: Option<DateTime<Utc>>,
}

impl Wake {
    fn new(now: DateTime<Utc>) -> Self {
        Self { now, at: None }
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Something changes then. What lies behind has changed already.
    pub fn by(&mut self, at: Option<DateTime<Utc>>) {
        if let Some(at) = at.filter(|at| *at > self.now) {
            self.at = Some(self.at.map_or(at, |known| known.min(at)));
        }
    }

    /// What is read by a desk's clock.
    pub fn at<T>(&mut self, desk: &Desk, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut there = Self::new(desk.time(self.now));
        let read = read(&mut there);
        self.by(there.at.map(|at| desk.on_screen(at)));
        read
    }

    /// A countdown to that instant in whole units; answers how many there are left, rounded up.
    pub fn countdown(&mut self, until: DateTime<Utc>, unit: TimeDelta) -> i64 {
        let unit_ms = unit.num_milliseconds().max(1);
        let left_ms = (until - self.now).num_milliseconds().max(0);
        let units = left_ms.div_euclid(unit_ms) + i64::from(left_ms.rem_euclid(unit_ms) > 0);
        if units > 0 {
            self.by(Some(until - TimeDelta::milliseconds(unit_ms * (units - 1))));
        }
        units
    }
}

/// What the screen shows at an instant, and when it must be asked again; None: nothing changes by itself.
#[must_use]
pub fn build(model: &Model, now: DateTime<Utc>) -> (Snapshot, Option<DateTime<Utc>>) {
    let mut wake = Wake::new(now);
    let is_desk = matches!(model.page, Page::Desk);
    let snapshot = Snapshot {
        areas: model.areas(),
        header: header::header(model, &mut wake),
        // What a page stands in the place of wakes nobody.
        queue: if is_desk { queue::queue(model, &mut wake) } else { QueueView::default() },
        detail: if is_desk { detail::detail(model) } else { DetailView::default() },
        clocks: if is_desk { clocks::clocks(model, &mut wake) } else { ClocksView::default() },
        page: page(model, &mut wake),
        footer: footer(model, &mut wake),
        overlay: overlay::overlay(model, &mut wake),
        focus: model.focus,
    };
    // What is written goes to the disk then, and what is around the cursor is read ahead.
    wake.by(model.next_draft());
    wake.by(model.rested_at);
    wake.by(model.promises.next_due(&model.desks));
    (snapshot, wake.at)
}

fn page(model: &Model, wake: &mut Wake) -> Option<PageView> {
    match &model.page {
        Page::Desk => None,
        Page::Board(board) => Some(PageView::Board(page::board::view(model, board, wake))),
        Page::Corrections => {
            wake.by(model.outline.next_question());
            Some(PageView::Corrections(page::corrections::view(model, wake)))
        }
    }
}

fn footer(model: &Model, wake: &mut Wake) -> Footer {
    let toast = model.toast.as_ref().filter(|toast| toast.until > wake.now).map(|toast| {
        wake.by(Some(toast.until));
        (toast.text.clone(), toast.tone)
    });
    // What may follow a key that was pressed is asked for now.
    let toast = toast.filter(|_| chord::hints(model, is_enabled).is_none());
    let hints = hints(model, keys::context(model)).map(|(_, hint)| hint).collect();
    let progress = model.transfers.summary(model.ascii);
    let progress = progress.or_else(|| page::corrections::summary(model));
    Footer { progress, toast, hints }
}

/// The hints of a place alone.
pub fn hints_of(model: &Model, context: Context) -> Vec<Hint> {
    hints(model, context).map(|(_, hint)| hint).collect()
}

/// The keys that work where the keyboard is, from the live keymap; after the first key of a chord, those that may
/// follow it.
fn hints(model: &Model, context: Context) -> std::vec::IntoIter<(Action, Hint)> {
    if let Some(follow) =
        chord::hints(model, is_enabled).filter(|_| context == keys::context(model))
    {
        return follow.into_iter();
    }
    model
        .keymap
        .bindings()
        .iter()
        .filter(move |binding| binding.action.context() == context && !binding.keys.is_empty())
        .filter(|binding| match binding.action {
            Action::Undo => can_undo(model),
            Action::NextTab => model.focus == Pane::Detail,
            Action::NextChoice => is_in_list(model),
            Action::EditText | Action::Canned => is_in_text(model),
            // The form says it beside what is missing.
            Action::AskMissing => false,
            Action::MarkNone => !model.marks.is_empty(),
            Action::SkipCase => model.next.has_case(),
            _ => true,
        })
        .filter_map(|binding| {
            let hint = Hint {
                keys: model.keymap.key_text(binding.action, model.ascii),
                label: binding.hint.clone()?,
                enabled: is_enabled(model, binding.action),
            };
            Some((binding.action, hint))
        })
        .collect::<Vec<_>>()
        .into_iter()
}

/// The button that sends a form, and the other keys there.
pub fn send_and_hints(model: &Model, context: Context) -> (Hint, Vec<Hint>) {
    let (send, hints) =
        hints(model, context).partition::<Vec<_>, _>(|(action, _)| *action == Action::Send);
    let none = || Hint { keys: String::new(), label: "send".to_owned(), enabled: true };
    let send = send.into_iter().next().map_or_else(none, |(_, hint)| hint);
    (send, hints.into_iter().map(|(_, hint)| hint).collect())
}

/// Whether the field that has the keys is a list.
fn is_in_list(model: &Model) -> bool {
    match &model.overlay {
        Some(Overlay::Form(form)) => form.fields.get(form.focus).is_some_and(Field::is_list),
        Some(Overlay::Sheet(form)) => form.fields.get(form.focus).is_some_and(Field::is_list),
        _ => false,
    }
}

/// Whether the field that has the keys is a text of several lines.
fn is_in_text(model: &Model) -> bool {
    match &model.overlay {
        Some(Overlay::Form(form)) => form.fields.get(form.focus).is_some_and(Field::is_text),
        _ => false,
    }
}

fn is_enabled(model: &Model, action: Action) -> bool {
    if action.context() == Context::Corrections {
        return page::corrections::refusal(model, action).is_none();
    }
    words::act_of(action).is_none_or(|kind| {
        if crate::app::bulk::is_meant(model, kind) {
            return crate::app::bulk::refusal(model, kind).is_none();
        }
        order::object(model, kind).is_some_and(|case| order::refusal(model, case, kind).is_none())
    })
}

fn can_undo(model: &Model) -> bool {
    let selected = model.case_id();
    model.acts.undoable(selected).is_some()
        || model.undoable.as_ref().is_some_and(|(id, _)| Some(id) == selected)
}

/// What an act without a final answer says in the place of the deadline.
pub fn act_text(
    model: &Model,
    case: &crate::domain::CaseId,
    wake: &mut Wake,
) -> Option<(String, Tone)> {
    use crate::domain::outbox::State;
    let flight = model.acts.on(case)?;
    let strong = |text: &str| Some((text.to_owned(), Tone::Strong));
    let Some(entry) = flight.entry() else { return strong("saving") };
    let desk = model.desks.of(case);
    let is_down = words::link_down(&desk.link).is_some();
    let key = || match crate::app::form::fields_of(flight.action) {
        Some(_) => (words::key(model, words::key_action(flight.kind())), "reopens"),
        None => (words::key(model, Action::Outbox), "shows it"),
    };
    match &entry.state {
        State::Held { .. } if model.acts.is_being_undone(flight.act) => strong("undoing"),
        State::Held { until } => {
            match wake.at(desk, |wake| wake.countdown(*until, TimeDelta::seconds(1))) {
                0 => strong("sending"),
                seconds => {
                    let what = match flight.kind() {
                        ActionKind::Respond => "responds",
                        ActionKind::Reply => "replies",
                        _ => "asks",
                    };
                    let undo = words::key(model, Action::Undo);
                    Some((format!("{what} in {seconds} s, {undo} undoes"), Tone::Strong))
                }
            }
        }
        State::Queued | State::Sending if is_down => strong("kept, not sent"),
        State::Queued if entry.tries > 0 => strong("kept, not sent"),
        State::Queued => strong("waits its turn"),
        State::Sending => strong("sending"),
        State::Asked(_) => {
            let (key, does) = key();
            let does = if does == "reopens" { "opens" } else { does };
            Some((format!("asked, {key} {does}"), Tone::Error))
        }
        State::Refused(_) => {
            let (key, does) = key();
            Some((format!("refused, {key} {does}"), Tone::Error))
        }
    }
}
