//! The SQLite file: how it is opened and who may write. One writer at a time, any number of readers.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use super::StoreError;
use crate::service::tokens;

/// The database's file in the data folder.
pub const FILE: &str = "caseload.db";
/// Locked while a service has the desk.
const LOCK: &str = "caseload.lock";
/// Readers beside the one writer. Reads take well under a millisecond, so few are enough.
const READERS: u32 = 4;

/// The desk's data in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    /// None once the store is closed.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    options: SqliteConnectOptions,
    /// Held by a service; the system lets go of it however the process ends.
    lock: Option<File>,
}

impl SqliteStore {
    /// As [`SqliteStore::open`], for the one service of the folder.
    ///
    /// # Errors
    /// As there; [`StoreError::InUse`] if another service has the folder.
    pub(crate) async fn open_alone(data_dir: &Path) -> Result<Self, StoreError> {
        make_private_folder(data_dir)?;
        let lock = private_file(&data_dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
            Err(TryLockError::Error(error)) => {
                tracing::warn!(%error, "no locks on this disk: nothing keeps a second service away");
            }
        }
        Ok(Self { lock: Some(lock), ..Self::open(data_dir).await? })
    }

    /// Opens the desk of a data folder, or makes an empty one there. The folder is made 0700, the file
    /// 0600.
    ///
    /// # Errors
    /// [`StoreError`] if the folder cannot be used or what is there is not a desk.
    pub async fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let file = data_dir.join(FILE);
        make_private_folder(data_dir)?;
        private_file(&file)?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            // NORMAL loses acknowledged rows in a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .disable_statement_logging();
        let mut writer = options.connect().await?;
        // Not `run`: the future of that is `Send` for one lifetime at a time only, and would keep whatever
        // awaits it from being spawned.
        sqlx::migrate!("assets/migrations/sqlite").run_direct(None, &mut writer, false).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.clone().read_only(true))
            .await?;
        let store = Self { writer: Mutex::new(Some(writer)), readers, options, lock: None };
        if store.meta("cursor_secret").await?.is_none() {
            store.set_meta("cursor_secret", &tokens::random_hex()).await?;
        }
        Ok(store)
    }

    /// The one connection that writes.
    pub(crate) async fn writer(
        &self,
    ) -> Result<MappedMutexGuard<'_, SqliteConnection>, StoreError> {
        MutexGuard::try_map(self.writer.lock().await, Option::as_mut)
            .map_err(|_| StoreError::Closed)
    }

    /// A transaction on the writer. Immediate: a deferred one would fail at once when another process
    /// writes.
    pub(crate) async fn begin<'w>(
        &self,
        writer: &'w mut SqliteConnection,
    ) -> Result<Transaction<'w, Sqlite>, StoreError> {
        // SQLite undoes some transactions by itself, that on a full disk for one; sqlx then counts it as
        // open for ever. The ping comes back after the rollback that a dropped transaction asked for.
        if writer.ping().await.is_err() || writer.is_in_transaction() {
            *writer = self.options.connect().await?;
        }
        Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Whether the store can be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT value FROM counters LIMIT 1").fetch_one(&self.readers).await?;
        Ok(())
    }

    /// Whether somebody works with the desk: there are users or cases.
    pub async fn is_in_use(&self) -> Result<bool, StoreError> {
        let (used,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM cases)")
                .fetch_one(&self.readers)
                .await?;
        Ok(used)
    }

    /// The number in the id that was given to a case last.
    pub async fn last_case_number(&self) -> Result<u32, StoreError> {
        let (last,): (u32,) = sqlx::query_as("SELECT value FROM counters WHERE name = 'case'")
            .fetch_one(&self.readers)
            .await?;
        Ok(last)
    }

    /// A value that was kept under a name.
    pub async fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        let row: Option<(String,)> = sqlx::query_as("SELECT value FROM meta WHERE key = ?1")
            .bind(key)
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|(value,)| value))
    }

    /// Keeps a value under a name.
    pub async fn set_meta(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        sqlx::query(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// Waits for the work under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        // Last of all connections, so that it folds the write-ahead log into the file.
        let writer = self.writer.lock().await.take();
        if let Some(writer) = writer
            && let Err(error) = writer.close().await
        {
            tracing::warn!(%error, "the write-ahead log stays beside the database");
        }
        if let Some(Err(error)) = self.lock.as_ref().map(File::unlock) {
            tracing::warn!(%error, "the desk stays locked until this process ends");
        }
    }
}

/// Customers' data are in there: nobody else on the machine may read them.
fn make_private_folder(data_dir: &Path) -> Result<(), StoreError> {
    let mut folder = DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    if !data_dir.is_dir() {
        folder.create(data_dir)?;
    }
    Ok(())
}

/// A file of the folder, made if it is not there. SQLite gives its side files the rights of the database's
/// file.
fn private_file(path: &Path) -> Result<File, StoreError> {
    let mut open = OpenOptions::new();
    open.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    let file = open.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // One that was there may have been open to others.
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}
