//! `caseload admin`

mod calendar;
mod mail;
mod policy;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::args::word;
use super::at::At;
use super::outcome::{Exit, Failure, stopped};
use super::session::Session;
use crate::clock::{Clock, SystemClock};
use crate::domain::text::safe_line;
use crate::domain::{PartnerId, Role, UserId};
use crate::service::store::{NewToken, Place, Store, StoreError};

/// Partners, users, tokens and the policy of a desk
///
/// Works on the folder or database itself, also while `caseload serve` runs on it. The
/// first partner, user and token of a new desk come from here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin token create lito --label laptop")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Partners: who runs 1st level for which customers
    ///
    /// A partner agent belongs to one, and sees the cases of its customers only.
    #[command(after_help = "Examples:
  caseload admin partner create nordwind --name \"Nordwind Support\"
  caseload admin partner create direct --name \"Vendor desk\"")]
    Partner {
        #[command(subcommand)]
        command: Partner,
    },
    /// Users: who may do what
    ///
    /// A user has one role, which says what they see and what they may do.
    #[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin user create rhald --name \"R. Hald\" --role partner --partner nordwind")]
    User {
        #[command(subcommand)]
        command: User,
    },
    /// Tokens: how users log in
    ///
    /// The desk keeps a token's digest only, so a token is shown once, when it is made.
    #[command(after_help = "Examples:
  caseload admin token create rhald --label laptop
  caseload admin token revoke rhald --label laptop")]
    Token {
        #[command(subcommand)]
        command: Token,
    },
    /// Calendars: when a desk is open
    ///
    /// They are part of the policy. Holidays come from an iCalendar file, are fixed by date, and are shown
    /// before they are added.
    #[command(after_help = "Examples:
  caseload admin calendar import holidays.ics --calendar vendor --policy policy.toml
  caseload admin calendar import holidays.ics --calendar vendor --data ./desk --dry-run")]
    Calendar {
        #[command(subcommand)]
        command: calendar::Command,
    },
    /// Mail to customers: what was sent, what waits, what was given up
    ///
    /// Letters that the mail server refused for good, or would not take for two days, are dead: they stay here
    /// until somebody sends them again.
    #[command(after_help = "Examples:
  caseload admin mail list --dead
  caseload admin mail retry --all-dead")]
    Mail {
        #[command(subcommand)]
        command: mail::Command,
    },
    /// The policy: targets, calendars and how the clocks behave
    ///
    /// The desk keeps every version that was in force, since clocks run on by the one that they started
    /// under.
    #[command(after_help = "Examples:
  caseload admin policy show > policy.toml
  caseload admin policy check policy.toml
  caseload admin policy apply policy.toml")]
    Policy {
        #[command(subcommand)]
        command: policy::Command,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Partner {
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

#[derive(Debug, clap::Subcommand)]
enum User {
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

#[derive(Debug, clap::Subcommand)]
enum Token {
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

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    match args.command {
        Command::Partner { command: Partner::Create { id, name, at } } => {
            let place = at.place(session)?;
            let id = PartnerId::new(id);
            let what = format!("make the partner {id}");
            on_desk(&place, &what, async |desk| desk.put_partner(&id, &name, now).await).await?;
            said(session, &json!({ "id": id }), &format!("partner {id} made"))
        }
        Command::User { command: User::Create { id, name, role, partner, at } } => {
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
        Command::Token { command } => token(session, command, now).await,
        Command::Calendar { command } => calendar::run(session, command, now).await,
        Command::Mail { command } => mail::run(session, command, now).await,
        Command::Policy { command } => policy::run(session, command, now).await,
    }
}

async fn token(
    session: &mut Session<'_>,
    command: Token,
    now: DateTime<Utc>,
) -> Result<Exit, Failure> {
    match command {
        Token::Create { user, label, days, at } => {
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
        Token::Revoke { user, label, at } => {
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

/// Works on the desk at a place, beside a service that may have it open.
async fn on_desk<T>(
    place: &Place,
    what: &str,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    let done = async {
        let store = Store::open(place).await?;
        let done = work(&store).await;
        store.close().await;
        done
    };
    done.await.map_err(|error| failed(what, place, &error))
}

fn said(
    session: &mut Session<'_>,
    json: &serde_json::Value,
    sentence: &str,
) -> Result<Exit, Failure> {
    if session.output.json {
        session.output.json(json)?;
    } else {
        session.output.done(sentence)?;
    }
    Ok(Exit::Done)
}

/// What could not be done to the desk at a place.
pub fn failed(what: &str, place: &Place, error: &StoreError) -> Failure {
    let why = stopped(&safe_line(&error.to_string(), 400));
    if matches!(error, StoreError::Refused(_)) {
        return Failure::new(Exit::Refused, format!("Could not {what}: {why}"));
    }
    let advice = advice(error);
    Failure::new(Exit::Failed, format!("Could not {what} in {place}: {why}{advice}"))
}

/// What somebody can do about it.
pub const fn advice(error: &StoreError) -> &'static str {
    match error {
        StoreError::Folder(_) => " Name another folder with --data.",
        StoreError::InUse => " End that one, or name another folder with --data.",
        StoreError::Damaged(_) => " Put a backup in its place, or name another folder with --data.",
        StoreError::Unreachable(_) => {
            " Check that it runs, and the URL: --database-url or CASELOAD_DATABASE_URL."
        }
        StoreError::NoSpace => " Make room, or name another folder with --data.",
        _ => "",
    }
}
