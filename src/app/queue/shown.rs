//! What of the queue is shown: the views, and the filter over all open cases.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::filter::Filter;
use super::{At, Entry, Queue};
use crate::app::desk::{Desk, Desks};
use crate::app::zone;
use crate::domain::{Case, CaseId, CaseState};
use crate::sla::reading;

/// The views on the number keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueName {
    /// Mine, and what nobody has at my tier.
    Mine,
    All,
    DueToday,
    Waiting,
}

impl QueueName {
    const ALL: [Self; 4] = [Self::Mine, Self::All, Self::DueToday, Self::Waiting];

    /// Its name on the disk.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Mine => "mine",
            Self::All => "all",
            Self::DueToday => "due_today",
            Self::Waiting => "waiting",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.word() == word)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Mine => "mine and unassigned",
            Self::All => "all open",
            Self::DueToday => "due today",
            Self::Waiting => "waiting",
        }
    }
}

/// What a filter looks through. One line a field, so that no word is found across two of them.
pub(super) fn words(case: &Case) -> String {
    let with = case.assignee.as_ref().map_or("", |p| p.name.raw());
    let fields = [
        case.id.as_str(),
        case.subject.raw(),
        case.customer.company.raw(),
        case.customer.contact.raw(),
        case.partner.name.raw(),
        with,
    ];
    fields.join("\n").to_lowercase()
}

impl Queue {
    pub fn name(&self) -> QueueName {
        self.name
    }

    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Whether the filter asks for anything, and so shows what matches it of all open cases.
    pub fn is_filtered(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// A desk of the filter that is not there, in a sentence.
    pub fn unknown_desk(&self, desks: &Desks) -> Option<String> {
        self.wanted.unknown_desk(desks)
    }

    /// A desk has said who looks: it decides what is mine and, when it is the first that is heard of
    /// there (`is_first`), the view to begin with.
    pub fn signed_in(&mut self, is_first: bool, at: At) {
        if is_first && !self.chosen {
            // Whoever watches over all has no tier whose unassigned cases are waiting for them.
            let mut known = at.desks.iter().filter_map(|desk| desk.me.as_ref());
            let over_all = known.all(|me| me.actor.role.tier().is_none());
            self.name = if over_all { QueueName::All } else { QueueName::Mine };
        }
        self.show_again(at);
    }

    pub fn set_name(&mut self, name: QueueName, at: At) {
        self.chosen = true;
        self.name = name;
        self.kept = None;
        self.show_again(at);
        self.left = None;
    }

    pub fn set_filter(&mut self, filter: &str, at: At) {
        let wanted = Filter::of(filter);
        let narrower = self.is_filtered()
            && filter.starts_with(&self.filter)
            && wanted.is_within(&self.wanted);
        filter.clone_into(&mut self.filter);
        self.wanted = wanted;
        if narrower {
            // Whatever matches more letters matched fewer, so only what is shown can still match.
            let mut shown = std::mem::take(&mut self.shown);
            shown.retain(|slot| self.entry(*slot).is_some_and(|entry| self.belongs(entry, at)));
            self.shown = shown;
            self.keep_or_first();
        } else {
            self.show_again(at);
        }
        self.left = None;
    }

    /// Keeps a case in the view until the cursor leaves it.
    pub fn keep(&mut self, id: &CaseId) {
        if self.cursor.as_ref() == Some(id) {
            self.kept = Some(id.clone());
        }
    }

    /// Makes the view anew. The cursor stays on its case, or goes to the first.
    pub(super) fn show_again(&mut self, at: At) {
        let order = std::mem::take(&mut self.order);
        self.shown = order
            .iter()
            .copied()
            .filter(|slot| self.entry(*slot).is_some_and(|entry| self.belongs(entry, at)))
            .collect();
        self.order = order;
        self.days_until = (self.name == QueueName::DueToday && !self.is_filtered())
            .then(|| at.desks.iter().map(|desk| quarter_after(desk, at.now)).min())
            .flatten();
        self.keep_or_first();
    }

    pub(super) fn belongs(&self, entry: &Entry, at: At) -> bool {
        if self.is_filtered() {
            return self.wanted.holds(&entry.words, &at.desk(&entry.case).name);
        }
        if self.kept.as_ref() == Some(&entry.case.id) {
            return true;
        }
        match self.name {
            QueueName::All => true,
            QueueName::Waiting => entry.case.state == CaseState::Waiting,
            QueueName::DueToday => due_today(&entry.case, at),
            QueueName::Mine => match (&at.desk(&entry.case).me, &entry.case.assignee) {
                // Not signed in yet: nothing can be told apart.
                (None, _) => true,
                (Some(me), Some(with)) => with.id == me.actor.id,
                (Some(me), None) => me.actor.role.tier().is_none_or(|tier| tier == entry.case.tier),
            },
        }
    }
}

/// Due by the end of this day where the clock runs; what is missed is due, too.
fn due_today(case: &Case, at: At) -> bool {
    let desk = at.desk(case);
    let now = desk.time(at.now);
    let Some(clock) = reading::leading(case, now) else { return false };
    clock.due_at.is_some_and(|due| {
        let date = |instant| zone::date(desk.policy.under(&clock.policy), &clock.calendar, instant);
        date(due) <= date(now)
    })
}

/// The next full quarter of an hour of a desk's clock: in every zone of the world a day begins at one.
fn quarter_after(desk: &Desk, now: DateTime<Utc>) -> DateTime<Utc> {
    let (quarter, now) = (TimeDelta::minutes(15), desk.time(now));
    desk.on_screen(now.duration_trunc(quarter).unwrap_or(now) + quarter)
}
