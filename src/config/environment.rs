//! The process's environment as a value, so that everything which depends on it can be told another.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};

/// The variables that this program reads. No `Debug`: some hold tokens.
#[derive(Clone, Default)]
pub struct Environment(HashMap<OsString, OsString>);

/// Variables that hold a secret and never reach a child process.
pub const SECRETS: &[&str] = &["CASELOAD_TOKEN", "CASELOAD_DATABASE_URL", "CASELOAD_SMTP_URL"];

impl Environment {
    /// What the process was started with.
    #[must_use]
    pub fn of_process() -> Self {
        Self(std::env::vars_os().collect())
    }

    /// For tests: these variables and no others.
    #[must_use]
    pub fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(k, v)| (k.into(), v.into())).collect())
    }

    /// The variable's value; an empty one counts as not set.
    #[must_use]
    pub fn os(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str).filter(|v| !v.is_empty())
    }

    /// The variable's value as text; one that is not UTF-8 counts as not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.os(name).and_then(OsStr::to_str)
    }

    /// Whether the variable says yes: set, and not `0`, `false` or `no`.
    #[must_use]
    pub fn says_yes(&self, name: &str) -> bool {
        self.os(name).is_some_and(|v| {
            !["0", "false", "no"].iter().any(|no| v.eq_ignore_ascii_case(OsStr::new(no)))
        })
    }
}
