//! The change feed's pages. A snapshot of the open cases goes by the order of registration; from then on
//! the feed goes by the order of changes, which is the order in which they became visible: the one
//! writer takes the numbers inside its transaction.

use sqlx::SqliteConnection;

use super::{CaseRow, Scope, SqliteStore, StoreError};
use crate::domain::CaseState;

/// Where somebody stands in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl SqliteStore {
    /// The page after a position; None begins a snapshot. No page at all for a position from a future that
    /// was lost, when a desk was restored from a backup. The cost grows with the page and, for roles
    /// that see the cases of all partners, with what changed; never with the size of the queue.
    pub(crate) async fn changes(
        &self,
        scope: &Scope,
        from: Option<Position>,
        limit: usize,
    ) -> Result<Option<Changes>, StoreError> {
        // One read transaction: counter and rows belong together.
        let mut tx = self.readers().begin().await?;
        let latest = latest_change(&mut tx).await?;
        let from = from.unwrap_or(Position::Snapshot { seq: latest, after: 0 });
        let (Position::Snapshot { seq, .. } | Position::Live { seq }) = from;
        if seq > latest {
            return Ok(None);
        }
        let changes = match from {
            Position::Snapshot { seq, after } => {
                let mut cases = CaseRow::open_after(&mut tx, scope, after, limit + 1).await?;
                let more = cases.len() > limit;
                cases.truncate(limit);
                let next = match cases.last() {
                    Some(last) if more => Position::Snapshot { seq, after: last.n },
                    // What changed since the snapshot began comes (again) from the live feed.
                    _ => Position::Live { seq },
                };
                Changes { cases, closed: Vec::new(), next, more }
            }
            Position::Live { seq } => {
                let mut rows = CaseRow::changed_after(&mut tx, scope, seq, limit + 1).await?;
                let more = rows.len() > limit;
                rows.truncate(limit);
                let next = match rows.last() {
                    Some(last) if more => Position::Live { seq: last.change_seq },
                    _ => Position::Live { seq: latest },
                };
                let (closed, cases) = rows.into_iter().partition(|r| r.state == CaseState::Closed);
                Changes { cases, closed, next, more }
            }
        };
        tx.commit().await?;
        Ok(Some(changes))
    }

    /// The number of the latest change.
    pub(crate) async fn latest_change(&self) -> Result<i64, StoreError> {
        let mut conn = self.readers().acquire().await?;
        latest_change(&mut conn).await
    }
}

async fn latest_change(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    let (seq,): (i64,) =
        sqlx::query_as("SELECT value FROM counters WHERE name = 'change'").fetch_one(conn).await?;
    Ok(seq)
}
