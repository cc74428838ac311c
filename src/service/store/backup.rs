//! Backups: the whole desk in one SQLite file, from a folder or a database, and a desk made from one in an
//! empty place. A file gets its name only when it is whole, checked and on disk; a place has a desk only when
//! all of it is there.

use std::fs::{DirBuilder, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::accounts::{quoted, record};
use super::db::{Conn, Dialect, args};
use super::{Place, Scope, Store, StoreError, check, sqlite, tables, verify};
use crate::domain::text::safe_line;
use crate::service::tokens;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    pub cases: i64,
    pub bytes: u64,
    /// The last row of its audit record.
    pub audit_seq: i64,
    /// Whether the audit record is as it was written; the backup holds it as it is.
    pub audit_right: bool,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub cases: i64,
    pub audit_seq: i64,
    pub audit_right: bool,
}

/// A folder of work that nobody else reads; gone when it is dropped.
struct Workshop(PathBuf);

impl Workshop {
    fn beside(path: &Path) -> Result<Self, StoreError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = path.with_file_name(format!(".{name}.{}.part", uuid::Uuid::new_v4().simple()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(|error| writing(&error))?;
        Ok(Self(folder))
    }

    fn file(&self) -> PathBuf {
        self.0.join(sqlite::FILE)
    }

    fn place(&self) -> Place {
        Place::Folder(self.0.clone())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, "a folder of work stays");
        }
    }
}

fn writing(error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::NoSpace;
    }
    StoreError::Refused(format!("nothing can be written there: {error}"))
}

/// The folder that a file is in.
fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Puts a file that is whole where it belongs; on return it is there after a power cut, too.
fn put_in_place(from: &Path, to: &Path) -> Result<(), StoreError> {
    File::open(from).and_then(|file| file.sync_all()).map_err(|error| writing(&error))?;
    std::fs::rename(from, to).map_err(|error| writing(&error))?;
    // Not every system can be asked for that.
    if let Ok(folder) = File::open(folder_of(to)) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn already(file: &Path) -> StoreError {
    let file = safe_line(&file.to_string_lossy(), 400);
    StoreError::Refused(format!(
        "there is a file {file} already; name another one, or give --force"
    ))
}

impl Store {
    /// Writes the desk as it is at one instant into a file, while others go on with it.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the file is there already (and `force` is not given) or cannot be written,
    /// [`StoreError::Damaged`] if what was written is not whole: then there is no file.
    pub async fn back_up(&self, file: &Path, force: bool) -> Result<BackedUp, StoreError> {
        if !force && file.exists() {
            return Err(already(file));
        }
        let work = Workshop::beside(file)?;
        let written = work.file();
        if matches!(self.place(), Place::Folder(_)) {
            sqlite::private_file(&written)?;
            let path = written.to_str().ok_or_else(|| {
                StoreError::Refused("the file's name is not UTF-8; name another one".to_owned())
            })?;
            self.lookup().await?.run("VACUUM INTO $1", args![path]).await?;
        } else {
            let copy = Store::open(&work.place()).await?;
            let mut from = self.read(&Scope::All).await?;
            let mut to = copy.write(&Scope::All).await?;
            tables::copy(&mut from, &mut to).await?;
            to.commit().await?;
            copy.close().await;
        }
        let copy = Store::open(&work.place()).await?;
        let (cases, audit_seq, audit_right) = look_over(&mut copy.read(&Scope::All).await?).await?;
        copy.close().await;
        // One file, that opens without others beside it.
        let options = SqliteConnectOptions::new().filename(&written);
        let options = options.journal_mode(SqliteJournalMode::Delete).disable_statement_logging();
        SqliteConnection::connect_with(&options).await?.close().await?;
        let bytes = std::fs::metadata(&written)?.len();
        if !force && file.exists() {
            return Err(already(file));
        }
        put_in_place(&written, file)?;
        Ok(BackedUp { cases, bytes, audit_seq, audit_right })
    }

    /// Makes a desk from a backup in a place that has none. Tokens and ids go on as they were; the audit record
    /// goes on with a row that says so. Cursors are made with another secret from then on, so that those which
    /// were given out after the backup are refused.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the place has a desk, or the file is not a backup;
    /// [`StoreError::Newer`] if the backup is of a newer version.
    pub async fn restore(
        place: &Place,
        file: &Path,
        now: DateTime<Utc>,
    ) -> Result<Restored, StoreError> {
        is_backup(file).await?;
        match place {
            Place::Folder(folder) => into_folder(folder, file, now).await,
            Place::Database(_) => into_database(place, file, now).await,
        }
    }
}

/// How many cases there are, where the audit record ends and whether it is right.
///
/// # Errors
/// [`StoreError::Damaged`] if the file itself is not whole.
async fn look_over(conn: &mut Conn) -> Result<(i64, i64, bool), StoreError> {
    if conn.dialect() == Dialect::Sqlite
        && let Some(fault) = check::structure(conn).await?.into_iter().next()
    {
        return Err(StoreError::Damaged(fault.why));
    }
    let (cases,): (i64,) = conn.one("SELECT count(*) FROM cases", args![]).await?;
    let verified = verify::verify(conn).await?;
    Ok((cases, verified.seq, verified.wrong.is_empty()))
}

/// Whether a file is a desk in one file.
async fn is_backup(file: &Path) -> Result<(), StoreError> {
    let no = |why: &dyn std::fmt::Display| {
        let file = safe_line(&file.to_string_lossy(), 400);
        StoreError::Refused(format!("{file} is not a backup of a desk: {why}"))
    };
    let mut head = [0; 16];
    File::open(file).and_then(|mut file| file.read_exact(&mut head)).map_err(|error| no(&error))?;
    if head != *b"SQLite format 3\0" {
        return Err(no(&"it is another kind of file"));
    }
    let log = PathBuf::from(format!("{}-wal", file.to_string_lossy()));
    if log.metadata().is_ok_and(|log| log.len() > 0) {
        return Err(no(&"it is a desk in use; caseload admin backup makes one of it"));
    }
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut conn = SqliteConnection::connect_with(&options.disable_statement_logging()).await?;
    let (ours,): (i64,) = sqlx::query_as(
        "SELECT count(*) FROM sqlite_master WHERE name IN ('_sqlx_migrations', 'cases', 'audit')",
    )
    .fetch_one(&mut conn)
    .await?;
    conn.close().await?;
    if ours == 3 { Ok(()) } else { Err(no(&"it is another program's database")) }
}

/// A copy of a backup that can be brought up to this program's version.
async fn opened(file: &Path, work: &Workshop) -> Result<Store, StoreError> {
    let copy = work.file();
    let mut to = sqlite::private_file(&copy)?;
    let mut from = File::open(file)?;
    std::io::copy(&mut from, &mut to).map_err(|error| writing(&error))?;
    drop(to);
    Store::open(&work.place()).await
}

/// What is different from the desk that was backed up: the cursors, and the record that it was restored.
async fn begin_anew(conn: &mut Conn, file: &Path, now: DateTime<Utc>) -> Result<(), StoreError> {
    conn.run("UPDATE meta SET value = $1 WHERE key = 'cursor_secret'", args![tokens::random_hex()])
        .await?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    record(conn, now, &format!("restore_backup {}", quoted(&name))).await
}

async fn into_folder(
    folder: &Path,
    file: &Path,
    now: DateTime<Utc>,
) -> Result<Restored, StoreError> {
    let target = folder.join(sqlite::FILE);
    let taken = || {
        StoreError::Refused(
            "there is a desk already; name an empty folder with --data, or put that one aside"
                .to_owned(),
        )
    };
    let files = ["", "-wal", "-shm", "-journal"];
    let files = files.map(|end| folder.join(format!("{}{end}", sqlite::FILE)));
    let is_taken = || files.iter().any(|file| file.exists());
    if is_taken() {
        return Err(taken());
    }
    // Held until it is done, so that no service makes a new desk there meanwhile.
    let _lock = sqlite::lock(folder)?;
    let work = Workshop::beside(&target)?;
    let store = opened(file, &work).await?;
    look_over(&mut store.read(&Scope::All).await?).await?;
    let mut tx = store.write(&Scope::All).await?;
    begin_anew(&mut tx, file, now).await?;
    tx.commit().await?;
    let (cases, audit_seq, audit_right) = look_over(&mut store.read(&Scope::All).await?).await?;
    store.close().await;
    if is_taken() {
        return Err(taken());
    }
    put_in_place(&work.file(), &target)?;
    Ok(Restored { cases, audit_seq, audit_right })
}

async fn into_database(
    place: &Place,
    file: &Path,
    now: DateTime<Utc>,
) -> Result<Restored, StoreError> {
    let work = Workshop::beside(&std::env::temp_dir().join(sqlite::FILE))?;
    let backup = opened(file, &work).await?;
    let mut from = backup.read(&Scope::All).await?;
    look_over(&mut from).await?;
    let desk = Store::open(place).await?;
    let mut to = desk.write(&Scope::All).await?;
    // Whoever opens the desk meanwhile waits, and finds it whole.
    to.run("LOCK TABLE users, cases, policies, audit IN ACCESS EXCLUSIVE MODE", args![]).await?;
    let (used,): (bool,) = to
        .one(
            "SELECT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM cases)
               OR EXISTS (SELECT 1 FROM policies) OR EXISTS (SELECT 1 FROM audit)",
            args![],
        )
        .await?;
    if used {
        return Err(StoreError::Refused(
            "there is a desk already; name an empty database with --database-url".to_owned(),
        ));
    }
    tables::copy(&mut from, &mut to).await?;
    begin_anew(&mut to, file, now).await?;
    let (cases, audit_seq, audit_right) = look_over(&mut to).await?;
    to.commit().await?;
    from.commit().await?;
    backup.close().await;
    desk.close().await;
    Ok(Restored { cases, audit_seq, audit_right })
}
