//! Where the desk's data are kept: SQLite in a data folder, or a PostgreSQL database.

pub mod seed;
pub mod sqlite;

mod accounts;
mod audit;
mod backup;
mod cases;
mod check;
mod corrections;
pub(crate) mod db;
mod desk;
mod feed;
pub(crate) mod files;
mod idempotency;
mod licences;
mod outline;
mod place;
#[cfg(test)]
mod plans;
pub(crate) mod policies;
mod postgres;
mod scope;
mod search;
mod tables;
mod texts;
mod timeline;
mod tokens;
mod verify;

pub use accounts::{Account, PartnerRecord, UserRecord};
pub(crate) use audit::NewAudit;
pub use audit::{AuditEntry, AuditPage};
pub use backup::{BackedUp, Restored};
pub(crate) use cases::{CaseRow, Details, Ending, Licence, colleague, new_case_id, partner};
pub use check::{Checked, Fault};
pub(crate) use corrections::{CorrectionRow, NewCorrection, Page, Step, cases_named, record_links};
pub(crate) use db::Conn;
pub use desk::Store;
pub(crate) use feed::{Changed, Changes, Position, seal};
pub(crate) use idempotency::Stored;
pub use licences::{Differing, Imported, LicenceLine, LicenceRecord, Outcome};
pub(crate) use outline::Outlined;
pub use place::Place;
pub use policies::{Applied, PolicyVersion};
pub(crate) use postgres::{Heard, Listener};
pub use scope::Scope;
pub use tokens::{Bearer, NewToken, Revoked, TokenRecord, TokensOf};
pub use verify::{ChainFault, Verified, WrongRow};

use chrono::{DateTime, Utc};

/// Why the store could not do it. Whoever tells it names the folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full; reading goes on.
    #[error("there is no space left for the desk's data")]
    NoSpace,
    /// What is stored cannot be read as what it should be.
    #[error("the desk's data are damaged: {0}")]
    Damaged(String),
    /// What is stored is of a version that this program does not know.
    #[error("a newer version of caseload has worked there; use that one")]
    Newer,
    /// The data folder cannot be made or opened.
    #[error("{0}")]
    Folder(String),
    /// Another process has the desk.
    #[error("another process has the desk open")]
    InUse,
    /// Another write came between; nothing was done, and the same may be tried again.
    #[error("another write came between")]
    Again,
    /// The database is not reached, or does not let us in.
    #[error("the database is not reached: {0}")]
    Unreachable(String),
    /// What was asked goes against what is stored: an unknown partner, a user id that is taken.
    #[error("{0}")]
    Refused(String),
    /// It was closed: the service has ended.
    #[error("the desk is closed")]
    Closed,
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::PoolClosed => return Self::Closed,
            E::PoolTimedOut => {
                return Self::Unreachable("no connection to it was free in time".to_owned());
            }
            // A row that is not what it should be, though the database itself is whole.
            E::Decode(_) | E::ColumnDecode { .. } => return Self::Damaged(error.to_string()),
            E::Io(_) | E::Tls(_) | E::Protocol(_) => return Self::Unreachable(error.to_string()),
            _ => {}
        }
        let Some(database) = error.as_database_error() else { return Self::Database(error) };
        let words = database.message().to_owned();
        let code = database.code().unwrap_or_default();
        if database.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
            // The primary result code is the low byte.
            let code = code.parse::<i32>();
            // IOERR_CORRUPTFS: the file system says that it is damaged.
            if code == Ok(8458) {
                return Self::Damaged(words);
            }
            return match code.map(|code| code & 0xff) {
                // BUSY: somebody writes for longer than we wait.
                Ok(5) => Self::InUse,
                // READONLY, CANTOPEN
                Ok(8 | 14) => Self::Folder(format!("its database cannot be written: {words}")),
                // CORRUPT, NOTADB
                Ok(11 | 26) => Self::Damaged(words),
                // FULL
                Ok(13) => Self::NoSpace,
                _ => Self::Database(error),
            };
        }
        // PostgreSQL's SQLSTATE.
        match &*code {
            // Serialization failure, deadlock, a lock that was waited for too long.
            "40001" | "40P01" | "55P03" => Self::Again,
            "53100" => Self::NoSpace,
            "XX001" | "XX002" => Self::Damaged(words),
            // Too many connections, shut down, starting up, read-only (a replica), no such user or
            // database, wrong password.
            "53300" | "57P01" | "57P02" | "57P03" | "25006" | "28000" | "28P01" | "3D000" => {
                Self::Unreachable(words)
            }
            _ => Self::Database(error),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as M;
        match error {
            M::VersionMissing(_) => Self::Newer,
            M::Execute(error) => error.into(),
            M::ExecuteMigration(error, _) => match Self::from(error) {
                Self::Database(error) => Self::Damaged(error.to_string()),
                known => known,
            },
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        Self::Folder(match error.kind() {
            K::StorageFull | K::QuotaExceeded => return Self::NoSpace,
            K::AlreadyExists | K::NotADirectory => "a file is where a folder should be".to_owned(),
            K::PermissionDenied => "this user may not write there".to_owned(),
            K::ReadOnlyFilesystem => "nothing can be written on that disk".to_owned(),
            K::IsADirectory => "a folder is where the database should be".to_owned(),
            _ => error.to_string(),
        })
    }
}

/// An instant as it is stored.
pub(crate) fn to_ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

pub(crate) fn from_ms(ms: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(ms)
        .ok_or_else(|| StoreError::Damaged(format!("{ms} is not an instant")))
}

/// A stored word of a closed set.
pub(crate) fn word<T: std::str::FromStr>(text: &str) -> Result<T, StoreError>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|e: T::Err| StoreError::Damaged(e.to_string()))
}

/// The word of a set that has a serde form only.
pub(crate) fn serde_word<T: serde::Serialize>(value: T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        _ => Err(StoreError::Damaged("a word has no text form".to_owned())),
    }
}

pub(crate) fn from_serde_word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|e| StoreError::Damaged(e.to_string()))
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::Damaged(e.to_string()))
}

pub(crate) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(e.to_string()))
}
