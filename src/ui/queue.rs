//! The queue: one row a case, the ids in one column, and as many of the other columns as there is room.

use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::pen::{Joint, Pen, columns};
use super::signs;
use crate::app::layout::{inside, queue_heads, queue_rows};
use crate::app::view::{FilterLine, LinkSign, QueueView, Row, RowDesk, Target, Tone};
use crate::sla::reading::Face;

/// Where the columns stand, from the pane's inside. A width of 0: not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    sign: u16,
    id: (u16, u16),
    desk: (u16, u16),
    severity: (u16, u16),
    subject: (u16, u16),
    with: (u16, u16),
    due: (u16, u16),
}

impl Columns {
    /// `id`, `due`, `desk`: the columns that the longest id, deadline and name of a desk take; `desk` 0: there
    /// is one desk only.
    fn of(inside: Rect, sign: u16, id: u16, due: u16, desk: u16) -> Self {
        let width = inside.width;
        // The mark of the cursor, the sign, a space.
        let id_x = inside.x + 1 + sign + 1;
        // Few widths, so that the columns stay where they are while the list moves.
        let due = match (width, due) {
            (0..30, _) => 8,
            (_, 0..=12) | (0..64, _) => 12,
            _ => 15,
        };
        let due = due.min(width.saturating_sub(sign + 2 + id + 1));
        let end = inside.right().saturating_sub(air(width));
        let due_x = end.saturating_sub(due);
        let mut left = due_x.saturating_sub(id_x + id);
        // The gap before `due`.
        left = left.saturating_sub(2);
        let severity = if left >= 4 + 2 + 10 { 4 } else { 0 };
        if severity > 0 {
            left -= severity + 2;
        }
        // Where a case is goes before who has it; both give way to the subject.
        let desk = if left >= 24 { desk.min(DESK_MAX) } else { 0 };
        if desk > 0 {
            left -= desk + 2;
        }
        let with = match left {
            0..32 => 0,
            32..50 => 9,
            _ => 14,
        };
        if with > 0 {
            left -= with + 2;
        }
        let subject = if left >= 7 { left - 2 } else { 0 };
        let desk_x = id_x + id + 2;
        let severity_x = if desk > 0 { desk_x + desk + 2 } else { desk_x };
        let subject_x = if severity > 0 { severity_x + severity + 2 } else { severity_x };
        Self {
            sign: inside.x + 1,
            id: (id_x, id),
            desk: (desk_x, desk),
            severity: (severity_x, severity),
            subject: (subject_x, subject),
            with: (subject_x + subject + 2, with),
            due: (due_x, due),
        }
    }
}

/// Less of what is wrong with a filter says nothing.
const WRONG_MIN: u16 = 12;
/// The widest column of desks.
const DESK_MAX: u16 = 10;

/// The empty columns at the right end.
fn air(width: u16) -> u16 {
    u16::from(width >= 40)
}

/// Draws the pane; answers where the terminal's cursor belongs while a filter is typed.
pub fn draw(pen: &mut Pen, area: Rect, view: &QueueView, focused: bool) -> Option<Position> {
    if area.width < 3 || area.height < 3 {
        return None;
    }
    let title = if focused { pen.tone(Tone::Title) } else { pen.tone(Tone::Plain) };
    let name = match (view.loading, view.count) {
        (true, 0) => format!("Queue · {}", view.name),
        (true, count) => format!("Queue · {} ({count}, loading)", view.name),
        (false, count) => format!("Queue · {} ({count})", view.name),
    };
    let dim = pen.tone(Tone::Dim);
    let arrived = format!("{} new ↓", view.arrived);
    let mut right = vec![(view.sort.as_str(), dim)];
    let stale = view.stale.as_deref().unwrap_or_default();
    if view.stale.is_some() {
        right = vec![(stale, pen.tone(Tone::Face(Face::Warning)))];
    }
    if view.arrived > 0 {
        right = vec![(arrived.as_str(), pen.tone(Tone::Strong))];
    }
    if let Some(marked) = &view.marked {
        // What waits for the marks is told beside them.
        let gap = if view.arrived > 0 { " · " } else { "" };
        let waits = if view.arrived > 0 { arrived.as_str() } else { "" };
        let strong = pen.tone(Tone::Strong);
        right = vec![(marked.as_str(), pen.tone(Tone::Key)), (gap, dim), (waits, strong)];
    }
    pen.pane(area, focused, Joint::default(), &[(&name, title)], &right);
    let inside = inside(area);
    let rows = queue_rows(area, view.filter.is_some());
    if let Some(notice) = &view.notice {
        super::notice(pen, rows, notice);
    } else {
        let longest = view.rows.iter().map(|r| columns(&r.id.to_string())).max().unwrap_or(0);
        // What an act says is longer now and then; deadlines make the column.
        let deadlines = view.rows.iter().filter(|r| matches!(r.due_tone, Tone::Face(_)));
        let due = deadlines.map(|r| columns(&r.due)).max().unwrap_or(0);
        let names = view.rows.iter().filter_map(|r| r.desk.as_ref());
        let desk = names.map(|desk| columns(&desk_text(desk)).max(4)).max().unwrap_or(0);
        let columns = Columns::of(inside, pen.sign_width(), longest.clamp(7, 14), due, desk);
        if queue_heads(area) {
            heads(pen, inside, columns);
        }
        for (row, y) in view.rows.iter().zip(rows.y..rows.bottom()) {
            draw_row(pen, inside, y, row, columns, focused);
            pen.target(Rect { y, height: 1, ..inside }, Target::Row(row.id.clone()));
        }
        pen.scroll_mark(area, view.first, view.rows.len().min(rows.height.into()), view.count);
    }
    let filter = view.filter.as_ref()?;
    let line = Rect { y: inside.bottom() - 1, height: 1, ..inside };
    draw_filter(pen, line, filter, view.filter_wrong.as_deref())
}

fn heads(pen: &mut Pen, inside: Rect, columns: Columns) {
    let style = pen.tone(Tone::Dim);
    for ((x, width), head) in [
        (columns.id, "case"),
        (columns.desk, "desk"),
        (columns.severity, "sev"),
        (columns.subject, "subject"),
        (columns.with, "with"),
        (columns.due, "due"),
    ] {
        if width > 0 {
            pen.put(x, inside.y, width, head, style);
        }
    }
}

/// The name of a row's desk; the mark before it says that it is not reached.
fn desk_text(desk: &RowDesk) -> String {
    if desk.stale {
        format!("{} {}", signs::link(LinkSign::Offline), desk.name)
    } else {
        desk.name.clone()
    }
}

fn draw_row(pen: &mut Pen, inside: Rect, y: u16, row: &Row, at: Columns, focused: bool) {
    let stale = row.desk.as_ref().is_some_and(|desk| desk.stale);
    // What may have changed long ago is dim, also where there is no room for the name of its desk.
    let text = pen.tone(if stale { Tone::Dim } else { Tone::Plain });
    let face = pen.tone(Tone::Face(row.face));
    pen.put(at.sign, y, pen.sign_width(), pen.sign(row.face), face);
    // The mark has the column before the id, which is empty else.
    let id = if row.marked { pen.tone(Tone::Strong) } else { text };
    if row.marked {
        pen.put(at.id.0 - 1, y, 1, "●", pen.tone(Tone::Key));
    }
    pen.put(at.id.0, y, at.id.1, &row.id.to_string(), id);
    // What an act does may need more words than a deadline: it takes them from its neighbours.
    let due = columns(&row.due);
    let end = inside.right() - air(inside.width);
    let due_x = if due > at.due.1 {
        let longest = end.saturating_sub(at.id.0 + at.id.1 + 1);
        end - due.min(longest)
    } else {
        at.due.0
    };
    let room = |(x, width): (u16, u16)| width.min(due_x.saturating_sub(x + 1));
    if let (Some(desk), true) = (&row.desk, at.desk.1 > 0) {
        let style = pen.tone(if stale { Tone::Face(Face::Warning) } else { Tone::Dim });
        pen.put(at.desk.0, y, room(at.desk), &desk_text(desk), style);
    }
    if at.severity.1 > 0 {
        let style = pen.tone(Tone::Severity(row.severity));
        pen.put(at.severity.0, y, room(at.severity), row.severity.short(), style);
    }
    if at.subject.1 > 0 {
        let width = room(at.subject);
        pen.put(at.subject.0, y, width, &row.subject.cell(width.into()), text);
    }
    // Less than a few letters of a name say nothing.
    let width = room(at.with);
    if width >= at.with.1.min(5) && width > 0 {
        match &row.with {
            Some(with) => pen.put(at.with.0, y, width, &with.cell(width.into()), text),
            None => pen.put(at.with.0, y, width, "–", pen.tone(Tone::Dim)),
        };
    }
    let tone = pen.tone(row.due_tone);
    if tone.add_modifier.contains(Modifier::REVERSED) {
        // A block as wide as its column, so that several make a column and no ragged flag.
        pen.put(due_x, y, end - due_x, &" ".repeat(at.due.1.min(end - due_x).into()), tone);
    }
    pen.put(due_x, y, end - due_x, &row.due, tone);
    if row.selected {
        pen.over(Rect { y, height: 1, ..inside }, pen.cursor_row());
        let mark = if focused { pen.cursor_mark() } else { pen.tone(Tone::Dim) };
        pen.put(inside.x, y, 1, "▌", mark);
    } else if row.fresh {
        pen.put(inside.x, y, 1, "•", pen.tone(Tone::Strong));
    }
}

pub fn draw_filter(
    pen: &mut Pen,
    mut line: Rect,
    filter: &FilterLine,
    wrong: Option<&str>,
) -> Option<Position> {
    if let Some(wrong) = wrong {
        // At the right end, with as much of the line as what is typed leaves.
        let typed = columns(&filter.text) + 6;
        let room = line.width.saturating_sub(typed).min(columns(wrong));
        if room >= WRONG_MIN.min(columns(wrong)) {
            line.width -= room + 1;
            pen.put(line.right(), line.y, room, wrong, pen.tone(Tone::Error));
        }
    }
    let (head, style) = if filter.cursor.is_some() {
        (pen.tone(Tone::Key), pen.tone(if wrong.is_some() { Tone::Error } else { Tone::Plain }))
    } else if wrong.is_some() {
        (pen.tone(Tone::Dim), pen.tone(Tone::Error))
    } else {
        (pen.tone(Tone::Dim), pen.tone(Tone::Dim))
    };
    let x = line.x + 1 + pen.put(line.x + 1, line.y, 2, "/ ", head);
    let room = line.right().saturating_sub(x + 1);
    let (shown, column) = super::wrap::one_line(&filter.text, filter.cursor, room);
    pen.put(x, line.y, room + 1, &shown, style);
    filter.cursor.and_then(|_| super::place(line, x + column, line.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_overlap_and_end_where_the_pane_ends() {
        for width in 1..=300 {
            for sign in [1, 2] {
                for (id, due, desk) in [(7, 8, 0), (14, 15, 0), (7, 8, 4), (14, 15, 64)] {
                    let inside = Rect::new(1, 1, width, 10);
                    let c = Columns::of(inside, sign, id, due, desk);
                    let mut end = c.id.0 + c.id.1;
                    for (x, wide) in [c.desk, c.severity, c.subject, c.with, c.due] {
                        if wide > 0 {
                            assert!(x > end || width < 18, "{width}: {c:?}");
                            end = x + wide;
                        }
                    }
                    assert!(end <= inside.right() || width < 18, "{width}: {c:?}");
                }
            }
        }
    }

    #[test]
    fn the_subject_takes_what_is_left_and_narrow_panes_leave_out_who_has_it() {
        let at = |width| Columns::of(Rect::new(1, 2, width, 10), 1, 7, 8, 0);
        assert!(at(67).with.1 > 0 && at(67).subject.1 >= 23);
        assert_eq!(at(48).with.1, 0);
        assert!(at(48).severity.1 > 0 && at(48).subject.1 >= 15);
        assert_eq!((at(18).severity.1, at(18).subject.1), (0, 0));
        assert_eq!(at(18).due.1, 7);
    }
}
