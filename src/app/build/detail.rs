//! The case under the cursor as text: what it is, then what happened to it, newest last.

use chrono::Datelike;

use crate::app::model::Model;
use crate::app::view::{DetailTitle, DetailView, Line, Notice, Span, Tone};
use crate::app::visiting;
use crate::app::words;
use crate::app::zone;
use crate::domain::text::{columns, safe_line};
use crate::domain::{
    Case, CaseDetail, CaseId, Eligibility, PhoneFollowUp, TimelineEntry, TimelineKind, Untrusted,
    Visibility,
};
use crate::input::Action;
use crate::sla::policy::Policy;

/// Lines that one text takes at most; `…` ends a longer one.
const TEXT_LINES: usize = 1000;
/// What is said stands below the names: the times stand alone at the left.
const INDENT: &str = "      ";
/// Columns of a name.
const NAME: usize = 60;

pub fn detail(model: &Model) -> DetailView {
    let Some(case) = model.case() else {
        if let Some(id) = model.case_id() {
            return being_read(model, id);
        }
        let notice = Notice {
            title: "No case".to_owned(),
            lines: vec!["The case under the cursor is shown here.".to_owned()],
            tone: Tone::Dim,
        };
        return bare(model, notice);
    };
    let title = title(model, case);
    let mut lines = model.text.lines.clone();
    if model.details.get(&case.id).is_none() {
        let (_, width) = model.detail_size();
        let (text, tone) = match model.details.failure(&case.id) {
            Some(why) => {
                let key = words::key(model, Action::Refresh);
                let text =
                    format!("The rest could not be read: {} {key} tries again.", why.cell(300));
                (text, Tone::Error)
            }
            None => ("The rest is being read.".to_owned(), Tone::Dim),
        };
        lines.push(Line::new());
        put(&mut lines, tone, &text.into(), width);
    }
    DetailView {
        title: Some(title),
        aside: aside(model),
        lines,
        scroll: model.text.scroll,
        notice: None,
    }
}

/// A case of which nothing but its id is known yet.
fn being_read(model: &Model, id: &CaseId) -> DetailView {
    let (line, tone) = match model.details.failure(id) {
        Some(why) => {
            let key = words::key(model, Action::Refresh);
            (format!("{} {key} tries again.", why.cell(300)), Tone::Error)
        }
        None => ("The case is being read.".to_owned(), Tone::Dim),
    };
    let title = model.desks.named_case(id);
    let notice = Notice { title, lines: vec![line], tone };
    bare(model, notice)
}

fn bare(model: &Model, notice: Notice) -> DetailView {
    DetailView { title: None, aside: aside(model), lines: vec![], scroll: 0, notice: Some(notice) }
}

/// Where Esc goes from a visited case.
fn aside(model: &Model) -> String {
    let key = words::key(model, Action::Back);
    match visiting::way_back(model) {
        Some(id) => format!("{key} back to {id}"),
        None if model.visiting.is_some() => format!("{key} back"),
        None => String::new(),
    }
}

/// What names a case in the frame of a pane.
pub fn title(model: &Model, case: &Case) -> DetailTitle {
    DetailTitle {
        id: case.id.clone(),
        desk: model.desks.name_of(&case.id).map(str::to_owned),
        severity: case.severity,
        tier: case.tier,
    }
}

/// The text of a case, wrapped to so many columns. Without `detail`, what the feed tells.
pub fn detail_text(
    case: &Case,
    detail: Option<&CaseDetail>,
    policy: &Policy,
    width: usize,
) -> Vec<Line> {
    let calendar = policy.calendar_id(case.tier, &case.partner.id);
    let mut lines = Vec::new();
    put(&mut lines, Tone::Strong, &case.subject, width);
    facts(&mut lines, case, width);
    lines.push(vec![Span::new(Tone::Dim, "─".repeat(width))]);
    if let Some(detail) = detail {
        reported(&mut lines, detail, policy, calendar, width);
        if let Some(resolution) = &detail.resolution {
            lines.push(Line::new());
            let cause = resolution.cause.map(|c| format!(", {c}")).unwrap_or_default();
            let of = resolution.duplicate_of.as_ref().map(|id| format!(" of {id}"));
            let head = format!(
                "Closed by {}: {}{}{cause}",
                resolution.by.name.cell(NAME),
                resolution.kind,
                of.unwrap_or_default()
            );
            put(&mut lines, Tone::Good, &head.into(), width);
            put(&mut lines, Tone::Customer, &resolution.text, width);
        }
        timeline(&mut lines, detail, policy, calendar, width);
    }
    lines
}

/// What stands in the queue's own words: who, with which right, where, and what is owed.
fn facts(lines: &mut Vec<Line>, case: &Case, width: usize) {
    let dot = || Span::new(Tone::Dim, " · ");
    let (sign, tone) = match case.eligibility {
        Eligibility::Eligible => ("✓ ", Tone::Good),
        Eligibility::UnknownKey => ("? ", Tone::Error),
        Eligibility::NotEligible => ("✗ ", Tone::Error),
    };
    let mut who = vec![Span::new(Tone::Plain, case.customer.company.cell(NAME))];
    if !case.customer.contact.is_empty() {
        who.extend([dot(), Span::new(Tone::Plain, case.customer.contact.cell(NAME))]);
    }
    let licence = format!("licence {sign}{}", case.eligibility);
    who.extend([dot(), Span::new(tone, licence)]);
    let mut place = vec![
        Span::new(Tone::Plain, case.environment.label()),
        dot(),
        Span::new(Tone::Plain, if case.workaround { "workaround known" } else { "no workaround" }),
    ];
    let call = case.phone_follow_up.map(|call| match call {
        PhoneFollowUp::Due => Span::new(Tone::Error, "phone call due"),
        PhoneFollowUp::Done => Span::new(Tone::Good, "phone call done"),
    });
    place.extend(call.into_iter().flat_map(|call| [dot(), call]));
    if let Some(correction) = &case.correction {
        place.extend([dot(), Span::new(Tone::Plain, format!("correction {correction}"))]);
    }
    let with = match &case.assignee {
        Some(person) => format!("with {}", person.name.cell(NAME)),
        None => "with nobody".to_owned(),
    };
    let desk = vec![
        Span::new(Tone::Plain, case.partner.name.cell(NAME)),
        dot(),
        Span::new(Tone::Plain, with),
        dot(),
        Span::new(Tone::Plain, case.state.label()),
    ];
    for line in [who, place, desk] {
        flow(lines, line, width);
    }
}

fn reported(
    lines: &mut Vec<Line>,
    detail: &CaseDetail,
    policy: &Policy,
    calendar: &str,
    width: usize,
) {
    let dot = || Span::new(Tone::Dim, " · ");
    let at = detail.case.reported_at;
    let mut head = vec![Span::new(
        Tone::Plain,
        format!(
            "reported {} {}",
            zone::stamp(policy, calendar, at),
            zone::name(policy, calendar, at)
        ),
    )];
    let product = [&detail.product, &detail.version];
    let product: Vec<String> =
        product.iter().filter_map(|p| p.as_ref()).map(|p| p.cell(NAME)).collect();
    if !product.is_empty() {
        head.extend([dot(), Span::new(Tone::Plain, product.join(" "))]);
    }
    if !detail.licence_key.is_empty() {
        let key = format!("key {}", detail.licence_key.cell(NAME));
        head.extend([dot(), Span::new(Tone::Plain, key)]);
    }
    flow(lines, head, width);
    let mut reach = vec![Span::new(Tone::Plain, detail.email.cell(NAME))];
    if let Some(phone) = detail.phone.as_ref().filter(|p| !p.is_empty()) {
        reach.extend([dot(), Span::new(Tone::Plain, phone.cell(NAME))]);
    }
    if !detail.email.is_empty() || reach.len() > 1 {
        flow(lines, reach, width);
    }
    for file in &detail.attachments {
        let size = file.size.div_ceil(1024);
        let (n, name) = (safe_line(&file.id, 10), file.name.cell(NAME));
        let text = format!("file {n} {name} ({size} kB)");
        put(lines, Tone::Dim, &text.into(), width);
    }
    if !detail.description.is_empty() {
        lines.push(Line::new());
        put(lines, Tone::Customer, &detail.description, width);
    }
}

fn timeline(
    lines: &mut Vec<Line>,
    detail: &CaseDetail,
    policy: &Policy,
    calendar: &str,
    width: usize,
) {
    let Some(last) = detail.timeline.last() else { return };
    lines.push(Line::new());
    // Over the turn of the clocks the zone has two names.
    let mut zones: Vec<String> =
        detail.timeline.iter().map(|entry| zone::name(policy, calendar, entry.at)).collect();
    zones.dedup();
    let head = vec![
        Span::new(Tone::Title, "Timeline"),
        Span::new(Tone::Dim, format!("  times in {}, newest last", zones.join(", "))),
    ];
    flow(lines, head, width);
    let this_year = zone::date(policy, calendar, last.at).year();
    let mut day = None;
    for entry in &detail.timeline {
        let date = zone::date(policy, calendar, entry.at);
        if day.replace(date) != Some(date) {
            let form = if date.year() == this_year { "%a %-d %b" } else { "%a %-d %b %Y" };
            lines.push(vec![Span::new(Tone::Dim, date.format(form).to_string())]);
        }
        let tone = match entry.visibility {
            Visibility::Internal => Tone::Internal,
            Visibility::Customer => Tone::Customer,
        };
        let head = vec![
            Span::new(Tone::Dim, format!("{} ", zone::time(policy, calendar, entry.at))),
            Span::new(Tone::Strong, format!("{} ", entry.actor.name.cell(NAME))),
            Span::new(Tone::Plain, format!("{} ", happened(entry.kind))),
            Span::new(tone, format!("[{}]", readers(entry))),
        ];
        flow(lines, head, width);
        // Who took or released a case stands in the line already.
        let says_more = !matches!(entry.kind, TimelineKind::Take | TimelineKind::Release);
        if says_more && !entry.summary.is_empty() {
            indented(lines, Tone::Dim, &entry.summary, width);
        }
        if !entry.text.is_empty() {
            indented(lines, tone, &entry.text, width);
        }
    }
}

/// Who reads an entry, in words, since a colour alone is no difference.
fn readers(entry: &TimelineEntry) -> &'static str {
    match (entry.visibility, entry.kind) {
        (Visibility::Internal, _) => "internal",
        (
            Visibility::Customer,
            TimelineKind::Reported
            | TimelineKind::CustomerAnswer
            | TimelineKind::InfoReceived
            | TimelineKind::Attach,
        ) => "from customer",
        (Visibility::Customer, _) => "to customer",
    }
}

fn happened(kind: TimelineKind) -> &'static str {
    match kind {
        TimelineKind::Reported => "reported it",
        TimelineKind::CustomerAnswer => "answered",
        TimelineKind::Respond => "responded",
        TimelineKind::Take => "took it",
        TimelineKind::Release => "released it",
        TimelineKind::Assign => "assigned it",
        TimelineKind::Note => "noted",
        TimelineKind::Reply => "replied",
        TimelineKind::RequestInfo => "asked for information",
        TimelineKind::InfoReceived => "recorded information",
        TimelineKind::SetSeverity => "set the severity",
        TimelineKind::RecordWorkaround => "recorded a workaround",
        TimelineKind::LogPhoneCall => "logged a phone call",
        TimelineKind::SetEligibility => "set the eligibility",
        TimelineKind::Escalate => "escalated it",
        TimelineKind::HandBack => "handed it back",
        TimelineKind::Close => "closed it",
        TimelineKind::Reopen => "reopened it",
        TimelineKind::PolicyChange => "put it under another policy",
        TimelineKind::Mail => "about its mail",
        TimelineKind::Correction => "worked on its correction",
        TimelineKind::Attach => "attached files",
        TimelineKind::Other => "did something that this version does not know",
    }
}

/// A text in one tone, wrapped.
fn put(lines: &mut Vec<Line>, tone: Tone, text: &Untrusted, width: usize) {
    for line in text.wrapped(width, TEXT_LINES) {
        lines.push(vec![Span::new(tone, line)]);
    }
}

fn indented(lines: &mut Vec<Line>, tone: Tone, text: &Untrusted, width: usize) {
    for line in text.wrapped(width.saturating_sub(INDENT.len()), TEXT_LINES) {
        lines.push(vec![Span::new(tone, format!("{INDENT}{line}"))]);
    }
}

/// Pieces one after the other; one that no longer fits begins the next line.
fn flow(lines: &mut Vec<Line>, pieces: Line, width: usize) {
    let mut line = Line::new();
    let mut used = 0;
    for piece in pieces {
        let wide = columns(&piece.text);
        let separates = |piece: &Span| piece.text.trim_matches([' ', '·']).is_empty();
        if used > 0 && used + columns(piece.text.trim_end()) > width {
            // A line neither ends nor begins with what stands between two pieces.
            if line.last().is_some_and(separates) {
                line.pop();
            }
            lines.push(std::mem::take(&mut line));
            used = 0;
            if separates(&piece) {
                continue;
            }
        }
        if wide > width {
            // Wider than the pane: it has lines of its own.
            for part in Untrusted::new(piece.text).wrapped(width, TEXT_LINES) {
                used = columns(&part);
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(Span::new(piece.tone, part));
            }
            continue;
        }
        used += wide;
        line.push(piece);
    }
    if !line.is_empty() {
        lines.push(line);
    }
}
