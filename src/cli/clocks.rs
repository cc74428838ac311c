//! A case's clocks in plain output, one a line.

use chrono::{DateTime, Utc};

use super::look::Look;
use super::outcome::Failure;
use super::output::{Output, padded};
use crate::domain::text::columns;
use crate::domain::{ClockKind, ClockSummary};
use crate::sla::policy::Policy;
use crate::sla::reading;

/// Which clock, its target, how it reads, when it is due, and how far away that is on the wall.
pub fn write(
    output: &mut Output,
    look: &Look,
    clocks: &[ClockSummary],
    policy: &Policy,
    now: DateTime<Utc>,
    indent: usize,
) -> Result<(), Failure> {
    let rows: Vec<_> = clocks
        .iter()
        .map(|clock| {
            let name = match clock.kind {
                ClockKind::Response => "response".to_owned(),
                ClockKind::Resolution => format!("resolution, {}", clock.tier),
            };
            let wall =
                reading::wall(clock, now).map_or_else(String::new, |w| format!(", {}", w.text));
            let due = reading::due_text(clock, policy)
                .map_or_else(String::new, |due| format!("due {due}{wall}"));
            (name, clock.target.to_string(), reading::read(clock, policy, now), due)
        })
        .collect();
    let widest = |cells: &mut dyn Iterator<Item = &str>| cells.map(columns).max().unwrap_or(0);
    let name_width = widest(&mut rows.iter().map(|row| row.0.as_str()));
    let target_width = widest(&mut rows.iter().map(|row| row.1.as_str()));
    let text_width = widest(&mut rows.iter().map(|row| row.2.text.as_str()));
    for (name, target, reading, due) in &rows {
        let style = look.face(reading.face);
        let sign = look.sign(reading.face);
        let gap = " ".repeat(look.sign_width() - columns(sign));
        let text_gap = " ".repeat(text_width - columns(&reading.text));
        let line = format!(
            "{:indent$}{}{gap} {}  {}  {}{text_gap}  {due}",
            "",
            output.paint(style, sign),
            padded(name, name_width),
            padded(target, target_width),
            output.paint(style, &reading.text),
        );
        output.line(line.trim_end_matches(' '))?;
    }
    Ok(())
}
