//! The public outline of upcoming corrections: a page, and the same as an Atom feed (RFC 4287).
//!
//! The note is what Product Management writes for readers, so it is public. Rejected corrections are not shown,
//! released ones for 90 days. The feed's ids are made from the desk's own secret, so they stay the same for
//! ever, wherever the desk is reached, and need no setting.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::shown::{Words, instant};
use super::{Told, page};
use crate::service::Service;
use crate::service::http::answer::is_known;
use crate::service::http::parameters::Known;
use crate::service::problem::internal;
use crate::service::store::Outlined;
use crate::service::tokens::hex;

/// How long a released correction is shown.
const RELEASED: TimeDelta = TimeDelta::days(90);
/// Entries of the feed.
const ENTRIES: usize = 100;

/// When a correction is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    HotFix,
    NextRelease,
    FutureRelease,
    Open,
}

impl Plan {
    const ALL: [Self; 4] = [Self::HotFix, Self::NextRelease, Self::FutureRelease, Self::Open];

    fn of(word: Option<&str>) -> Self {
        let known = |plan: &Self| Some(plan.word()) == word;
        Self::ALL.into_iter().find(known).unwrap_or(Self::Open)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::HotFix => "hot_fix",
            Self::NextRelease => "next_release",
            Self::FutureRelease => "future_release",
            Self::Open => "open",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::HotFix => "Hot fix",
            Self::NextRelease => "Next release",
            Self::FutureRelease => "Future release",
            Self::Open => "Not planned yet",
        }
    }
}

/// A status in words.
fn status(word: &str) -> &'static str {
    match word {
        "confirmed" => "Confirmed",
        "planned" => "Planned",
        "in_work" => "In work",
        "in_test" => "In test",
        "released" => "Released",
        "rejected" => "Will not be corrected",
        _ => "Known",
    }
}

/// A correction on a page.
pub(super) struct Public {
    pub(super) id: String,
    pub(super) title: Words,
    pub(super) plan: &'static str,
    /// The status's word, for the stylesheet.
    pub(super) word: String,
    pub(super) status: &'static str,
    pub(super) note: Option<Words>,
    pub(super) updated_at: String,
}

impl From<Outlined> for Public {
    fn from(outlined: Outlined) -> Self {
        Self {
            id: outlined.id.as_str().to_owned(),
            title: Words::new(outlined.title),
            plan: Plan::of(outlined.release_plan.as_deref()).title(),
            status: status(&outlined.status),
            word: outlined.status,
            note: outlined.note.filter(|note| !note.is_empty()).map(Words::new),
            updated_at: instant(outlined.updated_at),
        }
    }
}

struct Group {
    plan: Plan,
    corrections: Vec<Public>,
}

#[derive(Template)]
#[template(path = "corrections.html")]
struct OutlinePage {
    groups: Vec<Group>,
}

async fn upcoming(service: &Service) -> Result<Vec<Outlined>, Told> {
    Ok(service.store().outline(service.now() - RELEASED).await?)
}

/// The outline of upcoming corrections
#[utoipa::path(
    get, path = "/corrections", tag = "pages", operation_id = "corrections_page", security(()),
    responses((status = 200, description = "The outline.", body = String, content_type = "text/html")),
)]
pub(super) async fn show(State(service): State<Service>) -> Result<Response, Told> {
    let mut upcoming = upcoming(&service).await?;
    let mut groups = Vec::new();
    for plan in Plan::ALL {
        let (own, rest): (Vec<_>, Vec<_>) = upcoming
            .into_iter()
            .partition(|correction| Plan::of(correction.release_plan.as_deref()) == plan);
        upcoming = rest;
        if !own.is_empty() {
            groups.push(Group { plan, corrections: own.into_iter().map(Public::from).collect() });
        }
    }
    Ok(page(200, &OutlinePage { groups }))
}

#[derive(Template)]
#[template(path = "corrections.xml")]
struct Feed {
    id: String,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    anchor: String,
    title: Words,
    updated: String,
    plan: &'static str,
    status: &'static str,
    note: Option<Words>,
}

/// The outline of upcoming corrections, as an Atom feed
#[utoipa::path(
    get, path = "/corrections.atom", tag = "pages", operation_id = "corrections_feed", security(()), params(Known),
    responses((status = 200, description = "The feed.", body = String, content_type = "application/atom+xml")),
)]
pub(super) async fn feed(
    State(service): State<Service>,
    headers: HeaderMap,
) -> Result<Response, Told> {
    let secret = service.store().meta("cursor_secret").await?.unwrap_or_default();
    let upcoming = upcoming(&service).await?;
    // With nothing in it, the feed was last changed at the beginning of time.
    let updated = upcoming.iter().map(|c| c.updated_at).max().unwrap_or(DateTime::UNIX_EPOCH);
    let entries = upcoming.into_iter().take(ENTRIES).map(|outlined| {
        let (id, at) = (stable_id(&secret, outlined.id.as_str()), rfc3339(outlined.updated_at));
        let Public { id: anchor, title, plan, status, note, .. } = Public::from(outlined);
        Entry { id, anchor, title, updated: at, plan, status, note }
    });
    let feed =
        Feed { id: stable_id(&secret, ""), updated: rfc3339(updated), entries: entries.collect() };
    let text = feed.render().map_err(|error| {
        tracing::error!(%error, "the feed could not be written");
        internal()
    })?;
    let mut tag = hex(&Sha256::digest(&text));
    tag.truncate(32);
    let mut response = if is_known(&headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        text.into_response()
    };
    let headers = response.headers_mut();
    let media_type = HeaderValue::from_static("application/atom+xml; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The id of a correction in the feed, or of the feed itself: the same for ever on one desk, and nobody
/// else's.
fn stable_id(secret: &str, correction: &str) -> String {
    #[allow(clippy::expect_used, reason = "cannot fail: HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key");
    mac.update(b"atom ");
    mac.update(correction.as_bytes());
    let mut id = [0; 16];
    for (byte, drawn) in id.iter_mut().zip(mac.finalize().into_bytes()) {
        *byte = drawn;
    }
    uuid::Builder::from_custom_bytes(id).into_uuid().urn().to_string()
}
