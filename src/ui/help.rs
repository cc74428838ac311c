//! The help: every key with what it does, in as many columns as there is room, with a search line.

use ratatui::layout::{Position, Rect};

use super::form::frame_hints;
use super::pen::{Pen, Stroke, columns};
use super::wrap;
use crate::app::layout::inside;
use crate::app::view::{FilterLine, HelpView, Tone};
use crate::domain::Untrusted;

/// Between two columns.
const GAP: u16 = 3;
/// A column needs so much room.
const COLUMN: u16 = 44;
/// What a key does takes at most so many lines.
const LINES: usize = 3;

/// One line of the help as it is counted for scrolling, before what it says is wrapped.
enum HelpLine<'a> {
    Group(&'a str),
    Key(&'a str, &'a str),
    Air,
}

/// One row on the screen: the keys stand in the first of an entry alone.
struct HelpRow<'a> {
    keys: &'a str,
    text: String,
    heading: bool,
}

pub fn draw(pen: &mut Pen, screen: Rect, view: &HelpView) -> Option<Position> {
    // Header and footer stay.
    let above = u16::from(screen.height >= 12);
    let area = Rect { y: screen.y + above, height: screen.height - 2 * above, ..screen };
    let body = inside(area);
    let side = u16::from(body.width >= 40);
    let body = Rect { x: body.x + side, width: body.width.saturating_sub(2 * side), ..body };
    let (title, dim) = (pen.tone(Tone::Title), pen.tone(Tone::Dim));

    pen.clear(area);
    pen.frame(area, Stroke::Single, pen.frame_style(true), &[("Help", title)], &[]);
    if above == 0 {
        // The footer, which says it otherwise, is covered.
        let bottom = Rect { x: area.x + 2, y: area.bottom() - 1, width: area.width - 4, height: 1 };
        frame_hints(pen, bottom, &view.hints);
    }
    let cursor = search_line(pen, body, &view.filter);
    let gap = u16::from(body.height > 4);
    let list = Rect { y: body.y + 1 + gap, height: body.height.saturating_sub(1 + gap), ..body };
    if list.is_empty() {
        return cursor;
    }
    let lines = lines_of(view, list.height >= 8);
    if lines.is_empty() {
        pen.put(list.x, list.y, list.width, "No key does that.", dim);
        return cursor;
    }
    let visible = usize::from(list.height);
    let keys = view.groups.iter().flat_map(|(_, keys)| keys);
    let key_width = keys.map(|(keys, _)| columns(keys)).max().unwrap_or(0).min(list.width / 2);
    // As many columns as it takes, if there is room for them.
    let most = ((list.width + GAP) / (COLUMN + GAP)).max(1);
    let mut number = 1;
    let (rows, starts, width) = loop {
        let width = (list.width + GAP) / number - GAP;
        let (rows, starts) = rows_of(&lines, width.saturating_sub(key_width + 2));
        if number == most || rows.len() <= visible * usize::from(number) {
            break (rows, starts, width);
        }
        number += 1;
    };
    let per_column = rows.len().div_ceil(number.into()).max(visible.min(rows.len()));
    let hidden = per_column.saturating_sub(visible);
    let first = starts.get(view.scroll).copied().unwrap_or(usize::MAX).min(hidden);
    let mut x = list.x;
    for column in rows.chunks(per_column) {
        for (row, y) in column.iter().skip(first).zip(list.y..list.bottom()) {
            if row.heading {
                pen.put(x, y, width, &row.text, title);
                continue;
            }
            let after = key_width + 2;
            pen.put(x, y, key_width, row.keys, pen.tone(Tone::Key));
            pen.put(x + after, y, width.saturating_sub(after), &row.text, pen.tone(Tone::Plain));
        }
        x += width + GAP;
    }
    let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, per_column);
    cursor
}

/// The first line of a box that is searched by typing; answers where the terminal's cursor belongs.
pub fn search_line(pen: &mut Pen, body: Rect, search: &FilterLine) -> Option<Position> {
    let x = body.x + pen.put(body.x, body.y, body.width, "/ ", pen.tone(Tone::Key));
    let room = body.right().saturating_sub(x + 1);
    let (shown, column) = wrap::one_line(&search.text, search.cursor, room);
    if search.text.is_empty() {
        pen.put(x, body.y, room, "type to search", pen.tone(Tone::Dim));
    }
    pen.put(x, body.y, room, &shown, pen.tone(Tone::Plain));
    search.cursor.and_then(|_| super::place(body, x + column, body.y))
}

/// `air`: with an empty line between the groups.
fn lines_of(view: &HelpView, air: bool) -> Vec<HelpLine<'_>> {
    let mut lines = Vec::new();
    for (name, keys) in &view.groups {
        if air && !lines.is_empty() {
            lines.push(HelpLine::Air);
        }
        lines.push(HelpLine::Group(name));
        lines.extend(keys.iter().map(|(keys, what)| HelpLine::Key(keys, what)));
    }
    lines
}

/// The rows of all lines, and in which row each line begins.
fn rows_of<'a>(lines: &[HelpLine<'a>], room: u16) -> (Vec<HelpRow<'a>>, Vec<usize>) {
    let mut rows = Vec::new();
    let mut starts = Vec::new();
    for line in lines {
        starts.push(rows.len());
        match line {
            HelpLine::Group(name) => {
                rows.push(HelpRow { keys: "", text: (*name).to_owned(), heading: true });
            }
            HelpLine::Air => rows.push(HelpRow { keys: "", text: String::new(), heading: false }),
            HelpLine::Key(keys, what) => {
                let texts = Untrusted::from(*what).wrapped(room.max(1).into(), LINES);
                for (at, text) in texts.into_iter().enumerate() {
                    let keys = if at == 0 { *keys } else { "" };
                    rows.push(HelpRow { keys, text, heading: false });
                }
            }
        }
    }
    (rows, starts)
}
