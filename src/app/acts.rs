//! What was ordered and is not confirmed yet, and what was written and not sent: the acts on their way and
//! the drafts.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::form::Form;
use super::msg::{ActId, Effect};
use crate::domain::{Action, ActionKind, CaseId, Revision, Untrusted};

/// How long what mails the customer is held, so that it can be undone.
pub const HOLD: TimeDelta = TimeDelta::seconds(10);

/// How far an act has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// On this screen alone until then.
    Held {
        until: DateTime<Utc>,
    },
    Sending,
    /// The desk is not reached; it is tried again by itself.
    Delayed {
        why: Untrusted,
    },
}

/// One act on its way.
#[derive(Debug, Clone)]
pub struct Flight {
    pub case: CaseId,
    pub revision: Option<Revision>,
    pub action: Action,
    pub phase: Phase,
    /// The form it came from, to come back with every word.
    pub form: Option<Form>,
}

impl Flight {
    pub fn kind(&self) -> ActionKind {
        self.action.kind()
    }
}

#[derive(Debug, Default)]
pub struct Acts {
    last: u64,
    flights: BTreeMap<ActId, Flight>,
    /// Newest last. One case may have several for the same act: one refused, and one begun meanwhile.
    drafts: Vec<Form>,
}

impl Acts {
    /// Takes an act on its way; a held one causes no effect yet.
    pub fn start(&mut self, flight: Flight, effects: &mut Vec<Effect>) {
        self.last += 1;
        let act = ActId { desk: flight.case.desk(), ticket: self.last };
        if flight.phase == Phase::Sending {
            effects.push(effect(act, &flight));
        }
        self.flights.insert(act, flight);
    }

    /// Sends what has been held long enough; everything that is held when `all`.
    pub fn send_held(&mut self, now: DateTime<Utc>, all: bool, effects: &mut Vec<Effect>) -> usize {
        let mut sent = 0;
        for (act, flight) in &mut self.flights {
            if let Phase::Held { until } = flight.phase
                && (all || until <= now)
            {
                flight.phase = Phase::Sending;
                effects.push(effect(*act, flight));
                sent += 1;
            }
        }
        sent
    }

    /// Takes back the newest held act: of that case, else of any.
    pub fn undo(&mut self, case: Option<&CaseId>) -> Option<Flight> {
        let held = |flight: &Flight| matches!(flight.phase, Phase::Held { .. });
        let newest = |of: Option<&CaseId>| {
            self.flights
                .iter()
                .rev()
                .find(|(_, f)| held(f) && of.is_none_or(|case| f.case == *case))
                .map(|(act, _)| *act)
        };
        let act = newest(case).or_else(|| newest(None))?;
        self.flights.remove(&act)
    }

    pub fn delayed(&mut self, act: ActId, why: Untrusted) {
        if let Some(flight) = self.flights.get_mut(&act) {
            flight.phase = Phase::Delayed { why };
        }
    }

    /// The act has ended, one way or the other.
    pub fn ended(&mut self, act: ActId) -> Option<Flight> {
        self.flights.remove(&act)
    }

    pub fn flights(&self) -> impl DoubleEndedIterator<Item = &Flight> {
        self.flights.values()
    }

    /// The newest act on a case.
    pub fn on(&self, case: &CaseId) -> Option<&Flight> {
        self.flights.values().rev().find(|f| f.case == *case)
    }

    /// Whether such an act on the case is on its way.
    pub fn is_under_way(&self, case: &CaseId, kind: ActionKind) -> bool {
        self.flights.values().any(|f| f.case == *case && f.kind() == kind)
    }

    pub fn has_held(&self) -> bool {
        self.flights.values().any(|f| matches!(f.phase, Phase::Held { .. }))
    }

    /// When the next held act is due to be sent.
    pub fn next_send(&self) -> Option<DateTime<Utc>> {
        self.flights
            .values()
            .filter_map(|f| match f.phase {
                Phase::Held { until } => Some(until),
                Phase::Sending | Phase::Delayed { .. } => None,
            })
            .min()
    }

    pub fn keep_draft(&mut self, form: Form) {
        self.drafts.push(form);
    }

    /// The draft of an act on a case: one that was refused first, since it tells more.
    pub fn take_draft(&mut self, case: &CaseId, kind: ActionKind) -> Option<Form> {
        let of = |form: &Form| form.case() == case && form.kind == kind;
        let index = self
            .drafts
            .iter()
            .position(|form| of(form) && form.refused)
            .or_else(|| self.drafts.iter().rposition(of))?;
        Some(self.drafts.remove(index))
    }

    pub fn drafts(&self) -> &[Form] {
        &self.drafts
    }

    /// A draft of the case that the desk refused and that nobody has seen to.
    pub fn refused(&self, case: &CaseId) -> Option<&Form> {
        self.drafts.iter().find(|form| form.refused && form.case() == case)
    }
}

fn effect(act: ActId, flight: &Flight) -> Effect {
    Effect::Act {
        act,
        case: flight.case.clone(),
        revision: flight.revision,
        action: Box::new(flight.action.clone()),
    }
}
