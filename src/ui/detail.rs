//! The case under the cursor: what it is and what happened to it.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Joint, Pen, Piece};
use crate::app::layout::inside;
use crate::app::view::{DetailTitle, DetailView, Tone};

pub fn draw(pen: &mut Pen, area: Rect, view: &DetailView, focused: bool, joint: Joint) {
    if area.width < 3 || area.height < 3 {
        return;
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
        return;
    }
    for (line, y) in view.lines.iter().skip(view.scroll).zip(inside.y..inside.bottom()) {
        pen.line(inside.x + 1, y, inside.width.saturating_sub(2), line);
    }
    pen.scroll_mark(area, view.scroll, inside.height.into(), view.lines.len());
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
