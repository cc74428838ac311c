//! The tabs that list things: files, other cases, and what is known of the correction.

use chrono::{DateTime, Datelike, Utc};

use super::{NAME, SENTENCE, Sheet, dotted};
use crate::app::detail::asked::{self, Asked};
use crate::app::model::Model;
use crate::app::view::{Line, Span, Tone};
use crate::app::words;
use crate::app::zone;
use crate::domain::text::{columns, safe_line};
use crate::domain::{Case, CaseDetail, Visibility};
use crate::input::Action;

/// From so many columns on a case of a list has one line.
const ONE_LINE: usize = 70;
/// Columns of how a case ended.
const OUTCOME: usize = 38;

/// Room for the mark of what is chosen.
fn beside() -> Line {
    vec![Span::new(Tone::Plain, "  ")]
}

pub fn files(model: &Model, sheet: &mut Sheet, detail: &CaseDetail) {
    let policy = &model.desks.of(&detail.case.id).policy;
    let calendar = policy.calendar_id(detail.case.tier, &detail.case.partner.id);
    if detail.attachments.is_empty() {
        sheet.say(Tone::Dim, "No files are attached to this case.");
        return;
    }
    sheet.behind(beside());
    for file in &detail.attachments {
        let side = match file.visibility {
            Visibility::Internal => Span::new(Tone::Internal, "[internal]"),
            Visibility::Customer => Span::new(Tone::Customer, "[customer]"),
        };
        let dim = |text: String| Span::new(Tone::Dim, text);
        sheet.item();
        sheet.flow(dotted([
            Span::new(Tone::Strong, file.name.cell(NAME)),
            Span::new(Tone::Plain, size(file.size)),
            side,
            dim(safe_line(&file.media_type, 40)),
            dim(format!("{} by {}", zone::stamp(policy, calendar, file.at), file.by.cell(NAME))),
            dim(format!("no. {}", safe_line(&file.id, 12))),
        ]));
    }
    sheet.behind(Line::new());
}

/// "812 bytes", "14 kB", "3.2 MB": a thousand of each is the next.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

pub fn earlier(model: &Model, sheet: &mut Sheet, case: &Case, now: DateTime<Utc>) {
    let Some(others) = model.asked.others(&case.id) else {
        sheet.say(Tone::Dim, "The desk is asked for other cases of this customer.");
        return;
    };
    let (customers, similar) = asked::listed(others, case);
    let company = case.customer.company.cell(NAME);
    let none = format!("No other case of {company} is known.");
    let heading = format!("Other cases of {company}");
    list(model, sheet, (&heading, &none), others.customers.as_ref(), &customers, now);
    if others.similar.is_some() {
        let words = safe_line(&others.words, NAME);
        let heading = format!("Similar cases: {words}");
        let none = format!("No other case has the words {words}.");
        sheet.blank();
        list(model, sheet, (&heading, &none), others.similar.as_ref(), &similar, now);
    }
}

fn list(
    model: &Model,
    sheet: &mut Sheet,
    (heading, none): (&str, &str),
    asked: Option<&Asked<Vec<Case>>>,
    cases: &[&Case],
    now: DateTime<Utc>,
) {
    sheet.behind(Line::new());
    match asked {
        None => sheet.say(Tone::Dim, "The case names no company."),
        Some(Asked::Asking(_)) => sheet.say(Tone::Dim, format!("{heading}: the desk is asked.")),
        Some(Asked::Failed(why)) => failed(model, sheet, heading, &why.cell(SENTENCE)),
        Some(Asked::Here(_)) if cases.is_empty() => sheet.say(Tone::Dim, none),
        Some(Asked::Here(_)) => {
            sheet.say(Tone::Title, heading);
            sheet.behind(beside());
            let ids = cases.iter().map(|case| columns(&case.id.to_string())).max().unwrap_or(0);
            let outcomes: Vec<String> =
                cases.iter().map(|case| outcome(model, case, now)).collect();
            let wide = outcomes.iter().map(|outcome| columns(outcome)).max().unwrap_or(0);
            for (case, outcome) in cases.iter().zip(outcomes) {
                sheet.item();
                row(sheet, case, &outcome, (ids, wide));
            }
            sheet.behind(Line::new());
        }
    }
}

fn failed(model: &Model, sheet: &mut Sheet, what: &str, why: &str) {
    let key = words::key(model, Action::Refresh);
    sheet.say(Tone::Error, format!("{what} could not be asked for: {why} {key} tries again."));
}

/// How a case ended, or how it stands, and since when.
fn outcome(model: &Model, case: &Case, now: DateTime<Utc>) -> String {
    let policy = &model.desks.of(&case.id).policy;
    let calendar = policy.calendar_id(case.tier, &case.partner.id);
    let this_year = zone::date(policy, calendar, now).year();
    let day = |at| {
        let date = zone::date(policy, calendar, at);
        let form = if date.year() == this_year { "%-d %b" } else { "%-d %b %Y" };
        date.format(form).to_string()
    };
    let ended = asked::ended(model, case).and_then(|detail| detail.resolution.as_ref());
    let outcome = match ended {
        Some(end) => format!("{}, {}", end.kind, day(end.at)),
        None if case.is_closed() => format!("closed {}", day(case.updated_at)),
        None => format!("{} since {}", case.state, day(case.reported_at)),
    };
    safe_line(&outcome, OUTCOME)
}

/// `ids`, `outcomes`: the columns of the widest.
fn row(sheet: &mut Sheet, case: &Case, outcome: &str, (ids, outcomes): (usize, usize)) {
    let id = case.id.to_string();
    let severity = case.severity.label();
    let tone = if case.is_closed() { Tone::Dim } else { Tone::Plain };
    let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(columns(text)));
    let head = vec![
        Span::new(Tone::Strong, format!("{id}{}  ", pad(&id, ids))),
        Span::new(Tone::Severity(case.severity), format!("{severity}{}  ", pad(severity, 8))),
    ];
    if sheet.room() >= ONE_LINE {
        let room = sheet.room().saturating_sub(ids + 2 + 10 + outcomes + 2);
        let subject = case.subject.cell(room);
        let gap = pad(&subject, room);
        let mut line = head;
        line.push(Span::new(Tone::Plain, format!("{subject}{gap}  ")));
        line.push(Span::new(tone, outcome));
        sheet.row(line);
    } else {
        let mut line = head;
        line.push(Span::new(tone, outcome));
        sheet.flow(line);
        let subject = case.subject.cell(sheet.room());
        sheet.row(vec![Span::new(Tone::Plain, subject)]);
    }
}

pub fn correction(model: &Model, sheet: &mut Sheet, case: &Case) {
    let Some(id) = &case.correction else {
        sheet.say(Tone::Dim, "No correction is linked to this case.");
        return;
    };
    let heading = format!("Correction {id}");
    let detail = match model.asked.correction(case.id.desk(), id) {
        None | Some(Asked::Asking(_)) => {
            return sheet.say(Tone::Dim, format!("{heading}: the desk is asked."));
        }
        Some(Asked::Failed(why)) => return failed(model, sheet, &heading, &why.cell(SENTENCE)),
        Some(Asked::Here(detail)) => detail,
    };
    let policy = &model.desks.of(&case.id).policy;
    let calendar = policy.calendar_id(case.tier, &case.partner.id);
    let correction = &detail.correction;
    sheet.put(Tone::Strong, &correction.title);
    let plan = correction.release_plan.map_or("nothing planned", |plan| plan.label());
    let waits =
        words::counted(usize::try_from(correction.cases).unwrap_or(usize::MAX), "case", "cases");
    sheet.flow(dotted([
        Span::new(Tone::Plain, id.to_string()),
        Span::new(Tone::Plain, plan),
        Span::new(Tone::Plain, correction.status.label()),
        Span::new(Tone::Plain, format!("{waits} linked")),
        Span::new(
            Tone::Dim,
            format!("changed {}", zone::stamp(policy, calendar, correction.updated_at)),
        ),
    ]));
    if let Some(note) = correction.note.as_ref().filter(|note| !note.is_empty()) {
        sheet.blank();
        sheet.put(Tone::Plain, note);
    }
    if detail.history.is_empty() {
        return;
    }
    sheet.blank();
    sheet.say(Tone::Title, "History");
    for event in &detail.history {
        sheet.behind(Line::new());
        sheet.flow(vec![
            Span::new(Tone::Dim, format!("{}  ", zone::stamp(policy, calendar, event.at))),
            Span::new(Tone::Strong, format!("{} ", event.actor.name.cell(NAME))),
            Span::new(Tone::Plain, event.text.cell(SENTENCE)),
        ]);
        if !event.reason.is_empty() {
            sheet.behind(beside());
            sheet.put(Tone::Dim, &event.reason);
        }
    }
    sheet.behind(Line::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_or_three_digits_and_its_unit() {
        for (bytes, text) in
            [(812, "812 bytes"), (1000, "1 kB"), (13_001, "14 kB"), (3_250_000, "3.2 MB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
