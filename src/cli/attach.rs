//! `caseload attach`

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::outcome::{Exit, Failure, stopped};
use super::session::{Connection, Session};
use crate::client::files::Upload;
use crate::client::{Answer, CallError};
use crate::domain::text::safe_line;
use crate::domain::{Attachment, CaseId};
use crate::wire::{Code, Problem};

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

/// How long to wait before a file is sent again whose answer was lost.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1200)];

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

/// Sends one file. Where the answer is lost it is sent again with the same key: it is attached once.
async fn attach(connection: &Connection, id: &CaseId, path: &Path) -> Result<Attachment, Missed> {
    let shown = safe_line(&path.to_string_lossy(), 200);
    let key = Uuid::now_v7();
    let mut waits = AGAIN_AFTER.iter();
    loop {
        // Opened for each try: a file that was read is at its end.
        let file = open(path).await.map_err(|why| {
            (Exit::Failed, format!("Could not attach {shown} to {id}: {why}."), None)
        })?;
        let error = match connection.api.upload(id, key, file).await {
            Ok(Answer { value, date }) => return Ok(connection.learn(Answer { value, date })),
            Err(error) => error,
        };
        let in_doubt = match &error {
            CallError::NotReached { sent, .. } => *sent,
            CallError::Refused(problem) => problem.code == Code::InProgress,
            _ => false,
        };
        match waits.next() {
            Some(wait) if in_doubt => tokio::time::sleep(*wait).await,
            _ => return Err(missed(connection, id, &shown, &error)),
        }
    }
}

async fn open(path: &Path) -> Result<Upload, String> {
    let name = path.file_name().ok_or("it is not a file")?.to_string_lossy().into_owned();
    let told = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        _ => error.to_string(),
    };
    // Asked first: to open a pipe would wait for somebody to write into it.
    let known = tokio::fs::metadata(path).await.map_err(told)?;
    if !known.is_file() {
        return Err("it is not a file".to_owned());
    }
    if known.len() == 0 {
        return Err("it is empty".to_owned());
    }
    let content = tokio::fs::File::open(path).await.map_err(told)?;
    Ok(Upload { name, size: known.len(), content: Box::pin(content) })
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
