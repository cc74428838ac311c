//! What stands over the list while it is sorted, given columns, saved as a view, or searched beyond what it holds.

use chrono::{DateTime, Utc};
use crokey::KeyCombination;

use super::pick::{self, ColumnPick};
use super::save::{self, Save};
use super::seek::{self, Goto, Search};
use crate::app::build::hints_of;
use crate::app::model::{Model, Overlay};
use crate::app::msg::Effect;
use crate::app::view::FinderView;
use crate::input::{Action, Context};

pub enum Finder {
    /// The order of the list; the place of the field that the keys are on.
    Sort(usize),
    Columns(ColumnPick),
    Save(Box<Save>),
    Goto(Box<Goto>),
    Search(Box<Search>),
}

impl Finder {
    /// Where the keys go.
    pub const fn context(&self) -> Context {
        match self {
            Self::Sort(_) | Self::Columns(_) => Context::Pick,
            Self::Save(_) | Self::Goto(_) | Self::Search(_) => Context::Seek,
        }
    }
}

pub(super) fn show(model: &mut Model, finder: Finder) {
    model.toast = None;
    model.overlay = Some(Overlay::Finder(finder));
}

pub fn press(
    model: &mut Model,
    action: Option<Action>,
    key: KeyCombination,
    now: DateTime<Utc>,
    effects: &mut Vec<Effect>,
) {
    let Some(Overlay::Finder(finder)) = &model.overlay else { return };
    if matches!(action, Some(Action::ClosePick | Action::CloseSeek)) {
        seek::leave(model, effects);
        model.overlay = None;
        return;
    }
    match finder {
        Finder::Sort(at) => pick::press_sort(model, *at, action, now),
        Finder::Columns(_) => pick::press_columns(model, action),
        Finder::Save(_) => save::press(model, action, key, now),
        Finder::Goto(_) => seek::press_goto(model, action, key, now),
        Finder::Search(_) => seek::press_search(model, action, key, effects),
    }
}

pub fn pasted(finder: &mut Finder, text: &str) {
    match finder {
        Finder::Sort(_) | Finder::Columns(_) => {}
        Finder::Save(save) => save.pasted(text),
        Finder::Goto(goto) => goto.pasted(text),
        Finder::Search(search) => search.pasted(text),
    }
}

pub fn view(model: &Model, finder: &Finder, now: DateTime<Utc>) -> FinderView {
    let view = match finder {
        Finder::Sort(at) => pick::sort_view(model, *at),
        Finder::Columns(columns) => columns.view(),
        Finder::Save(save) => save.view(model),
        Finder::Goto(goto) => goto.view(),
        Finder::Search(search) => search.view(model, now),
    };
    FinderView { hints: hints_of(model, finder.context()), ..view }
}
