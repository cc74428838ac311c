//! The outbox as the line would keep it, for a screen without one: what is ordered is in it at once, what is
//! held goes on its way when its time has come, and every change is told.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::domain::CaseId;
use crate::domain::outbox::{Draft, Entry, Outbox, Question, State, Why};

#[derive(Default)]
pub struct Played {
    desks: BTreeMap<DeskNo, Outbox>,
    /// What is on the disk of what was written.
    pub drafts: BTreeMap<String, Draft>,
    pub remembered: BTreeMap<&'static str, String>,
    /// False: nothing is told, as if the disk took its time.
    pub stalls: bool,
}

impl Played {
    fn entry(&mut self, act: ActId) -> Option<&mut Entry> {
        let outbox = self.desks.get_mut(&act.desk)?;
        outbox.entries.iter_mut().find(|entry| entry.ticket == act.ticket)
    }

    fn remove(&mut self, act: ActId) -> Option<Entry> {
        let outbox = self.desks.get_mut(&act.desk)?;
        let at = outbox.entries.iter().position(|entry| entry.ticket == act.ticket)?;
        Some(outbox.entries.remove(at))
    }

    pub fn next_send(&self) -> Option<DateTime<Utc>> {
        let entries = self.desks.values().flat_map(|outbox| &outbox.entries);
        let held = entries.filter_map(|entry| match entry.state {
            State::Held { until } => Some(until),
            _ => None,
        });
        held.min()
    }
}

impl Desk {
    /// What the effects come to; answers those of what is told then.
    pub fn play(&mut self, effects: &[Effect]) -> Vec<Effect> {
        let mut told = Vec::new();
        let mut changed = Vec::new();
        for effect in effects {
            match effect.clone() {
                Effect::Undo(_) if self.played.stalls => {}
                Effect::Act { act, case, base, action, hold, replaces, draft, .. } => {
                    replaces.and_then(|act| self.played.remove(act));
                    draft.and_then(|id| self.played.drafts.remove(&id));
                    let state = match hold {
                        Some(hold) => State::Held { until: self.now + hold },
                        None => State::Sending,
                    };
                    let outbox = self.played.desks.entry(act.desk).or_default();
                    outbox.entries.push(Entry {
                        ticket: act.ticket,
                        n: act.ticket,
                        key: Uuid::from_u128(act.ticket.into()),
                        case,
                        base,
                        action: *action,
                        queued_at: self.now,
                        state,
                        tries: 0,
                        last_error: None,
                    });
                    changed.push(act.desk);
                }
                Effect::Undo(act) => {
                    let entry =
                        self.played.entry(act).map(|entry| (entry.state.clone(), entry.tries));
                    if matches!(entry, Some((State::Held { .. } | State::Queued, 0))) {
                        self.played.remove(act);
                        told.push(Msg::ActUndone { act });
                    }
                    changed.push(act.desk);
                }
                Effect::SendNow(act) | Effect::StillSend(act) => {
                    if let Some(entry) = self.played.entry(act) {
                        entry.state = State::Sending;
                    }
                    changed.push(act.desk);
                }
                Effect::Discard(act) => {
                    self.played.remove(act);
                    changed.push(act.desk);
                }
                Effect::DiscardDamaged { desk, n } => {
                    let outbox = self.played.desks.entry(desk).or_default();
                    outbox.damaged.retain(|row| row.n != n);
                    changed.push(desk);
                }
                Effect::KeepDraft(draft) => {
                    self.played.drafts.insert(draft.id.clone(), draft);
                }
                Effect::DropDraft { id, .. } => {
                    self.played.drafts.remove(&id);
                }
                Effect::Remember { name, body } => {
                    self.played.remembered.insert(name, body);
                }
                _ => {}
            }
        }
        changed.dedup();
        if self.played.stalls {
            return Vec::new();
        }
        let outboxes = changed.into_iter().map(|desk| self.outbox_msg(desk));
        told.extend(outboxes.collect::<Vec<_>>());
        told.into_iter().flat_map(|msg| update(&mut self.model, msg, self.now)).collect()
    }

    fn outbox_msg(&self, desk: DeskNo) -> Msg {
        Msg::Told(desk, Told::OutboxCame(self.played.desks.get(&desk).cloned().unwrap_or_default()))
    }

    /// The first desk tells its outbox.
    pub fn outbox_comes(&mut self) -> Vec<Effect> {
        let msg = self.outbox_msg(DeskNo::FIRST);
        self.tell(msg)
    }

    /// What is held and whose time has come goes on its way.
    pub fn send_due(&mut self) {
        let now = self.now;
        let desks: Vec<DeskNo> = self.played.desks.keys().copied().collect();
        for desk in desks {
            let outbox = self.played.desks.get_mut(&desk).unwrap();
            let mut changed = false;
            for entry in &mut outbox.entries {
                if matches!(entry.state, State::Held { until } if until <= now) {
                    entry.state = State::Sending;
                    changed = true;
                }
            }
            if changed {
                let msg = self.outbox_msg(desk);
                self.tell(msg);
            }
        }
    }

    /// The acts that are on their way to the desk, by case.
    pub fn sent(&self) -> Vec<String> {
        let entries = self.played.desks.values().flat_map(|outbox| &outbox.entries);
        let sent = entries.filter(|entry| matches!(entry.state, State::Sending));
        sent.map(|entry| format!("{} {}", entry.action.kind().word(), entry.case)).collect()
    }

    /// The desk refuses an act.
    pub fn refuse(&mut self, act: ActId, sentence: &str) -> Vec<Effect> {
        let failure = ActFailure { sentence: sentence.into(), fields: vec![], current: None };
        self.refuse_with(act, failure)
    }

    pub fn refuse_with(&mut self, act: ActId, failure: ActFailure) -> Vec<Effect> {
        self.stands(act, State::Refused(Box::new(failure)))
    }

    /// The desk's case is another than the act was ordered on.
    pub fn ask(&mut self, act: ActId, current: Case) -> Vec<Effect> {
        let question = Question { why: Why::Changed, current: Some(current) };
        self.stands(act, State::Asked(Box::new(question)))
    }

    pub fn stands(&mut self, act: ActId, state: State) -> Vec<Effect> {
        if let Some(entry) = self.played.entry(act) {
            entry.state = state;
            entry.tries = entry.tries.max(1);
        }
        let msg = self.outbox_msg(act.desk);
        self.tell(msg)
    }

    /// The desk is not reached with it.
    pub fn delay(&mut self, act: ActId, why: &str) {
        if let Some(entry) = self.played.entry(act) {
            entry.last_error = Some(why.into());
            entry.tries += 1;
        }
        self.stands(act, State::Queued);
    }

    /// The desk has done the act.
    pub fn ends(&mut self, act: ActId) {
        self.played.remove(act);
        let msg = self.outbox_msg(act.desk);
        update(&mut self.model, msg, self.now);
    }

    /// An entry of an earlier run.
    pub fn had(&mut self, n: u64, case: &Case, action: Action, state: State) -> ActId {
        let ticket = (1 << 32) + n;
        let outbox = self.played.desks.entry(DeskNo::FIRST).or_default();
        outbox.entries.push(Entry {
            ticket,
            n,
            key: Uuid::from_u128(ticket.into()),
            case: case.id.clone(),
            base: Some(Box::new(case.clone())),
            action,
            queued_at: self.now - hours(3),
            state,
            tries: 2,
            last_error: Some("connection refused".into()),
        });
        ActId { desk: DeskNo::FIRST, ticket }
    }

    pub fn had_damaged(&mut self, n: u64, text: &str) {
        let outbox = self.played.desks.entry(DeskNo::FIRST).or_default();
        outbox.damaged.push(crate::domain::outbox::Damaged { n, text: text.into() });
    }

    /// The same desk after a restart: what is on the disk is told, and nothing else is known.
    pub fn restarted(&self, cases: Vec<Case>) -> Self {
        let mut desk = Self::of(Role::Partner, cases);
        desk.now = self.now;
        desk.played.drafts = self.played.drafts.clone();
        desk.played.remembered = self.played.remembered.clone();
        desk.played.desks = self.played.desks.clone();
        let drafts = desk.played.drafts.values().cloned().map(|mut draft| {
            draft.case = CaseId::new(draft.case.as_str());
            draft
        });
        let remembered = desk.played.remembered.iter();
        let remembered = remembered.map(|(name, body)| ((*name).to_owned(), body.clone()));
        let left = Told::LeftCame { drafts: drafts.collect(), remembered: remembered.collect() };
        desk.tell(left);
        desk.outbox_comes();
        desk
    }

    /// The outbox that is open.
    pub fn outbox(&self) -> crate::app::view::OutboxView {
        match self.snap().overlay {
            Some(Overlay::Outbox(view)) => view,
            other => panic!("the outbox is not open: {other:?}"),
        }
    }

    /// Its lines: "1 C-1 escalate asked".
    pub fn outbox_lines(&self) -> Vec<String> {
        let rows = self.outbox().rows.into_iter();
        rows.map(|row| {
            let case = row.case.map(|case| case.to_string()).unwrap_or_default();
            let words = [row.n, case, row.act, row.state];
            words.iter().filter(|w| !w.is_empty()).cloned().collect::<Vec<_>>().join(" ")
        })
        .collect()
    }
}
