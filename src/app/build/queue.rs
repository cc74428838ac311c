//! The queue's pane: the visible rows, or what stands in their place.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Wake, act_text, header};
use crate::app::age;
use crate::app::desk::Desk;
use crate::app::finding::line;
use crate::app::layout::Shape;
use crate::app::model::Model;
use crate::app::msg::Link;
use crate::app::promises;
use crate::app::queue::{At, sort_text};
use crate::app::view::{FilterLine, Notice, QueueView, Row, RowDesk, Tone, ViewTab};
use crate::app::words;
use crate::domain::text::safe_line;
use crate::domain::{Case, DeskNo, Tier, Untrusted};
use crate::input::Action;
use crate::query::{Column, Sort};
use crate::sla::policy::Policy;
use crate::sla::reading::{self, Face};

/// Columns of a sentence from the desk in a notice.
const SENTENCE: usize = 300;
/// What a filter looks through, whatever the view.
const ALL: &str = "all open";
/// Columns of a view's name.
const NAME: usize = 40;
const SHORT_NAME: usize = 16;

pub fn queue(model: &Model, wake: &mut Wake) -> QueueView {
    let (first, rows) = model.queue.rows();
    let selected = model.case_id();
    let rows: Vec<Row> = rows
        .map(|(case, fresh)| row(model, case, fresh, selected == Some(&case.id), wake))
        .collect();
    let notice = if model.queue.len() == 0 { notice(model, wake) } else { None };
    // The filter looks through all open cases, whatever the view.
    let name = if model.queue.is_filtered() { ALL } else { model.queue.view().title.as_str() };
    QueueView {
        name: safe_line(name, NAME),
        count: model.queue.len(),
        arrived: model
            .queue
            .count_of_view(&model.arrived, At { now: wake.now, desks: &model.desks }),
        marked: model.marks.said(),
        stale: stale(model, wake),
        loading: is_loading(model),
        sort: sort(model),
        rows,
        first,
        notice,
        filter: filter(model),
        filter_wrong: model.queue.unknown_desk(&model.desks),
        under: line::under(model),
        lines: model.queue_lines(),
        views: views(model),
        columns: model.columns().to_vec(),
    }
}

fn sort(model: &Model) -> String {
    let sort = sort_text(model.queue.sort());
    let mark = match model.queue.sort() {
        _ if model.ascii => "",
        [Sort { reversed: true, .. }, ..] => " ▼",
        _ => " ▲",
    };
    format!("{sort}{mark}")
}

/// They stand in the lower frame line, where it is the queue's own.
fn views(model: &Model) -> Vec<ViewTab> {
    let areas = model.areas();
    if areas.shape != Shape::Wide && !areas.detail.is_empty() {
        return Vec::new();
    }
    let views = model.queue.views().iter().enumerate().map(|(place, view)| ViewTab {
        key: view.key,
        name: safe_line(view.short(), SHORT_NAME),
        count: model.queue.count_in(place),
        shown: place == model.queue.view_at() && !model.queue.is_filtered(),
    });
    views.collect()
}

/// Whether what a desk told can no longer be relied on.
fn is_stale(desk: &Desk, wake: &mut Wake) -> bool {
    match desk.link {
        Link::Live => false,
        Link::SignedOut { .. } | Link::NotAllowed { .. } | Link::NotACaseApi { .. } => true,
        Link::Connecting | Link::Offline { .. } => header::old(desk, wake).is_some(),
    }
}

/// Whether more is on its way. A desk whose line is down keeps nobody waiting for the cases of the others.
fn is_loading(model: &Model) -> bool {
    let several = model.desks.are_several();
    model.desks.iter().any(|desk| {
        let is_given_up = several && words::link_down(&desk.link).is_some();
        !model.queue.has_loaded(desk.no) && !is_given_up
    })
}

/// The oldest of what the desks have told.
fn stale(model: &Model, wake: &mut Wake) -> Option<String> {
    let mut oldest: Option<(TimeDelta, String)> = None;
    for desk in model.desks.iter() {
        let Some(text) = wake.at(desk, |wake| {
            let (text, next) = age::stale(desk, wake.now);
            wake.by(next);
            text
        }) else {
            continue;
        };
        let age = desk.fresh_at.map_or(TimeDelta::zero(), |at| desk.time(wake.now) - at);
        if oldest.as_ref().is_none_or(|(known, _)| age > *known) {
            oldest = Some((age, text));
        }
    }
    oldest.map(|(_, text)| text)
}

fn filter(model: &Model) -> Option<FilterLine> {
    if let Some(line) = &model.filtering {
        return Some(FilterLine { text: line.text(), cursor: Some(line.cursor()) });
    }
    let text = model.queue.filter();
    (!text.is_empty()).then(|| FilterLine { text: text.to_owned(), cursor: None })
}

fn row(model: &Model, case: &Case, fresh: bool, selected: bool, wake: &mut Wake) -> Row {
    let desk = model.desks.of(&case.id);
    let (face, deadline) = wake.at(desk, |wake| deadline(&desk.policy, case, wake));
    let (due, due_tone) = act_text(model, &case.id, wake).unwrap_or((deadline, Tone::Face(face)));
    let name = model.desks.name_of(&case.id).map(str::to_owned);
    let mut row = Row {
        id: case.id.clone(),
        desk: name.map(|name| RowDesk { name, stale: wake.at(desk, |wake| is_stale(desk, wake)) }),
        severity: case.severity,
        subject: case.subject.clone(),
        tier: case.tier,
        with: case.assignee.as_ref().map(|p| p.name.clone()),
        face,
        due,
        due_tone,
        selected,
        marked: model.marks.has(&case.id),
        fresh,
        extra: extra(model, case, wake),
    };
    wake.by(promises::over_row(model, case, &mut row, wake.now));
    row
}

/// The cells of the columns that are chosen besides the usual ones.
fn extra(model: &Model, case: &Case, wake: &mut Wake) -> Vec<(Column, Untrusted)> {
    let columns = model.columns().iter().filter(|column| !Column::USUAL.contains(column));
    let cells = columns.map(|column| {
        let cell = match column {
            Column::Customer => case.customer.company.clone(),
            Column::Partner => case.partner.name.clone(),
            Column::Tier => tier_short(case.tier).into(),
            Column::Age => age_of(model, case, case.reported_at, wake).into(),
            Column::Updated => age_of(model, case, case.updated_at, wake).into(),
            _ => case.correction.as_ref().map_or("", |id| id.as_str()).into(),
        };
        (*column, cell)
    });
    cells.collect()
}

const fn tier_short(tier: Tier) -> &'static str {
    match tier {
        Tier::First => "1st",
        Tier::Second => "2nd",
        Tier::Product => "PM",
    }
}

/// How long ago something was, in one unit, so that a still screen stays still.
fn age_of(model: &Model, case: &Case, from: DateTime<Utc>, wake: &mut Wake) -> String {
    wake.at(model.desks.of(&case.id), |wake| {
        let seconds = (wake.now - from).num_seconds().max(0);
        let (unit, word) = match seconds {
            0..3600 => (60, "m"),
            3600..172_800 => (3600, "h"),
            _ => (86_400, "d"),
        };
        wake.by(Some(from + TimeDelta::seconds((seconds / unit + 1) * unit)));
        format!("{}{word}", seconds / unit)
    })
}

/// The deadline that a case stands by: its state, and in words.
pub fn deadline(policy: &Policy, case: &Case, wake: &mut Wake) -> (Face, String) {
    // Its sign says it.
    let none = || (Face::NoTarget, String::new());
    let Some(clock) = reading::leading(case, wake.now) else { return none() };
    let read = reading::read(clock, policy, wake.now);
    wake.by(read.next_change);
    match read.face {
        Face::NoTarget => none(),
        // A clock that is held and missed shows that it is missed.
        Face::Paused if read.missed => (Face::Missed, format!("held {}", read.left)),
        Face::Paused => (read.face, format!("held {}", read.left)),
        Face::Outside => (read.face, read.text),
        // Due at the next opening: the opening says more than "0s".
        Face::Critical if read.remaining_s == Some(0) => (read.face, read.text),
        face => (face, read.left),
    }
}

/// What to say where there are no rows: loading, nothing to do, no match, not reached, not let in, not
/// understood. Each says what can be done.
fn notice(model: &Model, wake: &mut Wake) -> Option<Notice> {
    let key = |action| words::key(model, action);
    let said = |title: &str, tone: Tone, lines: Vec<String>| {
        Some(Notice { title: title.to_owned(), lines, tone })
    };
    if model.queue.is_loaded() {
        if model.queue.is_filtered() {
            let clear = if model.filtering.is_some() { Action::ClearFilter } else { Action::Back };
            let title = "No open case matches";
            let mut lines = vec![format!("{} clears the filter.", key(clear))];
            if let Some(wrong) = model.queue.unknown_desk(&model.desks) {
                lines.insert(0, format!("There is {wrong}."));
            }
            return said(title, Tone::Dim, lines);
        }
        let mut lines = Vec::new();
        match model.queue.total() {
            0 => lines
                .push("There is no open case at all. New ones appear by themselves.".to_owned()),
            n => {
                let (cases, are) = if n == 1 { ("case", "is") } else { ("cases", "are") };
                lines.push(format!("{n} open {cases} {are} in other views."));
                lines.push(format!("{} shows all open cases.", key(Action::ViewAll)));
            }
        }
        if model.desks.are_several() {
            lines.extend(down(model, wake));
        }
        let title = format!("Nothing in \"{}\"", safe_line(&model.queue.view().title, NAME));
        return said(&title, Tone::Dim, lines);
    }
    let sentence = |why: &Untrusted| why.cell(SENTENCE);
    let help =
        format!("{} tries again at once, {} quits.", key(Action::Refresh), key(Action::Quit));
    if model.desks.are_several() {
        return Some(several(model, help, wake));
    }
    let desk = model.desks.get(DeskNo::FIRST);
    match &desk.link {
        Link::Connecting | Link::Live => said(
            "Loading",
            Tone::Dim,
            vec!["The desk is being asked for its open cases.".to_owned()],
        ),
        Link::Offline { retry_at, why } => said(
            "The desk is not reached",
            Tone::Error,
            vec![sentence(why), wake.at(desk, |wake| again(*retry_at, wake)), help],
        ),
        Link::SignedOut { why } => said(
            "Signed out",
            Tone::Error,
            vec![
                sentence(why),
                "The token is unknown, expired or revoked: get a new one from the desk's administrator, \
                 put it where this desk's token comes from, and start again."
                    .to_owned(),
                help,
            ],
        ),
        Link::NotAllowed { why } => said(
            "Not allowed",
            Tone::Error,
            vec![
                sentence(why),
                "The desk knows you and does not let you see its queue: ask its administrator for a role \
                 that may."
                    .to_owned(),
                help,
            ],
        ),
        Link::NotACaseApi { why } => said(
            "Not a case API",
            Tone::Error,
            vec![
                sentence(why),
                "What answers at this address is not a case API: check the desk's url.".to_owned(),
                help,
            ],
        ),
    }
}

/// The same where no case of several desks has come yet.
fn several(model: &Model, help: String, wake: &mut Wake) -> Notice {
    let mut lines = down(model, wake);
    let loading = lines.len() < model.desks.iter().count();
    let first = "The desks are being asked for their open cases.".to_owned();
    lines.insert(0, if loading { first } else { help });
    lines.rotate_left(usize::from(!loading));
    let (title, tone) =
        if loading { ("Loading", Tone::Dim) } else { ("No desk can be read", Tone::Error) };
    Notice { title: title.to_owned(), lines, tone }
}

/// What is wrong with the line to each desk that is down, in a sentence.
fn down(model: &Model, wake: &mut Wake) -> Vec<String> {
    let mut lines = Vec::new();
    for desk in model.desks.iter() {
        let Some(sentence) = words::link_down(&desk.link) else { continue };
        let retry = match &desk.link {
            Link::Offline { retry_at, .. } => {
                format!(" {}", wake.at(desk, |wake| again(*retry_at, wake)))
            }
            _ => String::new(),
        };
        lines.push(words::at_desk(&model.desks, desk, format!("{sentence}{retry}")));
    }
    lines
}

fn again(retry_at: DateTime<Utc>, wake: &mut Wake) -> String {
    let text = header::retry(retry_at, wake);
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}, by itself.", letters.as_str())
}
