//! Answers on the wire: JSON, problems, entity tags.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::service::problem::{Answered, internal};
use crate::wire::{Code, PROBLEM_JSON, Problem};

/// A problem as the answer to a request.
pub(super) struct Refused(pub Box<Problem>);

impl From<Box<Problem>> for Refused {
    fn from(problem: Box<Problem>) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        // A problem is words and numbers, which always have a JSON form.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = bytes(problem.status, body);
        if problem.code == Code::Unauthorized {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = problem.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A body that is JSON already: a problem's from 400 on.
pub(super) fn bytes(status: u16, body: Vec<u8>) -> Response {
    let media_type = if status >= 400 { PROBLEM_JSON } else { "application/json" };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

pub(super) fn json<T: Serialize>(value: &T) -> Answered<Response> {
    let body = serde_json::to_vec(value).map_err(|_| internal())?;
    Ok(bytes(200, body))
}

/// The answer with its entity tag, or 304 if the caller has that one.
pub(super) fn tagged<T: Serialize>(
    request: &HeaderMap,
    tag: &str,
    value: &T,
) -> Answered<Response> {
    let etag = format!("\"{tag}\"");
    let mut response = if is_known(request, tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        json(value)?
    };
    if let Ok(etag) = HeaderValue::try_from(etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    Ok(response)
}

/// Whether the caller has the answer with that tag.
pub(super) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let etag = format!("\"{tag}\"");
    tags(request, &header::IF_NONE_MATCH).is_some_and(|tags| {
        // Weak comparison (RFC 9110): what is asked is whether the caller's copy is good enough.
        tags.iter().any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == etag)
    })
}

/// The entity tags of a header, as they are written. Ours hold no commas.
pub(super) fn tags(request: &HeaderMap, name: &HeaderName) -> Option<Vec<String>> {
    let mut values = request.get_all(name).iter().peekable();
    values.peek()?;
    Some(
        values
            .flat_map(|value| value.as_bytes().split(|b| *b == b','))
            .map(|tag| String::from_utf8_lossy(tag).trim().to_owned())
            .filter(|tag| !tag.is_empty())
            .collect(),
    )
}
