//! Drains the outbox on the disk: the acts of one case in order, different cases side by side. An act whose
//! outcome is not known is sent again with the key it was kept with, until the desk confirms or refuses it, or
//! the person is asked. One process drains, this one or another; all add.
//!
//! What waits behind an entry of its case that the person is asked about goes on waiting: it was ordered after
//! it, and may lean on it. A refused entry holds up nothing.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{Tried, attempt};
use super::budget::Budget;
use super::line::Line;
use super::store::{Cause, DrainLock, NewEntry, Owner, Row, RowState, Rows, Setback, StoreError};
use super::{ActRequest, Event, OWN_TICKETS, Order};
use crate::domain::outbox::{ActFailure, Outbox};
use crate::domain::{ActionKind, CaseId, Untrusted};

/// How many acts are out at once.
pub(super) const SIDE_BY_SIDE: usize = 4;
/// How often the file is looked at while another process is to send an act of ours.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// The pause where somebody's help is needed: a token, space on the disk.
const SLOW: Duration = Duration::from_secs(30);

/// What this process ordered itself.
#[derive(Debug, Clone, Copy)]
struct Ordered {
    ticket: u64,
    /// By the monotonic clock, which nobody sets.
    at: Instant,
}

/// What the handle and the sender both know.
#[derive(Debug, Default)]
pub(super) struct Shared {
    ordered: Mutex<HashMap<u64, Ordered>>,
    last: Mutex<Outbox>,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut HashMap<u64, Ordered>) -> T) -> T {
        work(&mut self.ordered.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ordered(&self, n: u64) -> Option<Ordered> {
        self.with(|ordered| ordered.get(&n).copied())
    }

    fn ticket(&self, n: u64) -> u64 {
        self.ordered(n).map_or(OWN_TICKETS + n, |ordered| ordered.ticket)
    }

    /// The number of the entry with that ticket.
    fn n(&self, ticket: u64) -> Option<u64> {
        if let Some(n) = ticket.checked_sub(OWN_TICKETS) {
            return Some(n);
        }
        self.with(|all| all.iter().find(|(_, o)| o.ticket == ticket).map(|(n, _)| *n))
    }

    pub(super) fn outbox(&self, rows: &Rows, now: chrono::DateTime<Utc>) -> Outbox {
        rows.outbox(now, |n| self.ticket(n))
    }

    /// The outbox as it was last told.
    pub(super) fn last(&self) -> Outbox {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The first entry of each case that has no end: the one whose turn it is, unless the person is asked about it.
pub(super) fn heads(rows: &[Row]) -> impl Iterator<Item = &Row> {
    let mut seen = HashSet::new();
    rows.iter().filter(move |row| match row.state {
        RowState::Done(_) | RowState::Refused(_) => false,
        RowState::Asked(_) => {
            seen.insert(&row.case);
            false
        }
        RowState::Queued | RowState::Sending => seen.insert(&row.case),
    })
}

pub(super) async fn run(
    line: Arc<Line>,
    mut orders: mpsc::UnboundedReceiver<Order>,
    shared: Arc<Shared>,
) {
    let mut sender = Sender {
        store_trouble: None,
        budget: Budget::new(Instant::now()),
        lock: None,
        rows: Rows::default(),
        told: None,
        left_told: false,
        lanes: HashMap::new(),
        seen: HashMap::new(),
        working: JoinSet::new(),
        marked: Arc::new(Notify::new()),
        found_down: false,
        look_at: None,
        line: Arc::clone(&line),
        shared,
    };
    let mut owners = line.store.owners();
    let mut recoveries = line.recoveries();
    let closing = line.closing().clone();
    let mut open = true;
    sender.begin().await;
    loop {
        let wake = sender.start_what_may();
        if !open && closing.is_cancelled() && sender.working.is_empty() {
            return;
        }
        let marked = Arc::clone(&sender.marked);
        tokio::select! {
            order = orders.recv(), if open => match order {
                Some(order) => {
                    sender.obey(order).await;
                    while let Ok(order) = orders.try_recv() {
                        sender.obey(order).await;
                    }
                }
                None => open = false,
            },
            Some(ended) = sender.working.join_next(), if !sender.working.is_empty() => match ended {
                Ok((row, tried)) => sender.tried(row, tried).await,
                Err(error) => tracing::error!(%error, "an act was left without an end"),
            },
            () = marked.notified() => {}
            () = woken(sender.lock.as_ref()) => {}
            _ = owners.changed() => sender.begin().await,
            () = line.answered() => {
                if !sender.is_news().await {
                    continue;
                }
            }
            _ = recoveries.changed() => sender.recover(),
            () = sleep_until(wake) => sender.look_again().await,
            () = closing.cancelled(), if open => {
                // Nothing more comes, but what has come is kept.
                orders.close();
            }
        }
        sender.refresh().await;
    }
}

async fn woken(lock: Option<&DrainLock>) {
    match lock {
        Some(lock) => lock.woken().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// What is known of the acts of one case besides what is on the disk.
#[derive(Debug, Default)]
struct Lane {
    busy: bool,
    /// How often the link had come back when its last try began.
    began: u64,
    /// In a row.
    failures: u32,
    not_before: Option<Instant>,
}

struct Sender {
    line: Arc<Line>,
    shared: Arc<Shared>,
    lock: Option<DrainLock>,
    rows: Rows,
    told: Option<Outbox>,
    left_told: bool,
    lanes: HashMap<CaseId, Lane>,
    /// Since when held entries are known here: the desk's clock may be put right meanwhile.
    seen: HashMap<u64, Instant>,
    working: JoinSet<(Row, Tried)>,
    /// An entry stands as being sent.
    marked: Arc<Notify>,
    budget: Budget,
    /// While closing, the desk was found not to answer.
    found_down: bool,
    /// When to look whether another process has sent what we wait for.
    look_at: Option<Instant>,
    /// The trouble with the disk that was told last.
    store_trouble: Option<StoreError>,
}

impl Sender {
    /// At the start, and when the owner is known or another.
    async fn begin(&mut self) {
        for notice in self.line.store.take_notices() {
            self.line.tell(Event::Notice(notice)).await;
        }
        self.take_lock().await;
        self.refresh().await;
        if let (Owner::User(_), false) = (self.line.store.owner(), self.left_told) {
            self.left_told = true;
            self.tell_left().await;
        }
    }

    async fn take_lock(&mut self) {
        if self.lock.is_some() {
            return;
        }
        let taken = async {
            let lock = self.line.store.lock_drain().await?;
            if lock.is_some() {
                self.line.store.take_over(self.line.now()).await?;
            }
            Ok(lock)
        };
        match taken.await {
            Ok(lock) => self.lock = lock,
            Err(error) => self.trouble("send what is in the outbox", error).await,
        }
    }

    /// Drafts, and what the screen was left with.
    async fn tell_left(&mut self) {
        let drafts = match self.line.store.drafts().await {
            Ok(found) => {
                for id in found.damaged {
                    let sentence = format!(
                        "A draft was damaged on the disk and cannot be shown as it was written ({id})."
                    );
                    self.line.tell(Event::Notice(sentence)).await;
                }
                found.drafts
            }
            Err(error) => {
                self.trouble("read the drafts", error).await;
                Vec::new()
            }
        };
        let remembered = self.line.store.remembered().await.unwrap_or_default();
        self.line.tell(Event::Left { drafts, remembered }).await;
    }

    /// Reads the outbox, tells it if it is another, and fetches answers that another process got for us.
    async fn refresh(&mut self) {
        match self.line.store.outbox().await {
            Ok(rows) => self.rows = rows,
            Err(error) => return self.trouble("read the outbox", error).await,
        }
        let mut fetched = Vec::new();
        for row in &self.rows.rows {
            if let RowState::Done(acted) = &row.state
                && let Some(ordered) = self.shared.ordered(row.n)
            {
                fetched.push((row.n, ordered.ticket, acted.case.clone()));
            }
        }
        for (n, ticket, case) in fetched {
            if let Err(error) = self.line.store.take_answer(n).await {
                self.trouble("clear an answer away", error).await;
            }
            self.shared.with(|ordered| ordered.remove(&n));
            self.line.tell(Event::ActDone { ticket, case: Box::new(case) }).await;
        }
        let outbox = self.shared.outbox(&self.rows, self.line.now());
        if self.told.as_ref() != Some(&outbox) {
            self.told = Some(outbox.clone());
            outbox.clone_into(&mut self.shared.last.lock().unwrap_or_else(PoisonError::into_inner));
            self.line.tell(Event::Outbox(outbox)).await;
        }
        self.look_at = self.waits_for_another().then(|| Instant::now() + LOOK_AGAIN);
    }

    /// Whether an act of ours is another process's to send.
    fn waits_for_another(&self) -> bool {
        let is_known = matches!(self.line.store.owner(), Owner::User(_));
        is_known
            && self.lock.is_none()
            && self.rows.rows.iter().any(|row| {
                matches!(row.state, RowState::Queued | RowState::Sending)
                    && self.shared.ordered(row.n).is_some()
            })
    }

    /// The desk has answered something: a good time to see what other processes did.
    async fn is_news(&mut self) -> bool {
        let had_lock = self.lock.is_some();
        if !had_lock
            && self
                .rows
                .rows
                .iter()
                .any(|row| matches!(row.state, RowState::Queued | RowState::Sending))
        {
            self.take_lock().await;
        }
        self.lock.is_some() != had_lock
            || self.line.store.has_changed_elsewhere().await.unwrap_or(true)
    }

    async fn look_again(&mut self) {
        if self.look_at.is_some_and(|at| at <= Instant::now()) {
            self.take_lock().await;
        }
    }

    /// The desk is there again: what waited for it goes.
    fn recover(&mut self) {
        self.budget.refill();
        let times = self.line.times_recovered();
        for lane in self.lanes.values_mut().filter(|lane| lane.began != times) {
            lane.not_before = None;
        }
    }

    /// Starts what may be sent now; says when to look again for what may not.
    fn start_what_may(&mut self) -> Option<Instant> {
        let mut wake = self.look_at;
        if self.lock.is_none() || self.found_down {
            return wake;
        }
        let now = Instant::now();
        let mut sooner = |at: Instant| wake = Some(wake.map_or(at, |known: Instant| known.min(at)));
        if let Some(silence) = self.line.silence() {
            sooner(silence.until);
            return wake;
        }
        let is_closing = self.line.closing().is_cancelled();
        for row in heads(&self.rows.rows) {
            let lane = self.lanes.entry(row.case.clone()).or_default();
            if lane.busy || is_closing && row.tries > 0 {
                continue;
            }
            if row.tries == 0
                && let Some(until) = row.hold_until
            {
                let seen = *self.seen.entry(row.n).or_insert(now);
                let by_clock = (until - self.line.now()).to_std().unwrap_or_default();
                let whole = (until - row.queued_at).to_std().unwrap_or_default();
                // Timers count whole milliseconds: a hair too late instead of twice too early.
                let ends = (now + by_clock).min(seen + whole);
                if ends > now {
                    sooner(ends + Duration::from_millis(1));
                    continue;
                }
            }
            if let Some(at) = lane.not_before.filter(|at| *at > now) {
                sooner(at);
                continue;
            }
            if self.working.len() >= SIDE_BY_SIDE {
                break;
            }
            if row.tries > 0 {
                if let Err(at) = self.budget.take(now) {
                    sooner(at);
                    continue;
                }
            } else {
                self.budget.earn();
            }
            lane.busy = true;
            lane.began = self.line.times_recovered();
            let ordered = self.shared.ordered(row.n);
            let waited = match (row.confirmed_at, ordered) {
                (None, Some(ordered)) => TimeDelta::from_std(now - ordered.at).unwrap_or_default(),
                (confirmed, _) => self.line.now() - confirmed.unwrap_or(row.queued_at),
            };
            let (line, marked, row) =
                (Arc::clone(&self.line), Arc::clone(&self.marked), row.clone());
            self.working.spawn(async move {
                let tried = attempt(&line, &row, waited, ordered.is_none(), &marked).await;
                (row, tried)
            });
        }
        wake
    }

    async fn tried(&mut self, row: Row, tried: Tried) {
        let lane = self.lanes.entry(row.case.clone()).or_default();
        lane.busy = false;
        let pause = match tried {
            Tried::Undecided(Setback { cause: Cause::SignedOut, .. }) => {
                self.found_down = self.line.closing().is_cancelled();
                Some(self.line.at_least_silence(SLOW))
            }
            Tried::Undecided(_) => {
                lane.failures = lane.failures.saturating_add(1);
                self.found_down = self.line.closing().is_cancelled();
                Some(self.line.pause(lane.failures))
            }
            Tried::NotWritten(error) => {
                lane.failures = lane.failures.saturating_add(1);
                let pause = self.line.pause(lane.failures);
                lane.not_before = Some(Instant::now() + pause);
                self.found_down = self.line.closing().is_cancelled();
                let what = format!("send the {} {}", noun(&row), row.case);
                return self.trouble(&what, error).await;
            }
            Tried::Done(_) | Tried::Asked | Tried::Refused | Tried::Gone => {
                lane.failures = 0;
                if row.tries > 0 {
                    self.budget.give_back();
                }
                None
            }
        };
        // Whatever came back meanwhile may have done so after the try had failed.
        let came_back = lane.began != self.line.times_recovered();
        lane.not_before = pause.filter(|_| !came_back).map(|pause| Instant::now() + pause);
        self.store_trouble = None;
        if let Tried::Done(acted) = tried {
            // The desk is there: a poller that waits for its next try need not.
            self.line.poke();
            let ticket = self.shared.ticket(row.n);
            self.shared.with(|ordered| ordered.remove(&row.n));
            self.seen.remove(&row.n);
            self.line.tell(Event::ActDone { ticket, case: Box::new(acted.case) }).await;
        }
    }

    async fn obey(&mut self, order: Order) {
        let store = Arc::clone(&self.line.store);
        let now = self.line.now();
        let done = match order {
            Order::Act(request) => return self.keep(*request).await,
            Order::Undo(ticket) => match self.shared.n(ticket) {
                Some(n) => match store.undo(n).await {
                    Ok(true) => {
                        self.shared.with(|ordered| ordered.remove(&n));
                        self.line.tell(Event::ActUndone { ticket }).await;
                        Ok(true)
                    }
                    other => other,
                }
                .map_err(|error| ("take the act back", error)),
                None => Ok(false),
            },
            Order::SendNow(ticket) => match self.shared.n(ticket) {
                Some(n) => store.send_now(n).await.map_err(|error| ("send the act", error)),
                None => Ok(false),
            },
            Order::StillSend(ticket) => match self.shared.n(ticket) {
                Some(n) => store.still_send(n, now).await.map_err(|error| ("send the act", error)),
                None => Ok(false),
            },
            Order::Discard(ticket) => match self.shared.n(ticket) {
                Some(n) => store.discard(n).await.map_err(|error| ("discard the act", error)),
                None => Ok(false),
            },
            Order::DiscardDamaged(n) => {
                store.discard_damaged(n).await.map_err(|error| ("discard the entry", error))
            }
            Order::KeepDraft(draft) => {
                let kept = store.keep_draft(draft, now).await;
                kept.map(|()| true).map_err(|error| ("keep the draft", error))
            }
            Order::DropDraft(id) => {
                let dropped = store.drop_draft(id).await;
                dropped.map(|()| true).map_err(|error| ("drop the draft", error))
            }
            Order::Remember { name, body } => {
                let kept = store.remember(name, body).await;
                kept.map(|()| true).map_err(|error| ("keep what the screen shows", error))
            }
        };
        match done {
            Ok(true) => self.wake_another(),
            Ok(false) => {
                let sentence = "Too late: the act is on its way, or no longer in the outbox.";
                self.line.tell(Event::Notice(sentence.to_owned())).await;
            }
            Err((what, error)) => self.trouble(what, error).await,
        }
    }

    async fn keep(&mut self, request: ActRequest) {
        let ActRequest { ticket, case, base, revision, action, hold, replaces, draft } = request;
        let kind = action.kind();
        let now = self.line.now();
        let hold = hold.and_then(|hold| TimeDelta::from_std(hold).ok());
        let entry = NewEntry {
            key: self.line.new_key(),
            case: case.clone(),
            base,
            action,
            revision,
            hold_until: hold.map(|hold| now + hold),
            queued_at: now,
            replaces: replaces.and_then(|ticket| self.shared.n(ticket)),
            draft,
        };
        match self.line.store.enqueue(entry).await {
            Ok(n) => {
                let ordered = Ordered { ticket, at: Instant::now() };
                self.shared.with(|all| all.insert(n, ordered));
                self.wake_another();
            }
            Err(error) => {
                tracing::error!(%error, %case, "an act could not be kept");
                let failure = Box::new(not_kept(kind, &case, &error));
                self.line.tell(Event::ActNotKept { ticket, failure }).await;
            }
        }
    }

    fn wake_another(&self) {
        if self.lock.is_none() {
            self.line.store.wake_drainer();
        }
    }

    /// Tells what is wrong with the disk, once as long as it is the same.
    async fn trouble(&mut self, what: &str, error: StoreError) {
        tracing::error!(%error, "could not {what}");
        if self.store_trouble.as_ref() == Some(&error) {
            return;
        }
        let sentence = format!("Could not {what}: {error}. {}", advice(&error));
        self.store_trouble = Some(error);
        self.line.tell(Event::Notice(sentence)).await;
    }
}

fn noun(row: &Row) -> &'static str {
    // As in "could not send the act: note on C-1".
    row.action.kind().verb()
}

/// What to do about a disk that does not do its part.
fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::NoSpace => "Free some space, then try again.",
        StoreError::ReadOnly(_) => "Make the folder writable, then try again.",
        StoreError::Busy => "Try again in a moment.",
        StoreError::Damaged(_) => "Start caseload again: it mends what it can.",
        StoreError::Newer => "Use the newer version.",
        StoreError::Failed(_) => "Try again; if it stays so, start caseload again.",
    }
}

fn not_kept(kind: ActionKind, case: &CaseId, error: &StoreError) -> ActFailure {
    let sentence = format!(
        "Could not {} {case}: it could not be kept on this machine, since {error}, so nothing was sent. {}",
        kind.verb(),
        advice(error)
    );
    ActFailure { sentence: Untrusted::new(sentence), fields: Vec::new(), current: None }
}

#[cfg(test)]
mod tests;
