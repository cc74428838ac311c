//! What becomes of an act on several cases: followed case by case until each has an answer, taken back as far
//! as it was not sent, told at the end.

use std::collections::HashMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use crate::app::acts::{Flight, Phase};
use crate::app::answer;
use crate::app::form::Form;
use crate::app::model::{Model, Overlay};
use crate::app::msg::{ActFailure, ActId, Effect};
use crate::app::order;
use crate::app::update::refuse;
use crate::app::view::{Pane, Tone};
use crate::app::words;
use crate::domain::outbox::State;
use crate::domain::{ActionKind, CaseId, Untrusted};
use crate::input::Action;

/// One case of it.
pub struct Item {
    pub case: CaseId,
    pub customer: Untrusted,
    pub act: ActId,
    end: Option<End>,
}

impl Item {
    pub const fn new(case: CaseId, customer: Untrusted, act: ActId) -> Self {
        Self { case, customer, act, end: None }
    }
}

#[derive(Clone)]
enum End {
    Done,
    TakenBack,
    NotKept(Untrusted),
}

/// One act on several cases.
pub struct Run {
    pub kind: ActionKind,
    pub items: Vec<Item>,
    /// What was left out, and why.
    pub left_out: Vec<(CaseId, String)>,
    /// The words, for what cannot be kept.
    form: Option<Box<Form>>,
    /// Every case has its answer, and it was said.
    over: bool,
}

impl Run {
    pub fn new(
        kind: ActionKind,
        items: Vec<Item>,
        left_out: Vec<(CaseId, String)>,
        form: Option<Box<Form>>,
    ) -> Self {
        Self { kind, items, left_out, form, over: false }
    }

    pub const fn is_over(&self) -> bool {
        self.over
    }
}

/// How far one case has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stand {
    Saving,
    /// Until when, by its desk's clock.
    Held(DateTime<Utc>),
    Undoing,
    Waits,
    /// It is kept, and its desk is not reached.
    Down,
    Sending,
    Done,
    TakenBack,
    /// The desk asks whether it is still to be done.
    Asked(String),
    Failed(Untrusted),
    /// Somebody has taken it out of the outbox.
    Elsewhere,
}

impl Stand {
    pub const fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Done | Self::TakenBack | Self::Asked(_) | Self::Failed(_) | Self::Elsewhere
        )
    }
}

/// How far each case has come.
pub fn stands(model: &Model, run: &Run, now: DateTime<Utc>) -> Vec<Stand> {
    let flights: HashMap<ActId, Flight<'_>> =
        model.acts.flights().map(|flight| (flight.act, flight)).collect();
    run.items.iter().map(|item| stand(model, item, flights.get(&item.act), now)).collect()
}

fn stand(model: &Model, item: &Item, flight: Option<&Flight<'_>>, now: DateTime<Utc>) -> Stand {
    match &item.end {
        Some(End::Done) => return Stand::Done,
        Some(End::TakenBack) => return Stand::TakenBack,
        Some(End::NotKept(why)) => return Stand::Failed(why.clone()),
        None => {}
    }
    let Some(flight) = flight else {
        // Its end is told in a moment.
        return if model.acts.has_ended(item.act) { Stand::Sending } else { Stand::Elsewhere };
    };
    if model.acts.is_being_undone(item.act) {
        return Stand::Undoing;
    }
    let Phase::Kept(entry) = flight.phase else { return Stand::Saving };
    let desk = model.desks.get(item.act.desk);
    let is_down = words::link_down(&desk.link).is_some();
    match &entry.state {
        State::Held { until } => Stand::Held(*until),
        State::Queued | State::Sending if is_down => Stand::Down,
        State::Queued if entry.tries > 0 => Stand::Down,
        State::Queued => Stand::Waits,
        State::Sending => Stand::Sending,
        State::Asked(_) => Stand::Asked(answer::question(entry, desk.time(now))),
        State::Refused(failure) => Stand::Failed(failure.sentence.clone()),
    }
}

/// "2 of 3 done, 1 failed"
pub fn summary(stands: &[Stand]) -> String {
    let count = |is: &dyn Fn(&Stand) -> bool| stands.iter().filter(|stand| is(stand)).count();
    let mut said = format!("{} of {} done", count(&|s| *s == Stand::Done), stands.len());
    for (n, word) in [
        (count(&|s| matches!(s, Stand::Failed(_))), "failed"),
        (count(&|s| matches!(s, Stand::Asked(_))), "asked about"),
        (count(&|s| *s == Stand::TakenBack), "taken back"),
        (count(&|s| *s == Stand::Elsewhere), "given up elsewhere"),
    ] {
        if n > 0 {
            let _ = write!(said, ", {n} {word}");
        }
    }
    said
}

/// Whether an act is one of a run that goes on, so that its report tells what becomes of it.
pub fn is_of(model: &Model, act: ActId) -> bool {
    let run = model.bulk.as_ref().filter(|run| !run.over);
    run.is_some_and(|run| run.items.iter().any(|item| item.act == act))
}

fn end(model: &mut Model, act: ActId, end: End) -> bool {
    let was_going_on = is_of(model, act);
    let items = model.bulk.iter_mut().flat_map(|run| &mut run.items);
    let Some(item) = items.into_iter().find(|item| item.act == act) else { return false };
    let (case, is_done) = (item.case.clone(), matches!(end, End::Done));
    item.end = Some(end);
    if is_done {
        model.marks.drop_of(&case);
    }
    was_going_on
}

/// The desk has done an act; answers whether the report tells it.
pub fn done(model: &mut Model, act: ActId) -> bool {
    end(model, act, End::Done)
}

/// The same of one that was taken back.
pub fn undone(model: &mut Model, act: ActId) -> bool {
    end(model, act, End::TakenBack)
}

/// The same of one that could not be kept: its words become a draft on its case.
pub fn not_kept(
    model: &mut Model,
    act: ActId,
    failure: &ActFailure,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) -> bool {
    let case = model.bulk.as_ref().and_then(|run| {
        let item = run.items.iter().find(|item| item.act == act)?;
        let base = model.queue.case(&item.case)?.clone();
        let mut words = run.form.as_ref()?.written();
        words.base = base;
        Some((item.case.clone(), words))
    });
    let told = end(model, act, End::NotKept(failure.sentence.clone()));
    if let Some((case, words)) = case.filter(|_| told) {
        model.drafts.keep_words(&case, words, now, effects);
    }
    told
}

/// Says how it went, once every case has its answer and no report stands there to say it.
pub fn settle(model: &mut Model, now: DateTime<Utc>) {
    let Some(run) = model.bulk.as_ref().filter(|run| !run.over) else { return };
    let stands = stands(model, run, now);
    if !stands.iter().all(Stand::is_over) {
        return;
    }
    let all_done = stands.iter().all(|stand| *stand == Stand::Done);
    let mut said = format!("{}: {}", words::of_cases(run.kind, run.items.len()), summary(&stands));
    if !all_done && stands.iter().any(|s| matches!(s, Stand::Failed(_) | Stand::Asked(_))) {
        let _ = write!(said, " ({} shows it)", words::key(model, Action::Outbox));
    }
    if let Some(run) = &mut model.bulk {
        run.over = true;
    }
    if !matches!(model.overlay, Some(Overlay::Report { .. })) {
        model.say(said, if all_done { Tone::Good } else { Tone::Error }, now);
    }
}

/// What of a run can be taken back still.
fn undoable(model: &Model) -> Vec<ActId> {
    let Some(run) = model.bulk.as_ref().filter(|run| !run.over) else { return Vec::new() };
    let can = |flight: &Flight<'_>| {
        let not_sent = flight.can_be_undone() || matches!(flight.phase, Phase::Saving);
        not_sent && !model.acts.is_being_undone(flight.act)
    };
    let acts: Vec<ActId> = model.acts.flights().filter(can).map(|flight| flight.act).collect();
    let items = run.items.iter().map(|item| item.act);
    items.filter(|act| acts.contains(act)).collect()
}

/// Takes back all of a run that was not sent. The words are one draft, since they are the same for all.
fn take_back(model: &mut Model, acts: &[ActId], now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some((first, others)) = acts.split_first() else { return };
    order::take_back(model, *first, now, effects);
    for act in others {
        model.acts.undo(*act, None);
        effects.push(Effect::Undo(*act));
    }
}

/// The undo of an act is the undo of all that were ordered with it; answers whether there are such.
pub fn undo_with(
    model: &mut Model,
    act: ActId,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) -> bool {
    let acts = undoable(model);
    let is_one = acts.contains(&act);
    if is_one {
        take_back(model, &acts, now, effects);
    }
    is_one
}

/// A key over the report.
pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Report { at, .. }) = &model.overlay else { return };
    let at = *at;
    match action {
        Some(Action::NextResult) => go(model, at.saturating_add(1)),
        Some(Action::PrevResult) => go(model, at.saturating_sub(1)),
        Some(Action::OpenResult) => open(model, at, now, effects),
        Some(Action::TakeBack) => {
            let acts = undoable(model);
            if model.bulk.as_ref().is_none_or(Run::is_over) {
                model.overlay = None;
            } else if acts.is_empty() {
                refuse(model, "All of it is on its way; nothing can be taken back.", now);
            } else {
                take_back(model, &acts, now, effects);
            }
        }
        Some(Action::LeaveReport) => model.overlay = None,
        _ => {}
    }
}

/// All lines of the report: the cases, then what was left out.
pub fn go(model: &mut Model, to: usize) {
    let Some(run) = &model.bulk else { return };
    let cases: Vec<&CaseId> = run
        .items
        .iter()
        .map(|item| &item.case)
        .chain(run.left_out.iter().map(|(case, _)| case))
        .collect();
    let at = to.min(cases.len().saturating_sub(1));
    let on = cases.get(at).map(|case| (*case).clone());
    model.overlay = Some(Overlay::Report { on, at });
}

/// Opens what waits for an answer, else the case.
fn open(model: &mut Model, at: usize, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(run) = &model.bulk else { return };
    let item = run.items.get(at);
    let case = item.map(|item| &item.case).or_else(|| {
        let left_out = run.left_out.get(at.checked_sub(run.items.len())?);
        left_out.map(|(case, _)| case)
    });
    let Some(case) = case.cloned() else { return };
    let waits = item
        .map(|item| item.act)
        .filter(|act| model.acts.get(*act).is_some_and(|flight| flight.waits_for_me()));
    model.overlay = None;
    if let Some(act) = waits {
        answer::open(model, act, now, effects);
        if model.overlay.is_some() {
            return;
        }
    }
    match model.queue.place_of(&case) {
        Some(place) => {
            model.visiting = None;
            model.queue.select(place);
            model.focus = Pane::Detail;
        }
        None if model.queue.case(&case).is_some() => {
            let key = words::key(model, Action::ViewAll);
            refuse(model, format!("{case} is not in this view; {key} shows all open cases."), now);
        }
        None => refuse(model, format!("{case} is in no list any more."), now),
    }
}
