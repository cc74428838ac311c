//! The store: the desk's data in one of two databases, and how they are read and written.

use std::collections::HashSet;
use std::fs::File;
use std::sync::{Mutex, PoisonError};

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;

use super::db::{Conn, Damage, Line, args};
use super::postgres::{self, Listener};
use super::sqlite;
use super::{Place, Scope, StoreError, texts};
use crate::domain::CaseId;
use crate::service::tokens;

/// The desk's data.
#[derive(Debug)]
pub struct Store {
    db: Db,
    place: Place,
    /// Held by a service on a folder.
    lock: Option<File>,
    damage: Damage,
    pub(super) marks: Marks,
}

/// The tokens whose use is being kept, each once at a time.
#[derive(Debug, Default)]
pub(super) struct Marks(Mutex<HashSet<String>>);

impl Marks {
    /// Whether nobody does it yet.
    pub(super) fn begin(&self, hash: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hash.to_owned())
    }

    pub(super) fn end(&self, hash: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }
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
        let store = Self { lock, ..Self::open(place).await? };
        if let Db::Sqlite(connections) = &store.db {
            // A desk is not served from a file that is known to be damaged.
            connections.looked_over().await?;
        }
        Ok(store)
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
        let (damage, marks) = (Damage::default(), Marks::default());
        let store = Self { db, place: place.clone(), lock: None, damage, marks };
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
        texts::prepare(&store).await?;
        Ok(store)
    }

    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// A connection for single look-ups of what is not a case's: people, tokens, licences, policies. It sees
    /// no case.
    pub(crate) async fn lookup(&self) -> Result<Conn, StoreError> {
        let line = match &self.db {
            Db::Sqlite(connections) => connections.readers.acquire().await.map(Line::Sqlite),
            Db::Postgres(pool) => pool.acquire().await.map(Line::Postgres),
        };
        self.conn(line, false)
    }

    /// A transaction that reads: all its statements see the desk as it is at one instant, and the cases
    /// of a scope alone.
    pub(crate) async fn read(&self, scope: &Scope) -> Result<Conn, StoreError> {
        let line = match &self.db {
            Db::Sqlite(connections) => {
                connections.readers.begin().await.map(Line::SqliteTransaction)
            }
            Db::Postgres(pool) => {
                pool.begin_with(begin(SNAPSHOT, scope)).await.map(Line::PostgresTransaction)
            }
        };
        self.conn(line, false)
    }

    /// A transaction that writes, within a scope. On SQLite it waits for its turn, since there is one writer;
    /// on PostgreSQL writers go side by side until they take a change number (`feed::seal`).
    ///
    /// # Errors
    /// [`StoreError::Damaged`] from when the database was found damaged until the process ends.
    pub(crate) async fn write(&self, scope: &Scope) -> Result<Conn, StoreError> {
        self.damage.found()?;
        let line = match &self.db {
            // Immediate: a deferred one would fail at once when another process writes.
            Db::Sqlite(connections) => {
                connections.writer.begin_with("BEGIN IMMEDIATE").await.map(Line::SqliteTransaction)
            }
            Db::Postgres(pool) => {
                pool.begin_with(begin("BEGIN", scope)).await.map(Line::PostgresTransaction)
            }
        };
        self.conn(line, true)
    }

    fn conn(&self, line: sqlx::Result<Line>, writes: bool) -> Result<Conn, StoreError> {
        let line = line.map_err(|error| self.damage.seen(error))?;
        Ok(Conn::new(line, self.damage.clone(), writes))
    }

    /// Hears of changes that other processes make; None where there are none, in a folder.
    pub(crate) async fn listener(&self) -> Result<Option<Listener>, StoreError> {
        Ok(match &self.db {
            Db::Sqlite(_) => None,
            Db::Postgres(pool) => Some(Listener::start(pool).await?),
        })
    }

    /// Whether the store can be read, and may be written.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.damage.found()?;
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
