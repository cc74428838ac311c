//! The routes of a case's files.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use utoipa::ToSchema;

use super::answer::{Refused, bytes, json};
use super::download;
use super::form::Form;
use super::handlers::{CasePath, Handled, case_id};
use super::parameters::{CaseFile, CasePathId, Known, MayHaveKey, Part};
use super::read::{Caller, drain, idempotency_key};
use crate::domain::{Attachment, CaseId, UserId};
use crate::service::Service;
use crate::service::files::{FIELD, StagedFile};
use crate::service::problem::{Answered, field, internal, invalid, not_found};

/// The bytes of a file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "described here, streamed in `download`")]
#[schema(value_type = String, format = Binary)]
struct Content(Vec<u8>);

/// A form with one file.
#[derive(ToSchema)]
#[allow(dead_code, reason = "described here, read in `form`")]
struct FileForm {
    /// With the file's name.
    file: Content,
}

/// What the form takes around its file: heads, boundaries, a name.
const AROUND: u64 = 64 * 1024;

/// The files of a case, in the order in which they came
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/attachments", tag = "cases", params(CasePathId),
    responses((status = 200, description = "The files.", body = Vec<Attachment>)),
)]
pub(super) async fn attachments(
    caller: Caller,
    State(service): State<Service>,
    path: CasePath,
) -> Handled {
    Ok(json(&service.attachments(caller.actor(), &case_id(path)?).await?)?)
}

/// One file of a case, as a download
///
/// One range of it where `Range` asks for one; the entity tag is the SHA-256 of the whole file.
#[utoipa::path(
    get, path = "/api/v1/cases/{id}/attachments/{n}", tag = "cases",
    params(CaseFile, Known, Part),
    responses(
        (
            status = 200, description = "The file.", body = Content, content_type = "*/*",
            headers(("Content-Disposition" = String, description = "Its name")),
        ),
        (
            status = 206, description = "The part of it.", body = Content, content_type = "*/*",
            headers(
                ("Content-Disposition" = String, description = "Its name"),
                ("Content-Range" = String, description = "Which part it is"),
                ("ETag" = String, description = "The entity tag"),
            ),
        ),
        (status = 416),
    ),
)]
pub(super) async fn download(
    caller: Caller,
    State(service): State<Service>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Handled {
    // A path that cannot be read names no file.
    let Path((id, n)) = path.map_err(|_| Refused(not_found()))?;
    let file = service.attachment(caller.actor(), &CaseId::new(id), &n).await?;
    Ok(download::answer(&service, &headers, &file))
}

/// Adds a file to a case
///
/// Internal, as a note is, and open to those who may leave one. What the file is goes by its content: texts,
/// PDF, pictures, office documents, screen recordings, network captures and archives are taken.
#[utoipa::path(
    post, path = "/api/v1/cases/{id}/attachments", tag = "cases", params(CasePathId, MayHaveKey),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (
            status = 201, description = "Attached.", body = Attachment,
            headers(("Location" = String, description = "The file's address")),
        ),
        (status = 403),
    ),
)]
pub(super) async fn attach(
    caller: Caller,
    State(service): State<Service>,
    path: CasePath,
    request: Request,
) -> Handled {
    let actor = caller.actor();
    let key = idempotency_key(request.headers());
    let asked = async {
        let (id, key) = (case_id(path)?, key?);
        service.may_attach(actor, &id).await?;
        Answered::Ok((id, key))
    };
    let (id, key) = match asked.await {
        Ok(asked) => asked,
        Err(problem) => {
            drain(request).await;
            return Err(problem.into());
        }
    };
    let file = one_file(&service, &actor.id, request).await?;
    let answer = service.attach_once(actor, &id, key, &file.id).await?;
    let n = serde_json::from_slice::<serde_json::Value>(&answer.body)
        .ok()
        .and_then(|file| Some(file.get("id")?.as_str()?.to_owned()))
        .ok_or_else(internal)?;
    let mut response = bytes(answer.status, answer.body);
    // A case that was found has an id that fits into an address.
    let location = format!("/api/v1/cases/{}/attachments/{n}", id.as_str());
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The one file of a form that has nothing else. A refused form is read to its end all the same, so that its
/// sender gets to the answer.
async fn one_file(service: &Service, by: &UserId, request: Request) -> Answered<StagedFile> {
    let most = service.file_limits().file + AROUND;
    let mut form = Form::open(request, most).await?;
    let mut file = None;
    let refused = match read_form(service, by, &mut form, &mut file).await {
        Ok(()) => match file {
            Some(file) => return Ok(file),
            None => invalid(vec![field(FIELD, "is required")]),
        },
        Err(problem) => {
            form.drain().await;
            problem
        }
    };
    if let Some(file) = file {
        service.discard_staged(&[file.id]).await;
    }
    Err(refused)
}

async fn read_form(
    service: &Service,
    by: &UserId,
    form: &mut Form,
    file: &mut Option<StagedFile>,
) -> Answered<()> {
    while let Some(part) = form.next().await? {
        if part.name() != FIELD {
            let name: String = part.name().chars().take(40).collect();
            return Err(invalid(vec![field(&name, "is not a field of this form")]));
        }
        if file.is_some() {
            return Err(invalid(vec![field(FIELD, "is there twice; send one file at a time")]));
        }
        let Some(name) = part.file_name() else {
            return Err(invalid(vec![field(FIELD, "must be a file with a name")]));
        };
        *file = Some(service.stage_file(by, &name, part.content()).await?);
    }
    Ok(())
}
