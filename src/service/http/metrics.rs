//! `GET /metrics`: numbers of the whole desk, so for its operators alone. Whoever may not read them is told
//! that there is nothing, since partners must not learn each other's volumes.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::answer::Refused;
use super::read::Caller;
use crate::domain::Role;
use crate::service::Service;
use crate::service::edge::Came;
use crate::service::metrics::OPEN_METRICS;
use crate::service::problem::not_found;
use crate::wire::Code;

/// Numbers of the desk, for its operators
///
/// With a token, an administrator's; without one, from this machine or the nets that the desk names.
#[utoipa::path(
    get, path = "/metrics", tag = "service", security((), ("token" = [])),
    responses(
        (status = 200, description = "OpenMetrics text.", body = String, content_type = OPEN_METRICS),
        (status = 404),
    ),
)]
pub(super) async fn metrics(
    State(service): State<Service>,
    request: Request,
) -> Result<Response, Refused> {
    let (mut parts, _) = request.into_parts();
    if parts.headers.contains_key(header::AUTHORIZATION) {
        match Caller::from_request_parts(&mut parts, &service).await {
            Ok(caller) if caller.actor().role == Role::Admin => {}
            Err(Refused(problem)) if problem.code != Code::Unauthorized => {
                return Err(Refused(problem));
            }
            Ok(_) | Err(_) => return Err(not_found().into()),
        }
    } else if !parts.extensions.get::<Came>().is_some_and(|came| came.reads_metrics) {
        return Err(not_found().into());
    }
    let mut response = Response::new(Body::from(service.metrics_text().await?));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
    Ok(response)
}
