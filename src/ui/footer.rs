//! The footer line: the keys that work here and now, or what was just said.

use ratatui::layout::Rect;

use super::pen::{Pen, columns};
use super::progress;
use crate::app::view::{Footer, Hint, Target, Tone};
use crate::domain::Untrusted;

/// Between two hints.
const GAP: u16 = 2;
/// Columns of the bar of what is on its way.
const BAR: u16 = 8;
/// Rows that something said takes at most.
const TOLD_ROWS: usize = 4;

pub fn draw(pen: &mut Pen, area: Rect, footer: &Footer) {
    if area.is_empty() {
        return;
    }
    let mut line = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let (Some((permille, text)), None) = (&footer.progress, &footer.toast) {
        line.width -= on_its_way(pen, line, *permille, text);
    }
    match &footer.toast {
        Some((text, tone)) => told(pen, area, line, text, *tone),
        None => hints(pen, line, &footer.hints),
    }
}

/// What is on its way, at the right end; answers the columns that it took.
fn on_its_way(pen: &mut Pen, line: Rect, permille: u16, text: &str) -> u16 {
    // The hints keep the larger half.
    let most = line.width * 45 / 100;
    let bar = if most > columns(text) + BAR { BAR } else { 0 };
    let width = (columns(text) + bar + u16::from(bar > 0)).min(most);
    let mut x = line.right() - width;
    if bar > 0 {
        progress::bar(pen, x, line.y, bar, permille);
        x += bar + 1;
    }
    pen.put(x, line.y, line.right() - x, text, pen.tone(Tone::Strong));
    width + GAP
}

/// What was said, whole: what one line does not hold takes rows from what is above, while it stands.
fn told(pen: &mut Pen, area: Rect, line: Rect, text: &str, tone: Tone) {
    let lines = Untrusted::from(text).wrapped(usize::from(line.width), TOLD_ROWS);
    let above = u16::try_from(lines.len()).unwrap_or(1).saturating_sub(1).min(area.y);
    let top = area.y - above;
    if above > 0 {
        pen.clear(Rect { y: top, height: above + area.height, ..area });
    }
    for (y, text) in (top..).zip(&lines) {
        pen.put(line.x, y, line.width, text, pen.tone(tone));
    }
}

/// Writes hints from the left; what does not fit is dropped from the right, the way to the help last.
pub fn hints(pen: &mut Pen, line: Rect, hints: &[Hint]) {
    let mut x = line.x;
    for hint in fitting(hints, line.width) {
        let (key, label) =
            if hint.enabled { (Tone::Key, Tone::Plain) } else { (Tone::Dim, Tone::Dim) };
        let pieces = [
            (hint.keys.as_str(), pen.tone(key)),
            (" ", pen.tone(label)),
            (hint.label.as_str(), pen.tone(label)),
        ];
        let took = pen.pieces(x, line.y, line.right().saturating_sub(x), &pieces);
        let target = Target::Hint { keys: hint.keys.clone(), label: hint.label.clone() };
        pen.target(Rect { x, width: took, ..line }, target);
        x += took + GAP;
    }
}

/// The columns that the hints take which fit.
pub fn width(hints: &[Hint], width: u16) -> u16 {
    let shown = fitting(hints, width);
    let gaps = GAP * u16::try_from(shown.len().saturating_sub(1)).unwrap_or(0);
    (shown.iter().map(|h| needs(h)).sum::<u16>() + gaps).min(width)
}

fn needs(hint: &Hint) -> u16 {
    columns(&hint.keys) + 1 + columns(&hint.label)
}

/// The hints that fit: as many as there is room from the left, and always the one for the help.
fn fitting(hints: &[Hint], width: u16) -> Vec<&Hint> {
    let help = hints.iter().position(|h| h.label == "help");
    let mut left = width + GAP;
    if let Some(help) = help {
        left = left.saturating_sub(needs(&hints[help]) + GAP);
    }
    let mut full = false;
    hints
        .iter()
        .enumerate()
        .filter(|(at, hint)| {
            if Some(*at) == help {
                return true;
            }
            full |= needs(hint) + GAP > left;
            if !full {
                left -= needs(hint) + GAP;
            }
            // The first stands even cut.
            !full || (*at == 0 && help.is_none())
        })
        .map(|(_, hint)| hint)
        .collect()
}
