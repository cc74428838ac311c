//! `caseload download`

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::outcome::{Exit, Failure, stopped};
use super::session::{Connection, Session};
use crate::client::CallError;
use crate::domain::text::safe_line;
use crate::domain::{Attachment, CaseId};
use crate::sync::transfer::{self, NotBrought, name};
use crate::wire::Code;

/// Bring the files of a case to this machine
///
/// A file that is there already is never overwritten without --force. What broke off stays beside it as
/// NAME.part, and the next download goes on from there. Names are made safe for this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload download C-10412
  caseload download C-10412 3 --to /tmp/C-10412")]
pub struct Args {
    /// Case id, such as C-10412
    #[arg(value_name = "ID")]
    id: String,
    /// The number of the file, as `caseload show` tells it, or all
    #[arg(value_name = "N|all", default_value = "all")]
    which: String,
    /// The folder to put them into
    #[arg(long, value_name = "DIR", default_value = ".")]
    to: PathBuf,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

/// A file that is here now, as it is written with `--json`.
#[derive(Serialize)]
struct Brought {
    id: String,
    name: String,
    path: String,
    size: u64,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    if args.id.is_empty() {
        return Err(Failure::usage("the case id is empty; ids look like C-10412"));
    }
    let id = CaseId::new(args.id);
    let connection = session.connect().await?;
    let files = match connection.api.attachments(&id).await {
        Ok(answer) => connection.learn(answer),
        Err(CallError::Refused(problem)) if problem.code == Code::NotFound => {
            let desk = &connection.desk;
            let sentence = format!(
                "There is no case {id} on desk {desk} that you may see. Open cases: caseload list"
            );
            return Err(Failure::new(Exit::NoSuchCase, sentence));
        }
        Err(error) => return Err(connection.failed(format_args!("list the files of {id}"), &error)),
    };
    let names = name::of_all(&files);
    let mut chosen: Vec<(&Attachment, String)> = files.iter().zip(names).collect();
    if args.which != "all" {
        chosen.retain(|(file, _)| file.id == args.which);
        if chosen.is_empty() {
            let which = safe_line(&args.which, 20);
            let sentence =
                format!("{id} has no file {which}; it has {}: caseload show {id}", files.len());
            return Err(Failure::new(Exit::NoSuchCase, sentence));
        }
    }
    if chosen.is_empty() {
        session.output.remark(&format!("{id} has no files."));
    } else if let Err(error) = std::fs::create_dir_all(&args.to) {
        let folder = safe_line(&args.to.to_string_lossy(), 200);
        let sentence = format!("Could not make the folder {folder}: {error}.");
        return Err(Failure::new(Exit::Failed, sentence));
    }
    let mut worst = Exit::Done;
    let mut brought = Vec::new();
    for (file, name) in chosen {
        let path = args.to.join(&name);
        match bring(&connection, &id, file, &path, args.force).await {
            Ok(()) => {
                let output = &mut *session.output;
                if !output.json {
                    let shown = safe_line(&path.to_string_lossy(), 200);
                    output.done(format!("{}  {shown} ({} bytes)", output.id(&id), file.size))?;
                }
                brought.push(Brought {
                    id: file.id.clone(),
                    name: file.name.raw().to_owned(),
                    path: path.to_string_lossy().into_owned(),
                    size: file.size,
                });
            }
            Err((exit, sentence)) => {
                worst = worst.max(exit);
                session.output.complain(&format!("caseload: {sentence}"));
                if matches!(exit, Exit::NotReached | Exit::SignedOut) {
                    break;
                }
            }
        }
    }
    if session.output.json {
        session.output.json_array(&brought)?;
    }
    Ok(worst)
}

/// Brings one file; what is there of it already is not brought again.
async fn bring(
    connection: &Connection,
    id: &CaseId,
    file: &Attachment,
    path: &Path,
    force: bool,
) -> Result<(), (Exit, String)> {
    let progress = transfer::unwatched();
    let api = connection.api.as_ref();
    let error = match transfer::bring(api, id, file, path, force, &progress).await {
        Ok(answer) => {
            connection.learn(answer);
            return Ok(());
        }
        Err(error) => error,
    };
    let shown = safe_line(&path.to_string_lossy(), 200);
    let n = safe_line(&file.id, 20);
    let failed = |why: String| (Exit::Failed, format!("Could not bring file {n} of {id}: {why}"));
    Err(match error {
        NotBrought::There => failed(format!("{shown} is there already; --force overwrites it.")),
        NotBrought::Here(error) => failed(format!("{shown} cannot be written: {error}.")),
        NotBrought::Other => failed("other bytes came than the desk has; run it again.".to_owned()),
        NotBrought::Call { error, kept } => {
            let (failure, why) = (Exit::of(&error), stopped(&error.to_string()));
            match &error {
                CallError::SignedOut(_) => (failure, connection.signed_out(&error)),
                _ if kept > 0 => (
                    failure,
                    format!(
                        "Could not bring all of file {n} of {id}: {why} {kept} bytes of {} are in \
                         {shown}.part; run it again to go on.",
                        file.size
                    ),
                ),
                _ => (failure, failed(why).1),
            }
        }
    })
}
