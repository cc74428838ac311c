//! A list over the panes: a line a thing, and below it what there is to say of the one that the keys are on.

use ratatui::layout::{Position, Rect};

use super::pen::{Pen, columns};
use super::progress;
use super::window::{aired, hung, told, window};
use crate::app::view::{Listing, ListingRow, Tone};
use crate::domain::Untrusted;

const WIDEST: u16 = 100;
const TALLEST: u16 = 24;
const LEAST: u16 = 9;
/// Rows below the list, where there is room for them.
const TOLD_ROWS: u16 = 3;
/// Columns of a bar.
const BAR: u16 = 12;
/// Between two columns.
const GAP: u16 = 2;
/// Less of what gives way says nothing.
const GROWS_MIN: u16 = 8;

pub fn draw(pen: &mut Pen, screen: Rect, view: &Listing) -> Option<Position> {
    let rows = u16::try_from(view.rows.len()).unwrap_or(TALLEST);
    let wanted = rows.saturating_add(TOLD_ROWS + 3).clamp(LEAST, TALLEST);
    let area = hung(screen, WIDEST, wanted);
    let title = match view.rows.iter().filter(|row| !row.is_head).count() {
        0 => view.title.clone(),
        count => format!("{} ({count})", view.title),
    };
    let (body, _) = aired(window(pen, area, &title, &view.hints));
    if view.rows.is_empty() {
        let lines = view
            .empty
            .iter()
            .flat_map(|text| Untrusted::from(text.as_str()).wrapped(body.width.into(), 4));
        for (line, y) in lines.zip(body.y..body.bottom()) {
            pen.put(body.x, y, body.width, &line, pen.tone(Tone::Plain));
        }
        return None;
    }
    let below = match body.height {
        _ if view.told.is_empty() => 0,
        0..=2 => 0,
        3..=5 => 1,
        6..=8 => 2,
        _ => TOLD_ROWS + 1,
    };
    let list = Rect { height: body.height - below, ..body };
    draw_rows(pen, list, area, view);
    told(pen, Rect { y: list.bottom(), height: below, ..body }, &view.told);
    None
}

/// The widths of the columns within so much room. What is too wide is taken from the column that gives way, then
/// whole columns go from the right.
fn widths(rows: &[ListingRow], grows: usize, room: u16) -> Vec<u16> {
    let count = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let of = |at: usize| {
        rows.iter()
            .filter(|row| !row.is_head)
            .filter_map(|row| {
                let bar = row.permille.filter(|_| at + 1 == row.cells.len()).map_or(0, |_| BAR + 1);
                Some(columns(&row.cells.get(at)?.0) + bar)
            })
            .max()
            .unwrap_or(0)
    };
    let mut widths: Vec<u16> = (0..count).map(of).collect();
    let taken = |widths: &[u16]| {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.map(|width| width + GAP).sum::<u16>().saturating_sub(GAP)
    };
    let least = |width: u16| width.min(GROWS_MIN);
    if let Some(width) = widths.get_mut(grows) {
        let all = *width;
        *width = least(all);
        let over = room.saturating_sub(taken(&widths));
        widths[grows] = (widths[grows] + over).min(all);
    }
    // The last one says how it stands; what is between it and the one that gives way goes first.
    for at in (grows + 1..count.saturating_sub(1)).rev().chain((0..grows).rev()) {
        if taken(&widths) > room {
            widths[at] = 0;
        }
    }
    widths
}

fn draw_rows(pen: &mut Pen, list: Rect, area: Rect, view: &Listing) {
    let visible = usize::from(list.height);
    let first = (view.at + 1).saturating_sub(visible);
    // The mark of the cursor and a space.
    let widths = widths(&view.rows, view.grows, list.width.saturating_sub(2));
    for ((at, row), y) in view.rows.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let mut x = list.x + 2;
        for (n, ((text, tone), width)) in row.cells.iter().zip(&widths).enumerate() {
            let room = list.right().saturating_sub(x);
            if row.is_head {
                x += pen.put(x, y, room, text, pen.tone(*tone)) + 1;
                continue;
            }
            if *width == 0 {
                continue;
            }
            let mut room = room.min(*width);
            if let Some(permille) = row.permille.filter(|_| n + 1 == row.cells.len())
                && room > BAR + 4
            {
                progress::bar(pen, x, y, BAR, permille);
                x += BAR + 1;
                room -= BAR + 1;
            }
            pen.put(x, y, room, text, pen.tone(*tone));
            x += width + GAP;
        }
        if at == view.at {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            pen.put(list.x, y, 1, "▌", pen.cursor_mark());
        }
    }
    let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, view.rows.len());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_gives_way_and_how_it_stands_is_said_last_of_all() {
        let cell = |width: usize| ("x".repeat(width), Tone::Plain);
        let row = ListingRow {
            cells: vec![cell(1), cell(7), cell(40), cell(6), cell(9)],
            permille: None,
            is_head: false,
        };
        for room in [16, 20, 30, 50, 80] {
            let widths = widths(std::slice::from_ref(&row), 2, room);
            let taken: u16 = widths.iter().filter(|w| **w > 0).map(|w| w + GAP).sum();
            assert!(taken <= room + GAP || room < 20, "{room}: {widths:?}");
            assert_eq!(widths[4], 9, "{room}: {widths:?}");
        }
        assert_eq!(widths(&[row], 2, 80), [1, 7, 40, 6, 9]);
    }
}
