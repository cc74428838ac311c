//! Which of a report's texts is wrong. (An action's are the rules' to check.)

use super::problem::field;
use crate::domain::rules::{CONTACT_MAX, LINE_MAX, SUBJECT_MAX, TEXT_MAX, fault};
use crate::wire::{EMAIL_MAX, FieldError, Report};

/// Collects what is wrong with the texts of one request.
#[derive(Default)]
struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    fn text(&mut self, name: &str, text: &str, most: usize) -> &mut Self {
        if text.is_empty() {
            self.errors.push(field(name, "must not be empty"));
        } else {
            self.errors.extend(fault(text, most).map(|message| field(name, message)));
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
        .text("subject", &report.subject, SUBJECT_MAX)
        .text("description", &report.description, TEXT_MAX)
        .text("licence_key", &report.licence_key, LINE_MAX)
        .text("contact", &report.contact, CONTACT_MAX)
        .text("email", &report.email, EMAIL_MAX)
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
