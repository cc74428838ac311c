//! `caseload admin`

mod calendar;
mod mail;
mod partner;
mod policy;
mod token;
mod user;

use super::outcome::{Exit, Failure, stopped};
use super::session::Session;
use crate::clock::{Clock, SystemClock};
use crate::domain::text::safe_line;
use crate::service::store::{Place, Store, StoreError};

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
        command: partner::Command,
    },
    /// Users: who may do what
    ///
    /// A user has one role, which says what they see and what they may do.
    #[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin user create rhald --name \"R. Hald\" --role partner --partner nordwind")]
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Tokens: how users log in
    ///
    /// The desk keeps a token's digest only, so a token is shown once, when it is made.
    #[command(after_help = "Examples:
  caseload admin token create rhald --label laptop
  caseload admin token revoke rhald --label laptop")]
    Token {
        #[command(subcommand)]
        command: token::Command,
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

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    match args.command {
        Command::Partner { command } => partner::run(session, command, now).await,
        Command::User { command } => user::run(session, command, now).await,
        Command::Token { command } => token::run(session, command, now).await,
        Command::Calendar { command } => calendar::run(session, command, now).await,
        Command::Mail { command } => mail::run(session, command, now).await,
        Command::Policy { command } => policy::run(session, command, now).await,
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
