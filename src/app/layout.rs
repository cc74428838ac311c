//! Where the panes are at a size of the terminal (`screens.md`, "The main screen").

use ratatui::layout::Rect;

use super::view::Pane;

/// The smallest terminal that shows anything but "too small".
pub const MIN_COLUMNS: u16 = 20;
pub const MIN_ROWS: u16 = 5;

/// Which of the layouts is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    TooSmall,
    /// Below 60×15: the queue alone, or the pane that is opened over it.
    Single,
    /// From 60 columns: queue above, detail below, clocks as a strip.
    Stacked,
    /// From 100 columns: queue left, detail and clocks right.
    Wide,
}

/// The panes' outer rectangles; an empty one is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    pub shape: Shape,
    pub whole: Rect,
    pub header: Rect,
    pub queue: Rect,
    pub detail: Rect,
    pub clocks: Rect,
    pub footer: Rect,
}

/// The layout of a terminal of that size. `zoomed`: the focused pane takes the whole body.
#[must_use]
pub fn areas(columns: u16, rows: u16, focus: Pane, zoomed: bool) -> Areas {
    let whole = Rect::new(0, 0, columns, rows);
    let mut areas = Areas {
        shape: Shape::TooSmall,
        whole,
        header: Rect::ZERO,
        queue: Rect::ZERO,
        detail: Rect::ZERO,
        clocks: Rect::ZERO,
        footer: Rect::ZERO,
    };
    if columns < MIN_COLUMNS || rows < MIN_ROWS {
        return areas;
    }
    areas.header = Rect { height: 1, ..whole };
    areas.footer = Rect { y: rows - 1, height: 1, ..whole };
    let body = Rect { y: 1, height: rows - 2, ..whole };
    areas.shape = match (columns, rows) {
        (0..60, _) | (_, 0..15) => Shape::Single,
        (60..100, _) => Shape::Stacked,
        _ => Shape::Wide,
    };
    if zoomed || areas.shape == Shape::Single {
        match focus {
            Pane::Queue => areas.queue = body,
            Pane::Detail => areas.detail = body,
            Pane::Clocks => areas.clocks = body,
        }
        return areas;
    }
    if areas.shape == Shape::Stacked {
        // The strip: a frame's top line and up to three clocks.
        let strip = 4.min(body.height / 4).max(3);
        let queue = (body.height - strip) / 2;
        areas.queue = Rect { height: queue, ..body };
        areas.detail = Rect { y: body.y + queue, height: body.height - queue - strip, ..body };
        areas.clocks = Rect { y: body.bottom() - strip, height: strip, ..body };
    } else {
        let left = (columns * 58 / 100).max(58);
        let clocks = 8.min(body.height / 3);
        areas.queue = Rect { width: left, ..body };
        let right = Rect { x: left, width: columns - left, ..body };
        areas.detail = Rect { height: right.height - clocks, ..right };
        areas.clocks = Rect { y: right.bottom() - clocks, height: clocks, ..right };
    }
    areas
}
