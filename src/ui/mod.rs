//! Drawing: [`draw`] makes a frame of a [`Snapshot`] and a [`Look`], and of nothing else: no clock, no IO,
//! no state. One file per region of the screen. All text goes through [`pen::Pen::put`], which makes it safe
//! and keeps it within its columns.

mod board;
mod bulk;
mod clocks;
mod confirm;
mod corrections;
mod detail;
mod digits;
mod finder;
mod footer;
mod form;
mod header;
mod help;
mod links;
mod listing;
mod outbox;
mod palette;
mod pen;
mod picker;
mod progress;
mod queue;
mod readiness;
mod share;
pub mod signs;
pub mod theme;
pub mod welcome;
mod why;
mod window;
mod wrap;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use crate::app::layout::{Areas, MIN_COLUMNS, MIN_ROWS, Shape};
use crate::app::view::{Notice, Overlay, PageView, Pane, Snapshot, Target, Tone};
use crate::domain::Untrusted;
use pen::Pen;
use theme::Theme;

/// How everything looks on this terminal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Look {
    pub theme: Theme,
    /// Only ASCII reaches the terminal.
    pub ascii: bool,
}

/// So many columns and rows in the middle of the screen, which has them.
const fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    }
}

/// What was drawn for the mouse, and where.
#[derive(Debug, Default)]
pub struct Targets(Vec<(Rect, Target)>);

impl Targets {
    /// What a click there means something to. What was drawn last lies on top.
    #[must_use]
    pub fn at(&self, column: u16, row: u16) -> Option<&Target> {
        let at = Position::new(column, row);
        self.0.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, target)| target)
    }
}

/// Draws one whole screen.
pub fn draw(frame: &mut Frame, snapshot: &Snapshot, look: &Look) {
    draw_for_mouse(frame, snapshot, look);
}

/// The same; answers what of it can be clicked.
pub fn draw_for_mouse(frame: &mut Frame, snapshot: &Snapshot, look: &Look) -> Targets {
    let screen = frame.area();
    let mut areas = snapshot.areas;
    // The terminal may have shrunk since the snapshot was made.
    for area in [
        &mut areas.header,
        &mut areas.queue,
        &mut areas.detail,
        &mut areas.clocks,
        &mut areas.footer,
    ] {
        *area = area.intersection(screen);
    }
    let mut pen = Pen::new(frame.buffer_mut(), look);
    let small = screen.width < MIN_COLUMNS || screen.height < MIN_ROWS;
    let cursor = if small || areas.shape == Shape::TooSmall {
        too_small(&mut pen, screen);
        None
    } else {
        header::draw(&mut pen, areas.header, &snapshot.header);
        // What has the screen below the header and above the footer.
        let body =
            Rect { y: areas.header.bottom(), height: screen.height.saturating_sub(2), ..screen };
        let filter = match &snapshot.page {
            None => desk(&mut pen, &areas, snapshot),
            Some(PageView::Board(view)) => {
                board::draw(&mut pen, body, view);
                None
            }
            Some(PageView::Corrections(view)) => corrections::draw(&mut pen, body, view),
        };
        footer::draw(&mut pen, areas.footer, &snapshot.footer);
        match &snapshot.overlay {
            None => filter,
            Some(Overlay::Form(view)) => form::draw(&mut pen, screen, view),
            Some(Overlay::Picker(view)) => picker::draw(&mut pen, screen, view),
            Some(Overlay::Confirm(view)) => confirm::draw(&mut pen, screen, view),
            Some(Overlay::Help(view)) => help::draw(&mut pen, screen, view),
            Some(Overlay::Palette(view)) => palette::draw(&mut pen, screen, view),
            Some(Overlay::Why(view)) => why::draw(&mut pen, screen, view),
            Some(Overlay::Outbox(view)) => outbox::draw(&mut pen, screen, view),
            Some(Overlay::Finder(view)) => finder::draw(&mut pen, screen, view),
            Some(Overlay::Links(view)) => links::draw(&mut pen, screen, view),
            Some(Overlay::Share(view)) => share::draw(&mut pen, screen, view),
            Some(Overlay::Listing(view)) => listing::draw(&mut pen, screen, view),
            Some(Overlay::Bulk(view)) => bulk::draw_question(&mut pen, screen, view),
            Some(Overlay::Report(view)) => bulk::draw_report(&mut pen, screen, view),
        }
    };
    let targets = pen.into_targets();
    look.theme.paint(frame.buffer_mut());
    if look.ascii {
        signs::to_ascii(frame.buffer_mut());
    }
    if let Some(position) = cursor.filter(|p| screen.contains(*p)) {
        frame.set_cursor_position(position);
    }
    Targets(targets)
}

/// Queue, detail and clocks; answers where the cursor of the filter or of the search stands.
fn desk(pen: &mut Pen, areas: &Areas, snapshot: &Snapshot) -> Option<Position> {
    let focus = snapshot.focus;
    let under = |upper: Rect, lower: Rect| !upper.is_empty() && upper.bottom() > lower.y;
    let filter = queue::draw(pen, areas.queue, &snapshot.queue, focus == Pane::Queue);
    // Of a frame line that two panes share, the one with the keys gives the look.
    let joint = pen::Joint {
        shared: areas.queue.x == areas.detail.x && under(areas.queue, areas.detail),
        above_focused: focus == Pane::Queue,
    };
    let search = detail::draw(pen, areas.detail, &snapshot.detail, focus == Pane::Detail, joint);
    let joint = pen::Joint {
        shared: under(areas.detail, areas.clocks),
        above_focused: focus == Pane::Detail,
    };
    clocks::draw(pen, areas.clocks, &snapshot.clocks, focus == Pane::Clocks, joint);
    filter.or(search)
}

/// The one line that still fits.
fn too_small(pen: &mut Pen, screen: Rect) {
    let need = format!("{MIN_COLUMNS}×{MIN_ROWS}");
    let sentences = [format!("too small: {need} needed"), format!("needs {need}"), need];
    let fitting = sentences.iter().find(|s| pen::columns(s) <= screen.width);
    if let Some(sentence) = fitting {
        let x = (screen.width - pen::columns(sentence)) / 2;
        let y = screen.height.saturating_sub(1) / 2;
        pen.put(x, y, screen.width, sentence, pen.tone(Tone::Strong));
    }
}

/// A notice in the middle of a pane: what it is, and what to do.
fn notice(pen: &mut Pen, inside: Rect, notice: &Notice) {
    let width = inside.width.saturating_sub(2).min(60);
    let wrapped = notice
        .lines
        .iter()
        .flat_map(|l| Untrusted::from(l.as_str()).wrapped(usize::from(width), 8));
    let lines: Vec<String> = wrapped.take(usize::from(inside.height.saturating_sub(1))).collect();
    let height = u16::try_from(lines.len()).unwrap_or(0) + 1;
    // With room, an empty line stands between the title and the rest.
    let gap = u16::from(!lines.is_empty() && height < inside.height);
    let mut y = inside.y + inside.height.saturating_sub(height + gap) / 2;
    let centred = |pen: &mut Pen, y: u16, text: &str, tone: Tone| {
        let columns = pen::columns(text).min(inside.width);
        let style = pen.tone(tone);
        if y < inside.bottom() {
            pen.put(inside.x + (inside.width - columns) / 2, y, columns, text, style);
        }
    };
    centred(pen, y, &notice.title, notice.tone);
    y += 1 + gap;
    for line in &lines {
        centred(pen, y, line, Tone::Plain);
        y += 1;
    }
}

/// A position on the screen, if the column is still within the area.
fn place(area: Rect, x: u16, y: u16) -> Option<Position> {
    let position = Position::new(x, y);
    area.contains(position).then_some(position)
}
