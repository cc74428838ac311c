//! The cases of a view as a file: CSV, JSON or Markdown.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::mask::{Mask, masked};
use super::summary::inline;
use crate::domain::{Case, ClockKind, Untrusted};
use crate::sla::policy::Policy;
use crate::sla::reading::{self, Face};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
    Markdown,
}

impl Format {
    const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Markdown];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Json => "JSON",
            Self::Markdown => "Markdown",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Json => ".json",
            Self::Markdown => ".md",
        }
    }

    /// What a file's name asks for; None: it does not say.
    pub fn of(path: &str) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        Self::ALL.into_iter().find(|format| path.ends_with(format.ending()))
    }

    /// The name for the next format.
    pub fn next_name(path: &str) -> String {
        let Some(now) = Self::of(path) else { return format!("{path}{}", Self::Csv.ending()) };
        let next = match now {
            Self::Csv => Self::Json,
            Self::Json => Self::Markdown,
            Self::Markdown => Self::Csv,
        };
        format!("{}{}", &path[..path.len() - now.ending().len()], next.ending())
    }
}

/// One case of a view, and what it is read with.
pub struct Listed<'a> {
    pub case: &'a Case,
    pub policy: &'a Policy,
    /// The time at its desk.
    pub now: DateTime<Utc>,
    /// The desk's name, where there are several.
    pub desk: Option<&'a str>,
}

/// What the file says of itself.
pub struct About<'a> {
    pub view: &'a str,
    pub filter: &'a str,
    pub now: DateTime<Utc>,
}

/// The file, whole.
pub fn table(cases: &[Listed<'_>], about: &About<'_>, format: Format, mask: Mask) -> String {
    match format {
        Format::Csv => csv(cases, mask),
        Format::Json => json_of(cases, about, mask),
        Format::Markdown => markdown(cases, about, mask),
    }
}

const COLUMNS: [&str; 22] = [
    "id",
    "desk",
    "severity",
    "tier",
    "state",
    "subject",
    "company",
    "contact",
    "partner",
    "with",
    "clock",
    "deadline",
    "reads",
    "due_at",
    "eligibility",
    "environment",
    "workaround",
    "phone_follow_up",
    "correction",
    "reported_at",
    "updated_at",
    "revision",
];

fn csv(cases: &[Listed<'_>], mask: Mask) -> String {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for listed in cases {
        let case = listed.case;
        let text = |text: &Untrusted| masked(text.raw(), mask);
        let (clock, deadline, reads, due_at) = deadline(listed);
        let cells = [
            case.id.as_str().to_owned(),
            listed.desk.unwrap_or_default().to_owned(),
            case.severity.word().to_owned(),
            case.tier.word().to_owned(),
            case.state.word().to_owned(),
            text(&case.subject),
            text(&case.customer.company),
            text(&case.customer.contact),
            text(&case.partner.name),
            case.assignee.as_ref().map(|person| text(&person.name)).unwrap_or_default(),
            clock.to_owned(),
            deadline.to_owned(),
            reads,
            due_at,
            case.eligibility.word().to_owned(),
            case.environment.word().to_owned(),
            if case.workaround { "yes" } else { "no" }.to_owned(),
            case.phone_follow_up.map(|call| call.word().to_owned()).unwrap_or_default(),
            case.correction.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
            instant(case.reported_at),
            instant(case.updated_at),
            case.revision.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    out
}

/// A cell that no table takes for a formula, quoted where it must be (RFC 4180).
fn csv_cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The clock that makes the case most urgent: its kind, its state's word, how it reads, its due instant.
fn deadline(listed: &Listed<'_>) -> (&'static str, &'static str, String, String) {
    let Some(clock) = reading::leading(listed.case, listed.now) else {
        return ("", "", String::new(), String::new());
    };
    let read = reading::read(clock, listed.policy, listed.now);
    let kind = match clock.kind {
        ClockKind::Response => "response",
        ClockKind::Resolution => "resolution",
    };
    (kind, word(read.face), read.text, clock.due_at.map(instant).unwrap_or_default())
}

const fn word(face: Face) -> &'static str {
    match face {
        Face::OnTrack => "on_track",
        Face::Warning => "warning",
        Face::Critical => "critical",
        Face::Missed => "missed",
        Face::Paused => "paused",
        Face::Outside => "outside_hours",
        Face::Met => "met",
        Face::MissedDone => "missed_done",
        Face::NoTarget => "no_target",
    }
}

/// The cases as the API gives them, with what is read from their clocks.
fn json_of(cases: &[Listed<'_>], about: &About<'_>, mask: Mask) -> String {
    let shown = |listed: &Listed<'_>| {
        let mut case = serde_json::to_value(listed.case).unwrap_or(Value::Null);
        for place in [
            "/subject",
            "/customer/company",
            "/customer/contact",
            "/partner/name",
            "/assignee/name",
        ] {
            if let Some(Value::String(text)) = case.pointer_mut(place) {
                *text = masked(text, mask);
            }
        }
        let (clock, state, reads, due_at) = deadline(listed);
        if let Value::Object(fields) = &mut case {
            if let Some(desk) = listed.desk {
                fields.insert("desk".to_owned(), json!(desk));
            }
            let deadline =
                json!({ "clock": clock, "state": state, "reads": reads, "due_at": due_at });
            fields.insert("deadline".to_owned(), deadline);
        }
        case
    };
    let whole = json!({
        "view": about.view,
        "filter": about.filter,
        "at": instant(about.now),
        "count": cases.len(),
        "cases": cases.iter().map(shown).collect::<Vec<Value>>(),
    });
    let mut text = serde_json::to_string_pretty(&whole).unwrap_or_default();
    text.push('\n');
    text
}

fn markdown(cases: &[Listed<'_>], about: &About<'_>, mask: Mask) -> String {
    let several = cases.iter().any(|listed| listed.desk.is_some());
    let mut out = format!("# {} ({})\n\n", inline(about.view), cases.len());
    if !about.filter.is_empty() {
        let _ = writeln!(out, "Filter: {}\n", inline(&masked(about.filter, mask)));
    }
    let _ = writeln!(out, "As of {}.\n", about.now.format("%Y-%m-%d %H:%M UTC"));
    let (head, rule) = if several { ("| desk ", "|---") } else { ("", "") };
    let _ = writeln!(out, "| case {head}| severity | tier | subject | customer | with | due |");
    let _ = writeln!(out, "|---{rule}|---|---|---|---|---|---|");
    for listed in cases {
        let case = listed.case;
        let text = |text: &Untrusted| inline(&masked(text.raw(), mask));
        let (_, _, reads, _) = deadline(listed);
        let desk = listed.desk.map(|desk| format!("| {} ", inline(desk))).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {} {desk}| {} | {} | {} | {} | {} | {} |",
            inline(case.id.as_str()),
            case.severity,
            case.tier,
            text(&case.subject),
            text(&case.customer.company),
            case.assignee.as_ref().map_or(String::new(), |person| text(&person.name)),
            inline(&reads),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_its_row() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+47", "'+47"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=a\n\"b\"", "\"'=a\n\"\"b\"\"\""),
            ("plain", "plain"),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

    #[test]
    fn a_name_says_the_format_and_one_key_goes_on_to_the_next() {
        assert_eq!(Format::of("x.CSV"), Some(Format::Csv));
        assert_eq!(Format::of("x.txt"), None);
        assert_eq!(Format::next_name("a.csv"), "a.json");
        assert_eq!(Format::next_name("a.json"), "a.md");
        assert_eq!(Format::next_name("a.md"), "a.csv");
        assert_eq!(Format::next_name("a"), "a.csv");
    }
}
