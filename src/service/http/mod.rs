//! The case API over HTTP: routes, and how answers, refusals and failures look on the wire.

mod answer;
mod attachments;
mod corrections;
mod download;
mod form;
mod handlers;
mod metrics;
mod openapi;
mod pages;
mod parameters;
mod read;

use std::any::Any;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Service;
use super::edge::{Came, REQUEST_ID, RequestId};
use super::problem::{internal, problem};
use crate::wire::Code;
use answer::Refused;

pub use openapi::document;

/// Browsers come by TLS alone from then on, for a year.
const ONLY_TLS: &str = "max-age=31536000";

/// All routes of the service, each with its documentation: CONTRIBUTING.md, "Adding a route".
fn documented() -> OpenApiRouter<Service> {
    OpenApiRouter::default()
        .routes(routes!(handlers::healthz))
        .routes(routes!(handlers::readyz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(handlers::openapi))
        .routes(routes!(handlers::me))
        .routes(routes!(handlers::policy))
        .routes(routes!(handlers::changes))
        .routes(routes!(handlers::search, handlers::report))
        .routes(routes!(handlers::case))
        .routes(routes!(handlers::act))
        .routes(routes!(corrections::corrections, corrections::open_correction))
        .routes(routes!(corrections::correction, corrections::amend_correction))
        .routes(routes!(corrections::link_cases))
        .routes(routes!(attachments::attachments, attachments::attach))
        .routes(routes!(attachments::download))
        .routes(routes!(handlers::audit))
        .merge(pages::routes())
}

pub(super) fn router(service: Service) -> Router {
    Router::from(documented())
        .fallback(pages::nowhere)
        .method_not_allowed_fallback(async || {
            Refused(problem(Code::MethodNotAllowed, "This address does not take that method."))
        })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(service.clone(), around))
        .with_state(service)
}

/// The panic's own text may hold data, so it is not told; the hook has written where it happened.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked");
    Refused(internal()).into_response()
}

/// What every answer has, the one log record of each request, and its place in the metrics. Neither query,
/// body nor headers get into the log: they hold cursors, tokens and customers' words.
async fn around(State(service): State<Service>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let id = RequestId::of(request.headers());
    let came = request.extensions().get::<Came>().copied();
    // The bytes after a chunked body are not followed, so there must be none.
    let last = request.headers().contains_key(header::TRANSFER_ENCODING);
    // Of the highest level, so that whatever is logged bears the id.
    let span = tracing::error_span!("request", request_id = %id, user = tracing::field::Empty);
    let answering = async {
        match read::one_meaning(&request) {
            Ok(()) => next.run(request).await,
            Err(problem) => Refused(problem).into_response(),
        }
    };
    let mut response = answering.instrument(span.clone()).await;
    if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
        let mut problem = internal();
        problem.request_id = Some(id.to_string());
        response = Refused(problem).into_response();
    }
    let headers = response.headers_mut();
    if last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    // Style, script and feed say themselves for how long they are good.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if came.is_some_and(|came| came.secure) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONLY_TLS));
    }
    if let Ok(id) = HeaderValue::try_from(id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    // Clients set their clocks by it, so it is the desk's clock, not the machine's.
    let date = service.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        headers.insert(header::DATE, date);
    }
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    service.metrics().answered(route, &method, status, took);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    span.in_scope(|| tracing::info!(%method, route, status, ms, "request"));
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::clock::ManualClock;
    use crate::sla::policy::Policy;
    use crate::wire::Problem;

    #[tokio::test]
    async fn a_panic_is_a_problem_that_tells_nothing() {
        let app = Router::new()
            .route("/", get(async || -> Response { panic!("the secret is 42") }))
            .layer(CatchPanicLayer::custom(panicked));
        let response = app.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()[header::CONTENT_TYPE], crate::wire::PROBLEM_JSON);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("42"));
    }

    #[tokio::test]
    async fn a_failure_names_the_request_under_which_the_log_tells_more() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-24T10:00:00Z".parse().unwrap()));
        let policy = Arc::new(Policy::embedded());
        let service = Service::open(folder.path(), policy, clock).await.unwrap();
        let app = Router::new()
            .route("/", get(async || -> Response { panic!("the secret is 42") }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(middleware::from_fn_with_state(service.clone(), around));
        let request = Request::get("/").header("host", "desk").header("x-request-id", "r-7");
        let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["x-request-id"], "r-7");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!((problem.code, problem.request_id.as_deref()), (Code::Internal, Some("r-7")));
    }
}
