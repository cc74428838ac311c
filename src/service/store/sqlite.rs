//! The SQLite file: how it is opened and who may write. One writer at a time, any number of readers.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::StoreError;

/// The database's file in the data folder.
pub const FILE: &str = "caseload.db";
/// Locked while a service has the desk.
const LOCK: &str = "caseload.lock";
/// Readers beside the one writer. Reads take well under a millisecond, so few are enough.
const READERS: u32 = 4;
/// How long a writer waits for another process to finish, and for its turn in this one.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest file that is looked through at every start, in bytes: that takes about a second.
const LOOKED_OVER: i64 = 256 << 20;

/// What SQLite says of damage may come on several lines.
pub(super) fn one_line(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("*** in database")).collect::<Vec<_>>().join("; ")
}

/// The connections to the file.
#[derive(Debug)]
pub(super) struct Connections {
    /// The one that writes.
    pub writer: SqlitePool,
    pub readers: SqlitePool,
}

impl Connections {
    /// Opens the file of a data folder, or makes it. The folder is made 0700, the file 0600.
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
            .busy_timeout(PATIENCE)
            // A page that cannot be right is refused when it is read, before anything is done by it.
            .pragma("cell_size_check", "ON")
            .disable_statement_logging();
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(PATIENCE)
            // It is tried when it comes back, and nobody else can cut it.
            .test_before_acquire(false)
            // SQLite undoes some transactions by itself, that on a full disk for one; sqlx then counts
            // it as open for ever.
            .before_acquire(|conn, _| Box::pin(async { Ok(!conn.is_in_transaction()) }))
            .connect_with(options.clone())
            .await?;
        let mut conn = writer.acquire().await?;
        // Not `run`: the future of that is `Send` for one lifetime at a time only, and would keep whatever
        // awaits it from being spawned.
        sqlx::migrate!("assets/migrations/sqlite").run_direct(None, &mut *conn, false).await?;
        drop(conn);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { writer, readers })
    }

    /// Looks through a small file for damage. A large one would keep the desk shut for too long: there
    /// `caseload admin check` does it, and what is met on the way stops the writing.
    pub async fn looked_over(&self) -> Result<(), StoreError> {
        let (bytes,): (i64,) = sqlx::query_as(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        )
        .fetch_one(&self.readers)
        .await?;
        if bytes > LOOKED_OVER {
            return Ok(());
        }
        let (found,): (String,) =
            sqlx::query_as("PRAGMA quick_check(1)").fetch_one(&self.readers).await?;
        if found == "ok" { Ok(()) } else { Err(StoreError::Damaged(one_line(&found))) }
    }

    /// Waits for the work under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        // Last of all connections, so that it folds the write-ahead log into the file.
        self.writer.close().await;
    }
}

/// Takes the folder for the one service that may have it; the system lets go of it however the process ends.
pub(super) fn lock(data_dir: &Path) -> Result<File, StoreError> {
    make_private_folder(data_dir)?;
    let lock = private_file(&data_dir.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "no locks on this disk: nothing keeps a second service away");
        }
    }
    Ok(lock)
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
pub(super) fn private_file(path: &Path) -> Result<File, StoreError> {
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
