//! One SQLite file and the one connection of this process to it. A statement runs on a thread of its own, so
//! that neither the screen waits for the disk nor, in tests, does paused time pass while the disk works.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::folder;
#[cfg(test)]
use super::played::{Disk, Fate, at_once};

/// How long a statement waits for another process of ours.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Why what is kept on this machine cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("no space is left on the disk")]
    NoSpace,
    #[error("the disk cannot be written: {0}")]
    ReadOnly(String),
    #[error("another process holds it for too long")]
    Busy,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error("a newer version of caseload wrote it; use that one")]
    Newer,
    #[error("{0}")]
    Failed(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
                    Self::Damaged(error.to_string())
                }
                error => Self::Failed(error.to_string()),
            };
        };
        let words = database.message().to_owned();
        // The primary result code is the low byte.
        match database.code().and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff) {
            Some(5 | 6) => Self::Busy,
            Some(8 | 14) => Self::ReadOnly(words),
            Some(11 | 26) => Self::Damaged(words),
            Some(13) => Self::NoSpace,
            _ => Self::Failed(words),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        match error.kind() {
            K::StorageFull | K::QuotaExceeded => Self::NoSpace,
            K::ReadOnlyFilesystem | K::PermissionDenied => Self::ReadOnly(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// How much a file must endure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every commit is on the disk before it is told, and nothing stands in a side file that a fault could
    /// cut off unnoticed: a rollback journal.
    Kept,
    /// Fast, and whole after a crash of the program: a write-ahead log, where the disk is this machine's.
    Cached,
}

/// The schemas a file went through; `PRAGMA user_version` counts them.
pub(super) type Schemas = &'static [&'static str];

#[derive(Debug, Clone)]
pub(super) struct Conn {
    conn: Arc<Mutex<SqliteConnection>>,
    #[cfg(test)]
    disk: Option<Arc<Disk>>,
}

#[derive(Debug, Clone)]
pub(super) enum Db {
    Open(Conn),
    /// Not even memory could be had; every use says why.
    Broken(StoreError),
}

impl Db {
    /// Opens the file, or makes it, and brings its schema up to date.
    pub async fn open(file: &Path, kind: Kind, schemas: Schemas) -> Result<Self, StoreError> {
        if let Some(dir) = file.parent() {
            folder::private_folder(dir)?;
        }
        folder::private_file(file)?;
        let wal = kind == Kind::Cached && !folder::is_remote(file);
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(if wal { SqliteJournalMode::Wal } else { SqliteJournalMode::Truncate })
            .synchronous(match kind {
                Kind::Kept => SqliteSynchronous::Full,
                Kind::Cached => SqliteSynchronous::Normal,
            });
        Self::connect(options, schemas).await
    }

    /// A store in memory, for where no disk can be written.
    pub async fn in_memory(schemas: Schemas) -> Result<Self, StoreError> {
        Self::connect(SqliteConnectOptions::new().in_memory(true), schemas).await
    }

    async fn connect(options: SqliteConnectOptions, schemas: Schemas) -> Result<Self, StoreError> {
        let options = options
            .busy_timeout(PATIENCE)
            .pragma("cell_size_check", "ON")
            .disable_statement_logging();
        #[cfg(test)]
        let options = match Disk::played() {
            Some(_) => options.synchronous(SqliteSynchronous::Off),
            None => options,
        };
        let conn = off_thread(async move {
            let mut conn = SqliteConnection::connect_with(&options).await?;
            migrate(&mut conn, schemas).await?;
            Ok(conn)
        })
        .await?;
        Ok(Self::Open(Conn {
            conn: Arc::new(Mutex::new(conn)),
            #[cfg(test)]
            disk: Disk::played(),
        }))
    }

    pub const fn broken(error: StoreError) -> Self {
        Self::Broken(error)
    }

    fn conn(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Open(conn) => Ok(conn.clone()),
            Self::Broken(error) => Err(error.clone()),
        }
    }

    /// Runs statements that change nothing, or one that is a transaction by itself.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let Conn { conn, .. } = self.conn()?;
        off_thread(async move { Ok(work(&mut *conn.lock().await).await?) }).await
    }

    /// Runs statements that all count or none, and once this has answered stand on the disk.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, sqlx::Error>>
        + Send
        + 'static,
    ) -> Result<T, StoreError> {
        let opened = self.conn()?;
        #[cfg(test)]
        let fate = opened.disk.as_ref().map_or(Fate::Written, |disk| disk.next());
        #[cfg(test)]
        if matches!(fate, Fate::Fails | Fate::DiesBefore) {
            return Disk::or_dead(opened.disk.as_ref(), Err(StoreError::NoSpace)).await;
        }
        let conn = Arc::clone(&opened.conn);
        let done = off_thread(async move {
            let mut conn = conn.lock().await;
            // By hand: SQLite undoes a transaction by itself on a full disk, of which sqlx's own knows nothing.
            execute(&mut conn, "BEGIN IMMEDIATE").await?;
            let done = match work(&mut conn).await {
                Ok(done) => execute(&mut conn, "COMMIT").await.map(|()| done),
                Err(error) => Err(error),
            };
            if done.is_err() {
                // Fails where there is nothing left to undo.
                let _ = execute(&mut conn, "ROLLBACK").await;
            }
            Ok(done?)
        })
        .await;
        #[cfg(test)]
        if let (Fate::DiesAfter, Some(disk)) = (fate, &opened.disk) {
            disk.die();
            return Disk::or_dead(Some(disk), done).await;
        }
        done
    }
}

/// Brings the schema up to the newest; each step is a transaction with its number.
async fn migrate(conn: &mut SqliteConnection, schemas: Schemas) -> Result<(), StoreError> {
    let known = version(conn).await?;
    if known > schemas.len() {
        return Err(StoreError::Newer);
    }
    if known == schemas.len() {
        return Ok(());
    }
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have done it while we waited.
    let known = version(&mut transaction).await?;
    for (at, schema) in schemas.iter().enumerate().skip(known) {
        sqlx::raw_sql(*schema).execute(&mut *transaction).await?;
        let count = format!("PRAGMA user_version = {}", at + 1);
        sqlx::raw_sql(sqlx::AssertSqlSafe(count)).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

async fn version(conn: &mut SqliteConnection) -> Result<usize, StoreError> {
    let (version,): (i64,) = sqlx::query_as("PRAGMA user_version").fetch_one(conn).await?;
    usize::try_from(version).map_err(|_| StoreError::Newer)
}

async fn execute(conn: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(conn).await.map(|_| ())
}

/// Runs work of the disk to its end, whether or not somebody still waits for it.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    #[cfg(test)]
    if Disk::played().is_some() {
        return at_once(work);
    }
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work))
        .await
        .unwrap_or_else(|error| Err(StoreError::Failed(error.to_string())))
}
