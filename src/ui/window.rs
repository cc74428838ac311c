//! A window over the panes: where it hangs, its frame with title and keys, and what it has within.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::centred;
use super::form::frame_hints;
use super::pen::{Pen, Stroke};
use crate::app::layout::inside;
use crate::app::view::{Hint, Tone};
use crate::domain::Untrusted;

/// Whether something of the panes can stay in view around a window.
pub const fn is_roomy(screen: Rect) -> bool {
    screen.width >= 60 && screen.height >= 15
}

/// So large at most, its top standing still as its height changes.
pub fn hung(screen: Rect, widest: u16, tallest: u16) -> Rect {
    let roomy = is_roomy(screen);
    let around = if roomy { 4 } else { 0 };
    let width = (screen.width - around).min(widest);
    let height = (screen.height - around).min(tallest);
    Rect { y: screen.y + u16::from(roomy) * 2, ..centred(screen, width, height) }
}

/// The window itself; answers what is within its frame.
pub fn window(pen: &mut Pen, area: Rect, title: &str, hints: &[Hint]) -> Rect {
    let looks = (pen.tone(Tone::Title), pen.frame_style(true));
    framed(pen, area, title, looks, hints)
}

/// The same with other looks of title and frame.
pub fn framed(
    pen: &mut Pen,
    area: Rect,
    title: &str,
    (title_look, frame): (Style, Style),
    hints: &[Hint],
) -> Rect {
    pen.clear(area);
    pen.frame(area, Stroke::Single, frame, &[(title, title_look)], &[]);
    let bottom = Rect {
        x: area.x + 2,
        y: area.bottom().saturating_sub(1),
        width: area.width.saturating_sub(4),
        height: 1,
    };
    frame_hints(pen, bottom, hints);
    inside(area)
}

/// A body without a column at each side, where there is room for that; and how many columns that is.
pub const fn aired(body: Rect) -> (Rect, u16) {
    let side = if body.width >= 40 { 1 } else { 0 };
    (Rect { x: body.x + side, width: body.width - 2 * side, ..body }, side)
}

/// What there is to say of the line that the keys are on, below an empty line where there is room for it.
pub fn told(pen: &mut Pen, area: Rect, told: &[(Tone, Untrusted)]) {
    let mut y = area.y + u16::from(area.height > 2);
    for (tone, text) in told {
        let left = area.bottom().saturating_sub(y);
        if left == 0 {
            break;
        }
        for line in text.wrapped(area.width.into(), left.into()) {
            pen.put(area.x, y, area.width, &line, pen.tone(*tone));
            y += 1;
        }
    }
}
