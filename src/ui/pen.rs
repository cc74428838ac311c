//! The one way onto the screen: text that is made safe and cut to its columns, frames, scroll marks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use super::{Look, signs};
use crate::app::view::{Span, Target, Tone};
use crate::domain::text;
use crate::sla::reading::Face;

/// A text with its look.
pub type Piece<'a> = (&'a str, Style);

/// How a pane's upper frame line stands to the pane above it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Joint {
    /// The line is the lower one of that pane, too.
    pub shared: bool,
    pub above_focused: bool,
}

/// What a frame is drawn from: corners, across, down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stroke {
    Single,
    /// For what goes out to a customer: another frame even without colour.
    Double,
}

pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    look: &'a Look,
    targets: Vec<(Rect, Target)>,
}

/// The columns of a text once it is safe.
pub fn columns(text: &str) -> u16 {
    u16::try_from(text::columns(text)).unwrap_or(u16::MAX)
}

impl<'a> Pen<'a> {
    pub fn new(buffer: &'a mut Buffer, look: &'a Look) -> Self {
        Self { buffer, look, targets: Vec::new() }
    }

    /// What stands there means something to a click, until it is covered.
    pub fn target(&mut self, area: Rect, target: Target) {
        self.targets.push((area, target));
    }

    pub fn into_targets(self) -> Vec<(Rect, Target)> {
        self.targets
    }

    pub fn tone(&self, tone: Tone) -> Style {
        self.look.theme.tone(tone)
    }

    pub fn frame_style(&self, focused: bool) -> Style {
        self.look.theme.frame(focused)
    }

    /// The colour of a meaning, for strokes and bars.
    pub fn ink(&self, tone: Tone) -> Style {
        self.look.theme.ink(tone)
    }

    pub fn cursor_row(&self) -> Style {
        self.look.theme.cursor_row()
    }

    pub fn cursor_mark(&self) -> Style {
        self.look.theme.cursor_mark()
    }

    /// Whether signs must be ASCII by themselves.
    pub fn is_ascii(&self) -> bool {
        self.look.ascii
    }

    pub fn sign(&self, face: Face) -> &'static str {
        signs::face(face, self.look.ascii)
    }

    pub fn sign_width(&self) -> u16 {
        signs::width(self.look.ascii)
    }

    /// Writes one line of text, made safe, into at most `width` columns; `…` ends what was cut. Answers
    /// how many columns it took.
    pub fn put(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if x >= area.right() || y >= area.bottom() || x < area.x || y < area.y {
            return 0;
        }
        let width = width.min(area.right() - x);
        let safe = text::safe_line(text, usize::from(width));
        // The look of what stood there before must not shine through.
        let style = Style::reset().patch(style);
        self.buffer.set_stringn(x, y, safe, usize::from(width), style).0 - x
    }

    /// Writes pieces one after the other; answers how many columns they took.
    pub fn pieces(&mut self, x: u16, y: u16, width: u16, pieces: &[Piece]) -> u16 {
        let mut used = 0;
        for (text, style) in pieces {
            if used >= width {
                break;
            }
            used += self.put(x + used, y, width - used, text, *style);
        }
        used
    }

    /// Writes one line of the snapshot.
    pub fn line(&mut self, x: u16, y: u16, width: u16, line: &[Span]) -> u16 {
        let pieces: Vec<Piece> =
            line.iter().map(|span| (span.text.as_str(), self.tone(span.tone))).collect();
        self.pieces(x, y, width, &pieces)
    }

    /// Lays a look over what stands there. What stands as a block keeps its own ground.
    pub fn over(&mut self, area: Rect, style: Style) {
        for position in area.intersection(self.buffer.area).positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                let is_block =
                    cell.bg != Color::Reset || cell.modifier.contains(Modifier::REVERSED);
                cell.set_style(if is_block { Style { bg: None, ..style } } else { style });
            }
        }
    }

    /// Turns ground and letters round, also where a theme has done so already.
    pub fn invert(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for position in area.positions() {
            if let Some(cell) = self.buffer.cell_mut(position) {
                cell.modifier.toggle(Modifier::REVERSED);
            }
        }
    }

    /// Takes away whatever stands there.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        self.targets.retain(|(of, _)| !of.intersects(area));
        for y in area.top()..area.bottom() {
            // A wide character that reaches into the area would hide its first column.
            if area.x > self.buffer.area.x
                && let Some(before) = self.buffer.cell_mut((area.x - 1, y))
                && before.symbol().width() > 1
            {
                before.set_char(' ');
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Draws a frame with a title at its left and, where there is room, one at its right.
    pub fn frame(
        &mut self,
        area: Rect,
        stroke: Stroke,
        style: Style,
        left: &[Piece],
        right: &[Piece],
    ) {
        self.lines(area, stroke, style, style);
        self.titles(area, left, right);
    }

    /// Draws the frame of a pane, tied to the pane above it.
    pub fn pane(
        &mut self,
        area: Rect,
        focused: bool,
        joint: Joint,
        left: &[Piece],
        right: &[Piece],
    ) {
        let top = self.frame_style(focused || (joint.shared && joint.above_focused));
        self.lines(area, Stroke::Single, self.frame_style(focused), top);
        if joint.shared {
            self.put(area.x, area.y, 1, "├", top);
            self.put(area.right() - 1, area.y, 1, "┤", top);
        }
        self.titles(area, left, right);
    }

    fn lines(&mut self, area: Rect, stroke: Stroke, style: Style, top: Style) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let [across, down, top_left, top_right, bottom_left, bottom_right] = match stroke {
            Stroke::Single => ["─", "│", "┌", "┐", "└", "┘"],
            Stroke::Double => ["═", "║", "╔", "╗", "╚", "╝"],
        };
        let (last_x, last_y) = (area.right() - 1, area.bottom() - 1);
        let line = across.repeat(usize::from(area.width - 2));
        for (y, start, end, style) in
            [(area.y, top_left, top_right, top), (last_y, bottom_left, bottom_right, style)]
        {
            self.put(area.x, y, 1, start, style);
            self.put(area.x + 1, y, area.width - 2, &line, style);
            self.put(last_x, y, 1, end, style);
        }
        for y in area.y + 1..last_y {
            self.put(area.x, y, 1, down, style);
            self.put(last_x, y, 1, down, style);
        }
    }

    fn titles(&mut self, area: Rect, left: &[Piece], right: &[Piece]) {
        let room = area.width.saturating_sub(2);
        let took = self.title(area.x + 1, area.y, room, left);
        let needs: u16 = right.iter().map(|(text, _)| columns(text)).sum::<u16>() + 2;
        if !right.is_empty() && took + needs + 3 < area.width {
            self.title(area.right() - 1 - needs, area.y, needs, right);
        }
    }

    /// A title in a frame line, with a space on both sides where there is room for them.
    fn title(&mut self, x: u16, y: u16, room: u16, pieces: &[Piece]) -> u16 {
        let needs: u16 = pieces.iter().map(|(text, _)| columns(text)).sum();
        if needs == 0 || needs + 2 > room {
            return self.pieces(x, y, room, pieces);
        }
        self.put(x, y, 1, " ", Style::new());
        self.pieces(x + 1, y, needs, pieces);
        self.put(x + 1 + needs, y, 1, " ", Style::new());
        needs + 2
    }

    /// Shows on a pane's right frame line which part of its content is in view.
    pub fn scroll_mark(&mut self, pane: Rect, first: usize, visible: usize, count: usize) {
        let track = usize::from(pane.height.saturating_sub(2));
        if count <= visible || track == 0 || visible == 0 {
            return;
        }
        let length = (track * visible / count).max(1);
        let hidden = count - visible;
        let start = (first.min(hidden) * (track - length) + hidden / 2) / hidden;
        for at in start..start + length {
            let y = pane.y + 1 + u16::try_from(at).unwrap_or(0);
            self.put(pane.right() - 1, y, 1, "┃", self.frame_style(true));
        }
    }
}
