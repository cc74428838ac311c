//! What was ordered and has no final answer: what the outbox tells of it, and what was ordered a moment ago
//! and is not on the disk yet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::form::{Form, mails};
use super::msg::{ActId, Effect};
use crate::domain::outbox::{Damaged, Entry, Outbox, State};
use crate::domain::{Action, ActionKind, Case, CaseId, DeskNo, Revision};

/// How long what mails the customer is held, so that it can be undone.
pub const HOLD: TimeDelta = TimeDelta::seconds(10);

/// How many acts that have left the outbox are remembered until their end is told.
const ENDED: usize = 1024;

/// An act as it is ordered.
pub struct Ordered {
    pub case: CaseId,
    /// The case as the person saw it.
    pub base: Option<Box<Case>>,
    pub revision: Option<Revision>,
    pub action: Action,
    /// The entry that it is sent instead of.
    pub replaces: Option<ActId>,
    /// The draft that it was written in.
    pub draft: Option<String>,
    /// The form that it comes from, to come back if it cannot be kept.
    pub form: Option<Box<Form>>,
}

/// Ordered on this screen, and not on the disk yet.
#[derive(Debug, Clone)]
struct Saving {
    case: CaseId,
    action: Action,
    form: Option<Box<Form>>,
}

/// How far an act has come.
#[derive(Debug, Clone, Copy)]
pub enum Phase<'a> {
    /// Not on the disk yet.
    Saving,
    /// In the outbox.
    Kept(&'a Entry),
}

/// One act that has no final answer.
#[derive(Debug, Clone, Copy)]
pub struct Flight<'a> {
    pub act: ActId,
    pub case: &'a CaseId,
    pub action: &'a Action,
    pub phase: Phase<'a>,
}

impl<'a> Flight<'a> {
    pub fn kind(&self) -> ActionKind {
        self.action.kind()
    }

    pub fn entry(&self) -> Option<&'a Entry> {
        match self.phase {
            Phase::Saving => None,
            Phase::Kept(entry) => Some(entry),
        }
    }

    /// Until when it is held, by its desk's clock.
    pub fn held(&self) -> Option<DateTime<Utc>> {
        match self.entry()?.state {
            State::Held { until } => Some(until),
            _ => None,
        }
    }

    /// The desk has asked about it or refused it: it waits for the person.
    pub fn waits_for_me(&self) -> bool {
        self.entry().is_some_and(|e| matches!(e.state, State::Asked(_) | State::Refused(_)))
    }

    pub fn is_refused(&self) -> bool {
        self.entry().is_some_and(|entry| matches!(entry.state, State::Refused(_)))
    }

    /// Whether it surely has not been sent yet, so that it can be taken back.
    pub fn can_be_undone(&self) -> bool {
        match self.phase {
            Phase::Saving => mails(self.kind()),
            Phase::Kept(entry) => match entry.state {
                State::Held { .. } => true,
                State::Queued => entry.tries == 0,
                _ => false,
            },
        }
    }
}

/// What a snapshot of an outbox brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// It is the first of that desk: nothing in it has happened just now.
    pub first: bool,
    /// What the desk has come to ask about, or to refuse.
    pub for_me: Vec<ActId>,
    /// What was to be taken back and is on its way.
    pub too_late: Vec<ActId>,
}

#[derive(Debug, Default)]
pub struct Acts {
    last: u64,
    saving: BTreeMap<ActId, Saving>,
    kept: BTreeMap<DeskNo, Outbox>,
    /// What the person wants to take back, each with the draft that its words were put into.
    undoing: BTreeMap<ActId, Option<String>>,
    /// What is no longer in the outbox, newest last.
    ended: VecDeque<(ActId, CaseId, Action)>,
}

impl Acts {
    /// Gives an act to the outbox.
    pub fn order(&mut self, ordered: Ordered, effects: &mut Vec<Effect>) -> ActId {
        self.last += 1;
        let act = ActId { desk: ordered.case.desk(), ticket: self.last };
        let Ordered { case, base, revision, action, replaces, draft, form } = ordered;
        let hold = mails(action.kind()).then_some(HOLD);
        let saving = Saving { case: case.clone(), action: action.clone(), form };
        self.saving.insert(act, saving);
        let action = Box::new(action);
        effects.push(Effect::Act { act, case, base, revision, action, hold, replaces, draft });
        act
    }

    /// Takes in what a desk's outbox holds now.
    pub fn came(&mut self, desk: DeskNo, outbox: Outbox) -> News {
        let id = |entry: &Entry| ActId { desk, ticket: entry.ticket };
        let before = self.kept.remove(&desk);
        let waited: BTreeSet<ActId> = before
            .iter()
            .flat_map(|before| &before.entries)
            .filter(|entry| matches!(entry.state, State::Asked(_) | State::Refused(_)))
            .map(id)
            .collect();
        let here: BTreeSet<ActId> = outbox.entries.iter().map(id).collect();
        let first = before.is_none();
        for entry in before.into_iter().flat_map(|before| before.entries) {
            if !here.contains(&id(&entry)) {
                self.end(id(&entry), entry.case, entry.action);
            }
        }
        self.saving.retain(|act, _| !here.contains(act));
        let for_me = outbox
            .entries
            .iter()
            .filter(|entry| matches!(entry.state, State::Asked(_) | State::Refused(_)))
            .map(id)
            .filter(|act| !waited.contains(act))
            .collect();
        let too_late: Vec<ActId> = outbox
            .entries
            .iter()
            .filter(|entry| {
                !matches!(entry.state, State::Held { .. } | State::Queued) || entry.tries > 0
            })
            .map(id)
            .filter(|act| self.undoing.contains_key(act))
            .collect();
        self.kept.insert(desk, outbox);
        News { first, for_me, too_late }
    }

    fn end(&mut self, act: ActId, case: CaseId, action: Action) {
        self.ended.push_back((act, case, action));
        while self.ended.len() > ENDED {
            self.ended.pop_front();
        }
    }

    /// The act has ended, one way or the other; answers which it was.
    pub fn ended(&mut self, act: ActId) -> Option<(CaseId, Action)> {
        if let Some(saving) = self.saving.remove(&act) {
            return Some((saving.case, saving.action));
        }
        if let Some(at) = self.ended.iter().position(|(ended, ..)| *ended == act) {
            return self.ended.remove(at).map(|(_, case, action)| (case, action));
        }
        let outbox = self.kept.get_mut(&act.desk)?;
        let at = outbox.entries.iter().position(|entry| entry.ticket == act.ticket)?;
        let entry = outbox.entries.remove(at);
        Some((entry.case, entry.action))
    }

    /// Whether it has left the outbox and its end is not told yet.
    pub fn has_ended(&self, act: ActId) -> bool {
        self.ended.iter().any(|(ended, ..)| *ended == act)
    }

    /// Whether it was ordered here and is not on the disk yet.
    pub fn is_saving(&self, act: ActId) -> bool {
        self.saving.contains_key(&act)
    }

    /// The act could not be kept; answers its form, if it came from one.
    pub fn not_kept(&mut self, act: ActId) -> Option<Box<Form>> {
        self.saving.remove(&act).and_then(|saving| saving.form)
    }

    /// Notes that an act is to be taken back, and where its words are meanwhile.
    pub fn undo(&mut self, act: ActId, draft: Option<String>) {
        self.undoing.insert(act, draft);
    }

    pub fn is_being_undone(&self, act: ActId) -> bool {
        self.undoing.contains_key(&act)
    }

    /// The taking back has ended; answers the draft with its words.
    pub fn undone(&mut self, act: ActId) -> Option<String> {
        self.undoing.remove(&act).flatten()
    }

    /// All of them, desk by desk in the order of the outbox, what is not on the disk yet last.
    pub fn flights(&self) -> impl DoubleEndedIterator<Item = Flight<'_>> {
        let kept = self.kept.iter().flat_map(|(desk, outbox)| {
            outbox.entries.iter().map(|entry| Flight {
                act: ActId { desk: *desk, ticket: entry.ticket },
                case: &entry.case,
                action: &entry.action,
                phase: Phase::Kept(entry),
            })
        });
        let saving = self.saving.iter().map(|(act, saving)| Flight {
            act: *act,
            case: &saving.case,
            action: &saving.action,
            phase: Phase::Saving,
        });
        kept.chain(saving)
    }

    pub fn get(&self, act: ActId) -> Option<Flight<'_>> {
        self.flights().find(|flight| flight.act == act)
    }

    pub fn damaged(&self) -> impl Iterator<Item = (DeskNo, &Damaged)> {
        self.kept.iter().flat_map(|(desk, outbox)| outbox.damaged.iter().map(|row| (*desk, row)))
    }

    /// What the case's row tells: what can still be undone, what waits for the person, else the newest.
    pub fn on(&self, case: &CaseId) -> Option<Flight<'_>> {
        let of = || self.flights().rev().filter(|flight| flight.case == case);
        of().find(|flight| flight.held().is_some())
            .or_else(|| of().find(|flight| flight.waits_for_me() && !flight.is_refused()))
            .or_else(|| of().find(Flight::is_refused))
            .or_else(|| of().next())
    }

    /// Whether such an act on the case is on its way.
    pub fn is_under_way(&self, case: &CaseId, kind: ActionKind) -> bool {
        self.flights().any(|f| f.case == case && f.kind() == kind && !f.waits_for_me())
    }

    /// Such an act on the case that waits for the person: one that is asked about before a refused one.
    pub fn waiting(&self, case: &CaseId, kind: ActionKind) -> Option<Flight<'_>> {
        let of = || self.flights().filter(|f| f.case == case && f.kind() == kind);
        of().find(|f| f.waits_for_me() && !f.is_refused()).or_else(|| of().find(Flight::is_refused))
    }

    /// What `u` takes back: the newest of that case, else what is held of any.
    pub fn undoable(&self, case: Option<&CaseId>) -> Option<Flight<'_>> {
        let can = |f: &Flight<'_>| f.can_be_undone() && !self.is_being_undone(f.act);
        let newest = || self.flights().rev().filter(can);
        newest()
            .find(|f| Some(f.case) == case)
            .or_else(|| newest().find(|f| f.held().is_some() || matches!(f.phase, Phase::Saving)))
    }

    /// Those that are held, as long as they are not to be taken back.
    pub fn held(&self) -> Vec<ActId> {
        let held = |f: &Flight<'_>| match f.phase {
            Phase::Saving => mails(f.kind()),
            Phase::Kept(_) => f.held().is_some(),
        };
        let wanted = |f: &Flight<'_>| !self.is_being_undone(f.act);
        self.flights().filter(held).filter(wanted).map(|f| f.act).collect()
    }
}
