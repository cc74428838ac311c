//! The command line: one file per subcommand, thin, over the same library as the screen.
//!
//! What a script reads goes to standard output, everything else to standard error. The exit codes are
//! [`Exit`]'s.

mod act;
mod admin;
pub mod args;
mod assign;
mod at;
mod attach;
mod cache;
mod clocks;
mod close;
mod config;
mod confirm;
mod core_dump;
mod corrections;
mod demo;
mod download;
mod eligibility;
mod escalate;
mod foresee;
mod hand_back;
mod info_received;
mod keys;
mod list;
mod logout;
mod look;
mod mail;
mod note;
mod offline;
mod outbox;
mod outcome;
mod output;
mod phone;
mod release;
mod reopen;
mod reply;
mod report;
mod request_info;
mod respond;
mod screen;
mod serve;
mod session;
mod severity;
mod show;
mod sla;
mod sla_eval;
mod sla_explain;
mod sla_preview;
mod supervisor;
mod take;
mod text;
mod theme;
mod workaround;

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use clap::Parser;

use crate::config::{Environment, Places, log};
use args::{Cli, Command};
use output::Output;
use session::Session;

pub use outcome::{Exit, Failure};

/// Runs the command line and returns the exit code. Whatever went wrong has been said by then.
pub fn main(args: impl Iterator<Item = OsString>, environment: Environment) -> ExitCode {
    core_dump::forbid(&environment);
    let cli = match Cli::try_parse_from(args).and_then(sla_preview::as_an_act) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with 0, wrong usage to standard error with 2.
            // A reader that has gone is no reason to complain.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let mut output = Output::of_process(&cli.globals, &environment);
    let ended = run(cli, environment, &mut output).and_then(|exit| {
        output.flush()?;
        Ok(exit)
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output.failure(&failure);
            failure.exit().into()
        }
    }
}

fn run(cli: Cli, environment: Environment, output: &mut Output) -> Result<Exit, Failure> {
    // A service's log is as its configuration says, which is not read yet.
    let serves = matches!(cli.command, Some(Command::Serve(_)));
    if let Some(places) = Places::find(&environment).filter(|_| !serves) {
        log::start(&environment, &places)?;
    }
    let mut session = Session::new(environment, cli.globals, output);
    let session = &mut session;
    match cli.command {
        None => many(screen::run(session)),
        Some(Command::Demo(args)) => many(demo::run(session, args)),
        Some(Command::Serve(args)) => many(serve::run(session, args)),
        Some(Command::List(args)) => one(list::run(session, args)),
        Some(Command::Show(args)) => one(show::run(session, args)),
        Some(Command::Respond(args)) => act(session, args.order()),
        Some(Command::Take(args)) => act(session, args.order()),
        Some(Command::Release(args)) => act(session, args.order()),
        Some(Command::Assign(args)) => act(session, args.order()),
        Some(Command::Note(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::Reply(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::RequestInfo(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::InfoReceived(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::Workaround(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::Phone(args)) => {
            let order = args.order(&session.environment);
            act(session, order)
        }
        Some(Command::Severity(args)) => act(session, args.order()),
        Some(Command::Eligibility(args)) => act(session, args.order()),
        Some(Command::Escalate(args)) => act(session, args.order()),
        Some(Command::HandBack(args)) => act(session, args.order()),
        Some(Command::Close(args)) => act(session, args.order()),
        Some(Command::Reopen(args)) => act(session, args.order()),
        Some(Command::Report(args)) => one(report::run(session, args)),
        Some(Command::Corrections(args)) => one(corrections::run(session, args)),
        Some(Command::Attach(args)) => one(attach::run(session, args)),
        Some(Command::Download(args)) => one(download::run(session, args)),
        Some(Command::Sla(args)) => match args.command {
            sla::Command::Eval(sla_eval::Args {}) => sla_eval::run(),
            sla::Command::Explain(args) => one(sla_explain::run(session, args)),
            sla::Command::Preview(args) => Err(args.unread()),
        },
        Some(Command::Outbox(args)) => one(outbox::run(session, args)),
        Some(Command::Cache(args)) => cache::run(session, &args),
        Some(Command::Logout(args)) => one(logout::run(session, args)),
        Some(Command::Config(args)) => config::run(session, &args),
        Some(Command::Keys(args)) => keys::run(session, &args),
        Some(Command::Admin(args)) => many(admin::run(session, args)),
    }
}

fn act(session: &mut Session<'_>, order: Result<act::Order, Failure>) -> Result<Exit, Failure> {
    one(act::run(session, order?))
}

/// Runs what needs one thread: a few requests, one after the other.
fn one<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime(&mut tokio::runtime::Builder::new_current_thread(), work)
}

/// Runs what serves others or a screen.
fn many<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime(&mut tokio::runtime::Builder::new_multi_thread(), work)
}

fn runtime<T>(
    builder: &mut tokio::runtime::Builder,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = builder
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, format!("could not start: {error}")))?;
    let ended = runtime.block_on(work);
    // A thread that reads the terminal or a name server may hang for long; nobody waits for it.
    runtime.shutdown_background();
    ended
}

#[cfg(test)]
mod tests;
