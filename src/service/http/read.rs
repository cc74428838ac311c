//! Reading requests: who asks, what with which key, and which field is wrong.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use std::time::Duration;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Version, header};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::answer::{Refused, tags};
use crate::domain::{Actor, Revision};
use crate::service::Service;
use crate::service::framing::TwoWays;
use crate::service::problem::{Answered, field, invalid, problem};
use crate::service::store::Account;
use crate::wire::{Code, FieldError, Problem};

/// The longest body.
const BODY: usize = 256 * 1024;
/// How much of a body that is too long is read all the same, so that its sender gets to the answer.
const DRAINED: usize = 4 * 1024 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);
/// The field that says which action a body is.
const TAG: &str = "action";
/// The most characters of a parser's words about a field.
const MESSAGE: usize = 300;

/// Who asks, by the bearer token. Looked up at every request.
pub(super) struct Caller(pub Account);

impl Caller {
    pub(super) fn actor(&self) -> &Actor {
        &self.0.actor
    }
}

impl FromRequestParts<Service> for Caller {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Refused> {
        let no = || {
            problem(
                Code::Unauthorized,
                "This needs a token that is known, not expired and not revoked.",
            )
        };
        let token = bearer(&parts.headers).ok_or_else(no)?;
        let account = service.authenticate(token).await?.ok_or_else(no)?;
        Ok(Self(account))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Refuses a request that others on its way may have read otherwise: with two lengths, or with a header
/// twice that has one value.
pub(super) fn one_meaning(request: &Request) -> Answered<()> {
    if request.extensions().get::<TwoWays>().is_some_and(TwoWays::seen) {
        return Err(bad_request("A body has a Content-Length or comes in chunks, not both."));
    }
    let headers = request.headers();
    let times = |name: &HeaderName| headers.get_all(name).iter().count();
    if request.version() == Version::HTTP_11 && times(&header::HOST) == 0 {
        return Err(bad_request("The Host header is missing."));
    }
    for name in [header::HOST, header::AUTHORIZATION, header::CONTENT_TYPE] {
        if times(&name) > 1 {
            return Err(bad_request(&format!("The {name} header is there more than once.")));
        }
    }
    Ok(())
}

fn bad_request(detail: &str) -> Box<Problem> {
    problem(Code::BadRequest, detail)
}

/// The key of an act; None if there is none.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Answered<Option<Uuid>> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let key = key.to_str().ok().map(str::trim).filter(|key| key.len() == 36);
    match (key.and_then(|key| Uuid::try_parse(key).ok()), keys.next()) {
        (Some(key), None) => Ok(Some(key)),
        _ => Err(bad_request("The Idempotency-Key must be one UUID.")),
    }
}

/// The revisions of `If-Match`; None if any will do.
pub(super) fn if_match(headers: &HeaderMap) -> Option<Vec<Revision>> {
    let tags = tags(headers, &header::IF_MATCH)?;
    if tags.iter().any(|tag| tag == "*") {
        return None;
    }
    // What is no revision of ours matches none.
    Some(tags.iter().filter_map(|tag| tag.trim_matches('"').parse().ok()).collect())
}

/// A whole number of the query, brought within bounds.
pub(super) fn number(query: Option<&str>, name: &str, otherwise: u64) -> Answered<u64> {
    let Some(text) = parameter(query, name) else {
        return Ok(otherwise);
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(vec![field(name, "must be a whole number")]));
    }
    Ok(if text.starts_with('-') { 0 } else { digits.parse().unwrap_or(u64::MAX) })
}

/// The last value of a parameter of the query.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    url::form_urlencoded::parse(query?.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// The JSON body of a request. `required` are the fields that must be there whatever else is.
pub(super) async fn body<T: DeserializeOwned>(request: Request, required: &[&str]) -> Answered<T> {
    let headers = request.headers();
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/json"));
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if length.is_some_and(|length| length > DRAINED) {
        return Err(too_large());
    }
    let bytes = tokio::time::timeout(BODY_TIME, collect(request))
        .await
        .map_err(|_| bad_request("The body did not arrive in time."))??;
    if !is_json {
        return Err(problem(Code::Unsupported, "The body must be application/json."));
    }
    parse(&bytes, required)
}

fn too_large() -> Box<Problem> {
    problem(Code::TooLarge, format!("The body may have {} KiB at most.", BODY / 1024))
}

async fn collect(request: Request) -> Answered<Vec<u8>> {
    let mut stream = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| bad_request("The body broke off."))?;
        length += chunk.len();
        if length > DRAINED {
            break;
        }
        if length <= BODY {
            bytes.extend_from_slice(&chunk);
        }
    }
    if length > BODY { Err(too_large()) } else { Ok(bytes) }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], required: &[&str]) -> Answered<T> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => {
            // Read from the parsed form the words are better; but a field that is there twice shows in
            // the text alone.
            let error =
                serde_json::from_value::<T>(Value::Object(object.clone())).err().unwrap_or(error);
            Err(invalid(wrong_fields::<T>(&object, &error.to_string(), required)))
        }
        Err(_) => Err(bad_request("The body is not JSON.")),
        Ok(_) => Err(bad_request("The body must be a JSON object.")),
    }
}

/// Which fields are wrong. The parser stops at the first and does not always say where it was.
fn wrong_fields<T: DeserializeOwned>(
    object: &Map<String, Value>,
    error: &str,
    required: &[&str],
) -> Vec<FieldError> {
    let mut errors: Vec<FieldError> = required
        .iter()
        .filter(|name| !object.contains_key(**name))
        .map(|name| field(name, "is required"))
        .collect();
    // The position in the body says nothing to people.
    let message: String =
        error.split(" at line ").next().unwrap_or(error).chars().take(MESSAGE).collect();
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("missing field") {
        if errors.is_empty() {
            errors.push(field(&quoted(), "is required"));
        }
    } else if message.starts_with("unknown field") {
        errors.push(field(&quoted(), "is not a field of this request"));
    } else if message.starts_with("duplicate field") {
        errors.push(field(&quoted(), "is there twice"));
    } else {
        // Without the field that is wrong the rest reads, or lacks just that field.
        // (Nothing reads without the tag, so it is the last that is tried.)
        let tag = |key: &&String| *key == TAG;
        let names = object.keys().filter(|k| !tag(k)).chain(object.keys().filter(tag));
        let culprit = names.into_iter().find(|key| {
            let mut rest = object.clone();
            rest.remove(*key);
            match serde_json::from_value::<T>(Value::Object(rest)) {
                Ok(_) => true,
                Err(e) => e.to_string() == format!("missing field `{key}`"),
            }
        });
        match culprit {
            Some(name) => errors.push(field(name, message)),
            None if errors.is_empty() => errors.push(field("", message)),
            None => {}
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Action;
    use crate::wire::Report;

    fn fields_of<T: DeserializeOwned + std::fmt::Debug>(
        body: &str,
        required: &[&str],
    ) -> Vec<String> {
        let problem = parse::<T>(body.as_bytes(), required).unwrap_err();
        assert_eq!(problem.code, Code::Invalid, "{body}");
        problem.errors.into_iter().map(|e| e.field).collect()
    }

    #[test]
    fn a_wrong_field_of_an_action_is_named() {
        for (body, expected) in [
            (r#"{"action":"note"}"#, "text"),
            (r#"{"action":"note","text":1}"#, "text"),
            (r#"{"action":"note","text":"a","txt":"b"}"#, "txt"),
            (r#"{"action":"note","text":"a","text":"b"}"#, "text"),
            (r#"{"action":"delete"}"#, "action"),
            (r#"{"text":"a"}"#, "action"),
            (r#"{"action":7}"#, "action"),
            (r#"{"action":"set_severity","severity":"urgent","reason":"r"}"#, "severity"),
            (r#"{"action":"request_info","text":"t","items":["soul"]}"#, "items"),
            (r#"{"action":"take","why":1}"#, "why"),
        ] {
            assert_eq!(fields_of::<Action>(body, &[]), [expected], "{body}");
        }
    }

    #[test]
    fn every_missing_field_of_a_report_is_named_beside_the_wrong_one() {
        let body = r#"{"subject":"s","environment":"moon","contact":"c"}"#;
        let required = ["subject", "description", "environment", "licence_key", "contact", "email"];
        let fields = fields_of::<Report>(body, &required);
        assert_eq!(fields[..3], ["description", "licence_key", "email"]);
    }

    #[test]
    fn what_is_not_a_json_object_is_a_bad_request() {
        for body in ["", "{", "[1]", "\"note\"", "null", "{\"action\":\"take\"} x", "\u{feff}{}"] {
            let problem = parse::<Action>(body.as_bytes(), &[]).unwrap_err();
            assert_eq!(problem.code, Code::BadRequest, "{body:?}");
        }
        assert_eq!(parse::<Action>(b"{\"action\":\"\xff\"}", &[]).unwrap_err().status, 400);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for_for_ever() {
        let silent = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        let mut request = Request::new(axum::body::Body::from_stream(silent));
        let json = axum::http::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        let begun = tokio::time::Instant::now();
        let problem = body::<Action>(request, &[]).await.unwrap_err();
        assert_eq!(problem.code, Code::BadRequest);
        assert_eq!(begun.elapsed(), BODY_TIME);
    }
}
