//! What the texts of a report may be: their lengths, and that no NUL is in them. Everything else is
//! stored as it came. (An action's texts are the rules' to check.)

use super::problem::field;
use crate::domain::rules::{LINE_MAX, TEXT_MAX};
use crate::wire::{FieldError, Report};

const SUBJECT: usize = 300;
const CONTACT: usize = 120;
/// The longest address that mail can carry (RFC 5321).
const EMAIL: usize = 254;

/// Collects what is wrong with the texts of one request.
#[derive(Default)]
struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    fn text(&mut self, name: &str, text: &str, most: usize) -> &mut Self {
        if text.is_empty() {
            self.errors.push(field(name, "must not be empty"));
        } else if text.contains('\0') {
            self.errors.push(field(name, "must not hold a NUL character"));
        // A character has one byte at least, so short texts need no counting.
        } else if text.len() > most && text.chars().count() > most {
            self.errors.push(field(name, format!("is longer than {most} characters")));
        }
        self
    }

    /// A field that may be left out, or be empty.
    fn optional(&mut self, name: &str, text: Option<&String>, most: usize) -> &mut Self {
        match text {
            Some(text) if !text.is_empty() => self.text(name, text, most),
            _ => self,
        }
    }
}

pub(crate) fn check_report(report: &Report) -> Vec<FieldError> {
    let mut check = Check::default();
    check
        .text("subject", &report.subject, SUBJECT)
        .text("description", &report.description, TEXT_MAX)
        .text("licence_key", &report.licence_key, LINE_MAX)
        .text("contact", &report.contact, CONTACT)
        .text("email", &report.email, EMAIL)
        .optional("product", report.product.as_ref(), LINE_MAX)
        .optional("version", report.version.as_ref(), LINE_MAX)
        .optional("company", report.company.as_ref(), LINE_MAX)
        .optional("phone", report.phone.as_ref(), LINE_MAX);
    let mail = &report.email;
    let whole =
        mail.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty());
    if !mail.is_empty() && (!whole || mail.chars().any(|c| c.is_control() || c.is_whitespace())) {
        check.errors.push(field("email", "is not an e-mail address"));
    }
    check.errors
}
