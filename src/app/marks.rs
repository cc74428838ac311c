//! Marks: the cases that the next act is done to in the place of the one under the cursor. By id, so that
//! nothing that moves in the list moves them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::model::Model;
use super::update::refuse;
use super::words;
use crate::domain::{Case, CaseId};
use crate::input::Action;

/// Ids that a sentence of the footer names one by one.
const NAMED: usize = 4;

#[derive(Debug, Default)]
pub struct Marks {
    /// Each with whether the view showed it when the screen was settled last.
    cases: BTreeMap<CaseId, bool>,
    /// The one that was marked last: a range begins there.
    last: Option<CaseId>,
    /// The view and the filter then.
    shown: Option<(usize, String)>,
}

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    pub fn len(&self) -> usize {
        self.cases.len()
    }

    pub fn has(&self, case: &CaseId) -> bool {
        self.cases.contains_key(case)
    }

    pub fn clear(&mut self) {
        self.cases.clear();
        self.last = None;
    }

    /// What was to be done to it is done.
    pub fn drop_of(&mut self, case: &CaseId) {
        self.cases.remove(case);
    }

    /// How many the view does not show now.
    fn aside(&self) -> usize {
        self.cases.values().filter(|shown| !**shown).count()
    }

    /// "3 marked", "3 marked, 1 not in view"; None: nothing is marked.
    pub fn said(&self) -> Option<String> {
        let count = self.len();
        match (count, self.aside()) {
            (0, _) => None,
            (_, 0) => Some(format!("{count} marked")),
            (_, aside) => Some(format!("{count} marked, {aside} not in view")),
        }
    }

    fn put(&mut self, case: &CaseId) {
        self.cases.insert(case.clone(), true);
        self.last = Some(case.clone());
    }
}

/// Marks the case under the cursor, or takes its mark away, and goes on to the next row.
pub fn toggle(model: &mut Model, now: DateTime<Utc>) {
    let Some(id) = model.queue.selected().map(|case| case.id.clone()) else {
        return refuse(model, "There is no case to mark.", now);
    };
    if model.marks.has(&id) {
        model.marks.drop_of(&id);
    } else {
        model.marks.put(&id);
    }
    model.queue.move_by(1);
}

/// Marks what stands between the mark made last and the cursor.
pub fn range(model: &mut Model, now: DateTime<Utc>) {
    let from = model.marks.last.as_ref().filter(|id| model.marks.has(id));
    let from = from.and_then(|id| model.queue.place_of(id));
    let (Some(from), Some(to)) = (from, model.queue.selected_index()) else {
        let key = words::key(model, Action::Mark);
        return refuse(model, format!("Mark the first of them with {key}."), now);
    };
    let between = model.queue.shown_between(from.min(to), from.max(to));
    let ids: Vec<CaseId> = between.map(|case| case.id.clone()).collect();
    let cursor = model.queue.selected().map(|case| case.id.clone());
    for id in &ids {
        model.marks.put(id);
    }
    model.marks.last = cursor;
}

/// Marks all that the view or the filter shows.
pub fn all(model: &mut Model) {
    let last = model.queue.len().saturating_sub(1);
    let ids: Vec<CaseId> = model.queue.shown_between(0, last).map(|case| case.id.clone()).collect();
    let cursor = model.queue.selected().map(|case| case.id.clone());
    for id in &ids {
        model.marks.put(id);
    }
    model.marks.last = cursor;
}

/// The marked cases as the list shows them, in its order; those out of view last.
pub fn cases(model: &Model) -> Vec<Case> {
    let known = model.marks.cases.keys().filter_map(|id| model.queue.case(id));
    let mut cases: Vec<&Case> = known.collect();
    cases.sort_by_cached_key(|case| {
        let place = model.queue.place_of(&case.id).unwrap_or(usize::MAX);
        (place, case.id.sort_key().0)
    });
    cases.into_iter().cloned().collect()
}

/// Drops the marks of what has left the list, and says so. A view or a filter that the person has changed takes
/// none away: what was marked before stays marked, and is counted.
pub fn settle(model: &mut Model) -> Option<String> {
    let shown = (model.queue.view_at(), model.queue.filter().to_owned());
    let same = model.marks.shown.as_ref() == Some(&shown);
    model.marks.shown = Some(shown);
    if model.marks.is_empty() {
        return None;
    }
    let mut gone = Vec::new();
    for (id, was_shown) in &mut model.marks.cases {
        let is_shown = model.queue.place_of(id).is_some();
        if model.queue.case(id).is_none() || (same && *was_shown && !is_shown) {
            gone.push(id.clone());
        }
        *was_shown = is_shown;
    }
    if gone.is_empty() {
        return None;
    }
    for id in &gone {
        model.marks.drop_of(id);
    }
    let named: Vec<String> = gone.iter().map(|id| model.desks.named_case(id)).collect();
    let named = words::some(&named, NAMED);
    Some(match gone.len() {
        1 => format!("{named} left the list; its mark is dropped"),
        _ => format!("{named} left the list; their marks are dropped"),
    })
}
