//! Reading requests: who asks, what with which key, and which field is wrong.

#![allow(clippy::unnecessary_box_returns, reason = "problems travel boxed, as in Answered")]

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Version, header};
use futures_util::{Stream, StreamExt, stream};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::{Refused, tags};
use crate::domain::{Actor, Revision};
use crate::service::edge::ClientAddress;
use crate::service::framing::TwoWays;
use crate::service::problem::{Answered, field, invalid, problem, too_many};
use crate::service::store::Account;
use crate::service::{Service, tokens};
use crate::wire::{Code, FieldError, Problem};

/// The longest body.
const BODY: usize = 256 * 1024;
/// How much of a body that is too long is read all the same, so that its sender gets to the answer.
pub(super) const DRAINED: usize = 4 * 1024 * 1024;
/// How long a body may take to arrive; longer only while it comes with [`BODY_PACE`] or more.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Bytes a second.
const BODY_PACE: u32 = 1_000;
/// The field that says which action a body is.
const TAG: &str = "action";
/// The most characters of a parser's words about a field.
const MESSAGE: usize = 300;
/// How the parser begins about a field that is there twice.
const TWICE: &str = "duplicate field";

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
        let Ok(ClientAddress(address)) = ClientAddress::from_request_parts(parts, &()).await;
        let limits = service.limits();
        let token = bearer(&parts.headers);
        let hash = token.map(tokens::hash);
        limits.token(hash.as_deref(), address).map_err(too_many)?;
        let (token, hash) = token.zip(hash).ok_or_else(no)?;
        let account = service.authenticate(token).await?;
        limits.looked_up(&hash, account.is_some());
        let account = account.ok_or_else(no)?;
        // Into every log record of the request from here on.
        tracing::Span::current().record("user", account.actor.id.as_str());
        limits.user(&account.actor.id).map_err(too_many)?;
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
    // What is under another coding nobody undoes here.
    let coding = headers.get(header::TRANSFER_ENCODING);
    if coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || times(&header::TRANSFER_ENCODING) > 1
    {
        return Err(bad_request("The one Transfer-Encoding that is taken is chunked."));
    }
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

pub(super) fn bad_request(detail: &str) -> Box<Problem> {
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
    // What is no revision of ours matches none; neither does a weak tag (RFC 9110: strong comparison).
    Some(tags.iter().filter_map(|tag| revision(tag)).collect())
}

/// The revision of an entity tag as we write it, or without its quotes.
fn revision(tag: &str) -> Option<Revision> {
    let number = tag.strip_prefix('"').map_or(Some(tag), |tag| tag.strip_suffix('"'))?;
    number.parse().ok().filter(|revision: &Revision| revision.to_string() == number)
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
    let bytes = collect(request).await?;
    if !is_json {
        return Err(problem(Code::Unsupported, "The body must be application/json."));
    }
    parse(&bytes, required)
}

fn too_large() -> Box<Problem> {
    problem(Code::TooLarge, format!("The body may have {} KiB at most.", BODY / 1024))
}

async fn collect(request: Request) -> Answered<Vec<u8>> {
    let mut arriving = std::pin::pin!(arriving(request));
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = arriving.next().await {
        let chunk = chunk?;
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

/// A body as it arrives; one that is too slow fails.
pub(super) fn arriving(request: Request) -> impl Stream<Item = Answered<Bytes>> + Send {
    let begun = Instant::now();
    let body = request.into_body().into_data_stream();
    stream::try_unfold((body, 0), move |(mut body, length)| async move {
        let pace = Duration::from_secs(length as u64) / BODY_PACE;
        let chunk = tokio::time::timeout_at(begun + BODY_TIME.max(pace), body.next())
            .await
            .map_err(|_| bad_request("The body did not arrive in time."))?;
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = chunk.map_err(|_| bad_request("The body broke off."))?;
        let length = length + chunk.len();
        Ok(Some((chunk, (body, length))))
    })
}

/// Reads what is left of a body that is refused, within reason, so that its sender gets to the answer.
pub(super) async fn drain(request: Request) {
    let mut arriving = std::pin::pin!(arriving(request));
    let mut length = 0;
    while let Some(Ok(chunk)) = arriving.next().await {
        length += chunk.len();
        if length > DRAINED {
            return;
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8], required: &[&str]) -> Answered<T> {
    // A list would be read as the fields in their order.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    let error = match serde_json::from_slice(bytes) {
        Ok(value) if is_object => return Ok(value),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => {
            let mut error = error.map(|e| e.to_string()).unwrap_or_default();
            // Read from the parsed form the words are better; but a field that is there twice shows in
            // the text alone.
            if !error.starts_with(TWICE)
                && let Err(better) = serde_json::from_value::<T>(Value::Object(object.clone()))
            {
                error = better.to_string();
            }
            Err(invalid(wrong_fields::<T>(&object, &error, required)))
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
    } else if message.starts_with(TWICE) {
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
            Some(name) => errors.push(field(name, plain(&message))),
            None if errors.is_empty() => errors.push(field("", plain(&message))),
            None => {}
        }
    }
    errors
}

/// The parser's words about a value, for people.
fn plain(message: &str) -> String {
    if let Some((given, allowed)) =
        message.strip_prefix("unknown variant ").and_then(|m| m.split_once(", expected "))
    {
        let allowed = allowed.trim_start_matches("one of ").replace('`', "");
        return format!("\"{}\" is not one of: {allowed}", given.trim_matches('`'));
    }
    if message.starts_with("invalid type: ")
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        let expected = match expected {
            "a string" | "variant identifier" | "string or map" => "a text",
            "a boolean" => "true or false",
            "a sequence" => "a list",
            other if other.starts_with("struct ") => "an object",
            other => other,
        };
        return format!("must be {expected}");
    }
    message.to_owned()
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
        let list = r#"["s","d","lab","k","c","a@b",null,null,null,null,null,null]"#;
        assert_eq!(parse::<Report>(list.as_bytes(), &[]).unwrap_err().code, Code::BadRequest);
        for body in ["", "{", "[1]", "\"note\"", "null", "{\"action\":\"take\"} x", "\u{feff}{}"] {
            let problem = parse::<Action>(body.as_bytes(), &[]).unwrap_err();
            assert_eq!(problem.code, Code::BadRequest, "{body:?}");
        }
        assert_eq!(parse::<Action>(b"{\"action\":\"\xff\"}", &[]).unwrap_err().status, 400);
    }

    #[test]
    fn a_wrong_value_is_told_in_words_for_people() {
        for (body, expected) in [
            (r#"{"action":"note","text":5}"#, "text: must be a text"),
            (r#"{"action":5}"#, "action: must be a text"),
            (r#"{"action":"escalate","to":2,"reason":"r"}"#, "to: must be a text"),
            (r#"{"action":"request_info","text":"t","items":"steps"}"#, "items: must be a list"),
            (
                r#"{"action":"escalate","to":"third","reason":"r"}"#,
                "to: \"third\" is not one of: first, second, product",
            ),
            (r#"{"action":"note","action":"take"}"#, "action: is there twice"),
        ] {
            let problem = parse::<Action>(body.as_bytes(), &["action"]).unwrap_err();
            assert_eq!(problem.detail.raw(), expected);
        }
    }

    #[test]
    fn a_revision_is_read_as_we_write_it() {
        for (tag, expected) in [
            ("\"7\"", Some(7)),
            ("7", Some(7)),
            ("W/\"7\"", None),
            ("\"7", None),
            ("7\"", None),
            ("\"+7\"", None),
            ("\"07\"", None),
            ("\"\"", None),
            ("\"18446744073709551616\"", None),
        ] {
            assert_eq!(revision(tag), expected, "{tag}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_is_waited_for_while_it_comes_at_a_pace() {
        // Of 1,200 bytes a second comes enough, of 400 too little.
        for (bytes, taken) in [(1_200, true), (400, false)] {
            let slow = stream::unfold(0, move |second| async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let chunk: Result<Vec<u8>, std::io::Error> = Ok(vec![b' '; bytes]);
                (second < 60).then_some((chunk, second + 1))
            });
            let request = Request::new(axum::body::Body::from_stream(slow));
            assert_eq!(collect(request).await.is_ok(), taken, "{bytes}");
        }
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
