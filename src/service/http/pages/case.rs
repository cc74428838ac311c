//! A case for its customer: `GET /case` asks for its id and the e-mail address, `POST /case` shows it and takes
//! what the customer adds.
//!
//! A wrong id and a wrong address get the same answer. What is added to a closed case is kept and marked; it
//! starts no work, and the page says so and where to report again.

use std::net::IpAddr;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;
use utoipa::ToSchema;

use super::form::{Field, Files, Form, Posted, size};
use super::outline::Public;
use super::shown::{Words, instant};
use super::{Told, page, retry_after};
use crate::domain::{CaseState, ResolutionKind, Severity, Tier, TimelineEntry, TimelineKind};
use crate::service::customer::Followed;
use crate::service::files::FileLimits;
use crate::service::problem::too_many;
use crate::service::report::CUSTOMER;
use crate::service::{ClientAddress, Service, Wait};
use crate::wire::Code;

/// Who asks for which case.
const LOOKUP: &[Field] =
    &[Field::required("case", "Case id"), Field::required("email", "E-mail address")];
/// What a customer adds.
const ADDING: &[Field] = &[
    Field::required("case", "Case id"),
    Field::required("email", "E-mail address"),
    Field::required("text", "Your text"),
    Field::optional("file", "File"),
];
/// One answer for a wrong id and a wrong address.
const NO_SUCH: &str =
    "There is no case of that id that was reported with that e-mail address. Please check both.";

#[derive(Template)]
#[template(path = "lookup.html")]
struct LookupPage {
    form: Form,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    id: String,
    subject: Words,
    form: Form,
    /// What was just done.
    added: Option<&'static str>,
    standing: Standing,
    severity: Severity,
    reported_at: String,
    updated_at: String,
    asked: Vec<Asked>,
    resolution: Option<Resolved>,
    correction: Option<Public>,
    history: Vec<Event>,
    files: Vec<(Words, String)>,
    limits: FileLimits,
}

/// The form as the document of the routes tells it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "for the document alone: the form is read field by field")]
struct CaseFields {
    case: String,
    email: String,
    text: Option<String>,
    /// A UUID made for this form.
    form: Option<String>,
    #[schema(format = Binary)]
    file: Option<Vec<String>>,
}

/// What the customer is asked for.
struct Asked {
    items: Vec<&'static str>,
    text: Words,
    at: String,
}

struct Resolved {
    kind: ResolutionKind,
    text: Words,
}

/// One entry of the history.
struct Event {
    at: String,
    /// By the customer.
    own: bool,
    who: Words,
    did: &'static str,
    text: Words,
}

/// Where a case stands, in the customer's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Received,
    WorkedOn(Tier),
    Waiting,
    Closed,
}

impl Standing {
    fn of(followed: &Followed) -> Self {
        match (followed.row.state, followed.row.tier) {
            (CaseState::Closed, _) => Self::Closed,
            (CaseState::Waiting, _) => Self::Waiting,
            (CaseState::Open, Tier::First) if !followed.taken_up => Self::Received,
            (CaseState::Open, tier) => Self::WorkedOn(tier),
        }
    }

    const fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting)
    }

    const fn is_closed(self) -> bool {
        matches!(self, Self::Closed)
    }

    /// For the stylesheet.
    const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::WorkedOn(_) => "worked",
            Self::Waiting => "waiting",
            Self::Closed => "closed",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::WorkedOn(Tier::First) => "Being worked on at 1st level",
            Self::WorkedOn(Tier::Second) => "Being worked on at 2nd level",
            Self::WorkedOn(Tier::Product) => "With Product Management",
            Self::Waiting => "Waiting for you",
            Self::Closed => "Closed",
        }
    }

    const fn sentence(self) -> &'static str {
        match self {
            Self::Received => "Your case is with 1st level, who will answer you.",
            Self::WorkedOn(Tier::First) => "1st level looks after your case.",
            Self::WorkedOn(Tier::Second) => "The vendor's engineers look into it.",
            Self::WorkedOn(Tier::Product) => {
                "It is a product error; Product Management plans its correction."
            }
            Self::Waiting => "We need something from you before we can go on.",
            Self::Closed => "There is a resolution, below.",
        }
    }
}

/// Ask for a case
#[utoipa::path(
    get, path = "/case", tag = "pages", operation_id = "case_page", security(()),
    responses((status = 200, description = "An empty form.", body = String, content_type = "text/html")),
)]
pub(super) async fn show() -> Response {
    page(200, &LookupPage { form: Form::new(LOOKUP) })
}

/// Follow a case, or add to it
///
/// With `form`, `text` and files are added; sent again with the same `form`, once.
#[utoipa::path(
    post, path = "/case", tag = "pages", operation_id = "follow_by_page", security(()),
    request_body(content = CaseFields, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The case.", body = String, content_type = "text/html"),
        (status = 404, description = "No such case with that address; the form.", body = String, content_type = "text/html"),
        (status = 409, description = "Being worked on, or refused; the form.", body = String, content_type = "text/html"),
    ),
)]
pub(super) async fn post(
    ClientAddress(address): ClientAddress,
    State(service): State<Service>,
    request: Request,
) -> Result<Response, Told> {
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"multipart/"));
    let free = allowed(&service, address, is_multipart);
    let files = if is_multipart && free.is_ok() { Files::Taken(&service) } else { Files::Refused };
    let mut posted = Posted::read(&service, request, files).await?;
    let adds = posted.token.is_some();
    let mut form = Form::filled(if adds { ADDING } else { LOOKUP }, &mut posted);
    let free = if adds && !is_multipart {
        free.and_then(|()| service.limits().public_form(address))
    } else {
        free
    };
    if let Err(wait) = free {
        return Ok(wait_page(wait, form));
    }
    for name in ["case", "email"] {
        if form.value(name).trim().is_empty() {
            form.wrong(name, "must not be empty");
        }
    }
    if ["case", "email"].iter().any(|name| form.fault(name).is_some()) {
        return Ok(page(422, &LookupPage { form }));
    }
    let followed = service.followed(form.value("case"), form.value("email")).await?;
    let Some(followed) = followed else {
        form.told(NO_SUCH);
        return Ok(page(404, &LookupPage { form }));
    };
    if !adds {
        return Ok(case_page(&service, 200, followed, adding(&form), None));
    }
    add(&service, followed, form).await
}

/// Looking is limited, and sending more so.
fn allowed(service: &Service, address: IpAddr, sends: bool) -> Result<(), Wait> {
    service.limits().public_status(address)?;
    if sends { service.limits().public_form(address) } else { Ok(()) }
}

fn wait_page(wait: Wait, mut form: Form) -> Response {
    let problem = too_many(wait);
    form.told(problem.detail.raw());
    // What was typed for the case is kept, but whose it is was not looked at: so the case is not shown.
    let mut response = page(problem.status, &LookupPage { form });
    retry_after(&mut response, problem.retry_after_s);
    response
}

/// A new form to add something with, for who was let in by another.
fn adding(form: &Form) -> Form {
    let mut adding = Form::new(ADDING);
    adding.set("email", form.value("email").to_owned());
    adding
}

async fn add(service: &Service, followed: Followed, mut form: Form) -> Result<Response, Told> {
    if form.has_faults() {
        return Ok(case_page(service, 422, followed, form, None));
    }
    let (id, files) = (followed.row.id.clone(), form.file_ids());
    let (key, text) = (Some(form.token()), form.value("text"));
    match service.customer_answer_once(&id, key, text, files.clone()).await {
        Ok(_) => {
            // Copies that came with a form that was sent again; what is the case's stays.
            service.discard_staged(&files).await;
            let email = form.value("email").to_owned();
            let followed = service.followed(id.as_str(), &email).await?;
            let Some(followed) = followed else {
                form.told(NO_SUCH);
                return Ok(page(404, &LookupPage { form }));
            };
            let added = "Thank you: what you sent is with the case now.";
            Ok(case_page(service, 200, followed, adding(&form), Some(added)))
        }
        Err(problem) => {
            if problem.code == Code::KeyReused {
                form.renew();
                form.told(
                    "This form was sent before, with other words. Send it again to add these, too.",
                );
            } else {
                form.refused(&problem);
            }
            Ok(case_page(service, problem.status, followed, form, None))
        }
    }
}

fn case_page(
    service: &Service,
    status: u16,
    followed: Followed,
    form: Form,
    added: Option<&'static str>,
) -> Response {
    let standing = Standing::of(&followed);
    let Followed { row, description, resolution, correction, timeline, asked, files, .. } =
        followed;
    let asked = asked
        .into_iter()
        .map(|request| Asked {
            items: request.items,
            text: Words::new(request.entry.text.raw()),
            at: instant(request.entry.at),
        })
        .collect();
    page(
        status,
        &CasePage {
            id: row.id.as_str().to_owned(),
            subject: Words::new(row.subject),
            form,
            added,
            standing,
            severity: row.severity,
            reported_at: instant(row.reported_at),
            updated_at: instant(row.updated_at),
            asked,
            resolution: resolution
                .map(|done| Resolved { kind: done.kind, text: Words::new(done.text.raw()) }),
            correction: correction.map(Public::from),
            history: timeline.iter().map(|entry| told(entry, &description)).collect(),
            files: files
                .iter()
                .map(|file| (Words::new(file.name.raw()), size(file.size)))
                .collect(),
            limits: service.file_limits(),
        },
    )
}

/// An entry in the customer's words. Its summary is the desk's own: it may name other cases and people.
fn told(entry: &TimelineEntry, description: &str) -> Event {
    use TimelineKind as K;
    let own = entry.actor.id.as_str() == CUSTOMER;
    let (did, text) = match entry.kind {
        K::Reported => ("reported the case:", description),
        K::Respond => ("received your case.", entry.text.raw()),
        K::RequestInfo => ("asked you for information:", entry.text.raw()),
        K::Close => ("closed the case:", entry.text.raw()),
        _ => ("wrote:", entry.text.raw()),
    };
    let who = Words::new(entry.actor.name.raw());
    Event { at: instant(entry.at), own, who, did, text: Words::new(text) }
}
