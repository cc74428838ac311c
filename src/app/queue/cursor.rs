//! The cursor of the queue, which stands on a case and not on a row, and what of the list is on the screen.

use super::{Left, Queue, Slot};
use crate::domain::{Case, CaseId};

/// Rows that stay visible above and below the cursor, where there is room.
const CONTEXT: usize = 2;

impl Queue {
    /// The case under the cursor.
    pub fn selected(&self) -> Option<&Case> {
        self.cursor.as_ref().and_then(|id| self.case(id))
    }

    pub fn selected_index(&self) -> Option<usize> {
        let slot = self.cursor.as_ref().and_then(|id| self.by_id.get(id))?;
        self.shown_index(*slot)
    }

    /// Stops the cursor from staying on top of a list that is still loading: somebody uses it.
    pub fn touch(&mut self) {
        self.settled = true;
    }

    /// Puts the cursor on a row of the view; beyond the last it is the last.
    pub fn select(&mut self, index: usize) {
        let index = index.min(self.shown.len().saturating_sub(1));
        let id = self.shown.get(index).and_then(|s| self.entry(*s)).map(|e| e.case.id.clone());
        let moved = id != self.cursor;
        self.cursor = id;
        self.see();
        if moved && let Some(kept) = self.kept.take() {
            // What was kept for being looked at takes its place, which may be none.
            if let Some(slot) = self.by_id.get(&kept).copied() {
                self.unplace(slot);
                self.place(slot);
            }
        }
    }

    /// Puts the cursor on a case; answers whether the view shows it.
    pub fn select_case(&mut self, id: &CaseId) -> bool {
        let shown = self.by_id.get(id).and_then(|slot| self.shown_index(*slot));
        if let Some(index) = shown {
            self.select(index);
        }
        shown.is_some()
    }

    pub fn move_by(&mut self, rows: isize) {
        let index = self.selected_index().unwrap_or(0);
        self.select(index.saturating_add_signed(rows));
    }

    /// Moves the list under the cursor, which goes along only as far as it must to stay on the screen.
    pub fn scroll(&mut self, rows: isize) {
        let last_top = self.shown.len().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(rows).min(last_top);
        let context = self.context();
        let low = if self.top == 0 { 0 } else { self.top + context };
        let end = (self.top + self.height).saturating_sub(1);
        let high = if self.top == last_top { end } else { end.saturating_sub(context) };
        if let Some(index) = self.selected_index() {
            let wanted = index.clamp(low, high.max(low));
            if wanted != index {
                self.select(wanted);
            }
            self.anchor = None;
        }
    }

    /// The cases next to the cursor's, so many below and above it; those below first.
    pub fn around(&self, rows: usize) -> impl Iterator<Item = &Case> {
        let at = self.selected_index();
        let below = (1..=rows).filter_map(move |step| at?.checked_add(step));
        let above = (1..=rows).filter_map(move |step| at?.checked_sub(step));
        let slots = below.chain(above).filter_map(|index| self.shown.get(index));
        slots.filter_map(|slot| self.entry(*slot)).map(|e| &e.case)
    }

    /// The place of a case in the view.
    pub fn place_of(&self, id: &CaseId) -> Option<usize> {
        self.by_id.get(id).and_then(|slot| self.shown_index(*slot))
    }

    /// The cases of the view from one place to another, both included.
    pub fn shown_between(&self, from: usize, to: usize) -> impl Iterator<Item = &Case> {
        let slots = self.shown.iter().skip(from).take((to + 1).saturating_sub(from));
        slots.filter_map(|slot| self.entry(*slot)).map(|e| &e.case)
    }

    /// How many rows a page key moves.
    pub fn page_rows(&self) -> isize {
        isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// The visible rows: the index of the first, and each with its case and whether it is fresh.
    pub fn rows(&self) -> (usize, impl Iterator<Item = (&Case, bool)>) {
        let rows = self.shown.iter().skip(self.top).take(self.height);
        (self.top, rows.filter_map(|s| self.entry(*s)).map(|e| (&e.case, e.fresh)))
    }

    /// Brings the rows on the screen in line with the list and the cursor, for so many rows. A change above
    /// the cursor leaves its row where it is on the screen.
    pub fn settle(&mut self, height: usize) {
        // While another pane has the whole screen the list stays as it was left.
        if height > 0 {
            self.height = height;
        }
        let height = self.height;
        let loads = !self.is_loaded() || self.expects_more;
        if !self.settled || self.cursor.is_none() {
            self.cursor =
                self.shown.first().and_then(|s| self.entry(*s)).map(|e| e.case.id.clone());
        }
        // What the last page of the load brought may stand first, too.
        self.settled |= !loads;
        let Some(index) = self.selected_index() else {
            (self.top, self.anchor) = (0, None);
            return;
        };
        if let (Some((id, row)), Some(cursor)) = (&self.anchor, &self.cursor)
            && id == cursor
            && self.top > 0
            && self.top + row != index
        {
            self.top = index.saturating_sub(*row);
        }
        let context = self.context();
        let low = (index + context + 1).min(self.shown.len()).saturating_sub(height);
        let high = index.saturating_sub(context);
        self.top = self.top.clamp(low.min(high), high);
        self.top = self.top.min(self.shown.len().saturating_sub(height));
        self.anchor = self.cursor.clone().map(|id| (id, index - self.top));
        self.see();
    }

    /// The case that left from under the cursor, once.
    pub fn take_left(&mut self) -> Option<Left> {
        self.left.take()
    }

    fn context(&self) -> usize {
        CONTEXT.min(self.height.saturating_sub(1) / 3)
    }

    /// The case under the cursor has been seen.
    fn see(&mut self) {
        let slot = self.cursor.as_ref().and_then(|id| self.by_id.get(id)).copied();
        if let Some(entry) = slot.and_then(|s| self.entries.get_mut(s)).and_then(Option::as_mut) {
            entry.fresh = false;
        }
    }

    /// After a case was placed anew: if it was under the cursor and the view no longer shows it, the cursor
    /// goes on.
    pub(super) fn mind_cursor(&mut self, slot: Slot) {
        let Some(case) = self.entry(slot).map(|e| &e.case) else { return };
        if self.cursor.as_ref() == Some(&case.id) && self.shown_index(slot).is_none() {
            let now = Box::new(case.clone());
            self.cursor_left(self.vacated, Some(now));
        }
    }

    /// The cursor goes to the row that came up to where its case was.
    pub(super) fn cursor_left(&mut self, index: usize, now: Option<Box<Case>>) {
        if let Some(id) = self.cursor.take() {
            self.left = Some(Left { id, now });
        }
        self.cursor = self.at_or_last(index);
    }

    pub(super) fn keep_or_first(&mut self) {
        if self.selected_index().is_none() {
            self.cursor = self.at_or_last(0);
            self.top = 0;
        }
    }

    fn at_or_last(&self, index: usize) -> Option<CaseId> {
        let slot = self.shown.get(index).or(self.shown.last())?;
        self.entry(*slot).map(|e| e.case.id.clone())
    }
}
