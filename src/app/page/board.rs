//! The breach board: the next breach in large digits and those after it, for a wall or a pane that runs for
//! weeks. It is quiet until the first of the alerts' thresholds, and it is redrawn when a text on it changes.

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::build::{self, Wake, header};
use crate::app::layout::Shape;
use crate::app::model::Model;
use crate::app::msg::{Effect, Link};
use crate::app::order;
use crate::app::page::Page;
use crate::app::promises::Shown;
use crate::app::update::refuse;
use crate::app::view::{BoardRow, BoardView, Notice, Tone};
use crate::app::visiting;
use crate::app::words;
use crate::app::zone;
use crate::domain::{ActionKind, Case, CaseId, ClockKind, ClockState, ClockSummary, Untrusted};
use crate::input::Action;
use crate::sla::reading::{self, Face};

/// Rows that a page key moves.
const PAGE: isize = 10;

#[derive(Debug, Default)]
pub struct Board {
    /// The case that the keys are on; None: nobody has chosen one.
    on: Option<CaseId>,
    /// Only what I have.
    mine: bool,
}

pub fn open(model: &mut Model) {
    model.toast = None;
    model.page = Page::Board(Board::default());
}

/// What stands on it: a case by its most urgent clock, or what was promised on one.
enum Entry<'a> {
    Case(&'a Case, &'a ClockSummary),
    Promise(Shown, Option<&'a Case>),
}

impl Entry<'_> {
    fn id(&self) -> &CaseId {
        match self {
            Self::Case(case, _) => &case.id,
            Self::Promise(promise, _) => &promise.case,
        }
    }
}

/// All of it: what is missed, the worst first, then what is due next.
fn entries<'a>(model: &'a Model, board: &Board, now: DateTime<Utc>) -> Vec<Entry<'a>> {
    let is_mine = |case: &Case| {
        let me = model.desks.of(&case.id).me.as_ref();
        me.is_some_and(|me| case.assignee.as_ref().is_some_and(|with| with.id == me.actor.id))
    };
    let mut all = Vec::new();
    for case in model.queue.by_urgency(0) {
        let there = model.desks.of(&case.id).time(now);
        // From the first whose clocks are held or ended on, nothing runs.
        let Some(clock) = reading::leading(case, there) else { break };
        if clock.state != ClockState::Running || clock.due_at.is_none() {
            break;
        }
        if !board.mine || is_mine(case) {
            all.push(Entry::Case(case, clock));
        }
    }
    // A promise stands where its time puts it; one that is past after what the desk missed.
    let due = |entry: &Entry<'_>| match entry {
        Entry::Case(case, clock) => {
            let due = clock.due_at.unwrap_or(now);
            model.desks.of(&case.id).on_screen(due)
        }
        Entry::Promise(promise, _) => model.desks.of(&promise.case).on_screen(promise.due),
    };
    let missed = all.partition_point(|entry| due(entry).timestamp() < now.timestamp());
    for promise in model.promises.shown(&model.desks, now) {
        let at = model.desks.of(&promise.case).on_screen(promise.due);
        let place = if at < now {
            missed
        } else {
            all.partition_point(|entry| due(entry) <= at || due(entry) < now)
        };
        let case = model.queue.case(&promise.case);
        all.insert(place, Entry::Promise(promise, case));
    }
    all
}

pub fn press(model: &mut Model, action: Action, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if model.areas().shape == Shape::TooSmall {
        return;
    }
    let Page::Board(board) = &model.page else { return };
    let chosen = board.on.clone();
    match action {
        Action::LeaveBoard => model.page = Page::Desk,
        Action::BoardDown => go(model, 1, now),
        Action::BoardUp => go(model, -1, now),
        Action::BoardPageDown => go(model, PAGE, now),
        Action::BoardPageUp => go(model, -PAGE, now),
        Action::BoardFirst => go(model, isize::MIN, now),
        Action::BoardScope => {
            if let Page::Board(board) = &mut model.page {
                board.mine = !board.mine;
            }
        }
        Action::BoardUndo => order::undo_of(model, chosen.as_ref(), now, effects),
        Action::BoardSendHeld => order::send_held(model, now, effects),
        Action::BoardRespond => act(model, ActionKind::Respond, chosen, now, effects),
        Action::BoardTake => act(model, ActionKind::Take, chosen, now, effects),
        Action::BoardOpen => match chosen {
            Some(case) => {
                model.page = Page::Desk;
                visiting::visit(model, case);
            }
            None => choose_first(model, now),
        },
        _ => {}
    }
}

/// An act on the chosen case. Nobody who looks at a wall knows which row is first at the moment of a key, so
/// that nothing is done to a case that was not chosen.
fn act(
    model: &mut Model,
    kind: ActionKind,
    chosen: Option<CaseId>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    match chosen {
        Some(id) => match model.queue.case(&id).cloned() {
            Some(case) => order::begin_on(model, kind, &case, now, effects),
            None => refuse(model, format!("{id} has left the list meanwhile"), now),
        },
        None => choose_first(model, now),
    }
}

fn choose_first(model: &mut Model, now: DateTime<Utc>) {
    let key = words::key(model, Action::BoardDown);
    refuse(model, format!("No case is chosen: {key} goes to the first."), now);
}

/// Moves the keys by so many rows.
fn go(model: &mut Model, rows: isize, now: DateTime<Utc>) {
    let Page::Board(board) = &model.page else { return };
    let ids: Vec<CaseId> =
        entries(model, board, now).iter().map(|entry| entry.id().clone()).collect();
    let at = board.on.as_ref().and_then(|on| ids.iter().position(|id| id == on));
    let last = ids.len().saturating_sub(1);
    let to = match at {
        Some(at) => at.saturating_add_signed(rows).min(last),
        None => 0,
    };
    let to = if at.is_some_and(|at| ids.get(at) == ids.get(to)) && rows.unsigned_abs() == 1 {
        // The same case stands there twice, by its clock and by its promise.
        to.saturating_add_signed(rows).min(last)
    } else {
        to
    };
    if let Page::Board(board) = &mut model.page {
        board.on = ids.get(to).cloned();
    }
}

/// After every message: a chosen case that is no longer on the board is told and left.
pub fn settle(model: &mut Model, now: DateTime<Utc>) {
    let Page::Board(board) = &model.page else { return };
    let Some(on) = board.on.clone() else { return };
    if entries(model, board, now).iter().any(|entry| *entry.id() == on) {
        return;
    }
    if let Page::Board(board) = &mut model.page {
        board.on = None;
    }
    let id = model.desks.named_case(&on);
    if model.toast.is_none() {
        model.say(format!("{id} left the board: no clock of it runs any more"), Tone::Plain, now);
    }
}

pub fn view(model: &Model, board: &Board, wake: &mut Wake) -> BoardView {
    let entries = entries(model, board, wake.now);
    let ahead = entries.iter().position(|entry| !is_missed(model, entry, wake.now));
    // What is missed cannot be kept any more: the large digits are of what can.
    let hero = ahead.or((!entries.is_empty()).then_some(0));
    let body = usize::from(model.size.1.saturating_sub(2));
    let on = board.on.as_ref();
    let chosen = entries.iter().position(|entry| on == Some(entry.id()));
    // As many rows as could ever be drawn, around the chosen one.
    let first = chosen.unwrap_or(0).saturating_sub(body / 2);
    let shown = entries.iter().enumerate().skip(first).take(body);
    let rows = shown
        .map(|(at, entry)| BoardRow { chosen: chosen == Some(at), ..row(model, entry, wake) })
        .collect();
    BoardView {
        scope: if board.mine { "mine" } else { "all" },
        hero: hero.map(|at| row(model, &entries[at], wake)),
        rows,
        first,
        count: entries.len(),
        stale: stale(model, wake),
        notice: entries.is_empty().then(|| nothing(model, board)),
    }
}

fn is_missed(model: &Model, entry: &Entry<'_>, now: DateTime<Utc>) -> bool {
    match entry {
        Entry::Case(case, clock) => {
            let there = model.desks.of(&case.id).time(now).timestamp();
            clock.due_at.is_some_and(|due| due.timestamp() < there)
        }
        Entry::Promise(promise, _) => promise.face == Face::Missed,
    }
}

fn row(model: &Model, entry: &Entry<'_>, wake: &mut Wake) -> BoardRow {
    let desk = model.desks.of(entry.id());
    match entry {
        Entry::Case(case, clock) => wake.at(desk, |wake| {
            let read = reading::read(clock, &desk.policy, wake.now);
            wake.by(read.next_change);
            let quiet = model.alerts_at.first().is_some_and(|longest| {
                read.remaining_s.is_some_and(|left| left > longest.num_seconds())
            });
            wake.by(threshold(model, clock, wake.now));
            let tier = match clock.kind {
                ClockKind::Response => "R",
                ClockKind::Resolution => words::resolution_short(clock.tier),
            };
            // Due at the next opening: the opening says more than "0s".
            let opens = read.face == Face::Outside || read.remaining_s == Some(0);
            let left = if opens { read.text } else { read.left };
            BoardRow {
                due: reading::due_text(clock, &desk.policy).unwrap_or_default(),
                left,
                face: read.face,
                quiet: quiet && !read.missed,
                clock: tier,
                ..bare(model, case, wake)
            }
        }),
        Entry::Promise(promise, case) => {
            wake.by(Some(desk.on_screen(promise.next_change)));
            let row = case
                .map_or_else(|| BoardRow::of(promise.case.clone()), |case| bare(model, case, wake));
            let calendar = case.and_then(|case| case.clocks.last());
            let policy = &desk.policy;
            let calendar = calendar.map_or("", |clock| clock.calendar.as_str());
            BoardRow {
                subject: Untrusted::from(promise.what.as_str()),
                due: format!(
                    "{} {}",
                    zone::stamp(policy, calendar, promise.due),
                    zone::name(policy, calendar, promise.due)
                ),
                left: promise.left.clone(),
                face: promise.face,
                quiet: false,
                clock: "P",
                ..row
            }
        }
    }
}

/// When a row stops being quiet.
fn threshold(model: &Model, clock: &ClockSummary, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let longest = model.alerts_at.first()?;
    clock.due_at.map(|due| due - *longest).filter(|at| *at > now)
}

/// What does not depend on which clock it is.
fn bare(model: &Model, case: &Case, wake: &mut Wake) -> BoardRow {
    BoardRow {
        desk: model.desks.name_of(&case.id).map(str::to_owned),
        severity: Some(case.severity),
        tier: Some(case.tier),
        subject: case.subject.clone(),
        customer: case.customer.company.clone(),
        with: case.assignee.as_ref().map(|person| person.name.clone()),
        act: build::act_text(model, &case.id, wake),
        ..BoardRow::of(case.id.clone())
    }
}

/// What of what is shown can no longer be relied on, and since when.
fn stale(model: &Model, wake: &mut Wake) -> Option<String> {
    let said: Vec<String> = model
        .desks
        .iter()
        .filter(|desk| desk.link != Link::Live)
        .filter_map(|desk| {
            let old = wake.at(desk, |wake| header::old(desk, wake))?;
            let name = if model.desks.are_several() { &desk.name } else { "" };
            Some(format!("{name} not reached, {old}").trim_start().to_owned())
        })
        .collect();
    (!said.is_empty()).then(|| said.join(" · "))
}

fn nothing(model: &Model, board: &Board) -> Notice {
    if !model.queue.is_loaded() {
        let lines = words::lines_down(&model.desks).into_iter().collect();
        return Notice { title: "No case is known yet".to_owned(), lines, tone: Tone::Dim };
    }
    let scope = words::key(model, Action::BoardScope);
    let lines = if board.mine {
        vec![format!("Of the cases that you have; {scope} shows all.")]
    } else {
        vec!["New cases appear by themselves.".to_owned()]
    };
    Notice { title: "No clock runs".to_owned(), lines, tone: Tone::Good }
}

/// The thresholds of a screen that was told none.
pub fn default_alerts() -> Vec<TimeDelta> {
    [60, 15, 0].map(TimeDelta::minutes).to_vec()
}
