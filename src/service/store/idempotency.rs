//! One answer for each key of a user: the same key gives the same bytes, for seven days.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::db::{Conn, args};
use super::{StoreError, to_ms};
use crate::domain::UserId;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::days(7);

/// One key in so many lets go of answers whose time is over; such an answer counts for nobody meanwhile.
const SWEPT: u128 = 64;

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
        conn: &mut Conn,
        user: &UserId,
        key: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<(i64, Vec<u8>, String)> = conn
            .optional(
                "SELECT status, body, request_hash FROM idempotency
                 WHERE \"user\" = $1 AND key = $2 AND at > $3",
                args![user.as_str(), key.to_string(), to_ms(now - KEPT)],
            )
            .await?;
        row.map(|(status, body, request_hash)| {
            let status = u16::try_from(status)
                .map_err(|_| StoreError::Damaged("an answer's status".to_owned()))?;
            Ok(Self { status, body, request_hash })
        })
        .transpose()
    }

    /// Keeps the answer, and lets go of those whose time is over.
    ///
    /// # Errors
    /// [`StoreError::Again`] if the key has an answer by now: two requests came at once.
    pub(crate) async fn keep(
        &self,
        conn: &mut Conn,
        user: &UserId,
        key: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if key.as_u128().is_multiple_of(SWEPT) {
            conn.run("DELETE FROM idempotency WHERE at <= $1", args![to_ms(now - KEPT)]).await?;
        }
        let kept = conn
            .run(
                "INSERT INTO idempotency (\"user\", key, request_hash, status, body, at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (\"user\", key) DO UPDATE SET request_hash = excluded.request_hash,
                   status = excluded.status, body = excluded.body, at = excluded.at
                 WHERE idempotency.at <= $7",
                args![
                    user.as_str(),
                    key.to_string(),
                    &self.request_hash,
                    i64::from(self.status),
                    &self.body,
                    to_ms(now),
                    to_ms(now - KEPT),
                ],
            )
            .await?;
        if kept == 1 { Ok(()) } else { Err(StoreError::Again) }
    }
}
