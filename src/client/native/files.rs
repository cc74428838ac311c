//! Files up and down. Neither is ever in memory whole, and neither has a deadline as a whole: what counts is
//! that it goes on.

use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, IF_RANGE, RANGE,
};
use reqwest::{Body, Response, StatusCode};
use secrecy::ExposeSecret;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use uuid::Uuid;

use super::answer;
use super::failure::{self, Asked};
use super::{NativeApi, PROBLEM_JSON, askable};
use crate::client::files::{Downloaded, Partial, Receiver, Upload};
use crate::client::{Answer, CallError};
use crate::domain::{Attachment, CaseId};

/// Bytes read of a file at a time.
const PIECE: usize = 64 * 1024;
/// The longest that a desk may think about a file which has all been sent.
const THINKING: Duration = Duration::from_mins(1);

/// A form's field with a file: what is before the file, and what is after it.
fn around(name: &str, boundary: &str) -> (String, String) {
    // As browsers write it; what cannot be in a head is percent-encoded.
    let name: String = name
        .chars()
        .map(|c| match c {
            c if c.is_ascii_control() || c == '"' || c == '\\' => format!("%{:02X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    (head, format!("\r\n--{boundary}--\r\n"))
}

/// The pieces of a form with a file; tells at each that it was taken.
fn form(
    head: String,
    file: Upload,
    tail: String,
    taken: watch::Sender<u64>,
) -> impl Stream<Item = std::io::Result<Vec<u8>>> + Send + 'static {
    let content = file.content.take(file.size);
    let pieces = stream::try_unfold((content, 0_u64), move |(mut content, sent)| async move {
        let mut piece = vec![0; PIECE];
        let length = content.read(&mut piece).await?;
        piece.truncate(length);
        Ok((length > 0).then(|| (piece, (content, sent + length as u64))))
    });
    let head = stream::iter([Ok(head.into_bytes())]);
    let tail = stream::iter([Ok(tail.into_bytes())]);
    head.chain(pieces).chain(tail).inspect(move |_| taken.send_modify(|n| *n += 1))
}

/// Whether a part of a file begins where it was to.
fn begins_at(response: &Response, at: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {at}-")))
}

impl NativeApi {
    pub(super) async fn send_file(
        &self,
        id: &CaseId,
        key: Uuid,
        file: Upload,
    ) -> Result<Answer<Attachment>, CallError> {
        let boundary = Uuid::new_v4().simple().to_string();
        let (head, tail) = around(&file.name, &boundary);
        let length = file.size + (head.len() + tail.len()) as u64;
        let (taken, mut moves) = watch::channel(0_u64);
        let used = self.token();
        let request = self
            .route
            .http
            .post(self.url(&["cases", askable("case", id.as_str())?, "attachments"]))
            .bearer_auth(used.expose_secret())
            .header(ACCEPT, format!("application/json, {PROBLEM_JSON}"))
            .header("idempotency-key", key.to_string())
            .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header(CONTENT_LENGTH, length)
            .body(Body::wrap_stream(form(head, file, tail, taken)));
        let mut sending = std::pin::pin!(request.send());
        let mut within = self.limits.headers;
        let mut goes_on = true;
        let response = loop {
            tokio::select! {
                answered = &mut sending => match answered {
                    Ok(response) => break response,
                    Err(error) => {
                        return Err(failure::of_sending(&self.route, &error, self.limits));
                    }
                },
                moved = moves.changed(), if goes_on => if moved.is_err() {
                    // All of it is on its way; the desk looks at it.
                    goes_on = false;
                    within = within.max(THINKING);
                },
                () = tokio::time::sleep(within) => {
                    return Err(failure::silent(self.desk(), within));
                }
            }
        };
        let raw = self.whole(response, &used, Asked::Write).await?;
        if raw.status == StatusCode::UNAUTHORIZED {
            match self.reread(&used).await {
                // What was read of the file is gone; whoever sends it again reads it again.
                Ok(Some(_)) => return Err(failure::token_changed(self.desk())),
                Ok(None) => {}
                Err(why) => return Err(failure::not_reread(raw.error(self.desk()), &why)),
            }
        }
        raw.value(self.desk())
    }

    pub(super) async fn bring_file(
        &self,
        id: &CaseId,
        file: &str,
        have: Option<&Partial>,
        to: &mut dyn Receiver,
    ) -> Result<Answer<Downloaded>, CallError> {
        let file = askable("file", file)?;
        let mut request = self
            .route
            .http
            .get(self.url(&["cases", askable("case", id.as_str())?, "attachments", file]))
            // The bytes as they are, so that a part of them is a part of the file.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(have) = have {
            // The entity tag of a file is its SHA-256: another file is sent whole.
            request = request
                .header(RANGE, format!("bytes={}-", have.length))
                .header(IF_RANGE, format!("\"{}\"", have.sha256));
        }
        let again = request.try_clone();
        let mut used = self.token();
        let mut response = self.begin(&used, request, self.limits.headers).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(again) = again
        {
            match self.reread(&used).await {
                Ok(Some(other)) => {
                    used = other;
                    response = self.begin(&used, again, self.limits.headers).await?;
                }
                Ok(None) => {}
                Err(why) => {
                    let refused = self.whole(response, &used, Asked::Read).await?;
                    return Err(failure::not_reread(refused.error(self.desk()), &why));
                }
            }
        }
        let at = match (response.status(), have) {
            (StatusCode::OK, _) => Some(0),
            (StatusCode::PARTIAL_CONTENT, Some(have)) if begins_at(&response, have.length) => {
                Some(have.length)
            }
            _ => None,
        };
        // A page of somebody else's is not a file of ours: those are always downloads.
        let at = at.filter(|_| response.headers().contains_key("content-disposition"));
        let Some(at) = at else {
            return Err(self.whole(response, &used, Asked::Read).await?.refused(self.desk()));
        };
        let date = answer::date(response.headers());
        let kept = |kept| Ok(Answer { value: kept, date });
        if let Err(error) = to.begin(at) {
            return kept(Downloaded::NotKept(error));
        }
        loop {
            match tokio::time::timeout(self.limits.piece, response.chunk()).await {
                Err(_) => return Err(failure::stalled(self.desk())),
                // As for a write: what came counts, and it can go on.
                Ok(Err(error)) => {
                    return Err(failure::of_reading(self.desk(), &error, Asked::Write));
                }
                Ok(Ok(None)) => return kept(Downloaded::Whole),
                Ok(Ok(Some(piece))) => {
                    if let Err(error) = to.piece(&piece) {
                        return kept(Downloaded::NotKept(error));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_get_out_of_the_form() {
        let (head, tail) = around("a\"b\\\r\nX: y/Größe.log", "B");
        assert_eq!(
            head,
            "--B\r\nContent-Disposition: form-data; name=\"file\"; \
             filename=\"a%22b%5C%0D%0AX: y/Größe.log\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        assert_eq!(tail, "\r\n--B--\r\n");
    }
}
