//! Forms with files (`multipart/form-data`), read field by field as they arrive. A form is never in memory
//! whole: its reader gets the next piece when it has done with the one before.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::header;
use futures_util::{Stream, StreamExt, stream};

use super::read::{DRAINED, arriving, bad_request, drain};
use crate::service::files::size_in_words;
use crate::service::problem::{Answered, problem};
use crate::wire::{Code, Problem};

/// How such a name begins, in lower case.
const MARK: &str = "filename*=utf-8''";
/// How much of a form may come without anything of it being a field's content: heads of fields are short.
const UNREAD: u64 = 2 * 1024 * 1024;

/// What the reader of a form and the form's bytes tell each other.
#[derive(Default)]
struct Shared {
    /// Why the bytes ended early: the form's parser knows only that they did.
    fault: Mutex<Option<Box<Problem>>>,
    /// Bytes that came since a field gave some of its content.
    unread: AtomicU64,
    /// The rest is read for its sender's sake alone.
    draining: AtomicBool,
}

impl Shared {
    fn fail(&self, problem: Box<Problem>) -> io::Error {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
        io::ErrorKind::Other.into()
    }

    /// What a parser's error means.
    fn problem(&self, _: &MultipartError) -> Box<Problem> {
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        fault.unwrap_or_else(|| bad_request("The form is broken, or not all of it came."))
    }
}

/// A form on its way in.
pub(super) struct Form {
    multipart: Multipart,
    shared: Arc<Shared>,
}

impl Form {
    /// Begins to read a form that may have so many bytes, with all that is around its fields.
    ///
    /// # Errors
    /// 400, 413 or 415; what came with it has been read then, within reason.
    pub(super) async fn open(request: Request, most: u64) -> Answered<Self> {
        let too_large = move || {
            problem(Code::TooLarge, format!("The form may have {} at most.", size_in_words(most)))
        };
        let headers = request.headers();
        let header = |name| headers.get(name).and_then(|v| v.to_str().ok());
        let is_form = header(header::CONTENT_TYPE)
            .and_then(|v| v.split(';').next())
            .is_some_and(|v| v.trim().eq_ignore_ascii_case("multipart/form-data"));
        let length = header(header::CONTENT_LENGTH).and_then(|v| v.parse::<u64>().ok());
        if length.is_some_and(|length| length > most + DRAINED as u64) {
            return Err(too_large());
        }
        if !is_form {
            drain(request).await;
            return Err(problem(Code::Unsupported, "The body must be multipart/form-data."));
        }
        let shared = Arc::new(Shared::default());
        let told = shared.clone();
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
        let mut body = Box::pin(arriving(Request::from_parts(parts, body)));
        let mut came: u64 = 0;
        let mut gave = false;
        let bytes = stream::poll_fn(move |cx| {
            // The parser takes as much as there is at once; one piece a turn keeps its memory small.
            if std::mem::replace(&mut gave, false) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let piece = match body.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(problem))) => {
                    return Poll::Ready(Some(Err(told.fail(problem))));
                }
                Poll::Ready(Some(Ok(piece))) => piece,
            };
            gave = true;
            let length = piece.len() as u64;
            came += length;
            if came > most + DRAINED as u64 {
                return Poll::Ready(Some(Err(told.fail(too_large()))));
            }
            let unread = told.unread.fetch_add(length, Ordering::Relaxed) + length;
            if unread > UNREAD && !told.draining.load(Ordering::Relaxed) {
                let problem = bad_request("The form has a field whose head does not end.");
                return Poll::Ready(Some(Err(told.fail(problem))));
            }
            Poll::Ready(Some(Ok(piece)))
        });
        let mut request = Request::new(Body::from_stream(bytes));
        if let Some(content_type) = content_type {
            request.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        DefaultBodyLimit::disable().apply(&mut request);
        match Multipart::from_request(request, &()).await {
            Ok(multipart) => Ok(Self { multipart, shared }),
            Err(_) => Err(bad_request("The form's Content-Type names no boundary.")),
        }
    }

    /// The next field; what was not read of the one before is passed over.
    ///
    /// # Errors
    /// 400 for a form that is broken, broken off or too slow, 413 for one that is too large.
    pub(super) async fn next(&mut self) -> Answered<Option<Part<'_>>> {
        self.shared.unread.store(0, Ordering::Relaxed);
        let shared = self.shared.clone();
        match self.multipart.next_field().await {
            Ok(field) => Ok(field.map(|field| Part { field, shared })),
            Err(error) => Err(shared.problem(&error)),
        }
    }

    /// Reads the rest of a form that is refused, within reason, so that its sender gets to the answer.
    pub(super) async fn drain(mut self) {
        self.shared.draining.store(true, Ordering::Relaxed);
        while let Ok(Some(_)) = self.multipart.next_field().await {}
    }
}

/// A field of a form.
pub(super) struct Part<'a> {
    field: Field<'a>,
    shared: Arc<Shared>,
}

impl<'a> Part<'a> {
    pub(super) fn name(&self) -> &str {
        self.field.name().unwrap_or_default()
    }

    /// The name of the file that the field is; None if it is no file.
    pub(super) fn file_name(&self) -> Option<String> {
        if let Some(name) = self.field.file_name() {
            return Some(name.to_owned());
        }
        // Some clients write names that are not ASCII in the form of mail (RFC 5987).
        let disposition = self.field.headers().get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
        let lower = disposition.to_ascii_lowercase();
        let at = lower.find(MARK)? + MARK.len();
        percent_decoded(disposition.get(at..)?.split(';').next()?.trim())
    }

    /// The content as it arrives.
    pub(super) fn content(self) -> impl Stream<Item = Answered<Bytes>> + Send + 'a {
        let Self { field, shared } = self;
        field.map(move |piece| {
            shared.unread.store(0, Ordering::Relaxed);
            piece.map_err(|error| shared.problem(&error))
        })
    }
}

/// The text behind `%C3%BC`; None if it is not UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        let digits = if *first == b'%' { after.get(..2) } else { None };
        let byte = digits
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        if let Some(byte) = byte {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pieces: Vec<Vec<u8>>) -> Request {
        let pieces = pieces.into_iter().map(Ok::<_, io::Error>);
        let mut request = Request::new(Body::from_stream(stream::iter(pieces)));
        let form = axum::http::HeaderValue::from_static("multipart/form-data; boundary=B");
        request.headers_mut().insert(header::CONTENT_TYPE, form);
        request
    }

    const HEAD: &[u8] =
        b"--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";

    #[tokio::test]
    async fn no_more_of_a_form_is_in_memory_than_a_piece_or_two() {
        use std::sync::atomic::AtomicUsize;
        let taken = Arc::new(AtomicUsize::new(0));
        let counter = taken.clone();
        let pieces = (0..200_usize).map(move |n| {
            counter.store(n, Ordering::Relaxed);
            let body = vec![b'x'; 64 * 1024];
            Ok::<_, io::Error>(if n == 0 { [HEAD, &body].concat() } else { body })
        });
        let mut request = request(Vec::new());
        *request.body_mut() = Body::from_stream(stream::iter(pieces));
        let mut form = Form::open(request, 100 * 1024 * 1024).await.unwrap();
        let mut content = Box::pin(form.next().await.unwrap().unwrap().content());
        let mut given = 0;
        while let Some(Ok(piece)) = content.next().await {
            given += piece.len();
            let ahead = ((taken.load(Ordering::Relaxed) + 1) * 64 * 1024).saturating_sub(given);
            assert!(ahead <= 3 * 64 * 1024, "{ahead} bytes ahead of the reader");
        }
        assert!(given > 190 * 64 * 1024);
    }

    #[tokio::test]
    async fn a_form_is_refused_by_what_is_wrong_with_it() {
        let whole = [HEAD, b"text\r\n--B--\r\n"].concat();
        let endless = [b"--B\r\nX: ".to_vec(), vec![b'x'; 3 * 1024 * 1024]].concat();
        let large = [HEAD, &vec![b'x'; DRAINED + 2000]].concat();
        let cases: Vec<(Vec<Vec<u8>>, u64, Option<u16>)> = vec![
            (vec![whole.clone()], 1000, None),
            (whole.chunks(1).map(<[u8]>::to_vec).collect(), 1000, None),
            (vec![[HEAD, b"text"].concat()], 1000, Some(400)),
            (vec![b"no form".to_vec()], 1000, Some(400)),
            (endless.chunks(9_000).map(<[u8]>::to_vec).collect(), 100_000_000, Some(400)),
            (large.chunks(9_000).map(<[u8]>::to_vec).collect(), 1000, Some(413)),
        ];
        for (pieces, most, status) in cases {
            let mut form = Form::open(request(pieces), most).await.unwrap();
            let read = async {
                while let Some(part) = form.next().await? {
                    let mut content = Box::pin(part.content());
                    while let Some(piece) = content.next().await {
                        piece?;
                    }
                }
                Answered::Ok(())
            };
            assert_eq!(read.await.err().map(|problem| problem.status), status);
        }
    }

    #[tokio::test]
    async fn a_file_has_its_name_in_each_of_the_ways_in_which_clients_write_it() {
        for (written, name) in [
            ("filename=\"a b.log\"", Some("a b.log")),
            ("filename=\"Größe.log\"", Some("Größe.log")),
            ("filename=\"a\\\"b.log\"", Some("a\"b.log")),
            ("filename*=UTF-8''Gr%C3%B6%C3%9Fe%0D%0A.log", Some("Größe\r\n.log")),
            ("filename*=utf-8''100%", Some("100%")),
            ("filename*=utf-8''%ff", None),
            ("x=y", None),
        ] {
            let head =
                format!("--B\r\nContent-Disposition: form-data; name=\"file\"; {written}\r\n\r\n");
            let form = [head.as_bytes(), b"x\r\n--B--\r\n"].concat();
            let mut form = Form::open(request(vec![form]), 1000).await.unwrap();
            let part = form.next().await.unwrap().unwrap();
            assert_eq!(part.name(), "file");
            assert_eq!(part.file_name().as_deref(), name, "{written}");
        }
    }
}
