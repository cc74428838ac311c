//! What an administrator does on the machine itself, on the data folder: the first user and token of a
//! new desk come from here. Safe while the service runs.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::store::{NewToken, SqliteStore, StoreError};
use crate::domain::{PartnerId, Role, UserId};

/// Makes a user on the desk of a data folder.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence if the id is taken, the partner is unknown, or role and
/// partner do not go together.
pub async fn create_user(
    data_dir: &Path,
    user: &UserId,
    name: &str,
    role: Role,
    partner: Option<&PartnerId>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let store = SqliteStore::open(data_dir).await?;
    let done = store.create_user(user, name, role, partner, now).await;
    store.close().await;
    done
}

/// Makes a partner on the desk of a data folder, or gives one a new name.
pub async fn put_partner(data_dir: &Path, id: &PartnerId, name: &str) -> Result<(), StoreError> {
    let store = SqliteStore::open(data_dir).await?;
    let done = store.put_partner(id, name).await;
    store.close().await;
    done
}

/// Makes a token for a user. It is returned once and kept nowhere: show it once.
///
/// # Errors
/// [`StoreError::Refused`] if there is no such user.
pub async fn create_token(
    data_dir: &Path,
    user: &UserId,
    label: &str,
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<String, StoreError> {
    let store = SqliteStore::open(data_dir).await?;
    let done = store.create_token(&NewToken { user, label, expires_at }, now).await;
    store.close().await;
    done
}
