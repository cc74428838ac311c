//! What happens in a life: a person who does what people do, machines that die, and other people.

use std::time::Duration;

use super::super::{ActRequest, Order};
use super::{CASES, Life};
use crate::domain::outbox::{Entry, State};
use crate::domain::{Action, CaseId, ResolutionKind, Tier};

impl Life {
    pub(super) async fn step(&mut self) {
        match self.chance.below(100) {
            0..=44 => {
                if let Some(which) = self.somebody() {
                    self.order(which, None);
                }
            }
            45..=49 => self.with_entry(
                |state| matches!(state, State::Held { .. }),
                |life, _, entry| {
                    life.witness_unwanted(entry);
                    Some(Order::Undo(entry.ticket))
                },
            ),
            50..=51 => self.with_entry(
                |state| matches!(state, State::Held { .. }),
                |_, _, entry| Some(Order::SendNow(entry.ticket)),
            ),
            52..=63 => self.with_entry(
                |state| matches!(state, State::Asked(_) | State::Refused(_)),
                Self::answer,
            ),
            64..=65 => self.with_entry(
                |state| matches!(state, State::Queued),
                |life, _, entry| {
                    life.witness_unwanted(entry);
                    Some(Order::Discard(entry.ticket))
                },
            ),
            66..=71 => {
                let which = usize::from(self.chance.percent(50));
                self.crash(which, "killed").await;
            }
            72..=74 => {
                let which = usize::from(self.chance.percent(50));
                self.quit(which).await;
            }
            75..=80 => {
                if let Some(which) = (0..2).find(|which| self.processes[*which].is_none()) {
                    self.start(which).await;
                }
            }
            81..=88 => {
                let case = self.any_case();
                let turns = self.chance.percent(20);
                self.note(format!(
                    "others act on {case}{}",
                    if turns { " and turn it" } else { "" }
                ));
                self.desk.others_act(&case, turns);
            }
            89..=93 => {
                self.note("the line is cut".to_owned());
                self.desk.set_down(true);
            }
            _ => {
                self.note("the line is there".to_owned());
                self.desk.set_down(false);
            }
        }
        if self.chance.percent(30) {
            self.desk.deliver_late();
        }
        let pause = match self.chance.below(10) {
            0..=2 => Duration::ZERO,
            3..=4 => Duration::from_millis(self.chance.below(500)),
            5..=7 => Duration::from_millis(self.chance.below(8_000)),
            8 => Duration::from_millis(self.chance.below(60_000)),
            _ => Duration::from_millis(self.chance.below(200_000)),
        };
        tokio::time::sleep(pause).await;
        if pause.is_zero() {
            // Some tasks have had a turn, some not.
            for _ in 0..self.chance.below(12) {
                tokio::task::yield_now().await;
            }
        }
    }

    fn any_case(&mut self) -> CaseId {
        CaseId::from(*self.chance.pick(CASES).unwrap())
    }

    fn any_action(&mut self, label: &str) -> (Action, bool) {
        let text = label.to_owned();
        match self.chance.below(10) {
            0..=4 => (Action::Note { text }, false),
            5..=6 => (Action::Reply { text }, false),
            7 => {
                let resolution = ResolutionKind::Explanation;
                (Action::Close { resolution, text, cause: None, duplicate_of: None }, true)
            }
            8 => {
                let (finding, correction, new_correction) = (None, None, None);
                let to = Tier::Second;
                (Action::Escalate { to, reason: text, finding, correction, new_correction }, true)
            }
            _ => (Action::HandBack { reason: text }, true),
        }
    }

    /// Orders something new, or something in other words.
    fn order(&mut self, which: usize, instead_of: Option<&Entry>) {
        self.acts += 1;
        let (label, ticket) = (format!("a{}", self.acts), self.acts);
        let case = instead_of.map_or_else(|| self.any_case(), |entry| entry.case.clone());
        let (action, is_bound) = self.any_action(&label);
        let seen = self.desk.case(&case);
        let hold = matches!(action, Action::Reply { .. }) || self.chance.percent(20);
        let request = ActRequest {
            ticket,
            case: case.clone(),
            revision: (is_bound && self.chance.percent(80)).then_some(seen.revision),
            base: self.chance.percent(70).then(|| Box::new(seen)),
            action,
            hold: hold.then_some(Duration::from_secs(10)),
            replaces: instead_of.map(|entry| entry.ticket),
            draft: None,
        };
        self.note(format!(
            "{which}: {label} is ordered on {case}{}",
            match instead_of {
                Some(entry) => format!(" instead of {}", super::label(&entry.action)),
                None => String::new(),
            }
        ));
        self.witness.lock().unwrap().act(&label).case = Some(case);
        if let Some(process) = &self.processes[which] {
            process.seen.lock().unwrap().labels.insert(ticket, label);
            process.handle.order(Order::Act(Box::new(request)));
        }
    }

    fn answer(&mut self, which: usize, entry: &Entry) -> Option<Order> {
        let is_asked = matches!(entry.state, State::Asked(_));
        match self.chance.below(3) {
            0 if is_asked => Some(Order::StillSend(entry.ticket)),
            1 => {
                self.witness_unwanted(entry);
                self.order(which, Some(entry));
                None
            }
            _ => {
                self.witness_unwanted(entry);
                Some(Order::Discard(entry.ticket))
            }
        }
    }

    fn witness_unwanted(&self, entry: &Entry) {
        let label = super::label(&entry.action);
        self.witness.lock().unwrap().act(label).unwanted = true;
    }

    fn somebody(&mut self) -> Option<usize> {
        let first = usize::from(self.chance.percent(50));
        [first, 1 - first].into_iter().find(|which| self.processes[*which].is_some())
    }

    /// Does something with an entry that somebody sees.
    fn with_entry(
        &mut self,
        of: impl Fn(&State) -> bool,
        order: impl FnOnce(&mut Self, usize, &Entry) -> Option<Order>,
    ) {
        let Some(which) = self.somebody() else { return };
        let Some(process) = &self.processes[which] else { return };
        let shown = process.seen.lock().unwrap().outbox.clone();
        let fitting: Vec<Entry> =
            shown.entries.into_iter().filter(|entry| of(&entry.state)).collect();
        let Some(entry) = self.chance.pick(&fitting).cloned() else { return };
        if let Some(order) = order(self, which, &entry) {
            self.note(format!("{which}: {order:?} ({})", super::label(&entry.action)));
            if let Some(process) = &self.processes[which] {
                process.handle.order(order);
            }
        }
    }
}
