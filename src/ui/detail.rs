//! The shown case: what always stands at the top, the tabs, the text of the chosen one, and the line of the
//! search in it.

use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

use super::pen::{Joint, Pen, Piece, columns};
use super::{place, wrap};
use crate::app::layout::inside;
use crate::app::view::{DetailTitle, DetailView, SearchLine, Tone};

/// Answers where the cursor of the search stands.
pub fn draw(
    pen: &mut Pen,
    area: Rect,
    view: &DetailView,
    focused: bool,
    joint: Joint,
) -> Option<Position> {
    if area.width < 3 || area.height < 3 {
        return None;
    }
    let plain = if focused { pen.tone(Tone::Title) } else { pen.tone(Tone::Plain) };
    let aside = (view.aside.as_str(), pen.tone(Tone::Dim));
    let aside = if view.aside.is_empty() { &[][..] } else { &[aside] };
    match &view.title {
        Some(title) => {
            let id = name(title);
            pen.pane(area, focused, joint, &names(pen, &id, title, plain), aside);
        }
        None => pen.pane(area, focused, joint, &[("Case", plain)], aside),
    }
    let inside = inside(area);
    if let Some(notice) = &view.notice {
        super::notice(pen, inside, notice);
        return None;
    }
    let width = inside.width.saturating_sub(2);
    let mut y = inside.y;
    let tabs = std::iter::once(&view.tabs).filter(|tabs| !tabs.is_empty());
    for line in view.head.iter().chain(tabs) {
        if y < inside.bottom() {
            pen.line(inside.x + 1, y, width, line);
            y += 1;
        }
    }
    let searching = u16::from(view.search.is_some() && inside.bottom() > y);
    let text = Rect { y, height: inside.bottom() - y - searching, ..inside };
    for (line, y) in view.lines.iter().zip(text.y..text.bottom()) {
        pen.line(text.x + 1, y, width, line);
    }
    for mark in &view.marks {
        let row = Rect { x: text.x + 1, width, ..text };
        let cut = |columns: usize| u16::try_from(columns).unwrap_or(u16::MAX).min(width);
        let at = Rect {
            x: row.x + cut(mark.column),
            y: row.y.saturating_add(cut(mark.row)),
            width: cut(mark.width),
            height: 1,
        };
        // Marked without colour, so that every theme and terminal shows it.
        let at = at.intersection(row);
        if mark.here {
            pen.invert(at);
        } else {
            pen.over(at, Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD));
        }
    }
    // The mark stands beside the text that it tells of.
    let beside = Rect { y: text.y - 1, height: text.height + 2, ..area };
    pen.scroll_mark(beside, view.scroll, text.height.into(), view.count);
    let search = view.search.as_ref().filter(|_| searching > 0)?;
    let row = Rect { x: inside.x + 1, y: text.bottom(), width, height: 1 };
    search_line(pen, row, search)
}

fn search_line(pen: &mut Pen, row: Rect, search: &SearchLine) -> Option<Position> {
    let sign = pen.put(row.x, row.y, row.width, "/ ", pen.tone(Tone::Key));
    let found = columns(&search.found);
    let room = row.width.saturating_sub(sign + found + 2);
    let (text, column) = wrap::one_line(&search.line.text, search.line.cursor, room);
    pen.put(row.x + sign, row.y, room, &text, pen.tone(Tone::Plain));
    if found + sign + 2 < row.width {
        let tone = pen.tone(if search.none { Tone::Error } else { Tone::Dim });
        pen.put(row.right() - found, row.y, found, &search.found, tone);
    }
    place(row, row.x + sign + column, row.y)
}

/// What names a case: its id, and where there are several its desk.
pub fn name(title: &DetailTitle) -> String {
    match &title.desk {
        Some(desk) => format!("{} at {desk}", title.id),
        None => title.id.to_string(),
    }
}

/// A case in a frame line: its id, severity and tier.
pub fn names<'a>(pen: &Pen, id: &'a str, title: &DetailTitle, plain: Style) -> [Piece<'a>; 5] {
    [
        (id, plain),
        ("  ", plain),
        (title.severity.label(), pen.tone(Tone::Severity(title.severity))),
        ("  ", plain),
        (title.tier.label(), plain),
    ]
}
