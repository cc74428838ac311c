//! Calls that have a key, made until it is known what became of them.

use std::time::Duration;

use super::{Answer, Call, CallError};
use crate::wire::Code;

/// How long to wait before the same request is sent again.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];

/// Makes a call that has a key. When the request may have reached the desk and no answer came, the same
/// request with the same key is sent again: it acts once, and the answer tells what became of it.
///
/// # Errors
/// As the call; [`CallError::NotReached`] says whether it may have been done.
pub async fn surely<'a, T>(call: impl Fn() -> Call<'a, T>) -> Result<Answer<T>, CallError> {
    let mut in_doubt = false;
    for wait in AGAIN_AFTER {
        match call().await {
            Err(CallError::NotReached { sent: true, .. }) => in_doubt = true,
            Err(CallError::NotReached { sent: false, .. }) if in_doubt => {}
            Err(CallError::Refused(problem)) if problem.code == Code::InProgress => in_doubt = true,
            answered => return answered,
        }
        tokio::time::sleep(wait).await;
    }
    match call().await {
        Err(CallError::NotReached { what, .. }) => {
            Err(CallError::NotReached { what, sent: in_doubt })
        }
        answered => answered,
    }
}
