//! The order of the list, and its columns.

use chrono::{DateTime, Utc};

use super::dialog::{Finder, show};
use crate::app::model::{Model, Overlay};
use crate::app::view::{FinderRow, FinderView, Tone};
use crate::input::Action;
use crate::query::{Column, Sort, SortField};

/// The columns as they would be.
pub struct ColumnPick {
    /// Every column, those that are shown first, in their order.
    rows: Vec<(Column, bool)>,
    at: usize,
}

/// Opens the orders, the keys on the one in force.
pub fn open_sort(model: &mut Model) {
    let by = model.queue.sort().first().map_or(SortField::Due, |sort| sort.by);
    let at = SortField::ALL.iter().position(|(field, _)| *field == by).unwrap_or(0);
    show(model, Finder::Sort(at));
}

pub(super) fn press_sort(model: &mut Model, at: usize, action: Option<Action>, now: DateTime<Utc>) {
    let count = SortField::ALL.len();
    let at = match action {
        Some(Action::PickNext) => (at + 1) % count,
        Some(Action::PickPrev) => (at + count - 1) % count,
        Some(Action::PickToggle | Action::PickTake) => {
            let by = SortField::ALL[at].0;
            let current = model.queue.sort().first().copied();
            // The one in force again: the other way round.
            let reversed = current.is_some_and(|sort| sort.by == by && !sort.reversed);
            model.with_queue(now, |queue, at| queue.sort_by(vec![Sort { by, reversed }], at));
            if action == Some(Action::PickTake) {
                model.overlay = None;
                return;
            }
            at
        }
        _ => return,
    };
    model.overlay = Some(Overlay::Finder(Finder::Sort(at)));
}

pub(super) fn sort_view(model: &Model, at: usize) -> FinderView {
    let current = model.queue.sort().first().copied();
    let rows = SortField::ALL.iter().map(|(by, word)| {
        let in_force = current.filter(|sort| sort.by == *by);
        let mark = match in_force {
            Some(_) if model.ascii => "*",
            Some(Sort { reversed: true, .. }) => "▼",
            Some(_) => "▲",
            None => " ",
        };
        let reversed = in_force.is_some_and(|sort| sort.reversed);
        FinderRow::of([(Tone::Strong, mark), (Tone::Plain, word), (Tone::Dim, by.first(reversed))])
    });
    FinderView {
        title: "Sort by".to_owned(),
        rows: rows.collect(),
        at: Some(at),
        told: Some((Tone::Dim, "The one in force again turns it round.".into())),
        ..FinderView::default()
    }
}

pub fn open_columns(model: &mut Model) {
    let shown = model.columns().to_vec();
    let others = Column::ALL.iter().map(|(column, _)| *column);
    let others = others.filter(|column| !shown.contains(column)).map(|column| (column, false));
    let rows = shown.iter().map(|column| (*column, true)).chain(others).collect();
    show(model, Finder::Columns(ColumnPick { rows, at: 0 }));
}

pub(super) fn press_columns(model: &mut Model, action: Option<Action>) {
    let Some(Overlay::Finder(Finder::Columns(pick))) = &mut model.overlay else { return };
    let last = pick.rows.len() - 1;
    match action {
        Some(Action::PickNext) => pick.at = if pick.at == last { 0 } else { pick.at + 1 },
        Some(Action::PickPrev) => pick.at = if pick.at == 0 { last } else { pick.at - 1 },
        // The id stands first, whatever else is shown.
        Some(Action::PickToggle) if pick.at > 0 => pick.rows[pick.at].1 ^= true,
        Some(Action::PickEarlier) if pick.at > 1 => {
            pick.rows.swap(pick.at, pick.at - 1);
            pick.at -= 1;
        }
        Some(Action::PickLater) if pick.at > 0 && pick.at < last => {
            pick.rows.swap(pick.at, pick.at + 1);
            pick.at += 1;
        }
        Some(Action::PickUsual) => {
            let others = Column::ALL.iter().map(|(column, _)| *column);
            let others = others.filter(|column| !Column::USUAL.contains(column));
            let shown = Column::USUAL.iter().map(|column| (*column, true));
            pick.rows = shown.chain(others.map(|column| (column, false))).collect();
            pick.at = 0;
        }
        Some(Action::PickTake) => {
            model.overlay = None;
            return;
        }
        _ => return,
    }
    // What is chosen is seen at once.
    let shown = pick.rows.iter().filter(|(_, shown)| *shown);
    let columns: Vec<Column> = shown.map(|(column, _)| *column).collect();
    let chosen = (columns != Column::USUAL).then_some(columns);
    if model.queue.is_filtered() || model.queue.view().columns.is_none() {
        model.finding.columns = chosen;
    } else {
        model.queue.set_columns(chosen.unwrap_or_else(|| Column::USUAL.to_vec()));
        let view = model.queue.view().clone();
        if model.finding.saved.iter().any(|known| known.name == view.name) {
            model.finding.save(view);
        }
    }
}

impl ColumnPick {
    pub(super) fn view(&self) -> FinderView {
        let rows = self.rows.iter().map(|(column, shown)| {
            let mark = if *shown { "[x]" } else { "[ ]" };
            FinderRow::of([
                (Tone::Strong, mark),
                (Tone::Plain, column.word()),
                (Tone::Dim, column.help()),
            ])
        });
        let fits = "Those for which there is no room are left out until there is.";
        FinderView {
            title: "Columns".to_owned(),
            rows: rows.collect(),
            at: Some(self.at),
            told: Some((Tone::Dim, fits.into())),
            ..FinderView::default()
        }
    }
}
