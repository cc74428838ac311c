//! The breach board: the next breaches in large digits, for a wall or a pane that runs for weeks.

use chrono::{DateTime, Utc};

use crate::app::model::Model;
use crate::app::msg::Effect;
use crate::app::page::Page;
use crate::app::view::BoardView;
use crate::input::Action;

#[derive(Debug, Default)]
pub struct Board {}

pub fn open(model: &mut Model) {
    model.page = Page::Board(Board::default());
}

pub fn press(model: &mut Model, action: Action, _now: DateTime<Utc>, _effects: &mut Vec<Effect>) {
    if action == Action::LeaveBoard {
        model.page = Page::Desk;
    }
}

pub fn view(_model: &Model, _board: &Board) -> BoardView {
    BoardView {}
}
