//! What is shared: a link that is shown, what can be copied, where an export goes.

use ratatui::layout::{Position, Rect};

use super::pen::{Pen, columns};
use super::window::window;
use super::{centred, place};
use crate::app::view::{FilterLine, ShareView, Tone};
use crate::domain::Untrusted;

const WIDEST: u16 = 78;

pub fn draw(pen: &mut Pen, screen: Rect, view: &ShareView) -> Option<Position> {
    let width = WIDEST.min(screen.width);
    let side = u16::from(width >= 40);
    let room = width.saturating_sub(2 + 2 * side);
    let most = screen.height.saturating_sub(2);
    let head = count(view.choices.len() + usize::from(view.field.is_some()));
    let mut told = Vec::new();
    for (tone, text) in &view.text {
        let left = usize::from(most.saturating_sub(head)).saturating_sub(told.len());
        told.extend(text.wrapped(room.max(1).into(), left).into_iter().map(|line| (*tone, line)));
    }
    let rows = (head + count(told.len())).min(most);
    // Air around, and below what is written.
    let air = u16::from(rows + 4 <= screen.height);
    let below = u16::from(view.field.is_some() && rows + 5 <= screen.height);
    let area = centred(screen, width, (rows + 2 + 2 * air + below).min(screen.height));
    let heading = Untrusted::from(view.title.as_str()).cell(usize::from(width.saturating_sub(6)));
    let body = window(pen, area, &heading, &view.hints);
    let mut y = body.y + air;
    let x = body.x + side;
    choices(pen, Rect { x, y, width: room, height: body.bottom().saturating_sub(y) }, view);
    y += count(view.choices.len());
    let mut cursor = None;
    if let Some(line) = &view.field
        && y < body.bottom()
    {
        cursor = field(pen, Rect { x, y, width: room, height: 1 }, line);
        y += 1 + below;
    }
    for ((tone, line), y) in told.iter().zip(y..body.bottom()) {
        pen.put(x, y, room, line, pen.tone(*tone));
    }
    cursor
}

/// One a row: key, what, and how it is, in columns.
fn choices(pen: &mut Pen, area: Rect, view: &ShareView) {
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| columns(text)).max().unwrap_or(0)
    };
    let keys = widest(&mut view.choices.iter().map(|(key, ..)| key));
    let names = widest(&mut view.choices.iter().map(|(_, what, _)| what));
    for ((key, what, how), y) in view.choices.iter().zip(area.y..area.bottom()) {
        pen.put(area.x, y, keys.min(area.width), key, pen.tone(Tone::Key));
        let at = keys + 2;
        pen.put(area.x + at, y, area.width.saturating_sub(at), what, pen.tone(Tone::Plain));
        let at = at + names + 2;
        let left = area.width.saturating_sub(at);
        let how = how.cell(left.into());
        pen.put(area.x + at, y, left, &how, pen.tone(Tone::Dim));
    }
}

/// The name that is written, its end in view, and where the cursor stands.
fn field(pen: &mut Pen, area: Rect, line: &FilterLine) -> Option<Position> {
    let at = line.cursor.unwrap_or(0);
    let before: String = line.text.chars().take(at).collect();
    let room = area.width.saturating_sub(1);
    // What does not fit leaves at the left, so that the cursor stays in view.
    let mut fits = 0;
    let mut used = 0;
    for c in before.chars().rev() {
        used += columns(c.encode_utf8(&mut [0; 4]));
        if used > room {
            break;
        }
        fits += 1;
    }
    let skip = before.chars().count() - fits;
    let shown: String = line.text.chars().skip(skip).collect();
    pen.put(area.x, area.y, area.width, &shown, pen.tone(Tone::Strong));
    let column = columns(&before.chars().skip(skip).collect::<String>());
    place(area, area.x + column, area.y)
}

fn count(lines: usize) -> u16 {
    u16::try_from(lines).unwrap_or(u16::MAX)
}
