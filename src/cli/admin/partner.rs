//! `caseload admin partner`

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{on_desk, said};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::PartnerId;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a partner, or give one another name
    ///
    /// The id stands in the users, licences and calendars of the partner and does not change.
    #[command(after_help = "Examples:
  caseload admin partner create nordwind --name \"Nordwind Support\"
  caseload admin partner create nordwind --name \"Nordwind\" --data ./desk")]
    Create {
        /// The partner's id
        #[arg(value_name = "ID")]
        id: String,
        /// The name that people read
        #[arg(long, value_name = "NAME")]
        name: String,
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
        Command::Create { id, name, at } => {
            let place = at.place(session)?;
            let id = PartnerId::new(id);
            let what = format!("make the partner {id}");
            on_desk(&place, &what, async |desk| desk.put_partner(&id, &name, now).await).await?;
            said(session, &json!({ "id": id }), &format!("partner {id} made"))
        }
    }
}
