//! `caseload admin check`

use serde_json::json;

use super::super::at::At;
use super::{is_there, on_existing_desk};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::service::store::{Checked, Fault, Store, StoreError};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    at: At,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let place = args.at.place(session)?;
    let what = "check the desk";
    is_there(&place, what)?;
    // A file that cannot even be opened is what is told, not a failure to tell it.
    let checked = match Store::open(&place).await {
        Err(StoreError::Damaged(why)) => Checked {
            faults: vec![Fault {
                what: "the database".to_owned(),
                why,
                todo: "restore from a backup (caseload admin restore)",
            }],
            ..Checked::default()
        },
        Err(_) => on_existing_desk(&place, what, async |desk| desk.check_all().await).await?,
        Ok(desk) => {
            let checked = desk.check_all().await;
            desk.close().await;
            checked.map_err(|error| super::failed(what, &place, &error))?
        }
    };
    let exit = if checked.faults.is_empty() { Exit::Done } else { Exit::Failed };
    if session.output.json {
        session.output.json(&json!({ "ok": exit == Exit::Done, "found": checked }))?;
        return Ok(exit);
    }
    for fault in &checked.faults {
        session.output.line(format!(
            "{} {}; {}",
            safe_line(&fault.what, 120),
            safe_line(&fault.why, 400),
            fault.todo
        ))?;
    }
    if checked.more > 0 {
        session.output.line(format!("and {} more", checked.more))?;
    }
    let verdict = if exit == Exit::Done { "nothing is wrong" } else { "something is wrong" };
    session.output.done(format!(
        "{verdict}: {} cases, {} timeline entries, {} rows of the audit record, schema {}",
        checked.cases, checked.timeline, checked.audit, checked.schema
    ))?;
    Ok(exit)
}
