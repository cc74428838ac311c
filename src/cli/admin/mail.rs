//! `caseload admin mail`

use std::fmt::Write;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{on_desk, said};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::service::mail::{MailEntry, Which};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the letters to customers
    ///
    /// The latest first: what was sent, what waits and when it is tried next, what is dead and what the mail
    /// server said, and what was held back and why.
    #[command(after_help = "Examples:
  caseload admin mail list --dead
  caseload admin mail list --limit 20 --data ./desk --json")]
    List {
        /// Only those that were given up
        #[arg(long)]
        dead: bool,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 200)]
        limit: usize,
        #[command(flatten)]
        at: At,
    },
    /// Send dead letters again
    ///
    /// They get all their tries and days once more, and keep their Message-ID. A service that runs takes them
    /// up within a minute. What was held back stays so: the agent tells the customer.
    #[command(after_help = "Examples:
  caseload admin mail retry 17 21
  caseload admin mail retry --all-dead --data ./desk")]
    Retry {
        /// The letters' ids, as the list shows them
        #[arg(value_name = "ID", required_unless_present = "all_dead")]
        ids: Vec<i64>,
        /// All that were given up
        #[arg(long, conflicts_with = "ids")]
        all_dead: bool,
        #[command(flatten)]
        at: At,
    },
}

pub async fn run(
    session: &mut Session<'_>,
    command: Command,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    match command {
        Command::List { dead, limit, at } => {
            let place = at.place(session)?;
            let which = if dead { Which::Dead } else { Which::All };
            let letters =
                on_desk(&place, "list the mail", async |desk| desk.mail(which, limit).await)
                    .await?;
            if session.output.json {
                session.output.json_array(&letters)?;
                return Ok(Exit::Done);
            }
            if letters.is_empty() {
                let what = if dead { "No letter is dead." } else { "There is no mail." };
                session.output.remark(what);
            }
            for letter in &letters {
                session.output.line(line(letter))?;
            }
            Ok(Exit::Done)
        }
        Command::Retry { ids, all_dead, at } => {
            let place = at.place(session)?;
            let wanted = (!all_dead).then_some(ids.as_slice());
            let retried = on_desk(&place, "queue mail again", async |desk| {
                desk.retry_mail(wanted, now).await
            })
            .await?;
            let left: Vec<String> =
                ids.iter().filter(|id| !retried.contains(id)).map(ToString::to_string).collect();
            let letters = |n: usize| if n == 1 { "letter" } else { "letters" };
            if left.is_empty() {
                let sentence = format!("{} {} queued again", retried.len(), letters(retried.len()));
                return said(session, &json!({ "queued": retried }), &sentence);
            }
            let others = if retried.is_empty() {
                String::new()
            } else {
                format!(" {} others are queued again.", retried.len())
            };
            Err(Failure::new(
                Exit::Failed,
                format!(
                    "Could not queue {} {} again: not dead. caseload admin mail list --dead shows those that \
                     are.{others}",
                    letters(left.len()),
                    left.join(", ")
                ),
            ))
        }
    }
}

fn line(letter: &MailEntry) -> String {
    let at = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    // Writing to a String cannot fail.
    let MailEntry { id, case, kind, to, state, created_at, .. } = letter;
    let mut line = format!(
        "{id}  {state:<6}  {case}  {}  to {}  {}",
        kind.word(),
        safe_line(to.raw(), 120),
        at(*created_at)
    );
    if let Some(held) = letter.held {
        line.push_str("  ");
        line.push_str(held.sentence());
    }
    if let Some(next) = letter.next_at {
        let _ = write!(line, "  next {}", at(next));
    }
    if let Some(error) = letter.last_error.as_ref().filter(|_| letter.sent_at.is_none()) {
        let _ = write!(line, "  tried {}: {}", letter.tries, safe_line(error.raw(), 200));
    }
    line
}
