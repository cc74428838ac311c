//! Corrections as they are stored, their histories, and the cases that are linked to them.
//!
//! What writes a correction holds its row first, then its cases in the order of their registration, so that
//! writers on PostgreSQL wait for one another instead of getting stuck, and no case is linked between the
//! telling of a correction's cases and its end.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;

use super::db::{Conn, Dialect, Value, args, parameters};
use super::{CaseRow, Scope, Store, StoreError, from_json, from_ms, to_ms, word};
use crate::domain::{
    CaseId, CaseState, Correction, CorrectionEvent, CorrectionId, CorrectionStatus, CorrectionStep,
    Person, ReleasePlan, Resolution, ResolutionKind, Revision, Severity, Untrusted, UserId,
};

/// How many cases go into one statement.
const AT_ONCE: usize = 500;

/// A correction without its cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CorrectionRow {
    /// The place in the order in which corrections were opened.
    pub n: i64,
    pub id: CorrectionId,
    pub title: String,
    pub release_plan: Option<ReleasePlan>,
    pub status: CorrectionStatus,
    pub note: Option<String>,
    pub updated_at: DateTime<Utc>,
    pub revision: Revision,
}

/// A correction that is about to be.
#[derive(Debug, Clone)]
pub(crate) struct NewCorrection<'a> {
    pub title: &'a str,
    pub release_plan: Option<ReleasePlan>,
    pub status: CorrectionStatus,
    pub note: Option<&'a str>,
}

impl<'a> NewCorrection<'a> {
    /// With nothing planned yet.
    pub(crate) const fn confirmed(title: &'a str) -> Self {
        Self { title, release_plan: None, status: CorrectionStatus::Confirmed, note: None }
    }
}

/// A step of a correction's history that is about to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    pub at: DateTime<Utc>,
    pub by: &'a Person,
    pub what: CorrectionStep,
    pub text: &'a str,
    pub reason: &'a str,
}

/// Which page of the corrections, newest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// None: of any status.
    pub statuses: Option<Vec<CorrectionStatus>>,
    pub after: Option<CorrectionId>,
    pub limit: usize,
}

type Columns = (i64, String, String, Option<String>, String, Option<String>, i64, i64, i64);

/// The columns, with the count of the cases in a scope.
fn select(scope: &Scope) -> String {
    format!(
        "SELECT k.n, k.id, k.title, k.release_plan, k.status, k.note, k.updated_at, k.revision,
           (SELECT count(*) FROM cases c WHERE c.correction = k.id AND ({}))
         FROM corrections k",
        scope.condition()
    )
}

fn read(columns: Columns) -> Result<(CorrectionRow, u64), StoreError> {
    let (n, id, title, release_plan, status, note, updated_at, revision, cases) = columns;
    let row = CorrectionRow {
        n,
        id: CorrectionId::new(id),
        title,
        release_plan: release_plan.as_deref().map(word).transpose()?,
        status: word(&status)?,
        note,
        updated_at: from_ms(updated_at)?,
        revision: revision.unsigned_abs(),
    };
    Ok((row, cases.unsigned_abs()))
}

impl CorrectionRow {
    /// As the API gives it to somebody who sees so many of its cases.
    pub(crate) fn correction(&self, cases: u64) -> Correction {
        Correction {
            id: self.id.clone(),
            title: self.title.as_str().into(),
            release_plan: self.release_plan,
            status: self.status,
            cases,
            note: self.note.as_deref().map(Untrusted::from),
            updated_at: self.updated_at,
            revision: self.revision,
        }
    }

    /// One correction, with the count of its cases in the scope.
    pub(crate) async fn load(
        conn: &mut Conn,
        scope: &Scope,
        id: &CorrectionId,
    ) -> Result<Option<(Self, u64)>, StoreError> {
        // Only constants are put together.
        let sql = format!("{} WHERE k.id = $2", select(scope));
        let found: Option<Columns> =
            conn.optional(AssertSqlSafe(sql), args![scope.value(), id.as_str()]).await?;
        found.map(read).transpose()
    }

    /// Keeps other writers of these corrections and of their links waiting until the transaction ends. Says
    /// whether all are there.
    pub(crate) async fn hold(conn: &mut Conn, ids: &[&CorrectionId]) -> Result<bool, StoreError> {
        let held = match conn.dialect() {
            // There is one writer anyway.
            Dialect::Sqlite => "",
            // Not FOR UPDATE: that would also hold up acts on linked cases, whose rows refer to it, and
            // those may have the change counter already.
            Dialect::Postgres => " FOR NO KEY UPDATE",
        };
        // Only constants and placeholders are put together.
        let sql = format!(
            "SELECT n FROM corrections WHERE id IN ({}) ORDER BY n{held}",
            parameters(1, ids.len())
        );
        let values = ids.iter().map(|id| Value::from(id.as_str())).collect();
        let rows: Vec<(i64,)> = conn.all(AssertSqlSafe(sql), values).await?;
        Ok(rows.len() == ids.len())
    }

    /// Opens a correction; its history begins with that.
    pub(crate) async fn open(
        conn: &mut Conn,
        new: &NewCorrection<'_>,
        by: &Person,
        at: DateTime<Utc>,
    ) -> Result<Self, StoreError> {
        let (number,): (i64,) = conn
            .one(
                "UPDATE counters SET value = value + 1 WHERE name = 'correction' RETURNING value",
                args![],
            )
            .await?;
        let id = CorrectionId::new(format!("K-{number}"));
        let (n,): (i64,) = conn
            .one(
                "INSERT INTO corrections (id, title, release_plan, status, note, updated_at, revision)
                 VALUES ($1, $2, $3, $4, $5, $6, 1) RETURNING n",
                args![
                    id.as_str(),
                    new.title,
                    new.release_plan.map(ReleasePlan::word),
                    new.status.word(),
                    new.note,
                    to_ms(at),
                ],
            )
            .await?;
        let row = Self {
            n,
            id,
            title: new.title.to_owned(),
            release_plan: new.release_plan,
            status: new.status,
            note: new.note.map(str::to_owned),
            updated_at: at,
            revision: 1,
        };
        let what = CorrectionStep::Opened;
        let text = match new.release_plan {
            None => new.status.label().to_owned(),
            Some(plan) => format!("{}, {plan}", new.status),
        };
        row.add_step(conn, Step { at, by, what, text: &text, reason: "" }).await?;
        Ok(row)
    }

    /// Stores what was amended.
    pub(crate) async fn update(&self, conn: &mut Conn) -> Result<(), StoreError> {
        conn.run(
            "UPDATE corrections SET title = $2, release_plan = $3, status = $4, note = $5,
               updated_at = $6, revision = $7 WHERE n = $1",
            args![
                self.n,
                &self.title,
                self.release_plan.map(ReleasePlan::word),
                self.status.word(),
                &self.note,
                to_ms(self.updated_at),
                i64::try_from(self.revision).unwrap_or(i64::MAX),
            ],
        )
        .await?;
        Ok(())
    }

    /// Adds a step to the history. Its number is safe to take while the row is held.
    pub(crate) async fn add_step(&self, conn: &mut Conn, step: Step<'_>) -> Result<(), StoreError> {
        add_step(conn, self.n, step).await
    }

    pub(crate) async fn history(
        &self,
        conn: &mut Conn,
    ) -> Result<Vec<CorrectionEvent>, StoreError> {
        type Event = (i64, String, String, String, String, String);
        let rows: Vec<Event> = conn
            .all(
                "SELECT at, actor, actor_name, what, text, reason
                 FROM correction_events WHERE correction_n = $1 ORDER BY seq",
                args![self.n],
            )
            .await?;
        rows.into_iter()
            .map(|(at, actor, name, what, text, reason)| {
                Ok(CorrectionEvent {
                    at: from_ms(at)?,
                    actor: Person { id: UserId::new(actor), name: Untrusted::new(name) },
                    what: word(&what)?,
                    text: Untrusted::new(text),
                    reason: Untrusted::new(reason),
                })
            })
            .collect()
    }

    /// The cases in a scope that are linked, in the order of their registration.
    pub(crate) async fn linked(
        &self,
        conn: &mut Conn,
        scope: &Scope,
    ) -> Result<Vec<CaseId>, StoreError> {
        // Only constants are put together.
        let sql = format!(
            "SELECT c.id FROM cases c WHERE c.correction = $2 AND ({}) ORDER BY c.n",
            scope.condition()
        );
        let rows: Vec<(String,)> =
            conn.all(AssertSqlSafe(sql), args![scope.value(), self.id.as_str()]).await?;
        Ok(rows.into_iter().map(|(id,)| CaseId::new(id)).collect())
    }

    /// The worst severity among the linked cases; None of none.
    pub(crate) async fn worst(&self, conn: &mut Conn) -> Result<Option<Severity>, StoreError> {
        let rows: Vec<(String,)> = conn
            .all(
                "SELECT DISTINCT severity FROM cases WHERE correction = $1",
                args![self.id.as_str()],
            )
            .await?;
        let severities: Vec<Severity> =
            rows.iter().map(|(severity,)| word(severity)).collect::<Result<_, _>>()?;
        Ok(severities.into_iter().min())
    }

    /// Takes the linked cases that `is_told` wants one step further (revision, count of entries, instant), and
    /// gives them as they are then, in the order of their registration. Closed ones are asked about only
    /// with `closed_too`.
    pub(crate) async fn advance_linked(
        &self,
        conn: &mut Conn,
        scope: &Scope,
        closed_too: bool,
        is_told: impl Fn(CaseState, Option<ResolutionKind>) -> bool,
        at: DateTime<Utc>,
    ) -> Result<Vec<CaseRow>, StoreError> {
        // On PostgreSQL the rows are held in this order, so that no act comes between.
        let held = match conn.dialect() {
            Dialect::Sqlite => "",
            Dialect::Postgres => " FOR NO KEY UPDATE",
        };
        // Only constants are put together.
        let sql = format!(
            "SELECT n, state, resolution FROM cases
             WHERE correction = $1 AND (state <> 'closed' OR $2) ORDER BY n{held}"
        );
        let rows: Vec<(i64, String, Option<String>)> =
            conn.all(AssertSqlSafe(sql), args![self.id.as_str(), closed_too]).await?;
        let mut numbers = Vec::new();
        for (n, state, resolution) in rows {
            let resolution: Option<Resolution> =
                resolution.as_deref().map(from_json).transpose()?;
            if is_told(word(&state)?, resolution.map(|r| r.kind)) {
                numbers.push(n);
            }
        }
        let mut cases = Vec::with_capacity(numbers.len());
        for chunk in numbers.chunks(AT_ONCE) {
            let mut values = args![to_ms(at)];
            values.extend(chunk.iter().map(Value::from));
            // Only placeholders are put into the text.
            let sql = format!(
                "UPDATE cases SET revision = revision + 1, entries = entries + 1, updated_at = $1
                 WHERE n IN ({})",
                parameters(2, chunk.len())
            );
            conn.run_once(sql, values).await?;
            let mut advanced = CaseRow::numbered(conn, scope, chunk).await?;
            advanced.reverse();
            cases.extend(advanced);
        }
        Ok(cases)
    }
}

async fn add_step(conn: &mut Conn, n: i64, step: Step<'_>) -> Result<(), StoreError> {
    conn.run(
        "INSERT INTO correction_events (correction_n, seq, at, actor, actor_name, what, text, reason)
         SELECT k.n, (SELECT coalesce(max(e.seq), 0) + 1 FROM correction_events e
                      WHERE e.correction_n = k.n), $2, $3, $4, $5, $6, $7
         FROM corrections k WHERE k.n = $1",
        args![
            n,
            to_ms(step.at),
            step.by.id.as_str(),
            step.by.name.raw(),
            step.what.word(),
            step.text,
            step.reason,
        ],
    )
    .await?;
    Ok(())
}

/// Records the opening of a correction whose past is not known otherwise.
pub(super) async fn record_opening(
    conn: &mut Conn,
    id: &CorrectionId,
    by: &Person,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let row: Option<(i64,)> =
        conn.optional("SELECT n FROM corrections WHERE id = $1", args![id.as_str()]).await?;
    let Some((n,)) = row else { return Ok(()) };
    add_step(conn, n, Step { at, by, what: CorrectionStep::Opened, text: "", reason: "" }).await
}

/// Records that cases came to a correction (`Linked`) or went from it (`Unlinked`). Both corrections of a move
/// are to be held before.
pub(crate) async fn record_links(
    conn: &mut Conn,
    id: &CorrectionId,
    what: CorrectionStep,
    cases: &[&CaseId],
    by: &Person,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    /// As many are named; of more the cases themselves tell.
    const NAMED: usize = 20;
    let named: Vec<&str> = cases.iter().take(NAMED).map(|id| id.as_str()).collect();
    let mut text = named.join(", ");
    if cases.len() > NAMED {
        let _ = write!(text, " and {} more", cases.len() - NAMED);
    }
    let row: Option<(i64,)> =
        conn.optional("SELECT n FROM corrections WHERE id = $1", args![id.as_str()]).await?;
    match row {
        Some((n,)) => add_step(conn, n, Step { at, by, what, text: &text, reason: "" }).await,
        None => Ok(()),
    }
}

/// Cases of a scope by their ids, in the order of their registration.
pub(crate) async fn cases_named(
    conn: &mut Conn,
    scope: &Scope,
    ids: &[CaseId],
) -> Result<Vec<CaseRow>, StoreError> {
    let mut numbers: Vec<i64> = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(AT_ONCE) {
        // Only constants and placeholders are put together.
        let sql = format!(
            "SELECT c.n FROM cases c WHERE ({}) AND c.id IN ({})",
            scope.condition(),
            parameters(2, chunk.len())
        );
        let mut values = args![scope.value()];
        values.extend(chunk.iter().map(|id| Value::from(id.as_str())));
        let rows: Vec<(i64,)> = conn.all(AssertSqlSafe(sql), values).await?;
        numbers.extend(rows.into_iter().map(|(n,)| n));
    }
    numbers.sort_unstable();
    let mut cases = Vec::with_capacity(numbers.len());
    for chunk in numbers.chunks(AT_ONCE) {
        let mut loaded = CaseRow::numbered(conn, scope, chunk).await?;
        loaded.reverse();
        cases.extend(loaded);
    }
    Ok(cases)
}

impl Store {
    /// A page of the corrections, newest first, each with the count of its cases in the scope, and whether there
    /// are more. None if there is no such correction as the page begins after.
    pub(crate) async fn corrections(
        &self,
        scope: &Scope,
        page: &Page,
    ) -> Result<Option<(Vec<Correction>, bool)>, StoreError> {
        let mut tx = self.read(scope).await?;
        let before = match &page.after {
            None => i64::MAX,
            Some(id) => match CorrectionRow::load(&mut tx, scope, id).await? {
                None => return Ok(None),
                Some((row, _)) => row.n,
            },
        };
        let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
        let mut values = args![scope.value(), before, limit];
        let mut sql = format!("{} WHERE k.n < $2", select(scope));
        if let Some(statuses) = &page.statuses {
            values.extend(statuses.iter().map(|status| Value::from(status.word())));
            let _ = write!(sql, " AND k.status IN ({})", parameters(4, statuses.len()));
        }
        // Only constants and placeholders are put together.
        sql.push_str(" ORDER BY k.n DESC LIMIT $3");
        let rows: Vec<Columns> = tx.all(AssertSqlSafe(sql), values).await?;
        tx.commit().await?;
        let more = rows.len() > page.limit;
        let found = rows
            .into_iter()
            .take(page.limit)
            .map(|columns| read(columns).map(|(row, cases)| row.correction(cases)))
            .collect::<Result<_, _>>()?;
        Ok(Some((found, more)))
    }
}
