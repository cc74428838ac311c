//! The case API over HTTP: routes, and how answers, refusals and failures look on the wire.

mod answer;
mod handlers;
mod read;

use std::any::Any;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use super::Service;
use super::problem::{internal, not_found, problem};
use crate::wire::Code;
use answer::Refused;

/// All routes of the service.
pub(super) fn router(service: Service) -> Router {
    Router::new()
        .route("/healthz", get(handlers::healthz))
        .route("/readyz", get(handlers::readyz))
        .route("/api/v1/me", get(handlers::me))
        .route("/api/v1/policy", get(handlers::policy))
        .route("/api/v1/changes", get(handlers::changes))
        .route("/api/v1/cases", get(handlers::search).post(handlers::report))
        .route("/api/v1/cases/{id}", get(handlers::case))
        .route("/api/v1/cases/{id}/actions", post(handlers::act))
        .route("/api/v1/audit", get(handlers::audit))
        .fallback(async || Refused(not_found()))
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

/// What every answer has, and the one log record of each request. Neither query, body nor headers get
/// into the log: they hold cursors, tokens and customers' words.
async fn around(State(service): State<Service>, request: Request, next: Next) -> Response {
    let begun = service.now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    // The bytes after a chunked body are not followed, so there must be none.
    let last = request.headers().contains_key(header::TRANSFER_ENCODING);
    let mut response = match read::one_meaning(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => Refused(problem).into_response(),
    };
    let now = service.now();
    let headers = response.headers_mut();
    if last {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Clients set their clocks by it, so it is the desk's clock, not the machine's.
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(date) = HeaderValue::try_from(date) {
        headers.insert(header::DATE, date);
    }
    tracing::info!(
        %method,
        path = path.as_ref().map_or("(none)", MatchedPath::as_str),
        status = response.status().as_u16(),
        ms = (now - begun).num_milliseconds(),
        "request"
    );
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;

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
}
