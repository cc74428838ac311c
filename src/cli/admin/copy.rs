//! `caseload admin backup` and `caseload admin restore`

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{failed, on_existing_desk, said};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::service::store::Store;

#[derive(Debug, clap::Args)]
pub struct Backup {
    /// The file to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, clap::Args)]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    at: At,
}

const AUDIT_IS_WRONG: &str = "The audit record is not as it was written; the copy has it as it is. caseload \
                              admin audit verify names the rows.";

pub async fn backup(session: &mut Session<'_>, args: Backup) -> Result<Exit, Failure> {
    let place = args.at.place(session)?;
    let name = safe_line(&args.file.to_string_lossy(), 400);
    let what = format!("back up to {name}");
    let done =
        on_existing_desk(&place, &what, async |desk| desk.back_up(&args.file, args.force).await)
            .await?;
    if !done.audit_right {
        session.output.remark(AUDIT_IS_WRONG);
    }
    said(
        session,
        &json!({
            "file": name, "cases": done.cases, "bytes": done.bytes, "audit_seq": done.audit_seq,
            "audit_right": done.audit_right,
        }),
        &format!(
            "{name} holds the desk: {} cases, {} bytes, the audit record up to row {}",
            done.cases, done.bytes, done.audit_seq
        ),
    )
}

pub async fn restore(
    session: &mut Session<'_>,
    args: Restore,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    let place = args.at.place(session)?;
    let name = safe_line(&args.file.to_string_lossy(), 400);
    let done = Store::restore(&place, &args.file, now)
        .await
        .map_err(|error| failed(&format!("restore {name}"), &place, &error))?;
    if !done.audit_right {
        session.output.remark(AUDIT_IS_WRONG);
    }
    said(
        session,
        &json!({
            "cases": done.cases, "audit_seq": done.audit_seq, "audit_right": done.audit_right,
        }),
        &format!(
            "the desk of {name} is in {place}: {} cases, the audit record up to row {}",
            done.cases, done.audit_seq
        ),
    )
}
