//! `caseload admin audit`

use super::super::at::At;
use super::{on_existing_desk, table};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::CaseId;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Verify that the audit record is as it was written
    ///
    /// Names every row that was changed, removed, swapped or cut off, and how many are right. Exit code 1 if
    /// any is wrong. Somebody who may write the whole database can write a whole record anew: note the number
    /// and hash of the last row elsewhere, and compare.
    #[command(after_help = "Examples:
  caseload admin audit verify
  caseload admin audit verify --data ./desk --json")]
    Verify {
        #[command(flatten)]
        at: At,
    },
    /// List the audit record
    ///
    /// The oldest first. An administrator's acts say whom or what they changed, and to what.
    #[command(after_help = "Examples:
  caseload admin audit list --after 12000
  caseload admin audit list --case C-10412 --json")]
    List {
        /// Only rows after this number
        #[arg(long, value_name = "N", default_value_t = 0)]
        after: i64,
        /// Only what was done to this case
        #[arg(long, value_name = "ID")]
        case: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 1000,
            value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        #[command(flatten)]
        at: At,
    },
}

pub async fn run(session: &mut Session<'_>, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Verify { at } => verify(session, &at).await,
        Command::List { after, case, limit, at } => {
            list(session, after, case.map(CaseId::new), limit as usize, &at).await
        }
    }
}

async fn verify(session: &mut Session<'_>, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let what = "verify the audit record";
    let verified = on_existing_desk(&place, what, async |desk| desk.verify_audit().await).await?;
    let exit = if verified.wrong.is_empty() { Exit::Done } else { Exit::Failed };
    if session.output.json {
        session.output.json(&verified)?;
        return Ok(exit);
    }
    for wrong in &verified.wrong {
        session.output.line(format!("row {} {wrong}", wrong.seq))?;
    }
    if verified.more > 0 {
        session.output.line(format!("and {} more", verified.more))?;
    }
    session.output.done(format!(
        "{} of {} rows are right; the last one is {}, its hash {}",
        verified.right, verified.rows, verified.seq, verified.hash
    ))?;
    if exit == Exit::Failed {
        session.output.remark(
            "The record is not as it was written. Keep a copy of the database as it is, and compare it with \
             a backup.",
        );
    }
    Ok(exit)
}

async fn list(
    session: &mut Session<'_>,
    after: i64,
    case: Option<CaseId>,
    limit: usize,
    at: &At,
) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let page = on_existing_desk(&place, "list the audit record", async |desk| {
        desk.audit_of(case.as_ref(), after, limit).await
    })
    .await?;
    let entries = page.entries;
    if entries.len() == limit {
        session.output.remark(&format!("The next ones: --after {}", page.next));
    }
    if session.output.json {
        session.output.json_array(&entries)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            vec![
                entry.seq.to_string(),
                entry.at.format("%Y-%m-%d %H:%M:%S").to_string(),
                entry.actor.as_str().to_owned(),
                entry.case.map_or_else(|| "-".to_owned(), |case| case.as_str().to_owned()),
                entry.action,
            ]
        })
        .collect();
    table(session, &["seq", "at (UTC)", "who", "case", "what"], &rows)?;
    Ok(Exit::Done)
}
