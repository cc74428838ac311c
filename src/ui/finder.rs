//! The order of the list, its columns, a view to save, a case to go to, a search: lines to write in, rows to choose
//! from, a sentence, and the keys.

use ratatui::layout::{Position, Rect};

use super::centred;
use super::form::short_title;
use super::pen::{Pen, columns};
use super::window::window;
use crate::app::view::{FinderField, FinderRow, FinderView, Tone};

const WIDEST: u16 = 84;
/// Rows beyond these are scrolled to.
const ROWS: u16 = 16;
/// Lines for what is said.
const TOLD: usize = 2;
/// The widest cell but the last.
const CELL: u16 = 18;

pub fn draw(pen: &mut Pen, screen: Rect, view: &FinderView) -> Option<Position> {
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let width = screen.width.min(WIDEST);
    let side = u16::from(width >= 40);
    let room = width.saturating_sub(2 + 2 * side);
    let told = view.told.as_ref().map(|(tone, text)| (*tone, text.wrapped(room.into(), TOLD)));
    let told_rows = told.as_ref().map_or(0, |(_, lines)| count(lines.len()));
    let fields = count(view.fields.len());
    let rows = count(view.rows.len()).min(ROWS);
    let gaps = u16::from(fields > 0 && rows > 0) + u16::from(told_rows > 0 && fields + rows > 0);
    let needs = fields + rows + told_rows + 2;
    // On a small screen the gaps go first.
    let gaps = if needs + gaps <= screen.height { gaps } else { 0 };
    let area = centred(screen, width, (needs + gaps).min(screen.height));
    let title = short_title(&view.title, area.width.saturating_sub(4));
    let body = window(pen, area, &title, &view.hints);
    let body = Rect { x: body.x + side, width: body.width.saturating_sub(2 * side), ..body };
    let mut cursor = None;
    let mut y = body.y;
    let labels = view.fields.iter().map(|field| columns(&field.label)).max().unwrap_or(0);
    for field in &view.fields {
        if y < body.bottom() {
            let line = Rect { y, height: 1, ..body };
            cursor = draw_field(pen, line, field, labels).or(cursor);
            y += 1;
        }
    }
    y += u16::from(gaps > 0 && fields > 0 && rows > 0);
    let left = body.bottom().saturating_sub(y);
    let rows = rows.min(left.saturating_sub(told_rows.min(left / 2)));
    let list = Rect { y, height: rows, ..body };
    draw_rows(pen, list, area, side, view);
    y += rows + u16::from(gaps > 0 && told_rows > 0 && fields + rows > 0);
    if let Some((tone, lines)) = told {
        for (line, y) in lines.iter().zip(y..body.bottom()) {
            pen.put(body.x, y, body.width, line, pen.tone(tone));
        }
    }
    cursor
}

fn draw_field(pen: &mut Pen, line: Rect, field: &FinderField, labels: u16) -> Option<Position> {
    let tone = if field.cursor.is_some() { Tone::Key } else { Tone::Dim };
    pen.put(line.x, line.y, labels, &field.label, pen.tone(tone));
    let x = line.x + (labels + 2).min(line.width);
    let room = line.right().saturating_sub(x + 1);
    let (shown, column) = super::wrap::one_line(&field.text, field.cursor, room);
    pen.put(x, line.y, room + 1, &shown, pen.tone(Tone::Plain));
    field.cursor.and_then(|_| super::place(line, x + column, line.y))
}

fn draw_rows(pen: &mut Pen, list: Rect, area: Rect, side: u16, view: &FinderView) {
    let visible = usize::from(list.height);
    let first = view.at.map_or(0, |at| (at + 1).saturating_sub(visible));
    let width = |place: usize| {
        let cells = view.rows.iter().filter(|row| place + 1 < row.cells.len());
        let cells = cells.filter_map(|row| row.cells.get(place));
        cells.map(|(_, text)| columns(&text.cell(CELL.into()))).max().unwrap_or(0)
    };
    let most = view.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let widths: Vec<u16> = (0..most).map(width).collect();
    let shown = view.rows.iter().enumerate().skip(first).zip(list.y..list.bottom());
    for ((at, row), y) in shown {
        draw_row(pen, Rect { y, height: 1, ..list }, row, &widths);
        if view.at == Some(at) {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            if side > 0 {
                pen.put(list.x - side, y, 1, "▌", pen.cursor_mark());
            }
        }
    }
    if view.at.is_some() && list.height > 0 {
        let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
        pen.scroll_mark(track, first, visible, view.rows.len());
    }
}

fn draw_row(pen: &mut Pen, line: Rect, row: &FinderRow, widths: &[u16]) {
    let mut x = line.x;
    for (place, (tone, text)) in row.cells.iter().enumerate() {
        let left = line.right().saturating_sub(x);
        let is_last = place + 1 == row.cells.len();
        let width = if is_last { left } else { widths[place].min(left) };
        pen.put(x, line.y, width, &text.cell(width.into()), pen.tone(*tone));
        if width > 0 {
            x = (x + width + 2).min(line.right());
        }
    }
}
