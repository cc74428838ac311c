//! What is asked of a desk by hand, besides its feed, its whole cases and the acts of the outbox: what the
//! screen wants to see now, or to change while somebody looks on. Nothing of it is kept for later: without a
//! link the answer is that there is none.

use super::case::Case;
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
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// For people: the desk's own sentence where it gave one.
    pub why: Untrusted,
    /// It is not known whether what was asked was done.
    pub in_doubt: bool,
    /// What is wrong with single fields, as the desk names them.
    pub fields: Vec<(String, Untrusted)>,
}
