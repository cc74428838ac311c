//! `caseload admin partner`

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{on_desk, on_existing_desk, said, table};
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
    /// Give a partner that is there another name
    ///
    /// Its id stays, and with it everything that is the partner's.
    #[command(after_help = "Examples:
  caseload admin partner rename nordwind --name \"Nordwind\"
  caseload admin partner rename direct --name \"Vendor desk\" --data ./desk")]
    Rename {
        /// The partner's id
        #[arg(value_name = "ID")]
        id: String,
        /// The name that people read
        #[arg(long, value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// List the partners
    ///
    /// With how many agents and licences each has.
    #[command(after_help = "Examples:
  caseload admin partner list
  caseload admin partner list --json")]
    List {
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
        Command::Rename { id, name, at } => {
            let place = at.place(session)?;
            let id = PartnerId::new(id);
            let what = format!("rename the partner {id}");
            on_existing_desk(&place, &what, async |desk| {
                desk.rename_partner(&id, &name, now).await
            })
            .await?;
            said(session, &json!({ "id": id }), &format!("partner {id} renamed"))
        }
        Command::List { at } => {
            let place = at.place(session)?;
            let partners =
                on_existing_desk(&place, "list the partners", async |desk| desk.partners().await)
                    .await?;
            if session.output.json {
                session.output.json_array(&partners)?;
                return Ok(Exit::Done);
            }
            let rows: Vec<_> = partners
                .into_iter()
                .map(|p| {
                    vec![
                        p.id.as_str().to_owned(),
                        p.name,
                        p.agents.to_string(),
                        p.licences.to_string(),
                    ]
                })
                .collect();
            table(session, &["id", "name", "agents", "licences"], &rows)?;
            Ok(Exit::Done)
        }
    }
}
