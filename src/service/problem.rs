//! Refusals and failures as the problems that the case API answers.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use super::limits::Wait;
use super::store::StoreError;
use crate::domain::rules::Refusal;
use crate::wire::{Code, FieldError, Problem};

/// What a call to the service gives.
pub type Answered<T> = Result<T, Box<Problem>>;

pub(crate) fn problem(code: Code, detail: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::new(code, detail))
}

/// One answer for what is missing and for what is somebody else's, byte for byte.
pub(crate) fn not_found() -> Box<Problem> {
    problem(Code::NotFound, "There is no such thing here, or it is not yours to see.")
}

pub(crate) fn field(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into().into() }
}

/// 422, with the fields that are wrong.
pub(crate) fn invalid(errors: Vec<FieldError>) -> Box<Problem> {
    let detail = match errors.as_slice() {
        [] => "A field is wrong.".to_owned(),
        [one] => format!("{}: {}", one.field, one.message.raw()),
        [one, rest @ ..] => {
            format!("{}: {} ({} more)", one.field, one.message.raw(), rest.len())
        }
    };
    Box::new(Problem::new(Code::Invalid, detail).with_errors(errors))
}

/// 429, with the seconds after which it is worth trying again.
pub(crate) fn too_many(wait: Wait) -> Box<Problem> {
    let seconds = wait.seconds();
    let mut problem =
        Problem::new(Code::TooMany, format!("Too many requests; try again in {seconds} s."));
    problem.retry_after_s = Some(seconds);
    Box::new(problem)
}

pub(crate) fn internal() -> Box<Problem> {
    problem(Code::Internal, "The service failed. Its log says more; what you sent was not done.")
}

impl From<Refusal> for Box<Problem> {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotAllowed(detail) => problem(Code::NotAllowed, detail),
            Refusal::Rule(detail) => problem(Code::Rule, detail),
            Refusal::Invalid { field: name, message } => invalid(vec![field(name, message)]),
        }
    }
}

impl From<StoreError> for Box<Problem> {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Again => tracing::debug!("another write came between"),
            error => tracing::error!(%error, "the store failed"),
        }
        match error {
            StoreError::NoSpace => problem(
                Code::NoSpace,
                "The desk's disk is full: nothing can be written until somebody makes room.",
            ),
            StoreError::Refused(detail) => problem(Code::Rule, detail),
            StoreError::Damaged(_) => problem(
                Code::Unavailable,
                "The desk's data are damaged: an administrator has to look at them (caseload admin check) \
                 and to restore from a backup (caseload admin restore).",
            ),
            StoreError::InUse => problem(
                Code::Unavailable,
                "Another process writes to the desk's data; try again in a moment.",
            ),
            StoreError::Again => problem(
                Code::InProgress,
                "Somebody else is changing the same at this moment; try again.",
            ),
            StoreError::Unreachable(_) => problem(
                Code::Unavailable,
                "The desk's database is not reached; try again in a moment.",
            ),
            StoreError::Closed => problem(Code::Unavailable, "The service has ended."),
            StoreError::Folder(_) | StoreError::Newer | StoreError::Database(_) => internal(),
        }
    }
}

impl From<sqlx::Error> for Box<Problem> {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}
