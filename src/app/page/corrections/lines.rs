//! The lines of the outline: headings by release plan, and below each its corrections by status.

use super::Key;
use crate::app::model::Model;
use crate::domain::{Correction, DeskNo, ReleasePlan};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    Plan(Option<ReleasePlan>),
    One(Key),
}

/// The plans in the order of the outline; what is not planned comes last.
pub fn plans() -> impl Iterator<Item = Option<ReleasePlan>> {
    ReleasePlan::ALL.iter().copied().map(Some).chain([None])
}

/// The corrections that the filters let through, of one plan, by status, newest first.
pub fn of_plan(model: &Model, plan: Option<ReleasePlan>) -> Vec<(DeskNo, &Correction)> {
    let outline = &model.outline;
    let words: Vec<String> =
        outline.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let all = outline.desks.iter().flat_map(|(desk, told)| {
        told.corrections.iter().flatten().map(move |correction| (*desk, correction))
    });
    let mut found: Vec<(DeskNo, &Correction)> = all
        .filter(|(_, correction)| correction.release_plan == plan)
        .filter(|(_, correction)| outline.statuses.holds(correction.status))
        .filter(|(desk, correction)| words.is_empty() || holds(model, *desk, correction, &words))
        .collect();
    found.sort_by_key(|(desk, correction)| {
        (correction.status, std::cmp::Reverse(correction.updated_at), *desk)
    });
    found
}

/// Whether every word stands somewhere in it.
fn holds(model: &Model, desk: DeskNo, correction: &Correction, words: &[String]) -> bool {
    let note = correction.note.as_ref().map_or("", |note| note.raw());
    let plan = correction.release_plan.map_or("not planned", ReleasePlan::label);
    let text = format!(
        "{} {} {} {plan} {note} {}",
        correction.id.as_str(),
        correction.title.raw(),
        correction.status,
        model.desks.get(desk).name
    )
    .to_lowercase();
    words.iter().all(|word| text.contains(word))
}

/// All lines. A plan without corrections has no heading.
pub fn lines(model: &Model) -> Vec<Line> {
    let mut lines = Vec::new();
    for plan in plans() {
        let of = of_plan(model, plan);
        if of.is_empty() {
            continue;
        }
        lines.push(Line::Plan(plan));
        if !model.outline.folded.contains(&plan) {
            lines.extend(of.iter().map(|(desk, one)| Line::One((*desk, one.id.clone()))));
        }
    }
    lines
}
