//! Drains the outbox once, without a line that is kept up: for commands.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::attempt::{Tried, attempt, setback_of};
use super::line::{Line, random_jitter};
use super::sender::{SIDE_BY_SIDE, heads};
use super::store::{Cause, Owner, Row, RowState, Setback, Store, StoreError};
use crate::client::CaseApi;
use crate::clock::DeskClock;
use crate::domain::CaseId;
use crate::domain::outbox::Question;
use crate::wire::{Acted, Problem};

/// How often the file is looked at while another process sends.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often an act is sent whose answer got lost.
const TRIES: u32 = 3;

/// How an entry ended, as far as it did.
#[derive(Debug, Clone, PartialEq)]
pub struct Drained {
    pub n: u64,
    pub case: CaseId,
    pub end: End,
}

#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The entry is gone from the outbox.
    Done(Box<Acted>),
    /// It stays until the person has said.
    Asked(Box<Question>),
    /// It stays until it is replaced or discarded.
    Refused(Box<Problem>),
    /// It stays and is sent by whoever drains next. With why, if it was tried or the desk could not be reached;
    /// None: it is held, waits behind another entry of its case, or for another process that is slow.
    Waiting(Option<Setback>),
    /// Somebody took it back meanwhile, or it is damaged.
    Gone,
}

/// Sends what may be sent now, in order for each case, and says of each of the entries `wanted` how it ended; of
/// all that are there, if none is named.
///
/// To be called after [`Store::enqueue`], with the numbers that it gave. An act whose answer gets lost is sent
/// up to three times; otherwise each is tried once, and nothing more is begun once the desk is found not to
/// answer. What earlier runs left is sent, too, since it comes first. If another process drains, that one is
/// woken and its ends are waited for, `patience` at most; if it ends meanwhile, this one takes over.
///
/// # Errors
/// When the outbox cannot be read. What was enqueued is kept all the same.
pub async fn drain(
    api: Arc<dyn CaseApi>,
    store: Arc<Store>,
    clock: Arc<DeskClock>,
    wanted: &[u64],
    patience: Duration,
) -> Result<Vec<Drained>, StoreError> {
    let (events, _) = mpsc::channel(1);
    let line = Arc::new(Line::new(api, clock, store, events, random_jitter()));
    let wanted = if wanted.is_empty() {
        let rows = line.store.outbox().await?.rows;
        rows.iter().filter(|row| !matches!(row.state, RowState::Done(_))).map(|row| row.n).collect()
    } else {
        wanted.to_vec()
    };
    let mut run = Run { line, wanted, done: HashMap::new(), cases: HashMap::new(), down: None };
    if let Owner::Token(_) = run.line.store.owner() {
        match run.line.ask(false, run.line.api.me()).await {
            Ok(me) => {
                if let Err(error) = run.line.store.adopt(&me.id).await {
                    tracing::warn!(%error, "whose the token is could not be kept");
                }
            }
            Err(error) => {
                run.down = Some(setback_of(error));
                return run.ends().await;
            }
        }
    }
    let until = Instant::now() + patience;
    loop {
        if let Some(_lock) = run.line.store.lock_drain().await? {
            run.line.store.take_over(run.line.now()).await?;
            run.send_all().await?;
            return run.ends().await;
        }
        run.line.store.wake_drainer();
        if run.have_ended().await? || Instant::now() >= until {
            return run.ends().await;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

struct Run {
    line: Arc<Line>,
    wanted: Vec<u64>,
    /// The answers that were got here, or fetched.
    done: HashMap<u64, Box<Acted>>,
    /// The cases of entries that may be gone at the end.
    cases: HashMap<u64, CaseId>,
    /// The desk does not answer: no more is begun.
    down: Option<Setback>,
}

impl Run {
    /// Whether another process has brought all to an end.
    async fn have_ended(&mut self) -> Result<bool, StoreError> {
        let rows = self.line.store.outbox().await?.rows;
        Ok(!rows.iter().any(|row| {
            self.wanted.contains(&row.n)
                && matches!(row.state, RowState::Queued | RowState::Sending)
        }))
    }

    async fn send_all(&mut self) -> Result<(), StoreError> {
        let mut working = JoinSet::new();
        let mut tries: HashMap<u64, u32> = HashMap::new();
        // Cases of which no more is sent.
        let mut stuck: HashSet<CaseId> = HashSet::new();
        loop {
            let rows = self.line.store.outbox().await?.rows;
            let now = self.line.now();
            for row in heads(&rows) {
                let is_held = row.hold_until.is_some_and(|until| until > now) && row.tries == 0;
                let may = !stuck.contains(&row.case) && !is_held && self.down.is_none();
                if !may || working.len() >= SIDE_BY_SIDE || self.line.silence().is_some() {
                    continue;
                }
                stuck.insert(row.case.clone());
                let tried = tries.entry(row.n).or_default();
                let pause = if *tried > 0 { self.line.pause(*tried) } else { Duration::ZERO };
                *tried += 1;
                let (line, row) = (Arc::clone(&self.line), row.clone());
                let keep_answer = !self.wanted.contains(&row.n);
                working.spawn(async move {
                    tokio::time::sleep(pause).await;
                    let waited = line.now() - row.confirmed_at.unwrap_or(row.queued_at);
                    let tried = attempt(&line, &row, waited, keep_answer, &Notify::new()).await;
                    (row, tried)
                });
            }
            let Some(ended) = working.join_next().await else { return Ok(()) };
            let (row, tried) = match ended {
                Ok(ended) => ended,
                Err(error) => {
                    tracing::error!(%error, "an act was left without an end");
                    continue;
                }
            };
            self.cases.insert(row.n, row.case.clone());
            let again = tries.get(&row.n).is_some_and(|tried| *tried < TRIES);
            match tried {
                Tried::Done(acted) => {
                    self.done.insert(row.n, acted);
                    stuck.remove(&row.case);
                }
                Tried::Refused | Tried::Gone => {
                    stuck.remove(&row.case);
                }
                // What comes after it on the case waits with it.
                Tried::Asked => {}
                Tried::Undecided(setback) => {
                    let rows = self.line.store.outbox().await?.rows;
                    let is_lost = rows.iter().any(|r| r.n == row.n && r.uncertain);
                    if again && is_lost && setback.cause != Cause::SignedOut {
                        stuck.remove(&row.case);
                    } else {
                        self.down = Some(setback);
                    }
                }
                Tried::NotWritten(error) => {
                    if again {
                        stuck.remove(&row.case);
                    } else {
                        let what = format!("What becomes of it cannot be written down: {error}");
                        self.down = Some(Setback { cause: Cause::NotWritten, what: what.into() });
                    }
                }
            }
        }
    }

    async fn ends(mut self) -> Result<Vec<Drained>, StoreError> {
        let rows = self.line.store.outbox().await?.rows;
        let mut ends = Vec::new();
        for n in std::mem::take(&mut self.wanted) {
            let row = rows.iter().find(|row| row.n == n);
            let case = row.map(|row| &row.case).or(self.cases.get(&n));
            let case = case.cloned().unwrap_or_else(|| CaseId::new(""));
            let is_behind = rows.iter().any(|row| {
                row.n < n && row.case == case && matches!(row.state, RowState::Asked(_))
            });
            let end = match self.done.remove(&n) {
                Some(acted) => End::Done(acted),
                // Whatever an earlier try of it met.
                None if is_behind && row.is_some_and(|row| row.state == RowState::Queued) => {
                    End::Waiting(None)
                }
                None => self.end(n, row).await?,
            };
            ends.push(Drained { n, case, end });
        }
        Ok(ends)
    }

    async fn end(&self, n: u64, row: Option<&Row>) -> Result<End, StoreError> {
        Ok(match row.map(|row| (&row.state, &row.setback)) {
            None => End::Gone,
            Some((RowState::Done(acted), _)) => {
                let taken = self.line.store.take_answer(n).await?;
                End::Done(taken.map_or_else(|| acted.clone(), Box::new))
            }
            Some((RowState::Asked(question), _)) => End::Asked(question.clone()),
            Some((RowState::Refused(problem), _)) => End::Refused(problem.clone()),
            Some((RowState::Queued | RowState::Sending, setback)) => {
                // What cannot be written stands in no row.
                let unwritten = self.down.clone().filter(|down| down.cause == Cause::NotWritten);
                End::Waiting(unwritten.or_else(|| setback.clone()).or_else(|| self.down.clone()))
            }
        })
    }
}
