//! The record of who did what. Rows are only ever added (triggers refuse the rest), and each row's hash
//! covers the row and the hash before it, so that a change, a gap or a swap shows.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::db::{Conn, Dialect, args};
use super::{Store, StoreError, from_ms, to_ms};
use crate::domain::{CaseId, UserId};
use crate::service::tokens;

/// One entry, as `GET /api/v1/audit` gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AuditEntry {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor: UserId,
    pub action: String,
    #[schema(required)]
    pub case: Option<CaseId>,
    #[schema(required)]
    pub idempotency_key: Option<String>,
    pub hash: String,
}

/// `GET /api/v1/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    /// The last thing that a transaction does: the chain has one end, which is held until it commits.
    pub(crate) async fn append(self, conn: &mut Conn) -> Result<(), StoreError> {
        let head = match conn.dialect() {
            Dialect::Sqlite => "SELECT seq, hash FROM audit_head",
            Dialect::Postgres => "SELECT seq, hash FROM audit_head FOR UPDATE",
        };
        let (last, before): (i64, String) = conn.one(head, args![]).await?;
        let seq = last + 1;
        let case = self.case.map(CaseId::as_str);
        let at = to_ms(self.at);
        let hash = chain(&before, seq, at, self.actor, self.action, case, self.key);
        conn.run(
            "INSERT INTO audit (seq, at, actor, action, case_id, idempotency_key, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![seq, at, self.actor, self.action, case, self.key, &hash],
        )
        .await?;
        conn.run("UPDATE audit_head SET seq = $1, hash = $2", args![seq, hash]).await?;
        Ok(())
    }
}

/// A row as it is stored: seq, at, actor, action, case, key, hash.
pub(super) type AuditRow = (i64, i64, String, String, Option<String>, Option<String>, String);

/// The hash of a row: SHA-256 over a JSON array, which keeps the fields apart whatever is in them.
pub(super) fn chain(
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

impl Store {
    /// Up to `limit` entries after a sequence number.
    pub async fn audit(&self, after: i64, limit: usize) -> Result<AuditPage, StoreError> {
        self.audit_of(None, after, limit).await
    }

    /// The same, of one case alone if one is given.
    pub async fn audit_of(
        &self,
        case: Option<&CaseId>,
        after: i64,
        limit: usize,
    ) -> Result<AuditPage, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut conn = self.lookup().await?;
        let rows: Vec<AuditRow> = match case {
            None => {
                conn.all(
                    "SELECT seq, at, actor, action, case_id, idempotency_key, hash
                     FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                    args![after, limit],
                )
                .await?
            }
            Some(case) => {
                conn.all(
                    "SELECT seq, at, actor, action, case_id, idempotency_key, hash
                     FROM audit WHERE seq > $1 AND case_id = $3 ORDER BY seq LIMIT $2",
                    args![after, limit, case.as_str()],
                )
                .await?
            }
        };
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
