//! The outbox as lines: what waits for the person, what is on its way, what is damaged, the drafts.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Wake, hints, question};
use crate::app::acts::Flight;
use crate::app::age;
use crate::app::answer;
use crate::app::drafts::Kept;
use crate::app::form::{Filled, fields_of};
use crate::app::model::{Model, Sure};
use crate::app::outbox::{Item, items, name, place};
use crate::app::view::{ConfirmView, OutboxRow, OutboxView, Tone};
use crate::app::words;
use crate::domain::outbox::{Entry, State};
use crate::domain::{ActionKind, DeskNo, Untrusted};
use crate::input::Context;

/// Columns of a sentence below the lines.
const SENTENCE: usize = 300;
/// Columns of what was written, beside what is told of it.
const EXCERPT: usize = 120;

pub fn outbox(model: &Model, on: Option<&Item>, at: usize, wake: &mut Wake) -> OutboxView {
    let items = items(model);
    let at = place(&items, on, at);
    let row = |item: &Item, wake: &mut Wake| {
        let desk = model.desks.get(item.desk());
        let desk = if model.desks.are_several() { desk.name.clone() } else { String::new() };
        OutboxRow { desk, ..row(model, item, wake) }
    };
    OutboxView {
        rows: items.iter().map(|item| row(item, wake)).collect(),
        at,
        told: items.get(at).map(|item| told(model, item, wake)).unwrap_or_default(),
        hints: hints(model, Context::Outbox).map(|(_, hint)| hint).collect(),
    }
}

fn row(model: &Model, item: &Item, wake: &mut Wake) -> OutboxRow {
    match item {
        Item::Act(act) => match model.acts.get(*act) {
            Some(flight) => act_row(model, flight, wake),
            None => OutboxRow::default(),
        },
        Item::Damaged(_, n) => OutboxRow {
            n: n.to_string(),
            state: "set aside".to_owned(),
            tone: Tone::Error,
            ..OutboxRow::default()
        },
        Item::Draft(case, id) => OutboxRow {
            case: Some(case.clone()),
            act: draft(model, item, id)
                .and_then(|d| d.words.as_ref())
                .map_or("?", |words| label(words.kind))
                .to_owned(),
            state: "draft".to_owned(),
            tone: Tone::Dim,
            ..OutboxRow::default()
        },
    }
}

fn draft<'a>(model: &'a Model, item: &Item, id: &str) -> Option<&'a Kept> {
    let Item::Draft(case, _) = item else { return None };
    model.drafts.iter().find(|kept| kept.id == id && kept.case.desk() == case.desk())
}

/// An act in a word or two.
fn label(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Respond => "respond",
        ActionKind::Take => "take",
        ActionKind::Release => "release",
        ActionKind::Assign => "assign",
        ActionKind::Note => "note",
        ActionKind::Reply => "reply",
        ActionKind::RequestInfo => "ask info",
        ActionKind::InfoReceived => "info came",
        ActionKind::SetSeverity => "severity",
        ActionKind::RecordWorkaround => "workaround",
        ActionKind::LogPhoneCall => "phone call",
        ActionKind::SetEligibility => "eligibility",
        ActionKind::Escalate => "escalate",
        ActionKind::HandBack => "hand back",
        ActionKind::Close => "close",
        ActionKind::Reopen => "reopen",
    }
}

fn act_row(model: &Model, flight: Flight<'_>, wake: &mut Wake) -> OutboxRow {
    let mut row = OutboxRow {
        case: Some(flight.case.clone()),
        act: label(flight.kind()).to_owned(),
        state: "saving".to_owned(),
        tone: Tone::Strong,
        ..OutboxRow::default()
    };
    let Some(entry) = flight.entry() else { return row };
    let desk = model.desks.get(flight.act.desk);
    row.n = entry.n.to_string();
    (row.state, row.tone) = match &entry.state {
        State::Held { until } => {
            let left = wake.at(desk, |wake| wake.countdown(*until, TimeDelta::seconds(1)));
            (format!("held {left} s"), Tone::Strong)
        }
        State::Queued if words::link_down(&desk.link).is_some() => {
            ("kept, not sent".to_owned(), Tone::Strong)
        }
        State::Queued => ("waits its turn".to_owned(), Tone::Strong),
        State::Sending => ("sending".to_owned(), Tone::Strong),
        State::Asked(_) => ("asked".to_owned(), Tone::Error),
        State::Refused(_) => ("refused".to_owned(), Tone::Error),
    };
    row.age = wake.at(desk, |wake| waited(entry.queued_at, wake));
    row.tries = match entry.tries {
        0 => String::new(),
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    row
}

/// How long something has been there.
fn waited(since: DateTime<Utc>, wake: &mut Wake) -> String {
    let seconds = (wake.now - since).num_seconds().max(0);
    let (unit, text) = age::text(seconds);
    wake.by(Some(since + TimeDelta::seconds((seconds / unit + 1) * unit)));
    text
}

/// What there is to say of the line that the keys are on.
fn told(model: &Model, item: &Item, wake: &mut Wake) -> Vec<(Tone, Untrusted)> {
    let said = |tone, text: String| (tone, Untrusted::new(text));
    match item {
        Item::Act(act) => {
            let Some(flight) = model.acts.get(*act) else { return Vec::new() };
            let Some(entry) = flight.entry() else { return Vec::new() };
            let mut lines = about(model, act.desk, entry, wake);
            let words = fields_of(&entry.action).map(|fields| excerpt(&fields)).unwrap_or_default();
            if !words.trim().is_empty() {
                lines.push((Tone::Dim, Untrusted::new(Untrusted::new(words).cell(EXCERPT))));
            }
            lines
        }
        Item::Damaged(desk, n) => {
            let row = model.acts.damaged().find(|(of, row)| of == desk && row.n == *n);
            let left = row.map(|(_, row)| row.text.cell(SENTENCE)).unwrap_or_default();
            vec![
                said(
                    Tone::Error,
                    "It was damaged on the disk and is not sent. What is left:".into(),
                ),
                said(Tone::Plain, left),
            ]
        }
        Item::Draft(case, id) => match draft(model, item, id).map(|kept| &kept.words) {
            Some(Some(words)) => {
                let gone = model.queue.case(case).is_none();
                let mut lines = vec![(Tone::Dim, Untrusted::new(words.excerpt()))];
                if gone {
                    let left =
                        format!("{case} is in no list any more; the draft opens all the same.");
                    lines.push(said(Tone::Plain, left));
                }
                lines
            }
            _ => vec![said(Tone::Error, "Another version of caseload wrote this draft.".into())],
        },
    }
}

fn about(model: &Model, desk: DeskNo, entry: &Entry, wake: &mut Wake) -> Vec<(Tone, Untrusted)> {
    let there = model.desks.get(desk);
    match &entry.state {
        State::Asked(_) => {
            let question = answer::question(entry, there.time(wake.now));
            let mut lines = vec![(Tone::Error, Untrusted::new(question))];
            let changed = question::changed_in_words(entry);
            lines.extend(changed.map(|changed| (Tone::Plain, Untrusted::new(changed))));
            lines
        }
        State::Refused(failure) => vec![(Tone::Error, failure.sentence.clone())],
        _ => entry
            .last_error
            .iter()
            .map(|why| (Tone::Plain, Untrusted::new(format!("Last try: {}", why.raw()))))
            .collect(),
    }
}

/// The longest text of an act.
fn excerpt(fields: &[Filled]) -> String {
    use crate::app::form::Value;
    let texts = fields.iter().filter_map(|field| match &field.value {
        Value::Text(text) => Some(text.as_str()),
        Value::Chosen(_) | Value::Checked(_) => None,
    });
    texts.max_by_key(|text| text.len()).unwrap_or_default().to_owned()
}

/// The question before something is given up or sent all the same.
pub fn sure(model: &Model, what: &Sure, now: DateTime<Utc>) -> ConfirmView {
    let hints = hints(model, Context::Confirm).map(|(_, hint)| hint).collect();
    match what {
        Sure::Discard(item) => {
            let lost = match item {
                Item::Draft(..) => "Its words are lost.",
                _ => "It is not sent, and its words are lost.",
            };
            let lines = vec![format!("Discard {}?", name(model, item)), lost.to_owned()];
            ConfirmView { title: "Discard?".to_owned(), lines, hints }
        }
        Sure::StillSend(act) => {
            let entry = model.acts.get(*act).and_then(|flight| flight.entry());
            let mut lines = Vec::new();
            if let Some(entry) = entry {
                let there = model.desks.get(act.desk);
                lines.push(answer::question(entry, there.time(now)));
                lines.extend(question::changed_in_words(entry));
            }
            ConfirmView { title: crate::app::outbox::title(model, *act), lines, hints }
        }
    }
}
