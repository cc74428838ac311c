//! Where the panes are at a size of the terminal (`screens.md`, "The main screen").

use ratatui::layout::Rect;

use super::view::Pane;

/// The smallest terminal that shows anything but "too small".
pub const MIN_COLUMNS: u16 = 20;
pub const MIN_ROWS: u16 = 5;

/// The widest explanation: longer lines are hard to read.
const EXPLANATION: u16 = 92;

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

/// The panes' outer rectangles, frames included; an empty one is not shown. Panes that stand one above
/// the other share a frame line: their rectangles overlap by that one row, so that [`inside`] is what a
/// pane has for itself everywhere.
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

/// Where the person has put the divider between the queue and the rest: the queue's share, in per mille of the
/// screen's columns (wide) or of the rows between header and footer (stacked). None: as it is laid out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    pub wide: Option<u16>,
    pub stacked: Option<u16>,
}

/// The least that either side of the divider keeps: columns beside each other, rows above each other.
const LEAST_COLUMNS: u16 = 40;
const LEAST_ROWS: u16 = 5;

impl Split {
    /// The divider where it was dragged to, within its bounds. Nothing where there is none.
    #[must_use]
    pub fn dragged(self, areas: &Areas, column: u16, row: u16) -> Self {
        match areas.shape {
            Shape::Wide => self.wide(areas, column + 1),
            Shape::Stacked => self.stacked(areas, (row + 1).saturating_sub(areas.queue.y)),
            Shape::TooSmall | Shape::Single => self,
        }
    }

    /// The divider a step on: two columns, or a row.
    #[must_use]
    pub fn stepped(self, areas: &Areas, back: bool) -> Self {
        let step = |size: u16, by| if back { size.saturating_sub(by) } else { size + by };
        match areas.shape {
            Shape::Wide => self.wide(areas, step(areas.queue.width, 2)),
            Shape::Stacked => self.stacked(areas, step(areas.queue.height, 1)),
            Shape::TooSmall | Shape::Single => self,
        }
    }

    fn wide(self, areas: &Areas, columns: u16) -> Self {
        let whole = areas.whole.width;
        Self { wide: Some(share(bounded_columns(columns, whole), whole)), ..self }
    }

    fn stacked(self, areas: &Areas, rows: u16) -> Self {
        let body = areas.whole.height.saturating_sub(2);
        Self { stacked: Some(share(bounded_rows(rows, body), body)), ..self }
    }

    /// As it is remembered: "580 -".
    #[must_use]
    pub fn text(self) -> String {
        let share = |of: Option<u16>| of.map_or_else(|| "-".to_owned(), |n| n.to_string());
        format!("{} {}", share(self.wide), share(self.stacked))
    }

    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut shares = text.split(' ').map(|word| word.parse().ok().filter(|n| *n <= 1000));
        Self { wide: shares.next().flatten(), stacked: shares.next().flatten() }
    }
}

fn share(part: u16, whole: u16) -> u16 {
    let (part, whole) = (u32::from(part), u32::from(whole.max(1)));
    u16::try_from((part * 1000 + whole / 2) / whole).unwrap_or(1000)
}

fn part(share: u16, whole: u16) -> u16 {
    let part = (u32::from(share) * u32::from(whole) + 500) / 1000;
    u16::try_from(part).unwrap_or(whole)
}

fn bounded_columns(columns: u16, whole: u16) -> u16 {
    columns.clamp(LEAST_COLUMNS, (whole - LEAST_COLUMNS).max(LEAST_COLUMNS))
}

fn bounded_rows(rows: u16, body: u16) -> u16 {
    // The detail shares a frame line with the queue and one with the clocks.
    let most = (body + 2).saturating_sub(strip(body) + LEAST_ROWS);
    rows.clamp(LEAST_ROWS, most.max(LEAST_ROWS))
}

/// The rows of the clocks below the detail: the clocks in one line and, with room, the next breaches.
fn strip(body: u16) -> u16 {
    4.min(body / 4).max(3)
}

/// The frame between the queue and the rest, where it can be dragged.
#[must_use]
pub fn divider(areas: &Areas) -> Option<Rect> {
    let (queue, detail) = (areas.queue, areas.detail);
    if queue.is_empty() || detail.is_empty() {
        return None;
    }
    match areas.shape {
        Shape::Wide => Some(Rect { x: queue.right() - 1, width: 2, ..queue }),
        Shape::Stacked => Some(Rect { y: queue.bottom() - 1, height: 1, ..queue }),
        Shape::TooSmall | Shape::Single => None,
    }
}

/// The layout of a terminal of that size. `zoomed`: the focused pane takes the whole body.
#[must_use]
pub fn areas(columns: u16, rows: u16, focus: Pane, zoomed: bool) -> Areas {
    areas_split(columns, rows, focus, zoomed, Split::default())
}

/// The same with the divider where the person has put it.
#[must_use]
pub fn areas_split(columns: u16, rows: u16, focus: Pane, zoomed: bool, split: Split) -> Areas {
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
        let strip = strip(body.height);
        let queue = match split.stacked {
            Some(share) => bounded_rows(part(share, body.height), body.height),
            None => (body.height - strip) / 2 + 1,
        };
        areas.queue = Rect { height: queue, ..body };
        let below = body.y + queue - 1;
        areas.clocks = Rect { y: body.bottom() - strip, height: strip, ..body };
        areas.detail = Rect { y: below, height: areas.clocks.y + 1 - below, ..body };
    } else {
        let left = match split.wide {
            Some(share) => bounded_columns(part(share, columns), columns),
            None => (columns * 58 / 100).max(58),
        };
        let clocks = 8.min(body.height / 3);
        areas.queue = Rect { width: left, ..body };
        let right = Rect { x: left, width: columns - left, ..body };
        areas.detail = Rect { height: right.height - clocks + 1, ..right };
        areas.clocks = Rect { y: right.bottom() - clocks, height: clocks, ..right };
    }
    areas
}

/// Where an explanation stands over the panes: header and footer stay, and on a wide screen something of
/// the panes. With its frame.
#[must_use]
pub fn explanation(whole: Rect) -> Rect {
    let above = u16::from(whole.height >= 12);
    let width = whole.width.min(EXPLANATION);
    Rect {
        x: whole.x + (whole.width - width) / 2,
        y: whole.y + above,
        width,
        height: whole.height - 2 * above,
    }
}

/// What an explanation has for its text: a column at each side stays empty where there is room.
#[must_use]
pub fn explanation_text(whole: Rect) -> Rect {
    let inside = inside(explanation(whole));
    let side = u16::from(inside.width >= 40);
    Rect { x: inside.x + side, width: inside.width - 2 * side, ..inside }
}

/// What a framed pane has for itself: its rectangle without the frame.
#[must_use]
pub fn inside(pane: Rect) -> Rect {
    if pane.width < 2 || pane.height < 2 {
        return Rect { width: 0, height: 0, ..pane };
    }
    Rect { x: pane.x + 1, y: pane.y + 1, width: pane.width - 2, height: pane.height - 2 }
}

/// How many of a detail's rows the head may take, which always stands at the top: with few, what matters most.
#[must_use]
pub const fn detail_head(rows: usize) -> usize {
    match rows {
        0..4 => 0,
        4..20 => rows / 3,
        _ => rows / 2,
    }
}

/// How many rows the detail has for its text, below the head and the line of the tabs.
#[must_use]
pub const fn detail_text(rows: usize, head: usize, searching: bool) -> usize {
    let tabs = if detail_tabs(rows) { 1 } else { 0 };
    let line = if searching && rows > 1 { 1 } else { 0 };
    rows.saturating_sub(head + tabs + line)
}

/// Whether there is a row for the tabs.
#[must_use]
pub const fn detail_tabs(rows: usize) -> bool {
    rows >= 3
}

/// Whether there is room for the line of column names above the queue's rows.
#[must_use]
pub fn queue_heads(queue: Rect) -> bool {
    inside(queue).height >= 3
}

/// Where the rows of the queue stand: below the line of column names, above the line of the filter.
#[must_use]
pub fn queue_rows(queue: Rect, filter: bool) -> Rect {
    queue_list(queue, QueueLines { heads: queue_heads(queue), filter: u16::from(filter) })
}

/// The lines of the queue that are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLines {
    /// The line of column names, above.
    pub heads: bool,
    /// The filter, and what stands under it while it is typed.
    pub filter: u16,
}

/// How many lines the filter has while it is typed: what stands under it needs one where there is room.
#[must_use]
pub fn filter_lines(queue: Rect) -> u16 {
    1 + u16::from(inside(queue).height >= 6)
}

/// Where the rows of the queue stand beside these lines.
#[must_use]
pub fn queue_list(queue: Rect, lines: QueueLines) -> Rect {
    let inside = inside(queue);
    let heads = u16::from(lines.heads).min(inside.height);
    let height = inside.height.saturating_sub(heads + lines.filter);
    Rect { y: inside.y + heads, height, ..inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_every_size_the_panes_lie_on_the_screen_and_leave_no_row_unused() {
        for columns in 1..=220 {
            for rows in 1..=70 {
                for zoomed in [false, true] {
                    for focus in [Pane::Queue, Pane::Detail, Pane::Clocks] {
                        let areas = areas(columns, rows, focus, zoomed);
                        let panes = [areas.queue, areas.detail, areas.clocks];
                        for pane in panes {
                            assert_eq!(areas.whole.intersection(pane), pane, "{columns}x{rows}");
                        }
                        if areas.shape != Shape::TooSmall {
                            let covered: u16 = panes.iter().map(|p| p.bottom()).max().unwrap_or(0);
                            assert_eq!(covered, rows - 1, "{columns}x{rows}");
                            let drawn = panes.iter().filter(|p| !p.is_empty());
                            assert!(drawn.clone().all(|p| p.height >= 3 && p.width >= 20));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn wherever_the_divider_is_dragged_both_sides_keep_what_they_need_and_it_stands_there() {
        for (columns, rows) in [(60, 15), (80, 24), (99, 70), (100, 15), (120, 40), (300, 100)] {
            let before = areas(columns, rows, Pane::Queue, false);
            for column in 0..columns {
                for row in 0..rows {
                    let split = Split::default().dragged(&before, column, row);
                    let areas = areas_split(columns, rows, Pane::Queue, false, split);
                    let panes = [areas.queue, areas.detail, areas.clocks];
                    assert!(panes.iter().all(|p| p.height >= 3 && p.width >= 40));
                    let divider = divider(&areas).unwrap();
                    if areas.shape == Shape::Wide && (40..columns - 40).contains(&(column + 1)) {
                        assert_eq!(divider.x, column, "{columns}x{rows}");
                    }
                    if (areas.shape, rows) == (Shape::Stacked, 70) && (6..60).contains(&row) {
                        assert_eq!(divider.y, row, "{columns}x{rows}");
                    }
                    assert_eq!(Split::of_text(&split.text()), split);
                }
            }
        }
        assert_eq!(Split::of_text("7000 x"), Split::default());
        let single = areas(50, 12, Pane::Queue, false);
        assert_eq!(Split::default().dragged(&single, 3, 3), Split::default());
        assert_eq!(divider(&single), None);
    }

    #[test]
    fn panes_one_above_the_other_share_a_frame_line() {
        let stacked = areas(80, 24, Pane::Queue, false);
        assert_eq!(stacked.shape, Shape::Stacked);
        assert_eq!(stacked.queue.bottom() - 1, stacked.detail.y);
        assert_eq!(stacked.detail.bottom() - 1, stacked.clocks.y);
        assert_eq!(queue_rows(stacked.queue, false).height, 7);
        let wide = areas(120, 40, Pane::Queue, false);
        assert_eq!(wide.shape, Shape::Wide);
        assert_eq!(wide.detail.bottom() - 1, wide.clocks.y);
    }
}
