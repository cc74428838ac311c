//! The store: the desk's data in one of two databases, and how they are read and written.

use std::fs::File;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::db::{Conn, args};
use super::postgres::{self, Listener};
use super::sqlite;
use super::{Place, Scope, StoreError};
use crate::domain::CaseId;
use crate::service::tokens;

/// The desk's data.
#[derive(Debug)]
pub struct Store {
    db: Db,
    place: Place,
    /// Held by a service on a folder.
    lock: Option<File>,
}

#[derive(Debug)]
enum Db {
    Sqlite(sqlite::Connections),
    Postgres(PgPool),
}

impl Store {
    /// As [`Store::open`], for a service. A folder takes one at a time, a database any number.
    ///
    /// # Errors
    /// As there; [`StoreError::InUse`] if another service has the folder.
    pub(crate) async fn open_to_serve(place: &Place) -> Result<Self, StoreError> {
        let lock = match place {
            Place::Folder(folder) => Some(sqlite::lock(folder)?),
            Place::Database(_) => None,
        };
        Ok(Self { lock, ..Self::open(place).await? })
    }

    /// Opens the desk at a place, or makes an empty one there.
    ///
    /// # Errors
    /// [`StoreError`] if the place cannot be used or what is there is not a desk.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        let db = match place {
            Place::Folder(folder) => Db::Sqlite(sqlite::Connections::open(folder).await?),
            Place::Database(options) => Db::Postgres(postgres::connect(options).await?),
        };
        let store = Self { db, place: place.clone(), lock: None };
        // Two that come at once keep one secret.
        let mut conn = store.lookup().await?;
        if meta(&mut conn, CURSOR_SECRET).await?.is_none() {
            drop(conn);
            let mut conn = store.write(&Scope::Nothing).await?;
            conn.run(
                "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
                args![CURSOR_SECRET, tokens::random_hex()],
            )
            .await?;
            conn.commit().await?;
        }
        Ok(store)
    }

    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// A connection for single look-ups of what is not a case's: people, tokens, licences, policies. It sees
    /// no case.
    pub(crate) async fn lookup(&self) -> Result<Conn, StoreError> {
        Ok(match &self.db {
            Db::Sqlite(connections) => Conn::Sqlite(connections.readers.acquire().await?),
            Db::Postgres(pool) => Conn::Postgres(pool.acquire().await?),
        })
    }

    /// A transaction that reads: all its statements see the desk as it is at one instant, and the cases
    /// of a scope alone.
    pub(crate) async fn read(&self, scope: &Scope) -> Result<Conn, StoreError> {
        Ok(match &self.db {
            Db::Sqlite(connections) => Conn::SqliteTransaction(connections.readers.begin().await?),
            Db::Postgres(pool) => {
                Conn::PostgresTransaction(pool.begin_with(begin(SNAPSHOT, scope)).await?)
            }
        })
    }

    /// A transaction that writes, within a scope. On SQLite it waits for its turn, since there is one writer;
    /// on PostgreSQL writers go side by side until they take a change number (`feed::seal`).
    pub(crate) async fn write(&self, scope: &Scope) -> Result<Conn, StoreError> {
        Ok(match &self.db {
            // Immediate: a deferred one would fail at once when another process writes.
            Db::Sqlite(connections) => {
                Conn::SqliteTransaction(connections.writer.begin_with("BEGIN IMMEDIATE").await?)
            }
            Db::Postgres(pool) => {
                Conn::PostgresTransaction(pool.begin_with(begin("BEGIN", scope)).await?)
            }
        })
    }

    /// Hears of changes that other processes make; None where there are none, in a folder.
    pub(crate) async fn listener(&self) -> Result<Option<Listener>, StoreError> {
        Ok(match &self.db {
            Db::Sqlite(_) => None,
            Db::Postgres(pool) => Some(Listener::start(pool).await?),
        })
    }

    /// Whether the store can be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let _: (i64,) =
            self.lookup().await?.one("SELECT value FROM counters LIMIT 1", args![]).await?;
        Ok(())
    }

    /// Whether somebody works with the desk: there are users or cases.
    pub async fn is_in_use(&self) -> Result<bool, StoreError> {
        let mut conn = self.read(&Scope::All).await?;
        let (used,): (bool,) = conn
            .one("SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM cases)", args![])
            .await?;
        Ok(used)
    }

    /// How many cases were ever registered, about.
    pub(crate) async fn registered(&self) -> Result<i64, StoreError> {
        registered(&mut self.read(&Scope::All).await?).await
    }

    /// The case that was registered as the n-th.
    pub(crate) async fn case_at(&self, n: i64) -> Result<Option<CaseId>, StoreError> {
        let mut conn = self.read(&Scope::All).await?;
        let row: Option<(String,)> =
            conn.optional("SELECT id FROM cases WHERE n = $1", args![n]).await?;
        Ok(row.map(|(id,)| CaseId::new(id)))
    }

    /// A value that was kept under a name.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        meta(&mut self.lookup().await?, key).await
    }

    /// Keeps a value under a name.
    pub async fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut conn = self.write(&Scope::Nothing).await?;
        conn.run(
            "INSERT INTO meta (key, value) VALUES ($1, $2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            args![key, value],
        )
        .await?;
        conn.commit().await
    }

    /// Waits for the work under way and lets go of the place.
    pub async fn close(&self) {
        match &self.db {
            Db::Sqlite(connections) => connections.close().await,
            Db::Postgres(pool) => pool.close().await,
        }
        if let Some(Err(error)) = self.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the desk stays locked until this process ends");
        }
    }
}

const CURSOR_SECRET: &str = "cursor_secret";
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How a transaction begins on PostgreSQL: with the scope, by which its row security goes.
fn begin(begin: &'static str, scope: &Scope) -> AssertSqlSafe<String> {
    // The word may hold a partner's id; a quote in a literal is written twice.
    let scope = scope.word().replace('\'', "''");
    AssertSqlSafe(format!("{begin}; SET LOCAL caseload.scope = '{scope}'"))
}

async fn meta(conn: &mut Conn, key: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> =
        conn.optional("SELECT value FROM meta WHERE key = $1", args![key]).await?;
    Ok(row.map(|(value,)| value))
}

pub(crate) async fn registered(conn: &mut Conn) -> Result<i64, StoreError> {
    let (last,): (i64,) = conn.one("SELECT coalesce(max(n), 0) FROM cases", args![]).await?;
    Ok(last)
}
