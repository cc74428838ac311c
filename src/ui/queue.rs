//! The queue: one row a case, the ids in one column, and as many of the other columns as there is room.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::pen::{Joint, Pen, columns};
use super::signs;
use super::theme::is_block;
use crate::app::layout::{inside, queue_list};
use crate::app::view::{
    FilterLine, LinkSign, QueueView, Row, RowDesk, Target, Tone, Under, ViewTab,
};
use crate::query::Column;
use crate::sla::reading::Face;

/// Where the columns stand: each with its first cell and its width, in the order in which they are shown. One for
/// which there is no room is left out; what is chosen beyond the usual ones goes first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns {
    sign: u16,
    at: Vec<(Column, u16, u16)>,
}

/// What the widest cells of a list take.
#[derive(Debug, Clone, Copy, Default)]
struct Widest {
    id: u16,
    due: u16,
    /// 0: there is one desk only.
    desk: u16,
}

/// Columns beyond the usual ones: those that give way first come last.
const EXTRAS: &[(Column, u16)] = &[
    (Column::Tier, 4),
    (Column::Customer, 16),
    (Column::Partner, 14),
    (Column::Age, 7),
    (Column::Updated, 7),
    (Column::Correction, 8),
];
/// The columns that a subject keeps when others ask for room.
const SUBJECT: u16 = 24;

impl Columns {
    fn of(inside: Rect, sign: u16, wanted: &[Column], widest: Widest) -> Self {
        let width = inside.width;
        let id = widest.id;
        // The mark of the cursor, the sign, a space.
        let id_x = inside.x + 1 + sign + 1;
        // Few widths, so that the columns stay where they are while the list moves.
        let due = match (width, widest.due) {
            (0..30, _) => 8,
            (_, 0..=12) | (0..64, _) => 12,
            _ => 15,
        };
        let due = due.min(width.saturating_sub(sign + 2 + id + 1));
        let end = inside.right().saturating_sub(air(width));
        let mut left = end.saturating_sub(id_x + id);
        let asks = |column| wanted.contains(&column);
        let mut widths: Vec<(Column, u16)> = vec![(Column::Case, id)];
        // With the gap before it.
        let mut take = |column: Column, width: u16, least: u16, left: &mut u16| {
            if width > 0 && asks(column) && *left >= least {
                *left = left.saturating_sub(width + 2);
                widths.push((column, width));
            }
        };
        take(Column::Due, due, 0, &mut left);
        take(Column::Severity, 4, 4 + 2 + 10, &mut left);
        // Where a case is goes before who has it; both give way to the subject.
        take(Column::Desk, widest.desk.min(DESK_MAX), SUBJECT, &mut left);
        let kept = if asks(Column::Subject) { SUBJECT } else { 0 };
        for (column, width) in EXTRAS {
            take(*column, *width, kept + width + 2, &mut left);
        }
        let with = match left {
            0..32 => 0,
            32..50 => 9,
            _ => 14,
        };
        take(Column::With, with, 0, &mut left);
        take(Column::Subject, left.saturating_sub(2), 7, &mut left);
        let mut x = id_x;
        let mut at = Vec::with_capacity(wanted.len());
        for column in wanted {
            if let Some((_, width)) = widths.iter().find(|(other, _)| other == column) {
                at.push((*column, x, *width));
                x += width + 2;
            }
        }
        // Deadlines end where the pane does, also where there is no room for a gap before them.
        if let Some((Column::Due, x, width)) = at.last_mut() {
            *x = end.saturating_sub(*width);
        }
        Self { sign: inside.x + 1, at }
    }

    /// The first cell and the width of a column; None: it is not shown.
    fn get(&self, column: Column) -> Option<(u16, u16)> {
        self.at.iter().find(|(other, ..)| *other == column).map(|(_, x, width)| (*x, *width))
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
    let rows = queue_list(area, view.lines);
    if let Some(notice) = &view.notice {
        super::notice(pen, rows, notice);
    } else {
        let longest = view.rows.iter().map(|r| columns(&r.id.to_string())).max().unwrap_or(0);
        // What an act says is longer now and then; deadlines make the column.
        let deadlines = view.rows.iter().filter(|r| matches!(r.due_tone, Tone::Face(_)));
        let due = deadlines.map(|r| columns(&r.due)).max().unwrap_or(0);
        let names = view.rows.iter().filter_map(|r| r.desk.as_ref());
        let desk = names.map(|desk| columns(&desk_text(desk)).max(4)).max().unwrap_or(0);
        let widest = Widest { id: longest.clamp(7, 14), due, desk };
        let columns = Columns::of(inside, pen.sign_width(), &view.columns, widest);
        if view.lines.heads {
            heads(pen, inside, &columns);
        }
        for (row, y) in view.rows.iter().zip(rows.y..rows.bottom()) {
            pen.target(Rect { y, height: 1, ..inside }, Target::Row(row.id.clone()));
            draw_row(pen, inside, y, row, &columns, focused);
        }
        pen.scroll_mark(area, view.first, view.rows.len().min(rows.height.into()), view.count);
    }
    tabs(pen, area, &view.views);
    let filter = view.filter.as_ref()?;
    let line = Rect { y: inside.bottom() - view.lines.filter.clamp(1, 2), height: 1, ..inside };
    if view.lines.filter < 2 {
        let wrong = view.filter_wrong.as_deref().or(match &view.under {
            Some(Under::Wrong { sentence, .. }) => Some(sentence.as_str()),
            _ => None,
        });
        return draw_filter(pen, line, filter, wrong, None);
    }
    let wrong = match &view.under {
        Some(Under::Wrong { at, .. }) => Some(at),
        _ => None,
    };
    let cursor = draw_filter(pen, line, filter, None, wrong);
    let below = Rect { y: line.y + 1, ..line };
    match &view.under {
        Some(Under::Wrong { at, sentence }) => draw_wrong(pen, below, filter, at, sentence),
        Some(Under::Offers { words, chosen, help }) => {
            draw_offers(pen, below, words, *chosen, help);
        }
        None => {}
    }
    cursor
}

/// The views and how many cases they hold, in the lower frame line.
fn tabs(pen: &mut Pen, area: Rect, views: &[ViewTab]) {
    let (mut x, y) = (area.x + 2, area.bottom() - 1);
    for view in views {
        let (key, count) = (view.key.to_string(), view.count.to_string());
        let needs = columns(&key) + columns(&view.name) + columns(&count) + 4;
        if x + needs + 2 > area.right() {
            break;
        }
        let text = pen.tone(if view.shown { Tone::Title } else { Tone::Plain });
        let pieces = [
            (" ", Style::new()),
            (key.as_str(), pen.tone(Tone::Key)),
            (" ", Style::new()),
            (view.name.as_str(), text),
            (" ", Style::new()),
            (count.as_str(), pen.tone(Tone::Dim)),
            (" ", Style::new()),
        ];
        x += pen.pieces(x, y, needs, &pieces);
    }
}

/// Marks under what is wrong, and the sentence beside them or, where there is no room, in their place.
fn draw_wrong(
    pen: &mut Pen,
    line: Rect,
    filter: &FilterLine,
    at: &std::ops::Range<usize>,
    sentence: &str,
) {
    let style = pen.tone(Tone::Error);
    let part = |from: usize, to: usize| -> String {
        filter.text.chars().skip(from).take(to.saturating_sub(from)).collect()
    };
    let (x, marks) = (columns(&part(0, at.start)) + 3, columns(&part(at.start, at.end)));
    let room = line.width.saturating_sub(2);
    if marks > 0 && x + marks + 1 + columns(sentence) <= room {
        let x = line.x + x;
        pen.put(x, line.y, marks, &"^".repeat(marks.into()), style);
        pen.put(x + marks + 1, line.y, columns(sentence), sentence, style);
    } else {
        pen.put(line.x + 3, line.y, room.saturating_sub(2), sentence, style);
    }
}

/// What the word may become, in a line.
fn draw_offers(pen: &mut Pen, line: Rect, words: &[String], chosen: Option<usize>, help: &str) {
    let mut x = line.x + 3;
    let end = line.right().saturating_sub(1);
    for (at, word) in words.iter().enumerate() {
        if x + columns(word) > end {
            pen.put(x, line.y, end.saturating_sub(x), "…", pen.tone(Tone::Dim));
            return;
        }
        let tone = if chosen == Some(at) { Tone::Title } else { Tone::Key };
        x += pen.put(x, line.y, end - x, word, pen.tone(tone)) + 2;
    }
    if end > x + WRONG_MIN && !help.is_empty() {
        pen.put(x, line.y, end - x, help, pen.tone(Tone::Dim));
    }
}

fn heads(pen: &mut Pen, inside: Rect, columns: &Columns) {
    let style = pen.tone(Tone::Dim);
    for (column, x, width) in &columns.at {
        pen.put(*x, inside.y, *width, column.head(), style);
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

fn draw_row(pen: &mut Pen, inside: Rect, y: u16, row: &Row, at: &Columns, focused: bool) {
    let stale = row.desk.as_ref().is_some_and(|desk| desk.stale);
    // What may have changed long ago is dim, also where there is no room for the name of its desk.
    let text = pen.tone(if stale { Tone::Dim } else { Tone::Plain });
    let face = pen.tone(Tone::Face(row.face));
    pen.put(at.sign, y, pen.sign_width(), pen.sign(row.face), face);
    // What an act does may need more words than a deadline: it takes them from its neighbours.
    let due = columns(&row.due);
    let end = inside.right() - air(inside.width);
    let place = at.get(Column::Due);
    let is_act = !matches!(row.due_tone, Tone::Face(_));
    let id_end = at.get(Column::Case).map_or(inside.x, |(x, width)| x + width + 1);
    let due_at = match place {
        Some((x, width)) if due <= width => Some((x, width)),
        None if !is_act => None,
        _ => {
            let width = due.min(end.saturating_sub(id_end));
            Some((end - width, width))
        }
    };
    // Only what is too long for its place covers others.
    let covered = if due_at == place { end } else { due_at.map_or(end, |(x, _)| x) };
    let last = at.at.last().map_or(Column::Case, |(column, ..)| *column);
    let covered = if last == Column::Due { due_at.map_or(end, |(x, _)| x) } else { covered };
    for (column, x, width) in &at.at {
        let (x, room) = (*x, (*width).min(covered.saturating_sub(x + 1)));
        match column {
            Column::Case => {
                // The mark has the column before the id, which is empty else.
                let id = if row.marked { pen.tone(Tone::Strong) } else { text };
                if row.marked {
                    pen.put(x - 1, y, 1, "●", pen.tone(Tone::Key));
                }
                pen.put(x, y, *width, &row.id.to_string(), id);
            }
            Column::Desk => {
                if let Some(desk) = &row.desk {
                    let style = pen.tone(if stale { Tone::Face(Face::Warning) } else { Tone::Dim });
                    pen.put(x, y, room, &desk_text(desk), style);
                }
            }
            Column::Severity => {
                let style = pen.tone(Tone::Severity(row.severity));
                pen.put(x, y, room, row.severity.short(), style);
            }
            Column::Subject => {
                pen.put(x, y, room, &row.subject.cell(room.into()), text);
            }
            // Less than a few letters of a name say nothing.
            Column::With if room >= (*width).min(5) && room > 0 => match &row.with {
                Some(with) => {
                    pen.put(x, y, room, &with.cell(room.into()), text);
                }
                None => {
                    pen.put(x, y, room, "–", pen.tone(Tone::Dim));
                }
            },
            Column::With | Column::Due => {}
            other => {
                let cell = row.extra.iter().find(|(column, _)| column == other);
                if let Some((_, cell)) = cell {
                    pen.put(x, y, room, &cell.cell(room.into()), text);
                }
            }
        }
    }
    if let Some((x, width)) = due_at {
        let tone = pen.tone(row.due_tone);
        if is_block(tone) {
            // A block as wide as its column, so that several make a column and no ragged flag.
            pen.put(x, y, width, &" ".repeat(width.into()), tone);
        }
        pen.put(x, y, width, &row.due, tone);
    }
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
    marked: Option<&std::ops::Range<usize>>,
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
    if let Some(at) = marked.filter(|_| shown == filter.text) {
        let part = |from: usize, to: usize| -> String {
            filter.text.chars().skip(from).take(to.saturating_sub(from)).collect()
        };
        let before = columns(&part(0, at.start));
        let wrong = part(at.start, at.end);
        pen.put(x + before, line.y, room.saturating_sub(before), &wrong, pen.tone(Tone::Error));
    }
    filter.cursor.and_then(|_| super::place(line, x + column, line.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_overlap_and_end_where_the_pane_ends() {
        let all: Vec<Column> = Column::ALL.iter().map(|(column, _)| *column).collect();
        let odd = [Column::Case, Column::Due, Column::Correction, Column::Age, Column::Subject];
        for wanted in [Column::USUAL, &all[..], &odd[..]] {
            for width in 1..=300 {
                for sign in [1, 2] {
                    for (id, due, desk) in [(7, 8, 0), (14, 15, 0), (7, 8, 4), (14, 15, 64)] {
                        let inside = Rect::new(1, 1, width, 10);
                        let c = Columns::of(inside, sign, wanted, Widest { id, due, desk });
                        let mut end = 0;
                        for (_, x, wide) in &c.at {
                            assert!(*x > end || width < 18, "{width}: {c:?}");
                            end = x + wide;
                        }
                        assert!(end <= inside.right() || width < 18, "{width}: {c:?}");
                        let order: Vec<_> = c.at.iter().map(|(column, ..)| column).collect();
                        let asked = wanted.iter().filter(|column| order.contains(column));
                        assert!(asked.eq(order.iter().copied()), "in the order that was chosen");
                    }
                }
            }
        }
    }

    #[test]
    fn the_subject_takes_what_is_left_and_narrow_panes_leave_out_who_has_it() {
        let at = |width, column| {
            let widest = Widest { id: 7, due: 8, desk: 0 };
            let columns = Columns::of(Rect::new(1, 2, width, 10), 1, Column::USUAL, widest);
            columns.get(column).map_or(0, |(_, width)| width)
        };
        assert!(at(67, Column::With) > 0 && at(67, Column::Subject) >= 23);
        assert_eq!(at(48, Column::With), 0);
        assert!(at(48, Column::Severity) > 0 && at(48, Column::Subject) >= 15);
        assert_eq!((at(18, Column::Severity), at(18, Column::Subject)), (0, 0));
        assert_eq!(at(18, Column::Due), 7);
    }

    #[test]
    fn what_is_chosen_besides_is_shown_where_the_subject_keeps_enough() {
        let wanted = [&Column::USUAL[..5], &[Column::Customer, Column::Age, Column::Due]].concat();
        let at = |width| {
            let widest = Widest { id: 7, due: 8, desk: 0 };
            let columns = Columns::of(Rect::new(1, 2, width, 10), 1, &wanted, widest);
            columns.at.iter().map(|(column, ..)| column.word()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(at(120), "case severity subject with customer age due");
        assert_eq!(at(85), "case severity subject customer age due");
        assert_eq!(at(48), "case severity subject due");
    }
}
