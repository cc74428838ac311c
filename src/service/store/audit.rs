//! The record of who did what. Rows are only ever added (triggers refuse the rest), and each row's hash
//! covers the row and the hash before it, so that a change, a gap or a swap shows.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{SqliteStore, StoreError, from_ms, to_ms};
use crate::domain::{CaseId, UserId};
use crate::service::tokens;

/// The hash before the first row.
const GENESIS: &str = "";

/// One entry, as `GET /api/v1/audit` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor: UserId,
    pub action: String,
    pub case: Option<CaseId>,
    pub idempotency_key: Option<String>,
    pub hash: String,
}

/// `GET /api/v1/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// The `after` of the next page.
    pub next: i64,
}

/// An entry to be added, in the transaction that does what it records.
pub(crate) struct NewAudit<'a> {
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub action: &'a str,
    pub case: Option<&'a CaseId>,
    pub key: Option<&'a str>,
}

impl NewAudit<'_> {
    pub(crate) async fn append(self, conn: &mut SqliteConnection) -> Result<(), StoreError> {
        let last: Option<(i64, String)> =
            sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
                .fetch_optional(&mut *conn)
                .await?;
        let (seq, before) = last.unwrap_or((0, GENESIS.to_owned()));
        let case = self.case.map(CaseId::as_str);
        let at = to_ms(self.at);
        let hash = chain(&before, seq + 1, at, self.actor, self.action, case, self.key);
        sqlx::query(
            "INSERT INTO audit (seq, at, actor, action, case_id, idempotency_key, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(seq + 1)
        .bind(at)
        .bind(self.actor)
        .bind(self.action)
        .bind(case)
        .bind(self.key)
        .bind(hash)
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// The hash of a row: SHA-256 over a JSON array, which keeps the fields apart whatever is in them.
fn chain(
    before: &str,
    seq: i64,
    at_ms: i64,
    actor: &str,
    action: &str,
    case: Option<&str>,
    key: Option<&str>,
) -> String {
    let row = serde_json::json!([before, seq, at_ms, actor, action, case, key]);
    tokens::hex(&Sha256::digest(row.to_string().as_bytes()))
}

impl SqliteStore {
    /// Up to `limit` entries after a sequence number.
    pub async fn audit(&self, after: i64, limit: usize) -> Result<AuditPage, StoreError> {
        type Row = (i64, i64, String, String, Option<String>, Option<String>, String);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT seq, at, actor, action, case_id, idempotency_key, hash
             FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )
        .bind(after)
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(self.readers())
        .await?;
        let entries = rows
            .into_iter()
            .map(|(seq, at, actor, action, case, idempotency_key, hash)| {
                Ok(AuditEntry {
                    seq,
                    at: from_ms(at)?,
                    actor: UserId::new(actor),
                    action,
                    case: case.map(CaseId::new),
                    idempotency_key,
                    hash,
                })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let next = entries.last().map_or(after, |e| e.seq);
        Ok(AuditPage { entries, next })
    }
}
