//! `caseload outbox list`

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use super::entry::{self, Told};
use super::{every, tell_damaged};
use crate::cli::look::Look;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::output::padded;
use crate::cli::session::Session;
use crate::cli::show::local;
use crate::domain::Untrusted;
use crate::domain::outbox::{Entry, Outbox};
use crate::domain::text::columns;

/// List what has no final answer yet
///
/// Its number, its state, when it was ordered and what it says; below, why it is still there. States: queued
/// (waits for the desk or for its turn), sending, asked (say whether it is still to be done: caseload outbox
/// send N), refused (caseload outbox discard N), damaged (its bytes have changed on the disk; it is not sent).
/// The desk is not asked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload outbox list
  caseload outbox list --json")]
pub struct Args {}

pub async fn run(session: &mut Session<'_>, _: &Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let look = Look::new(settings.screen.ascii.value);
    let (all, worst) = every(session).await?;
    let several = settings.meant_desks()?.len() > 1;
    let mut told = Vec::new();
    let mut none = true;
    for kept in &all {
        let outbox = kept.outbox().await?;
        let desk = &kept.connection.desk;
        none &= outbox.entries.is_empty() && outbox.damaged.is_empty();
        if session.output.json {
            told.extend(Told::all(&outbox, several.then_some(desk)));
        } else {
            table(session, &look, several.then_some(desk), &outbox)?;
        }
        tell_damaged(session, desk, &outbox.damaged);
    }
    if session.output.json {
        session.output.json_array(&told)?;
    } else if none && !all.is_empty() {
        session.output.remark("Nothing waits to be sent.");
    }
    Ok(worst)
}

fn table(
    session: &mut Session<'_>,
    look: &Look,
    desk: Option<&String>,
    outbox: &Outbox,
) -> Result<(), Failure> {
    let output = &mut *session.output;
    let desk = desk.map_or_else(String::new, |desk| format!("{desk}  "));
    let mut rows: Vec<Row> = outbox.entries.iter().map(Row::of).collect();
    rows.extend(outbox.damaged.iter().map(|damaged| Row {
        n: damaged.n,
        state: "damaged",
        queued_at: None,
        text: Untrusted::new(entry::one_line(damaged.text.raw())),
        question: None,
        below: None,
    }));
    rows.sort_by_key(|row| row.n);
    let n = rows.iter().map(|row| row.n.to_string().len()).max().unwrap_or(1);
    for row in rows {
        let at = row.queued_at.map_or_else(String::new, local);
        let place = format!("{desk}{:n$}", row.n);
        let style = if row.state == "queued" { Style::new() } else { look.title() };
        let state = output.paint(style, &padded(row.state, 7));
        let head = format!("{place}  {state}  {}  ", padded(&at, WHEN));
        let used = columns(&place) + 2 + 7 + 2 + WHEN + 2;
        let left = output.width.saturating_sub(used).max(20);
        // In a pipe an entry is a line.
        let text = match &row.question {
            Some(question) if !output.terminal => {
                Untrusted::new(format!("{question} ({})", row.text.raw()))
            }
            _ => row.text,
        };
        let text = output.field(&text, left);
        output.line(format!("{head}{text}").trim_end_matches(' '))?;
        if let Some(below) = row.below.filter(|_| output.terminal) {
            let indent = columns(&place) + 2;
            output.prose(&below, indent)?;
        }
    }
    Ok(())
}

/// Columns of `2026-11-24 10:04 +00:00`.
const WHEN: usize = 23;

struct Row {
    n: u64,
    state: &'static str,
    queued_at: Option<DateTime<Utc>>,
    text: Untrusted,
    /// What the person is asked.
    question: Option<String>,
    /// Why it is still there.
    below: Option<Untrusted>,
}

impl Row {
    fn of(entry: &Entry) -> Self {
        let text = entry::one_line(&entry::act(&entry.case, &entry.action));
        let question = entry::question(entry);
        let below = question.clone().map(Untrusted::new).or_else(|| {
            let error = entry::last_error(entry)?;
            Some(match entry.tries {
                0 | 1 => error,
                tries => Untrusted::new(format!("tried {tries} times: {}", error.raw())),
            })
        });
        Self {
            n: entry.n,
            state: entry::state(&entry.state),
            queued_at: Some(entry.queued_at),
            text: Untrusted::new(text),
            question,
            below,
        }
    }
}
