//! The outline of corrections: headings by release plan, a line a correction, and the chosen one beside it.

use ratatui::layout::{Position, Rect};

use super::pen::{Joint, Pen, columns};
use crate::app::layout::{inside, queue_heads, queue_rows};
use crate::app::view::{CorrectionsView, OutlineRow, Tone};

/// Where the columns stand. A width of 0: not shown.
struct Columns {
    id: (u16, u16),
    desk: (u16, u16),
    title: (u16, u16),
    status: (u16, u16),
    cases: (u16, u16),
    wait: (u16, u16),
    age: (u16, u16),
}

const STATUS: u16 = 9;
const NUMBER: u16 = 5;
const AGE: u16 = 7;
const TITLE_MIN: u16 = 14;

impl Columns {
    /// What finds no room beside the title goes: the age, the number of cases, the desk, who waits, the status.
    fn of(inside: Rect, id: u16, desk: u16) -> Self {
        let room = inside.width.saturating_sub(2 + id + 2 + u16::from(inside.width >= 40));
        let mut widths = [desk.min(10), STATUS, NUMBER, NUMBER, AGE];
        let taken = |widths: &[u16; 5]| -> u16 {
            widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum()
        };
        for dropped in [4, 2, 0, 3, 1] {
            if taken(&widths) + TITLE_MIN > room {
                widths[dropped] = 0;
            }
        }
        let title = room.saturating_sub(taken(&widths));
        let mut x = inside.x + 2 + id + 2;
        let mut next = |width: u16| {
            let at = (x, width);
            x += if width > 0 { width + 2 } else { 0 };
            at
        };
        let desk = next(widths[0]);
        let title = next(title);
        let (status, cases, wait, age) =
            (next(widths[1]), next(widths[2]), next(widths[3]), next(widths[4]));
        Self { id: (inside.x + 2, id), desk, title, status, cases, wait, age }
    }
}

/// Draws the page; answers where the terminal's cursor belongs while a filter is typed.
pub fn draw(pen: &mut Pen, body: Rect, view: &CorrectionsView) -> Option<Position> {
    let (list, detail) = (view.list.intersection(body), view.detail.intersection(body));
    let filter = draw_list(pen, list, view);
    let shared = !list.is_empty() && list.x == detail.x;
    draw_pane(pen, detail, view, Joint { shared, above_focused: !view.reading });
    filter
}

fn draw_list(pen: &mut Pen, area: Rect, view: &CorrectionsView) -> Option<Position> {
    if area.width < 3 || area.height < 3 {
        return None;
    }
    let focused = !view.reading;
    let title = if focused { pen.tone(Tone::Title) } else { pen.tone(Tone::Plain) };
    let asking = [("asking …", pen.tone(Tone::Dim))];
    let right = if view.asking { &asking[..] } else { &[] };
    pen.pane(area, focused, Joint::default(), &[(&view.title, title)], right);
    let inside = inside(area);
    let rows = queue_rows(area, view.filter.is_some());
    let said = u16::try_from(view.remarks.len()).unwrap_or(0).min(rows.height);
    let rows = Rect { height: rows.height - said, ..rows };
    if let Some(notice) = &view.notice {
        super::notice(pen, rows, notice);
    } else {
        let ids = view.rows.iter().filter_map(|row| match row {
            OutlineRow::One { id, desk, .. } => {
                Some((columns(&id.to_string()), desk.as_deref().map_or(0, columns)))
            }
            OutlineRow::Plan { .. } => None,
        });
        let (id, desk) = ids.fold((0, 0), |(a, b), (id, desk)| (a.max(id), b.max(desk)));
        let at = Columns::of(inside, id.clamp(4, 10), desk);
        if queue_heads(area) {
            heads(pen, inside.y, &at);
        }
        for (row, y) in view.rows.iter().zip(rows.y..rows.bottom()) {
            draw_row(pen, Rect { y, height: 1, ..inside }, row, &at, focused);
        }
        pen.scroll_mark(area, view.first, rows.height.into(), view.count);
    }
    for ((tone, text), y) in view.remarks.iter().zip(rows.bottom()..) {
        pen.put(inside.x + 1, y, inside.width.saturating_sub(2), text, pen.tone(*tone));
    }
    let filter = view.filter.as_ref()?;
    let line = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    super::queue::draw_filter(pen, line, filter, None, None)
}

fn heads(pen: &mut Pen, y: u16, at: &Columns) {
    let style = pen.tone(Tone::Dim);
    for ((x, width), head, is_right) in [
        (at.id, "id", false),
        (at.desk, "desk", false),
        (at.title, "title", false),
        (at.status, "status", false),
        (at.cases, "cases", true),
        (at.wait, "wait", true),
        (at.age, "changed", true),
    ] {
        if width > 0 {
            let shift = if is_right { width.saturating_sub(columns(head)) } else { 0 };
            pen.put(x + shift, y, width - shift, head, style);
        }
    }
}

fn draw_row(pen: &mut Pen, line: Rect, row: &OutlineRow, at: &Columns, focused: bool) {
    let y = line.y;
    let right = |pen: &mut Pen, (x, width): (u16, u16), text: &str, tone: Tone| {
        if width > 0 {
            let shift = width.saturating_sub(columns(text));
            pen.put(x + shift, y, width - shift, text, pen.tone(tone));
        }
    };
    let selected = match row {
        OutlineRow::Plan { title, count, customers, folded, selected } => {
            let sign = if *folded { "▸" } else { "▾" };
            let x = line.x + 2;
            let room = line.width.saturating_sub(3);
            let waits = match customers {
                0 => String::new(),
                1 => " · 1 customer waits".to_owned(),
                n => format!(" · {n} customers wait"),
            };
            pen.pieces(
                x,
                y,
                room,
                &[
                    (sign, pen.tone(Tone::Dim)),
                    (" ", pen.tone(Tone::Plain)),
                    (title, pen.tone(Tone::Title)),
                    (&format!(" ({count})"), pen.tone(Tone::Plain)),
                    (&waits, pen.tone(Tone::Dim)),
                ],
            );
            selected
        }
        OutlineRow::One { id, desk, title, status, tone, cases, customers, age, selected } => {
            pen.put(at.id.0, y, at.id.1, &id.to_string(), pen.tone(Tone::Plain));
            if let Some(desk) = desk {
                pen.put(at.desk.0, y, at.desk.1, desk, pen.tone(Tone::Dim));
            }
            let text = title.cell(at.title.1.into());
            pen.put(at.title.0, y, at.title.1, &text, pen.tone(Tone::Plain));
            pen.put(at.status.0, y, at.status.1, status, pen.tone(*tone));
            let number = |n: u64| if n == 0 { "–".to_owned() } else { n.to_string() };
            let dim = |n: u64| if n == 0 { Tone::Dim } else { Tone::Plain };
            right(pen, at.cases, &number(*cases), dim(*cases));
            let waits = u64::try_from(*customers).unwrap_or(u64::MAX);
            right(pen, at.wait, &number(waits), if waits == 0 { Tone::Dim } else { Tone::Strong });
            right(pen, at.age, age, Tone::Dim);
            selected
        }
    };
    if *selected {
        pen.over(line, pen.cursor_row());
        let mark = if focused { pen.cursor_mark() } else { pen.tone(Tone::Dim) };
        pen.put(line.x, y, 1, "▌", mark);
    }
}

fn draw_pane(pen: &mut Pen, area: Rect, view: &CorrectionsView, joint: Joint) {
    if area.width < 3 || area.height < 3 {
        return;
    }
    let style = if view.reading { pen.tone(Tone::Title) } else { pen.tone(Tone::Plain) };
    let title = view.pane.as_ref().map_or("Correction", |pane| pane.title.as_str());
    pen.pane(area, view.reading, joint, &[(title, style)], &[]);
    let Some(pane) = &view.pane else { return };
    let inside = inside(area);
    for (line, y) in pane.lines.iter().skip(pane.scroll).zip(inside.y..inside.bottom()) {
        pen.line(inside.x + 1, y, inside.width.saturating_sub(2), line);
    }
    pen.scroll_mark(area, pane.scroll, inside.height.into(), pane.lines.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_overlap_and_end_where_the_pane_ends() {
        for width in 18..=300 {
            for desk in [0, 4, 30] {
                let inside = Rect::new(1, 2, width, 10);
                let at = Columns::of(inside, 5, desk);
                let mut end = at.id.0 + at.id.1;
                for (x, wide) in [at.desk, at.title, at.status, at.cases, at.wait, at.age] {
                    if wide > 0 {
                        assert!(x >= end + 2, "{width} {desk}");
                        end = x + wide;
                    }
                }
                assert!(end <= inside.right(), "{width} {desk}");
            }
        }
    }
}
