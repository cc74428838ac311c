//! `caseload outbox`: what was ordered and has no final answer yet, without a screen.

mod discard;
pub mod entry;
mod list;
mod send;

use std::sync::Arc;

use super::outcome::{Exit, Failure};
use super::session::{Connection, Session};
use crate::domain::outbox::{Damaged, Outbox};
use crate::sync::store::{Rows, Store};

/// What waits to be sent to the desk: list it, send it, discard it
///
/// An act that does not reach the desk is kept on this machine and sent later: by the screen, by the next act,
/// or by `caseload outbox send`. With several desks it is about all of them, or about the one of --desk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload outbox list
  caseload outbox send
  caseload outbox discard 3")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List(list::Args),
    Send(send::Args),
    Discard(discard::Args),
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::List(args) => list::run(session, &args).await,
        Command::Send(args) => send::run(session, args).await,
        Command::Discard(args) => discard::run(session, args).await,
    }
}

/// A desk and what is kept of it on this machine.
pub struct Kept {
    pub connection: Connection,
    pub store: Arc<Store>,
}

impl Kept {
    pub async fn open(session: &mut Session<'_>, connection: Connection) -> Result<Self, Failure> {
        let store = connection.store_for(session.output).await?;
        if !store.is_on_disk() {
            let sentence =
                format!("Could not read what is kept of desk {} on this machine.", connection.desk);
            return Err(Failure::new(Exit::Failed, sentence));
        }
        Ok(Self { connection, store })
    }

    /// The desk that is meant.
    pub async fn one(session: &mut Session<'_>) -> Result<Self, Failure> {
        let connection = session.connect().await?;
        Self::open(session, connection).await
    }

    pub async fn rows(&self) -> Result<Rows, Failure> {
        self.store.outbox().await.map_err(|error| self.failed("read", &error))
    }

    /// All entries as people see them.
    pub async fn outbox(&self) -> Result<Outbox, Failure> {
        Ok(self.rows().await?.outbox(self.connection.now(), |n| n))
    }

    pub fn failed(&self, verb: &str, error: &dyn std::fmt::Display) -> Failure {
        let desk = &self.connection.desk;
        Failure::new(Exit::Failed, format!("Could not {verb} the outbox of desk {desk}: {error}."))
    }
}

/// All desks that are meant: the one of --desk, or every one. One whose token cannot be had is told of and left
/// out; how that counts is the exit code.
pub async fn every(session: &mut Session<'_>) -> Result<(Vec<Kept>, Exit), Failure> {
    let settings = session.settings()?;
    let desks = settings.meant_desks()?;
    let single = desks.len() == 1;
    let mut all = Vec::new();
    let mut worst = Exit::Done;
    for desk in desks {
        let opened = match session.connect_to(&settings, desk).await {
            Ok(connection) => Kept::open(session, connection).await,
            Err(failure) => Err(failure),
        };
        match opened {
            Ok(kept) => all.push(kept),
            Err(failure) if single => return Err(failure),
            Err(failure) => {
                worst = worst.max(failure.exit());
                session.output.failure(&failure);
            }
        }
    }
    Ok((all, worst))
}

/// Says of a damaged entry that it is no more sent.
fn tell_damaged(session: &mut Session<'_>, desk: &str, damaged: &[Damaged]) {
    for entry in damaged {
        let text = entry.text.cell(200);
        let n = entry.n;
        session.output.complain(&format!(
            "caseload: Entry {n} of the outbox of desk {desk} is damaged and was set aside; it is not sent: \
             {text}. To give it up: caseload outbox discard {n}"
        ));
    }
}

#[cfg(test)]
mod tests;
