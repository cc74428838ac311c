//! `caseload admin user`

use chrono::{DateTime, Utc};
use serde_json::json;

use super::super::at::At;
use super::{minute, on_desk, on_existing_desk, said, table};
use crate::cli::args::word;
use crate::cli::outcome::{Exit, Failure};
use crate::cli::session::Session;
use crate::domain::text::safe_line;
use crate::domain::{PartnerId, Role, UserId};
use crate::service::store::UserRecord;

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
    /// List the users
    ///
    /// With how many tokens each has that are not revoked, and how many open cases each holds.
    #[command(after_help = "Examples:
  caseload admin user list
  caseload admin user list --json")]
    List {
        #[command(flatten)]
        at: At,
    },
    /// Show one user
    ///
    /// With their tokens, by what can be shown of them, and how many open cases they hold.
    #[command(after_help = "Examples:
  caseload admin user show rhald
  caseload admin user show rhald --json")]
    Show {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Give a user another role
    ///
    /// It counts from their next request on; the open cases that they hold stay theirs until somebody takes
    /// or assigns them.
    #[command(after_help = "Examples:
  caseload admin user role lito oncall
  caseload admin user role lito partner --partner nordwind")]
    Role {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
        /// What they are at the desk
        #[arg(value_name = "ROLE", value_parser = word!(Role))]
        role: Role,
        /// The partner whose agent this is
        #[arg(long, value_name = "ID")]
        partner: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Give a user another name
    ///
    /// What they did stays under the name that they had.
    #[command(after_help = "Examples:
  caseload admin user rename lito --name \"L. Ito-Berg\"
  caseload admin user rename lito --name \"L. Ito\" --data ./desk")]
    Rename {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
        /// The name that people read
        #[arg(long, value_name = "NAME")]
        name: String,
        #[command(flatten)]
        at: At,
    },
    /// Keep a user out
    ///
    /// None of their tokens counts from their next request on, and no case can be assigned to them. What they
    /// did stays, and so do the open cases that they hold.
    #[command(after_help = "Examples:
  caseload admin user disable lito
  caseload admin user disable lito --data ./desk")]
    Disable {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        at: At,
    },
    /// Let a disabled user in again
    ///
    /// The tokens that they have count again, if they have not expired or been revoked meanwhile.
    #[command(after_help = "Examples:
  caseload admin user enable lito
  caseload admin user enable lito --data ./desk")]
    Enable {
        /// The user's id
        #[arg(value_name = "ID")]
        id: String,
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
        Command::List { at } => list(session, &at).await,
        Command::Show { id, at } => show(session, &UserId::new(id), &at).await,
        Command::Role { id, role, partner, at } => {
            let place = at.place(session)?;
            let (id, partner) = (UserId::new(id), partner.map(PartnerId::new));
            let what = format!("make the user {id} {}", role.word());
            let user = on_existing_desk(&place, &what, async |desk| {
                desk.set_role(&id, role, partner.as_ref(), now).await
            })
            .await?;
            let place = partner.map_or_else(String::new, |partner| format!(" of {partner}"));
            changed(session, &user, &format!("user {id} is {}{place} now", role.word()))
        }
        Command::Rename { id, name, at } => {
            let place = at.place(session)?;
            let id = UserId::new(id);
            let what = format!("rename the user {id}");
            on_existing_desk(&place, &what, async |desk| desk.rename_user(&id, &name, now).await)
                .await?;
            said(session, &json!({ "id": id }), &format!("user {id} renamed"))
        }
        Command::Disable { id, at } => disable(session, &UserId::new(id), &at, true, now).await,
        Command::Enable { id, at } => disable(session, &UserId::new(id), &at, false, now).await,
    }
}

async fn disable(
    session: &mut Session<'_>,
    id: &UserId,
    at: &At,
    disabled: bool,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let verb = if disabled { "disable" } else { "enable" };
    let (did, user) = on_existing_desk(&place, &format!("{verb} the user {id}"), async |desk| {
        desk.set_disabled(id, disabled, now).await
    })
    .await?;
    let already = if did { "" } else { " already" };
    changed(session, &user, &format!("user {id} is {verb}d{already}"))
}

/// Says what became of a user, and which cases somebody else may have to take.
fn changed(session: &mut Session<'_>, user: &UserRecord, sentence: &str) -> Result<Exit, Failure> {
    said(session, &json!(user), sentence)?;
    if user.holds > 0 {
        session.output.remark(&format!(
            "{} holds {}; caseload assign ID… --to USER gives them to somebody else.",
            user.id,
            if user.holds == 1 {
                "1 open case".to_owned()
            } else {
                format!("{} open cases", user.holds)
            }
        ));
    }
    Ok(Exit::Done)
}

async fn list(session: &mut Session<'_>, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let users = on_existing_desk(&place, "list the users", async |desk| desk.users().await).await?;
    if session.output.json {
        session.output.json_array(&users)?;
        return Ok(Exit::Done);
    }
    let rows: Vec<_> = users
        .into_iter()
        .map(|user| {
            vec![
                user.id.as_str().to_owned(),
                user.name,
                user.role.word().to_owned(),
                user.partner.map_or_else(|| "-".to_owned(), |p| p.as_str().to_owned()),
                user.tokens.to_string(),
                user.holds.to_string(),
                user.disabled_at.map_or_else(String::new, |_| "disabled".to_owned()),
            ]
        })
        .collect();
    table(session, &["id", "name", "role", "partner", "tokens", "cases", ""], &rows)?;
    Ok(Exit::Done)
}

async fn show(session: &mut Session<'_>, id: &UserId, at: &At) -> Result<Exit, Failure> {
    let place = at.place(session)?;
    let (user, tokens) = on_existing_desk(&place, &format!("show the user {id}"), async |desk| {
        Ok((desk.user(id).await?, desk.tokens(Some(id)).await?))
    })
    .await?;
    if session.output.json {
        session.output.json(&json!({ "user": user, "tokens": tokens }))?;
        return Ok(Exit::Done);
    }
    let of = user.partner.as_ref().map_or_else(String::new, |partner| format!(" of {partner}"));
    session.output.line(format!("{id}  {}", safe_line(&user.name, 120)))?;
    session.output.line(format!("{}{of}, holds {} open cases", user.role.word(), user.holds))?;
    if let Some(since) = user.disabled_at {
        session.output.line(format!("disabled since {} UTC", minute(since)))?;
    }
    super::token::rows(session, tokens)?;
    Ok(Exit::Done)
}
