//! `caseload outbox send`

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::entry::{self, Told};
use super::{Kept, discard, every, tell_damaged};
use crate::cli::act::{done_line, exit_of, missed_by};
use crate::cli::outcome::{Exit, Failure, stopped};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::domain::{CaseId, Revision, Untrusted};
use crate::sync::store::{Row, RowState};
use crate::sync::{self, Drained, End};

/// Send what waits, now
///
/// Exit code 0 when nothing is left, 6 when the desk is not reached, 5 when something is asked, refused or
/// damaged. With numbers, entries that are asked about are sent all the same, on the case as it was shown; that
/// is one desk's: with several, name it with --desk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload outbox send
  caseload outbox send 3")]
pub struct Args {
    /// Numbers of entries that are asked about and are still to be done
    #[arg(value_name = "N")]
    numbers: Vec<u64>,
}

/// How long is waited where another process sends what waits.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came of it, as it is written with `--json`.
#[derive(Default, Serialize)]
struct Sent {
    sent: Vec<Done>,
    /// As `caseload outbox list --json` has them.
    left: Vec<Told>,
}

#[derive(Serialize)]
struct Done {
    #[serde(skip_serializing_if = "Option::is_none")]
    desk: Option<String>,
    n: u64,
    case: CaseId,
    revision: Revision,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let (all, mut worst) = if args.numbers.is_empty() {
        every(session).await?
    } else {
        let kept = Kept::one(session).await?;
        answer(&kept, &args.numbers).await?;
        (vec![kept], Exit::Done)
    };
    let several = session.settings()?.meant_desks()?.len() > 1;
    let mut came = Sent::default();
    let mut none = true;
    for kept in &all {
        let desk = &kept.connection.desk;
        // Of the cases that an entry is asked about, what comes after it waits for the answer.
        let mut asked = HashSet::new();
        let before = kept.rows().await?;
        none &= before.rows.iter().all(discard::is_done) && before.damaged.is_empty();
        let api = Arc::clone(&kept.connection.api);
        let (store, clock) = (Arc::clone(&kept.store), Arc::clone(&kept.connection.clock));
        let ends = sync::drain(api, store, clock, &[], PATIENCE).await;
        for drained in ends.map_err(|error| kept.failed("send", &error))? {
            let row = before.rows.iter().find(|row| row.n == drained.n);
            let named = several.then_some(desk.as_str());
            if matches!(drained.end, End::Asked(_)) {
                asked.insert(drained.case.clone());
            }
            let is_behind = asked.contains(&drained.case);
            let exit = tell(session, kept, named, row, drained, &mut came)?;
            worst = worst.max(if is_behind { Exit::Conflict } else { exit });
        }
        let left = kept.outbox().await?;
        if !left.damaged.is_empty() {
            worst = worst.max(Exit::Conflict);
            tell_damaged(session, desk, &left.damaged);
        }
        came.left.extend(Told::all(&left, several.then_some(desk)));
    }
    if session.output.json {
        session.output.json(&came)?;
    } else if none && !all.is_empty() {
        session.output.remark("Nothing waits to be sent.");
    }
    Ok(worst)
}

/// Takes the numbers as answers: these are to be sent all the same.
async fn answer(kept: &Kept, numbers: &[u64]) -> Result<(), Failure> {
    const NOTHING: &str = "nothing was sent";
    let rows = kept.rows().await?;
    for &n in numbers {
        let row = rows.rows.iter().find(|row| row.n == n && !discard::is_done(row));
        let why = match row.map(|row| &row.state) {
            Some(RowState::Refused(problem)) => format!(
                "it was refused ({}), and would be again. Run the act anew in other words, then give this one up: \
                 caseload outbox discard {n}",
                problem.detail.cell(200)
            ),
            None if rows.damaged.iter().any(|damaged| damaged.n == n) => format!(
                "its bytes have changed on the disk. Run the act anew, then give this one up: caseload outbox \
                 discard {n}"
            ),
            None => return Err(discard::unknown(kept, n, NOTHING)),
            Some(_) => continue,
        };
        let sentence = format!("Could not send entry {n}, and {NOTHING}: {why}");
        return Err(Failure::new(Exit::Failed, sentence));
    }
    for &n in numbers {
        let now = kept.connection.now();
        kept.store.still_send(n, now).await.map_err(|error| kept.failed("change", &error))?;
    }
    Ok(())
}

/// Tells how an entry ended, and how that counts.
fn tell(
    session: &mut Session<'_>,
    kept: &Kept,
    desk: Option<&str>,
    row: Option<&Row>,
    Drained { n, case, end }: Drained,
    came: &mut Sent,
) -> Result<Exit, Failure> {
    let output = &mut *session.output;
    let place = desk.map_or_else(String::new, |desk| format!("{desk}: "));
    let act = row.map_or_else(
        || format!("entry {n}"),
        |row| Untrusted::new(entry::act(&row.case, &row.action)).cell(160),
    );
    let exit = match end {
        End::Done(acted) => {
            if output.json {
                let (case, revision) = (acted.case.id, acted.case.revision);
                came.sent.push(Done { desk: desk.map(str::to_owned), n, case, revision });
            } else if let Some(row) = row {
                let line = done_line(output, &acted, row.action.kind());
                output.done(format!("{place}{line}"))?;
            }
            Exit::Done
        }
        End::Asked(question) => {
            let base = row.and_then(|row| row.base.as_deref());
            let asked = stopped(&entry::asked(&case, base, &question));
            output.complain(&format!(
                "caseload: {place}{asked} ({act}) caseload outbox send {n} sends it all the same, caseload outbox \
                 discard {n} gives it up."
            ));
            Exit::Conflict
        }
        End::Refused(problem) => {
            let why = row.map_or_else(
                || problem.detail.cell(300),
                |row| row.failure(&problem).sentence.cell(400),
            );
            output.complain(&format!(
                "caseload: {place}{} To give entry {n} up: caseload outbox discard {n}",
                stopped(&why)
            ));
            Exit::Conflict
        }
        End::Waiting(Some(setback)) => {
            let exit = exit_of(setback.cause);
            let why = missed_by(&kept.connection, &setback);
            output.complain(&format!("caseload: {place}Still waits as {n}: {act}. {why}"));
            exit
        }
        End::Waiting(None) => {
            output.complain(&format!(
                "caseload: {place}Still waits as {n}: {act}. Its turn has not come yet."
            ));
            Exit::NotReached
        }
        End::Gone => {
            let act = safe_line(&act, 200);
            output.remark(&format!("caseload: {place}No longer there: {n}, {act}."));
            Exit::Done
        }
    };
    Ok(exit)
}
