//! Cases that the list need not hold: one by its id, and a search over all, closed ones too.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;
use ratatui_textarea::TextArea;

use super::dialog::{Finder, show};
use crate::app::asks::For;
use crate::app::form::{editor, input};
use crate::app::keys::line_input;
use crate::app::model::{Model, Overlay};
use crate::app::msg::{AskId, Effect};
use crate::app::update::refuse;
use crate::app::view::{FinderField, FinderRow, FinderView, Pane, Tone};
use crate::app::visiting;
use crate::domain::ask::{Answer, Ask, Unanswered};
use crate::domain::{Case, CaseId, CaseState, DeskNo, Untrusted};
use crate::input::Action;
use crate::query;
use crate::sla::reading;

/// The longest id that somebody types.
const ID: usize = 64;
/// Columns of a sentence of the desk.
const SENTENCE: usize = 300;

/// The line for a case id.
pub struct Goto {
    line: TextArea<'static>,
    error: Option<String>,
}

pub fn open_goto(model: &mut Model) {
    show(model, Finder::Goto(Box::new(Goto { line: editor(""), error: None })));
}

impl Goto {
    pub(super) fn pasted(&mut self, text: &str) {
        self.line.insert_str(text);
        self.error = None;
    }

    pub(super) fn view(&self) -> FinderView {
        let help = "10412 or C-10412; closed ones are asked for at the desk.".to_owned();
        let told = match &self.error {
            Some(error) => (Tone::Error, error.clone()),
            None => (Tone::Dim, help),
        };
        FinderView {
            title: "Go to a case".to_owned(),
            fields: vec![FinderField {
                label: "Case".to_owned(),
                text: self.line.lines().join(" "),
                cursor: Some(self.line.cursor().1),
            }],
            told: Some((told.0, Untrusted::new(told.1))),
            ..FinderView::default()
        }
    }
}

pub(super) fn press_goto(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
) {
    let Some(Overlay::Finder(Finder::Goto(goto))) = &mut model.overlay else { return };
    if action != Some(Action::SeekRun) {
        if let Some(input) = input(key)
            && line_input(&mut goto.line, input)
        {
            goto.error = None;
        }
        return;
    }
    let typed = goto.line.lines().join(" ");
    let typed = typed.trim();
    let fits = !typed.is_empty()
        && typed.chars().count() <= ID
        && !typed.contains(|c: char| c.is_whitespace() || c.is_control());
    if !fits {
        goto.error = Some("A case id has no spaces, such as C-10412.".to_owned());
        return;
    }
    let id = match model.queue.by_urgency(0).find(|case| is_called(&case.id, typed)) {
        Some(case) => case.id.clone(),
        None => {
            let desk = model.case_id().map_or(DeskNo::FIRST, CaseId::desk);
            as_typed(typed).at_desk(desk)
        }
    };
    model.overlay = None;
    go_to(model, id, now);
}

/// Whether a case is meant: its id with or without the letters before the number.
fn is_called(id: &CaseId, typed: &str) -> bool {
    let id = id.as_str();
    let digits = id.trim_start_matches(|c: char| !c.is_ascii_digit());
    id.eq_ignore_ascii_case(typed) || (!digits.is_empty() && digits == typed)
}

fn as_typed(typed: &str) -> CaseId {
    if typed.chars().all(|c| c.is_ascii_digit()) {
        CaseId::new(format!("C-{typed}"))
    } else {
        CaseId::new(typed.to_uppercase())
    }
}

/// The cursor goes to a case of the queue, in another view where it must; any other is shown beside the list.
pub fn go_to(model: &mut Model, id: CaseId, now: DateTime<Utc>) {
    if model.queue.case(&id).is_none() {
        visiting::visit(model, id);
        return;
    }
    model.focus = Pane::Queue;
    model.queue.touch();
    let there = |model: &mut Model| model.queue.select_case(&id);
    if there(model) {
        return;
    }
    let all = model.queue.views().iter().position(|view| view.query.is_empty());
    model.with_queue(now, |queue, at| {
        queue.set_filter("", at);
        if let Some(all) = all {
            queue.set_view(all, at);
        }
    });
    if there(model) {
        let title = model.queue.view().title.clone();
        model.say(format!("{id} is in \"{title}\""), Tone::Plain, now);
    } else {
        visiting::visit(model, id);
    }
}

/// A search over all cases of all desks, by the desks themselves.
pub struct Search {
    line: TextArea<'static>,
    /// The words that what is shown was found by.
    words: String,
    asked: Vec<AskId>,
    found: Vec<Case>,
    /// Where there is more: the desk, and what its last answer ended with.
    more: Vec<(DeskNo, CaseId)>,
    at: usize,
    errors: Vec<String>,
}

/// Opens the search, with the words of the filter in it.
pub fn open_search(model: &mut Model, effects: &mut Vec<Effect>) {
    let filter = model.queue.filter().to_owned();
    let words = query::parse(&filter).map(|query| query.words()).unwrap_or_default();
    let search = Search {
        line: editor(&words),
        words: String::new(),
        asked: Vec::new(),
        found: Vec::new(),
        more: Vec::new(),
        at: 0,
        errors: Vec::new(),
    };
    show(model, Finder::Search(Box::new(search)));
    if !words.is_empty() {
        ask(model, effects);
    }
}

/// The rows that can be chosen: what was found, and the way to more.
fn rows(search: &Search) -> usize {
    search.found.len() + usize::from(!search.more.is_empty())
}

pub(super) fn press_search(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Finder(Finder::Search(search))) = &mut model.overlay else { return };
    let typed = search.line.lines().join(" ").trim().to_owned();
    match action {
        Some(Action::SeekNext) => search.at = (search.at + 1).min(rows(search).max(1) - 1),
        Some(Action::SeekPrev) => search.at = search.at.saturating_sub(1),
        Some(Action::SeekRun) if typed != search.words => ask(model, effects),
        Some(Action::SeekRun) => {
            if let Some(case) = search.found.get(search.at) {
                let id = case.id.clone();
                leave(model, effects);
                model.overlay = None;
                visiting::visit(model, id);
            } else if !search.more.is_empty() && search.asked.is_empty() {
                let (more, words) = (std::mem::take(&mut search.more), search.words.clone());
                for (desk, after) in more {
                    let ask = Ask::Search { words: words.clone(), after: Some(after) };
                    search.asked.push(model.asks.ask(desk, For::Search, ask, effects));
                }
            }
        }
        _ => {
            if let Some(input) = input(key) {
                line_input(&mut search.line, input);
            }
        }
    }
}

/// Asks every desk for what stands in the line.
fn ask(model: &mut Model, effects: &mut Vec<Effect>) {
    leave(model, effects);
    let Some(Overlay::Finder(Finder::Search(search))) = &mut model.overlay else { return };
    search.line.lines().join(" ").trim().clone_into(&mut search.words);
    (search.at, search.found, search.more) = (0, Vec::new(), Vec::new());
    search.errors.clear();
    if search.words.is_empty() {
        return;
    }
    for desk in model.desks.iter() {
        let ask = Ask::Search { words: search.words.clone(), after: None };
        search.asked.push(model.asks.ask(desk.no, For::Search, ask, effects));
    }
}

/// Nobody waits for the answers any more.
pub(super) fn leave(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(Overlay::Finder(Finder::Search(search))) = &mut model.overlay {
        for id in search.asked.drain(..) {
            model.asks.cancel(id, effects);
        }
    }
}

pub fn answered(model: &mut Model, id: AskId, answer: Result<Answer, Unanswered>) {
    let Some(Overlay::Finder(Finder::Search(search))) = &mut model.overlay else { return };
    let waited = search.asked.len();
    search.asked.retain(|asked| *asked != id);
    if search.asked.len() == waited {
        return;
    }
    match answer {
        Ok(Answer::Found { cases, more }) => {
            let known = |case: &Case| search.found.iter().any(|found| found.id == case.id);
            let news: Vec<Case> = cases.into_iter().filter(|case| !known(case)).collect();
            search.found.extend(news);
            search.more.extend(more.map(|after| (id.desk, after)));
        }
        Ok(_) => {}
        Err(why) => {
            let name = &model.desks.get(id.desk).name;
            let sentence = why.why.cell(SENTENCE);
            let sentence =
                if model.desks.are_several() { format!("{name}: {sentence}") } else { sentence };
            search.errors.push(sentence);
        }
    }
}

impl Search {
    pub(super) fn pasted(&mut self, text: &str) {
        self.line.insert_str(text);
    }

    pub(super) fn view(&self, model: &Model, now: DateTime<Utc>) -> FinderView {
        let mut rows: Vec<FinderRow> =
            self.found.iter().map(|case| found_row(model, case, now)).collect();
        if !self.more.is_empty() {
            rows.push(FinderRow::of([(Tone::Key, "more …")]));
        }
        let typed = self.line.lines().join(" ").trim().to_owned();
        let told = if let Some(error) = self.errors.first() {
            (Tone::Error, error.clone())
        } else if !self.asked.is_empty() {
            (Tone::Dim, "The desk is asked …".to_owned())
        } else if self.words.is_empty() {
            (Tone::Dim, "Words of closed and open cases; all must occur.".to_owned())
        } else if self.found.is_empty() {
            (Tone::Dim, "No case has these words, open or closed.".to_owned())
        } else if typed == self.words {
            (Tone::Dim, "Enter shows the case, also a closed one.".to_owned())
        } else {
            (Tone::Dim, "Enter searches anew.".to_owned())
        };
        FinderView {
            title: "Find among all cases".to_owned(),
            fields: vec![FinderField {
                label: "Words".to_owned(),
                text: self.line.lines().join(" "),
                cursor: Some(self.line.cursor().1),
            }],
            at: (!rows.is_empty()).then_some(self.at),
            rows,
            told: Some((told.0, Untrusted::new(told.1))),
            ..FinderView::default()
        }
    }
}

/// One case that was found: its state, and how its resolution stands or ended.
fn found_row(model: &Model, case: &Case, now: DateTime<Utc>) -> FinderRow {
    let desk = model.desks.of(&case.id);
    let now = desk.time(now);
    let clock = reading::leading(case, now).or_else(|| case.clocks.last());
    let read = clock.map(|clock| reading::read(clock, &desk.policy, now));
    let face = read.as_ref().map_or(reading::Face::NoTarget, |read| read.face);
    let mut cells = vec![(Tone::Strong, Untrusted::from(case.id.to_string()))];
    if let Some(name) = model.desks.name_of(&case.id) {
        cells.push((Tone::Dim, name.into()));
    }
    let state = match case.state {
        CaseState::Closed => "closed",
        CaseState::Waiting => "waiting",
        CaseState::Open => "open",
    };
    cells.push((Tone::Severity(case.severity), case.severity.short().into()));
    cells.push((if case.is_closed() { Tone::Dim } else { Tone::Good }, state.into()));
    cells.push((Tone::Face(face), read.map_or_else(String::new, |read| read.text).into()));
    cells.push((Tone::Plain, case.subject.clone()));
    FinderRow { cells }
}

/// Says that there is no way there.
pub fn nowhere(model: &mut Model, older: bool, now: DateTime<Utc>) {
    let sentence = if older { "No case was visited before." } else { "This is the newest visit." };
    refuse(model, sentence, now);
}
