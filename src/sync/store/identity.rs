//! Whose what is kept is: learned from the desk, remembered by the token's fingerprint.

use sqlx::SqliteConnection;

use super::db::Db;
use super::drafts;
use super::row::{Raw, Read, Sum, columns};
use super::{Fingerprint, Owner, Store, StoreError};
use crate::domain::UserId;

/// Whose token it is, as the desk said in an earlier run.
pub(super) async fn known(keep: &Db, fingerprint: &Fingerprint) -> Result<Owner, StoreError> {
    let token = fingerprint.as_str().to_owned();
    let user: Option<(String, Vec<u8>)> = keep
        .run(move |conn| {
            Box::pin(
                sqlx::query_as("SELECT user_id, sum FROM identities WHERE fingerprint = $1")
                    .bind(token)
                    .fetch_optional(conn),
            )
        })
        .await?;
    Ok(match user {
        Some((id, sum)) if sum == Sum::of(&[fingerprint.as_str(), &id]) => {
            Owner::User(UserId::new(id))
        }
        _ => Owner::Token(fingerprint.clone()),
    })
}

impl Store {
    /// The desk has said whose the token is: what was kept under the token becomes the user's. Says whether the
    /// owner is another than it was; what was shown of the earlier one must then go from the screen.
    ///
    /// The owner changes even if it cannot be written: what still stands under the token stays ours.
    pub async fn adopt(&self, user: &UserId) -> Result<bool, StoreError> {
        let owner = Owner::User(user.clone());
        let before = self.owner.send_replace(owner.clone());
        if before == owner {
            return Ok(false);
        }
        let (fingerprint, user) = (self.fingerprint.clone(), user.as_str().to_owned());
        let from = Owner::Token(fingerprint.clone()).word();
        self.keep
            .write(move |conn| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT OR REPLACE INTO identities (fingerprint, user_id, sum) \
                         VALUES ($1, $2, $3)",
                    )
                    .bind(fingerprint.as_str())
                    .bind(&user)
                    .bind(Sum::of(&[fingerprint.as_str(), &user]))
                    .execute(&mut *conn)
                    .await?;
                    give(conn, &from, &owner.word()).await
                })
            })
            .await?;
        Ok(true)
    }
}

async fn give(conn: &mut SqliteConnection, from: &str, to: &str) -> Result<(), sqlx::Error> {
    let rows = sqlx::query(concat!("SELECT ", columns!(), " FROM outbox WHERE owner = $1"))
        .bind(from)
        .fetch_all(&mut *conn)
        .await?;
    for row in &rows {
        if let Read::Sound(mut raw) = Raw::read(row)? {
            to.clone_into(&mut raw.owner);
            raw.update(conn).await?;
        }
    }
    sqlx::query("DELETE FROM own_revisions WHERE owner = $1")
        .bind(from)
        .execute(&mut *conn)
        .await?;
    drafts::give(conn, from, to).await
}
