//! The detail pane: its tabs, what of the shown one is on the screen, and the search inside it. What the tabs
//! say is made in `build::detail`, once for each change of what it is made from.

pub mod asked;
pub mod search;

use chrono::{DateTime, Utc};

use super::build::detail::{self as build, Text};
use super::layout;
use super::model::{Model, Overlay};
use super::msg::Effect;
use super::page::Page;
use super::transfers;
use super::view::{Line, Pane};
use super::visiting;
use crate::domain::{CaseId, Revision};
use crate::sla::reading;
use search::Search;

/// What of a case is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Timeline,
    Description,
    /// The ledger of both levels.
    Clocks,
    Files,
    /// Other cases of the customer, and similar ones.
    Earlier,
    Correction,
}

impl Tab {
    pub const ALL: [Self; 6] = [
        Self::Timeline,
        Self::Description,
        Self::Clocks,
        Self::Files,
        Self::Earlier,
        Self::Correction,
    ];

    const fn place(self) -> usize {
        self as usize
    }
}

/// A line of the text below the tabs. The margin says who reads it, and is no part of what is searched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    pub margin: Line,
    pub text: Line,
}

/// What a text is made from: made anew when that changes.
#[derive(Debug, PartialEq)]
struct Made {
    case: CaseId,
    revision: Revision,
    whole: Option<Revision>,
    failed: bool,
    size: (usize, usize),
    tab: Tab,
    /// What the clocks read, where they are shown.
    reads: Vec<String>,
    /// How often an answer has come.
    answers: u64,
}

/// What stands in the pane.
#[derive(Default)]
pub struct DetailText {
    made_from: Option<Made>,
    /// What always stands at the top.
    pub head: Vec<Line>,
    pub tabs: Line,
    pub rows: Vec<Row>,
    /// The first row of each thing that can be chosen, where the tab is a list.
    pub items: Vec<usize>,
    pub tab: Tab,
    /// The first visible row of each tab; None: where the text begins to be read.
    scrolls: [Option<usize>; Tab::ALL.len()],
    /// Where that is in the shown one.
    start: usize,
    /// Which of the items the keys are on.
    pub at: usize,
    /// The item that the keys come back to.
    resumed: Option<usize>,
    pub search: Option<Search>,
}

impl DetailText {
    /// The first visible row.
    pub fn scroll(&self) -> usize {
        self.scrolls[self.tab.place()].unwrap_or(self.start)
    }

    fn scroll_to(&mut self, row: usize) {
        self.scrolls[self.tab.place()] = Some(row);
    }

    /// Another case is shown: from the beginning, in the same tab.
    pub fn begin(&mut self) {
        self.scrolls = Default::default();
        self.at = self.resumed.unwrap_or(0);
    }

    /// Back to a tab as it was left.
    pub fn resume(&mut self, tab: Tab, at: usize) {
        self.tab = tab;
        self.resumed = Some(at);
    }

    /// The policy has changed: local times may read differently.
    pub fn forget(&mut self) {
        self.made_from = None;
    }
}

/// Shows the tab that is so many further on.
pub fn turn(model: &mut Model, back: bool) {
    let step = if back { Tab::ALL.len() - 1 } else { 1 };
    model.text.tab = Tab::ALL[(model.text.tab.place() + step) % Tab::ALL.len()];
    model.text.at = 0;
}

/// The rows that the text has, below the head and the tabs.
pub fn rows(model: &Model) -> usize {
    let (rows, _) = model.detail_size();
    layout::detail_text(rows, model.text.head.len(), model.text.search.is_some())
}

/// Moves so many rows, or items where the tab is a list.
pub fn go(model: &mut Model, rows: isize) {
    let text = &mut model.text;
    if text.items.is_empty() {
        return scroll(model, rows);
    }
    text.at = text.at.saturating_add_signed(rows).min(text.items.len() - 1);
    see_item(model);
}

pub fn to_end(model: &mut Model, first: bool) {
    go(model, if first { isize::MIN } else { isize::MAX });
}

/// Moves the text alone. Bounded when the model settles.
pub fn scroll(model: &mut Model, rows: isize) {
    let to = model.text.scroll().saturating_add_signed(rows);
    model.text.scroll_to(to);
}

/// Brings the chosen item onto the screen, and what stands above the first.
fn see_item(model: &mut Model) {
    let visible = rows(model).max(1);
    let text = &mut model.text;
    let Some(from) = text.items.get(text.at).copied() else { return };
    let to = text.items.get(text.at + 1).copied().unwrap_or(text.rows.len());
    let top = if text.at == 0 { 0 } else { from };
    let scroll = text.scroll();
    if scroll > top || from >= scroll + visible {
        // From above, or so far below that the item is not on the screen at all.
        let low = to.saturating_sub(visible).min(from);
        text.scroll_to(if scroll > top { top } else { low });
    } else if to > scroll + visible {
        text.scroll_to(to.saturating_sub(visible).min(from));
    }
}

/// Enter with the keys in the detail: opens the case, or fetches the file, that is chosen.
pub fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    match model.text.tab {
        Tab::Earlier => {
            if let Some(id) = asked::chosen(model) {
                visiting::visit(model, id);
            }
        }
        Tab::Files => {
            let Some(id) = model.case_id().cloned() else { return };
            let files = model.details.get(&id).map(|detail| &detail.attachments);
            if let Some(file) = files.and_then(|files| files.get(model.text.at)).cloned() {
                transfers::download(model, &id, &file, effects);
            }
        }
        _ => {}
    }
}

/// Makes the text anew where what it is made from has changed, and keeps what is shown of it in bounds.
pub fn settle(model: &mut Model, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
    if model.text.search.is_some() && !can_search(model) {
        model.text.search = None;
    }
    asked::settle(model, effects);
    let size = model.detail_size();
    let Some(case) = model.case() else {
        let tab = model.text.tab;
        model.text = DetailText { tab, ..DetailText::default() };
        return;
    };
    // While another pane has the whole screen the text waits as it was.
    if size.1 == 0 {
        return;
    }
    let detail = model.details.get(&case.id);
    let desk = model.desks.of(&case.id);
    let tab = model.text.tab;
    let reads = case.clocks.iter().filter(|_| tab == Tab::Clocks);
    let reads = reads.map(|clock| reading::read(clock, &desk.policy, desk.time(now)).text);
    let from = Made {
        case: case.id.clone(),
        revision: case.revision,
        whole: detail.map(|detail| detail.case.revision),
        failed: model.details.failure(&case.id).is_some(),
        size,
        tab,
        reads: reads.collect(),
        answers: model.asked.answers(),
    };
    if model.text.made_from.as_ref() != Some(&from) {
        let Text { head, tabs, rows, items, start } =
            build::text(model, case, detail, tab, size, desk.time(now));
        let text = &mut model.text;
        (text.head, text.tabs, text.rows, text.items) = (head, tabs, rows, items);
        text.start = start;
        text.made_from = Some(from);
        text.at = text.at.min(text.items.len().saturating_sub(1));
        search::look_again(model);
        if model.text.resumed.take().is_some() {
            see_item(model);
        }
    }
    let visible = rows(model);
    let text = &mut model.text;
    let most = text.rows.len().saturating_sub(visible);
    text.start = text.start.min(most);
    if let Some(scroll) = &mut text.scrolls[text.tab.place()] {
        *scroll = (*scroll).min(most);
    }
}

/// Whether the detail has the keys, and nothing stands before it.
fn can_search(model: &Model) -> bool {
    model.focus == Pane::Detail
        && matches!(model.page, Page::Desk)
        && model.overlay.as_ref().is_none_or(|overlay| !matches!(overlay, Overlay::Form(_)))
}
