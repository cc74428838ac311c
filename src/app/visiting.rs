//! The case that is looked at although the list need not hold it: one that was searched for, an earlier one of
//! the same customer, a closed one. It is shown, and acted on, in the place of the case under the cursor until
//! the person goes back.

use chrono::{DateTime, Utc};

use super::detail::Tab;
use super::model::Model;
use super::update::refuse;
use super::view::Pane;
use crate::domain::{Case, CaseId, DeskNo};

/// How many visits can be gone back through.
const TRAIL: usize = 32;

/// One visited case.
struct Stop {
    id: CaseId,
    /// As it was told last; None: nothing but its id is known yet.
    case: Option<Box<Case>>,
    /// The tab, and the item of it, that the visit was begun from.
    back: (Tab, usize),
}

/// The visited case, and those that it was visited from.
pub(super) struct Visiting {
    /// Never empty; the last one is shown.
    trail: Vec<Stop>,
    /// What had the keys before the first.
    from: Pane,
}

impl Visiting {
    pub fn id(&self) -> Option<&CaseId> {
        self.trail.last().map(|stop| &stop.id)
    }
}

/// Shows a case in the detail. It is read by the time the model settles.
pub(super) fn visit(model: &mut Model, id: CaseId) {
    let known = model.queue.case(&id).cloned();
    let known = known.or_else(|| model.details.get(&id).map(|detail| detail.case.clone()));
    let known = known.or_else(|| model.closed.clone().filter(|case| case.id == id));
    let from = model.focus;
    model.focus = Pane::Detail;
    model.toast = None;
    if model.case_id() == Some(&id) {
        return;
    }
    let visiting = model.visiting.get_or_insert_with(|| Visiting { trail: Vec::new(), from });
    if visiting.trail.len() >= TRAIL {
        visiting.trail.remove(0);
    }
    let back = (model.text.tab, model.text.at);
    visiting.trail.push(Stop { id, case: known.map(Box::new), back });
    // A list of other cases says nothing of this one.
    if model.text.tab == Tab::Earlier {
        model.text.tab = Tab::Timeline;
    }
}

/// One visit back. Answers whether there was one.
pub(super) fn back(model: &mut Model) -> bool {
    let Some(visiting) = &mut model.visiting else { return false };
    if let Some((tab, at)) = visiting.trail.pop().map(|stop| stop.back) {
        model.text.resume(tab, at);
    }
    if visiting.trail.is_empty() {
        model.focus = visiting.from;
        model.visiting = None;
    }
    true
}

/// The case that Esc goes back to; None: nothing is visited, or the list is empty.
pub(super) fn way_back(model: &Model) -> Option<&CaseId> {
    let trail = &model.visiting.as_ref()?.trail;
    let before = trail.len().checked_sub(2).and_then(|at| trail.get(at)).map(|stop| &stop.id);
    before.or_else(|| model.queue.selected().map(|case| &case.id))
}

/// Some case is told as it is now.
pub(super) fn watch(model: &mut Model, case: &Case) {
    let Some(visiting) = &mut model.visiting else { return };
    for stop in visiting.trail.iter_mut().filter(|stop| stop.id == case.id) {
        if stop.case.as_ref().is_none_or(|known| known.revision <= case.revision) {
            stop.case = Some(Box::new(case.clone()));
        }
    }
}

/// The desk has no such case for us: nobody stays at it.
pub(super) fn gone(model: &mut Model, id: &CaseId, now: DateTime<Utc>) {
    let Some(visiting) = &mut model.visiting else { return };
    let shown = visiting.id() == Some(id);
    visiting.trail.retain(|stop| stop.id != *id);
    if visiting.trail.is_empty() {
        model.focus = visiting.from;
        model.visiting = None;
    }
    if shown {
        refuse(model, format!("{id}: there is no such case, or it is not yours to see."), now);
    }
}

/// Whoever looks now may not see that desk's cases.
pub(super) fn forget_desk(model: &mut Model, no: DeskNo) {
    if let Some(visiting) = &mut model.visiting {
        visiting.trail.retain(|stop| stop.id.desk() != no);
        if visiting.trail.is_empty() {
            model.visiting = None;
        }
    }
}

/// A visit ends when the keys go to the list: there, the case under the cursor is the one.
pub(super) fn settle(model: &mut Model) {
    if model.focus == Pane::Queue {
        model.visiting = None;
    }
}

impl Model {
    /// The case that is shown and acted on: the visited one, else the one under the cursor. None also while
    /// nothing but the id of a visited one is known.
    pub(super) fn case(&self) -> Option<&Case> {
        let Some(stop) = self.visiting.as_ref().and_then(|v| v.trail.last()) else {
            return self.queue.selected();
        };
        let whole = self.details.get(&stop.id).map(|detail| &detail.case);
        let listed = self.queue.case(&stop.id);
        let known = [stop.case.as_deref(), whole, listed];
        known.into_iter().flatten().max_by_key(|case| case.revision)
    }

    /// Its id, which is known first.
    pub(super) fn case_id(&self) -> Option<&CaseId> {
        match &self.visiting {
            Some(visiting) => visiting.id(),
            None => self.queue.selected().map(|case| &case.id),
        }
    }
}

/// What to say where there is no case that an act could be done to.
pub(super) fn no_case(model: &Model) -> String {
    match model.case_id() {
        Some(id) => format!("{id} is not read yet."),
        None => "No case is selected.".to_owned(),
    }
}
