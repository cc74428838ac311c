//! What the pages load besides themselves: one stylesheet, one script, both ours.

use axum::extract::RawQuery;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::service::http::answer::is_known;
use crate::service::http::parameters::Known;
use crate::service::tokens::hex;

/// A file that is part of the program.
pub(crate) struct Asset {
    path: &'static str,
    media_type: &'static str,
    content: &'static str,
}

pub(crate) const STYLE: Asset = Asset {
    path: "/style.css",
    media_type: "text/css; charset=utf-8",
    content: include_str!("../../../../assets/form/style.css"),
};

pub(crate) const SCRIPT: Asset = Asset {
    path: "/form.js",
    media_type: "text/javascript; charset=utf-8",
    content: include_str!("../../../../assets/form/form.js"),
};

impl Asset {
    fn version(&self) -> String {
        let mut version = hex(&Sha256::digest(self.content));
        version.truncate(16);
        version
    }

    /// Its address, which changes with its content: so it may be kept for ever.
    pub(crate) fn href(&self) -> String {
        format!("{}?v={}", self.path, self.version())
    }

    fn answer(&self, request: &HeaderMap, query: Option<&str>) -> Response {
        let version = self.version();
        let known = is_known(request, &version);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            self.content.into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        let named = query.and_then(|query| query.strip_prefix("v=")) == Some(&version);
        let keep = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
        if let Ok(tag) = HeaderValue::try_from(format!("\"{version}\"")) {
            headers.insert(header::ETAG, tag);
        }
        response
    }
}

/// The style of the pages
#[utoipa::path(
    get, path = "/style.css", tag = "pages", security(()), params(Known),
    responses((status = 200, description = "It.", body = String, content_type = "text/css")),
)]
pub(super) async fn style(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    STYLE.answer(&headers, query.as_deref())
}

/// The script of the pages
#[utoipa::path(
    get, path = "/form.js", tag = "pages", security(()), params(Known),
    responses((status = 200, description = "It.", body = String, content_type = "text/javascript")),
)]
pub(super) async fn script(RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    SCRIPT.answer(&headers, query.as_deref())
}
