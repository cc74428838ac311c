//! The clocks of the case under the cursor, and the next breaches over all cases: as a table, or in a strip
//! of one or two lines.

use ratatui::layout::Rect;

use super::detail;
use super::pen::{Joint, Pen, columns};
use crate::app::layout::inside;
use crate::app::view::{ClockRow, ClocksView, Tone};
use crate::sla::reading::Face;

/// The clocks' names stand in panes of this width. By the width alone: the columns must not move from case to
/// case.
const NAMES_FROM: u16 = 58;
/// Bars outside these widths say nothing.
const BAR: std::ops::RangeInclusive<u16> = 4..=12;

pub fn draw(pen: &mut Pen, area: Rect, view: &ClocksView, focused: bool, joint: Joint) {
    if area.width < 3 || area.height < 3 {
        return;
    }
    let title = if focused { pen.tone(Tone::Title) } else { pen.tone(Tone::Plain) };
    let id = view.title.as_ref().map(detail::name).unwrap_or_default();
    let mut names = vec![("Clocks", title)];
    if let Some(case) = &view.title {
        names.push(("  ", title));
        names.extend(detail::names(pen, &id, case, title));
    }
    let stale = view.stale.as_deref().unwrap_or_default();
    let age = [(stale, pen.tone(Tone::Face(Face::Warning)))];
    let age: &[_] = if view.stale.is_some() { &age } else { &[] };
    pen.pane(area, focused, joint, &names, age);
    let inside = inside(area);
    // One column of air at both sides, where there is room.
    let margin = u16::from(inside.width > 24);
    let inside = Rect { x: inside.x + margin, width: inside.width - 2 * margin, ..inside };
    let next_from = if inside.height < 3 {
        strip(pen, Rect { height: 1, ..inside }, view, margin);
        inside.y + 1
    } else {
        // The next breaches keep a line of their own when the clocks would take all.
        let most = if view.next.is_empty() { inside.height } else { inside.height - 1 };
        let rows = table(pen, Rect { height: most, ..inside }, view, margin);
        let air = u16::from(rows > 0 && rows + 3 <= inside.height);
        inside.y + rows + air
    };
    let height = inside.bottom().saturating_sub(next_from);
    next(pen, Rect { y: next_from, height, ..inside }, view);
}

/// One clock a row, in columns, and below it what found no column, as far as there is room. Answers how many
/// rows it took.
fn table(pen: &mut Pen, area: Rect, view: &ClocksView, margin: u16) -> u16 {
    let clocks = &view.clocks;
    let widest = |of: fn(&ClockRow) -> u16| clocks.iter().map(of).max().unwrap_or(0);
    let short = widest(|c| columns(c.short));
    let text = widest(|c| columns(&c.text));
    // The words beside a bar; a clock without one may use the bar's columns, too.
    let beside = clocks.iter().filter(|c| c.used_permille.is_some());
    let beside = beside.map(|c| columns(&c.text)).max().unwrap_or(0);
    let mut due = widest(|c| columns(&c.due));
    let name = if area.width >= NAMES_FROM { widest(|c| columns(c.name)) } else { 0 };
    let fixed = short + 1 + pen.sign_width() + 1;
    let spare = |name: u16, due: u16, text: u16| {
        let gaps = u16::from(name > 0) * 2 + u16::from(due > 0) * 2;
        area.width.checked_sub(fixed + name + due + text + gaps)
    };
    if spare(name, due, text).is_none() {
        due = 0;
    }
    // The wall clock stands behind the due instant where that leaves room for bars.
    let wall = widest(|c| columns(&c.wall)) + 2;
    let beside_due = wall > 2 && due > 0;
    let fits = spare(name, due + wall, text).is_some_and(|free| free > *BAR.start());
    let wall = if beside_due && fits { wall } else { 0 };
    let free = spare(name, due + wall, text).unwrap_or(0);
    let bar = (free + text - beside).saturating_sub(1).min(*BAR.end());
    let bar = if beside > 0 && bar >= *BAR.start() { bar } else { 0 };
    let below = below(clocks, due == 0, wall == 0, area);
    let mut y = area.y;
    for (n, (clock, below)) in clocks.iter().zip(below).enumerate() {
        if y == area.bottom() {
            break;
        }
        let face = pen.tone(Tone::Face(clock.face));
        let mut x = area.x;
        if view.selected == Some(n) && margin > 0 {
            pen.put(x - 1, y, 1, "▌", pen.cursor_mark());
        }
        pen.put(x, y, short, clock.short, pen.tone(Tone::Strong));
        x += short + 1;
        if name > 0 {
            pen.put(x, y, name, clock.name, pen.tone(Tone::Plain));
            x += name + 2;
        }
        pen.put(x, y, pen.sign_width(), pen.sign(clock.face), face);
        x += pen.sign_width() + 1;
        if let Some(used) = clock.used_permille.filter(|_| bar > 0) {
            x += draw_bar(pen, x, y, bar, used, clock.face) + 1;
        }
        let end = area.right() - if due > 0 { due + wall + 1 } else { 0 };
        pen.put(x, y, end.saturating_sub(x), &clock.text, face);
        if due > 0 {
            let width = columns(&clock.due).min(due);
            let tone = if clock.ended() { Tone::Dim } else { Tone::Plain };
            let right = area.right() - wall;
            pen.put(right - width, y, width, &clock.due, pen.tone(tone));
            if wall > 0 && !clock.wall.is_empty() {
                pen.put(right, y, wall, &format!(", {}", clock.wall), pen.tone(Tone::Dim));
            }
        }
        y += 1;
        let indent = short + 1 + pen.sign_width() + 1;
        for (text, tone) in below {
            if y < area.bottom() {
                let x = area.x + indent;
                pen.put(x, y, area.width.saturating_sub(indent), &text, pen.tone(tone));
                y += 1;
            }
        }
    }
    y - area.y
}

/// The lines below each clock. What is demanded goes before a due instant that has no column, and that before
/// the wall clock and the facts, each kind for all clocks or for none.
fn below(clocks: &[ClockRow], due: bool, wall: bool, area: Rect) -> Vec<Vec<(String, Tone)>> {
    type Kind = fn(&ClockRow) -> Option<(String, Tone)>;
    let demand: Kind = |c| (!c.demand.is_empty()).then(|| (c.demand.to_owned(), Tone::Error));
    let due_line: Kind =
        |c| (!c.ended() && !c.due.is_empty()).then(|| (format!("due {}", c.due), Tone::Plain));
    let wall_line: Kind =
        |c| (!c.wall.is_empty()).then(|| (format!("wall clock: {}", c.wall), Tone::Dim));
    let facts: Kind = |c| (!c.facts.is_empty()).then(|| (c.facts.clone(), Tone::Dim));
    let mut lines = vec![Vec::new(); clocks.len()];
    let mut left = usize::from(area.height).saturating_sub(clocks.len());
    // Facts are for a pane that has the screen: beside others they would crowd it.
    let kinds = [
        (Some(demand), 0),
        (due.then_some(due_line), 0),
        (wall.then_some(wall_line), 0),
        (Some(facts), 4),
    ];
    for (kind, spare) in kinds {
        let of_kind: Vec<_> = clocks.iter().map(|clock| kind?(clock)).collect();
        let count = of_kind.iter().flatten().count();
        if count + spare <= left {
            left -= count;
            for (lines, line) in lines.iter_mut().zip(of_kind) {
                lines.extend(line);
            }
        }
    }
    lines
}

/// All clocks in one line: those that still run have a bar and their due instant, where there is room.
fn strip(pen: &mut Pen, line: Rect, view: &ClocksView, margin: u16) {
    const BAR: u16 = 8;
    let clocks = &view.clocks;
    let sign = |pen: &Pen, clock: &ClockRow| match columns(pen.sign(clock.face)) {
        0 => 0,
        sign => sign + 1,
    };
    let width = |pen: &Pen, clock: &ClockRow, bar: bool, due: Option<Walls>| {
        let bar = if bar && clock.used_permille.is_some() { BAR + 1 } else { 0 };
        let tail = due.and_then(|walls| clock.tail(walls));
        let due = tail.map_or(0, |(tail, _)| columns(&tail) + 2);
        columns(clock.short) + 1 + sign(pen, clock) + bar + columns(&clock.text) + due
    };
    let gaps = u16::try_from(clocks.len().saturating_sub(1)).unwrap_or(0) * 3;
    let fits = |(bar, due): &(bool, Option<Walls>)| {
        clocks.iter().map(|c| width(pen, c, *bar, *due)).sum::<u16>() + gaps <= line.width
    };
    // The bars go before the due instants; the wall clock goes first.
    let shown = [
        (true, Some(Walls::Told)),
        (true, Some(Walls::Left)),
        (false, Some(Walls::Left)),
        (true, None),
    ];
    let (bar, due) = shown.into_iter().find(fits).unwrap_or((false, None));
    let mut x = line.x;
    for (at, clock) in clocks.iter().enumerate() {
        let left = |x: u16| line.right().saturating_sub(x);
        if at > 0 {
            if left(x) < width(pen, clock, false, None) + 3 {
                pen.put(x, line.y, left(x), " …", pen.tone(Tone::Dim));
                return;
            }
            x += pen.put(x, line.y, left(x), "   ", pen.tone(Tone::Plain));
        }
        if view.selected == Some(at) && (at > 0 || margin > 0) {
            pen.put(x - 1, line.y, 1, "▌", pen.cursor_mark());
        }
        let face = pen.tone(Tone::Face(clock.face));
        x += pen.put(x, line.y, left(x), clock.short, pen.tone(Tone::Strong)) + 1;
        let sign = pen.put(x, line.y, left(x), pen.sign(clock.face), face);
        x += if sign > 0 { sign + 1 } else { 0 };
        if let Some(used) = clock.used_permille.filter(|_| bar) {
            x += draw_bar(pen, x, line.y, BAR, used, clock.face) + 1;
        }
        x += pen.put(x, line.y, left(x), &clock.text, face);
        if let Some((tail, tone)) = due.and_then(|walls| clock.tail(walls)) {
            x += 2 + pen.put(x + 2, line.y, left(x + 2), &tail, pen.tone(tone));
        }
    }
}

/// Time used of the target.
fn draw_bar(pen: &mut Pen, x: u16, y: u16, width: u16, used_permille: u16, face: Face) -> u16 {
    // Rounded, but never empty once something is used, and full only when all is.
    let used = used_permille.min(1000);
    let full = (u32::from(used) * u32::from(width) + 500) / 1000;
    let mut full = u16::try_from(full).unwrap_or(width);
    if used > 0 {
        full = full.max(1);
    }
    if used < 1000 {
        full = full.min(width - 1);
    }
    let style = pen.ink(Tone::Face(face));
    pen.put(x, y, full, &"█".repeat(full.into()), style);
    pen.put(x + full, y, width - full, &"░".repeat((width - full).into()), pen.tone(Tone::Dim));
    width
}

/// The next breaches, one after the other over the lines that are left.
fn next(pen: &mut Pen, area: Rect, view: &ClocksView) {
    const HEAD: &str = "next: ";
    if area.is_empty() || view.next.is_empty() {
        return;
    }
    let dim = pen.tone(Tone::Dim);
    let indent = columns(HEAD);
    let (mut x, mut y) = (area.x + pen.put(area.x, area.y, area.width, HEAD, dim), area.y);
    let mut first_in_line = true;
    for (id, face, text) in &view.next {
        let id = id.to_string();
        let needs = columns(&id) + 1 + columns(text);
        let gap = if first_in_line { 0 } else { 3 };
        if x + gap + needs > area.right() && !first_in_line {
            if y + 1 >= area.bottom() {
                break;
            }
            y += 1;
            x = area.x + indent;
            first_in_line = true;
        }
        if !first_in_line {
            x += pen.put(x, y, area.right().saturating_sub(x), " · ", dim);
        }
        let pieces = [
            (id.as_str(), pen.tone(Tone::Plain)),
            (" ", dim),
            (text.as_str(), pen.tone(Tone::Face(*face))),
        ];
        x += pen.pieces(x, y, area.right().saturating_sub(x), &pieces);
        first_in_line = false;
    }
}

/// Whether a strip has room for the wall clock.
#[derive(Clone, Copy, PartialEq)]
enum Walls {
    Told,
    Left,
}

impl ClockRow {
    /// What follows a clock in a strip: what it demands, else when it is due.
    fn tail(&self, walls: Walls) -> Option<(String, Tone)> {
        match (self.demand, self.due.as_str()) {
            ("", "") => None,
            ("", _) if self.ended() => None,
            ("", due) if walls == Walls::Told && !self.wall.is_empty() => {
                Some((format!("{due}, {}", self.wall), Tone::Dim))
            }
            ("", due) => Some((due.to_owned(), Tone::Dim)),
            (demand, _) => Some((demand.to_owned(), Tone::Error)),
        }
    }

    /// Whether the clock has stopped for good.
    fn ended(&self) -> bool {
        matches!(self.face, Face::Met | Face::MissedDone)
    }
}
