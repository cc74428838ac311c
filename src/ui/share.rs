//! What is shared: a link that cannot be opened here, what can be copied, where an export goes.

use ratatui::layout::{Position, Rect};

use super::centred;
use super::form::frame_hints;
use super::pen::{Pen, Stroke};
use crate::app::layout::inside;
use crate::app::view::{ShareView, Tone};

const WIDEST: u16 = 76;

pub fn draw(pen: &mut Pen, screen: Rect, view: &ShareView) -> Option<Position> {
    let width = WIDEST.min(screen.width);
    let side = u16::from(width >= 40);
    let room = width.saturating_sub(2 + 2 * side);
    let most = screen.height.saturating_sub(2);
    let mut rows = Vec::new();
    for (tone, text) in &view.text {
        let left = usize::from(most).saturating_sub(rows.len());
        rows.extend(text.wrapped(room.max(1).into(), left).into_iter().map(|line| (*tone, line)));
    }
    let count = u16::try_from(rows.len()).unwrap_or(most).min(most);
    let air = u16::from(count + 4 <= screen.height);
    let area = centred(screen, width, (count + 2 + 2 * air).min(screen.height));
    pen.clear(area);
    let title = pen.tone(Tone::Title);
    pen.frame(area, Stroke::Single, pen.frame_style(true), &[(&view.title, title)], &[]);
    let body = inside(area);
    for ((tone, line), y) in rows.iter().zip(body.y + air..body.bottom()) {
        pen.put(body.x + side, y, room, line, pen.tone(*tone));
    }
    let bottom = Rect {
        x: area.x + 2,
        y: area.bottom().saturating_sub(1),
        width: area.width.saturating_sub(4),
        height: 1,
    };
    frame_hints(pen, bottom, &view.hints);
    None
}
