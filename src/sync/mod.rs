//! The line to one desk, kept up in the background: a poller that holds the change feed open, a sender
//! that gets acts done exactly once, a fetcher for whole cases. Speaks by [`Event`]s and is told by a
//! [`Handle`]; knows no screen. Time is tokio's, so tests can let it pass.

mod asker;
mod attempt;
mod budget;
mod drain;
mod fetcher;
mod line;
mod pace;
mod poller;
mod sender;
mod start;
pub mod store;
mod timekeeper;
pub mod transfer;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod simulation;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::line::Line;
use self::sender::Shared;
use self::store::Store;
use crate::client::CaseApi;
use crate::clock::{DeskClock, Sleeps};
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::outbox::{ActFailure, Draft, Outbox};
use crate::domain::{Action, Case, CaseDetail, CaseId, Revision, Untrusted};
use crate::sla::policy::Policy;
use crate::wire::Me;

pub use self::drain::{Drained, End, drain};
pub use self::line::Jitter;

/// What the line to the desk does. It begins as `Connecting`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    #[default]
    Connecting,
    /// All pages are here and the feed is held open.
    Live,
    /// Not reached, or not able to answer; tried again at that time (the desk's clock).
    Offline {
        retry_at: DateTime<Utc>,
        why: Untrusted,
    },
    SignedOut {
        why: Untrusted,
    },
    NotAllowed {
        why: Untrusted,
    },
    NotACaseApi {
        why: Untrusted,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Who the desk says that we are; again when it says otherwise.
    SignedIn(Box<Me>),
    /// The policy in force; again when it changed.
    Policy(Arc<Policy>),
    /// A page of the feed. `reset`: it is the first page of a fresh start; what is not named until
    /// `more` is false again has gone.
    Page {
        cases: Vec<Case>,
        removed: Vec<CaseId>,
        reset: bool,
        more: bool,
    },
    /// `fresh_at`: when the desk last confirmed that what we have is all there is (the desk's clock).
    /// Sent when either changes; a live link confirms at least every half a minute.
    Link {
        link: Link,
        fresh_at: Option<DateTime<Utc>>,
    },
    /// This machine's clock is ahead of the desk's by so many seconds (negative: behind). Sent when it
    /// passes five seconds, moves by more than one while it is above, or comes back below.
    Skew(i64),
    /// The machine slept and is awake: what counts time reads differently at once.
    Slept,
    Detail(Box<CaseDetail>),
    /// The detail that was asked for is the revision that was known.
    DetailUnchanged(CaseId),
    DetailFailed {
        id: CaseId,
        why: Untrusted,
        /// There is no such case, or it is no longer ours to see.
        gone: bool,
    },
    /// All that has no final answer; once at the start, and again whenever it changes.
    Outbox(Outbox),
    /// What was written and not ordered, and by name what the screen was left with: once, at the start.
    Left {
        drafts: Vec<Draft>,
        remembered: Vec<(String, String)>,
    },
    /// The act could not be written to the outbox: nothing was kept, and nothing sent.
    ActNotKept {
        ticket: u64,
        failure: Box<ActFailure>,
    },
    /// The act was taken back before it was sent.
    ActUndone {
        ticket: u64,
    },
    /// Something of what is kept on this machine was mended, set aside, or cannot be kept: a sentence.
    Notice(String),
    /// The desk has done the act. What else becomes of acts is told by [`Event::Outbox`].
    ActDone {
        ticket: u64,
        case: Box<Case>,
    },
    /// How far a file has come that is asked for or sent by [`Handle::ask`], in bytes; four times a second at most.
    Progress {
        ticket: u64,
        done: u64,
        total: u64,
    },
    /// What was asked by [`Handle::ask`].
    Answered {
        ticket: u64,
        answer: Box<Result<Answer, Unanswered>>,
    },
}

/// One act to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRequest {
    /// Names the act in events; unique within a run, and below [`OWN_TICKETS`].
    pub ticket: u64,
    pub case: CaseId,
    /// The case as the person saw it.
    pub base: Option<Box<Case>>,
    /// Refuse the act if the case is no longer at that revision, our own acts since then aside.
    pub revision: Option<Revision>,
    pub action: Action,
    /// Not to be sent before so much time has passed, so that it can be undone.
    pub hold: Option<Duration>,
    /// The refused or asked entry that this one is sent instead of; it goes as this one comes.
    pub replaces: Option<u64>,
    /// The draft that it was written in; it goes as this one comes.
    pub draft: Option<String>,
}

/// From here on tickets are the line's own: of acts of earlier runs and of other processes.
pub const OWN_TICKETS: u64 = 1 << 32;

/// What the screen wants of the outbox and the drafts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Take an act over: first to the disk, then in its turn to the desk, tried again until the desk
    /// confirms or refuses it.
    Act(Box<ActRequest>),
    /// Take back what was not sent yet.
    Undo(u64),
    /// End the hold.
    SendNow(u64),
    /// Send what was asked about, on the version of the case that was shown.
    StillSend(u64),
    /// Give up an entry that is not on its way: asked, refused, queued or damaged (by its number).
    Discard(u64),
    DiscardDamaged(u64),
    KeepDraft(Draft),
    DropDraft(String),
    Remember {
        name: String,
        body: String,
    },
}

/// What tells the line; dropping it ends everything at once. Ask for [`Handle::shutdown`] instead.
#[derive(Debug)]
pub struct Handle {
    line: Arc<Line>,
    orders: mpsc::UnboundedSender<Order>,
    wishes: mpsc::UnboundedSender<asker::Wish>,
    wanted: watch::Sender<Option<fetcher::Wanted>>,
    near: watch::Sender<Vec<CaseId>>,
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

/// Starts the line to the desk behind `api`. Events go to `events`; `clock` learns the desk's time.
/// Must be called within a tokio runtime.
#[must_use]
pub fn start(
    api: Arc<dyn CaseApi>,
    clock: Arc<DeskClock>,
    store: Arc<Store>,
    events: mpsc::Sender<Event>,
) -> Handle {
    let mut handle = start_with(api, clock, store, events, line::random_jitter());
    match Sleeps::watch() {
        Ok(sleeps) => {
            handle.tasks.spawn(watch_sleeps(Arc::clone(&handle.line), sleeps));
        }
        Err(error) => tracing::warn!(%error, "sleeps of this machine are noticed late"),
    }
    handle
}

async fn watch_sleeps(line: Arc<Line>, mut sleeps: Sleeps) {
    let closing = line.closing().clone();
    let watching = async {
        while let Ok(time) = sleeps.next().await {
            line.slept(time).await;
        }
    };
    tokio::select! {
        () = watching => {}
        () = closing.cancelled() => {}
    }
}

/// The same with another source of chance for the pauses between tries.
#[must_use]
pub fn start_with(
    api: Arc<dyn CaseApi>,
    clock: Arc<DeskClock>,
    store: Arc<Store>,
    events: mpsc::Sender<Event>,
    jitter: Jitter,
) -> Handle {
    let line = Arc::new(Line::new(api, clock, store, events, jitter));
    let shared = Arc::new(Shared::default());
    let (orders, given) = mpsc::unbounded_channel();
    let (wishes, wished) = mpsc::unbounded_channel();
    let (wanted, wants) = watch::channel(None);
    let (near, nears) = watch::channel(Vec::new());
    let mut tasks = JoinSet::new();
    tasks.spawn(poller::run(Arc::clone(&line)));
    tasks.spawn(fetcher::run(Arc::clone(&line), wants, nears));
    tasks.spawn(asker::run(Arc::clone(&line), wished));
    tasks.spawn(sender::run(Arc::clone(&line), given, Arc::clone(&shared)));
    Handle { line, orders, wishes, wanted, near, shared, tasks }
}

impl Handle {
    /// Passes an order on; what comes of it is told by events.
    pub fn order(&self, order: Order) {
        // The sender ends after this handle alone.
        let _ = self.orders.send(order);
    }

    /// Asks the desk; [`Event::Answered`] brings the answer under that ticket.
    pub fn ask(&self, ticket: u64, ask: Ask) {
        // The asker ends after this handle alone.
        let _ = self.wishes.send(asker::Wish::Ask { ticket, ask: Box::new(ask) });
    }

    /// Takes a question back: it is broken off, and nothing more is told of it. What it was to change may have
    /// been changed.
    pub fn cancel(&self, ticket: u64) {
        let _ = self.wishes.send(asker::Wish::Cancel(ticket));
    }

    /// Asks for a whole case; `known` is the revision that is already here. One is loaded at a time and
    /// one waits: the newest wins.
    pub fn fetch(&self, id: CaseId, known: Option<Revision>) {
        self.wanted.send_replace(Some(fetcher::Wanted { id, known }));
    }

    /// Names the cases around the cursor, nearest first. Those that are not here whole are loaded while nothing
    /// else is asked for and the desk is at ease, a few a minute; a newer call takes an older one's place.
    pub fn prefetch(&self, ids: Vec<CaseId>) {
        self.near.send_replace(ids);
    }

    /// Says whether somebody looks at the screen. Where nobody does the desk is asked less often, unless we are
    /// on call; when somebody does again, at once.
    pub fn set_attention(&self, watched: bool) {
        self.line.set_watched(watched);
    }

    /// The machine slept for so long, while the monotonic clock stood still. [`start`] notices it by itself
    /// where the system tells.
    pub async fn slept(&self, time: Duration) {
        self.line.slept(time).await;
    }

    /// Tries a line that is down now instead of at its next turn. A live line needs no asking.
    pub fn poll_now(&self) {
        self.line.poke();
    }

    /// Ends the line. What is being sent is waited for, and what was not tried yet still goes, `grace` at most and
    /// until the desk is found not to answer. All that has no end then stays in the outbox, and is told here:
    /// what stands as being sent may have been done.
    pub async fn shutdown(self, grace: Duration) -> Outbox {
        let Self { line, orders, wishes, wanted, near, shared, mut tasks } = self;
        line.close();
        drop((orders, wishes, wanted, near));
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tasks.shutdown().await;
        }
        match line.store.outbox().await {
            Ok(rows) => shared.outbox(&rows, line.now()),
            Err(_) => shared.last(),
        }
    }
}
