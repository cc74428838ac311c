//! One file to a case.

use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use uuid::Uuid;

use super::Progress;
use super::local;
use crate::client::files::Upload;
use crate::client::{Answer, CallError, CaseApi};
use crate::domain::{Attachment, CaseId};
use crate::wire::Code;

/// How long to wait before a file is sent again whose answer was lost.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];

/// Why a file was not attached.
#[derive(Debug)]
pub enum NotSent {
    /// It cannot be read here; half a sentence that says why.
    Here(String),
    /// [`CallError::NotReached`] with `sent`: it may have been attached all the same.
    Call(CallError),
}

/// Attaches one file to a case. Where the answer is lost it is sent again with the same key: it is attached once.
///
/// # Errors
/// [`NotSent`].
pub async fn send(
    api: &dyn CaseApi,
    id: &CaseId,
    key: Uuid,
    path: &Path,
    progress: &Progress,
) -> Result<Answer<Attachment>, NotSent> {
    let mut waits = AGAIN_AFTER.iter();
    loop {
        // Opened for each try: a file that was read is at its end.
        let file = local::open(path).await.map_err(NotSent::Here)?;
        progress.send_replace((0, file.size));
        let content = Counted { content: file.content, progress: progress.clone() };
        let file = Upload { content: Box::pin(content), ..file };
        let error = match api.upload(id, key, file).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let in_doubt = match &error {
            CallError::NotReached { sent, .. } => *sent,
            CallError::Refused(problem) => problem.code == Code::InProgress,
            _ => false,
        };
        match waits.next() {
            Some(wait) if in_doubt => tokio::time::sleep(*wait).await,
            _ => return Err(NotSent::Call(error)),
        }
    }
}

/// Tells how much of a file has been read to be sent.
struct Counted {
    content: Pin<Box<dyn AsyncRead + Send>>,
    progress: Progress,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.content.as_mut().poll_read(context, buffer);
        let read = (buffer.filled().len() - before) as u64;
        if read > 0 {
            self.progress.send_modify(|(done, _)| *done += read);
        }
        polled
    }
}
