//! `caseload admin`

mod audit;
mod calendar;
mod check;
mod copy;
mod licence;
mod licence_file;
mod mail;
mod partner;
mod policy;
mod token;
mod user;

use chrono::{DateTime, Utc};

use super::outcome::{Exit, Failure, stopped};
use super::output::padded;
use super::session::Session;
use crate::clock::{Clock, SystemClock};
use crate::domain::text::{columns, safe_line};
use crate::service::store::{Place, Store, StoreError, sqlite};

/// Partners, users, tokens, licences, policy, backups and the record of a desk
///
/// Works on the folder or database itself, also while `caseload serve` runs on it. The
/// first partner, user and token of a new desk come from here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin token create lito --label laptop
  caseload admin licence import licences.csv --dry-run
  caseload admin backup /backup/desk-2026-11-24.db")]
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
  caseload admin partner rename direct --name \"Vendor desk\"
  caseload admin partner list")]
    Partner {
        #[command(subcommand)]
        command: partner::Command,
    },
    /// Users: who may do what
    ///
    /// A user has one role, which says what they see and what they may do.
    #[command(after_help = "Examples:
  caseload admin user create lito --name \"L. Ito\" --role engineer
  caseload admin user create rhald --name \"R. Hald\" --role partner --partner nordwind
  caseload admin user disable rhald
  caseload admin user list")]
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Tokens: how users log in
    ///
    /// The desk keeps a token's digest only, so a token is shown once, when it is made.
    #[command(after_help = "Examples:
  caseload admin token create rhald --label laptop
  caseload admin token list rhald
  caseload admin token rotate rhald --label laptop --overlap 1h
  caseload admin token revoke rhald --label laptop")]
    Token {
        #[command(subcommand)]
        command: token::Command,
    },
    /// Licences: which customer's key belongs to which partner
    ///
    /// A report's key says whose case it is and whether it may be worked on; a key that is not here goes to
    /// the partner `direct` as unknown. Mail goes to the addresses on record alone.
    #[command(after_help = "Examples:
  caseload admin licence import licences.csv --dry-run
  caseload admin licence import licences.csv
  caseload admin licence show NW-1111-AAAA")]
    Licence {
        #[command(subcommand)]
        command: licence::Command,
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
    /// Write the whole desk into one file
    ///
    /// The file is a desk as it was at one instant, with everything that is in it: cases, files, users,
    /// licences, policies, the audit record. It is the same kind of file from a folder and from a database, so
    /// a desk can move from one to the other. Works while `caseload serve` runs, and holds nobody up. What was
    /// written is checked before it gets its name; only you can read it. Customers' data are in there.
    #[command(after_help = "Examples:
  caseload admin backup /backup/desk-2026-11-24.db
  caseload admin backup /backup/desk.db --force --data ./desk
  caseload admin backup desk.db --database-url postgres:///caseload?host=/run/postgresql")]
    Backup(copy::Backup),
    /// Make a desk from a backup, in an empty place
    ///
    /// The place is a folder without a desk, or an empty database; what is there is never replaced. Users,
    /// tokens and ids go on as they were, and the audit record goes on with a row that says so; whoever holds
    /// a cursor of the feed has to start over. To go back to a backup: end `caseload serve`, put the folder
    /// aside, and restore into a new one.
    #[command(after_help = "Examples:
  caseload admin restore /backup/desk-2026-11-24.db --data ./desk
  caseload admin restore desk.db --database-url postgres:///caseload?host=/run/postgresql")]
    Restore(copy::Restore),
    /// Check a desk's data for damage
    ///
    /// Reads everything: the database's own structure, every case with its clocks and timeline, references,
    /// change numbers, policies and the audit record. Says row by row what is wrong and what to do. Changes
    /// nothing, and works while `caseload serve` runs. Exit code 1 if anything is wrong.
    #[command(after_help = "Examples:
  caseload admin check
  caseload admin check --data ./desk --json")]
    Check(check::Args),
    /// The audit record: who did what
    ///
    /// Rows are only ever added, and each row's hash covers the row before it.
    #[command(after_help = "Examples:
  caseload admin audit verify
  caseload admin audit list --case C-10412")]
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let now = SystemClock.now();
    match args.command {
        Command::Partner { command } => partner::run(session, command, now).await,
        Command::User { command } => user::run(session, command, now).await,
        Command::Token { command } => token::run(session, command, now).await,
        Command::Licence { command } => licence::run(session, command, now).await,
        Command::Calendar { command } => calendar::run(session, command, now).await,
        Command::Mail { command } => mail::run(session, command, now).await,
        Command::Policy { command } => policy::run(session, command, now).await,
        Command::Backup(args) => copy::backup(session, args).await,
        Command::Restore(args) => copy::restore(session, args, now).await,
        Command::Check(args) => check::run(session, args).await,
        Command::Audit { command } => audit::run(session, command).await,
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

/// As [`on_desk`], for what is of no use on a desk that is not there: a folder without one is not made one by
/// the question.
async fn on_existing_desk<T>(
    place: &Place,
    what: &str,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, Failure> {
    is_there(place, what)?;
    on_desk(place, what, work).await
}

fn is_there(place: &Place, what: &str) -> Result<(), Failure> {
    match place {
        Place::Folder(folder) if !folder.join(sqlite::FILE).exists() => Err(Failure::new(
            Exit::Failed,
            format!("Could not {what}: there is no desk in {place}. Name its folder with --data."),
        )),
        _ => Ok(()),
    }
}

/// An instant in a table: to the minute.
fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// Rows under a head, each column as wide as its widest cell.
fn table(session: &mut Session<'_>, head: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut lines = vec![head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| safe_line(cell, 400)).collect()));
    let width = |column: usize| {
        lines
            .iter()
            .filter_map(|line| line.get(column))
            .map(|cell| columns(cell))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    for line in &lines {
        let cells = line.iter().zip(&widths).map(|(cell, width)| padded(cell, *width));
        session.output.line(cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
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
        StoreError::Damaged(_) => {
            " caseload admin check says more; caseload admin restore FILE makes a desk from a backup, in \
             another folder (--data) or an empty database."
        }
        StoreError::Unreachable(_) => {
            " Check that it runs, and the URL: --database-url or CASELOAD_DATABASE_URL."
        }
        StoreError::NoSpace => " Make room, or name another folder with --data.",
        _ => "",
    }
}
