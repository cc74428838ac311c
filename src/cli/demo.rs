//! `caseload demo`

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use url::Url;

use super::admin;
use super::at::At;
use super::config::policy;
use super::mail::MailServer;
use super::outcome::{Exit, Failure, stopped};
use super::screen;
use super::serve::{NAME_ANOTHER_ADDRESS, asked_to_end, socket_address};
use super::session::{Connection, Session};
use crate::client::native::NativeApi;
use crate::clock::{DeskClock, SystemClock};
use crate::config::Settings;
use crate::domain::text::safe_line;
use crate::runtime::Stage;
use crate::service::ListenError;
use crate::service::demo::{self, DemoOptions, DemoTokens, RunningDemo};
use crate::service::store::StoreError;
use crate::sync::store::{Fingerprint, Place};

/// Try it out: a made-up desk, and the screen on it
///
/// Serves a desk of its own with made-up partners, people and cases, relative to now: something is
/// missed, something breaches in minutes, something is held. Without --data it is gone at the end; with
/// it, the folder keeps the desk, and the next time it is as it was left. --headless serves it without a
/// screen and writes one line of JSON with its address and a token of each role.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload demo
  caseload demo --as engineer --cases 2000
  caseload demo --headless --still --data ./demo")]
pub struct Args {
    /// How many cases a new desk has; about 60 % of them are open
    #[arg(long, value_name = "N", default_value_t = 200)]
    cases: usize,
    /// What chance is made from: the same number makes the same desk
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Keep the demo's own people quiet
    #[arg(long)]
    still: bool,
    /// Without a screen: write the address and the tokens, and serve until SIGTERM or SIGINT
    #[arg(long)]
    headless: bool,
    /// The folder that keeps the desk
    #[arg(long, value_name = "DIR", conflicts_with = "database_url")]
    data: Option<PathBuf>,
    /// The PostgreSQL database that keeps the desk, as postgres://user@host:port/name
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Where to listen; by default a free port for this machine alone
    #[arg(long, value_name = "ADDR", value_parser = socket_address)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    mail: MailServer,
    /// Whose screen it is
    #[arg(
        long = "as",
        value_name = "ROLE",
        default_value = "partner",
        conflicts_with = "headless"
    )]
    role: DemoRole,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum DemoRole {
    Partner,
    OtherPartner,
    Engineer,
    Product,
    Oncall,
    Admin,
}

impl DemoRole {
    fn token(self, tokens: &DemoTokens) -> String {
        match self {
            Self::Partner => &tokens.partner,
            Self::OtherPartner => &tokens.other_partner,
            Self::Engineer => &tokens.engineer,
            Self::Product => &tokens.product,
            Self::Oncall => &tokens.oncall,
            Self::Admin => &tokens.admin,
        }
        .clone()
    }
}

/// From so many cases on, making them takes long enough to be told.
const MANY: usize = 5_000;

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    if !args.headless {
        screen::need_terminal(session)?;
    }
    let settings = session.settings()?;
    let policy = Arc::new(policy(&settings)?);
    // With the desk that it belongs to; a desk that is gone at the end leaves nothing behind.
    let kept = args.data.as_ref().map(|data| {
        let screen = data.join("screen");
        Place { state: screen.clone(), cache: screen }
    });
    let options = DemoOptions {
        place: At { data: args.data, database_url: args.database_url }.named(session)?,
        cases: args.cases,
        seed: args.seed,
        still: args.still,
        listen: args.listen,
        mail: args.mail.settings(session, &settings)?,
    };
    if args.headless {
        demo::run_headless(options, policy, Arc::new(SystemClock), io::stdout())
            .await
            .map_err(|error| failed(&error))?;
        return Ok(Exit::Done);
    }
    if args.cases >= MANY {
        session.output.remark(&format!("Making a demo desk of {} cases …", args.cases));
    }
    // Until the screen takes over the signals, so that a folder that was made is removed.
    let running = tokio::select! {
        running = demo::start(options, policy, Arc::new(SystemClock)) => {
            running.map_err(|error| failed(&error))?
        }
        () = asked_to_end()? => return Ok(Exit::Done),
    };
    let shown = match connect(&running, args.role, kept, &settings) {
        Ok(connection) => screen::show(session, &settings, vec![connection], Vec::new()).await,
        Err(failure) => Err(failure),
    };
    running.stop().await;
    shown
}

/// The demo as the first start offers it: a living desk that is gone at the end.
pub async fn look_around(
    session: &Session<'_>,
    settings: &Settings,
    stage: Stage,
) -> Result<Exit, Failure> {
    let policy = Arc::new(policy(settings)?);
    let running = demo::start(DemoOptions::default(), policy, Arc::new(SystemClock))
        .await
        .map_err(|error| failed(&error))?;
    let shown = match connect(&running, DemoRole::Partner, None, settings) {
        Ok(connection) => {
            screen::show_on(stage, session, settings, vec![connection], Vec::new()).await
        }
        Err(failure) => Err(failure),
    };
    running.stop().await;
    shown
}

fn connect(
    running: &RunningDemo,
    role: DemoRole,
    place: Option<Place>,
    settings: &Settings,
) -> Result<Connection, Failure> {
    let fail = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Failed, format!("Could not connect to the demo desk: {error}"))
    };
    let url = Url::parse(&running.url).map_err(|error| fail(&error))?;
    // Whatever address it listens on, it is ours: nothing leaves this machine, so plain http will do.
    let token = role.token(&running.tokens).into();
    let fingerprint = Fingerprint::of(&token);
    let api = NativeApi::new(&url, token, true).map_err(|error| fail(&error))?;
    Ok(Connection {
        api: Arc::new(api),
        desk: "demo".to_owned(),
        token_from: "the demo".to_owned(),
        clock: Arc::new(DeskClock::start()),
        place,
        fingerprint,
        ask_after: settings.ask_after.value,
    })
}

fn failed(error: &anyhow::Error) -> Failure {
    let why = stopped(&safe_line(&format!("{error:#}"), 400));
    let advice = error.downcast_ref::<StoreError>().map_or("", admin::advice);
    let advice = if error.is::<ListenError>() { NAME_ANOTHER_ADDRESS } else { advice };
    Failure::new(Exit::Failed, format!("Could not open the demo desk: {why}{advice}"))
}
