//! The lines to all desks of the screen, as one.

use std::future::poll_fn;
use std::task::Poll;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;

use super::translate;
use crate::app::{AskId, Msg, Told};
use crate::clock::Clock;
use crate::domain::ask::Ask;
use crate::domain::{CaseId, DeskNo, Revision};
use crate::sync::{self, Order};

/// A difference of two desks' clocks that is only the time between reading one and the other.
const SAME_TIME: TimeDelta = TimeDelta::milliseconds(50);

/// The line to one desk.
pub struct DeskLine<'a> {
    pub handle: &'a sync::Handle,
    pub told: &'a mut mpsc::Receiver<sync::Event>,
    pub clock: &'a dyn Clock,
}

/// All of them; never none.
pub struct Lines<'a> {
    first: DeskLine<'a>,
    others: Vec<Other<'a>>,
    /// The place that is listened to first, so that a desk that tells much lets the others speak.
    turn: usize,
}

struct Other<'a> {
    no: DeskNo,
    line: DeskLine<'a>,
    /// How far its clock is ahead of the first desk's, as the model was told.
    ahead: TimeDelta,
}

impl<'a> Lines<'a> {
    pub fn new(first: DeskLine<'a>, others: Vec<DeskLine<'a>>) -> Self {
        let numbered = (1..).map(DeskNo::new).zip(others);
        let other = |(no, line)| Other { no, line, ahead: TimeDelta::zero() };
        Self { first, others: numbered.map(other).collect(), turn: 0 }
    }

    /// The screen's time: that of the first desk.
    pub fn now(&self) -> DateTime<Utc> {
        self.first.clock.now()
    }

    /// Asks the case's desk for it.
    pub fn fetch(&self, id: CaseId, known: Option<Revision>) {
        self.to(id.desk()).fetch(translate::plain(id), known);
    }

    /// Names the cases around the cursor to their desks.
    pub fn prefetch(&self, ids: &[CaseId]) {
        let mut desks: Vec<DeskNo> = ids.iter().map(CaseId::desk).collect();
        desks.sort_unstable();
        desks.dedup();
        for desk in desks {
            let theirs = ids.iter().filter(|id| id.desk() == desk).cloned();
            self.to(desk).prefetch(theirs.map(translate::plain).collect());
        }
    }

    pub fn order(&self, desk: DeskNo, order: Order) {
        self.to(desk).order(translate::order(order));
    }

    /// Asks a desk.
    pub fn ask(&self, id: AskId, ask: Ask) {
        self.to(id.desk).ask(id.ticket, translate::ask(ask));
    }

    pub fn cancel(&self, id: AskId) {
        self.to(id.desk).cancel(id.ticket);
    }

    fn to(&self, desk: DeskNo) -> &sync::Handle {
        let other = desk.place().checked_sub(1).and_then(|place| self.others.get(place));
        other.map_or(self.first.handle, |other| other.line.handle)
    }

    pub fn all(&self) -> impl Iterator<Item = &sync::Handle> {
        std::iter::once(self.first.handle).chain(self.others.iter().map(|other| other.line.handle))
    }

    /// What a desk tells next; None: its line has ended.
    pub async fn told(&mut self) -> (DeskNo, Option<sync::Event>) {
        poll_fn(|context| {
            let count = self.others.len() + 1;
            for step in 0..count {
                let place = (self.turn + step) % count;
                let (no, told) = match place.checked_sub(1).and_then(|at| self.others.get_mut(at)) {
                    Some(other) => (other.no, &mut *other.line.told),
                    None => (DeskNo::FIRST, &mut *self.first.told),
                };
                if let Poll::Ready(event) = told.poll_recv(context) {
                    self.turn = (place + 1) % count;
                    return Poll::Ready((no, event));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Where a desk has learned its time anew: by how much it is ahead of the screen's.
    pub fn compare_clocks(&mut self, now: DateTime<Utc>) -> Vec<Msg> {
        let mut learned = Vec::new();
        for other in &mut self.others {
            let ahead = other.line.clock.now() - now;
            if (ahead - other.ahead).abs() > SAME_TIME {
                other.ahead = ahead;
                learned.push(Msg::Told(other.no, Told::ClockCompared(ahead)));
            }
        }
        learned
    }
}
