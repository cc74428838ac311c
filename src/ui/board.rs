//! The breach board.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::app::view::BoardView;

pub fn draw(_pen: &mut Pen, _area: Rect, _view: &BoardView) {}
