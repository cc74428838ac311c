//! The outline of corrections: errors by release plan and status, how many customers wait for each, and the one
//! that the keys are on, whole. What Product Management does to them: `deeds`; telling their customers: `telling`.

mod deeds;
mod lines;
mod telling;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use super::Page;
use crate::app::asks::For;
use crate::app::finding::seek;
use crate::app::form::{editor, input};
use crate::app::keys;
use crate::app::model::Model;
use crate::app::msg::{AskId, Effect, Link};
use crate::app::update::refuse;
use crate::app::view::Tone;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::{
    CaseId, Correction, CorrectionDetail, CorrectionId, CorrectionStatus, DeskNo, ReleasePlan,
};
use crate::input::Action;

pub use deeds::{Deed, done, failed, link_selected, preview, refusal, send};
pub use telling::{End, Telling, act_ended, press as press_telling, summary, view as telling_view};
pub use view::view;

use lines::Line;

/// A correction, and the desk that keeps it.
pub type Key = (DeskNo, CorrectionId);

/// How often the outline is asked for by itself while somebody looks at it.
const EVERY: TimeDelta = TimeDelta::minutes(3);
/// How long after a linked case has changed, so that many changes are one question.
const AFTER_A_CHANGE: TimeDelta = TimeDelta::seconds(2);
/// How long the cursor stays on a correction before it is read whole.
const RESTED: TimeDelta = TimeDelta::milliseconds(150);

/// Which corrections are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Statuses {
    #[default]
    All,
    /// Neither released nor rejected.
    ToCome,
    Only(CorrectionStatus),
}

impl Statuses {
    fn next(self) -> Self {
        let all = CorrectionStatus::ALL;
        match self {
            Self::All => Self::ToCome,
            Self::ToCome => all.first().map_or(Self::All, |first| Self::Only(*first)),
            Self::Only(status) => {
                let at = all.iter().position(|other| *other == status);
                at.and_then(|at| all.get(at + 1)).map_or(Self::All, |next| Self::Only(*next))
            }
        }
    }

    fn holds(self, status: CorrectionStatus) -> bool {
        match self {
            Self::All => true,
            Self::ToCome => !status.is_final(),
            Self::Only(only) => only == status,
        }
    }

    fn label(self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::ToCome => "to come".to_owned(),
            Self::Only(status) => status.to_string(),
        }
    }
}

/// What one desk has told.
#[derive(Debug, Default)]
struct Told {
    asked: Option<AskId>,
    corrections: Option<Vec<Correction>>,
    /// Why the last question has no answer.
    failed: Option<Unanswered>,
}

/// All that is known of corrections. It stays while the page is left.
#[derive(Debug, Default)]
pub struct Outline {
    desks: BTreeMap<DeskNo, Told>,
    on: Option<Line>,
    /// Where the cursor's line was, for when it has gone.
    at: usize,
    top: usize,
    folded: BTreeSet<Option<ReleasePlan>>,
    filter: String,
    filtering: Option<Box<TextArea<'static>>>,
    statuses: Statuses,
    /// The correction has the keys, and not the outline.
    reading: bool,
    /// The linked case that the keys are on, and the first line of the correction in view.
    case_at: usize,
    scroll: usize,
    whole: BTreeMap<Key, CorrectionDetail>,
    asked: Option<(AskId, Key)>,
    not_read: Option<(Key, Unanswered)>,
    /// When the one under the cursor is asked for, and when all are.
    rested_at: Option<DateTime<Utc>>,
    due_at: Option<DateTime<Utc>>,
    away: bool,
    pub telling: Option<Telling>,
}

impl Outline {
    pub fn is_filtering(&self) -> bool {
        self.filtering.is_some()
    }

    fn correction(&self, (desk, id): &Key) -> Option<&Correction> {
        let told = self.desks.get(desk)?.corrections.as_ref()?;
        told.iter().find(|correction| correction.id == *id)
    }

    /// The correction under the cursor.
    fn selected(&self) -> Option<(&Key, &Correction)> {
        match &self.on {
            Some(Line::One(key)) => Some((key, self.correction(key)?)),
            _ => None,
        }
    }

    /// Takes in one correction as it is now.
    fn learn(&mut self, desk: DeskNo, correction: Correction) {
        let all = &mut self.desks.entry(desk).or_default().corrections;
        let all = all.get_or_insert_default();
        match all.iter_mut().find(|known| known.id == correction.id) {
            Some(known) if known.revision > correction.revision => {}
            Some(known) => *known = correction,
            None => all.insert(0, correction),
        }
    }

    /// When something is asked for by itself.
    pub fn next_question(&self) -> Option<DateTime<Utc>> {
        [self.rested_at, self.due_at.filter(|_| !self.away)].into_iter().flatten().min()
    }
}

pub fn open(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    model.toast = None;
    model.page = Page::Corrections;
    model.outline.reading = false;
    ask_all(model, now, effects);
}

/// Asks every desk, unless it is being asked already.
fn ask_all(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    let desks: Vec<DeskNo> = model.desks.iter().map(|desk| desk.no).collect();
    for desk in desks {
        let told = model.outline.desks.entry(desk).or_default();
        if told.asked.is_none() {
            told.asked = Some(model.asks.ask(desk, For::Corrections, Ask::Corrections, effects));
        }
    }
    model.outline.due_at = Some(now + EVERY);
}

/// Reads the correction under the cursor whole.
fn read(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    if model.outline.asked.as_ref().is_some_and(|(_, asked)| *asked == key) {
        return;
    }
    if let Some((before, _)) = model.outline.asked.take() {
        model.asks.cancel(before, effects);
    }
    let ask = Ask::Correction(key.1.clone());
    let id = model.asks.ask(key.0, For::Corrections, ask, effects);
    model.outline.asked = Some((id, key));
}

pub fn answered(
    model: &mut Model,
    id: AskId,
    answer: Result<Answer, Unanswered>,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let outline = &mut model.outline;
    if let Some((_, key)) = outline.asked.take_if(|(asked, _)| *asked == id) {
        match answer {
            Ok(Answer::Correction(detail)) => {
                outline.learn(key.0, detail.correction.clone());
                outline.not_read = None;
                outline.whole.insert(key.clone(), *detail);
                deeds::learned(model, &key);
            }
            Ok(_) => {}
            Err(failed) => outline.not_read = Some((key, failed)),
        }
        return;
    }
    let Some(told) = outline.desks.get_mut(&id.desk) else { return };
    if told.asked.take_if(|asked| *asked == id).is_none() {
        return;
    }
    match answer {
        Ok(Answer::Corrections(corrections)) => {
            told.corrections = Some(corrections);
            told.failed = None;
        }
        Ok(_) => {}
        Err(failed) => told.failed = Some(failed),
    }
    settle(model, now, effects);
}

/// A case changed: the corrections that it is or was linked to may count otherwise.
pub fn case_changed(model: &mut Model, linked: bool, now: DateTime<Utc>) {
    if linked && matches!(model.page, Page::Corrections) {
        let soon = now + AFTER_A_CHANGE;
        let due = model.outline.due_at.get_or_insert(soon);
        *due = soon.min(*due);
    }
}

/// The terminal has come to the front, or gone from it: nobody is asked for what nobody sees.
pub fn focused(model: &mut Model, there: bool) {
    model.outline.away = !there;
}

/// After every message: what is due is asked for, the cursor is on a line that is there.
pub fn settle(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if !matches!(model.page, Page::Corrections) {
        return;
    }
    if model.outline.due_at.is_some_and(|due| due <= now) && !model.outline.away {
        ask_all(model, now, effects);
    }
    let lines = lines::lines(model);
    let outline = &mut model.outline;
    let found = outline.on.as_ref().and_then(|on| lines.iter().position(|line| line == on));
    // The first correction, and not the heading above it.
    let first = || lines.iter().position(|line| matches!(line, Line::One(_))).unwrap_or(0);
    let at = match (found, &outline.on) {
        (Some(at), _) => at,
        (None, None) => first(),
        (None, Some(_)) => outline.at.min(lines.len().saturating_sub(1)),
    };
    let on = lines.get(at).cloned();
    if on != outline.on {
        (outline.case_at, outline.scroll) = (0, 0);
        outline.rested_at = matches!(on, Some(Line::One(_))).then(|| now + RESTED);
    }
    // Before anything has come there is nothing to stay on.
    if !lines.is_empty() {
        (outline.on, outline.at) = (on, at);
    }
    view::see(model, lines.len());
    let Some((key, correction)) = model.outline.selected() else { return };
    let is_known = model.outline.whole.get(key).is_some_and(|whole| {
        whole.correction.revision == correction.revision
            && whole.correction.cases == correction.cases
    });
    let has_failed = model.outline.not_read.as_ref().is_some_and(|(failed, _)| failed == key);
    let key = key.clone();
    if is_known || has_failed {
        model.outline.rested_at = None;
    } else if model.outline.rested_at.is_none_or(|at| at <= now) {
        model.outline.rested_at = None;
        read(model, key, effects);
    }
}

pub fn press(model: &mut Model, action: Action, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    match action {
        Action::LeaveCorrections => leave(model),
        Action::CorrectionDown => go(model, 1),
        Action::CorrectionUp => go(model, -1),
        Action::CorrectionPageDown => go(model, view::page_rows(model)),
        Action::CorrectionPageUp => go(model, -view::page_rows(model)),
        Action::CorrectionFirst => go(model, isize::MIN / 2),
        Action::CorrectionLast => go(model, isize::MAX / 2),
        Action::CorrectionPane => {
            let can_read = model.outline.selected().is_some();
            model.outline.reading = !model.outline.reading && can_read;
        }
        Action::CorrectionOpen => enter(model, now),
        Action::CorrectionFold => fold(model, true),
        Action::CorrectionUnfold => fold(model, false),
        Action::CorrectionFilter => {
            model.outline.reading = false;
            model.outline.filtering = Some(Box::new(editor(&model.outline.filter)));
        }
        Action::CorrectionStatuses => {
            model.outline.statuses = model.outline.statuses.next();
            model.outline.reading = false;
        }
        Action::CorrectionRefresh => {
            model.outline.not_read = None;
            ask_all(model, now, effects);
            if let Some((key, _)) = model.outline.selected() {
                let key = key.clone();
                model.outline.whole.remove(&key);
                read(model, key, effects);
            }
            model.say("Asked again.", Tone::Plain, now);
        }
        _ => deeds::begin(model, action, now),
    }
}

/// One step back: to the outline, then without the filter, then to the desk.
fn leave(model: &mut Model) {
    model.toast = None;
    if model.outline.reading {
        model.outline.reading = false;
    } else if !model.outline.filter.is_empty() {
        model.outline.filter.clear();
    } else {
        model.page = Page::Desk;
    }
}

fn go(model: &mut Model, rows: isize) {
    if model.outline.reading {
        return view::move_within(model, rows);
    }
    let lines = lines::lines(model);
    let at = model.outline.at.saturating_add_signed(rows).min(lines.len().saturating_sub(1));
    let moved = lines.get(at).cloned();
    if moved != model.outline.on {
        (model.outline.case_at, model.outline.scroll) = (0, 0);
        // Read when the cursor has rested there: `settle` sees another line than before.
        model.outline.at = at;
        model.outline.rested_at = None;
        model.outline.moved_to(moved);
    }
}

impl Outline {
    fn moved_to(&mut self, line: Option<Line>) {
        self.on = line;
        self.not_read = None;
        self.resting();
    }

    /// The next [`settle`] begins to wait for the cursor to rest.
    fn resting(&mut self) {
        self.rested_at = Some(DateTime::<Utc>::MAX_UTC);
    }
}

/// After a key: the cursor rests from now on.
pub fn rest(model: &mut Model, now: DateTime<Utc>) {
    if model.outline.rested_at == Some(DateTime::<Utc>::MAX_UTC) {
        model.outline.rested_at = Some(now + RESTED);
    }
}

fn enter(model: &mut Model, now: DateTime<Utc>) {
    match model.outline.on.clone() {
        Some(Line::Plan(plan)) => {
            let folds = !model.outline.folded.contains(&plan);
            fold(model, folds);
        }
        Some(Line::One(_)) if !model.outline.reading => model.outline.reading = true,
        Some(Line::One(key)) => {
            let Some(case) = linked(model, &key).get(model.outline.case_at).cloned() else {
                return refuse(model, "No case is linked to it.", now);
            };
            go_to_case(model, case, now);
        }
        None => {}
    }
}

/// Goes to a case at the desk: in the list, or to look at where the list does not hold it.
fn go_to_case(model: &mut Model, case: CaseId, now: DateTime<Utc>) {
    model.page = Page::Desk;
    seek::go_to(model, case, now);
}

fn fold(model: &mut Model, folds: bool) {
    let plan = match &model.outline.on {
        Some(Line::Plan(plan)) => *plan,
        Some(Line::One(key)) => model.outline.correction(key).and_then(|c| c.release_plan),
        None => return,
    };
    if model.outline.reading {
        model.outline.reading = !folds;
        return;
    }
    if folds {
        model.outline.folded.insert(plan);
        model.outline.on = Some(Line::Plan(plan));
    } else {
        model.outline.folded.remove(&plan);
    }
}

/// Keys of the filter line.
pub fn filter(model: &mut Model, action: Option<Action>, key: KeyCombination) {
    match action {
        Some(Action::KeepFilter) => model.outline.filtering = None,
        Some(Action::ClearFilter) => {
            model.outline.filtering = None;
            model.outline.filter.clear();
        }
        _ => {
            if let (Some(line), Some(input)) = (&mut model.outline.filtering, input(key))
                && keys::line_input(line, input)
            {
                model.outline.filter = line.lines().join(" ");
            }
        }
    }
}

pub fn pasted(model: &mut Model, text: &str) {
    if let Some(line) = &mut model.outline.filtering {
        line.insert_str(text);
        model.outline.filter = line.lines().join(" ");
    }
}

/// The cases that are linked to a correction, as far as it is known.
fn linked(model: &Model, key: &Key) -> Vec<CaseId> {
    match model.outline.whole.get(key) {
        Some(whole) => whole.linked.clone(),
        None => waiting(model, key).cases,
    }
}

/// The open cases that I see and that wait for a correction.
#[derive(Debug, Default)]
struct Waiting {
    cases: Vec<CaseId>,
    /// Each customer once: one company of one partner.
    customers: BTreeSet<(String, String)>,
    worst: Option<crate::domain::Severity>,
}

impl Waiting {
    fn add(&mut self, case: &crate::domain::Case) {
        self.cases.push(case.id.clone());
        let company = case.customer.company.raw().trim().to_lowercase();
        self.customers.insert((case.partner.id.as_str().to_owned(), company));
        // Critical is the least of them.
        self.worst = Some(self.worst.map_or(case.severity, |worst| worst.min(case.severity)));
    }
}

fn waiting(model: &Model, (desk, id): &Key) -> Waiting {
    let mut waiting = Waiting::default();
    let theirs = |case: &&crate::domain::Case| {
        case.id.desk() == *desk && case.correction.as_ref() == Some(id)
    };
    for case in model.queue.by_urgency(0).filter(theirs) {
        waiting.add(case);
    }
    waiting
}

/// The same of all corrections, in one pass.
fn all_waiting(model: &Model) -> BTreeMap<Key, Waiting> {
    let mut all: BTreeMap<Key, Waiting> = BTreeMap::new();
    for case in model.queue.by_urgency(0) {
        if let Some(id) = &case.correction {
            all.entry((case.id.desk(), id.clone())).or_default().add(case);
        }
    }
    all
}

/// Whether the line to a desk is down.
fn is_down(model: &Model, desk: DeskNo) -> bool {
    !matches!(model.desks.get(desk).link, Link::Live | Link::Connecting)
}
