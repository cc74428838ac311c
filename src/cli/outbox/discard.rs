//! `caseload outbox discard`

use super::{Kept, entry};
use crate::cli::confirm;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::Untrusted;
use crate::sync::store::{Row, RowState};

/// Give entries of the outbox up
///
/// What was written in them is gone. Asks first; without a terminal it needs --yes. An entry that was tried may
/// have been done all the same, which is said.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload outbox discard 3
  caseload outbox discard 3 4 --yes")]
pub struct Args {
    /// Numbers of entries, as `caseload outbox list` shows them
    #[arg(value_name = "N", required = true)]
    numbers: Vec<u64>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

const NOTHING: &str = "nothing was discarded";

pub async fn run(session: &mut Session<'_>, mut args: Args) -> Result<Exit, Failure> {
    let kept = Kept::one(session).await?;
    args.numbers.sort_unstable();
    args.numbers.dedup();
    let mut chosen = Vec::new();
    let rows = kept.rows().await?;
    for n in args.numbers {
        if let Some(row) = rows.rows.iter().find(|row| row.n == n && !is_done(row)) {
            let mut text = Untrusted::new(entry::act(&row.case, &row.action)).cell(TEXT);
            if row.uncertain && !matches!(row.state, RowState::Refused(_)) {
                text += " (it may have been done: a try had no answer)";
            }
            chosen.push(Chosen { n, text, damaged: false });
        } else if let Some(damaged) = rows.damaged.iter().find(|damaged| damaged.n == n) {
            let text = format!("damaged: {}", damaged.text.cell(TEXT));
            chosen.push(Chosen { n, text, damaged: true });
        } else {
            return Err(unknown(&kept, n, NOTHING));
        }
    }
    if !args.yes {
        for Chosen { n, text, .. } in &chosen {
            session.output.complain(&format!("  {n}  {text}"));
        }
        let what = match chosen.as_slice() {
            [_] => "this entry".to_owned(),
            all => format!("these {} entries", all.len()),
        };
        confirm::ask(session, &format!("Discard {what}?"), NOTHING)?;
    }
    let mut worst = Exit::Done;
    let mut gone = Vec::new();
    for Chosen { n, text, damaged } in chosen {
        let discarded =
            if damaged { kept.store.discard_damaged(n).await } else { kept.store.discard(n).await };
        if discarded.map_err(|error| kept.failed("change", &error))? {
            gone.push(n);
            if !session.output.json {
                session.output.done(format!("{n}  discarded: {text}"))?;
            }
        } else {
            worst = Exit::Failed;
            session.output.complain(&format!(
                "caseload: Could not discard {n}: it is on its way to the desk, or has its answer by now."
            ));
        }
    }
    if session.output.json {
        session.output.json(&serde_json::json!({ "discarded": gone }))?;
    }
    Ok(worst)
}

/// Columns of an act in a question.
const TEXT: usize = 160;

struct Chosen {
    n: u64,
    /// Safe for a terminal.
    text: String,
    damaged: bool,
}

pub(super) fn is_done(row: &Row) -> bool {
    matches!(row.state, RowState::Done(_))
}

/// `nothing` says what was left as it was.
pub(super) fn unknown(kept: &Kept, n: u64, nothing: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        format!(
            "The outbox of desk {} has no entry {n}; {nothing}. All entries: caseload outbox list",
            kept.connection.desk
        ),
    )
}
