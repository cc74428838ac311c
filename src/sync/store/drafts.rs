//! What was written and not ordered, and what the screen was left with.

use chrono::{DateTime, Utc};
use sqlx::{Row as _, SqliteConnection};

use super::row::Sum;
use super::{Store, StoreError};
use crate::domain::CaseId;
use crate::domain::outbox::Draft;

/// Drafts as they are found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drafts {
    /// Oldest first.
    pub drafts: Vec<Draft>,
    /// Ids of those whose bytes have changed on the disk. They stay until they are dropped.
    pub damaged: Vec<String>,
}

fn sum(id: &str, owner: &str, case: &str, body: &str) -> Vec<u8> {
    Sum::of(&[id, owner, case, body])
}

impl Store {
    /// Keeps a draft, or what it has become.
    pub async fn keep_draft(&self, draft: Draft, now: DateTime<Utc>) -> Result<(), StoreError> {
        let owner = self.owner().word();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT OR REPLACE INTO drafts (id, owner, case_id, body, kept_at, sum) \
                         VALUES ($1, $2, $3, $4, $5, $6)",
                    )
                    .bind(&draft.id)
                    .bind(&owner)
                    .bind(draft.case.as_str())
                    .bind(&draft.body)
                    .bind(now.timestamp_millis())
                    .bind(sum(&draft.id, &owner, draft.case.as_str(), &draft.body))
                    .execute(conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    pub async fn drop_draft(&self, id: String) -> Result<(), StoreError> {
        let owner = self.owner().word();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM drafts WHERE id = $1 AND owner = $2")
                        .bind(id)
                        .bind(owner)
                        .execute(conn)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    pub async fn drafts(&self) -> Result<Drafts, StoreError> {
        let owners = self.owner_words();
        self.keep
            .run(move |conn| {
                Box::pin(async move {
                    let mut found = Drafts::default();
                    let users = known_users(conn).await?;
                    for draft in read(conn).await? {
                        let draft_sum = sum(&draft.id, &draft.owner, &draft.case, &draft.body);
                        let is_sound = draft.whole && draft.sum == draft_sum;
                        // What has changed may have changed in whose it is; another user's waits for him.
                        let is_ours =
                            owners.has(&draft.owner) || !is_sound && !users.contains(&draft.owner);
                        if !is_ours {
                            continue;
                        }
                        if is_sound {
                            found.drafts.push(Draft {
                                id: draft.id,
                                case: CaseId::new(draft.case),
                                body: draft.body,
                            });
                        } else {
                            found.damaged.push(draft.id);
                        }
                    }
                    Ok(found)
                })
            })
            .await
    }

    /// Keeps by name what the screen was left with.
    pub async fn remember(&self, name: String, body: String) -> Result<(), StoreError> {
        let owner = self.owner().word();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT OR REPLACE INTO remembered (owner, name, body) VALUES ($1, $2, $3)",
                    )
                    .bind(owner)
                    .bind(name)
                    .bind(body)
                    .execute(conn)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    pub async fn remembered(&self) -> Result<Vec<(String, String)>, StoreError> {
        let owner = self.owner().word();
        self.keep
            .run(move |conn| {
                Box::pin(
                    sqlx::query_as(
                        "SELECT name, body FROM remembered WHERE owner = $1 ORDER BY name",
                    )
                    .bind(owner)
                    .fetch_all(conn),
                )
            })
            .await
    }
}

/// Of whom a token has been seen here.
pub(super) async fn known_users(conn: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    let users: Vec<(String,)> =
        sqlx::query_as("SELECT user_id FROM identities").fetch_all(conn).await?;
    Ok(users.into_iter().map(|(user,)| format!("user:{user}")).collect())
}

struct Kept {
    id: String,
    owner: String,
    case: String,
    body: String,
    sum: Vec<u8>,
    /// All of it is text.
    whole: bool,
}

async fn read(conn: &mut SqliteConnection) -> Result<Vec<Kept>, sqlx::Error> {
    let rows = sqlx::query("SELECT id, owner, case_id, body, sum FROM drafts ORDER BY kept_at, id")
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| {
            let mut whole = true;
            let mut text = |at: usize| -> Result<String, sqlx::Error> {
                let bytes: Vec<u8> = row.try_get_unchecked(at)?;
                Ok(String::from_utf8(bytes).unwrap_or_else(|error| {
                    whole = false;
                    String::from_utf8_lossy(error.as_bytes()).into_owned()
                }))
            };
            let (id, owner, case, body) = (text(0)?, text(1)?, text(2)?, text(3)?);
            Ok(Kept { id, owner, case, body, sum: row.try_get_unchecked(4)?, whole })
        })
        .collect()
}

/// Gives a token's drafts to its user; for [`Store::adopt`].
pub(super) async fn give(
    conn: &mut SqliteConnection,
    from: &str,
    to: &str,
) -> Result<(), sqlx::Error> {
    for draft in read(conn).await? {
        let is_sound =
            draft.whole && draft.sum == sum(&draft.id, &draft.owner, &draft.case, &draft.body);
        if draft.owner == from && is_sound {
            sqlx::query("UPDATE drafts SET owner = $1, sum = $2 WHERE id = $3")
                .bind(to)
                .bind(sum(&draft.id, to, &draft.case, &draft.body))
                .bind(&draft.id)
                .execute(&mut *conn)
                .await?;
        }
    }
    for sql in [
        "UPDATE OR IGNORE remembered SET owner = $1 WHERE owner = $2",
        "DELETE FROM remembered WHERE owner = $2 AND $1 <> $2",
    ] {
        sqlx::query(sql).bind(to).bind(from).execute(&mut *conn).await?;
    }
    Ok(())
}
