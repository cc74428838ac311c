//! The cases that were visited, to go back and forward among them.

use chrono::{DateTime, Utc};

use super::seek::{go_to, nowhere};
use crate::app::model::Model;
use crate::app::view::Pane;
use crate::domain::CaseId;

/// How many visits can be gone back through.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub struct Visits {
    /// Oldest first; none twice in a row.
    ids: Vec<CaseId>,
    /// The visit that is shown, or was shown last.
    at: usize,
}

impl Visits {
    fn add(&mut self, id: CaseId) {
        if self.ids.get(self.at) == Some(&id) {
            return;
        }
        self.ids.truncate(self.at + 1);
        self.ids.push(id);
        let over = self.ids.len().saturating_sub(KEPT);
        self.ids.drain(..over);
        self.at = self.ids.len() - 1;
    }
}

/// A case is visited when the keys go to its detail or its clocks.
pub fn settle(model: &mut Model) {
    if model.focus != Pane::Queue
        && let Some(id) = model.case_id()
    {
        let id = id.clone();
        model.finding.visits.add(id);
    }
}

/// Goes to the case that was visited before, or to the one after.
pub fn go(model: &mut Model, older: bool, now: DateTime<Utc>) {
    let current = model.case_id().cloned();
    let visits = &mut model.finding.visits;
    // From a case of the list, the last visit is the one before.
    let on_it = current.is_some() && visits.ids.get(visits.at) == current.as_ref();
    let next = match (older, on_it) {
        (true, true) => visits.at.checked_sub(1),
        (true, false) => (!visits.ids.is_empty()).then_some(visits.at),
        (false, _) => Some(visits.at + 1),
    };
    let Some((at, id)) = next.and_then(|at| Some((at, visits.ids.get(at)?.clone()))) else {
        return nowhere(model, older, now);
    };
    visits.at = at;
    if model.case_id() != Some(&id) {
        // Where it stands in the list, the cursor goes along.
        go_to(model, id, now);
    }
}
