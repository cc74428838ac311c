//! Opens `keep.db`, and mends it where the disk has damaged it: the old file is set aside as `keep.db.damaged-N`
//! and never thrown away, and a new one gets every row that can still be read. What was there before and is gone
//! is told, too: the empty file `keep.there` stands beside it once there is something to lose.
//!
//! One process mends at a time (`mend.lock`); the others wait and open what it has made. The new file is whole
//! before the old one goes, so that a process that dies in between loses nothing: `keep.db.mending` without a
//! `keep.db` is finished at the next start.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection, Row as _, SqliteConnection};

use super::db::{self, Db, Kind, StoreError, off_thread};
use super::row::{MAX_NUMBER, Raw, Read, state};
use super::{KEEP, KEEP_FILE, folder};

/// How often another process is waited for, and how long each time: 1.5 s together.
const WAITS: u32 = 150;
const WAIT: Duration = Duration::from_millis(10);

/// How often reading goes on behind a place that cannot be read, for each table.
const PROBES: u32 = 250;

/// Opens the file of a state folder, or makes it. With it comes a sentence for the person if it had to be mended.
pub(super) async fn open(state: &Path) -> Result<(Db, Option<String>), StoreError> {
    let paths = Paths::of(state);
    match look(&paths).await {
        Err(StoreError::Damaged(_)) => {}
        opened => return Ok((opened?, None)),
    }
    let lock = paths.clone();
    let _lock = off_thread(async move { lock.wait() }).await?;
    // Whoever had the lock has mended it.
    let why = match look(&paths).await {
        Err(StoreError::Damaged(why)) => why,
        opened => return Ok((opened?, None)),
    };
    tracing::warn!(why, "what is kept on this machine is damaged");
    let told = mend(&paths, &why).await?;
    Ok((look(&paths).await?, Some(told)))
}

/// The files that have to do with it.
#[derive(Debug, Clone)]
struct Paths {
    folder: PathBuf,
    keep: PathBuf,
    journal: PathBuf,
    there: PathBuf,
    mending: PathBuf,
    /// As they were before SQLite took a transaction back that a process had left half done: its journal may be
    /// damaged, too.
    before: PathBuf,
    before_journal: PathBuf,
}

impl Paths {
    fn of(state: &Path) -> Self {
        let named = |end: &str| state.join(format!("{KEEP_FILE}{end}"));
        Self {
            folder: state.to_owned(),
            keep: named(""),
            journal: named("-journal"),
            there: state.join("keep.there"),
            mending: named(".mending"),
            before: named(".before"),
            before_journal: named(".before-journal"),
        }
    }

    fn wait(&self) -> Result<File, StoreError> {
        let file = folder::private_file(&self.folder.join("mend.lock"))?;
        for _ in 0..WAITS {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
                Err(TryLockError::Error(error)) => {
                    tracing::warn!(%error, "this disk knows no locks");
                    return Ok(file);
                }
            }
        }
        Err(StoreError::Busy)
    }

    /// What can be seen before SQLite touches it.
    fn look(&self) -> Result<(), StoreError> {
        folder::private_folder(&self.folder)?;
        let was_there = self.there.try_exists()?;
        if !self.keep.try_exists()? && (was_there || self.mending.try_exists()?) {
            return Err(damaged("it is gone"));
        }
        let mut head = Vec::new();
        folder::private_file(&self.keep)?.take(100).read_to_end(&mut head)?;
        let journal = length(&self.journal);
        if head.is_empty() {
            let had_pages = journal > 0 && !is_of_a_new_file(&self.journal)?;
            return if was_there || had_pages { Err(damaged("it is empty")) } else { Ok(()) };
        }
        // Bytes 18 and 19 say which versions may write and read it; above 2 SQLite would only read.
        let is_ours = head.len() == 100
            && head.starts_with(b"SQLite format 3\0")
            && (1..=2).contains(&head[18])
            && (1..=2).contains(&head[19]);
        if !is_ours {
            return Err(damaged("it does not begin as a database"));
        }
        if journal > 0 && !self.before.try_exists()? {
            // Gone again: it was no left one, but that of a process at work.
            if copy(&self.journal, &self.before_journal)? {
                copy(&self.keep, &self.before)?;
            }
        }
        Ok(())
    }

    /// The first names that are free.
    fn aside(&self) -> Result<(PathBuf, PathBuf), StoreError> {
        let mut n = 1_u32;
        loop {
            let named = |end: &str| self.folder.join(format!("{KEEP_FILE}.damaged-{n}{end}"));
            let (file, journal) = (named(""), named("-journal"));
            if !file.try_exists()? && !journal.try_exists()? {
                return Ok((file, journal));
            }
            n += 1;
        }
    }

    /// Sets the damaged files aside and puts the new one in their place. None: there was nothing to set aside.
    fn exchange(&self) -> Result<Option<PathBuf>, StoreError> {
        let (file, journal) = self.aside()?;
        // The journal first: a new file must never meet the journal of an old one.
        let journal_moved = moved(&self.journal, &journal)?;
        let file_moved = moved(&self.keep, &file)?;
        moved(&self.mending, &self.keep)?;
        let mut set_aside = (journal_moved || file_moved).then_some(file);
        if self.before.try_exists()? || self.before_journal.try_exists()? {
            let (file, journal) = self.aside()?;
            moved(&self.before_journal, &journal)?;
            moved(&self.before, &file)?;
            set_aside.get_or_insert(file);
        }
        #[cfg(test)]
        if super::played::Disk::played().is_some() {
            return Ok(set_aside);
        }
        #[cfg(unix)]
        File::open(&self.folder)?.sync_all()?;
        Ok(set_aside)
    }
}

fn damaged(why: &str) -> StoreError {
    StoreError::Damaged(why.to_owned())
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

/// Whether a journal was begun when its file had no page: bytes 16 to 19 count them.
fn is_of_a_new_file(journal: &Path) -> Result<bool, StoreError> {
    let mut head = Vec::new();
    File::open(journal)?.take(20).read_to_end(&mut head)?;
    Ok(head.get(16..20).is_none_or(|pages| pages == [0; 4]))
}

/// False: there is no such file.
fn copy(from: &Path, to: &Path) -> Result<bool, StoreError> {
    let mut read = match File::open(from) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let mut write = folder::private_file(to)?;
    write.set_len(0)?;
    Ok(std::io::copy(&mut read, &mut write)? > 0)
}

/// False: there is no such file.
fn moved(from: &Path, to: &Path) -> Result<bool, StoreError> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        renamed => Ok(renamed.map(|()| true)?),
    }
}

fn removed(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => Ok(removed?),
    }
}

/// Opens the file if it is whole, or new.
async fn look(paths: &Paths) -> Result<Db, StoreError> {
    let first = paths.clone();
    off_thread(async move { first.look() }).await?;
    let db = Db::open(&paths.keep, Kind::Kept, KEEP).await?;
    let paths = paths.clone();
    off_thread(async move {
        folder::private_file(&paths.there)?;
        removed(&paths.before)?;
        removed(&paths.before_journal)
    })
    .await?;
    Ok(db)
}

/// Makes the new file and puts it in the place of the old one; says so in a sentence.
async fn mend(paths: &Paths, why: &str) -> Result<String, StoreError> {
    let name = paths.keep.display();
    let old_is_there = paths.keep.try_exists()?;
    if !old_is_there && paths.mending.try_exists()? {
        let paths = paths.clone();
        off_thread(async move { paths.exchange() }).await?;
        return Ok(format!(
            "{name} was damaged, and mending it was broken off; it is done now. What was damaged is beside it, \
             as {KEEP_FILE}.damaged-1 or with a higher number, and more may be in it."
        ));
    }
    let begun = paths.clone();
    off_thread(async move {
        removed(&begun.folder.join(format!("{KEEP_FILE}.mending-journal")))?;
        removed(&begun.mending)
    })
    .await?;
    let new = Db::open(&paths.mending, Kind::Kept, KEEP).await?;
    let (saved, old) =
        if old_is_there { save(&new, &paths.keep).await? } else { Default::default() };
    new.close().await;
    let exchanged = paths.clone();
    let set_aside = off_thread(async move {
        let set_aside = exchanged.exchange();
        // It held writers off until now.
        if let Some(old) = old {
            let _ = old.close().await;
        }
        set_aside
    })
    .await?;
    let Saved { acts, drafts } = saved;
    Ok(match set_aside {
        Some(file) => format!(
            "{name} was damaged: {why}. It was set aside as {}. {acts} of its acts and {drafts} of its drafts \
             could be read and are kept; more may be in it.",
            file.display()
        ),
        None => format!(
            "{name} was there before and is gone; it was made anew. What waited in it to be sent, and drafts, \
             are not here."
        ),
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Saved {
    acts: usize,
    drafts: usize,
}

/// Copies what can be read of the old file. The connection to it keeps others from writing to it.
async fn save(new: &Db, old: &Path) -> Result<(Saved, Option<SqliteConnection>), StoreError> {
    let old = old.to_owned();
    let Some(mut old) = off_thread(async move {
        match db::connect_damaged(&old).await {
            Ok(mut conn) => match sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut conn).await {
                Err(error) if StoreError::from_sqlx(&error) == StoreError::Busy => {
                    Err(StoreError::Busy)
                }
                _ => Ok(Some(conn)),
            },
            Err(StoreError::Busy) => Err(StoreError::Busy),
            Err(_) => Ok(None),
        }
    })
    .await?
    else {
        return Ok(Default::default());
    };
    new.write(move |new| {
        Box::pin(async move {
            let acts = save_acts(&mut old, new).await?;
            let mut drafts = 0;
            for table in TABLES {
                let saved = table.save(&mut old, new).await?;
                if table.name == "drafts" {
                    drafts = saved;
                }
            }
            Ok((Saved { acts, drafts }, Some(old)))
        })
    })
    .await
}

async fn save_acts(
    old: &mut SqliteConnection,
    new: &mut SqliteConnection,
) -> Result<usize, sqlx::Error> {
    let (mut unsound, mut keys, mut numbers) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
    for row in readable(old, "outbox", 18).await {
        match Raw::read(&row) {
            Ok(Read::Sound(raw)) if !keys.contains(&raw.key) => {
                raw.insert(new).await?;
                numbers.insert(raw.n);
                keys.insert(raw.key);
            }
            Ok(Read::Sound(raw) | Read::Changed(raw)) => unsound.push(raw),
            Err(error) => tracing::warn!(%error, "an entry cannot be read"),
        }
    }
    let count = numbers.len() + unsound.len();
    for mut raw in unsound {
        if !(1..=MAX_NUMBER).contains(&raw.n) || numbers.contains(&raw.n) {
            raw.n = numbers.last().copied().unwrap_or_default() + 1;
        }
        if !state::ALL.contains(&&*raw.state) {
            state::DAMAGED.clone_into(&mut raw.state);
        }
        if keys.contains(&raw.key) {
            raw.key = format!("again {} {}", raw.n, raw.key);
        }
        raw.insert_unsound(new).await?;
        numbers.insert(raw.n);
        keys.insert(raw.key);
    }
    // Numbers are not given twice, if it is still known which were.
    let seq: Result<(i64,), _> =
        sqlx::query_as("SELECT max(seq) FROM sqlite_sequence WHERE name = 'outbox'")
            .fetch_one(old)
            .await;
    if let Ok((seq,)) = seq
        && (1..=MAX_NUMBER).contains(&seq)
    {
        let seq = numbers.last().map_or(seq, |last| seq.max(*last));
        sqlx::query("DELETE FROM sqlite_sequence WHERE name = 'outbox'").execute(&mut *new).await?;
        sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', $1)")
            .bind(seq)
            .execute(new)
            .await?;
    }
    Ok(count)
}

/// A table that is copied as it is; what is unsound in it is seen when it is read.
struct Table {
    name: &'static str,
    /// One letter a column: text, number or bytes.
    columns: &'static [u8],
}

const TABLES: [Table; 4] = [
    Table { name: "identities", columns: b"ttb" },
    Table { name: "own_revisions", columns: b"ttnnb" },
    Table { name: "drafts", columns: b"ttttnb" },
    Table { name: "remembered", columns: b"ttt" },
];

impl Table {
    /// How many of its rows were copied.
    async fn save(
        &self,
        old: &mut SqliteConnection,
        new: &mut SqliteConnection,
    ) -> Result<usize, sqlx::Error> {
        // Bytes that are no text (any more) stay as they are.
        let values: Vec<String> = (1..)
            .zip(self.columns)
            .map(|(at, kind)| match kind {
                b't' => format!("CAST(${at} AS TEXT)"),
                _ => format!("${at}"),
            })
            .collect();
        let sql = format!("INSERT OR IGNORE INTO {} VALUES ({})", self.name, values.join(", "));
        let mut saved = 0;
        for row in readable(old, self.name, self.columns.len()).await {
            // Two of one name, as damage can make them: the second gets another.
            for again in [false, true] {
                let mut insert = sqlx::query(AssertSqlSafe(sql.clone()));
                for (at, kind) in self.columns.iter().enumerate() {
                    insert = if *kind == b'n' {
                        let number: Option<i64> = row.try_get_unchecked(at)?;
                        insert.bind(number.unwrap_or_default())
                    } else {
                        let bytes: Option<Vec<u8>> = row.try_get_unchecked(at)?;
                        let mut bytes = bytes.unwrap_or_default();
                        if again && at == 0 {
                            let rowid: i64 = row.try_get_unchecked(self.columns.len())?;
                            bytes.extend(format!(" ({rowid})").bytes());
                        }
                        insert.bind(bytes)
                    };
                }
                if insert.execute(&mut *new).await?.rows_affected() > 0 {
                    saved += 1;
                    break;
                }
            }
        }
        Ok(saved)
    }
}

/// Every row of a table that can be read, without its indexes, with its rowid behind its columns; none if it has not
/// that many columns. By position, so that a name that has changed hinders nothing.
async fn readable(old: &mut SqliteConnection, table: &str, columns: usize) -> Vec<SqliteRow> {
    let width: Result<(i64,), _> = sqlx::query_as("SELECT count(*) FROM pragma_table_info($1)")
        .bind(table)
        .fetch_one(&mut *old)
        .await;
    if width.ok().map(|(width,)| width) != i64::try_from(columns).ok() {
        return Vec::new();
    }
    let from = format!("SELECT *, rowid FROM {table} NOT INDEXED WHERE rowid");
    let (up, down) =
        (format!("{from} > $1 ORDER BY rowid"), format!("{from} < $1 ORDER BY rowid DESC"));
    let mut found = BTreeMap::new();
    let (mut low, whole) = read_on(old, &up, i64::MIN, &mut found).await;
    if whole {
        return found.into_values().collect();
    }
    let (high, _) = read_on(old, &down, i64::MAX, &mut found).await;
    // Behind the place that cannot be read from either side: number by number, then in ever longer steps.
    low = low.max(0);
    let mut step = 1_i64;
    for probe in 0..PROBES {
        if probe > PROBES - 60 {
            step = step.saturating_mul(2);
        }
        low = low.saturating_add(step);
        if low >= high {
            break;
        }
        let (reached, whole) = read_on(old, &up, low, &mut found).await;
        if whole {
            break;
        }
        low = low.max(reached);
    }
    found.into_values().collect()
}

/// Reads from a row on until the end or until something cannot be read: how far it came, and whether that is the end.
async fn read_on(
    old: &mut SqliteConnection,
    sql: &str,
    from: i64,
    found: &mut BTreeMap<i64, SqliteRow>,
) -> (i64, bool) {
    // More than that no damage shows but a circle.
    const MOST: u32 = 200_000;
    let mut rows = sqlx::query(AssertSqlSafe(sql.to_owned())).bind(from).fetch(old);
    let mut reached = from;
    for _ in 0..MOST {
        match rows.try_next().await {
            Ok(Some(row)) => {
                let Ok(rowid) = row.try_get_unchecked::<i64, _>(row.len() - 1) else { continue };
                reached = rowid;
                found.entry(rowid).or_insert(row);
            }
            Ok(None) => return (reached, true),
            Err(_) => return (reached, false),
        }
    }
    (reached, false)
}
