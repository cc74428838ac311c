//! The palette: a search line, what it finds, and why what is chosen cannot be done.

use ratatui::layout::{Position, Rect};

use super::form::short_title;
use super::help::search_line;
use super::pen::{Pen, columns};
use super::window::{aired, hung, window};
use crate::app::view::{PaletteView, Target, Tone};

const WIDEST: u16 = 76;
/// Entries beyond these are scrolled to.
const TALLEST: u16 = 20;
/// Lines for a refusal.
const WHY: usize = 2;

pub fn draw(pen: &mut Pen, screen: Rect, view: &PaletteView) -> Option<Position> {
    // The search line must not move while what it finds gets shorter.
    let area = hung(screen, WIDEST, TALLEST);
    let title =
        view.case.as_ref().map_or("Command".to_owned(), |case| format!("Command on {case}"));
    let title = short_title(&title, area.width.saturating_sub(4));
    let (body, side) = aired(window(pen, area, &title, &view.hints));
    let cursor = search_line(pen, body, &view.filter);
    let why = view.refusal.as_ref().map(|why| why.wrapped(body.width.into(), WHY));
    let why = why.unwrap_or_default();
    // Always the same room, for the list to stand still; on a small screen the list goes before.
    let below = if body.height >= 8 { count(WHY) + 1 } else { 0 };
    let above = 1 + u16::from(body.height >= 8);
    let list =
        Rect { y: body.y + above, height: body.height.saturating_sub(above + below), ..body };
    draw_list(pen, list, area, side, view);
    if below > 0 {
        for (line, y) in why.iter().zip(list.bottom() + 1..) {
            pen.put(body.x, y, body.width, line, pen.tone(Tone::Error));
        }
    }
    cursor
}

fn draw_list(pen: &mut Pen, list: Rect, area: Rect, side: u16, view: &PaletteView) {
    if view.entries.is_empty() {
        pen.put(list.x, list.y, list.width, "Nothing is called so.", pen.tone(Tone::Dim));
        return;
    }
    let visible = usize::from(list.height);
    let first = (view.at + 1).saturating_sub(visible);
    let keys = view.entries.iter().map(|entry| columns(&entry.keys)).max().unwrap_or(0);
    for ((at, entry), y) in view.entries.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let (key, text) =
            if entry.enabled { (Tone::Key, Tone::Plain) } else { (Tone::Dim, Tone::Dim) };
        pen.put(list.x, y, keys, &entry.keys, pen.tone(key));
        let after = keys + 2;
        let width = list.width.saturating_sub(after);
        pen.put(list.x + after, y, width, &entry.label, pen.tone(text));
        pen.target(Rect { y, height: 1, ..list }, Target::Line(at));
        if at == view.at {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            let mark = if side > 0 { list.x - side } else { list.x + keys };
            pen.put(mark, y, 1, "▌", pen.cursor_mark());
        }
    }
    let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, view.entries.len());
}

fn count(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}
