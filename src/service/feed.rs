//! The change feed as callers get it: a page at once where there is one, else the request is held until
//! something changes that its caller sees. How changes are heard of that others make is here, too.

use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;

use super::latest::Latest;
use super::pages::{Page, Wanted};
use super::problem::{Answered, internal, problem};
use super::store::{Changed, Changes, Heard, Listener, Position, Scope};
use super::{Inner, Service};
use crate::domain::Actor;
use crate::wire::{Code, Feed, MAX_PAGE, MAX_WAIT_S};

/// [`Feed`], from parts that are JSON already.
#[derive(Serialize)]
struct Shown<'a> {
    cases: &'a RawValue,
    removed: &'a RawValue,
    cursor: String,
    more: bool,
    server_time: DateTime<Utc>,
}

impl Service {
    /// One page of the change feed. Without a cursor: the open cases, page by page. With one: what
    /// changed since; if nothing did, the answer is held for `wait` at most.
    ///
    /// # Errors
    /// 410 for a cursor that is not the actor's own.
    pub async fn changes(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: usize,
        wait: Duration,
    ) -> Answered<Feed> {
        let (scope, page) = self.page(actor, cursor, limit, wait).await?;
        let now = self.now();
        Ok(Feed {
            cases: page.cases_at(now),
            removed: page.removed.clone(),
            cursor: self.inner.cursors.write(page.next, &actor.id, &scope),
            more: page.more,
            server_time: now,
        })
    }

    /// As [`Service::changes`], as JSON: the same cases are written once for all who are told of them together.
    pub(crate) async fn changes_json(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: usize,
        wait: Duration,
    ) -> Answered<Vec<u8>> {
        let (scope, page) = self.page(actor, cursor, limit, wait).await?;
        let shown = page.shown(self.now())?;
        serde_json::to_vec(&Shown {
            cases: &shown.cases,
            removed: &shown.removed,
            cursor: self.inner.cursors.write(page.next, &actor.id, &scope),
            more: page.more,
            server_time: shown.at,
        })
        .map_err(|_| internal())
    }

    async fn page(
        &self,
        actor: &Actor,
        cursor: Option<&str>,
        limit: usize,
        wait: Duration,
    ) -> Answered<(Scope, Arc<Page>)> {
        let scope = Scope::of(actor);
        let mut latest = self.inner.latest.subscribe(&scope);
        let from = match cursor {
            None => None,
            Some(cursor) => {
                Some(self.inner.cursors.read(cursor, &actor.id, &scope).ok_or_else(gone)?)
            }
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let over = tokio::time::sleep(wait.min(Duration::from_secs(MAX_WAIT_S)));
        tokio::pin!(over);
        let pages = &self.inner.pages;
        // What counts is everything up to now: the caller's own acts above all.
        let mut since = pages.now();
        loop {
            let wanted = Wanted { scope: scope.clone(), from, limit };
            let page = pages.get(wanted, since, self.read_page(&scope, from, limit)).await?;
            let live = matches!(from, Some(Position::Live { .. }));
            // A timer of no time at all would still cost a millisecond.
            if live
                && !wait.is_zero()
                && page.cases.is_empty()
                && page.removed.is_empty()
                && !over.is_elapsed()
            {
                // Held without the page.
                let next = page.next;
                drop(page);
                tokio::select! {
                    biased;
                    () = self.inner.closing.cancelled() => {}
                    () = &mut over => {}
                    changed = latest.changed() => if changed.is_ok() {
                        since = latest.borrow_and_update().since;
                        continue;
                    },
                }
                let nothing = self.empty_page(next);
                return Ok((scope, Arc::new(nothing)));
            }
            return Ok((scope, page));
        }
    }

    async fn read_page(
        &self,
        scope: &Scope,
        from: Option<Position>,
        limit: usize,
    ) -> Answered<Page> {
        let mut tx = self.store().read(scope).await?;
        let changes = Changes::after(&mut tx, scope, from, limit).await?.ok_or_else(gone)?;
        let policy =
            if changes.cases.is_empty() { self.policy() } else { self.policy_by(&mut tx).await? };
        tx.commit().await?;
        Ok(Page {
            removed: changes.closed.into_iter().map(|row| row.id).collect(),
            cases: changes.cases,
            next: changes.next,
            more: changes.more,
            policy,
            shown: Mutex::default(),
        })
    }

    fn empty_page(&self, next: Position) -> Page {
        Page {
            cases: Vec::new(),
            removed: Vec::new(),
            next,
            more: false,
            policy: self.policy(),
            shown: Mutex::default(),
        }
    }

    /// Wakes those who wait for changes.
    pub(super) fn changed(&self, changed: &Changed) {
        self.inner.latest.tell(changed, &self.inner.pages);
    }

    /// How many feed requests are held or being answered.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inner.latest.waiting()
    }
}

/// The tasks hold the service only while they do something, so that a service that is dropped ends them.
impl Inner {
    /// Wakes those who wait here when another process changes something.
    pub(super) async fn listen(service: Weak<Self>, mut listener: Listener) {
        const PAUSE: Duration = Duration::from_secs(1);
        loop {
            let heard = listener.next().await;
            let Some(inner) = service.upgrade() else { return };
            match heard {
                Ok(Heard::Changed(changed)) => inner.latest.tell(&changed, &inner.pages),
                Ok(Heard::Anything) => inner.latest.tell_all(&inner.pages),
                Err(error) => {
                    tracing::warn!(%error, "other processes are not heard");
                    drop(inner);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Looks, while somebody waits, twice a second whether there are changes that nobody told: those that
    /// `caseload admin` made in a folder beside the service, and those that a listener missed while its
    /// connection was cut. One look-up of one row, however many wait.
    pub(super) async fn watch(service: Weak<Self>, latest: Arc<Latest>) {
        const EVERY: Duration = Duration::from_millis(500);
        let mut seen = 0;
        loop {
            let Some(inner) = service.upgrade() else { return };
            // What was there at the last look had the time to be told.
            if latest.learn(seen) {
                latest.tell_all(&inner.pages);
            }
            match inner.store.latest_change().await {
                Ok(seq) => seen = seq,
                Err(error) => tracing::debug!(%error, "the latest change is not known"),
            }
            drop(inner);
            latest.somebody().await;
            tokio::time::sleep(EVERY).await;
        }
    }
}

fn gone() -> Box<crate::wire::Problem> {
    problem(Code::CursorGone, "This cursor is of no use any more: start over.")
}
