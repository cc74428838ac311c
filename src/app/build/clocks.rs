//! The clocks pane: every clock of the selected case, both sides of the ledger, and the next breaches over
//! all cases.

use super::Wake;
use super::detail::title;
use crate::app::age;
use crate::app::model::Model;
use crate::app::promises;
use crate::app::queue::At;
use crate::app::view::{ClockRow, ClocksView, Pane};
use crate::app::why;
use crate::app::words;
use crate::app::zone;
use crate::domain::{Case, CaseId, ClockKind, ClockState, ClockSummary, Tier};
use crate::sla::policy::Policy;
use crate::sla::reading::{self, Face};

/// How many missed cases, and how many that are due, the line of the next breaches names at most.
const NEXT_MISSED: usize = 2;
const NEXT_DUE: usize = 8;

pub fn clocks(model: &Model, wake: &mut Wake) -> ClocksView {
    let case = model.case();
    let mut clocks: Vec<ClockRow> = case
        .map(|case| {
            let desk = model.desks.of(&case.id);
            let row = |clock| wake.at(desk, |wake| row(&desk.policy, case, clock, wake));
            case.clocks.iter().map(row).collect()
        })
        .unwrap_or_default();
    if let Some((row, next)) = case.and_then(|case| promises::clock_row(model, case, wake.now)) {
        clocks.push(row);
        wake.by(Some(next));
    }
    let alone = model.areas().detail.is_empty();
    let selected = (model.focus == Pane::Clocks).then(|| why::chosen(model, wake.now)).flatten();
    let title = case.filter(|_| alone).map(|case| title(model, case));
    let stale = case.and_then(|case| {
        let desk = model.desks.of(&case.id);
        wake.at(desk, |wake| age::stale(desk, wake.now).0)
    });
    ClocksView { stale, title, clocks, selected, next: next(model, wake) }
}

fn row(policy: &Policy, case: &Case, clock: &ClockSummary, wake: &mut Wake) -> ClockRow {
    let read = reading::read(clock, policy, wake.now);
    wake.by(read.next_change);
    let wall = reading::wall(clock, wake.now);
    wake.by(wall.as_ref().map(|wall| wall.next_change));
    let counts = matches!(clock.state, ClockState::Running | ClockState::Paused);
    // The bar moves when a text does: no screen is drawn for a thousandth alone.
    let used_permille = read.remaining_s.filter(|_| counts && clock.budget_s > 0).map(|left| {
        let used = (clock.budget_s - left).clamp(0, clock.budget_s);
        u16::try_from(used * 1000 / clock.budget_s).unwrap_or(1000)
    });
    ClockRow {
        short: match clock.kind {
            ClockKind::Response => "R",
            ClockKind::Resolution => words::resolution_short(clock.tier),
        },
        name: match clock.kind {
            ClockKind::Response => "response",
            ClockKind::Resolution => "resolution",
        },
        face: read.face,
        text: read.text,
        due: reading::due_text(clock, policy).unwrap_or_default(),
        wall: wall.map(|wall| wall.text).unwrap_or_default(),
        used_permille,
        facts: format!(
            "target {}, since {} {}",
            clock.target,
            zone::stamp(policy, &clock.calendar, clock.started_at),
            zone::name(policy, &clock.calendar, clock.started_at)
        ),
        // Domain rule 6: the target is the time before the issue must be escalated.
        demand: if clock.kind == ClockKind::Resolution
            && (clock.tier, case.tier) == (Tier::First, Tier::First)
            && counts
            && read.missed
        {
            "must be escalated now"
        } else {
            ""
        },
    }
}

/// The worst of what is missed, and what is due next.
fn next(model: &Model, wake: &mut Wake) -> Vec<(CaseId, Face, String)> {
    let ahead = model.queue.first_ahead(At { now: wake.now, desks: &model.desks });
    let missed = model
        .queue
        .by_urgency(0)
        .take(ahead.min(NEXT_MISSED))
        .map(|case| (case.id.clone(), Face::Missed, "missed".to_owned()));
    let mut next: Vec<(CaseId, Face, String)> = missed.collect();
    for case in model.queue.by_urgency(ahead).take(NEXT_DUE) {
        let desk = model.desks.of(&case.id);
        let leading = reading::leading(case, desk.time(wake.now));
        // From here on nothing runs.
        let Some(clock) = leading.filter(|clock| clock.state == ClockState::Running) else { break };
        let read = reading::read(clock, &desk.policy, desk.time(wake.now));
        wake.by(read.next_change.map(|at| desk.on_screen(at)));
        next.push((case.id.clone(), read.face, read.left));
    }
    next
}
