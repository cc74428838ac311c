//! Whether a desk's data are whole: what the database says of itself, and what must hold between rows. Each
//! part reads the desk as it is at one instant, a page at a time, so that it works beside a service. Nothing
//! is changed.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::db::{Conn, Dialect, args};
use super::{
    Scope, Store, StoreError, from_json, from_ms, from_serde_word, policies, serde_word, sqlite,
    tables, verify, word,
};
use crate::domain::{
    CaseState, Eligibility, Environment, PhoneFollowUp, Resolution, Severity, Tier, TimelineKind,
    Visibility,
};
use crate::sla::ledger::Ledger;

/// How many cases are read at once.
const AT_ONCE: i64 = 500;
/// More faults than these are counted only.
const MOST: usize = 1000;

const RESTORE: &str = "restore from a backup (caseload admin restore)";
const BY_HAND: &str = "compare it with a backup, and restore or mend it by hand";

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The row or part.
    pub what: String,
    pub why: String,
    /// What somebody can do.
    pub todo: &'static str,
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The number of the latest migration.
    pub schema: i64,
    pub cases: u64,
    pub timeline: u64,
    pub audit: u64,
    /// The first [`MOST`].
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: u64,
}

impl Checked {
    fn add(&mut self, what: impl Into<String>, why: impl Into<String>, todo: &'static str) {
        if self.faults.len() < MOST {
            self.faults.push(Fault { what: what.into(), why: why.into(), todo });
        } else {
            self.more += 1;
        }
    }

    /// Takes note of a part that could not be read to its end.
    fn part(&mut self, what: &str, read: Result<(), StoreError>) -> Result<(), StoreError> {
        match read {
            Err(StoreError::Damaged(why)) => self.add(what, why, RESTORE),
            Err(StoreError::Database(error)) => self.add(what, error.to_string(), RESTORE),
            other => return other,
        }
        Ok(())
    }
}

impl Store {
    /// Looks through everything.
    ///
    /// # Errors
    /// The desk is not reached; damage is no error here but what is told.
    pub async fn check_all(&self) -> Result<Checked, StoreError> {
        let mut checked = Checked::default();
        let mut conn = self.read(&Scope::All).await?;
        let read = match conn.dialect() {
            Dialect::Sqlite => structure(&mut conn).await.map(|faults| checked.faults = faults),
            Dialect::Postgres => references(&mut conn, &mut checked).await,
        };
        drop(conn);
        checked.part("the database", read)?;
        // Each part by itself, so that one that cannot be read does not hide the others.
        let mut conn = self.read(&Scope::All).await?;
        let read = schema(&mut conn, &mut checked).await;
        drop(conn);
        checked.part("the schema", read)?;
        let mut conn = self.read(&Scope::All).await?;
        let read = cases(&mut conn, &mut checked).await;
        drop(conn);
        checked.part("the cases", read)?;
        let mut conn = self.read(&Scope::All).await?;
        let read = words(&mut conn, &mut checked).await;
        drop(conn);
        checked.part("the timeline", read)?;
        let mut conn = self.read(&Scope::All).await?;
        let read = numbers(&mut conn, &mut checked).await;
        drop(conn);
        checked.part("the change numbers", read)?;
        let mut conn = self.read(&Scope::All).await?;
        let read = policies::in_force(&mut conn).await.map(|_| ());
        drop(conn);
        checked.part("the policies", read)?;
        let mut conn = self.read(&Scope::All).await?;
        let read = audit(&mut conn, &mut checked).await;
        drop(conn);
        checked.part("the audit record", read)?;
        Ok(checked)
    }
}

/// What SQLite finds in its own file, and references that lead nowhere.
pub(super) async fn structure(conn: &mut Conn) -> Result<Vec<Fault>, StoreError> {
    let mut faults = Vec::new();
    let rows: Vec<(String,)> = conn.all("PRAGMA integrity_check(100)", args![]).await?;
    for (row,) in rows {
        let why = sqlite::one_line(&row);
        if why != "ok" && !why.is_empty() {
            faults.push(Fault { what: "the file".to_owned(), why, todo: RESTORE });
        }
    }
    let rows: Vec<(String, Option<i64>, String)> = conn
        .all("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1000", args![])
        .await?;
    for (table, row, parent) in rows {
        let row = row.map_or_else(String::new, |row| format!(" with row id {row}"));
        faults.push(Fault {
            what: format!("a row of {table}{row}"),
            why: format!("refers to a row of {parent} that is not there"),
            todo: BY_HAND,
        });
    }
    Ok(faults)
}

/// References that lead nowhere, though PostgreSQL keeps watch over them: it can be told not to.
async fn references(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let rows: Vec<(String, String, String, String)> = conn
        .all(
            "SELECT CAST(t.relname AS TEXT), CAST(a.attname AS TEXT), CAST(p.relname AS TEXT),
               CAST(b.attname AS TEXT)
             FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid
               JOIN pg_namespace n ON n.oid = t.relnamespace JOIN pg_class p ON p.oid = f.confrelid
               JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = f.conkey[1]
               JOIN pg_attribute b ON b.attrelid = p.oid AND b.attnum = f.confkey[1]
             WHERE f.contype = 'f' AND n.nspname = current_schema()
               AND array_length(f.conkey, 1) = 1",
            args![],
        )
        .await?;
    for (table, column, parent, key) in rows {
        // The names are those of our own migrations.
        let sql = format!(
            "SELECT count(*) FROM \"{table}\" t WHERE t.\"{column}\" IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM \"{parent}\" p WHERE p.\"{key}\" = t.\"{column}\")"
        );
        let (lost,): (i64,) = conn.one(AssertSqlSafe(sql), args![]).await?;
        if lost > 0 {
            let why = format!("{lost} refer to rows of {parent} that are not there, by {column}");
            checked.add(format!("rows of {table}"), why, BY_HAND);
        }
    }
    Ok(())
}

/// The tables that this program knows: those of a new desk.
async fn known_tables() -> Result<HashSet<String>, StoreError> {
    let mut conn = SqliteConnection::connect("sqlite::memory:").await?;
    sqlx::migrate!("assets/migrations/sqlite").run_direct(None, &mut conn, false).await?;
    let rows: Vec<(String,)> = sqlx::query_as(tables::OF_SQLITE).fetch_all(&mut conn).await?;
    conn.close().await?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

async fn schema(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let (version, failed): (i64, i64) = conn
        .one(
            "SELECT coalesce(max(version), 0), count(CASE WHEN success THEN NULL ELSE 1 END)
             FROM _sqlx_migrations",
            args![],
        )
        .await?;
    checked.schema = version;
    if failed > 0 {
        checked.add("the schema", "was not brought up to date to its end", RESTORE);
    }
    let known = known_tables().await?;
    let there: HashSet<String> = tables::names(conn).await?.into_iter().collect();
    for table in there.difference(&known) {
        let why = "is not one of a desk's: it is not in a backup to or from a database";
        checked.add(
            format!("the table {table}"),
            why,
            "take it away, or put it into another database",
        );
    }
    for table in known.difference(&there) {
        checked.add(format!("the table {table}"), "is not there", RESTORE);
    }
    let (heads, secrets): (i64, i64) = conn
        .one(
            "SELECT (SELECT count(*) FROM audit_head),
               (SELECT count(*) FROM meta WHERE key = 'cursor_secret' AND value <> '')",
            args![],
        )
        .await?;
    if heads != 1 {
        checked.add("the head of the audit record", "is not there", RESTORE);
    }
    if secrets != 1 {
        checked.add("the secret of the cursors", "is not there", RESTORE);
    }
    Ok(())
}

type CaseColumns = (
    i64,
    String,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    i64,
    i64,
    i64,
    i64,
);

/// Every case by itself, and against its timeline.
async fn cases(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let mut after = i64::MIN;
    loop {
        let rows: Vec<CaseColumns> = conn
            .all(
                "SELECT n, id, severity, tier, state, eligibility, environment, phone_follow_up, ledger,
                   resolution, reported_at, updated_at, revision, entries
                 FROM cases WHERE n > $1 ORDER BY n LIMIT $2",
                args![after, AT_ONCE],
            )
            .await?;
        let Some(last) = rows.last() else { return Ok(()) };
        let until = last.0;
        let counts: Vec<(i64, i64, i64, i64)> = conn
            .all(
                "SELECT case_n, count(*), min(seq), max(seq) FROM timeline
                 WHERE case_n > $1 AND case_n <= $2 GROUP BY case_n",
                args![after, until],
            )
            .await?;
        let counts: HashMap<i64, (i64, i64, i64)> =
            counts.into_iter().map(|(n, count, first, last)| (n, (count, first, last))).collect();
        after = until;
        for row in rows {
            checked.cases += 1;
            let (count, first, last) = counts.get(&row.0).copied().unwrap_or((0, 1, 0));
            checked.timeline += count.unsigned_abs();
            let name = format!("case {}", row.1);
            for why in case_faults(&row) {
                checked.add(&name, why, BY_HAND);
            }
            let entries = row.13;
            if count != entries {
                checked.add(
                    &name,
                    format!("has {count} entries in its timeline and should have {entries}"),
                    BY_HAND,
                );
            } else if count > 0 && (first != 1 || last != count) {
                let why =
                    format!("its timeline goes from {first} to {last} and has {count} entries");
                checked.add(&name, why, BY_HAND);
            }
        }
    }
}

fn case_faults(row: &CaseColumns) -> Vec<String> {
    let (_, _, severity, tier, state, eligibility, environment, phone, ledger, resolution, ..) =
        row;
    let (reported_at, updated_at, revision) = (row.10, row.11, row.12);
    let state = word::<CaseState>(state);
    let mut results = vec![
        ("severity", word::<Severity>(severity).map(|_| ())),
        ("tier", word::<Tier>(tier).map(|_| ())),
        ("eligibility", word::<Eligibility>(eligibility).map(|_| ())),
        ("environment", word::<Environment>(environment).map(|_| ())),
        ("clocks", from_json::<Ledger>(ledger).map(|_| ())),
        ("reported_at", from_ms(reported_at).map(|_| ())),
        ("updated_at", from_ms(updated_at).map(|_| ())),
    ];
    if let Some(phone) = phone {
        results.push(("phone_follow_up", word::<PhoneFollowUp>(phone).map(|_| ())));
    }
    if let Some(resolution) = resolution {
        results.push(("resolution", from_json::<Resolution>(resolution).map(|_| ())));
    }
    let mut faults: Vec<String> = results
        .into_iter()
        .filter_map(|(field, result)| match result {
            Ok(()) => None,
            Err(StoreError::Damaged(why)) => Some(format!("{field}: {why}")),
            Err(error) => Some(format!("{field}: {error}")),
        })
        .collect();
    match state {
        Err(StoreError::Damaged(why)) => faults.push(format!("state: {why}")),
        Err(error) => faults.push(format!("state: {error}")),
        Ok(CaseState::Closed) if resolution.is_none() => {
            faults.push("is closed and has no resolution".to_owned());
        }
        Ok(CaseState::Closed) => {}
        Ok(_) if resolution.is_some() => faults.push("is open and has a resolution".to_owned()),
        Ok(_) => {}
    }
    if revision < 1 {
        faults.push(format!("its revision is {revision}"));
    }
    faults
}

/// The words of timeline entries, and entries without a case.
async fn words(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let pairs: Vec<(String, String, i64, i64)> = conn
        .all(
            "SELECT kind, visibility, min(case_n), count(*) FROM timeline GROUP BY kind, visibility",
            args![],
        )
        .await?;
    for (kind, visibility, first, count) in pairs {
        // A kind of a later version reads as one that is unknown.
        let same = from_serde_word::<TimelineKind>(&kind).and_then(serde_word);
        let known = same.is_ok_and(|same| same == kind)
            && from_serde_word::<Visibility>(&visibility).is_ok();
        if !known {
            let (id,): (String,) = conn
                .optional("SELECT id FROM cases WHERE n = $1", args![first])
                .await?
                .unwrap_or_else(|| (format!("number {first}"),));
            let why = format!(
                "are of a kind or visibility that is not known, \"{kind}\" and \"{visibility}\"; the first \
                 is of case {id}"
            );
            checked.add(format!("{count} timeline entries"), why, BY_HAND);
        }
    }
    let lost: Vec<(i64, i64)> = conn
        .all(
            "SELECT case_n, count(*) FROM timeline t
             WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.n = t.case_n)
             GROUP BY case_n ORDER BY case_n LIMIT 1000",
            args![],
        )
        .await?;
    for (n, count) in lost {
        checked.add(
            format!("{count} timeline entries"),
            format!("are of case number {n}, which is not there"),
            BY_HAND,
        );
    }
    Ok(())
}

/// The order of changes, by which the feed goes.
async fn numbers(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let counter: Option<(i64,)> =
        conn.optional("SELECT value FROM counters WHERE name = 'change'", args![]).await?;
    let Some((counter,)) = counter else {
        checked.add("the counter of changes", "is not there", RESTORE);
        return Ok(());
    };
    let twice: Vec<(i64, i64)> = conn
        .all(
            "SELECT change_seq, count(*) FROM cases GROUP BY change_seq HAVING count(*) > 1
             ORDER BY change_seq LIMIT 1000",
            args![],
        )
        .await?;
    for (seq, count) in twice {
        checked.add(format!("change number {seq}"), format!("is that of {count} cases"), BY_HAND);
    }
    let beyond: Vec<(String, i64)> = conn
        .all(
            "SELECT id, change_seq FROM cases WHERE change_seq > $1 OR change_seq < 1
             ORDER BY change_seq LIMIT 1000",
            args![counter],
        )
        .await?;
    for (id, seq) in beyond {
        let why = format!("its change number {seq} is not among those given, 1 to {counter}");
        checked.add(format!("case {id}"), why, BY_HAND);
    }
    Ok(())
}

async fn audit(conn: &mut Conn, checked: &mut Checked) -> Result<(), StoreError> {
    let verified = verify::verify(conn).await?;
    checked.audit = verified.rows;
    for wrong in &verified.wrong {
        checked.add(
            format!("row {} of the audit record", wrong.seq),
            wrong.to_string(),
            "keep a copy of the database as it is, and compare it with a backup",
        );
    }
    checked.more += verified.more;
    Ok(())
}
