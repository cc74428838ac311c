//! Searching all cases of somebody's scope, closed ones too, newest first. Goes through their texts one by
//! one, so that letters beyond ASCII count whatever their case; its cost grows with how far it must look.

use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;

use super::{CaseRow, Scope, SqliteStore, StoreError, to_json};
use crate::domain::CaseId;
use crate::domain::search::Words;

/// One page of what was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub cases: Vec<CaseRow>,
    pub more: bool,
}

impl SqliteStore {
    /// The cases in the scope with all of these words, after one (in the order of the answer). None if that
    /// one is not in the scope.
    pub(crate) async fn search(
        &self,
        scope: &Scope,
        words: &Words,
        after: Option<&CaseId>,
        limit: usize,
    ) -> Result<Option<Found>, StoreError> {
        let mut tx = self.readers().begin().await?;
        let before = match after {
            None => i64::MAX,
            Some(id) => match CaseRow::load(&mut tx, scope, id).await? {
                None => return Ok(None),
                Some(row) => row.n,
            },
        };
        let mut found: Vec<i64> = Vec::new();
        {
            type Texts = (i64, String, String, String, String, Option<String>, Option<String>);
            // Only constants are put together.
            let sql = format!(
                "SELECT c.n, c.id, c.subject, c.company, c.contact, c.assignee, u.name
                 FROM cases c LEFT JOIN users u ON u.id = c.assignee
                 WHERE {} AND c.n < ?2 ORDER BY c.n DESC",
                scope.condition()
            );
            let mut rows = sqlx::query_as::<_, Texts>(AssertSqlSafe(sql))
                .bind(scope.value())
                .bind(before)
                .fetch(&mut *tx);
            while found.len() <= limit
                && let Some((n, id, subject, company, contact, assignee, name)) =
                    rows.try_next().await?
            {
                let (assignee, name) = (assignee.unwrap_or_default(), name.unwrap_or_default());
                if words.occur_in(&[&id, &subject, &company, &contact, &assignee, &name]) {
                    found.push(n);
                }
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let cases = CaseRow::numbered(&mut tx, scope, &to_json(&found)?).await?;
        tx.commit().await?;
        Ok(Some(Found { cases, more }))
    }
}
