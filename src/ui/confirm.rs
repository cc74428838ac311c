//! A question that must be answered: what will happen to which case, and the keys for yes and no.

use ratatui::layout::{Position, Rect};

use super::centred;
use super::pen::{Pen, columns};
use super::window::framed;
use crate::app::view::{ConfirmView, Tone};
use crate::domain::Untrusted;

const WIDEST: u16 = 64;

pub fn draw(pen: &mut Pen, screen: Rect, view: &ConfirmView) -> Option<Position> {
    let longest = view.lines.iter().map(|l| columns(l)).max().unwrap_or(0);
    let hints: u16 = view.hints.iter().map(|h| columns(&h.keys) + columns(&h.label) + 3).sum();
    let wanted = longest.max(columns(&view.title) + 2).max(hints + 2) + 4;
    let width = wanted.min(WIDEST).min(screen.width);
    let side = u16::from(width >= 40);
    let text_width = width.saturating_sub(2 + 2 * side);
    let wrap = |most: usize| {
        let mut lines: Vec<String> = Vec::new();
        for line in &view.lines {
            if lines.len() < most {
                let left = most - lines.len();
                lines.extend(Untrusted::from(line.as_str()).wrapped(text_width.into(), left));
            }
        }
        lines
    };
    let most = screen.height.saturating_sub(2);
    let lines = wrap(most.into());
    let text_height = u16::try_from(lines.len()).unwrap_or(most);
    // Air above and below, where there is room for it.
    let air = u16::from(text_height + 4 <= screen.height.saturating_sub(2));
    let height = (text_height + 2 + 2 * air).min(screen.height);
    let area = centred(screen, width, height);
    let looks = (pen.tone(Tone::Title), pen.tone(Tone::Error));
    let body = framed(pen, area, &view.title, looks, &view.hints);
    for (line, y) in lines.iter().zip(body.y + air..body.bottom()) {
        pen.put(body.x + side, y, text_width, line, pen.tone(Tone::Plain));
    }
    None
}
