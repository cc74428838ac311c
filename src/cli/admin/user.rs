//! `caseload admin user`

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{on_desk, said};
use crate::cli::args::word;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::{PartnerId, Role, UserId};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a user
    ///
    /// A partner agent needs the partner; nobody else has one. `caseload admin token create` then lets
    /// them in.
    #[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin user create rhald --name \"R. Hald\" --role partner --partner nordwind")]
    Create {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
        /// The name that people read
        #[arg(long, value_name = "NAME")]
        name: String,
        /// What they are at the desk
        #[arg(long, value_name = "ROLE", value_parser = word!(Role))]
        role: Role,
        /// The partner whose agent this is
        #[arg(long, value_name = "ID")]
        partner: Option<String>,
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
        Command::Create { id, name, role, partner, at } => {
            let place = at.place(session)?;
            let (id, partner) = (UserId::new(id), partner.map(PartnerId::new));
            on_desk(&place, &format!("make the user {id}"), async |desk| {
                desk.create_user(&id, &name, role, partner.as_ref(), now).await
            })
            .await?;
            said(
                session,
                &json!({ "id": id, "role": role }),
                &format!("user {id} made; a token: caseload admin token create {id}"),
            )
        }
    }
}
