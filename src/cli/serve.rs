//! `caseload serve`

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::json;

use super::admin::failed;
use super::at::At;
use super::config::policy;
use super::outcome::{Exit, Failure, stopped};
use super::session::Session;
use crate::clock::SystemClock;
use crate::domain::text::safe_line;
use crate::service::{Service, listen, serve};

/// Serve a desk: the case service of a data folder or a database
///
/// What is not there yet is made, with the configured policy or the built-in one; from
/// then on the desk keeps its policy, and `caseload admin policy apply` changes it. Runs until SIGTERM or
/// SIGINT, then answers what is under way and ends with 0. Users and tokens come from `caseload admin`. TLS
/// is for the proxy in front.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload serve
  caseload serve --listen 127.0.0.1:8471 --data ./desk
  caseload serve --database-url postgres:///caseload?host=/run/postgresql")]
pub struct Args {
    /// Where to listen
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8470",
        value_parser = socket_address
    )]
    listen: SocketAddr,
    #[command(flatten)]
    at: At,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    let policy = Arc::new(policy(&settings)?);
    let place = args.at.place(session)?;
    let ending = asked_to_end()?;
    let service = Service::open(place.clone(), policy.clone(), Arc::new(SystemClock))
        .await
        .map_err(|error| failed("open the desk", &place, &error))?;
    let in_force = service.policy();
    // Said only where a file is named, which who named it may believe to count.
    if let Some(file) = &settings.policy
        && !in_force.is_same(&policy)
    {
        let (file, version) = (file.value.to_string_lossy(), in_force.version().to_owned());
        session.output.remark(&format!(
            "The policy in force is {}, as the desk keeps it; {} differs. To put it in force: caseload \
             admin policy apply",
            safe_line(&version, 64),
            safe_line(&file, 400)
        ));
    }
    let listening = listen(args.listen).await;
    if let Ok((listener, address)) = listening {
        let said = announce(session, address);
        // Nobody can log in yet; whoever serves a desk for the first time should not have to find out.
        if matches!(service.store().is_in_use().await, Ok(false)) {
            session.output.remark(NOBODY_YET);
        }
        if said.is_ok() {
            serve(listener, service.clone(), ending).await;
        }
        service.close().await;
        return said.map(|()| Exit::Done);
    }
    service.close().await;
    listening.map(|_| Exit::Done).map_err(|error| {
        let why = stopped(&error.to_string());
        Failure::new(Exit::Failed, format!("Could not serve the desk: {why}{NAME_ANOTHER_ADDRESS}"))
    })
}

fn announce(session: &mut Session<'_>, address: SocketAddr) -> Result<(), Failure> {
    let url = format!("http://{address}");
    if session.output.json {
        session.output.json(&json!({ "url": url }))?;
        session.output.flush()
    } else {
        session.output.remark(&format!("Serving at {url}; Ctrl-C ends it."));
        Ok(())
    }
}

const NOBODY_YET: &str = "Nobody can log in yet: caseload admin user create --help, then admin token \
                          create; both work while this runs.";

pub const NAME_ANOTHER_ADDRESS: &str = " Name another address with --listen.";

/// The parser of an address to listen on.
pub fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an IP address and a port, such as 127.0.0.1:8470 (port 0: any free one)".to_owned()
    })
}

/// Comes when somebody asks the program to end, from this call on. A hang-up is left to the system, so
/// that `nohup` works.
pub fn asked_to_end() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let fail = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("Could not listen to signals: {error}."))
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(fail)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(fail)?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    {
        let _ = fail;
        Ok(async {
            // Without a way to be told, it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}
