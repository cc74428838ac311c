//! What 2nd level needs, in as many rows as there are: a line each, two side by side, or what is missing alone.

use super::wrap;
use crate::app::view::{Line, ReadinessView, ReadyItem, Span, Tone};
use crate::domain::text::columns;

/// Columns of a thing's name.
const LABEL: usize = 18;
/// Two beside each other need so many columns.
const TWO: u16 = 60;

/// The fullest form that fits into so many rows; the shortest if none does.
pub fn lines(view: &ReadinessView, width: u16, rows: u16) -> Vec<Line> {
    let whole = || {
        let mut lines = vec![head(view)];
        lines.extend(view.items.iter().map(|item| cells(item, usize::from(width))));
        lines
    };
    let two = || {
        let each = usize::from(width.saturating_sub(2) / 2);
        let half = view.items.len().div_ceil(2);
        let mut lines = vec![head(view)];
        for at in 0..half {
            let mut line = cells(&view.items[at], each);
            if let Some(other) = view.items.get(at + half) {
                let used: usize = line.iter().map(|span| columns(&span.text)).sum();
                line.push(Span::new(Tone::Plain, " ".repeat(each + 2 - used.min(each))));
                line.extend(cells(other, each));
            }
            lines.push(line);
        }
        lines
    };
    if view.items.is_empty() {
        return wrap::wrap_line(&head(view), width);
    }
    let rows = usize::from(rows);
    if view.items.len() < rows && width >= 30 {
        whole()
    } else if view.items.len().div_ceil(2) < rows && width >= TWO {
        two()
    } else {
        wrap::wrap_line(&short(view), width)
    }
}

fn head(view: &ReadinessView) -> Line {
    let mut line = vec![Span::new(Tone::Strong, view.score.clone())];
    if !view.ask.is_empty() {
        line.push(Span::new(Tone::Dim, format!("  {}", view.ask)));
    }
    line
}

/// "✗ log files  not seen"
fn cells(item: &ReadyItem, width: usize) -> Line {
    let (sign, tone) = if item.ready { ("✓", Tone::Good) } else { ("✗", Tone::Error) };
    let (label, found) =
        if item.ready { (Tone::Plain, Tone::Dim) } else { (Tone::Strong, Tone::Plain) };
    let room = width.saturating_sub(LABEL + 4);
    vec![
        Span::new(tone, format!("{sign} ")),
        Span::new(label, format!("{:<LABEL$}  ", item.label)),
        Span::new(found, item.found.cell(room)),
    ]
}

/// "5 of 7 ready, missing: steps to reproduce, log files"
fn short(view: &ReadinessView) -> Line {
    let missing: Vec<&str> =
        view.items.iter().filter(|item| !item.ready).map(|item| item.label).collect();
    let mut line = vec![Span::new(Tone::Strong, view.score.clone())];
    if !missing.is_empty() {
        line.push(Span::new(Tone::Error, format!(", missing: {}", missing.join(", "))));
        let key = view.ask.split(' ').next().unwrap_or_default();
        if !key.is_empty() {
            line.push(Span::new(Tone::Dim, format!(" ({key} asks)")));
        }
    }
    line
}
