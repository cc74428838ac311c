//! Why a clock reads as it does: a text over the panes that scrolls.

use ratatui::layout::{Position, Rect};

use super::pen::{Pen, Stroke};
use crate::app::layout::{explanation, explanation_text};
use crate::app::view::{Tone, WhyView};

pub fn draw(pen: &mut Pen, screen: Rect, view: &WhyView) -> Option<Position> {
    let (area, body) = (explanation(screen), explanation_text(screen));
    // No higher than its text.
    let lines = u16::try_from(view.lines.len()).unwrap_or(u16::MAX);
    let area = Rect { height: lines.saturating_add(2).max(3).min(area.height), ..area };
    let body = Rect { height: body.height.min(area.height.saturating_sub(2)), ..body };
    let (title, dim) = (pen.tone(Tone::Title), pen.tone(Tone::Dim));
    let id = view.id.to_string();
    pen.clear(area);
    let heading = [("Why ", title), (id.as_str(), title), (" · ", dim), (view.which.as_str(), dim)];
    pen.frame(area, Stroke::Single, pen.frame_style(true), &heading, &[(view.keys.as_str(), dim)]);
    for (line, y) in view.lines.iter().skip(view.scroll).zip(body.y..body.bottom()) {
        pen.line(body.x, y, body.width, line);
    }
    pen.scroll_mark(area, view.scroll, body.height.into(), view.lines.len());
    None
}
