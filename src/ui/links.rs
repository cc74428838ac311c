//! The links of a case: exactly what would be opened, and where it stands.

use ratatui::layout::{Position, Rect};

use super::centred;
use super::pen::Pen;
use super::window::{is_roomy, window};
use crate::app::view::{LinksView, Tone};

const WIDEST: u16 = 96;
const TALLEST: u16 = 22;
/// Rows of one link and where it stands.
const EACH: u16 = 2;

pub fn draw(pen: &mut Pen, screen: Rect, view: &LinksView) -> Option<Position> {
    let roomy = is_roomy(screen);
    let width = (screen.width - if roomy { 4 } else { 0 }).min(WIDEST);
    let needs = u16::try_from(view.rows.len()).unwrap_or(u16::MAX).saturating_mul(EACH);
    let most = (screen.height - if roomy { 4 } else { 0 }).min(TALLEST);
    let area = centred(screen, width, needs.saturating_add(2).clamp(3, most.max(3)));
    let body = window(pen, area, &view.title, &view.hints);
    let visible = usize::from((body.height / EACH).max(1));
    let first = (view.at + 1).saturating_sub(visible);
    let width = body.width.saturating_sub(3);
    for (n, (at, row)) in view.rows.iter().enumerate().skip(first).take(visible).enumerate() {
        let y = body.y + u16::try_from(n).unwrap_or(0) * EACH;
        let tone = if at == view.at { Tone::Strong } else { Tone::Plain };
        pen.put(body.x + 2, y, width, &row.url.cell(width.into()), pen.tone(tone));
        if at == view.at {
            pen.put(body.x, y, 1, "▌", pen.cursor_mark());
        }
        if y + 1 < body.bottom() {
            pen.put(body.x + 2, y + 1, width, &row.from, pen.tone(Tone::Dim));
        }
    }
    pen.scroll_mark(area, first, visible, view.rows.len());
    None
}
