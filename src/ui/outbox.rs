//! The outbox over the panes: a line an act, and below the list what there is to say of the one that the keys
//! are on.

use ratatui::layout::{Position, Rect};

use super::pen::{Pen, columns};
use super::window::{aired, hung, told, window};
use crate::app::view::{OutboxRow, OutboxView, Target, Tone};

const WIDEST: u16 = 92;
const TALLEST: u16 = 24;
const LEAST: u16 = 12;
/// Rows below the list, where there is room for them.
const TOLD_ROWS: u16 = 4;
/// What is said where nothing waits.
const EMPTY: [&str; 2] = [
    "Nothing waits.",
    "What you order is here until the desk has confirmed it; drafts are here, too.",
];

/// The columns of the list. A width of 0: not shown.
struct Columns {
    n: u16,
    case: u16,
    desk: u16,
    act: u16,
    state: u16,
    age: u16,
    tries: u16,
}

impl Columns {
    /// What finds no room goes from the right, the state last.
    fn of(rows: &[OutboxRow], width: u16) -> Self {
        let widest = |text: &dyn Fn(&OutboxRow) -> u16| rows.iter().map(text).max().unwrap_or(0);
        let mut all = Self {
            n: widest(&|row| columns(&row.n)),
            case: widest(&|row| case_text(row).map_or(0, |case| columns(&case))),
            desk: widest(&|row| columns(&row.desk)),
            act: widest(&|row| columns(&row.act)),
            state: widest(&|row| columns(&row.state)),
            age: widest(&|row| columns(&row.age)),
            tries: widest(&|row| columns(&row.tries)),
        };
        for dropped in [Self::tries, Self::age, Self::n] {
            if all.width() > width {
                *dropped(&mut all) = 0;
            }
        }
        all
    }

    fn tries(&mut self) -> &mut u16 {
        &mut self.tries
    }

    fn age(&mut self) -> &mut u16 {
        &mut self.age
    }

    fn n(&mut self) -> &mut u16 {
        &mut self.n
    }

    fn width(&self) -> u16 {
        let all = [self.n, self.case, self.desk, self.act, self.state, self.age, self.tries];
        let shown = all.iter().filter(|width| **width > 0);
        shown.map(|width| width + 2).sum::<u16>().saturating_sub(2)
    }
}

fn case_text(row: &OutboxRow) -> Option<String> {
    row.case.as_ref().map(ToString::to_string)
}

pub fn draw(pen: &mut Pen, screen: Rect, view: &OutboxView) -> Option<Position> {
    // As tall as what is in it; at least so that a few more find room.
    let rows = u16::try_from(view.rows.len()).unwrap_or(TALLEST);
    let wanted = rows.saturating_add(TOLD_ROWS + 3).clamp(LEAST, TALLEST);
    let area = hung(screen, WIDEST, wanted);
    let title = match view.rows.len() {
        0 => "Outbox".to_owned(),
        count => format!("Outbox ({count})"),
    };
    let (body, _) = aired(window(pen, area, &title, &view.hints));
    if view.rows.is_empty() {
        let lines = EMPTY
            .iter()
            .flat_map(|text| crate::domain::Untrusted::from(*text).wrapped(body.width.into(), 3));
        for (line, y) in lines.zip(body.y..body.bottom()) {
            pen.put(body.x, y, body.width, &line, pen.tone(Tone::Plain));
        }
        return None;
    }
    // What is said of a line is never left out: it is what a key there is pressed for.
    let below = match body.height {
        0..=1 => 0,
        2..=5 => 1,
        6..=9 => 2,
        _ => TOLD_ROWS + 1,
    };
    let list = Rect { height: body.height - below, ..body };
    draw_list(pen, list, area, view);
    told(pen, Rect { y: list.bottom(), height: below, ..body }, &view.told);
    None
}

fn draw_list(pen: &mut Pen, list: Rect, area: Rect, view: &OutboxView) {
    let visible = usize::from(list.height);
    let first = (view.at + 1).saturating_sub(visible);
    // The mark of the cursor and a space.
    let widths = Columns::of(&view.rows, list.width.saturating_sub(2));
    for ((at, row), y) in view.rows.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let case = case_text(row).unwrap_or_default();
        let mut x = list.x + 2;
        for (text, width, tone, is_right) in [
            (&row.n, widths.n, Tone::Dim, true),
            (&case, widths.case, Tone::Strong, false),
            (&row.desk, widths.desk, Tone::Dim, false),
            (&row.act, widths.act, Tone::Plain, false),
            (&row.state, widths.state, row.tone, false),
            (&row.age, widths.age, Tone::Plain, true),
            (&row.tries, widths.tries, Tone::Dim, false),
        ] {
            if width == 0 {
                continue;
            }
            let room = width.min(list.right().saturating_sub(x));
            let shift = if is_right { room.saturating_sub(columns(text)) } else { 0 };
            pen.put(x + shift, y, room - shift, text, pen.tone(tone));
            x += width + 2;
        }
        pen.target(Rect { y, height: 1, ..list }, Target::Line(at));
        if at == view.at {
            pen.over(Rect { y, height: 1, ..list }, pen.cursor_row());
            pen.put(list.x, y, 1, "▌", pen.cursor_mark());
        }
    }
    let track = Rect { y: list.y - 1, height: list.height + 2, ..area };
    pen.scroll_mark(track, first, visible, view.rows.len());
}
