//! The public pages: report a case, follow one, and the outline of upcoming corrections. Plain HTML that works
//! without script, loads nothing from elsewhere and sets no cookie. Who follows a case says its id and the
//! e-mail address in a form, never in an address that histories and logs keep.

pub(crate) mod assets;
mod case;
mod form;
mod keys;
mod outline;
mod report;
mod shown;

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Refused;
use crate::service::Service;
use crate::service::problem::{internal, problem};
use crate::wire::{Code, Problem};
use keys::KeyTries;

/// What a page may do: our own style and script, our own forms, nothing else.
const MAY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                   img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The routes of the pages.
pub(super) fn routes() -> OpenApiRouter<Service> {
    OpenApiRouter::default()
        .routes(routes!(report::show, report::post))
        .routes(routes!(case::show, case::post))
        .routes(routes!(outline::show))
        .routes(routes!(outline::feed))
        .routes(routes!(assets::style))
        .routes(routes!(assets::script))
        .layer(middleware::from_fn(guard))
        .layer(Extension(Arc::new(KeyTries::default())))
}

/// What browsers are told of every page.
async fn guard(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    guarded(response.headers_mut());
    response
}

fn guarded(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(MAY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let own = HeaderValue::from_static("same-origin");
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), own.clone());
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), own);
}

/// A page.
fn page(status: u16, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, Html(text)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be written");
            Refused(internal()).into_response()
        }
    }
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    title: &'a str,
    detail: &'a str,
}

/// A problem as a page.
struct Told(Box<Problem>);

impl<E: Into<Box<Problem>>> From<E> for Told {
    fn from(problem: E) -> Self {
        Self(problem.into())
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let title = problem.title.raw();
        let mut response = page(problem.status, &Message { title, detail: problem.detail.raw() });
        retry_after(&mut response, problem.retry_after_s);
        response
    }
}

fn retry_after(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// What is nowhere: a page for those who read pages, else a problem.
pub(super) async fn nowhere(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if !accept.is_some_and(|accept| accept.starts_with("text/html")) {
        return Refused(crate::service::problem::not_found()).into_response();
    }
    let nothing = problem(Code::NotFound, "There is no page at this address.");
    let mut response = Told(nothing).into_response();
    guarded(response.headers_mut());
    response
}
