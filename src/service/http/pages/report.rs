//! The support form: `GET /` and `POST /`.
//!
//! The answer is the same page whether the licence key is known or not: it tells the case id, the severity,
//! and what the policy promises for it, never whose the key is. A form that is sent again (a reload, a
//! double click, Back and once more) has the same token, by which it is the same case.

use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use utoipa::ToSchema;

use super::form::{Field, Files, Form, Posted};
use super::keys::KeyTries;
use super::shown::Words;
use super::{Told, page, retry_after};
use crate::domain::{ClockKind, Environment, Severity, Target, Tier};
use crate::service::files::FileLimits;
use crate::service::problem::{field, too_many};
use crate::service::report::severity_of;
use crate::service::texts::check_report;
use crate::service::{ClientAddress, Service};
use crate::wire::{Code, FieldError, Report, Reported};

/// The fields of the form, in the order of the page. Their names are those of [`Report`].
const FIELDS: &[Field] = &[
    Field::required("subject", "Subject"),
    Field::required("description", "Description"),
    Field::required("environment", "Where it happens").at("environment-production"),
    Field::optional("severity", "Severity").at("severity-none"),
    Field::optional("workaround", "The workaround"),
    Field::required("licence_key", "Licence key"),
    Field::optional("product", "Product"),
    Field::optional("version", "Version"),
    Field::required("contact", "Your name"),
    Field::required("email", "E-mail address"),
    Field::optional("company", "Company"),
    Field::optional("phone", "Phone number"),
    Field::optional("file", "File"),
];

#[derive(Template)]
#[template(path = "report.html")]
struct ReportPage {
    form: Form,
    severities: [SeverityChoice; 4],
    limits: FileLimits,
}

/// The form as the document of the routes tells it.
#[derive(ToSchema)]
#[allow(dead_code, reason = "for the document alone: the form is read field by field")]
struct ReportFields {
    #[schema(example = "Guest cannot connect")]
    subject: String,
    description: String,
    environment: Environment,
    licence_key: String,
    contact: String,
    email: String,
    severity: Option<Severity>,
    workaround: Option<bool>,
    product: Option<String>,
    version: Option<String>,
    company: Option<String>,
    phone: Option<String>,
    /// A UUID made for this form.
    form: Option<String>,
    #[schema(format = Binary)]
    file: Option<Vec<String>>,
}

/// A severity with its criteria (domain: severity criteria), in the customer's words.
struct SeverityChoice {
    word: &'static str,
    label: &'static str,
    hint: &'static str,
}

impl SeverityChoice {
    const fn of(severity: Severity) -> Self {
        let hint = match severity {
            Severity::Critical => {
                "It impacts a production or live environment, and work stands still. Never for a lab."
            }
            Severity::High => {
                "It impacts a production, live or lab environment; or it would be Critical, but there is a \
                 workaround."
            }
            Severity::Medium => {
                "The same environments; or it would be High, but there is a workaround."
            }
            Severity::Low => {
                "The same environments; or it would be Medium, but there is a workaround."
            }
        };
        Self { word: severity.word(), label: severity.label(), hint }
    }
}

#[derive(Template)]
#[template(path = "reported.html")]
struct ReportedPage {
    id: String,
    email: Words,
    severity: Severity,
    critical: bool,
    /// The response target, in words.
    response: Option<String>,
    files: Vec<Words>,
}

fn form_page(service: &Service, status: u16, form: Form) -> Response {
    use Severity::{Critical, High, Low, Medium};
    let severities = [Critical, High, Medium, Low].map(SeverityChoice::of);
    page(status, &ReportPage { form, severities, limits: service.file_limits() })
}

/// The support form
#[utoipa::path(
    get, path = "/", tag = "pages", operation_id = "report_page", security(()),
    responses((status = 200, description = "An empty form.", body = String, content_type = "text/html")),
)]
pub(super) async fn show(State(service): State<Service>) -> Response {
    form_page(&service, 200, Form::new(FIELDS))
}

/// Report a case by the form
///
/// Sent again with the same `form`, it is the same case.
#[utoipa::path(
    post, path = "/", tag = "pages", operation_id = "report_by_page", security(()),
    request_body(content = ReportFields, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The case id.", body = String, content_type = "text/html"),
        (status = 409, description = "Being worked on, or refused; the form.", body = String, content_type = "text/html"),
    ),
)]
pub(super) async fn post(
    ClientAddress(address): ClientAddress,
    State(service): State<Service>,
    Extension(tries): Extension<Arc<KeyTries>>,
    request: Request,
) -> Result<Response, Told> {
    let free = service.limits().public_form(address);
    let files = if free.is_ok() { Files::Taken(&service) } else { Files::Refused };
    let mut posted = Posted::read(&service, request, files).await?;
    let mut form = Form::filled(FIELDS, &mut posted);
    if let Err(wait) = free {
        let problem = too_many(wait);
        form.told(format!("{} What you typed is kept here.", problem.detail.raw()));
        let mut response = form_page(&service, problem.status, form);
        retry_after(&mut response, problem.retry_after_s);
        return Ok(response);
    }
    let Some(report) = report_of(&mut form) else {
        return Ok(form_page(&service, 422, form));
    };
    if let Err(seconds) = try_key(&service, &tries, address, &report) {
        form.told(format!(
            "Reports with many different licence keys came from your network. Please send this one again in \
             {} minutes, or phone your 1st level support.",
            seconds.div_ceil(60)
        ));
        let mut response = form_page(&service, 429, form);
        retry_after(&mut response, Some(seconds));
        return Ok(response);
    }
    let files = form.file_ids();
    match service.report_by_customer(form.token(), report, files.clone()).await {
        Ok(reported) => {
            // Copies that came with a form that was sent again; what is the case's stays.
            service.discard_staged(&files).await;
            Ok(reported_page(&service, &reported, &form))
        }
        Err(problem) => {
            if problem.code == Code::KeyReused {
                // Back, another text, and sent again: another case.
                form.renew();
                form.told(
                    "This form was sent before, with other words, and is a case already. If this is \
                     another problem, send it again; to add something to that case, follow it.",
                );
            } else {
                form.refused(&problem);
            }
            Ok(form_page(&service, problem.status, form))
        }
    }
}

fn try_key(
    service: &Service,
    tries: &KeyTries,
    address: IpAddr,
    report: &Report,
) -> Result<(), u64> {
    tries.take(address, &report.licence_key, service.now())
}

/// The report of a form; None if something in it is wrong, which the form then says.
fn report_of(form: &mut Form) -> Option<Report> {
    let text = |form: &Form, name| form.value(name).to_owned();
    let optional = |form: &Form, name| Some(text(form, name)).filter(|text| !text.is_empty());
    let mut errors: Vec<FieldError> = Vec::new();
    let environment = form.value("environment").parse::<Environment>().ok();
    if environment.is_none() {
        errors.push(field("environment", "choose one of production, live and lab"));
    }
    let severity = match form.value("severity") {
        "" => None,
        word => word.parse::<Severity>().ok().or_else(|| {
            errors.push(field("severity", "choose one of the severities"));
            None
        }),
    };
    let workaround = match form.value("workaround") {
        "" => None,
        "true" => Some(true),
        "false" => Some(false),
        _ => {
            errors.push(field("workaround", "is true or false"));
            None
        }
    };
    let report = Report {
        subject: text(form, "subject"),
        description: text(form, "description"),
        // A wrong one is told above; the rest is checked all the same.
        environment: environment.unwrap_or(Environment::Production),
        licence_key: text(form, "licence_key"),
        contact: text(form, "contact"),
        email: text(form, "email"),
        severity,
        workaround,
        product: optional(form, "product"),
        version: optional(form, "version"),
        company: optional(form, "company"),
        phone: optional(form, "phone"),
    };
    errors.extend(check_report(&report));
    errors.extend(severity_of(&report).err());
    form.wrong_all(&errors);
    (!form.has_faults()).then_some(report)
}

fn reported_page(service: &Service, reported: &Reported, form: &Form) -> Response {
    let severity = reported.case.severity;
    let target = service.policy().target(severity, ClockKind::Response, Tier::First);
    page(
        200,
        &ReportedPage {
            id: reported.id.as_str().to_owned(),
            email: Words::new(form.value("email")),
            severity,
            critical: severity == Severity::Critical,
            response: target.map(in_words),
            files: form.files().iter().map(|file| file.name.clone()).collect(),
        },
    )
}

/// A target in words.
fn in_words(target: Target) -> String {
    let count = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    let time = |seconds: i64, kind: &str| match (seconds % 3600, seconds % 60) {
        (0, _) => count(seconds / 3600, &format!("{kind}hour")),
        (_, 0) => count(seconds / 60, &format!("{kind}minute")),
        _ => count(seconds, &format!("{kind}second")),
    };
    match target {
        Target::BusinessDays(days) => count(days.into(), "business day"),
        Target::Elapsed(seconds) => time(seconds, ""),
        Target::BusinessTime(seconds) => time(seconds, "business "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_told_in_words() {
        for (target, words) in [
            ("2h", "2 hours"),
            ("1h", "1 hour"),
            ("45m", "45 minutes"),
            ("30s", "30 seconds"),
            ("4bh", "4 business hours"),
            ("1bd", "1 business day"),
            ("5bd", "5 business days"),
        ] {
            assert_eq!(in_words(target.parse().unwrap()), words);
        }
    }

    #[test]
    fn every_field_of_a_report_is_in_the_form() {
        let report = serde_json::json!({
            "subject": "s", "description": "d", "environment": "live", "licence_key": "k", "contact": "c",
            "email": "a@b", "severity": "low", "workaround": true, "product": "p", "version": "1",
            "company": "y", "phone": "0",
        });
        let mut form = Form::new(FIELDS);
        for field in FIELDS {
            if let Some(value) = report.get(field.name) {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                form.set(field.name, text);
            }
        }
        let read = report_of(&mut form).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), report);
    }
}
