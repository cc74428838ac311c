//! The case service: who may see and do what to which case, kept in a store and told over HTTP. The
//! rules themselves are the domain's; this room brings them together with time, people and storage.

pub mod demo;
pub mod mail;
pub mod store;

mod act;
mod corrections;
mod cursor;
mod customer;
mod edge;
mod feed;
pub mod files;
mod framing;
mod http;
mod latest;
mod limits;
mod metrics;
mod pages;
mod problem;
mod report;
mod server;
mod texts;
mod tls;
pub(crate) mod tokens;

pub use edge::{ClientAddress, Edge, Net};
pub use http::document as openapi;
pub use limits::{Limits, Wait};
pub use metrics::Metrics;
pub use problem::Answered;
pub use server::{ListenError, listen, serve, serve_at};
pub use tls::{Tls, TlsError};

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::clock::Clock;
use crate::domain::search::Words;
use crate::domain::{Actor, CaseDetail, CaseId, PartnerId, Role, Untrusted};
use crate::sla::policy::{Policy, PolicyDocument};
use crate::wire::{Found, MAX_PAGE};
use cursor::Cursors;
use files::FileLimits;
use latest::Latest;
use mail::{Mail, MailSettings};
use pages::Pages;
use problem::{field, internal, invalid, not_found};
use store::{Account, CaseRow, Conn, Place, Scope, Store, StoreError, policies};

/// How often a write is tried when others come between on PostgreSQL; on SQLite none does.
const TRIES: u32 = 10;

/// Tries a write until nobody comes between. A macro, since what it awaits borrows from its surroundings.
macro_rules! until_done {
    ($write:expr) => {{
        let mut tries = $crate::service::TRIES;
        loop {
            tries -= 1;
            match $write.await {
                Err(problem) if problem.code == $crate::wire::Code::InProgress && tries > 0 => {}
                answer => break answer,
            }
        }
    }};
}
pub(crate) use until_done;

/// The case service of one desk. Cheap to clone; all clones are the same service.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    policy: RwLock<InForce>,
    clock: Arc<dyn Clock>,
    cursors: Cursors,
    latest: Arc<Latest>,
    pages: Pages,
    /// None: the desk sends no mail.
    mail: Option<Mail>,
    file_limits: RwLock<FileLimits>,
    /// Writes under way. They finish even when the caller hangs up in the middle.
    writes: Mutex<JoinSet<()>>,
    /// Ends held requests, and the tasks of the service, when it goes down.
    closing: CancellationToken,
    limits: Limits,
    metrics: Metrics,
}

/// The policy in force when the store was last asked for it.
struct InForce {
    /// Its number in the store.
    n: i64,
    policy: Arc<Policy>,
}

impl Service {
    /// Opens the desk at a place; an empty or missing one becomes an empty desk. The desk keeps the policy
    /// that is in force there; the given one comes in force where there is none yet. A folder takes one
    /// service at a time, a database any number: they tell each other what changed.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be used, or another service has the folder.
    pub async fn open(
        place: impl Into<Place>,
        policy: Arc<Policy>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Self::open_with_mail(place, policy, clock, None).await
    }

    /// As [`Service::open`], with a mail server. Letters are queued from now on; [`Service::start_mail`] sends
    /// them.
    ///
    /// # Errors
    /// As there.
    pub async fn open_with_mail(
        place: impl Into<Place>,
        policy: Arc<Policy>,
        clock: Arc<dyn Clock>,
        mail: Option<MailSettings>,
    ) -> Result<Self, StoreError> {
        let store = Store::open_to_serve(&place.into()).await?;
        let secret = store.meta("cursor_secret").await?.unwrap_or_default();
        let listener = store.listener().await?;
        let (n, policy) = store.policy_or(&policy, clock.now()).await?;
        let service = Self {
            inner: Arc::new(Inner {
                store,
                policy: RwLock::new(InForce { n, policy: Arc::new(policy) }),
                clock,
                cursors: Cursors::new(secret),
                latest: Arc::default(),
                pages: Pages::default(),
                mail: mail.map(Mail::new),
                file_limits: RwLock::default(),
                writes: Mutex::new(JoinSet::new()),
                closing: CancellationToken::new(),
                limits: Limits::default(),
                metrics: Metrics::default(),
            }),
        };
        if let Some(mail) = &service.inner.mail {
            mail.register(service.metrics());
        } else {
            tracing::info!("no mail server is configured: the desk sends no mail");
        }
        if let Some(listener) = listener {
            service.spawn_until_closed(Inner::listen(Arc::downgrade(&service.inner), listener));
        }
        let latest = service.inner.latest.clone();
        service.spawn_until_closed(Inner::watch(Arc::downgrade(&service.inner), latest));
        Ok(service)
    }

    /// Runs a task that [`Service::close`] waits for.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.inner.writes.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    fn spawn_until_closed(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.inner.closing.clone();
        self.spawn(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = task => {}
            }
        });
    }

    /// The store under the service: users, tokens, seeding, kept values.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// How often somebody may ask.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// The policy that was in force when the store was last asked.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.inner.policy.read().unwrap_or_else(PoisonError::into_inner).policy.clone()
    }

    /// The policy in force, as a connection sees it: `caseload admin policy apply` may have put another one
    /// in force meanwhile. Asked after the rows of cases or in their transaction, so that it knows the
    /// version of every clock in them.
    pub(crate) async fn policy_by(&self, conn: &mut Conn) -> Result<Arc<Policy>, StoreError> {
        let n = policies::latest(conn).await?;
        {
            let known = self.inner.policy.read().unwrap_or_else(PoisonError::into_inner);
            if known.n >= n {
                return Ok(known.policy.clone());
            }
        }
        let Some((n, policy)) = policies::in_force(conn).await? else { return Ok(self.policy()) };
        tracing::info!(version = policy.version(), "another policy is in force");
        let mut known = self.inner.policy.write().unwrap_or_else(PoisonError::into_inner);
        if known.n < n {
            *known = InForce { n, policy: Arc::new(policy) };
        }
        Ok(known.policy.clone())
    }

    /// The policy in force now.
    pub(crate) async fn policy_now(&self) -> Result<Arc<Policy>, StoreError> {
        self.policy_by(&mut self.store().lookup().await?).await
    }

    /// The policy in force as somebody may see it: a partner's agents see no other partner's calendar.
    pub(crate) async fn policy_for(&self, actor: &Actor) -> Answered<PolicyDocument> {
        let document = self.policy_now().await?.document();
        Ok(match (&actor.role, &actor.partner) {
            (Role::Partner, partner) => {
                let own = partner.as_ref().map_or("", PartnerId::as_str);
                document.for_partner(own, &[report::DIRECT])
            }
            _ => document,
        })
    }

    /// The desk's time, in milliseconds.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.clock.now().trunc_subsecs(3)
    }

    /// The instant of an act, as it is stored: whole seconds, as the clocks count, so that a case's
    /// clocks start at the very instant at which it was reported.
    fn moment(&self) -> DateTime<Utc> {
        self.inner.clock.now().trunc_subsecs(0)
    }

    /// Whose token it is, if it counts now.
    pub async fn authenticate(&self, token: &str) -> Answered<Option<Account>> {
        // Never given out, so the store need not be asked.
        if tokens::is_mistyped(token) {
            return Ok(None);
        }
        let now = self.now();
        let Some(found) = self.store().account_by_token(token, now).await? else {
            return Ok(None);
        };
        if let Some(mark) = found.mark {
            // Beside the request: nobody waits for it, and without it nothing is wrong.
            let service = self.clone();
            self.spawn(async move {
                if let Err(error) = service.store().mark_used(&mark, now).await {
                    tracing::debug!(%error, "the use of a token was not kept");
                }
            });
        }
        Ok(Some(found.account))
    }

    /// One case, whole.
    ///
    /// # Errors
    /// 404 for a case that is missing or not the actor's to see.
    pub async fn case(&self, actor: &Actor, id: &CaseId) -> Answered<CaseDetail> {
        let scope = Scope::of(actor);
        let mut tx = self.store().read(&scope).await?;
        let row = CaseRow::load(&mut tx, &scope, id).await?.ok_or_else(not_found)?;
        let details = row.details(&mut tx).await?;
        let timeline = row.timeline(&mut tx).await?;
        let files = store::files::files(&mut tx, &row).await?;
        let policy = self.policy_by(&mut tx).await?;
        tx.commit().await?;
        let text = Untrusted::new;
        Ok(CaseDetail {
            case: row.case(self.now(), &policy),
            description: text(details.description),
            product: details.product.map(text),
            version: details.version.map(text),
            licence_key: text(shown_key(actor, &row, details.licence_key)),
            email: text(details.email),
            phone: details.phone.map(text),
            resolution: details.resolution,
            attachments: files.into_iter().map(|file| file.attachment).collect(),
            timeline,
            ledger: Some(row.ledger.record()),
        })
    }

    /// One page of the cases in which all words of a query occur, closed ones too, newest first.
    ///
    /// # Errors
    /// 422 if `after` is no case that the actor may see.
    pub async fn search(
        &self,
        actor: &Actor,
        query: &str,
        after: Option<&CaseId>,
        limit: usize,
    ) -> Answered<Found> {
        let limit = limit.clamp(1, MAX_PAGE);
        let words = Words::of(query);
        let page = self.store().search(&Scope::of(actor), &words, after, limit).await?;
        let page = page.ok_or_else(|| invalid(vec![field("after", "there is no such case")]))?;
        let policy = self.policy_now().await?;
        let now = self.now();
        Ok(Found {
            next: page.cases.last().filter(|_| page.more).map(|row| row.id.clone()),
            cases: page.cases.iter().map(|row| row.case(now, &policy)).collect(),
        })
    }

    /// Runs a write to its end, whether or not somebody still waits for the answer.
    async fn finish<T: Send + 'static>(
        &self,
        write: impl Future<Output = Answered<T>> + Send + 'static,
    ) -> Answered<T> {
        let (done, answer) = oneshot::channel();
        // In the request's span, so that its log records bear the request's id.
        let write = write.in_current_span();
        self.spawn(async move {
            // The caller may have hung up; the write counts all the same.
            let _ = done.send(write.await);
        });
        // A write that panicked was rolled back.
        answer.await.unwrap_or_else(|_| Err(internal()))
    }

    /// Waits for writes under way and closes the store. Nothing can be asked afterwards.
    pub async fn close(&self) {
        self.inner.closing.cancel();
        let mut writes =
            std::mem::take(&mut *self.inner.writes.lock().unwrap_or_else(PoisonError::into_inner));
        while writes.join_next().await.is_some() {}
        self.store().close().await;
    }
}

/// The licence key as somebody may see it: whole for the administrator and for agents of the partner
/// whose licence it is; its last four characters for everybody else.
fn shown_key(actor: &Actor, row: &CaseRow, key: String) -> String {
    let own = actor.role == Role::Partner && actor.partner.as_ref() == Some(&row.partner.id);
    if actor.role == Role::Admin || own {
        return key;
    }
    let characters = key.chars().count();
    key.chars().skip(characters.saturating_sub(4)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::{Environment, Severity};
    use crate::sla::ledger::Ledger;
    use crate::wire::{Code, Report};
    use store::seed::{Seed, SeedCase};

    fn root() -> Actor {
        Actor { id: "root".into(), name: "Root".into(), role: Role::Admin, partner: None }
    }

    async fn desk(folder: &Path) -> Service {
        let clock = ManualClock::at("2026-11-24T10:00:00.789Z".parse().unwrap());
        Service::open(folder, Arc::new(Policy::embedded()), Arc::new(clock)).await.unwrap()
    }

    fn report(description: String) -> Report {
        Report {
            subject: "s".to_owned(),
            description,
            environment: Environment::Lab,
            licence_key: "k".to_owned(),
            contact: "c".to_owned(),
            email: "a@b".to_owned(),
            severity: None,
            workaround: None,
            product: None,
            version: None,
            company: None,
            phone: None,
        }
    }

    fn seed_case(service: &Service, n: usize) -> SeedCase {
        let at = service.now();
        SeedCase {
            id: CaseId::new(format!("C-{n}")),
            subject: format!("Case {n}"),
            description: "d".to_owned(),
            severity: Severity::High,
            tier: crate::domain::Tier::First,
            state: crate::domain::CaseState::Open,
            partner: "direct".into(),
            company: "Company".to_owned(),
            contact: "Contact".to_owned(),
            email: "a@b".to_owned(),
            phone: None,
            product: None,
            version: None,
            licence_key: "k".to_owned(),
            eligibility: crate::domain::Eligibility::Eligible,
            environment: Environment::Live,
            workaround: false,
            phone_follow_up: None,
            assignee: None,
            correction: None,
            reached_second: false,
            ledger: Ledger::opened(at, Severity::High, &"direct".into(), &service.policy()),
            resolution: None,
            revision: 3,
            reported_at: at,
            updated_at: at,
            timeline: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_case_is_reported_at_the_instant_at_which_its_clocks_start() {
        let folder = tempfile::tempdir().unwrap();
        let case =
            desk(folder.path()).await.report(&root(), report("d".to_owned())).await.unwrap().case;
        assert!(case.clocks.iter().all(|c| c.started_at == case.reported_at), "{case:?}");
    }

    #[tokio::test]
    async fn ids_and_the_feed_go_on_after_a_seed() {
        let folder = tempfile::tempdir().unwrap();
        let service = desk(folder.path()).await;
        // More than go into one statement, and not the same number twice.
        let cases = (20_000..20_451).map(|n| seed_case(&service, n)).collect();
        service.store().seed(&Seed { cases, ..Seed::default() }).await.unwrap();
        let cases = vec![seed_case(&service, 5)];
        service.store().seed(&Seed { cases, ..Seed::default() }).await.unwrap();
        let mut ids = Vec::new();
        let mut cursor = None;
        loop {
            let page =
                service.changes(&root(), cursor.as_deref(), 200, Duration::ZERO).await.unwrap();
            ids.extend(page.cases.into_iter().map(|c| c.id));
            cursor = Some(page.cursor);
            if !page.more {
                break;
            }
        }
        assert_eq!(ids.len(), 452);
        assert_eq!(ids.last().unwrap().as_str(), "C-5");
        let reported = service.report(&root(), report("d".to_owned())).await.unwrap();
        let page = service.changes(&root(), cursor.as_deref(), 200, Duration::ZERO).await.unwrap();
        assert_eq!(page.cases, [reported.case]);
    }

    #[tokio::test]
    async fn a_cursor_from_a_future_that_was_lost_is_gone() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let service = desk(old.path()).await;
        service.report(&root(), report("d".to_owned())).await.unwrap();
        let cursor = service.changes(&root(), None, 1, Duration::ZERO).await.unwrap().cursor;
        let secret = service.store().meta("cursor_secret").await.unwrap().unwrap();
        desk(new.path()).await.store().set_meta("cursor_secret", &secret).await.unwrap();
        let restored = desk(new.path()).await;
        let gone = restored.changes(&root(), Some(&cursor), 1, Duration::ZERO).await.unwrap_err();
        assert_eq!(gone.code, Code::CursorGone);
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_reading_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let service = desk(folder.path()).await;
        let id = service.report(&root(), report("d".to_owned())).await.unwrap().id;
        let pages = |sql: &'static str| {
            let service = service.clone();
            async move {
                let mut writer = service.store().write(&Scope::All).await.unwrap();
                let _: (i64,) = writer.one(sql, Vec::new()).await.unwrap();
                writer.commit().await.unwrap();
            }
        };
        // SQLite then answers as on a disk with no room for one page more.
        pages("PRAGMA max_page_count = 1").await;
        let full = service.report(&root(), report("x".repeat(100_000))).await.unwrap_err();
        assert_eq!(full.status, 507);
        assert_eq!(service.case(&root(), &id).await.unwrap().case.revision, 1);
        pages("PRAGMA max_page_count = 1000000").await;
        let next = service.report(&root(), report("x".repeat(100_000))).await.unwrap().id;
        let found = service.search(&root(), "", None, 10).await.unwrap();
        let found: Vec<_> = found.cases.into_iter().map(|case| case.id).collect();
        assert_eq!(found, [next, id], "nothing of the refused one is left");
    }
}
