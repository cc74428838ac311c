//! How a command ends: the exit codes, and failures as sentences that name the act, the object and what
//! to do.

use std::io;
use std::process::ExitCode;

use crate::client::CallError;
use crate::config::ConfigError;
use crate::wire::Code;

/// The exit codes. Of several, the worst is the one with the highest number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NoSuchCase = 3,
    /// Refused by a rule or a right.
    Refused = 4,
    /// The case changed meanwhile.
    Conflict = 5,
    NotReached = 6,
    SignedOut = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    /// The code for a call that has no answer that can be used.
    #[must_use]
    pub fn of(error: &CallError) -> Self {
        match error {
            CallError::NotReached { .. } | CallError::Busy { .. } => Self::NotReached,
            CallError::SignedOut(_) => Self::SignedOut,
            CallError::NotAllowed(_) => Self::Refused,
            CallError::Refused(problem) => match problem.code {
                Code::NotFound => Self::NoSuchCase,
                Code::Stale => Self::Conflict,
                Code::Unauthorized => Self::SignedOut,
                Code::NotAllowed
                | Code::Rule
                | Code::InProgress
                | Code::Invalid
                | Code::KeyReused
                | Code::TooLarge
                | Code::Unsupported => Self::Refused,
                Code::TooMany | Code::Unavailable => Self::NotReached,
                _ => Self::Failed,
            },
            CallError::NotUnderstood(_) => Self::Failed,
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    Said {
        exit: Exit,
        /// Safe for a terminal.
        sentence: String,
    },
    /// Whoever read our output has seen enough.
    ReaderGone,
}

impl Failure {
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self::Said { exit, sentence: sentence.into() }
    }

    /// Both: one sentence below the other, and the worse exit code.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Said { exit: one, sentence: first },
                Self::Said { exit: two, sentence: second },
            ) => Self::new(one.max(two), format!("{first}\n{second}")),
            (gone @ Self::ReaderGone, _) | (_, gone @ Self::ReaderGone) => gone,
        }
    }

    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Said { exit, .. } => *exit,
            Self::ReaderGone => Exit::Done,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error.to_string())
    }
}

/// Errors of writing standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::new(Exit::Failed, format!("could not write the output: {error}"))
        }
    }
}

/// A sentence's end: a full stop, unless it has one.
#[must_use]
pub fn stopped(sentence: &str) -> String {
    let sentence = sentence.trim_end();
    if sentence.ends_with(['.', '!', '?', '…']) {
        sentence.to_owned()
    } else {
        format!("{sentence}.")
    }
}
