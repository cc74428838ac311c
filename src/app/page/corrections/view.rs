//! The page as it is shown: where its panes are, the lines of the outline in view, the correction beside them, and
//! what stands in their place while there is nothing to show.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ratatui::layout::Rect;

use super::deeds::label;
use super::lines::{Line as Row, lines, of_plan};
use super::{Key, Outline, Statuses, Waiting, all_waiting, is_down, linked};
use crate::app::age;
use crate::app::build::{Wake, retry};
use crate::app::layout;
use crate::app::model::Model;
use crate::app::msg::Link;
use crate::app::view::{
    CorrectionPane, CorrectionsView, FilterLine, Line, Notice, OutlineRow, Span, Tone,
};
use crate::app::words;
use crate::app::zone;
use crate::domain::ask::{Because, Unanswered};
use crate::domain::{
    Correction, CorrectionDetail, CorrectionStatus, DeskNo, PartnerId, Tier, Untrusted,
};
use crate::input::Action;
use crate::sla::policy::Policy;

const SENTENCE: usize = 300;
const MOST_LINES: usize = 400;

/// Where outline and correction stand; an empty one is not shown.
fn areas((columns, rows): (u16, u16), reading: bool) -> (Rect, Rect) {
    let body = Rect::new(0, 1, columns, rows.saturating_sub(2));
    match (columns, rows) {
        (0..60, _) | (_, 0..15) if reading => (Rect::ZERO, body),
        (0..60, _) | (_, 0..15) => (body, Rect::ZERO),
        (60..100, _) => {
            let upper = body.height / 2 + 1;
            let list = Rect { height: upper, ..body };
            // The panes share a frame line.
            let y = list.bottom() - 1;
            (list, Rect { y, height: body.bottom() - y, ..body })
        }
        _ => {
            let left = (columns * 58 / 100).max(58);
            let list = Rect { width: left, ..body };
            (list, Rect { x: left, width: columns - left, ..body })
        }
    }
}

/// The rows of the outline: below the names of the columns, above the filter and what is said of desks.
fn list_rows(model: &Model) -> usize {
    let list = areas(model.size, model.outline.reading).0;
    let filter = has_filter(&model.outline);
    let rows = layout::queue_rows(list, filter).height;
    usize::from(rows).saturating_sub(remarks(model).len())
}

fn has_filter(outline: &Outline) -> bool {
    outline.filtering.is_some() || !outline.filter.is_empty()
}

/// Keeps the cursor's line, and what is read, in view.
pub fn see(model: &mut Model, count: usize) {
    let rows = list_rows(model).max(1);
    let outline = &mut model.outline;
    let (low, high) = ((outline.at + 1).saturating_sub(rows), outline.at);
    outline.top = outline.top.clamp(low, high).min(count.saturating_sub(rows));
    // The heading above the first line is seen with it.
    if outline.top == 1 && outline.at < rows {
        outline.top = 0;
    }
    let Some((key, _)) = outline.selected() else { return };
    let key = key.clone();
    let cases = linked(model, &key).len();
    let text = reading(model, &key, None);
    let (height, _) = inside(model);
    let outline = &mut model.outline;
    outline.case_at = outline.case_at.min(cases.saturating_sub(1));
    outline.scroll = outline.scroll.min(text.lines.len().saturating_sub(height));
}

pub fn page_rows(model: &Model) -> isize {
    let rows = if model.outline.reading { inside(model).0 } else { list_rows(model) };
    isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1)
}

/// Rows and columns of the correction's text.
fn inside(model: &Model) -> (usize, usize) {
    let area = layout::inside(areas(model.size, model.outline.reading).1);
    (usize::from(area.height), usize::from(area.width.saturating_sub(2)))
}

/// Moves within the correction: over its cases, and beyond the last one down the text.
pub fn move_within(model: &mut Model, rows: isize) {
    let Some((key, _)) = model.outline.selected() else { return };
    let key = key.clone();
    let cases = linked(model, &key).len();
    let (height, _) = inside(model);
    let text = reading(model, &key, None);
    let most = text.lines.len().saturating_sub(height);
    let outline = &mut model.outline;
    let last = cases.saturating_sub(1);
    let single = rows.abs() == 1;
    if single && cases > 0 && rows > 0 && outline.case_at < last {
        outline.case_at += 1;
    } else if single && cases > 0 && rows < 0 && outline.scroll == 0 {
        outline.case_at = outline.case_at.saturating_sub(1);
    } else {
        outline.scroll = outline.scroll.saturating_add_signed(rows).min(most);
        if !single && rows < 0 && outline.scroll == 0 {
            outline.case_at = 0;
        }
        return;
    }
    if let Some(at) = text.first_case.map(|first| first + outline.case_at) {
        let low = (at + 1).saturating_sub(height.max(1));
        outline.scroll = outline.scroll.clamp(low, at).min(most);
    }
}

/// The whole page.
pub fn view(model: &Model, wake: &mut Wake) -> CorrectionsView {
    let outline = &model.outline;
    let (list, detail) = areas(model.size, outline.reading);
    let all = lines(model);
    let waiting = all_waiting(model);
    let height = list_rows(model);
    let rows = all.iter().enumerate().skip(outline.top).take(height);
    let rows = rows.map(|(at, row)| shown(model, row, at, &waiting, wake)).collect();
    let told = outline.desks.values().filter_map(|told| told.corrections.as_ref());
    let count: usize = told.map(Vec::len).sum();
    let visible: usize = super::lines::plans().map(|plan| of_plan(model, plan).len()).sum();
    let counted =
        if visible == count { count.to_string() } else { format!("{visible} of {count}") };
    let asking = outline.desks.values().any(|told| told.asked.is_some());
    CorrectionsView {
        list,
        detail,
        title: format!("Corrections · {} ({counted})", outline.statuses.label()),
        asking: asking && count > 0,
        rows,
        first: outline.top,
        count: all.len(),
        notice: all.is_empty().then(|| notice(model, count, wake)),
        remarks: if all.is_empty() { Vec::new() } else { remarks(model) },
        filter: has_filter(outline).then(|| FilterLine {
            text: outline.filter.clone(),
            cursor: outline.filtering.as_ref().map(|line| line.cursor().1),
        }),
        pane: outline.selected().map(|(key, _)| {
            let text = reading(model, key, Some(wake));
            CorrectionPane { title: text.title, lines: text.lines, scroll: outline.scroll }
        }),
        reading: outline.reading,
    }
}

fn shown(
    model: &Model,
    row: &Row,
    at: usize,
    waiting: &BTreeMap<Key, Waiting>,
    wake: &mut Wake,
) -> OutlineRow {
    let selected = at == model.outline.at;
    match row {
        Row::Plan(plan) => {
            let of = of_plan(model, *plan);
            let mut customers = std::collections::BTreeSet::new();
            for (desk, one) in &of {
                if let Some(waiting) = waiting.get(&(*desk, one.id.clone())) {
                    customers.extend(waiting.customers.iter().map(|(p, c)| (*desk, p, c)));
                }
            }
            OutlineRow::Plan {
                title: heading(label(*plan)),
                count: of.len(),
                customers: customers.len(),
                folded: model.outline.folded.contains(plan),
                selected,
            }
        }
        Row::One(key) => {
            let Some(one) = model.outline.correction(key) else {
                return OutlineRow::Plan {
                    title: String::new(),
                    count: 0,
                    customers: 0,
                    folded: false,
                    selected,
                };
            };
            let desk = model.desks.get(key.0);
            OutlineRow::One {
                id: key.1.clone(),
                desk: model.desks.are_several().then(|| desk.name.clone()),
                title: one.title.clone(),
                status: one.status.label(),
                tone: tone(one.status),
                cases: one.cases,
                customers: waiting.get(key).map_or(0, |waiting| waiting.customers.len()),
                age: wake.at(desk, |wake| {
                    let seconds = (wake.now() - one.updated_at).num_seconds().max(0);
                    let (unit, text) = age::text(seconds);
                    wake.by(Some(
                        one.updated_at + chrono::TimeDelta::seconds((seconds / unit + 1) * unit),
                    ));
                    text
                }),
                selected,
            }
        }
    }
}

fn heading(label: &str) -> String {
    let mut letters = label.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

fn tone(status: CorrectionStatus) -> Tone {
    match status {
        CorrectionStatus::Released => Tone::Good,
        CorrectionStatus::Rejected => Tone::Dim,
        CorrectionStatus::InWork | CorrectionStatus::InTest => Tone::Strong,
        CorrectionStatus::Confirmed | CorrectionStatus::Planned => Tone::Plain,
    }
}

/// What is said of desks whose corrections are missing or old, below those of the others.
fn remarks(model: &Model) -> Vec<(Tone, String)> {
    let outline = &model.outline;
    let mut said = Vec::new();
    for (no, told) in &outline.desks {
        let desk = model.desks.get(*no);
        let Some(failed) = &told.failed else { continue };
        let old = if told.corrections.is_some() { "as they were: " } else { "" };
        let sentence = match failed.because {
            Because::NotOffered => "this desk keeps no corrections".to_owned(),
            _ => format!("{old}{}", failed.why.cell(SENTENCE)),
        };
        said.push((Tone::Error, words::at_desk(&model.desks, desk, sentence)));
    }
    said
}

/// What stands there instead of the outline: what it is, and what to do.
fn notice(model: &Model, count: usize, wake: &mut Wake) -> Notice {
    let outline = &model.outline;
    let key = |action| words::key(model, action);
    let plain = |title: &str, lines: Vec<String>| Notice {
        title: title.to_owned(),
        lines,
        tone: Tone::Strong,
    };
    let refresh = key(Action::CorrectionRefresh);
    if count > 0 {
        let mut lines = Vec::new();
        if !outline.filter.is_empty() {
            let clears = key(Action::ClearFilter);
            lines.push(format!(
                "The filter is \"{}\": {clears} clears it.",
                Untrusted::from(outline.filter.as_str()).cell(60)
            ));
        }
        if outline.statuses != Statuses::All {
            let statuses = key(Action::CorrectionStatuses);
            let label = outline.statuses.label();
            lines.push(format!("Only {label} is shown: {statuses} shows others."));
        }
        return plain("No correction fits", lines);
    }
    let failures: Vec<(DeskNo, &Unanswered)> =
        outline.desks.iter().filter_map(|(no, told)| Some((*no, told.failed.as_ref()?))).collect();
    let is_asking = outline.desks.values().any(|told| told.asked.is_some());
    let Some((no, failed)) = failures.first() else {
        if is_asking || outline.desks.is_empty() {
            return plain(
                "Asking for the corrections …",
                vec!["Esc goes back to the desk.".to_owned()],
            );
        }
        let new = key(Action::CorrectionNew);
        let who = match super::refusal(model, Action::CorrectionNew) {
            None => format!("{new} opens the first one."),
            Some(why) => why,
        };
        return plain("No corrections yet", vec![who]);
    };
    let desk = model.desks.get(*no);
    let why = failed.why.cell(SENTENCE);
    let (title, mut lines) = match (failed.because, &desk.link) {
        (Because::NotOffered, _) => (
            "This desk keeps no corrections",
            vec!["Esc goes back; product errors of this desk are followed elsewhere.".to_owned()],
        ),
        (Because::SignedOut, _) | (_, Link::SignedOut { .. }) => {
            ("Signed out", vec![why, format!("Renew the token, then {refresh} asks again.")])
        }
        (Because::NotAllowed, _) | (_, Link::NotAllowed { .. }) => (
            "Not allowed",
            vec![why, "An administrator of the desk can give you the right.".to_owned()],
        ),
        (Because::NotReached, link) => {
            let mut lines = vec![why];
            if let Link::Offline { retry_at, .. } = link {
                let retry = wake.at(desk, |wake| retry(*retry_at, wake));
                lines.push(format!("The desk is not reached, {retry}."));
            }
            lines
                .push(format!("{refresh} asks for the corrections again; they are not kept here."));
            ("Offline", lines)
        }
        _ => ("The corrections cannot be read", vec![why, format!("{refresh} asks again.")]),
    };
    if model.desks.are_several()
        && let Some(first) = lines.first_mut()
    {
        *first = format!("{}: {first}", desk.name);
    }
    let tone = if failed.because == Because::NotOffered { Tone::Strong } else { Tone::Error };
    Notice { title: title.to_owned(), lines, tone }
}

/// The correction under the cursor as text, and where its cases begin.
struct Reading {
    title: String,
    lines: Vec<Line>,
    first_case: Option<usize>,
}

fn reading(model: &Model, key: &Key, wake: Option<&mut Wake>) -> Reading {
    let outline = &model.outline;
    let (_, width) = inside(model);
    let desk = model.desks.get(key.0);
    let title = if model.desks.are_several() {
        format!("{} at {}", key.1, desk.name)
    } else {
        key.1.to_string()
    };
    let mut text = Reading { title, lines: Vec::new(), first_case: None };
    let Some(one) = outline.correction(key) else { return text };
    if width == 0 {
        return text;
    }
    let policy = &desk.policy;
    let whole = outline.whole.get(key);
    text.prose(Tone::Strong, &one.title, width, 4);
    let stamp = at(policy, one.updated_at);
    text.said(
        width,
        Tone::Plain,
        format!("{} · {} · changed {stamp}", one.status, label(one.release_plan)),
    );
    text.said(width, Tone::Plain, waits(model, key, one));
    if let Some(note) = one.note.as_ref().filter(|note| !note.is_empty()) {
        text.heading("Note, in the public outline");
        text.prose(Tone::Plain, note, width, MOST_LINES);
    }
    cases(&mut text, model, key, width);
    match (whole, outline.not_read.as_ref().filter(|(failed, _)| failed == key)) {
        (Some(whole), _) => history(&mut text, whole, policy, width, model.ascii),
        (None, Some((_, failed))) => {
            let refresh = words::key(model, Action::CorrectionRefresh);
            let why = failed.why.cell(SENTENCE);
            let mut retried = String::new();
            if let (Some(wake), true) = (wake, is_down(model, key.0))
                && let Link::Offline { retry_at, .. } = &desk.link
            {
                retried = format!(" The desk is not reached, {}.", retry(*retry_at, wake));
            }
            let said = format!("Its history cannot be read: {why}{retried} {refresh} asks again.");
            text.blank();
            text.said(width, Tone::Error, said);
        }
        (None, None) => {
            text.blank();
            text.said(width, Tone::Dim, "Its history is being read …".to_owned());
        }
    }
    text
}

/// "3 customers wait with 5 open cases that you see; 2 more linked cases are closed or not yours."
fn waits(model: &Model, key: &Key, one: &Correction) -> String {
    let waiting = super::waiting(model, key);
    let open = waiting.cases.len();
    let more = usize::try_from(one.cases).unwrap_or(usize::MAX).saturating_sub(open);
    let mut said = match waiting.customers.len() {
        0 if one.cases == 0 => "No case is linked to it.".to_owned(),
        0 => "No customer waits with an open case that you see".to_owned(),
        1 => format!("1 customer waits, with {}", words::counted(open, "open case", "open cases")),
        n => format!("{n} customers wait, with {open} open cases"),
    };
    if more > 0 {
        let more = words::counted(more, "linked case is", "linked cases are");
        let _ = write!(said, "; {more} closed, or not in your queue");
    }
    said
}

fn cases(text: &mut Reading, model: &Model, key: &Key, width: usize) {
    let all = linked(model, key);
    if all.is_empty() {
        return;
    }
    text.heading(&format!("Cases ({})", all.len()));
    text.first_case = Some(text.lines.len());
    let id_width = all.iter().map(|id| id.to_string().len()).max().unwrap_or(0);
    for (n, id) in all.iter().enumerate() {
        let on = model.outline.reading && n == model.outline.case_at;
        let mark = if on { "▌" } else { " " };
        let mut line = vec![
            Span::new(if on { Tone::Key } else { Tone::Plain }, mark),
            Span::new(
                if on { Tone::Key } else { Tone::Strong },
                format!("{:id_width$}  ", id.to_string()),
            ),
        ];
        match model.queue.case(id) {
            Some(case) => {
                let room = width.saturating_sub(id_width + 9);
                let company = case.customer.company.cell(room.min(18));
                line.push(Span::new(
                    Tone::Severity(case.severity),
                    format!("{:4}  ", case.severity.short()),
                ));
                let left = room.saturating_sub(crate::domain::text::columns(&company) + 3);
                line.push(Span::new(Tone::Plain, company));
                if left >= 6 {
                    line.push(Span::new(Tone::Dim, " · "));
                    line.push(Span::new(Tone::Plain, case.subject.cell(left)));
                }
            }
            None => line.push(Span::new(Tone::Dim, "closed, or not in your queue")),
        }
        text.lines.push(line);
    }
}

/// Newest first.
fn history(
    text: &mut Reading,
    whole: &CorrectionDetail,
    policy: &Policy,
    width: usize,
    ascii: bool,
) {
    if whole.history.is_empty() {
        return;
    }
    text.heading("History");
    for event in whole.history.iter().rev() {
        let head = format!("{} ", at(policy, event.at));
        text.lines.push(vec![
            Span::new(Tone::Dim, head),
            Span::new(Tone::Plain, event.actor.name.cell(30)),
            Span::new(Tone::Dim, format!(" · {}", event.what)),
        ]);
        let what = event.text.raw();
        let what = if ascii { what.replace('→', "->") } else { what.to_owned() };
        for (tone, said) in [(Tone::Plain, what.into()), (Tone::Internal, event.reason.clone())] {
            if !said.is_empty() {
                for line in said.wrapped(width.saturating_sub(2), MOST_LINES) {
                    text.lines.push(vec![Span::new(tone, format!("  {line}"))]);
                }
            }
        }
    }
}

/// In the vendor's own time, since Product Management is the vendor's.
fn at(policy: &Policy, at: chrono::DateTime<chrono::Utc>) -> String {
    let calendar = policy.calendar_id(Tier::Product, &PartnerId::from("direct"));
    format!("{} {}", zone::stamp(policy, calendar, at), zone::name(policy, calendar, at))
}

impl Reading {
    fn blank(&mut self) {
        self.lines.push(Vec::new());
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.lines.push(vec![Span::new(Tone::Title, title)]);
    }

    fn prose(&mut self, tone: Tone, said: &Untrusted, width: usize, most: usize) {
        self.lines.extend(said.wrapped(width, most).into_iter().map(|l| vec![Span::new(tone, l)]));
    }

    fn said(&mut self, width: usize, tone: Tone, said: String) {
        self.prose(tone, &said.into(), width, 8);
    }
}
