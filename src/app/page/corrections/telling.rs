//! Telling the customers of all linked cases something in one's own words. The desk itself tells them of plan and
//! status; what is said besides goes as a reply to each case, by the outbox, held and undone like any other.

use chrono::{DateTime, TimeDelta, Utc};

use super::Key;
use super::deeds::customers_named;
use super::linked;
use crate::app::acts::{HOLD, Ordered, Phase};
use crate::app::build::{self, Wake};
use crate::app::model::{Model, Overlay};
use crate::app::msg::{ActId, Effect};
use crate::app::order;
use crate::app::sheet::Sheet;
use crate::app::update::refuse;
use crate::app::view::{Line, Listing, ListingRow, Span, Tone};
use crate::app::words;
use crate::domain::outbox::State;
use crate::domain::{self, ActionKind, Case, CaseId, Correction, ReleasePlan, Untrusted};
use crate::input::{Action, Context};

const SENTENCE: usize = 300;
/// Cases that cannot be written to and are named with their reasons.
const NAMED: usize = 4;

/// What is being told, and how far it is.
#[derive(Debug)]
pub struct Telling {
    key: Key,
    rows: Vec<Row>,
    at: usize,
}

#[derive(Debug)]
struct Row {
    case: CaseId,
    company: String,
    act: ActId,
    end: Option<End>,
}

/// How the reply to one case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Done,
    TakenBack,
    NotKept,
}

/// The text that the form begins with.
pub fn proposed(correction: &Correction) -> String {
    let plan = match correction.release_plan {
        Some(ReleasePlan::HotFix) => ", planned as hot fix",
        Some(ReleasePlan::NextRelease) => ", planned for the next release",
        Some(ReleasePlan::FutureRelease) => ", planned for a future release",
        None => "",
    };
    let title = correction.title.raw().trim();
    let mut text =
        format!("Correction {} ({title}): {}{plan}.", correction.id.as_str(), correction.status);
    if let Some(note) = correction.note.as_ref().filter(|note| !note.is_empty()) {
        text.push_str("\n\n");
        text.push_str(note.raw());
    }
    text
}

/// The linked cases that can be written to, those that cannot with the reason, and how many are not to be seen.
fn recipients<'a>(model: &'a Model, key: &Key) -> (Vec<&'a Case>, Vec<(&'a Case, String)>, usize) {
    let (mut can, mut cannot, mut hidden) = (Vec::new(), Vec::new(), 0);
    for id in linked(model, key) {
        match model.queue.case(&id) {
            None => hidden += 1,
            Some(case) => match order::refusal(model, case, ActionKind::Reply) {
                None => can.push(case),
                Some(why) => cannot.push((case, why)),
            },
        }
    }
    (can, cannot, hidden)
}

fn line(tone: Tone, text: impl Into<String>) -> Line {
    vec![Span::new(tone, Untrusted::new(text.into()).cell(SENTENCE))]
}

/// Who gets it, and who does not.
pub fn preview(model: &Model, key: &Key, _wake: &mut Wake) -> Vec<Line> {
    let (can, cannot, hidden) = recipients(model, key);
    let mut lines = Vec::new();
    if can.is_empty() {
        lines.push(line(Tone::Error, "No linked case can be written to."));
    } else {
        let replies = words::counted(can.len(), "reply goes out", "replies go out");
        lines.push(line(Tone::Strong, format!("{replies}, by mail, too:")));
        lines.extend(customers_named(&can));
        let undo = words::key(model, Action::TakeBackAll);
        let seconds = HOLD.num_seconds();
        lines.push(line(
            Tone::Plain,
            format!("Held for {seconds} s, in which {undo} in the report takes all back."),
        ));
    }
    for (case, why) in cannot.iter().take(NAMED) {
        lines.push(line(Tone::Dim, format!("Not {}: {why}", case.id)));
    }
    if cannot.len() > NAMED {
        lines.push(line(Tone::Dim, format!("Not {} more either.", cannot.len() - NAMED)));
    }
    if hidden > 0 {
        let many = words::counted(hidden, "linked case is", "linked cases are");
        let said = format!("{many} closed or not yours to see, and cannot be written to.");
        lines.push(line(Tone::Dim, said));
    }
    lines
}

/// The form was sent: a reply to each.
pub fn begin(
    model: &mut Model,
    key: &Key,
    mut sheet: Sheet,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let text = sheet.text("text");
    let cases: Vec<Case> = recipients(model, key).0.into_iter().cloned().collect();
    if cases.is_empty() {
        sheet.error = Some("There is nobody to tell: no linked case can be written to.".into());
        return model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
    }
    if let Some(wrong) = domain::rules::fault(&text, domain::rules::TEXT_MAX) {
        sheet.mark("text", &wrong.into());
        return model.overlay = Some(Overlay::Sheet(Box::new(sheet)));
    }
    let mut rows = Vec::new();
    for case in cases {
        let ordered = Ordered {
            case: case.id.clone(),
            base: Some(Box::new(case.clone())),
            // A reply adds to the case, whatever became of it meanwhile.
            revision: None,
            action: domain::Action::Reply { text: text.clone() },
            replaces: None,
            draft: None,
            form: None,
        };
        model.acts.order(ordered, effects);
        if let Some(Effect::Act { act, .. }) = effects.last() {
            let company = case.customer.company.cell(40);
            rows.push(Row { case: case.id, company, act: *act, end: None });
        }
    }
    let said = words::counted(rows.len(), "reply is ordered", "replies are ordered");
    model.outline.telling = Some(Telling { key: key.clone(), rows, at: 0 });
    model.overlay = Some(Overlay::Telling);
    model.say(said, Tone::Plain, now);
}

/// Whether these are being told right now: then the key shows how far that is.
pub fn shows(model: &mut Model, key: &Key) -> bool {
    let runs = model.outline.telling.as_ref().is_some_and(|telling| {
        telling.key == *key && telling.rows.iter().any(|row| !has_ended(model, row))
    });
    if runs {
        model.overlay = Some(Overlay::Telling);
    }
    runs
}

fn has_ended(model: &Model, row: &Row) -> bool {
    row.end.is_some() || model.acts.get(row.act).is_none_or(|flight| flight.is_refused())
}

/// The outbox has let go of an act.
pub fn act_ended(model: &mut Model, act: ActId, end: End) {
    let rows = model.outline.telling.iter_mut().flat_map(|telling| &mut telling.rows);
    if let Some(row) = rows.into_iter().find(|row| row.act == act) {
        row.end = Some(end);
    }
}

/// How far it is, for the footer; None: nothing is under way.
pub fn summary(model: &Model) -> Option<(u16, String)> {
    let telling = model.outline.telling.as_ref()?;
    let ended = telling.rows.iter().filter(|row| has_ended(model, row)).count();
    let all = telling.rows.len();
    if ended == all {
        return None;
    }
    let permille = u16::try_from(ended * 1000 / all.max(1)).unwrap_or(1000);
    Some((permille, format!("{}: told {ended} of {all}", telling.key.1)))
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(telling) = &mut model.outline.telling else {
        return model.overlay = None;
    };
    let last = telling.rows.len().saturating_sub(1);
    match action {
        Some(Action::CloseTelling) => model.overlay = None,
        Some(Action::NextTold) => telling.at = (telling.at + 1).min(last),
        Some(Action::PrevTold) => telling.at = telling.at.saturating_sub(1),
        Some(Action::TakeBackAll) => {
            let acts: Vec<ActId> = telling.rows.iter().map(|row| row.act).collect();
            let held: Vec<ActId> = acts
                .into_iter()
                .filter(|act| model.acts.get(*act).is_some_and(|flight| flight.can_be_undone()))
                .collect();
            if held.is_empty() {
                return refuse(model, "Nothing of it is held any more.", now);
            }
            for act in held {
                order::take_back(model, act, now, effects);
            }
        }
        Some(Action::SendAllNow) => {
            let acts: Vec<ActId> = telling.rows.iter().map(|row| row.act).collect();
            let held = acts
                .into_iter()
                .filter(|act| model.acts.get(*act).is_some_and(|flight| flight.held().is_some()));
            effects.extend(held.map(Effect::SendNow));
        }
        _ => {}
    }
}

fn stand(model: &Model, row: &Row, wake: &mut Wake) -> (String, Tone) {
    let said = |text: &str, tone| (text.to_owned(), tone);
    match row.end {
        Some(End::Done) => return said("told", Tone::Good),
        Some(End::TakenBack) => return said("taken back", Tone::Dim),
        Some(End::NotKept) => return said("not sent", Tone::Error),
        None => {}
    }
    let Some(flight) = model.acts.get(row.act) else { return said("no longer here", Tone::Dim) };
    let Phase::Kept(entry) = flight.phase else { return said("saving", Tone::Plain) };
    match &entry.state {
        State::Held { until } => {
            let desk = model.desks.of(&row.case);
            let left = wake.at(desk, |wake| wake.countdown(*until, TimeDelta::seconds(1)));
            (format!("held {left} s"), Tone::Strong)
        }
        State::Queued if entry.tries > 0 => said("kept, not sent", Tone::Strong),
        State::Queued => said("waits its turn", Tone::Plain),
        State::Sending => said("sending", Tone::Plain),
        State::Asked(_) => said("asked", Tone::Error),
        State::Refused(_) => said("refused", Tone::Error),
    }
}

/// The report, while it goes on and after.
pub fn view(model: &Model, wake: &mut Wake) -> Listing {
    let hints = build::hints_of(model, Context::Telling);
    let Some(telling) = &model.outline.telling else {
        let title = "Telling customers".to_owned();
        let (rows, told, empty) = (Vec::new(), Vec::new(), vec!["Nothing is told.".to_owned()]);
        return Listing { title, rows, grows: 1, at: 0, told, empty, hints };
    };
    let rows = telling.rows.iter().map(|row| ListingRow {
        cells: vec![
            (row.case.to_string(), Tone::Strong),
            (row.company.clone(), Tone::Plain),
            stand(model, row, wake),
        ],
        permille: None,
        is_head: false,
    });
    let rows: Vec<ListingRow> = rows.collect();
    let done = telling.rows.iter().filter(|row| row.end == Some(End::Done)).count();
    let mut told = vec![(
        if done == telling.rows.len() { Tone::Good } else { Tone::Strong },
        format!("{done} of {} told.", telling.rows.len()).into(),
    )];
    if let Some(row) = telling.rows.get(telling.at) {
        let outbox = words::key(model, Action::Outbox);
        match model.acts.get(row.act).and_then(|flight| flight.entry()).map(|entry| &entry.state) {
            Some(State::Refused(failure)) => {
                told.push((Tone::Error, failure.sentence.clone()));
                told.push((Tone::Plain, format!("{outbox} at the desk opens it again.").into()));
            }
            Some(State::Asked(_)) => {
                let asked = format!("The desk asks about it: {outbox} at the desk shows it.");
                told.push((Tone::Plain, asked.into()));
            }
            _ => {}
        }
    }
    Listing {
        title: format!("Telling the customers of {}", telling.key.1),
        rows,
        grows: 1,
        at: telling.at,
        told,
        empty: Vec::new(),
        hints,
    }
}
