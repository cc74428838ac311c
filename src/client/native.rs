//! The native case API over HTTP: one client for one desk. Builds requests, keeps deadlines and bounds;
//! what an answer means is `answer`'s to say, what a failure means `failure`'s. Never retries: that is
//! for `sync`, or for the person.

mod answer;
mod failure;
mod files;
mod route;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::FutureExt;
use reqwest::header::{ACCEPT, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use reqwest::{RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use url::Url;
use uuid::Uuid;

use self::answer::Raw;
use self::failure::Asked;
use self::route::Route;
use super::files::{Downloaded, Partial, Receiver, Upload};
use super::token::{Fingerprint, Tokens};
use super::{Answer, Call, CallError, CaseApi, Fetched, Outline};
use crate::domain::{
    Action, Amendment, Attachment, CaseId, Correction, CorrectionDetail, CorrectionId, Revision,
};
use crate::sla::policy::PolicyDocument;
use crate::wire::{
    Acted, Code, CorrectionDraft, Corrections, Feed, Found, Links, Me, PROBLEM_JSON, Problem,
    Report, Reported,
};

pub use self::route::{ConnectError, Proxies};

/// How long each phase of a call may take, and how large an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Name, connection and TLS together.
    pub connect: Duration,
    /// From then on until the answer begins; the time that a feed request is held comes on top.
    pub headers: Duration,
    /// Between two pieces of the answer.
    pub piece: Duration,
    /// The answer as a whole.
    pub body: Duration,
    /// Bytes, after decompression.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            headers: Duration::from_secs(10),
            piece: Duration::from_secs(10),
            body: Duration::from_secs(30),
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// How a desk is asked, besides its address and the token.
#[derive(Default)]
pub struct Options {
    /// Plain http to another machine, where others can read the token on its way.
    pub allow_insecure_http: bool,
    pub limits: Limits,
    pub proxies: Proxies,
    /// Certificates in PEM of authorities that are trusted besides the system's.
    pub authorities: Vec<u8>,
    /// Where the token is read again once the desk no longer takes it; None: nowhere.
    pub tokens: Option<Arc<dyn Tokens>>,
}

/// One desk's case API.
pub struct NativeApi {
    route: Route,
    /// The one in use.
    token: Mutex<SecretString>,
    tokens: Option<Arc<dyn Tokens>>,
    /// Held while the token is read again: once for all that were refused with it.
    rereading: tokio::sync::Mutex<()>,
    limits: Limits,
}

impl fmt::Debug for NativeApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NativeApi").field(&self.route.desk).finish()
    }
}

impl NativeApi {
    /// A client for the desk at `url`, given with or without its API path. Nothing is sent yet.
    ///
    /// # Errors
    /// The address or the token cannot be used, or plain http to another machine was not allowed.
    pub fn new(
        url: &Url,
        token: SecretString,
        allow_insecure_http: bool,
    ) -> Result<Self, ConnectError> {
        Self::with(url, token, Options { allow_insecure_http, ..Options::default() })
    }

    /// The same, asked in another way.
    ///
    /// # Errors
    /// As [`NativeApi::new`], and if proxy or authorities cannot be used.
    pub fn with(url: &Url, token: SecretString, options: Options) -> Result<Self, ConnectError> {
        let route = Route::to(url, &options)?;
        if !is_usable(&token) {
            return Err(ConnectError::BadToken);
        }
        let Options { limits, tokens, .. } = options;
        let rereading = tokio::sync::Mutex::default();
        Ok(Self { route, token: Mutex::new(token), tokens, rereading, limits })
    }

    /// The desk's name as sentences use it: "desk.example.org".
    #[must_use]
    pub fn desk(&self) -> &str {
        &self.route.desk
    }

    fn token(&self) -> SecretString {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another token than the one that was refused, if there is one by now.
    async fn reread(&self, refused: &SecretString) -> Result<Option<SecretString>, String> {
        let _alone = self.rereading.lock().await;
        let is_other = |token: &SecretString| token.expose_secret() != refused.expose_secret();
        let current = self.token();
        if is_other(&current) {
            return Ok(Some(current));
        }
        let Some(tokens) = &self.tokens else { return Ok(None) };
        let read = tokens.read().await?;
        if !is_other(&read) || !is_usable(&read) {
            return Ok(None);
        }
        tracing::info!(desk = self.desk(), "the token was changed");
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = read.clone();
        Ok(Some(read))
    }

    /// An address below the API path; segments are percent-encoded.
    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.route.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn correction_url(&self, id: &CorrectionId, rest: &[&str]) -> Result<Url, CallError> {
        let id = askable("correction", id.as_str())?;
        Ok(self.url(&[&["corrections", id], rest].concat()))
    }

    /// Sends a request and reads the answer whole, within the deadlines and bounds. One that is refused for
    /// its token is sent once more if there is another token by now: it is the same request, so what acts
    /// once still does.
    async fn exchange(
        &self,
        request: RequestBuilder,
        asked: Asked,
        held: Duration,
    ) -> Result<Raw, CallError> {
        let again = request.try_clone();
        let token = self.token();
        let raw = self.exchange_with(&token, request, asked, held).await?;
        if raw.status != StatusCode::UNAUTHORIZED {
            return Ok(raw);
        }
        match (self.reread(&token).await, again) {
            (Ok(Some(other)), Some(again)) => self.exchange_with(&other, again, asked, held).await,
            (Ok(_), _) => Ok(raw),
            (Err(why), _) => Err(failure::not_reread(raw.error(self.desk()), &why)),
        }
    }

    async fn exchange_with(
        &self,
        token: &SecretString,
        request: RequestBuilder,
        asked: Asked,
        held: Duration,
    ) -> Result<Raw, CallError> {
        let request = request.header(ACCEPT, format!("application/json, {PROBLEM_JSON}"));
        let response = self.begin(token, request, self.limits.headers + held).await?;
        self.whole(response, token, asked).await
    }

    /// Sends a request with the token; gives what begins to be answered.
    async fn begin(
        &self,
        token: &SecretString,
        request: RequestBuilder,
        within: Duration,
    ) -> Result<Response, CallError> {
        let request = request.bearer_auth(token.expose_secret());
        match tokio::time::timeout(within, request.send()).await {
            Err(_) => Err(failure::silent(self.desk(), within)),
            Ok(Err(error)) => Err(failure::of_sending(&self.route, &error, self.limits)),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// The answer, read whole.
    async fn whole(
        &self,
        response: Response,
        token: &SecretString,
        asked: Asked,
    ) -> Result<Raw, CallError> {
        let status = response.status();
        let headers = response.headers().clone();
        let body = match tokio::time::timeout(self.limits.body, self.read(response, asked)).await {
            Err(_) => return Err(failure::stalled(self.desk())),
            Ok(read) => read?,
        };
        tracing::debug!(
            desk = self.desk(),
            status = status.as_u16(),
            bytes = body.len(),
            "answered"
        );
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Err(failure::proxy_asks(&self.route));
        }
        Ok(Raw::new(status, &headers, body, token.clone()))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        asked: Asked,
    ) -> Result<Vec<u8>, CallError> {
        let mut body = Vec::new();
        loop {
            match tokio::time::timeout(self.limits.piece, response.chunk()).await {
                Err(_) => return Err(failure::stalled(self.desk())),
                Ok(Err(error)) => return Err(failure::of_reading(self.desk(), &error, asked)),
                Ok(Ok(None)) => return Ok(body),
                Ok(Ok(Some(piece))) => {
                    if body.len() + piece.len() > self.limits.bytes {
                        return Err(failure::too_large(self.desk()));
                    }
                    body.extend_from_slice(&piece);
                }
            }
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        asked: Asked,
        held: Duration,
    ) -> Result<Answer<T>, CallError> {
        self.exchange(request, asked, held).await?.value(self.desk())
    }
}

impl CaseApi for NativeApi {
    fn fingerprint(&self) -> Option<Fingerprint> {
        Some(Fingerprint::of(&self.token()))
    }

    fn me(&self) -> Call<'_, Me> {
        self.ask(self.route.http.get(self.url(&["me"])), Asked::Read, Duration::ZERO).boxed()
    }

    fn policy(&self) -> Call<'_, PolicyDocument> {
        self.ask(self.route.http.get(self.url(&["policy"])), Asked::Read, Duration::ZERO).boxed()
    }

    fn changes<'a>(
        &'a self,
        cursor: Option<&'a str>,
        limit: usize,
        wait: Duration,
    ) -> Call<'a, Feed> {
        let mut url = self.url(&["changes"]);
        {
            let mut query = url.query_pairs_mut();
            if let Some(cursor) = cursor {
                query.append_pair("cursor", cursor);
            }
            query.append_pair("limit", &limit.to_string());
            if !wait.is_zero() {
                query.append_pair("wait", &wait.as_secs().to_string());
            }
        }
        self.ask(self.route.http.get(url), Asked::Read, wait).boxed()
    }

    fn case<'a>(&'a self, id: &'a CaseId, known: Option<Revision>) -> Call<'a, Fetched> {
        async move {
            let mut request =
                self.route.http.get(self.url(&["cases", askable("case", id.as_str())?]));
            if let Some(revision) = known {
                request = request.header(IF_NONE_MATCH, format!("\"{revision}\""));
            }
            let raw = self.exchange(request, Asked::Read, Duration::ZERO).await?;
            if known.is_some() && raw.status == StatusCode::NOT_MODIFIED {
                return Ok(Answer { date: raw.date, value: Fetched::Unchanged });
            }
            let Answer { value, date } = raw.value(self.desk())?;
            Ok(Answer { value: Fetched::Case(Box::new(value)), date })
        }
        .boxed()
    }

    fn act<'a>(
        &'a self,
        id: &'a CaseId,
        key: Uuid,
        if_match: Option<Revision>,
        action: &'a Action,
    ) -> Call<'a, Acted> {
        async move {
            let url = self.url(&["cases", askable("case", id.as_str())?, "actions"]);
            let request = marked(self.route.http.post(url).json(action), key, if_match);
            self.ask(request, Asked::Write, Duration::ZERO).await
        }
        .boxed()
    }

    fn report<'a>(&'a self, report: &'a Report) -> Call<'a, Reported> {
        let request = self.route.http.post(self.url(&["cases"])).json(report);
        self.ask(request, Asked::Write, Duration::ZERO).boxed()
    }

    fn attachments<'a>(&'a self, id: &'a CaseId) -> Call<'a, Vec<Attachment>> {
        async move {
            let request = self.route.http.get(self.url(&[
                "cases",
                askable("case", id.as_str())?,
                "attachments",
            ]));
            self.ask(request, Asked::Read, Duration::ZERO).await
        }
        .boxed()
    }

    fn upload<'a>(&'a self, id: &'a CaseId, key: Uuid, file: Upload) -> Call<'a, Attachment> {
        self.send_file(id, key, file).boxed()
    }

    fn download<'a>(
        &'a self,
        id: &'a CaseId,
        file: &'a str,
        have: Option<&'a Partial>,
        to: &'a mut dyn Receiver,
    ) -> Call<'a, Downloaded> {
        self.bring_file(id, file, have, to).boxed()
    }

    fn search<'a>(&'a self, words: &'a str, after: Option<&'a CaseId>) -> Call<'a, Found> {
        let mut url = self.url(&["cases"]);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("q", words);
            if let Some(after) = after {
                query.append_pair("after", after.as_str());
            }
        }
        self.ask(self.route.http.get(url), Asked::Read, Duration::ZERO).boxed()
    }

    fn corrections<'a>(&'a self, outline: &'a Outline) -> Call<'a, Corrections> {
        let mut url = self.url(&["corrections"]);
        {
            let mut query = url.query_pairs_mut();
            let statuses: Vec<&str> = outline.statuses.iter().map(|status| status.word()).collect();
            if !statuses.is_empty() {
                query.append_pair("status", &statuses.join(","));
            }
            if let Some(after) = &outline.after {
                query.append_pair("after", after.as_str());
            }
        }
        self.ask(self.route.http.get(url), Asked::Read, Duration::ZERO).boxed()
    }

    fn correction<'a>(&'a self, id: &'a CorrectionId) -> Call<'a, CorrectionDetail> {
        async move {
            let url = self.correction_url(id, &[])?;
            self.ask(self.route.http.get(url), Asked::Read, Duration::ZERO).await
        }
        .boxed()
    }

    fn open_correction<'a>(
        &'a self,
        key: Uuid,
        draft: &'a CorrectionDraft,
    ) -> Call<'a, Correction> {
        let request = self.route.http.post(self.url(&["corrections"])).json(draft);
        self.ask(marked(request, key, None), Asked::Write, Duration::ZERO).boxed()
    }

    fn amend_correction<'a>(
        &'a self,
        id: &'a CorrectionId,
        key: Uuid,
        if_match: Option<Revision>,
        amendment: &'a Amendment,
    ) -> Call<'a, Correction> {
        async move {
            let request = self.route.http.patch(self.correction_url(id, &[])?).json(amendment);
            self.ask(marked(request, key, if_match), Asked::Write, Duration::ZERO).await
        }
        .boxed()
    }

    fn link_cases<'a>(
        &'a self,
        id: &'a CorrectionId,
        key: Uuid,
        if_match: Option<Revision>,
        cases: &'a [CaseId],
    ) -> Call<'a, Correction> {
        async move {
            let links = Links { cases: cases.to_vec() };
            let request = self.route.http.post(self.correction_url(id, &["cases"])?).json(&links);
            self.ask(marked(request, key, if_match), Asked::Write, Duration::ZERO).await
        }
        .boxed()
    }
}

/// A write that acts once, and only on what it was meant for.
fn marked(request: RequestBuilder, key: Uuid, if_match: Option<Revision>) -> RequestBuilder {
    let request = request.header("idempotency-key", key.to_string());
    match if_match {
        None => request,
        Some(revision) => request.header(IF_MATCH, format!("\"{revision}\"")),
    }
}

/// The id as a path segment. Ids that would change the path itself cannot be asked for: no desk has them.
fn askable<'i>(what: &str, id: &'i str) -> Result<&'i str, CallError> {
    match id {
        "" | "." | ".." => Err(CallError::Refused(Box::new(Problem::new(
            Code::NotFound,
            format!("There is no {what} \"{id}\"."),
        )))),
        id => Ok(id),
    }
}

fn is_usable(token: &SecretString) -> bool {
    let token = token.expose_secret();
    !token.is_empty()
        && !token.contains(char::is_whitespace)
        && HeaderValue::from_str(token).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(url: &str) -> Result<NativeApi, ConnectError> {
        NativeApi::new(&Url::parse(url).unwrap(), "t0ken-of-a-test".into(), false)
    }

    #[test]
    fn the_address_is_taken_with_or_without_its_api_path() {
        for (given, base) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v1/"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/api/v1/"),
            ("http://127.0.0.1:8080/api/v1", "http://127.0.0.1:8080/api/v1/"),
            ("http://localhost/desk/api/v1/?x=1#y", "http://localhost/desk/api/v1/"),
            ("http://[::1]/desk", "http://[::1]/desk/api/v1/"),
        ] {
            assert_eq!(api(given).unwrap().route.base.as_str(), base, "{given}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_refused_unless_it_is_asked_for() {
        for url in ["http://desk.example.org", "http://10.0.0.8:80", "http://localhost.example.org"]
        {
            let error = api(url).unwrap_err();
            assert!(matches!(error, ConnectError::Insecure { .. }), "{url}: {error}");
            assert!(error.to_string().contains("CASELOAD_INSECURE_HTTP=1"), "{error}");
        }
        let url = Url::parse("http://desk.example.org").unwrap();
        let allowed = NativeApi::new(&url, "t0ken-of-a-test".into(), true).unwrap();
        assert_eq!(allowed.desk(), "desk.example.org");
    }

    #[test]
    fn addresses_and_tokens_that_cannot_be_used_are_refused_without_being_repeated() {
        assert_eq!(api("ftp://desk.example.org").unwrap_err(), ConnectError::NotHttp);
        let error = api("https://me:hush@desk.example.org").unwrap_err();
        assert_eq!(error, ConnectError::Credentials);
        assert!(!error.to_string().contains("hush"));
        let url = Url::parse("http://127.0.0.1").unwrap();
        for token in ["", "two words", "line\nbreak"] {
            let error = NativeApi::new(&url, token.into(), false).unwrap_err();
            assert_eq!(error, ConnectError::BadToken);
        }
    }

    #[test]
    fn an_id_is_one_segment_of_the_path_whatever_is_in_it() {
        let api = api("http://127.0.0.1/desk").unwrap();
        assert_eq!(
            api.url(&["cases", "C-1/../../x?y#z ü"]).as_str(),
            "http://127.0.0.1/desk/api/v1/cases/C-1%2F..%2F..%2Fx%3Fy%23z%20%C3%BC"
        );
        for id in ["", ".", ".."] {
            assert!(matches!(askable("case", id), Err(CallError::Refused(_))), "{id:?}");
        }
    }
}
