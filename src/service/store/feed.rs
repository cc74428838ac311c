//! The change feed's pages. A snapshot of the open cases goes by the order of registration; from then on
//! the feed goes by the order of changes. Numbers are taken last in a transaction ([`seal`]), under the lock
//! of their counter until it commits: so their order is the order in which changes become visible, and
//! whoever has seen a number has seen all before it.

use serde::{Deserialize, Serialize};

use super::db::{Conn, Dialect, args, rows_of_parameters};
use super::{CaseRow, Scope, Store, StoreError, postgres, to_json};
use crate::domain::CaseState;

/// Where somebody stands in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    /// Within the snapshot begun at change `seq`, after case number `after`.
    Snapshot { seq: i64, after: i64 },
    /// Everything up to change `seq` is known.
    Live { seq: i64 },
}

/// One page.
#[derive(Debug)]
pub(crate) struct Changes {
    /// Open ones.
    pub cases: Vec<CaseRow>,
    /// Closed ones.
    pub closed: Vec<CaseRow>,
    pub next: Position,
    pub more: bool,
}

impl Changes {
    fn nothing(at: Position) -> Self {
        Self { cases: Vec::new(), closed: Vec::new(), next: at, more: false }
    }

    /// The page after a position, in a transaction that reads: counter and rows belong together. None begins a
    /// snapshot. No page at all for a position from a future that was lost, when a desk was restored
    /// from a backup. The cost grows with the page and, for roles that see the cases of all partners,
    /// with what changed; never with the size of the queue.
    pub(crate) async fn after(
        tx: &mut Conn,
        scope: &Scope,
        from: Option<Position>,
        limit: usize,
    ) -> Result<Option<Self>, StoreError> {
        let latest = latest_change(tx).await?;
        let from = from.unwrap_or(Position::Snapshot { seq: latest, after: 0 });
        let (Position::Snapshot { seq, .. } | Position::Live { seq }) = from;
        if seq > latest {
            return Ok(None);
        }
        Ok(Some(match from {
            Position::Snapshot { seq, after } => {
                let mut cases = CaseRow::open_after(tx, scope, after, limit + 1).await?;
                let more = cases.len() > limit;
                cases.truncate(limit);
                let next = match cases.last() {
                    Some(last) if more => Position::Snapshot { seq, after: last.n },
                    // What changed since the snapshot began comes (again) from the live feed.
                    _ => Position::Live { seq },
                };
                Self { cases, closed: Vec::new(), next, more }
            }
            Position::Live { seq } if seq == latest => Self::nothing(from),
            Position::Live { seq } => {
                let mut rows = CaseRow::changed_after(tx, scope, seq, limit + 1).await?;
                let more = rows.len() > limit;
                rows.truncate(limit);
                let next = match rows.last() {
                    Some(last) if more => Position::Live { seq: last.change_seq },
                    _ => Position::Live { seq: latest },
                };
                let (closed, cases) = rows.into_iter().partition(|r| r.state == CaseState::Closed);
                Self { cases, closed, next, more }
            }
        }))
    }
}

impl Store {
    /// The number of the latest change, as it is now.
    pub(crate) async fn latest_change(&self) -> Result<i64, StoreError> {
        latest_change(&mut self.lookup().await?).await
    }
}

/// The number of the latest change.
async fn latest_change(conn: &mut Conn) -> Result<i64, StoreError> {
    let (seq,): (i64,) =
        conn.one("SELECT value FROM counters WHERE name = 'change'", args![]).await?;
    Ok(seq)
}

/// What a transaction changed, for those who wait: told once it has committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// The number of its last change.
    pub seq: i64,
    /// How many they are.
    pub count: i64,
    /// The scopes that see something of it; None: any may.
    pub seen_by: Option<Vec<Scope>>,
}

impl Changed {
    /// More scopes than these are told as "any": a notification is short.
    const MOST: usize = 40;

    fn of(seq: i64, cases: &[&CaseRow]) -> Self {
        let count = i64::try_from(cases.len()).unwrap_or(i64::MAX);
        let mut seen_by = Vec::new();
        for case in cases {
            for scope in Scope::that_see(case) {
                if !seen_by.contains(&scope) {
                    seen_by.push(scope);
                }
            }
            if seen_by.len() > Self::MOST {
                return Self { seq, count, seen_by: None };
            }
        }
        Self { seq, count, seen_by: Some(seen_by) }
    }

    /// As another process wrote it.
    pub(super) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

/// Gives cases (by their `n`) their change numbers.
async fn number_changes(conn: &mut Conn, numbered: &[(i64, i64)]) -> Result<(), StoreError> {
    /// How many go into one statement: the counter is held meanwhile.
    const AT_ONCE: usize = 500;
    if let [(n, seq)] = numbered {
        conn.run("UPDATE cases SET change_seq = $2 WHERE n = $1", args![n, seq]).await?;
        return Ok(());
    }
    for chunk in numbered.chunks(AT_ONCE) {
        // Both databases name the columns of VALUES so. Only placeholders are put into the text.
        let sql = format!(
            "UPDATE cases SET change_seq = numbered.column2
             FROM (VALUES {}) AS numbered WHERE cases.n = numbered.column1",
            rows_of_parameters(conn.dialect(), 2, chunk.len())
        );
        let values = chunk.iter().flat_map(|(n, seq)| args![n, seq]).collect();
        conn.run_once(sql, values).await?;
    }
    Ok(())
}

/// Ends a transaction that changed cases: gives them their change numbers, in this order. From here until
/// it commits no other transaction gets one, so only the audit row and the commit come after.
pub(crate) async fn seal(conn: &mut Conn, cases: &[&CaseRow]) -> Result<Changed, StoreError> {
    let count = i64::try_from(cases.len()).unwrap_or(i64::MAX);
    let (last,): (i64,) = conn
        .one(
            "UPDATE counters SET value = value + $1 WHERE name = 'change' RETURNING value",
            args![count],
        )
        .await?;
    let numbered: Vec<(i64, i64)> =
        cases.iter().map(|case| case.n).zip(last - count + 1..).collect();
    number_changes(conn, &numbered).await?;
    let changed = Changed::of(last, cases);
    if conn.dialect() == Dialect::Postgres {
        let notify = format!("SELECT pg_notify({}, $1)", postgres::CHANNEL);
        conn.run(sqlx::AssertSqlSafe(notify), args![to_json(&changed)?]).await?;
    }
    Ok(changed)
}
