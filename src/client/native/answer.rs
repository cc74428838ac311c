//! What an answer means: a value, a problem in the desk's words, or something that is not a desk's.
//! Bodies of others (pages, broken JSON) never get into a sentence, and neither does the token, even
//! when the answer repeats it.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::client::{Answer, CallError, LOGIN_PAGE};
use crate::wire::{Code, Problem};

/// The longest time that a desk can ask us to be silent.
const LONGEST_SILENCE: Duration = Duration::from_mins(5);
/// What a 429 without `Retry-After` stands for.
const SHORT_SILENCE: Duration = Duration::from_secs(2);
/// How much of a page is read to see whether it is a login page.
const PAGE_HEAD: usize = 64 * 1024;
/// Shorter tokens are not looked for in answers: they would be found by chance.
const SHORTEST_SCRUBBED: usize = 6;
const SCRUBBED: &str = "[token]";

/// An answer, read whole and not yet understood.
pub(super) struct Raw {
    pub(super) status: StatusCode,
    pub(super) date: Option<DateTime<Utc>>,
    media_type: String,
    retry_after: Option<Duration>,
    location: String,
    body: Vec<u8>,
    /// The one that was sent: it is taken out of whatever came back.
    token: SecretString,
}

impl Raw {
    pub(super) fn new(
        status: StatusCode,
        headers: &HeaderMap,
        body: Vec<u8>,
        token: SecretString,
    ) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
        let date = date(headers);
        let media_type = text(CONTENT_TYPE).split(';').next().unwrap_or("").trim();
        Self {
            status,
            date,
            media_type: media_type.to_ascii_lowercase(),
            retry_after: silence(text(RETRY_AFTER), date),
            location: text(LOCATION).to_ascii_lowercase(),
            body,
            token,
        }
    }

    /// The value of a good answer, or why there is none.
    pub(super) fn value<T: DeserializeOwned>(self, desk: &str) -> Result<Answer<T>, CallError> {
        if !self.status.is_success() {
            return Err(self.error(desk));
        }
        if self.is_page() {
            return Err(self.page(desk));
        }
        if !self.is_json() {
            return Err(not_an_api(desk));
        }
        match decode(&self.body, self.token.expose_secret()) {
            Some(value) => Ok(Answer { value, date: self.date }),
            None => Err(CallError::NotUnderstood(
                format!("The answer of {desk} is broken, or of a version that is not known here")
                    .into(),
            )),
        }
    }

    /// Why there is no file in an answer.
    pub(super) fn refused(&self, desk: &str) -> CallError {
        match self.status.is_success() {
            false => self.error(desk),
            true if self.is_page() => self.page(desk),
            true => not_an_api(desk),
        }
    }

    pub(super) fn error(&self, desk: &str) -> CallError {
        let status = self.status;
        if status.is_redirection() {
            // Not followed: the token is for this desk alone.
            return if is_login_address(&self.location) {
                login_page(desk)
            } else {
                CallError::NotUnderstood(
                    format!("{desk} sends us to another address, which is not followed: the token is for this one alone. Check the address of the desk").into(),
                )
            };
        }
        let problem = self.problem();
        if status == StatusCode::UNAUTHORIZED {
            let said = problem.map(|p| p.detail).filter(|d| !d.is_empty());
            return CallError::SignedOut(said.unwrap_or_else(|| {
                format!("Not logged in: {desk} does not accept the token").into()
            }));
        }
        let passing = status.is_server_error()
            || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY]
                .contains(&status);
        if passing {
            let retry_after = self
                .retry_after
                .or_else(|| (status == StatusCode::TOO_MANY_REQUESTS).then_some(SHORT_SILENCE));
            let said = problem.map(|p| p.detail).filter(|d| !d.is_empty());
            let what = said.unwrap_or_else(|| busy(desk, status, retry_after).into());
            return CallError::Busy { what, retry_after };
        }
        match problem {
            Some(problem) if status == StatusCode::FORBIDDEN => {
                CallError::NotAllowed(Box::new(problem))
            }
            Some(problem) if status.is_client_error() => CallError::Refused(Box::new(problem)),
            _ if self.is_page() => self.page(desk),
            _ if status == StatusCode::FORBIDDEN => CallError::NotAllowed(Box::new(Problem::new(
                Code::NotAllowed,
                format!("{desk} does not allow this"),
            ))),
            _ => not_an_api(desk),
        }
    }

    /// The desk's problem. One with a code that we do not know yet is still a sentence for people.
    fn problem(&self) -> Option<Problem> {
        if !self.is_json() {
            return None;
        }
        let token = self.token.expose_secret();
        if let Some(mut problem) = decode::<Problem>(&self.body, token) {
            problem.status = self.status.as_u16();
            return Some(problem);
        }
        let value: Value = decode(&self.body, token)?;
        let detail = value.get("detail").or_else(|| value.get("title"))?.as_str()?;
        let mut problem = Problem::new(code_of(self.status), detail);
        problem.status = self.status.as_u16();
        Some(problem)
    }

    fn is_json(&self) -> bool {
        self.media_type == "application/json"
            || (self.media_type.starts_with("application/") && self.media_type.ends_with("+json"))
    }

    fn is_page(&self) -> bool {
        if matches!(self.media_type.as_str(), "text/html" | "application/xhtml+xml") {
            return true;
        }
        let head = self.head(256);
        let head = head.trim_start();
        head.starts_with("<!doctype html") || head.starts_with("<html")
    }

    fn page(&self, desk: &str) -> CallError {
        let head = self.head(PAGE_HEAD);
        let asks_password = ["type=\"password\"", "type='password'", "type=password"]
            .iter()
            .any(|mark| head.contains(mark));
        let speaks_of_login =
            ["log in", "login", "log on", "logon", "sign in", "sign-in", "signin"]
                .iter()
                .any(|word| head.contains(word));
        if asks_password || (speaks_of_login && head.contains("<form")) {
            login_page(desk)
        } else {
            CallError::NotUnderstood(
                format!("{desk} answers with a page instead of data: it is not a case API, or something stands between; check the address of the desk")
                    .into(),
            )
        }
    }

    fn head(&self, bytes: usize) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(bytes)]).to_ascii_lowercase()
    }
}

fn login_page(desk: &str) -> CallError {
    CallError::SignedOut(format!("Not logged in: {desk} {LOGIN_PAGE}").into())
}

fn not_an_api(desk: &str) -> CallError {
    CallError::NotUnderstood(
        format!("What {desk} answers is not of a case API; check the address of the desk").into(),
    )
}

fn busy(desk: &str, status: StatusCode, silence: Option<Duration>) -> String {
    match (status, silence) {
        (StatusCode::TOO_MANY_REQUESTS, Some(silence)) => {
            format!(
                "{desk} was asked too often and wants to be left alone for {} s",
                silence.as_secs()
            )
        }
        _ => format!("{desk} cannot answer now ({})", status.as_u16()),
    }
}

fn is_login_address(location: &str) -> bool {
    ["login", "logon", "signin", "sign-in", "sign_in", "sso", "auth", "saml"]
        .iter()
        .any(|word| location.contains(word))
}

fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        401 => Code::Unauthorized,
        403 => Code::NotAllowed,
        404 => Code::NotFound,
        405 => Code::MethodNotAllowed,
        409 => Code::Rule,
        410 => Code::CursorGone,
        412 => Code::Stale,
        413 => Code::TooLarge,
        415 => Code::Unsupported,
        422 => Code::Invalid,
        429 => Code::TooMany,
        _ => Code::BadRequest,
    }
}

/// JSON without the token. It is looked for in decoded strings, so that no way of escaping hides it;
/// the detour is taken only when the bytes could hold it.
fn decode<T: DeserializeOwned>(body: &[u8], token: &str) -> Option<T> {
    let suspect = token.len() >= SHORTEST_SCRUBBED
        && [token.as_bytes(), b"\\u00".as_slice(), b"\\/".as_slice()]
            .iter()
            .any(|mark| body.windows(mark.len()).any(|window| window == *mark));
    if !suspect {
        return serde_json::from_slice(body).ok();
    }
    let mut value: Value = serde_json::from_slice(body).ok()?;
    scrub(&mut value, token);
    serde_json::from_value(value).ok()
}

fn scrub(value: &mut Value, token: &str) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = without(text, token) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, token)),
        Value::Object(fields) => fields.values_mut().for_each(|field| scrub(field, token)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn without<'a>(text: &'a str, token: &str) -> Cow<'a, str> {
    if text.contains(token) {
        Cow::Owned(text.replace(token, SCRUBBED))
    } else {
        Cow::Borrowed(text)
    }
}

/// When the answer was sent, by the desk's clock.
pub(super) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    headers.get(DATE).and_then(|date| date.to_str().ok()).and_then(instant)
}

/// A `Date`, as HTTP writes it.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| at.to_utc())
}

/// `Retry-After`: seconds, or an instant, which only the answer's own `Date` makes a duration.
fn silence(text: &str, date: Option<DateTime<Utc>>) -> Option<Duration> {
    let text = text.trim();
    let asked = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().map_or(LONGEST_SILENCE, Duration::from_secs)
    } else {
        (instant(text)? - date?).to_std().unwrap_or(Duration::ZERO)
    };
    Some(asked.min(LONGEST_SILENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_an_instant_and_is_capped() {
        let date = instant("Tue, 24 Nov 2026 09:00:00 GMT");
        assert!(date.is_some());
        let s = |n| Some(Duration::from_secs(n));
        for (text, date, meant) in [
            ("7", None, s(7)),
            (" 0 ", None, s(0)),
            ("9999", None, s(300)),
            ("99999999999999999999999", None, s(300)),
            ("Tue, 24 Nov 2026 09:00:20 GMT", date, s(20)),
            ("Tue, 24 Nov 2026 08:00:00 GMT", date, s(0)),
            ("Tue, 24 Nov 2026 19:00:00 GMT", date, s(300)),
            ("Tue, 24 Nov 2026 09:00:20 GMT", None, None),
            ("soon", date, None),
            ("", date, None),
            ("-3", date, None),
        ] {
            assert_eq!(silence(text, date), meant, "{text}");
        }
    }

    #[test]
    fn the_token_is_taken_out_of_answers_however_it_is_escaped() {
        let token = "s3cret/token";
        for body in [
            r#"{"detail":"you sent s3cret/token"}"#,
            r#"{"detail":"you sent s3cret\/token"}"#,
            r#"{"detail":"you sent \u00733cret/token"}"#,
        ] {
            let value: Value = decode(body.as_bytes(), token).unwrap();
            assert_eq!(value["detail"], "you sent [token]", "{body}");
        }
    }
}
