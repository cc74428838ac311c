//! What is kept on this machine for one desk. Two SQLite files, since they must endure different things:
//!
//! - `keep.db` in the state folder: the outbox, drafts, and what the screen was left with. Synced to the disk
//!   with every commit, never thrown away; what is damaged in it is set aside and told.
//! - `u-HASH.db` in the cache folder, one for each user: the queue, whole cases, the feed's cursor. Anything
//!   wrong with it, and it is made anew.
//!
//! Any number of processes may use both at once.

mod db;
mod folder;

use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};

pub use db::StoreError;
pub use folder::Place;

use self::db::{Db, Kind, Schemas};
use crate::domain::UserId;

const KEEP: Schemas = &[include_str!("../../../assets/migrations/client/keep.sql")];
const KEEP_FILE: &str = "keep.db";

/// Tells tokens apart without telling them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Tokens are long and drawn, so that a plain hash gives nothing away.
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        Self(folder::short_hash(token.expose_secret()))
    }
}

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
            Self::Token(fingerprint) => format!("token:{}", fingerprint.0),
        }
    }
}

/// What is kept for one desk, for whoever has the token.
#[derive(Debug)]
pub struct Store {
    place: Option<Place>,
    keep: Db,
    owner: Mutex<Owner>,
    notices: Mutex<Vec<String>>,
}

impl Store {
    /// Opens what is kept at a place. What cannot be opened is mended, or stands in memory for this run; the
    /// notices then say so ([`Store::take_notices`]).
    pub async fn open(place: Place, fingerprint: Fingerprint) -> Result<Self, StoreError> {
        let keep = Db::open(&place.state.join(KEEP_FILE), Kind::Kept, KEEP).await?;
        Self::with(Some(place), keep, fingerprint).await
    }

    /// A store that ends with this process.
    pub async fn in_memory(fingerprint: Fingerprint) -> Result<Self, StoreError> {
        Self::with(None, Db::in_memory(KEEP).await?, fingerprint).await
    }

    async fn with(
        place: Option<Place>,
        keep: Db,
        fingerprint: Fingerprint,
    ) -> Result<Self, StoreError> {
        let token = fingerprint.0.clone();
        let user: Option<(String,)> = keep
            .run(move |conn| {
                Box::pin(
                    sqlx::query_as("SELECT user_id FROM identities WHERE fingerprint = $1")
                        .bind(token)
                        .fetch_optional(conn),
                )
            })
            .await?;
        let owner = match user {
            Some((id,)) => Owner::User(UserId::new(id)),
            None => Owner::Token(fingerprint),
        };
        Ok(Self { place, keep, owner: Mutex::new(owner), notices: Mutex::default() })
    }

    /// Whose it is, as far as is known.
    pub fn owner(&self) -> Owner {
        self.owner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sentences for the person about what was mended, set aside or cannot be kept; each is given once.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether what is kept outlives this process.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        self.place.is_some()
    }
}
