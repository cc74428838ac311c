//! The breach board: large digits of the next breach, and rows of those around it. On a wide screen they
//! stand beside each other.

use ratatui::layout::Rect;
use ratatui::style::Style;

use super::pen::{Pen, columns};
use super::{digits, notice};
use crate::app::view::{BoardRow, BoardView, Tone};
use crate::domain::Untrusted;
use crate::sla::reading::Face;

/// From these columns on the rows stand beside the digits.
const BESIDE: u16 = 140;
/// The narrowest column for a subject.
const SUBJECT: u16 = 12;

pub fn draw(pen: &mut Pen, area: Rect, view: &BoardView) {
    if area.width < 10 || area.height == 0 {
        return;
    }
    let area = Rect { x: area.x + 1, width: area.width - 2, ..area };
    let title = heading(pen, area, view);
    let area = Rect { y: area.y + title, height: area.height - title, ..area };
    if let Some(nothing) = &view.notice {
        return notice(pen, area, nothing);
    }
    let Some(first) = &view.hero else { return };
    if area.width >= BESIDE && area.height >= 12 {
        let left = area.width * 9 / 20;
        let room = Rect { width: left, ..area };
        // In the middle of a tall wall, where the eye is.
        let drop = (area.height / 6).min(8);
        hero(pen, Rect { y: room.y + drop, height: room.height - drop, ..room }, first);
        let x = area.x + left + 2;
        rows(pen, Rect { x, width: area.right() - x, ..area }, view);
    } else {
        // Rows get at least half of it.
        let most = area.height.div_ceil(2).max(area.height.min(5));
        let took = hero(pen, Rect { height: most, ..area }, first);
        let air = u16::from(area.height >= 14);
        let y = area.y + took + air;
        let height = area.bottom().saturating_sub(y);
        rows(pen, Rect { y, height, ..area }, view);
    }
}

/// What the board is of, and whether it can be relied on. Below ten rows it has none, unless it cannot.
fn heading(pen: &mut Pen, area: Rect, view: &BoardView) -> u16 {
    let stale = view.stale.as_deref().unwrap_or_default();
    if area.height < 9 && stale.is_empty() {
        return 0;
    }
    let scope = format!("{} · {}", view.scope, view.count);
    let pieces =
        [("Next breaches  ", pen.tone(Tone::Title)), (scope.as_str(), pen.tone(Tone::Dim))];
    let needs = columns(stale);
    if needs > 0 && needs + 20 > area.width {
        pen.put(area.x, area.y, area.width, stale, pen.tone(Tone::Face(Face::Warning)));
        return 1;
    }
    let used = pen.pieces(area.x, area.y, area.width, &pieces);
    if needs > 0 && used + needs + 2 <= area.width {
        let x = area.right() - needs;
        pen.put(x, area.y, needs, stale, pen.tone(Tone::Face(Face::Warning)));
    }
    1
}

fn tone(pen: &Pen, row: &BoardRow) -> Style {
    if row.quiet { pen.tone(Tone::Plain) } else { pen.tone(Tone::Face(row.face)) }
}

fn sign(pen: &Pen, row: &BoardRow) -> &'static str {
    if row.quiet { "" } else { pen.sign(row.face) }
}

/// The digits, and below them whose they are; answers how many rows it took.
fn hero(pen: &mut Pen, area: Rect, row: &BoardRow) -> u16 {
    let facts = facts(row, area.width);
    let below = match area.height {
        0..=6 => 1,
        7..=9 => 2,
        _ => facts.len(),
    };
    let below = u16::try_from(below.min(facts.len())).unwrap_or(1);
    let air = u16::from(area.height >= 10);
    let high = area.height.saturating_sub(below + air).max(1);
    // The words are left out: large, "over" says no more than the plus.
    let time = row.left.trim_end_matches(" over");
    let mut look = tone(pen, row);
    if row.face == Face::Missed {
        // Reversed dots would be holes.
        look = look.remove_modifier(ratatui::style::Modifier::REVERSED);
    }
    let took = digits::draw(pen, Rect { height: high, ..area }, time, look);
    let mut y = area.y + took + air;
    for (n, line) in facts.iter().take(usize::from(below)).enumerate() {
        if y >= area.bottom() {
            break;
        }
        let mut x = area.x;
        if n == 0 {
            let sign = sign(pen, row);
            if !sign.is_empty() {
                x += pen.put(x, y, area.width, sign, look) + 1;
            }
        }
        for (text, tone) in line {
            let style = pen.tone(*tone);
            x += pen.put(x, y, area.right().saturating_sub(x), text, style);
        }
        y += 1;
    }
    y - area.y
}

type Facts = Vec<(String, Tone)>;

/// Whose the digits are, the most important line first.
fn facts(row: &BoardRow, width: u16) -> Vec<Facts> {
    let mut first: Facts = vec![(row.id.to_string(), Tone::Strong)];
    if let Some(severity) = row.severity {
        let word = if width < 60 { short(severity.label()) } else { severity.label() };
        first.push((format!("  {word}"), Tone::Severity(severity)));
    }
    if let Some(tier) = row.tier.filter(|_| width >= 60) {
        first.push((format!("  {tier}"), Tone::Plain));
    }
    if let Some(desk) = &row.desk {
        first.push((format!("  {desk}"), Tone::Dim));
    }
    let with = row.with.as_ref().map_or_else(|| "nobody".to_owned(), |with| with.cell(30));
    if width < 60 {
        // What there is room for, beside the id.
        first.push((format!("  {}", row.subject.cell(width.into())), Tone::Plain));
    } else {
        first.push((format!("  with {with}"), Tone::Plain));
    }
    let subject = vec![(row.subject.cell(width.into()), Tone::Plain)];
    let what = match row.clock {
        "P" => "promised",
        "R" => "response due",
        _ => "resolution due",
    };
    let due = vec![(format!("{what} {}", row.due), Tone::Dim)];
    let customer = vec![(row.customer.cell(width.into()), Tone::Dim)];
    let second = if width < 60 { vec![(format!("with {with}"), Tone::Plain)] } else { subject };
    let mut all = vec![first, second, due];
    if !row.customer.is_empty() {
        all.push(customer);
    }
    all
}

fn short(word: &str) -> &str {
    match word {
        "Critical" => "Crit",
        "Medium" => "Med",
        word => word,
    }
}

/// The list around the chosen one, in columns.
fn rows(pen: &mut Pen, area: Rect, view: &BoardView) {
    let height = usize::from(area.height);
    if height == 0 {
        return;
    }
    let chosen = view.rows.iter().position(|row| row.chosen).unwrap_or(0);
    let from = (chosen + 1).saturating_sub(height);
    let shown: Vec<&BoardRow> = view.rows.iter().skip(from).take(height).collect();
    let widest = |of: &dyn Fn(&BoardRow) -> u16| view.rows.iter().map(of).max().unwrap_or(0);
    let id = widest(&|row| columns(&row.id.to_string()));
    let wide = area.width >= 60;
    let severity = if wide { 8 } else { 4 };
    let clock = 2;
    let time = widest(&|row| columns(&timed(row))).max(8);
    let due = if area.width >= 90 { widest(&|row| columns(&row.due)) } else { 0 };
    let with = match area.width {
        0..50 => 0,
        50..110 => 12,
        _ => 18,
    };
    let desk = widest(&|row| row.desk.as_deref().map_or(0, columns)).min(14);
    let desk = if wide { desk } else { 0 };
    for (row, y) in shown.into_iter().zip(area.y..) {
        let line = Rect { y, height: 1, ..area };
        let face = tone(pen, row);
        let mut x = line.x;
        if row.chosen {
            pen.put(x.saturating_sub(1), y, 1, "▌", pen.cursor_mark());
        }
        let look = |tone: Tone| pen.tone(tone);
        let (strong, dim, plain) = (look(Tone::Strong), look(Tone::Dim), look(Tone::Plain));
        let (word, severity_look) = row.severity.map_or(("", plain), |severity| {
            let word = severity.label();
            (if wide { word } else { short(word) }, look(Tone::Severity(severity)))
        });
        let sign = (pen.sign_width(), sign(pen, row));
        let mut column = |width: u16, text: &str, style: Style| {
            if width > 0 && x < line.right() {
                pen.put(x, y, width.min(line.right() - x), text, style);
                x += width + 1;
            }
            x
        };
        column(sign.0, sign.1, face);
        column(id, &row.id.to_string(), strong);
        column(desk, row.desk.as_deref().unwrap_or_default(), dim);
        let at = column(severity, word, severity_look);
        let tail = time + if due > 0 { due + 2 } else { 0 };
        let (act, act_tone) = row.act.clone().unwrap_or_default();
        let tail = if act.is_empty() { tail } else { columns(&act).max(tail) };
        let left = line.right().saturating_sub(at);
        let fixed = tail + 1 + clock + 1;
        let with = if left > fixed + SUBJECT + with { with } else { 0 };
        let subject = left.saturating_sub(fixed + 1 + if with > 0 { with + 1 } else { 0 });
        if subject >= 3 {
            column(subject, &row.subject.cell(subject.into()), plain);
        }
        let holder = row.with.as_ref().map_or_else(|| "–".to_owned(), |w| w.cell(with.into()));
        column(with, &holder, dim);
        column(clock, row.clock, dim);
        if !act.is_empty() {
            let width = columns(&act).min(line.width);
            pen.put(line.right() - width, y, width, &act, pen.tone(act_tone));
            continue;
        }
        let text = timed(row);
        let width = columns(&text).min(time).min(line.width);
        let right = line.right() - if due > 0 { due + 2 } else { 0 };
        pen.put(right.saturating_sub(width).max(line.x), y, width, &text, face);
        if due > 0 {
            let width = columns(&row.due).min(due);
            pen.put(line.right() - width, y, width, &row.due, pen.tone(Tone::Dim));
        }
    }
    let more = view.count.saturating_sub(view.first + from + height);
    if more > 0 && height > 1 {
        let text = format!(" {more} more ");
        let y = area.bottom() - 1;
        let width = columns(&text).min(area.width);
        pen.put(area.x, y, area.width, &" ".repeat(area.width.into()), Style::new());
        pen.put(area.x, y, width, &text, pen.tone(Tone::Dim));
    }
}

/// "+1h 10m over" where there is room is "+1h 10m" here: the sign says it.
fn timed(row: &BoardRow) -> String {
    Untrusted::from(row.left.trim_end_matches(" over")).cell(24)
}
