//! Whole cases that were looked at lately.

use sqlx::SqliteConnection;

use super::rows::{self, damaged};
use super::{Access, Store};
use crate::domain::{CaseDetail, CaseId, Revision, UserId};

/// How many are kept.
const KEPT: i64 = 200;

fn detail_sum(user: &UserId, id: &str, body: &str, revision: i64) -> i64 {
    rows::sum(user, "details", &[id, body], &[revision])
}

impl Store {
    /// Keeps a whole case, unless a newer state of it is kept.
    pub async fn keep_detail(&self, detail: &CaseDetail) {
        let Some(user) = self.user().filter(|_| self.keeps_pages()) else { return };
        let (Ok(body), Ok(revision)) = (rows::json(detail), i64::try_from(detail.case.revision))
        else {
            return;
        };
        let id = detail.case.id.clone();
        self.cached(Access::Write, move |conn| {
            Box::pin(async move {
                let sum = detail_sum(&user, id.as_str(), &body, revision);
                sqlx::query(
                    "INSERT INTO details (id, revision, seen, body, sum) \
                     VALUES (?, ?, (SELECT coalesce(max(seen), 0) + 1 FROM details), ?, ?) \
                     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, \
                         seen = excluded.seen, body = excluded.body, sum = excluded.sum \
                     WHERE excluded.revision >= details.revision",
                )
                .bind(id.as_str())
                .bind(revision)
                .bind(body)
                .bind(sum)
                .execute(&mut *conn)
                .await?;
                sqlx::query(
                    "DELETE FROM details WHERE seen <= \
                     (SELECT seen FROM details ORDER BY seen DESC LIMIT 1 OFFSET $1)",
                )
                .bind(KEPT)
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await;
    }

    /// The whole case as it was seen last.
    pub async fn detail(&self, id: &CaseId) -> Option<CaseDetail> {
        let user = self.user()?;
        let id = id.clone();
        self.cached(Access::Read, move |conn| {
            Box::pin(async move { read(conn, &user, id.as_str()).await })
        })
        .await
        .flatten()
    }

    /// A case is no longer ours to see.
    pub async fn forget_case(&self, id: &CaseId) {
        let id = id.clone();
        self.cached(Access::Write, move |conn| {
            Box::pin(async move {
                for gone in ["DELETE FROM cases WHERE id = $1", "DELETE FROM details WHERE id = $1"]
                {
                    sqlx::query(gone).bind(id.as_str()).execute(&mut *conn).await?;
                }
                Ok(())
            })
        })
        .await;
    }

    /// Which of these cases are not kept whole as they are now, with the revision that is kept whole.
    pub async fn not_whole(&self, ids: Vec<CaseId>) -> Vec<(CaseId, Option<Revision>)> {
        let all = ids.clone();
        let found = self
            .cached(Access::Read, move |conn| {
                Box::pin(async move {
                    let mut wanting = Vec::new();
                    for id in ids {
                        let (now, whole): (Option<i64>, Option<i64>) = sqlx::query_as(
                            "SELECT (SELECT revision FROM cases WHERE id = $1), \
                             (SELECT revision FROM details WHERE id = $1)",
                        )
                        .bind(id.as_str())
                        .fetch_one(&mut *conn)
                        .await?;
                        if whole.is_none() || whole < now {
                            wanting.push((id, whole.and_then(|r| Revision::try_from(r).ok())));
                        }
                    }
                    Ok(wanting)
                })
            })
            .await;
        found.unwrap_or_else(|| all.into_iter().map(|id| (id, None)).collect())
    }
}

async fn read(
    conn: &mut SqliteConnection,
    user: &UserId,
    id: &str,
) -> Result<Option<CaseDetail>, sqlx::Error> {
    let row: Option<(i64, String, i64)> =
        sqlx::query_as("SELECT revision, body, sum FROM details WHERE id = $1")
            .bind(id)
            .fetch_optional(conn)
            .await?;
    let Some((revision, body, sum)) = row else { return Ok(None) };
    if detail_sum(user, id, &body, revision) != sum {
        return Err(damaged("a whole case is not as it was written"));
    }
    rows::parse(&body).map(Some)
}
