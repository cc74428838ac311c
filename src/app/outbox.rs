//! The outbox over the desk: everything that is ordered and not confirmed, what is damaged, and the drafts;
//! the keys there.

use chrono::{DateTime, Utc};

use super::acts::Phase;
use super::answer;
use super::model::{Model, Overlay, Sure};
use super::msg::{ActId, Effect};
use super::order;
use super::update::refuse;
use super::words;
use crate::domain::outbox::State;
use crate::domain::{CaseId, DeskNo};
use crate::input::Action;

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Act(ActId),
    Damaged(DeskNo, u64),
    Draft(CaseId, String),
}

impl Item {
    pub fn desk(&self) -> DeskNo {
        match self {
            Self::Act(act) => act.desk,
            Self::Damaged(desk, _) => *desk,
            Self::Draft(case, _) => case.desk(),
        }
    }
}

/// All lines: first what waits for the person, then what is on its way, what is damaged, the drafts.
pub fn items(model: &Model) -> Vec<Item> {
    let of = |for_me: bool| {
        let those = model.acts.flights().filter(move |flight| flight.waits_for_me() == for_me);
        those.map(|flight| Item::Act(flight.act))
    };
    let damaged = model.acts.damaged().map(|(desk, row)| Item::Damaged(desk, row.n));
    let drafts = model.drafts.iter().map(|draft| Item::Draft(draft.case.clone(), draft.id.clone()));
    of(true).chain(of(false)).chain(damaged).chain(drafts).collect()
}

pub fn open(model: &mut Model) {
    model.toast = None;
    model.overlay = Some(Overlay::Outbox { on: items(model).first().cloned(), at: 0 });
}

/// Where the keys are: on their line as long as it is there, else on the one that came up to its place.
pub fn place(items: &[Item], on: Option<&Item>, at: usize) -> usize {
    let last = items.len().saturating_sub(1);
    on.and_then(|on| items.iter().position(|item| item == on)).unwrap_or(at.min(last))
}

/// Keeps the keys on a line that is there.
pub fn settle(model: &mut Model) {
    let Some(Overlay::Outbox { on, at }) = &model.overlay else { return };
    let items = items(model);
    let place = place(&items, on.as_ref(), *at);
    let on = items.get(place).cloned();
    model.overlay = Some(Overlay::Outbox { on, at: place });
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Outbox { on, at }) = &model.overlay else { return };
    let (on, at) = (on.clone(), *at);
    match action {
        Some(Action::CloseOutbox) => model.overlay = None,
        Some(Action::NextItem) => go(model, at.saturating_add(1)),
        Some(Action::PrevItem) => go(model, at.saturating_sub(1)),
        Some(Action::OpenItem) => open_item(model, on.as_ref(), now, effects),
        Some(Action::SendItem) => send_item(model, on.as_ref(), now, effects),
        Some(Action::DiscardItem) => discard_item(model, on, now, effects),
        _ => {}
    }
}

pub fn go(model: &mut Model, to: usize) {
    let items = items(model);
    let at = to.min(items.len().saturating_sub(1));
    model.overlay = Some(Overlay::Outbox { on: items.get(at).cloned(), at });
}

fn open_item(model: &mut Model, on: Option<&Item>, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match on {
        Some(Item::Act(act)) => {
            let waits = model.acts.get(*act).map(|flight| flight.waits_for_me());
            match waits {
                Some(true) => answer::open(model, *act, now, effects),
                Some(false) => refuse(model, "It is on its way by itself.", now),
                None => {}
            }
        }
        Some(Item::Draft(case, id)) => open_draft(model, case, id, now, effects),
        Some(Item::Damaged(..)) => refuse(model, "What is damaged can only be discarded.", now),
        None => {}
    }
}

fn open_draft(
    model: &mut Model,
    case: &CaseId,
    id: &str,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(draft) = model.drafts.take_id(case, id) else { return };
    let Some(words) = draft.words.clone() else {
        model.drafts.put(draft);
        return refuse(model, "Another version of caseload wrote this draft; use that one.", now);
    };
    // What was written about an act belongs into its form.
    let about = words.instead_of.and_then(|key| {
        model.acts.flights().find(|f| f.waits_for_me() && f.entry().is_some_and(|e| e.key == key))
    });
    if let Some(act) = about.map(|flight| flight.act) {
        model.drafts.put(draft);
        return answer::open(model, act, now, effects);
    }
    // Of a case that is closed or gone, as it was when that was written.
    let base = model.queue.case(case).unwrap_or(&words.base).clone();
    if let Some(form) = order::drafted(model, draft.clone(), &base) {
        order::show(model, form, effects);
    } else {
        model.drafts.put(draft);
    }
}

fn send_item(model: &mut Model, on: Option<&Item>, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let Some(Item::Act(act)) = on else { return };
    let Some(flight) = model.acts.get(*act) else { return };
    match flight.phase {
        Phase::Saving => {}
        Phase::Kept(entry) => match entry.state {
            State::Held { .. } => effects.push(Effect::SendNow(*act)),
            State::Asked(_) | State::Refused(_) => answer::send_as_it_is(model, *act, effects),
            State::Queued | State::Sending => {
                effects.push(Effect::PollNow);
                refuse(model, "It is tried again now; else it is by itself.", now);
            }
        },
    }
}

fn discard_item(
    model: &mut Model,
    on: Option<Item>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(item) = on else { return };
    if let Item::Act(act) = &item {
        let Some(flight) = model.acts.get(*act) else { return };
        if flight.held().is_some() {
            return order::take_back(model, *act, now, effects);
        }
        let is_sent = flight.entry().is_none_or(|entry| matches!(entry.state, State::Sending));
        if is_sent {
            return refuse(model, "It is being sent and can no longer be taken back.", now);
        }
    }
    model.overlay = Some(Overlay::Sure { what: Sure::Discard(item), came: None });
}

/// The person is sure that something is to be given up.
pub fn discard(model: &mut Model, item: &Item, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match item {
        Item::Act(act) => {
            // It may have gone on its way while the question stood there.
            let entry = model.acts.get(*act).and_then(|flight| flight.entry()).cloned();
            match entry {
                Some(entry) if !matches!(entry.state, State::Sending) => {
                    effects.push(Effect::Discard(*act));
                    if let Some(draft) = model.drafts.take_about(&entry.case, entry.key) {
                        effects.push(Effect::DropDraft { case: entry.case, id: draft.id });
                    }
                }
                _ => refuse(model, "It is being sent and can no longer be taken back.", now),
            }
        }
        Item::Damaged(desk, n) => effects.push(Effect::DiscardDamaged { desk: *desk, n: *n }),
        Item::Draft(case, id) => {
            if model.drafts.take_id(case, id).is_some() {
                effects.push(Effect::DropDraft { case: case.clone(), id: id.clone() });
            }
        }
    }
}

/// What a line is: "escalate C-1".
pub fn name(model: &Model, item: &Item) -> String {
    match item {
        Item::Act(act) => model.acts.get(*act).map_or_else(
            || "what is no longer there".to_owned(),
            |flight| format!("{} {}", flight.kind().verb(), flight.case),
        ),
        Item::Damaged(_, n) => format!("number {n}, which is damaged"),
        Item::Draft(case, id) => {
            let kind = model
                .drafts
                .iter()
                .find(|draft| draft.id == *id)
                .and_then(|draft| draft.words.as_ref())
                .map_or("a draft on", |words| words.kind.verb());
            format!("the draft: {kind} {case}")
        }
    }
}

/// The title of the question about an act: "Take C-1".
pub fn title(model: &Model, act: ActId) -> String {
    model.acts.get(act).map_or_else(
        || "It is no longer there".to_owned(),
        |flight| format!("{} {}", words::title(flight.kind()), flight.case),
    )
}

/// How many are unsent, asked about, refused and set aside, for the header: "3 unsent · 1 asked".
pub fn waits(model: &Model) -> String {
    let (mut unsent, mut asked, mut refused) = (0, 0, 0);
    for flight in model.acts.flights() {
        let is_down = words::link_down(&model.desks.get(flight.act.desk).link).is_some();
        match flight.entry().map(|entry| (&entry.state, entry.tries)) {
            Some((State::Asked(_), _)) => asked += 1,
            Some((State::Refused(_), _)) => refused += 1,
            // What takes its usual way is at its row.
            Some((State::Queued | State::Sending, tries)) if is_down || tries > 1 => unsent += 1,
            Some((State::Held { .. }, _)) if is_down => unsent += 1,
            _ => {}
        }
    }
    let counts = [
        (unsent, "unsent"),
        (asked, "asked"),
        (refused, "refused"),
        (model.acts.damaged().count(), "set aside"),
    ];
    let said = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    said.collect::<Vec<_>>().join(" · ")
}
