//! A desk that is played by a test: every question arrives at the test, which gives the answer when it
//! likes. Counts the feed requests that are open at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::FutureExt;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::store::{Fingerprint, Store};
use super::{ActRequest, Event, Handle, Link, Order, start_with};
use crate::client::{Answer, Call, CallError, CaseApi, Fetched};
use crate::clock::{Clock, DeskClock};
use crate::domain::outbox::{Entry, Outbox};
use crate::domain::{Action, Case, CaseDetail, CaseId, Revision, Role, TimelineEntry};
use crate::sla::policy::{Policy, PolicyDocument};
use crate::wire::{Acted, Code, Feed, Found, Me, Problem, Report, Reported};

/// Longer than anything here waits; tokio's time, so it passes at once.
const NEVER: Duration = Duration::from_hours(1);

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    Me,
    Policy,
    Changes { cursor: Option<String>, wait: Duration },
    Case { id: CaseId, known: Option<Revision> },
    Act { id: CaseId, key: Uuid, if_match: Option<Revision>, action: Action },
    Search { words: String },
}

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a test has one or two answers at a time")]
pub(super) enum Said {
    Me(Me),
    Policy(PolicyDocument),
    Feed(Feed),
    Fetched(Fetched),
    Acted(Acted),
    Found(Found),
}

/// A question that waits for its answer. Dropping it is a lost answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) at: Instant,
    reply: oneshot::Sender<Result<Said, CallError>>,
}

impl Asked {
    pub(super) fn say(self, said: Said) {
        let _ = self.reply.send(Ok(said));
    }

    pub(super) fn fail(self, error: CallError) {
        let _ = self.reply.send(Err(error));
    }

    /// Whether whoever asked no longer waits.
    pub(super) fn is_given_up(&self) -> bool {
        self.reply.is_closed()
    }

    pub(super) fn key(&self) -> Uuid {
        let Question::Act { key, .. } = &self.question else { panic!("{:?}", self.question) };
        *key
    }
}

pub(super) struct FakeApi {
    asks: mpsc::UnboundedSender<Asked>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl FakeApi {
    async fn ask(&self, question: Question) -> Result<Said, CallError> {
        let (reply, answer) = oneshot::channel();
        let _ = self.asks.send(Asked { question, at: Instant::now(), reply });
        answer.await.unwrap_or(Err(CallError::NotReached { what: "lost".into(), sent: true }))
    }

    pub(super) fn most_open(&self) -> usize {
        self.most_open.load(Ordering::Relaxed)
    }
}

/// Counts one open feed request for as long as it lives.
struct Open<'a>(&'a FakeApi);

impl<'a> Open<'a> {
    fn new(api: &'a FakeApi) -> Self {
        let open = api.open.fetch_add(1, Ordering::Relaxed) + 1;
        api.most_open.fetch_max(open, Ordering::Relaxed);
        Self(api)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

macro_rules! answer {
    ($said:expr, $variant:ident) => {
        match $said? {
            Said::$variant(value) => Ok(Answer { value, date: None }),
            other => panic!("the test answers {other:?} to another question"),
        }
    };
}

impl CaseApi for FakeApi {
    fn me(&self) -> Call<'_, Me> {
        async { answer!(self.ask(Question::Me).await, Me) }.boxed()
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        async { answer!(self.ask(Question::Policy).await, Policy) }.boxed()
    }

    fn changes<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
        wait: Duration,
    ) -> Call<'a, Feed> {
        async move {
            assert_eq!(limit, 200);
            let _open = Open::new(self);
            let cursor = cursor.map(str::to_owned);
            answer!(self.ask(Question::Changes { cursor, wait }).await, Feed)
        }
        .boxed()
    }

    fn case<'a>(&'a self, id: &'a CaseId, known: Option<Revision>) -> Call<'a, Fetched> {
        let id = id.clone();
        async move { answer!(self.ask(Question::Case { id, known }).await, Fetched) }.boxed()
    }

    fn act<'a>(
        &'a self,
        id: &'a CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &'a Action,
    ) -> Call<'a, Acted> {
        let (id, action) = (id.clone(), action.clone());
        let question = Question::Act { id, key, if_match, action };
        async move { answer!(self.ask(question).await, Acted) }.boxed()
    }

    fn search<'a>(&'a self, words: &'a str, _after: Option<&'a CaseId>) -> Call<'a, Found> {
        let words = words.to_owned();
        async { answer!(self.ask(Question::Search { words }).await, Found) }.boxed()
    }

    fn report<'a>(&'a self, _report: &'a Report) -> Call<'a, Reported> {
        async { panic!("the line to a desk reports nothing") }.boxed()
    }
}

/// A line to a played desk, with both ends in the test's hands.
pub(super) struct Desk {
    pub(super) api: Arc<FakeApi>,
    pub(super) clock: Arc<DeskClock>,
    pub(super) store: Arc<Store>,
    pub(super) line: Handle,
    pub(super) asks: mpsc::UnboundedReceiver<Asked>,
    events: mpsc::Receiver<Event>,
    /// As it was told last.
    pub(super) outbox: Outbox,
}

impl Desk {
    /// Pauses are as long as they may be: no chance.
    pub(super) async fn start() -> Self {
        Self::start_with_chance(1.0).await
    }

    pub(super) async fn start_with_chance(chance: f64) -> Self {
        let store = Store::in_memory(Fingerprint::of(&"t0ken".into())).await.unwrap();
        Self::start_on(store, DeskClock::start(), chance)
    }

    /// On what is kept there, and on a machine with that clock.
    pub(super) fn start_on(store: impl Into<Arc<Store>>, clock: DeskClock, chance: f64) -> Self {
        let store = store.into();
        let (asks, asked) = mpsc::unbounded_channel();
        let (events, told) = mpsc::channel(4096);
        let (open, most_open) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let api = Arc::new(FakeApi { asks, open, most_open });
        let clock = Arc::new(clock);
        let jitter = Arc::new(move || chance);
        let line = start_with(
            Arc::clone(&api) as Arc<dyn CaseApi>,
            Arc::clone(&clock),
            Arc::clone(&store),
            events,
            jitter,
        );
        Self { api, clock, store, line, asks: asked, events: told, outbox: Outbox::default() }
    }

    /// The next question.
    pub(super) async fn asked(&mut self) -> Asked {
        let asked = tokio::time::timeout(NEVER, self.asks.recv()).await;
        asked.expect("nothing is asked").expect("the line has ended")
    }

    /// The next event besides the outbox, which is told aside, and what the screen was left with.
    pub(super) async fn event(&mut self) -> Event {
        loop {
            match self.any_event().await {
                Event::Outbox(outbox) => self.outbox = outbox,
                Event::Left { .. } => {}
                event => return event,
            }
        }
    }

    pub(super) async fn any_event(&mut self) -> Event {
        let event = tokio::time::timeout(NEVER, self.events.recv()).await;
        event.expect("nothing is told").expect("the line has ended")
    }

    /// The outbox, once it is told to be so; what else is told meanwhile is passed over.
    pub(super) async fn outbox_where(&mut self, is_so: impl Fn(&Outbox) -> bool) -> &Outbox {
        while !is_so(&self.outbox) {
            if let Event::Outbox(outbox) = self.any_event().await {
                self.outbox = outbox;
            }
        }
        &self.outbox
    }

    /// The state of the entry with that ticket, once it is one of those.
    pub(super) async fn state_where(
        &mut self,
        ticket: u64,
        is_so: impl Fn(&Entry) -> bool,
    ) -> Entry {
        let of = |outbox: &Outbox| outbox.entries.iter().find(|e| e.ticket == ticket).cloned();
        let outbox = self.outbox_where(|outbox| of(outbox).is_some_and(|e| is_so(&e))).await;
        of(outbox).unwrap()
    }

    /// Events up to the next state of the link, that one included.
    pub(super) async fn link(&mut self) -> Link {
        loop {
            if let Event::Link { link, .. } = self.event().await {
                return link;
            }
        }
    }

    pub(super) async fn assert_nothing_asked_for(&mut self, time: Duration) {
        if let Ok(asked) = tokio::time::timeout(time, self.asks.recv()).await {
            panic!("asked: {asked:?}");
        }
    }

    #[track_caller]
    pub(super) fn assert_nothing_told(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Outbox(outbox) => self.outbox = outbox,
                Event::Left { .. } => {}
                event => panic!("told: {event:?}"),
            }
        }
    }

    /// Answers who and by which policy.
    pub(super) async fn sign_in(&mut self) {
        let asked = self.asked().await;
        assert_eq!(asked.question, Question::Me);
        asked.say(Said::Me(me()));
        let asked = self.asked().await;
        assert_eq!(asked.question, Question::Policy);
        asked.say(Said::Policy(Policy::embedded().document()));
    }

    /// Signs in, gives one page with these cases; the held request is what comes back.
    pub(super) async fn go_live(&mut self, cases: Vec<Case>) -> Asked {
        self.sign_in().await;
        let page = self.feed(cases, "c1", false);
        self.asked().await.say(page);
        let held = self.asked().await;
        assert_eq!(held.question, changes(Some("c1"), 25));
        assert_eq!(self.link().await, Link::Live);
        held
    }

    pub(super) fn feed(&self, cases: Vec<Case>, cursor: &str, more: bool) -> Said {
        let server_time = self.clock.now();
        Said::Feed(Feed {
            cases,
            removed: Vec::new(),
            cursor: cursor.to_owned(),
            more,
            server_time,
        })
    }

    /// Submits a note with that number as its ticket and its text.
    pub(super) fn note(&self, ticket: u64, case: &str, revision: Option<Revision>) {
        let action = Action::Note { text: ticket.to_string() };
        self.act(ActRequest { revision, ..request(ticket, case, action) });
    }

    pub(super) fn act(&self, request: ActRequest) {
        self.line.order(Order::Act(Box::new(request)));
    }
}

pub(super) fn request(ticket: u64, case: &str, action: Action) -> ActRequest {
    ActRequest {
        ticket,
        case: case.into(),
        base: None,
        revision: None,
        action,
        hold: None,
        replaces: None,
        draft: None,
    }
}

pub(super) fn changes(cursor: Option<&str>, wait_s: u64) -> Question {
    Question::Changes { cursor: cursor.map(str::to_owned), wait: Duration::from_secs(wait_s) }
}

pub(super) fn me() -> Me {
    Me {
        id: "rhald".into(),
        name: "R. Hald".into(),
        role: Role::Engineer,
        tier: None,
        partner: None,
        may: Vec::new(),
        mail: false,
    }
}

pub(super) fn case(id: &str, revision: Revision) -> Case {
    detail(id, revision).case
}

pub(super) fn detail(id: &str, revision: Revision) -> CaseDetail {
    serde_json::from_value(serde_json::json!({
        "id": id, "subject": "s", "severity": "high", "tier": "first", "state": "open",
        "partner": {"id": "nordwind", "name": "Nordwind Support"},
        "customer": {"company": "Fjord Logistics", "contact": "Ida Holm"}, "assignee": null,
        "eligibility": "eligible", "environment": "live", "workaround": false,
        "phone_follow_up": null, "correction": null, "reported_at": "2026-11-24T08:00:00Z",
        "updated_at": "2026-11-24T08:00:00Z", "revision": revision, "clocks": [],
        "description": "d", "product": null, "version": null, "licence_key": "k", "email": "e",
        "phone": null, "resolution": null, "attachments": [], "timeline": [],
    }))
    .unwrap()
}

/// The answer to an act on that case, which now has that revision.
pub(super) fn acted(id: &str, revision: Revision) -> Said {
    Said::Acted(Acted { case: case(id, revision), event: event(revision) })
}

pub(super) fn event(seq: u64) -> TimelineEntry {
    serde_json::from_value(serde_json::json!({
        "seq": seq, "at": "2026-11-24T09:00:00Z", "actor": {"id": "rhald", "name": "R. Hald"},
        "kind": "note", "visibility": "internal", "text": "",
    }))
    .unwrap()
}

pub(super) fn unreached(sent: bool) -> CallError {
    CallError::NotReached { what: "Could not reach desk: connection refused".into(), sent }
}

pub(super) fn refused(code: Code, detail: &str) -> CallError {
    CallError::Refused(Box::new(Problem::new(code, detail)))
}
