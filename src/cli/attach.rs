//! `caseload attach`

use std::path::{Path, PathBuf};

use serde::Serialize;
use uuid::Uuid;

use super::outcome::{Exit, Failure, stopped};
use super::session::{Connection, Session};
use crate::client::CallError;
use crate::domain::text::safe_line;
use crate::domain::{Attachment, CaseId};
use crate::sync::transfer::{self, NotSent};
use crate::wire::Problem;

/// Attach files to a case
///
/// Internal, as a note is: the customer is not told. The desk takes texts and logs, pictures, PDF, office
/// documents, screen recordings, network captures and archives.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload attach C-10412 error.log
  caseload attach C-10412 screen.png trace.pcap --json")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// Files of this machine
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// What became of one file, as it is written with `--json`.
#[derive(Serialize)]
#[serde(untagged)]
enum Answered {
    Done(Box<Attachment>),
    Refused(Box<Problem>),
    Nothing { error: String },
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    if args.id.is_empty() {
        return Err(Failure::usage("the case id is empty; ids look like C-10412"));
    }
    let id = CaseId::new(args.id);
    let connection = session.connect().await?;
    let mut worst = Exit::Done;
    let mut answers = Vec::new();
    for path in &args.files {
        match attach(&connection, &id, path).await {
            Ok(file) => {
                let output = &mut *session.output;
                if !output.json {
                    let (shown, name) = (output.id(&id), output.field(&file.name, 120));
                    let (n, size) = (output.field(&file.id.as_str().into(), 10), file.size);
                    output.done(format!("{shown}  attached {name} as file {n} ({size} bytes)"))?;
                }
                answers.push(Answered::Done(Box::new(file)));
            }
            Err((exit, sentence, problem)) => {
                worst = worst.max(exit);
                session.output.complain(&format!("caseload: {sentence}"));
                answers.push(match problem {
                    Some(problem) => Answered::Refused(problem),
                    None => Answered::Nothing { error: sentence },
                });
                // The next one would fare no better.
                if matches!(exit, Exit::NotReached | Exit::SignedOut | Exit::NoSuchCase) {
                    break;
                }
            }
        }
    }
    if session.output.json {
        match answers.as_slice() {
            [Answered::Nothing { .. }] if args.files.len() == 1 => {}
            [only] if args.files.len() == 1 => session.output.json(only)?,
            all => session.output.json_array(all)?,
        }
    }
    Ok(worst)
}

type Missed = (Exit, String, Option<Box<Problem>>);

/// Sends one file.
async fn attach(connection: &Connection, id: &CaseId, path: &Path) -> Result<Attachment, Missed> {
    let shown = safe_line(&path.to_string_lossy(), 200);
    let (key, progress) = (Uuid::now_v7(), transfer::unwatched());
    match transfer::send(connection.api.as_ref(), id, key, path, &progress).await {
        Ok(answer) => Ok(connection.learn(answer)),
        Err(NotSent::Here(why)) => {
            Err((Exit::Failed, format!("Could not attach {shown} to {id}: {why}."), None))
        }
        Err(NotSent::Call(error)) => Err(missed(connection, id, &shown, &error)),
    }
}

fn missed(connection: &Connection, id: &CaseId, shown: &str, error: &CallError) -> Missed {
    let exit = Exit::of(error);
    let why = stopped(&error.to_string());
    let mut answered = None;
    let sentence = match error {
        CallError::NotReached { sent: true, .. } => format!(
            "It is not known whether {shown} was attached to {id}: {why} Look at the case before you run it \
             again."
        ),
        CallError::NotReached { .. } | CallError::Busy { .. } => format!(
            "{shown} was not attached to {id}: {}; nothing was kept, run it again.",
            why.trim_end_matches('.')
        ),
        CallError::SignedOut(_) => connection.signed_out(error),
        CallError::NotAllowed(problem) | CallError::Refused(problem) => {
            answered = Some(problem.clone());
            let advice = match exit {
                Exit::NoSuchCase => {
                    format!(" Cases on desk {}: caseload list", connection.desk)
                }
                _ => String::new(),
            };
            format!("Could not attach {shown} to {id}: {why}{advice}")
        }
        CallError::NotUnderstood(_) => format!("Could not attach {shown} to {id}: {why}"),
    };
    (exit, sentence, answered)
}
