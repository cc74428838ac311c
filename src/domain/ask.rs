//! What is asked of a desk by hand, besides its feed, its whole cases and the acts of the outbox: what the
//! screen wants to see now, or to change while somebody looks on. Nothing of it is kept for later: without a
//! link the answer is that there is none.

use std::path::PathBuf;

use super::case::{Attachment, Case};
use super::correction::{Amendment, Correction, CorrectionDetail};
use super::people::{CaseId, CorrectionId, Revision};
use super::text::Untrusted;
use super::words::{CorrectionStatus, ReleasePlan};

/// One thing that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// The cases whose words these are, closed ones too, newest first; `after`: the `more` of the page before.
    Search {
        words: String,
        after: Option<CaseId>,
    },
    /// All corrections, newest first.
    Corrections,
    /// One correction, whole.
    Correction(CorrectionId),
    OpenCorrection(NewCorrection),
    /// `on`: refuse it if the correction is no longer at that revision.
    Amend {
        id: CorrectionId,
        on: Option<Revision>,
        amendment: Box<Amendment>,
    },
    /// Links cases to a correction: all, or none.
    Link {
        id: CorrectionId,
        cases: Vec<CaseId>,
    },
    /// Attaches a file of this machine to a case. Its progress is told.
    Upload {
        case: CaseId,
        path: PathBuf,
    },
    /// Brings the file of that id, one of all that the case has, into the case's folder within `to`; empty: where
    /// this machine puts downloads. Nothing there is overwritten. Its progress is told.
    Download {
        case: CaseId,
        files: Vec<Attachment>,
        file: String,
        to: PathBuf,
    },
    /// What of these paths, as they were typed, are files that can be sent. Asks this machine alone.
    LookAt(Vec<String>),
    /// What a path that is being typed can become. Asks this machine alone.
    Complete(String),
    /// Takes a case, if it is still at that revision: the claim of a moment, of which nothing is left when
    /// somebody else was faster.
    Take {
        id: CaseId,
        on: Revision,
    },
}

/// A correction that is to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCorrection {
    pub title: String,
    pub release_plan: Option<ReleasePlan>,
    pub status: Option<CorrectionStatus>,
    pub note: Option<String>,
}

/// What the desk answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Found {
        cases: Vec<Case>,
        more: Option<CaseId>,
    },
    Corrections(Vec<Correction>),
    Correction(Box<CorrectionDetail>),
    /// A correction as it is after what was asked.
    Changed(Box<Correction>),
    /// The case is mine; as it is now.
    Taken(Box<Case>),
    /// Somebody else was faster. `current`: the case as it is now, where the desk says it.
    Lost {
        current: Option<Box<Case>>,
    },
    /// The file as the case has it now.
    Uploaded(Box<Attachment>),
    /// Where it is now.
    Downloaded(PathBuf),
    /// For each path the file, or why it cannot be sent, in half a sentence.
    LookedAt(Vec<Result<LocalFile, String>>),
    Completed(Vec<String>),
}

/// A file of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalFile {
    pub path: PathBuf,
    pub name: String,
    /// Bytes.
    pub size: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    pub because: Because,
    /// For people: the desk's own sentence where it gave one.
    pub why: Untrusted,
    /// It is not known whether what was asked was done.
    pub in_doubt: bool,
    /// What is wrong with single fields, as the desk names them.
    pub fields: Vec<(String, Untrusted)>,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// No connection, or a desk that cannot answer now.
    NotReached,
    SignedOut,
    NotAllowed,
    /// It has changed since it was seen.
    Stale,
    /// The desk, or a rule, is against it.
    Refused,
    /// Desks of this kind have no such thing.
    NotOffered,
    /// What came is no answer of a case API.
    NotUnderstood,
    /// This machine cannot do its part.
    Here,
}
