//! `caseload admin token`

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::super::at::At;
use super::{on_desk, said};
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::UserId;
use crate::domain::text::safe_line;
use crate::service::store::NewToken;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a token and write it to standard output
    ///
    /// This is the one time to see it. Keep it in a file that nobody else can read (umask 077 before, or
    /// chmod 600 afterwards), and name that file in CASELOAD_TOKEN_FILE or as token_file.
    #[command(after_help = "Examples:
  caseload admin token create rhald --label laptop
  caseload admin token create rhald --days 90 > rhald.token")]
    Create {
        /// The user's id
        #[arg(value_name = "USER")]
        user: String,
        /// What the token is for, so that it can be revoked by that name
        #[arg(long, value_name = "TEXT", default_value = "")]
        label: String,
        /// After how many days it expires; without it, never
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
        #[command(flatten)]
        at: At,
    },
    /// Revoke a user's tokens
    ///
    /// All of them, or those with a label. Counts from the next request on.
    #[command(after_help = "Examples:
  caseload admin token revoke rhald --label laptop
  caseload admin token revoke rhald")]
    Revoke {
        /// The user's id
        #[arg(value_name = "USER")]
        user: String,
        /// Only the tokens with this label
        #[arg(long, value_name = "TEXT")]
        label: Option<String>,
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
        Command::Create { user, label, days, at } => {
            let place = at.place(session)?;
            let user = UserId::new(user);
            let expires_at = days.map(|days| now + TimeDelta::days(days.into()));
            let new = NewToken { user: &user, label: &label, expires_at };
            let token = on_desk(&place, &format!("make a token for {user}"), async |desk| {
                desk.create_token(&new, now).await
            })
            .await?;
            if session.output.json {
                session.output.json(&json!({ "token": token, "expires_at": expires_at }))?;
            } else {
                session.output.line(token)?;
            }
            Ok(Exit::Done)
        }
        Command::Revoke { user, label, at } => {
            let place = at.place(session)?;
            let user = UserId::new(user);
            let what = format!("revoke the tokens of {user}");
            let revoked = on_desk(&place, &what, async |desk| {
                desk.revoke_tokens(&user, label.as_deref(), now).await
            })
            .await?;
            if revoked == 0 {
                let label = label.map_or_else(String::new, |label| {
                    format!(" with the label \"{}\"", safe_line(&label, 60))
                });
                return Err(Failure::new(
                    Exit::Failed,
                    format!("Could not {what}: there is none in force{label}."),
                ));
            }
            said(session, &json!({ "revoked": revoked }), &format!("{revoked} revoked"))
        }
    }
}
