//! One function for each route.

use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::answer::{Refused, bytes, json, tagged};
use super::openapi::document;
use super::parameters::{
    After, CasePathId, Key, Known, Limit, MayHaveKey, Query, Seen, Since, Wait,
};
use super::read::{Caller, body, idempotency_key, if_match, number, parameter};
use crate::domain::rules::role_may;
use crate::domain::{Action, ActionKind, CaseDetail, CaseId, Role};
use crate::service::problem::{Answered, internal, not_found, problem};
use crate::service::store::AuditPage;
use crate::service::{Service, tokens};
use crate::sla::calendar::time_zone_version;
use crate::sla::policy::PolicyDocument;
use crate::wire::{Acted, Code, Feed, Found, MAX_PAGE, MAX_WAIT_S, Me, Report, Reported};

pub(super) type Handled = Result<Response, Refused>;
pub(super) type CasePath = Result<Path<String>, PathRejection>;

/// Of a report; the others may be left out.
const REPORT_FIELDS: [&str; 6] =
    ["subject", "description", "environment", "licence_key", "contact", "email"];

#[derive(Serialize, ToSchema)]
struct Health {
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the time zone data that business time is counted with.
    tzdata: &'static str,
}

/// Whether the service lives
#[utoipa::path(
    get, path = "/healthz", tag = "service", security(()),
    responses((status = 200, description = "It does.", body = Health)),
)]
pub(super) async fn healthz() -> Handled {
    Ok(json(&Health { status: "ok", tzdata: time_zone_version() })?)
}

#[derive(Serialize, ToSchema)]
struct Readiness {
    #[schema(example = "ready")]
    status: &'static str,
}

/// Whether the service can answer
///
/// It can while it reaches the desk's data.
#[utoipa::path(
    get, path = "/readyz", tag = "service", security(()),
    responses((status = 200, description = "It can.", body = Readiness)),
)]
pub(super) async fn readyz(State(service): State<Service>) -> Handled {
    match service.store().check().await {
        Ok(()) => Ok(json(&Readiness { status: "ready" })?),
        Err(error) => {
            tracing::error!(%error, "the store is not reached");
            Err(problem(Code::Unavailable, "The desk's data are not reached.").into())
        }
    }
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "service", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Map<String, serde_json::Value>)),
)]
pub(super) async fn openapi() -> Response {
    bytes(200, document().into())
}

/// Who the caller is, and what the role may do
#[utoipa::path(
    get, path = "/api/v1/me", tag = "desk",
    responses((status = 200, description = "The caller.", body = Me)),
)]
pub(super) async fn me(caller: Caller, State(service): State<Service>) -> Handled {
    let Caller(account) = caller;
    let role = account.actor.role;
    Ok(json(&Me {
        id: account.actor.id,
        name: account.actor.name,
        role,
        tier: role.tier(),
        partner: account.partner,
        may: ActionKind::ALL.iter().copied().filter(|kind| role_may(role, *kind)).collect(),
        mail: service.sends_mail(),
    })?)
}

/// The policy in force: targets, calendars, switches
#[utoipa::path(
    get, path = "/api/v1/policy", tag = "desk", params(Known),
    responses((status = 200, description = "The policy.", body = PolicyDocument)),
)]
pub(super) async fn policy(
    caller: Caller,
    State(service): State<Service>,
    headers: HeaderMap,
) -> Handled {
    let document = service.policy_for(caller.actor()).await?;
    let written = serde_json::to_vec(&document).map_err(|_| internal())?;
    let tag = tokens::hex(&Sha256::digest(written));
    Ok(tagged(&headers, tag.get(..32).unwrap_or(&tag), &document)?)
}

/// The change feed
///
/// Without a cursor: the caller's open cases, page by page. With the cursor of the page before: what changed
/// since; if nothing did, the answer is held for `wait` at most.
#[utoipa::path(
    get, path = "/api/v1/changes", tag = "cases", params(Since, Limit, Wait),
    responses((status = 200, description = "A page.", body = Feed), (status = 410)),
)]
pub(super) async fn changes(
    caller: Caller,
    State(service): State<Service>,
    RawQuery(query): RawQuery,
) -> Handled {
    let query = query.as_deref();
    let limit = page_limit(query)?;
    let wait = number(query, "wait", 0)?.min(MAX_WAIT_S);
    let cursor = parameter(query, "cursor").filter(|cursor| !cursor.is_empty());
    let wait = Duration::from_secs(wait);
    Ok(bytes(200, service.changes_json(caller.actor(), cursor.as_deref(), limit, wait).await?))
}

/// How many are wanted in one page.
pub(super) fn page_limit(query: Option<&str>) -> Answered<usize> {
    let limit = number(query, "limit", MAX_PAGE as u64)?;
    Ok(usize::try_from(limit).unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE))
}

/// Searches all cases of the caller, closed ones too, newest first
#[utoipa::path(
    get, path = "/api/v1/cases", tag = "cases", params(Query, Limit),
    responses((status = 200, description = "A page.", body = Found)),
)]
pub(super) async fn search(
    caller: Caller,
    State(service): State<Service>,
    RawQuery(query): RawQuery,
) -> Handled {
    let query = query.as_deref();
    let words = parameter(query, "q").unwrap_or_default();
    let after = parameter(query, "after").filter(|after| !after.is_empty()).map(CaseId::new);
    let limit = page_limit(query)?;
    Ok(json(&service.search(caller.actor(), &words, after.as_ref(), limit).await?)?)
}

/// A path that cannot be read names no case.
pub(super) fn case_id(path: CasePath) -> Answered<CaseId> {
    path.map(|Path(id)| CaseId::new(id)).map_err(|_| not_found())
}

/// One case, whole
#[utoipa::path(
    get, path = "/api/v1/cases/{id}", tag = "cases", params(CasePathId, Known),
    responses((status = 200, description = "The case.", body = CaseDetail)),
)]
pub(super) async fn case(
    caller: Caller,
    State(service): State<Service>,
    path: CasePath,
    headers: HeaderMap,
) -> Handled {
    let case = service.case(caller.actor(), &case_id(path)?).await?;
    Ok(tagged(&headers, &case.case.revision.to_string(), &case)?)
}

/// Reports a case
///
/// A licence key that nobody knows is no fault: the case is kept and flagged.
#[utoipa::path(
    post, path = "/api/v1/cases", tag = "cases", params(MayHaveKey), request_body = Report,
    responses((
        status = 201, description = "Registered.", body = Reported,
        headers(("Location" = String, description = "The case's address")),
    )),
)]
pub(super) async fn report(
    caller: Caller,
    State(service): State<Service>,
    request: Request,
) -> Handled {
    let key = idempotency_key(request.headers())?;
    let report: Report = body(request, &REPORT_FIELDS).await?;
    let answer = service.report_once(caller.actor(), key, report).await?;
    let id = serde_json::from_slice::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|answer| Some(answer.get("id")?.as_str()?.to_owned()))
        .ok_or_else(internal)?;
    let mut response = bytes(answer.status, answer.body);
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/cases/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Does something to a case
///
/// The answer to a key is kept for seven days when it is 200 or a rule's refusal (409): the same act sent again
/// with the same key is answered again, and not done again.
#[utoipa::path(
    post, path = "/api/v1/cases/{id}/actions", tag = "cases", params(CasePathId, Key, Seen),
    request_body = Action,
    responses((status = 200, description = "Done.", body = Acted), (status = 403)),
)]
pub(super) async fn act(
    caller: Caller,
    State(service): State<Service>,
    path: CasePath,
    request: Request,
) -> Handled {
    let id = case_id(path)?;
    let key = idempotency_key(request.headers())?.ok_or_else(|| {
        problem(
            Code::MissingIdempotencyKey,
            "An act needs an Idempotency-Key, a UUID made for it: sent again, it acts once.",
        )
    })?;
    let revisions = if_match(request.headers());
    let action: Action = body(request, &["action"]).await?;
    let answer = service.act_once(caller.actor(), &id, key, revisions, action).await?;
    Ok(bytes(answer.status, answer.body))
}

/// Who did what, oldest first; for administrators
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "desk", params(After, Limit),
    responses((status = 200, description = "A page.", body = AuditPage), (status = 403)),
)]
pub(super) async fn audit(
    caller: Caller,
    State(service): State<Service>,
    RawQuery(query): RawQuery,
) -> Handled {
    if caller.actor().role != Role::Admin {
        return Err(problem(Code::NotAllowed, "The audit record is for administrators.").into());
    }
    let query = query.as_deref();
    let after = number(query, "after", 0)?;
    let limit = page_limit(query)?;
    let page = service
        .store()
        .audit(i64::try_from(after).unwrap_or(i64::MAX), limit)
        .await
        .map_err(|e| Refused(e.into()))?;
    Ok(json(&page)?)
}
