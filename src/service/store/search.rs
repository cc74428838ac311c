//! Searching all cases of somebody's scope, closed ones too, newest first. Goes through their texts one by
//! one, so that letters beyond ASCII count whatever their case; its cost grows with how far it must look.

use sqlx::AssertSqlSafe;

use super::db::args;
use super::{CaseRow, Scope, Store, StoreError};
use crate::domain::CaseId;
use crate::domain::search::Words;

/// How many cases are looked at in one step.
const AT_ONCE: i64 = 500;

/// One page of what was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub cases: Vec<CaseRow>,
    pub more: bool,
}

impl Store {
    /// The cases in the scope with all of these words, after one (in the order of the answer). None if that
    /// one is not in the scope.
    pub(crate) async fn search(
        &self,
        scope: &Scope,
        words: &Words,
        after: Option<&CaseId>,
        limit: usize,
    ) -> Result<Option<Found>, StoreError> {
        let mut tx = self.read(scope).await?;
        let before = match after {
            None => i64::MAX,
            Some(id) => match CaseRow::load(&mut tx, scope, id).await? {
                None => return Ok(None),
                Some(row) => row.n,
            },
        };
        let mut before = before;
        let mut found: Vec<i64> = Vec::new();
        // Only constants are put together.
        let sql = format!(
            "SELECT c.n, c.id, c.subject, c.company, c.contact, c.assignee, u.name
             FROM cases c LEFT JOIN users u ON u.id = c.assignee
             WHERE {} AND c.n < $2 ORDER BY c.n DESC LIMIT $3",
            scope.condition()
        );
        while found.len() <= limit {
            type Texts = (i64, String, String, String, String, Option<String>, Option<String>);
            let rows: Vec<Texts> =
                tx.all(AssertSqlSafe(sql.clone()), args![scope.value(), before, AT_ONCE]).await?;
            let Some(last) = rows.last() else { break };
            before = last.0;
            for (n, id, subject, company, contact, assignee, name) in rows {
                let (assignee, name) = (assignee.unwrap_or_default(), name.unwrap_or_default());
                if words.occur_in(&[&id, &subject, &company, &contact, &assignee, &name]) {
                    found.push(n);
                }
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let cases = CaseRow::numbered(&mut tx, scope, &found).await?;
        tx.commit().await?;
        Ok(Some(Found { cases, more }))
    }
}
