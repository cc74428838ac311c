//! `caseload serve`

use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::admin::failed;
use super::at::At;
use super::config::policy;
use super::mail::{MailServer, NO_MAIL};
use super::outcome::{Exit, Failure, stopped};
use super::session::Session;
use super::supervisor::Supervisor;
use crate::clock::SystemClock;
use crate::config::serve::{Serve, TlsFiles, TlsPem, address};
use crate::config::{Setting, log};
use crate::domain::text::safe_line;
use crate::service::{Edge, Net, Service, Tls, listen, serve_at};

/// Serve a desk: the case service of a data folder or a database
///
/// What is not there yet is made, with the configured policy or the built-in one; from
/// then on the desk keeps its policy, and `caseload admin policy apply` changes it. Runs until SIGTERM or
/// SIGINT, then answers what is under way and ends with 0; a second signal ends it at once. Users and tokens
/// come from `caseload admin`. TLS, proxies, who reads the metrics and the log are in [serve] of the
/// configuration; with TLS, SIGHUP takes up a new certificate.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  caseload serve
  caseload serve --listen 127.0.0.1:8471 --data ./desk
  caseload serve --database-url postgres:///caseload?host=/run/postgresql")]
pub struct Args {
    /// Where to listen; by default what the configuration says, or else 127.0.0.1:8470
    #[arg(long, value_name = "ADDR", value_parser = socket_address)]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    mail: MailServer,
}

pub async fn run(session: &mut Session<'_>, args: Args) -> Result<Exit, Failure> {
    let settings = session.settings()?;
    log::start_serving(&settings.serve, &settings.places)?;
    let policy = Arc::new(policy(&settings)?);
    let tls = settings.serve.tls.as_ref().map(LoadedTls::load).transpose()?;
    let place = args.at.place(session)?;
    let mail = args.mail.settings(session, &settings)?;
    let supervisor = Supervisor::of(&session.environment);
    let mut asked = Asked::listen(tls.is_some() || supervisor.is_there())?;
    let clock = Arc::new(SystemClock);
    let service = Service::open_with_mail(place.clone(), policy.clone(), clock, mail)
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
    let listening = listen(args.listen.unwrap_or(settings.serve.listen.value)).await;
    let (listener, address) = match listening {
        Ok(listening) => listening,
        Err(error) => {
            service.close().await;
            let why = stopped(&error.to_string());
            let said = format!("Could not serve the desk: {why}{NAME_ANOTHER_ADDRESS}");
            return Err(Failure::new(Exit::Failed, said));
        }
    };
    let said = announce(session, address, tls.is_some());
    // Nobody can log in yet; whoever serves a desk for the first time should not have to find out.
    if matches!(service.store().is_in_use().await, Ok(false)) {
        session.output.remark(NOBODY_YET);
    }
    if !service.sends_mail() {
        session.output.remark(NO_MAIL);
    }
    if said.is_ok() {
        service.start_mail();
        supervisor.ready();
        let edge = edge(&settings.serve, tls.as_ref());
        let ending = CancellationToken::new();
        let serving = serve_at(listener, service.clone(), edge, ending.cancelled());
        let ended = tokio::select! {
            () = serving => true,
            () = asked.twice(&supervisor, tls, &ending) => false,
        };
        if !ended {
            return Err(Failure::new(Exit::Failed, CUT_SHORT));
        }
    }
    service.close().await;
    said.map(|()| Exit::Done)
}

const CUT_SHORT: &str =
    "Ended at once, as the second signal asked: what was being written was not done.";

fn edge(serve: &Serve, tls: Option<&LoadedTls>) -> Edge {
    let nets = |nets: &[(std::net::IpAddr, u8)]| {
        nets.iter().map(|(address, bits)| Net::new(*address, *bits)).collect()
    };
    Edge {
        trusted_proxies: nets(&serve.trusted_proxies.value),
        metrics_allow: nets(&serve.metrics_allow.value),
        tls: tls.map(|loaded| loaded.tls.clone()),
    }
}

/// The TLS in use, and what it was made from.
struct LoadedTls {
    files: TlsFiles,
    pem: TlsPem,
    tls: Arc<Tls>,
}

impl LoadedTls {
    fn load(files: &Setting<TlsFiles>) -> Result<Self, Failure> {
        let Setting { value: files, from } = files;
        let pem = files.read()?;
        let tls = Tls::load(&pem.certificate, pem.key.expose_secret()).map_err(|error| {
            Failure::usage(format!("[serve] tls_certificate ({from}): {error}"))
        })?;
        Ok(Self { files: files.clone(), pem, tls: Arc::new(tls) })
    }

    /// Takes up the files as they are now; what cannot be used leaves everything as it is.
    fn reload(&mut self) {
        let pem = match self.files.read() {
            Ok(pem) => pem,
            Err(error) => {
                tracing::error!(%error, "the certificate stays as it was");
                return;
            }
        };
        if pem == self.pem {
            tracing::info!("certificate and key have not changed");
            return;
        }
        match self.tls.replace(&pem.certificate, pem.key.expose_secret()) {
            Ok(()) => {
                tracing::info!("certificate and key were read again");
                self.pem = pem;
            }
            Err(error) => tracing::error!(%error, "the certificate stays as it was"),
        }
    }
}

/// Checks the files of the service's TLS, for `caseload config check`.
pub fn check_tls(files: &Setting<TlsFiles>) -> Result<(), Failure> {
    LoadedTls::load(files).map(drop)
}

fn announce(session: &mut Session<'_>, address: SocketAddr, tls: bool) -> Result<(), Failure> {
    let url = format!("{}://{address}", if tls { "https" } else { "http" });
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
    address(text)
}

/// Comes when somebody asks the program to end, from this call on. A hang-up is left to the system, so
/// that `nohup` works.
pub fn asked_to_end() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut asked = Asked::listen(false)?;
    Ok(async move { asked.until_asked().await })
}

/// What signals ask of us, from the moment on at which they are listened to.
#[cfg(unix)]
struct Asked {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Asked {
    /// A hang-up asks for what is new, if `hang_up`; else it is left to the system.
    fn listen(hang_up: bool) -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Failed, format!("Could not listen to signals: {error}."))
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: hang_up.then(|| listen(SignalKind::hangup())).transpose()?,
        })
    }

    /// Comes when we are asked to end.
    async fn until_asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Comes when we are asked to take up what is new.
    async fn until_news(hang_up: &mut Option<tokio::signal::unix::Signal>) {
        let asked = match hang_up {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if asked.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Comes when we are asked to end for the second time; the first time cancels `ending`.
    async fn twice(
        &mut self,
        supervisor: &Supervisor,
        mut tls: Option<LoadedTls>,
        ending: &CancellationToken,
    ) {
        let Self { interrupt, terminate, hang_up } = self;
        let mut before = false;
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                () = Self::until_news(hang_up) => {
                    if let Some(tls) = &mut tls {
                        tls.reload();
                    }
                    continue;
                }
            }
            if before {
                return;
            }
            before = true;
            tracing::info!("asked to end");
            supervisor.stopping();
            ending.cancel();
        }
    }
}

#[cfg(not(unix))]
struct Asked;

#[cfg(not(unix))]
impl Asked {
    fn listen(_: bool) -> Result<Self, Failure> {
        Ok(Self)
    }

    async fn until_asked(&mut self) {
        // Without a way to be told, it runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn twice(
        &mut self,
        supervisor: &Supervisor,
        _: Option<LoadedTls>,
        ending: &CancellationToken,
    ) {
        self.until_asked().await;
        supervisor.stopping();
        ending.cancel();
        self.until_asked().await;
    }
}
