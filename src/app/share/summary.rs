//! A case in a few lines of Markdown, for a chat or a mail.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::mask::{Mask, licence, masked};
use crate::app::zone;
use crate::domain::{Case, CaseDetail, ClockKind, Untrusted};
use crate::sla::policy::Policy;
use crate::sla::reading;

/// Characters of a description; what is longer belongs into the case.
const DESCRIPTION: usize = 800;

/// What a summary is made from.
pub struct Told<'a> {
    pub case: &'a Case,
    /// The whole case, where it is known.
    pub detail: Option<&'a CaseDetail>,
    pub policy: &'a Policy,
    /// The time at the case's desk.
    pub now: DateTime<Utc>,
    /// An address, or a command.
    pub link: &'a str,
}

/// The summary in Markdown.
pub fn summary(told: &Told<'_>, mask: Mask) -> String {
    let case = told.case;
    let line = |text: &Untrusted| inline(&masked(text.raw(), mask));
    let mut out = format!("**{}** {}\n\n", inline(case.id.as_str()), line(&case.subject));
    let mut item = |text: String| {
        let _ = writeln!(out, "- {text}");
    };
    let with = case.assignee.as_ref().map_or("nobody".to_owned(), |person| line(&person.name));
    item(format!("{}, {}, {}, with {with}", case.severity, case.tier, case.state));
    item(format!(
        "{} ({}), at {}",
        line(&case.customer.company),
        line(&case.customer.contact),
        line(&case.partner.name)
    ));
    let workaround = if case.workaround { "workaround" } else { "no workaround" };
    item(format!("{}, {}, {workaround}", case.environment, case.eligibility));
    if let Some(detail) = told.detail {
        let product: Vec<String> =
            [&detail.product, &detail.version].into_iter().flatten().map(line).collect();
        if !product.is_empty() {
            item(product.join(" "));
        }
        let key = licence(detail.licence_key.raw(), mask);
        if !key.is_empty() {
            item(format!("licence {}", inline(&key)));
        }
        let reached = [Some(&detail.email), detail.phone.as_ref()].into_iter().flatten();
        let reached: Vec<String> = reached
            .filter(|way| !way.is_empty())
            .map(|way| match mask {
                Mask::All => hidden(way),
                _ => escaped(&masked(way.raw(), Mask::Nothing)),
            })
            .collect();
        if !reached.is_empty() {
            item(no_item(reached.join(", ")));
        }
    }
    for clock in &case.clocks {
        let read = reading::read(clock, told.policy, told.now);
        let kind = match clock.kind {
            ClockKind::Response => "response".to_owned(),
            ClockKind::Resolution => format!("resolution, {}", clock.tier),
        };
        let due = reading::due_text(clock, told.policy).filter(|_| clock.ended_at.is_none());
        let due = due.map(|due| format!(", due {due}")).unwrap_or_default();
        let text = if read.text.is_empty() { "no target".to_owned() } else { read.text };
        item(format!("{kind}: {text}{due}"));
    }
    if let Some(clock) = case.clocks.first() {
        let policy = told.policy.under(&clock.policy);
        item(format!(
            "reported {} {}",
            zone::stamp(policy, &clock.calendar, case.reported_at),
            zone::name(policy, &clock.calendar, case.reported_at)
        ));
    }
    let _ = writeln!(out, "- {}", link(told.link));
    if let Some(detail) = told.detail {
        let text = masked(detail.description.raw(), mask);
        let short: String = text.chars().take(DESCRIPTION).collect();
        let cut = if short.len() < text.len() { " …" } else { "" };
        out.push('\n');
        for quoted in format!("{}{cut}", short.trim()).lines() {
            let _ = writeln!(out, "> {}", inline(quoted));
        }
    }
    out
}

/// The kind of an address, by what it has.
fn hidden(way: &Untrusted) -> String {
    if way.raw().contains('@') { "\\[e-mail\\]" } else { "\\[phone\\]" }.to_owned()
}

fn link(link: &str) -> String {
    if super::is_link(link) { format!("<{link}>") } else { format!("`{}`", link.replace('`', "")) }
}

/// Text that stays text within a line of Markdown, and of the HTML that it may hold.
pub fn inline(text: &str) -> String {
    no_item(escaped(text))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '!' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// What begins a line may not be a heading or an item.
fn no_item(mut text: String) -> String {
    if text.trim_start().starts_with(['#', '-', '+', '=']) {
        let blanks = text.len() - text.trim_start().len();
        text.insert(blanks, '\\');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text_in_markdown() {
        assert_eq!(
            inline("[click](https://evil.example) <b>x</b> | *y* `z`\n# head"),
            "\\[click\\](https://evil.example) \\<b\\>x\\</b\\> \\| \\*y\\* \\`z\\` # head"
        );
        assert_eq!(inline("# head"), "\\# head");
        assert_eq!(inline("- item"), "\\- item");
        assert_eq!(link("caseload show C-1`rm`"), "`caseload show C-1rm`");
        assert_eq!(link("https://desk.example/C-1"), "<https://desk.example/C-1>");
    }
}
