//! What the desk has told one user, kept so that a start shows it at once: a file of its own for each user,
//! opened once it is known whose it is. All of it can be had again, so whatever is wrong with it, the file is
//! deleted and made anew, and that is said; nothing here fails a start. Each row has a checksum that is of
//! the user, too, and the cases together have one: what is shown from here is what the desk once said.

mod details;
mod pages;
mod queue;
mod rows;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;
use tokio::sync::Mutex;

use self::rows::{Facts, damaged};
use super::db::{Db, Kind, Schemas};
use super::{Owner, Store, StoreError, folder};
use crate::domain::UserId;
use crate::sla::policy::PolicyDocument;
use crate::wire::Me;

pub use self::pages::{Applied, Page};
pub use self::queue::Rest;

const SCHEMA: &str = include_str!("../../../assets/migrations/client/cache.sql");
const SCHEMAS: Schemas = &[SCHEMA];
/// A cache that is found damaged more often than this in one run is not tried again: the disk is at fault.
const MOST_DAMAGE: u32 = 3;

mod fact {
    pub const SCHEMA: &str = "schema";
    pub const ME: &str = "me";
    pub const POLICY: &str = "policy";
    /// Where the feed goes on.
    pub const CURSOR: &str = "cursor";
    /// Milliseconds, the desk's clock: when all that is here was all there was.
    pub const FRESH_AT: &str = "fresh_at";
    /// What to add to this machine's clock for the desk's, in milliseconds.
    pub const SKEW: &str = "skew_ms";
    /// The number of the last fresh start.
    pub const LOAD: &str = "load";
    /// The fresh start is half way: what it has not named yet is still here.
    pub const LOADING: &str = "loading";
}

/// What is known of the desk from earlier runs, without its cases.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub me: Me,
    pub policy: Option<PolicyDocument>,
    pub resume: Resume,
    /// When the cases were all there was, by the desk's clock; None: never yet.
    pub fresh_at: Option<DateTime<Utc>>,
    /// What to add to this machine's clock for the desk's, in milliseconds, as it was learned last.
    pub skew_ms: Option<i64>,
}

/// How the feed goes on from what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resume {
    /// Nothing is kept.
    Start,
    From(String),
    /// From the middle of the first load.
    HalfWay(String),
    /// A fresh start broke off that was to replace what is kept: it begins again, in that cursor's place.
    Anew(String),
}

impl Resume {
    /// The cursor to ask with.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        match self {
            Self::From(cursor) | Self::HalfWay(cursor) => Some(cursor),
            Self::Start | Self::Anew(_) => None,
        }
    }
}

/// The cache of this run.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    open: Option<Open>,
    damage: u32,
    /// It cannot be kept on this machine, and that has been said.
    without: bool,
}

#[derive(Debug)]
struct Open {
    user: UserId,
    file: PathBuf,
    db: Db,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Store {
    /// What is kept for the known owner; None: nothing, or it is not known yet whose it would be.
    pub async fn known(&self) -> Option<Known> {
        let user = self.user()?;
        self.cached(Access::Read, move |conn| {
            Box::pin(async move {
                let facts = Facts::new(&user);
                let Some(me) = facts.get(conn, fact::ME).await? else { return Ok(None) };
                let me: Me = rows::parse(&me)?;
                if me.id != user {
                    return Err(damaged("it is another user's"));
                }
                let policy = facts.get(conn, fact::POLICY).await?;
                let policy = policy.as_deref().map(rows::parse).transpose()?;
                let resume = facts.resume(conn).await?;
                let fresh_at = facts.number(conn, fact::FRESH_AT).await?;
                let skew_ms = facts.number(conn, fact::SKEW).await?;
                let fresh_at = fresh_at.and_then(DateTime::from_timestamp_millis);
                Ok(Some(Known { me, policy, resume, fresh_at, skew_ms }))
            })
        })
        .await
        .flatten()
    }

    /// The cursor that the kept cases stand at.
    pub async fn kept_cursor(&self) -> Option<Resume> {
        let user = self.user()?;
        self.cached(Access::Read, move |conn| {
            Box::pin(async move { Facts::new(&user).resume(conn).await })
        })
        .await
    }

    /// Takes in whom the desk says that we are. What was kept for another role, partner or tier goes: it is
    /// not ours to see any more. Says whether what is kept still counts.
    pub async fn keep_me(&self, me: &Me) -> bool {
        let Some(user) = self.user() else { return false };
        let me = me.clone();
        self.cached(Access::Write, move |conn| {
            Box::pin(async move {
                let facts = Facts::new(&user);
                let known = facts.get(conn, fact::ME).await?;
                let known: Option<Me> = known.as_deref().map(rows::parse).transpose()?;
                let counts = known.as_ref().is_some_and(|known| sees_the_same(known, &me));
                if !counts {
                    empty(conn).await?;
                }
                if known.as_ref() != Some(&me) {
                    facts.set(conn, fact::ME, &rows::json(&me)?).await?;
                }
                Ok(counts)
            })
        })
        .await
        .unwrap_or(false)
    }

    pub async fn keep_policy(&self, policy: &PolicyDocument) {
        if let Ok(policy) = rows::json(policy) {
            self.keep_fact(fact::POLICY, policy).await;
        }
    }

    /// Keeps what is to be added to this machine's clock for the desk's, in milliseconds.
    pub async fn keep_skew(&self, ms: i64) {
        self.keep_fact(fact::SKEW, ms.to_string()).await;
    }

    async fn keep_fact(&self, name: &'static str, value: String) {
        let Some(user) = self.user() else { return };
        self.cached(Access::Write, move |conn| {
            Box::pin(async move { Facts::new(&user).set(conn, name, &value).await })
        })
        .await;
    }

    /// The user, once it is known who.
    pub(in crate::sync) fn user(&self) -> Option<UserId> {
        match self.owner() {
            Owner::User(user) => Some(user),
            Owner::Token(_) => None,
        }
    }

    /// Runs work on the cache of the known owner. None: there is no cache, or it has just been found damaged
    /// and was made anew, or another process of ours holds it for too long.
    async fn cached<T: Send + 'static>(
        &self,
        access: Access,
        work: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>
        + Send
        + 'static,
    ) -> Option<T> {
        let user = self.user()?;
        let place = self.place.as_ref()?;
        let mut shelf = self.cache.0.lock().await;
        if shelf.without {
            return None;
        }
        shelf.open = shelf.open.take().filter(|open| open.user == user);
        if shelf.open.is_none() {
            let file = place.cache.join(format!("u-{}.db", folder::short_hash(user.as_str())));
            match open(&file, &user).await {
                Ok(db) => shelf.open = Some(Open { user, file, db }),
                Err(error) => {
                    self.mend(&mut shelf, user, file, error).await;
                    // What was made anew holds nothing yet, which is what work on it is to find.
                    shelf.open.as_ref()?;
                }
            }
        }
        let db = shelf.open.as_ref()?.db.clone();
        let done = match access {
            Access::Read => db.run(work).await,
            Access::Write => db.write(work).await,
        };
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                if let Some(Open { user, file, db: ours }) = shelf.open.take() {
                    if error == StoreError::Busy {
                        shelf.open = Some(Open { user, file, db: ours });
                    } else {
                        // The last hand on the file must let go of it before it is deleted.
                        drop((ours, db));
                        self.mend(&mut shelf, user, file, error).await;
                    }
                }
                None
            }
        }
    }

    /// Makes the cache anew, or goes on without one.
    async fn mend(&self, shelf: &mut Shelf, user: UserId, file: PathBuf, error: StoreError) {
        tracing::warn!(%error, "the cache of the desk");
        let mut error = error;
        if !matches!(error, StoreError::NoSpace | StoreError::ReadOnly(_) | StoreError::Busy)
            && shelf.damage < MOST_DAMAGE
        {
            shelf.damage += 1;
            match anew(&file, &user).await {
                Ok(db) => {
                    shelf.open = Some(Open { user, file, db });
                    return self.notice(format!(
                        "The copy of the queue on this machine could not be used ({error}); it was deleted and \
                         is loaded anew from the desk."
                    ));
                }
                Err(again) => error = again,
            }
        }
        shelf.without = true;
        self.notice(format!(
            "No copy of the queue is kept on this machine: {error}. Without the desk it cannot be shown."
        ));
    }
}

/// Whether two answers of the desk give the same cases to see.
pub(crate) fn sees_the_same(a: &Me, b: &Me) -> bool {
    let scope =
        |me: &Me| (me.id.clone(), me.role, me.tier, me.partner.as_ref().map(|p| p.id.clone()));
    scope(a) == scope(b)
}

async fn open(file: &Path, user: &UserId) -> Result<Db, StoreError> {
    let db = Db::open(file, Kind::Cached, SCHEMAS).await?;
    let schema = folder::short_hash(SCHEMA);
    let reader = user.clone();
    let known = db
        .run(move |conn| Box::pin(async move { Facts::new(&reader).get(conn, fact::SCHEMA).await }))
        .await?;
    if known.as_ref() == Some(&schema) {
        return Ok(db);
    }
    let user = user.clone();
    db.write(move |conn| {
        Box::pin(async move {
            if rows::is_blank(conn).await? {
                return Facts::new(&user).set(conn, fact::SCHEMA, &schema).await;
            }
            // Another process of ours may have begun it meanwhile.
            match Facts::new(&user).get(conn, fact::SCHEMA).await? {
                Some(known) if known == schema => Ok(()),
                _ => Err(damaged("another version of caseload made it")),
            }
        })
    })
    .await?;
    Ok(db)
}

/// Deletes the file and makes it anew. The log first: a new file must never meet the log of an old one.
async fn anew(file: &Path, user: &UserId) -> Result<Db, StoreError> {
    for end in ["-wal", "-shm", "-journal", ""] {
        let mut name = file.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    open(file, user).await
}

async fn empty(conn: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM facts WHERE name <> $1")
        .bind(fact::SCHEMA)
        .execute(&mut *conn)
        .await?;
    for table in ["DELETE FROM cases", "DELETE FROM details"] {
        sqlx::query(table).execute(&mut *conn).await?;
    }
    Ok(())
}
