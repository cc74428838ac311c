//! One SQLite file and the one connection of this process to it. A statement runs on a thread of its own, so
//! that neither the screen waits for the disk nor, in tests, does paused time pass while the disk works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::Mutex;

#[cfg(test)]
use super::played::{Disk, Fate, at_once};
use super::{folder, whole};

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
        Self::from_sqlx(&error)
    }
}

impl StoreError {
    pub(super) fn from_sqlx(error: &sqlx::Error) -> Self {
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
    link: Arc<Mutex<Link>>,
    #[cfg(test)]
    disk: Option<Arc<Disk>>,
}

/// The connection, and what it is connected to.
#[derive(Debug)]
struct Link {
    conn: SqliteConnection,
    /// Of a file that must not be lost.
    kept: Option<Kept>,
}

/// A file that another process may mend and put a new one in its place.
#[derive(Debug)]
struct Kept {
    file: PathBuf,
    options: SqliteConnectOptions,
    schemas: Schemas,
    id: FileId,
}

/// What tells a file from another of its name.
type FileId = (u64, u64);

fn id_of(file: &Path) -> Result<FileId, StoreError> {
    // The name is free for a moment while another process puts a new file in its place.
    const TRIES: u32 = 20;
    for _ in 0..TRIES {
        match std::fs::metadata(file) {
            #[cfg(unix)]
            Ok(found) => {
                use std::os::unix::fs::MetadataExt;
                return Ok((found.dev(), found.ino()));
            }
            // There an open file cannot be renamed.
            #[cfg(not(unix))]
            Ok(_) => return Ok((0, 0)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Failed("the file is gone; start anew".to_owned()))
}

impl Link {
    /// Goes over to the file that now has the name. What is written to the old one would not be found again.
    async fn follow(&mut self) -> Result<(), StoreError> {
        let Some(kept) = &mut self.kept else { return Ok(()) };
        let mut id = id_of(&kept.file)?;
        while id != kept.id {
            let mut conn = SqliteConnection::connect_with(&kept.options).await?;
            migrate(&mut conn, kept.schemas).await?;
            let is_now = id_of(&kept.file)?;
            if is_now == id {
                kept.id = id;
                self.conn = conn;
            }
            id = is_now;
        }
        Ok(())
    }

    /// Begins a transaction on the file that has the name; nobody puts another in its place before it ends. By
    /// hand: SQLite undoes a transaction by itself on a full disk, of which sqlx's own knows nothing.
    async fn begin(&mut self) -> Result<(), StoreError> {
        loop {
            self.follow().await?;
            execute(&mut self.conn, "BEGIN IMMEDIATE").await?;
            let moved = match &self.kept {
                Some(kept) => id_of(&kept.file).map(|id| id != kept.id),
                None => Ok(false),
            };
            match moved {
                Ok(false) => return Ok(()),
                // Mended while we waited for it.
                Ok(true) => execute(&mut self.conn, "ROLLBACK").await?,
                Err(error) => {
                    let _ = execute(&mut self.conn, "ROLLBACK").await;
                    return Err(error);
                }
            }
        }
    }
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
        let kept = (kind == Kind::Kept).then(|| file.to_owned());
        Self::connect(options, schemas, kept).await
    }

    /// A store in memory, for where no disk can be written.
    pub async fn in_memory(schemas: Schemas) -> Result<Self, StoreError> {
        Self::connect(SqliteConnectOptions::new().in_memory(true), schemas, None).await
    }

    async fn connect(
        options: SqliteConnectOptions,
        schemas: Schemas,
        kept: Option<PathBuf>,
    ) -> Result<Self, StoreError> {
        let options = options
            .busy_timeout(PATIENCE)
            .pragma("cell_size_check", "ON")
            .disable_statement_logging();
        #[cfg(test)]
        let options = match Disk::played() {
            Some(_) => options.synchronous(SqliteSynchronous::Off),
            None => options,
        };
        let link = off_thread(async move {
            let id = kept.as_deref().map(id_of).transpose()?;
            let mut conn = SqliteConnection::connect_with(&options).await?;
            if kept.is_some()
                && let Err(error) = whole::check(&mut conn, schemas).await
            {
                let _ = conn.close().await;
                return Err(error);
            }
            migrate(&mut conn, schemas).await?;
            let kept = kept.zip(id).map(|(file, id)| Kept { file, options, schemas, id });
            Ok(Link { conn, kept })
        })
        .await?;
        Ok(Self::Open(Conn {
            link: Arc::new(Mutex::new(link)),
            #[cfg(test)]
            disk: Disk::played(),
        }))
    }

    pub const fn broken(error: StoreError) -> Self {
        Self::Broken(error)
    }

    /// Lets go of the file at once.
    pub async fn close(self) {
        if let Self::Open(Conn { link, .. }) = self
            && let Ok(link) = Arc::try_unwrap(link)
        {
            let _ = off_thread(async move { Ok(link.into_inner().conn.close().await?) }).await;
        }
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
        let Conn { link, .. } = self.conn()?;
        off_thread(async move {
            let mut link = link.lock().await;
            link.follow().await?;
            Ok(work(&mut link.conn).await?)
        })
        .await
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
        let link = Arc::clone(&opened.link);
        let done = off_thread(async move {
            let mut link = link.lock().await;
            link.begin().await?;
            let conn = &mut link.conn;
            let done = match work(conn).await {
                Ok(done) => execute(conn, "COMMIT").await.map(|()| done),
                Err(error) => Err(error),
            };
            if done.is_err() {
                // Fails where there is nothing left to undo.
                let _ = execute(conn, "ROLLBACK").await;
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

/// Opens a damaged file for whatever can be read of it: what is wrong with one table hinders no other.
pub(super) async fn connect_damaged(file: &Path) -> Result<SqliteConnection, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(PATIENCE)
        .pragma("cell_size_check", "ON")
        .pragma("writable_schema", "ON")
        .disable_statement_logging();
    Ok(SqliteConnection::connect_with(&options).await?)
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

pub(super) async fn version(conn: &mut SqliteConnection) -> Result<usize, StoreError> {
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
