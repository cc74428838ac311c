//! Where a desk's data are: a folder with a SQLite file, or a PostgreSQL database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::domain::text::safe_line;

/// Where a desk's data are.
#[derive(Clone)]
pub enum Place {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A PostgreSQL database.
    Database(Box<PgConnectOptions>),
}

impl Place {
    /// The database of a URL: `postgres://user@host:port/name`, with `sslmode` and the like as parameters.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it: it may hold a password.
    pub fn database(url: &str) -> Result<Self, String> {
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("postgres" | "postgresql")) {
            return Err("a database URL begins with postgres://".to_owned());
        }
        match PgConnectOptions::from_str(url) {
            Ok(options) => Ok(Self::Database(Box::new(options))),
            Err(_) => Err("it is not written as postgres://user@host:port/name".to_owned()),
        }
    }

    /// The same desk under another schema of its database: several can live in one.
    #[must_use]
    pub fn with_schema(self, schema: &str) -> Self {
        match self {
            Self::Folder(_) => self,
            Self::Database(options) => {
                Self::Database(Box::new(options.options([("search_path", schema)])))
            }
        }
    }
}

impl From<&Path> for Place {
    fn from(folder: &Path) -> Self {
        Self::Folder(folder.to_owned())
    }
}

impl From<PathBuf> for Place {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

/// As people are told; never with the password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => f.write_str(&safe_line(&folder.to_string_lossy(), 400)),
            Self::Database(options) => {
                let name = options.get_database().unwrap_or_else(|| options.get_username());
                write!(
                    f,
                    "the database {} on {}",
                    safe_line(name, 100),
                    safe_line(options.get_host(), 200)
                )
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}
