//! What is kept on this machine for one desk. Two SQLite files, since they must endure different things:
//!
//! - `keep.db` in the state folder: the outbox, drafts, and what the screen was left with. Synced to the disk
//!   with every commit, never thrown away; what is damaged in it is set aside and told.
//! - `u-HASH.db` in the cache folder, one for each user: the queue, whole cases, the feed's cursor. Anything
//!   wrong with it, and it is made anew.
//!
//! Any number of processes may use both at once.

mod cache;
mod db;
mod drafts;
mod folder;
mod forget;
mod identity;
mod lock;
mod mend;
mod outbox;
#[cfg(test)]
pub(super) mod played;
mod row;
mod sending;
#[cfg(test)]
mod tests;
mod whole;

use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::watch;

pub use crate::client::Fingerprint;
pub(crate) use cache::sees_the_same;
pub use cache::{Applied, Known, Page, Rest, Resume};
pub use db::StoreError;
pub use drafts::Drafts;
pub use folder::Place;
pub use forget::{Freed, clear_all_caches};
pub(super) use lock::DrainLock;
pub use outbox::{Cause, NewEntry, Row, RowState, Rows, Setback};
pub use sending::Outgoing;

use self::db::{Db, Schemas};
use crate::domain::UserId;
use crate::domain::outbox::ASK_AFTER;

const KEEP: Schemas = &[include_str!("../../../assets/migrations/client/keep.sql")];
const KEEP_FILE: &str = "keep.db";

/// Whose what is kept is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The desk has said, now or in an earlier run, whose the token is.
    User(UserId),
    /// It has not said yet.
    Token(Fingerprint),
}

impl Owner {
    /// As it stands in the files.
    fn word(&self) -> String {
        match self {
            Self::User(id) => format!("user:{}", id.as_str()),
            Self::Token(fingerprint) => format!("token:{}", fingerprint.as_str()),
        }
    }
}

/// What is kept for one desk, for whoever has the token.
#[derive(Debug)]
pub struct Store {
    place: Option<Place>,
    keep: Db,
    fingerprint: Fingerprint,
    cache: cache::Cache,
    owner: watch::Sender<Owner>,
    ask_after: Duration,
    /// By which number SQLite told changes of other processes last.
    seen_version: AtomicI64,
    notices: Mutex<Vec<String>>,
}

impl Store {
    /// Opens what is kept at a place. It never fails: what cannot be opened stands in memory for this run, and
    /// the notices say so ([`Store::take_notices`]); [`Store::is_on_disk`] tells, too.
    pub async fn open(place: Place, fingerprint: Fingerprint) -> Self {
        match mend::open(&place.state).await {
            Ok((keep, told)) => {
                Self::with(Some(place), keep, fingerprint, told.into_iter().collect()).await
            }
            Err(error) => {
                let notice = format!(
                    "What you order and write is not kept on this machine in this run: {} cannot be used, \
                     since {error}.",
                    place.state.join(KEEP_FILE).display()
                );
                let keep = Db::in_memory(KEEP).await.unwrap_or_else(Db::broken);
                Self::with(None, keep, fingerprint, vec![notice]).await
            }
        }
    }

    /// A store that ends with this process.
    pub async fn in_memory(fingerprint: Fingerprint) -> Result<Self, StoreError> {
        Ok(Self::with(None, Db::in_memory(KEEP).await?, fingerprint, Vec::new()).await)
    }

    async fn with(
        place: Option<Place>,
        keep: Db,
        fingerprint: Fingerprint,
        mut notices: Vec<String>,
    ) -> Self {
        let owner = identity::known(&keep, &fingerprint).await.unwrap_or_else(|error| {
            notices.push(format!("Could not read whose the token is: {error}."));
            Owner::Token(fingerprint.clone())
        });
        Self {
            place,
            keep,
            fingerprint,
            cache: cache::Cache::default(),
            owner: watch::Sender::new(owner),
            ask_after: ASK_AFTER,
            seen_version: AtomicI64::new(0),
            notices: Mutex::new(notices),
        }
    }

    /// The same store with another time after which the person is asked whether a consequential act is still to
    /// be done.
    #[must_use]
    pub fn asking_after(self, time: Duration) -> Self {
        Self { ask_after: time, ..self }
    }

    pub(super) fn ask_after(&self) -> TimeDelta {
        TimeDelta::from_std(self.ask_after).unwrap_or(TimeDelta::MAX)
    }

    /// Whose it is, as far as is known.
    pub fn owner(&self) -> Owner {
        self.owner.borrow().clone()
    }

    /// Tells when the desk has said whose the token is.
    pub(super) fn owners(&self) -> watch::Receiver<Owner> {
        self.owner.subscribe()
    }

    /// Sentences for the person about what was mended, set aside or cannot be kept; each is given once.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn notice(&self, sentence: String) {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner).push(sentence);
    }

    /// Whether what is kept outlives this process.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.place.is_some()
    }
}

#[cfg(test)]
impl Store {
    /// As a disk that has become read-only.
    pub(super) async fn forbid_writing(&self) {
        let sql = "PRAGMA query_only = ON";
        let work = self.keep.run(move |conn| Box::pin(sqlx::raw_sql(sql).execute(conn)));
        work.await.unwrap();
    }
}
