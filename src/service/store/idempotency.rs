//! One answer for each key of a user: the same key gives the same bytes, for seven days.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{StoreError, to_ms};
use crate::domain::UserId;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::days(7);

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub status: u16,
    pub body: Vec<u8>,
    /// Of what was asked: path and body.
    pub request_hash: String,
}

impl Stored {
    pub(crate) async fn find(
        conn: &mut SqliteConnection,
        user: &UserId,
        key: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<(i64, Vec<u8>, String)> = sqlx::query_as(
            "SELECT status, body, request_hash FROM idempotency
             WHERE user = ?1 AND key = ?2 AND at > ?3",
        )
        .bind(user.as_str())
        .bind(key.to_string())
        .bind(to_ms(now - KEPT))
        .fetch_optional(conn)
        .await?;
        row.map(|(status, body, request_hash)| {
            let status = u16::try_from(status)
                .map_err(|_| StoreError::Damaged("an answer's status".to_owned()))?;
            Ok(Self { status, body, request_hash })
        })
        .transpose()
    }

    /// Keeps the answer, and lets go of those whose time is over.
    pub(crate) async fn keep(
        &self,
        conn: &mut SqliteConnection,
        user: &UserId,
        key: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM idempotency WHERE at <= ?1")
            .bind(to_ms(now - KEPT))
            .execute(&mut *conn)
            .await?;
        sqlx::query(
            "INSERT INTO idempotency (user, key, request_hash, status, body, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(user.as_str())
        .bind(key.to_string())
        .bind(&self.request_hash)
        .bind(i64::from(self.status))
        .bind(&self.body)
        .bind(to_ms(now))
        .execute(conn)
        .await?;
        Ok(())
    }
}
