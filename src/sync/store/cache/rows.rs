//! Rows of the cache, each with its checksum, and the facts.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{Resume, fact};
use crate::domain::UserId;

/// What is kept is not what was written.
pub(super) fn damaged(what: impl Into<String>) -> sqlx::Error {
    sqlx::Error::Decode(what.into().into())
}

pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| damaged(error.to_string()))
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// The checksum of a row of a user: 64 bits of SHA-256.
pub(super) fn sum(user: &UserId, table: &str, texts: &[&str], numbers: &[i64]) -> i64 {
    let mut hash = Sha256::new();
    for text in [user.as_str(), table].iter().chain(texts) {
        hash.update(text.len().to_le_bytes());
        hash.update(text.as_bytes());
    }
    for number in numbers {
        hash.update(number.to_le_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    i64::from_le_bytes(first)
}

/// Whether nothing has been written yet.
pub(super) async fn is_blank(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let any = "SELECT EXISTS (SELECT 1 FROM facts) OR EXISTS (SELECT 1 FROM cases) \
               OR EXISTS (SELECT 1 FROM details)";
    let (any,): (bool,) = sqlx::query_as(any).fetch_one(conn).await?;
    Ok(!any)
}

pub(super) struct Facts<'a>(&'a UserId);

impl<'a> Facts<'a> {
    pub(super) const fn new(user: &'a UserId) -> Self {
        Self(user)
    }

    pub(super) async fn get(
        &self,
        conn: &mut SqliteConnection,
        name: &str,
    ) -> Result<Option<String>, sqlx::Error> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT value, sum FROM facts WHERE name = $1")
                .bind(name)
                .fetch_optional(conn)
                .await?;
        let Some((value, kept)) = row else { return Ok(None) };
        if sum(self.0, "facts", &[name, &value], &[]) != kept {
            return Err(damaged(format!("the fact \"{name}\" is not as it was written")));
        }
        Ok(Some(value))
    }

    pub(super) async fn number(
        &self,
        conn: &mut SqliteConnection,
        name: &str,
    ) -> Result<Option<i64>, sqlx::Error> {
        let value = self.get(conn, name).await?;
        value.map(|value| value.parse().map_err(|_| damaged(format!("\"{name}\"")))).transpose()
    }

    pub(super) async fn set(
        &self,
        conn: &mut SqliteConnection,
        name: &str,
        value: &str,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT OR REPLACE INTO facts (name, value, sum) VALUES ($1, $2, $3)")
            .bind(name)
            .bind(value)
            .bind(sum(self.0, "facts", &[name, value], &[]))
            .execute(conn)
            .await?;
        Ok(())
    }

    pub(super) async fn resume(&self, conn: &mut SqliteConnection) -> Result<Resume, sqlx::Error> {
        let Some(cursor) = self.get(conn, fact::CURSOR).await? else { return Ok(Resume::Start) };
        if self.number(conn, fact::LOADING).await?.unwrap_or(0) == 0 {
            return Ok(Resume::From(cursor));
        }
        let load = self.number(conn, fact::LOAD).await?;
        let (older,): (bool,) =
            sqlx::query_as("SELECT EXISTS (SELECT 1 FROM cases WHERE load < $1)")
                .bind(load)
                .fetch_one(conn)
                .await?;
        Ok(if older { Resume::Anew(cursor) } else { Resume::HalfWay(cursor) })
    }
}
