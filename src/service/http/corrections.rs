//! The routes of corrections.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;

use super::answer::{bytes, json};
use super::handlers::{Handled, page_limit};
use super::parameters::{CorrectionPathId, Limit, MayHaveKey, Outline, Seen};
use super::read::{Caller, body, idempotency_key, if_match, parameter};
use crate::domain::{Amendment, Correction, CorrectionDetail, CorrectionId, CorrectionStatus};
use crate::service::Service;
use crate::service::act::StoredAnswer;
use crate::service::corrections::Deed;
use crate::service::problem::{Answered, field, internal, invalid, not_found};
use crate::service::store::Page;
use crate::wire::{CorrectionDraft, Corrections, Links};

type CorrectionPath = Result<Path<String>, PathRejection>;

/// A path that cannot be read names no correction.
fn correction_id(path: CorrectionPath) -> Answered<CorrectionId> {
    path.map(|Path(id)| CorrectionId::new(id)).map_err(|_| not_found())
}

/// The statuses that are asked for, commas between them; None: any.
fn statuses(query: Option<&str>) -> Answered<Option<Vec<CorrectionStatus>>> {
    let given = parameter(query, "status").filter(|given| !given.is_empty());
    let Some(given) = given else { return Ok(None) };
    let mut statuses = given
        .split(',')
        .map(|word| word.trim().parse::<CorrectionStatus>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|unknown| invalid(vec![field("status", unknown.to_string())]))?;
    statuses.sort();
    statuses.dedup();
    Ok(Some(statuses))
}

/// The outline of upcoming corrections
///
/// Newest first. `cases` counts those that the caller may see.
#[utoipa::path(
    get, path = "/api/v1/corrections", tag = "corrections", params(Outline, Limit),
    responses((status = 200, description = "A page.", body = Corrections)),
)]
pub(super) async fn corrections(
    caller: Caller,
    State(service): State<Service>,
    RawQuery(query): RawQuery,
) -> Handled {
    let query = query.as_deref();
    let page = Page {
        statuses: statuses(query)?,
        after: parameter(query, "after").filter(|id| !id.is_empty()).map(CorrectionId::new),
        limit: page_limit(query)?,
    };
    Ok(json(&service.corrections(caller.actor(), &page).await?)?)
}

/// One correction, with its cases and its history
#[utoipa::path(
    get, path = "/api/v1/corrections/{id}", tag = "corrections", params(CorrectionPathId),
    responses((
        status = 200, description = "The correction.", body = CorrectionDetail,
        headers(("ETag" = String, description = "The revision, as `If-Match` takes it")),
    )),
)]
pub(super) async fn correction(
    caller: Caller,
    State(service): State<Service>,
    path: CorrectionPath,
) -> Handled {
    let detail = service.correction(caller.actor(), &correction_id(path)?).await?;
    // What `If-Match` takes. Links do not count in it, so it says nothing of whether a copy is good enough.
    Ok(with_tag(json(&detail)?, detail.correction.revision))
}

/// Opens a correction
///
/// For product managers and administrators; an engineer opens one by escalating a case with `new_correction`.
#[utoipa::path(
    post, path = "/api/v1/corrections", tag = "corrections", params(MayHaveKey),
    request_body = CorrectionDraft,
    responses((
        status = 201, description = "Opened.", body = Correction,
        headers(
            ("Location" = String, description = "The correction's address"),
            ("ETag" = String, description = "The revision, as `If-Match` takes it"),
        ),
    ), (status = 403)),
)]
pub(super) async fn open_correction(
    caller: Caller,
    State(service): State<Service>,
    request: Request,
) -> Handled {
    let key = idempotency_key(request.headers())?;
    let draft: CorrectionDraft = body(request, &["title"]).await?;
    let answer = service.correct_once(caller.actor(), key, Deed::Open(draft)).await?;
    let location = format!("/api/v1/corrections/{}", told(&answer)?.id.as_str());
    let mut response = answered(answer)?;
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Sets plan, status, title or note of a correction
///
/// A `reason` is needed for a plan that departs from the matrix (the worst of the linked cases counts), and to take
/// up again what was released or rejected. The customers of linked cases are told of plan and status.
#[utoipa::path(
    patch, path = "/api/v1/corrections/{id}", tag = "corrections",
    params(CorrectionPathId, MayHaveKey, Seen), request_body = Amendment,
    responses((
        status = 200, description = "As it is now.", body = Correction,
        headers(("ETag" = String, description = "The revision, as `If-Match` takes it")),
    ), (status = 403)),
)]
pub(super) async fn amend_correction(
    caller: Caller,
    State(service): State<Service>,
    path: CorrectionPath,
    request: Request,
) -> Handled {
    let id = correction_id(path)?;
    let key = idempotency_key(request.headers())?;
    let if_match = if_match(request.headers());
    let amendment: Amendment = body(request, &[]).await?;
    let deed = Deed::Amend { id, if_match, amendment };
    Ok(answered(service.correct_once(caller.actor(), key, deed).await?)?)
}

/// Links cases to a correction
///
/// All of them, or none. A case must have been at 2nd level; one that is linked to another correction is moved.
#[utoipa::path(
    post, path = "/api/v1/corrections/{id}/cases", tag = "corrections",
    params(CorrectionPathId, MayHaveKey, Seen), request_body = Links,
    responses((
        status = 200, description = "The correction as it is now.", body = Correction,
        headers(("ETag" = String, description = "The revision, as `If-Match` takes it")),
    ), (status = 403)),
)]
pub(super) async fn link_cases(
    caller: Caller,
    State(service): State<Service>,
    path: CorrectionPath,
    request: Request,
) -> Handled {
    let id = correction_id(path)?;
    let key = idempotency_key(request.headers())?;
    let if_match = if_match(request.headers());
    let links: Links = body(request, &["cases"]).await?;
    let deed = Deed::Link { id, if_match, cases: links.cases };
    Ok(answered(service.correct_once(caller.actor(), key, deed).await?)?)
}

/// The correction in an answer that was kept, or made just now.
fn told(answer: &StoredAnswer) -> Answered<Correction> {
    serde_json::from_slice(&answer.body).map_err(|_| internal())
}

/// A correction with its tag, or a refusal.
fn answered(answer: StoredAnswer) -> Answered<Response> {
    if answer.status >= 400 {
        return Ok(bytes(answer.status, answer.body));
    }
    let revision = told(&answer)?.revision;
    Ok(with_tag(bytes(answer.status, answer.body), revision))
}

fn with_tag(mut response: Response, revision: u64) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{revision}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}
