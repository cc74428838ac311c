//! [`CaseApi`]: the one idea of "a remote case API". Speaks the domain's words; knows no screen.

pub mod files;
pub mod native;
mod surely;
pub mod token;

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::domain::{
    Action, Amendment, Attachment, CaseDetail, CaseId, Correction, CorrectionDetail, CorrectionId,
    CorrectionStatus, Revision, Untrusted,
};
use crate::sla::policy::PolicyDocument;
use crate::wire::{
    Acted, CorrectionDraft, Corrections, Feed, Found, Me, Problem, Report, Reported,
};
use files::{Downloaded, Partial, Receiver, Upload};
pub use surely::surely;
pub(crate) use token::short_hash;
pub use token::{Fingerprint, Tokens};

/// How the sentence about a page to log in by ends.
const LOGIN_PAGE: &str = "answers with a login page";

/// Why a call has no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No connection, or a deadline passed. `sent`: the request may have reached the desk.
    #[error("{}", .what.cell(300))]
    NotReached { what: Untrusted, sent: bool },
    /// 401, or a login page.
    #[error("{}", .0.cell(300))]
    SignedOut(Untrusted),
    /// 403.
    #[error("{}", .0.detail.cell(300))]
    NotAllowed(Box<Problem>),
    /// The desk refuses the request: any other problem with a 4xx status.
    #[error("{}", .0.detail.cell(300))]
    Refused(Box<Problem>),
    /// The desk is there and cannot answer now (429, 5xx). `retry_after`: it asks for silence that long.
    #[error("{}", .what.cell(300))]
    Busy { what: Untrusted, retry_after: Option<Duration> },
    /// The answer is not one of a case API: a proxy's page, broken JSON.
    #[error("{}", .0.cell(300))]
    NotUnderstood(Untrusted),
}

impl CallError {
    /// The sentence for people: the desk's own where it gave one.
    #[must_use]
    pub const fn sentence(&self) -> &Untrusted {
        match self {
            Self::NotReached { what, .. }
            | Self::Busy { what, .. }
            | Self::SignedOut(what)
            | Self::NotUnderstood(what) => what,
            Self::NotAllowed(problem) | Self::Refused(problem) => &problem.detail,
        }
    }

    /// Whether desks of this kind have no such thing.
    #[must_use]
    pub fn is_not_offered(&self) -> bool {
        match self {
            Self::NotUnderstood(what) => {
                [NO_SEARCH, NO_CORRECTIONS, NO_FILES].contains(&what.raw())
            }
            _ => false,
        }
    }

    /// Whether a page to log in by answered, so that there may be no case API at all.
    #[must_use]
    pub fn is_login_page(&self) -> bool {
        matches!(self, Self::SignedOut(said) if said.raw().ends_with(LOGIN_PAGE))
    }

    /// Whether the same request may succeed later without anybody's help.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::NotReached { .. } | Self::Busy { .. })
    }
}

/// An answer, with the desk's time as its `Date` header told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    pub value: T,
    pub date: Option<DateTime<Utc>>,
}

/// A case as asked for by revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    Case(Box<CaseDetail>),
    /// Still the revision that the caller has (304).
    Unchanged,
}

/// Which page of the outline of corrections, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Of these statuses alone; none: of any.
    pub statuses: Vec<CorrectionStatus>,
    /// The `next` of the page before.
    pub after: Option<CorrectionId>,
}

pub type Call<'a, T> = BoxFuture<'a, Result<Answer<T>, CallError>>;

/// A remote case API.
pub trait CaseApi: Send + Sync + 'static {
    /// Which token is in use; it changes when a refused one was read again. None: it has no token.
    fn fingerprint(&self) -> Option<Fingerprint> {
        None
    }

    fn me(&self) -> Call<'_, Me>;

    /// The matrix and the calendars in force.
    fn policy(&self) -> Call<'_, PolicyDocument>;

    /// One page of the change feed; `wait` holds the answer until there is something.
    fn changes<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
        wait: Duration,
    ) -> Call<'a, Feed>;

    /// One case, whole; `known` is the revision that the caller already has.
    fn case<'a>(&'a self, id: &'a CaseId, known: Option<Revision>) -> Call<'a, Fetched>;

    /// Does one action. The same `key` acts once, however often it is sent.
    fn act<'a>(
        &'a self,
        id: &'a CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &'a Action,
    ) -> Call<'a, Acted>;

    fn report<'a>(&'a self, report: &'a Report) -> Call<'a, Reported>;

    /// Cases by their words, closed ones too, newest first; `after`: the `next` of the page before.
    fn search<'a>(&'a self, _words: &'a str, _after: Option<&'a CaseId>) -> Call<'a, Found> {
        Box::pin(async { Err(CallError::NotUnderstood(NO_SEARCH.into())) })
    }

    /// One page of the corrections. A desk of another kind may keep none, and so may the calls after this.
    fn corrections<'a>(&'a self, _outline: &'a Outline) -> Call<'a, Corrections> {
        no_corrections()
    }

    /// One correction, whole.
    fn correction<'a>(&'a self, _id: &'a CorrectionId) -> Call<'a, CorrectionDetail> {
        no_corrections()
    }

    /// Opens a correction. The same `key` opens one, however often it is sent; so for the next two.
    fn open_correction<'a>(
        &'a self,
        _key: Uuid,
        _draft: &'a CorrectionDraft,
    ) -> Call<'a, Correction> {
        no_corrections()
    }

    /// Changes a correction.
    fn amend_correction<'a>(
        &'a self,
        _id: &'a CorrectionId,
        _key: Uuid,
        _if_match: Option<Revision>,
        _amendment: &'a Amendment,
    ) -> Call<'a, Correction> {
        no_corrections()
    }

    /// Links cases to a correction: all, or none.
    fn link_cases<'a>(
        &'a self,
        _id: &'a CorrectionId,
        _key: Uuid,
        _if_match: Option<Revision>,
        _cases: &'a [CaseId],
    ) -> Call<'a, Correction> {
        no_corrections()
    }

    /// The files of a case.
    fn attachments<'a>(&'a self, _: &'a CaseId) -> Call<'a, Vec<Attachment>> {
        no_files()
    }

    /// Adds a file to a case. The same `key` adds it once, however often it is sent.
    fn upload<'a>(&'a self, _: &'a CaseId, _key: Uuid, _: Upload) -> Call<'a, Attachment> {
        no_files()
    }

    /// Brings a file of a case, or what is missing of it; `file` is its id.
    fn download<'a>(
        &'a self,
        _: &'a CaseId,
        _file: &'a str,
        _have: Option<&'a Partial>,
        _to: &'a mut dyn Receiver,
    ) -> Call<'a, Downloaded> {
        no_files()
    }
}

// What a desk of another kind says of what it does not have.
const NO_SEARCH: &str = "This desk cannot be searched";
const NO_FILES: &str = "This desk has no files that could be sent or brought";
const NO_CORRECTIONS: &str = "This desk keeps no corrections";

/// The answer of a desk that has no files.
fn no_files<'a, T>() -> Call<'a, T> {
    Box::pin(async { Err(CallError::NotUnderstood(NO_FILES.into())) })
}

fn no_corrections<'a, T>() -> Call<'a, T> {
    Box::pin(async { Err(CallError::NotUnderstood(NO_CORRECTIONS.into())) })
}
