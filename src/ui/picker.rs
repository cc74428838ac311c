//! Something to choose by searching: the search, what it finds, and below it what comes of the chosen one.

use ratatui::layout::{Position, Rect};

use super::form::short_title;
use super::help::search_line;
use super::pen::{Pen, columns};
use super::window::{aired, is_roomy, window};
use super::{centred, wrap};
use crate::app::view::{Line, PickerView, Tone};

const WIDEST: u16 = 76;
const TALLEST: u16 = 30;
/// Rows of the list, where there is room for a preview besides.
const LIST: u16 = 6;

pub fn draw(pen: &mut Pen, screen: Rect, view: &PickerView) -> Option<Position> {
    let roomy = is_roomy(screen);
    let width = (screen.width - if roomy { 4 } else { 0 }).min(WIDEST);
    let height = (screen.height - if roomy { 2 } else { 0 }).min(TALLEST);
    let area = centred(screen, width, height);
    let title = short_title(&view.title, area.width.saturating_sub(4));
    let (body, side) = aired(window(pen, area, &title, &view.hints));
    let cursor = search_line(pen, body, &view.filter);
    let gap = u16::from(body.height >= 8);
    let rest = Rect { y: body.y + 1 + gap, height: body.height.saturating_sub(1 + gap), ..body };
    if view.entries.is_empty() {
        nothing(pen, rest, view);
        return cursor;
    }
    let entries = u16::try_from(view.entries.len()).unwrap_or(u16::MAX);
    let list = if rest.height >= 8 { entries.min(LIST) } else { rest.height.min(entries) };
    let list = Rect { height: list, ..rest };
    draw_list(pen, list, area, side, view);
    let below = Rect {
        y: list.bottom() + gap,
        height: rest.height.saturating_sub(list.height + gap),
        ..rest
    };
    let preview: Vec<Line> =
        view.preview.iter().flat_map(|line| wrap::wrap_line(line, below.width)).collect();
    let hidden = preview.len().saturating_sub(below.height.into());
    for (line, y) in preview.iter().zip(below.y..below.bottom()) {
        pen.line(below.x, y, below.width, line);
    }
    if hidden > 0 && below.height > 0 {
        let more = format!("… {} more lines", hidden + 1);
        let y = below.bottom() - 1;
        pen.clear(Rect { y, height: 1, ..below });
        pen.put(below.x, y, below.width, &more, pen.tone(Tone::Dim));
    }
    cursor
}

/// Why there is nothing to choose.
fn nothing(pen: &mut Pen, area: Rect, view: &PickerView) {
    let searched = ["Nothing is called so.".to_owned()];
    let lines = if view.notice.is_empty() { &searched[..] } else { &view.notice[..] };
    for (at, (line, y)) in lines.iter().zip(area.y..area.bottom()).enumerate() {
        let tone = if at == 0 { Tone::Strong } else { Tone::Plain };
        pen.put(area.x, y, area.width, line, pen.tone(tone));
    }
}

fn draw_list(pen: &mut Pen, list: Rect, area: Rect, side: u16, view: &PickerView) {
    let visible = usize::from(list.height);
    let first = (view.at + 1).saturating_sub(visible);
    let keys = view.entries.iter().map(|entry| columns(&entry.keys)).max().unwrap_or(0);
    let after = if keys > 0 { keys + 2 } else { 0 };
    for ((at, entry), y) in view.entries.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        pen.put(list.x, y, keys, &entry.keys, pen.tone(Tone::Key));
        let width = list.width.saturating_sub(after);
        pen.put(list.x + after, y, width, &entry.label, pen.tone(Tone::Plain));
        if at == view.at {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            pen.put(list.x.saturating_sub(side), y, 1, "▌", pen.cursor_mark());
        }
    }
    let track = Rect { y: list.y.saturating_sub(1), height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, view.entries.len());
}
