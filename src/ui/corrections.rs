//! The outline of corrections.

use ratatui::layout::Rect;

use super::pen::Pen;
use crate::app::view::{CorrectionsView, Tone};

pub fn draw(pen: &mut Pen, area: Rect, view: &CorrectionsView) {
    for (y, title) in (area.y..area.bottom()).zip(&view.titles) {
        pen.put(area.x, y, area.width, &title.cell(200), pen.tone(Tone::Plain));
    }
}
