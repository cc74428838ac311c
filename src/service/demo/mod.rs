//! A desk to try things out on: partners, people, customers and cases with a past, made from a seed
//! relative to now, in a real case service. Nobody in it exists.
//!
//! A data folder that holds a demo desk is opened as it was left, with the same tokens; a folder that
//! holds a real one is never touched.

mod cast;
mod dice;
mod life;
mod lines;
mod live;
mod plan;
mod script;
#[cfg(test)]
mod tests;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::mail::MailSettings;
use super::store::Place;
use super::store::seed::{Seed, SeedCase, SeedToken};
use super::{Service, listen, serve, tokens};
use crate::clock::Clock;
use crate::domain::{Role, UserId};
use crate::sla::policy::Policy;
use cast::Cast;
use plan::Plan;
use script::Stage;

/// The name under which a demo desk keeps what its tokens are made from; only a whole demo desk has it.
const SECRET: &str = "demo_secret";
/// Kept while a demo desk is being made.
const UNFINISHED: &str = "demo_unfinished";
/// The number of cases that are made and stored at a time.
const PART: usize = 2_000;

/// What `caseload demo` is told.
#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// Where the desk is kept; None: in a new folder that is gone at the end.
    pub place: Option<Place>,
    /// How many cases a new desk has; about 60 % of them are open.
    pub cases: usize,
    pub seed: u64,
    /// Nobody but the person at the desk does anything.
    pub still: bool,
    /// None: a free port of this machine, for this machine alone.
    pub listen: Option<SocketAddr>,
    /// None: the desk sends no mail.
    pub mail: Option<MailSettings>,
}

impl Default for DemoOptions {
    fn default() -> Self {
        Self { place: None, cases: 200, seed: 1, still: false, listen: None, mail: None }
    }
}

/// A token of each role.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DemoTokens {
    /// R. Hald of Nordwind Support.
    pub partner: String,
    /// An agent of Summit Systems.
    pub other_partner: String,
    pub engineer: String,
    pub product: String,
    pub oncall: String,
    pub admin: String,
}

impl std::fmt::Debug for DemoTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoTokens").finish_non_exhaustive()
    }
}

impl DemoTokens {
    fn derive(secret: &str) -> anyhow::Result<Self> {
        let token = |word: &str| -> anyhow::Result<String> {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
            mac.update(word.as_bytes());
            Ok(format!("cl_demo_{}", &tokens::hex(&mac.finalize().into_bytes())[..40]))
        };
        Ok(Self {
            partner: token("partner")?,
            other_partner: token("other_partner")?,
            engineer: token("engineer")?,
            product: token("product")?,
            oncall: token("oncall")?,
            admin: token("admin")?,
        })
    }

    /// The tokens with the people whose they are.
    fn with_owners(&self, cast: &Cast) -> anyhow::Result<Vec<SeedToken>> {
        owners(cast)?
            .into_iter()
            .zip([
                &self.partner,
                &self.other_partner,
                &self.engineer,
                &self.product,
                &self.oncall,
                &self.admin,
            ])
            .map(|(user, token)| {
                Ok(SeedToken { user, token: token.clone(), label: "demo".to_owned() })
            })
            .collect()
    }
}

/// Those whose tokens are handed out, in the order of [`DemoTokens`]: the demo leaves them alone.
fn owners(cast: &Cast) -> anyhow::Result<[UserId; 6]> {
    let id = |role, partner| cast.first_of(role, partner).map(|who| who.id.clone());
    Ok([
        id(Role::Partner, Some("nordwind"))?,
        id(Role::Partner, Some("summit"))?,
        id(Role::Engineer, None)?,
        id(Role::Product, None)?,
        id(Role::Oncall, None)?,
        id(Role::Admin, None)?,
    ])
}

/// A demo desk, opened.
pub struct Demo {
    pub service: Service,
    pub tokens: DemoTokens,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// Opens the demo desk at a place, or makes one there.
///
/// # Errors
/// The place holds a real desk or a demo desk that was not finished, or cannot be used.
pub async fn open(
    place: &Place,
    cases: usize,
    seed: u64,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Demo> {
    open_with_mail(place, cases, seed, policy, clock, None).await
}

async fn open_with_mail(
    place: &Place,
    cases: usize,
    seed: u64,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
    mail: Option<MailSettings>,
) -> anyhow::Result<Demo> {
    let service = Service::open_with_mail(place.clone(), policy, clock, mail)
        .await
        .with_context(|| place.to_string())?;
    if let Some(secret) = service.store().meta(SECRET).await? {
        let tokens = DemoTokens::derive(&secret)?;
        return Ok(Demo { service, tokens, is_new: false });
    }
    let made = make(&service, cases, seed).await;
    match made {
        Ok(tokens) => Ok(Demo { service, tokens, is_new: true }),
        Err(error) => {
            service.close().await;
            Err(error.context(place.to_string()))
        }
    }
}

/// Makes a demo desk of a desk that is empty.
async fn make(service: &Service, cases: usize, seed: u64) -> anyhow::Result<DemoTokens> {
    let store = service.store();
    if store.meta(UNFINISHED).await?.is_some() {
        anyhow::bail!("the demo desk there was not finished; remove it, or name another place");
    }
    if store.is_in_use().await? {
        anyhow::bail!("the desk there is a real one; it was not touched. Name another place");
    }
    let secret = tokens::random_hex();
    let tokens = DemoTokens::derive(&secret)?;
    store.set_meta(UNFINISHED, "1").await?;
    let policy = service.policy();
    let stage = Stage { cast: Cast::load(seed)?, policy, now: service.moment(), seed };
    fill(service, stage, cases, &tokens).await?;
    store.set_meta(SECRET, &secret).await?;
    Ok(tokens)
}

/// Makes the cases part by part, the next one while the one before is stored.
async fn fill(
    service: &Service,
    stage: Stage,
    cases: usize,
    tokens: &DemoTokens,
) -> anyhow::Result<()> {
    let mut people = stage.cast.seed(stage.now);
    people.tokens = tokens.with_owners(&stage.cast)?;
    service.store().seed(&people).await?;
    let plans = Arc::new(plan::plan(&stage.cast, &stage.policy, stage.now, stage.seed, cases));
    let stage = Arc::new(stage);
    let mut work = JoinSet::new();
    let begin = |work: &mut JoinSet<_>, from: usize| {
        if from < plans.len() {
            let (stage, plans) = (stage.clone(), plans.clone());
            work.spawn_blocking(move || {
                live_all(&stage, &plans[from..plans.len().min(from + PART)])
            });
        }
        from + PART
    };
    let mut from = begin(&mut work, 0);
    while let Some(cases) = work.join_next().await {
        let cases = cases??;
        from = begin(&mut work, from);
        service.store().seed(&Seed { cases, ..Seed::default() }).await?;
    }
    Ok(())
}

fn live_all(stage: &Stage, plans: &[Plan]) -> anyhow::Result<Vec<SeedCase>> {
    plans
        .iter()
        .map(|plan| {
            script::live(stage, plan)
                .with_context(|| format!("{} of the demo, {:?}", plan.id, plan.fate))
        })
        .collect()
}

/// A demo desk that is served. It ends with [`RunningDemo::stop`]; dropped, it is cut off.
pub struct RunningDemo {
    /// Where it is: `http://127.0.0.1:PORT`.
    pub url: String,
    pub tokens: DemoTokens,
    service: Service,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
    /// Last, so that it goes when nobody uses it any more.
    temporary: Option<TemporaryFolder>,
}

/// Opens or makes a demo desk and serves it.
///
/// # Errors
/// As [`open`]; and the address cannot be listened on.
pub async fn start(
    options: DemoOptions,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<RunningDemo> {
    let (place, temporary) = if let Some(place) = options.place {
        (place, None)
    } else {
        let temporary = TemporaryFolder::make()?;
        (Place::Folder(temporary.0.clone()), Some(temporary))
    };
    // First, since it is what fails at once.
    let address = options.listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let (listener, address) = listen(address).await?;
    let url = format!("http://{address}");
    let (cases, seed) = (options.cases, options.seed);
    let demo = open_with_mail(&place, cases, seed, policy, clock, options.mail).await?;
    demo.service.start_mail();
    let shutdown = CancellationToken::new();
    let mut tasks = JoinSet::new();
    tasks.spawn(serve(listener, demo.service.clone(), shutdown.clone().cancelled_owned()));
    if !options.still {
        let people = live::People::new(demo.service.clone(), options.seed).await?;
        tasks.spawn(people.live(shutdown.clone()));
    }
    Ok(RunningDemo { url, tokens: demo.tokens, service: demo.service, shutdown, tasks, temporary })
}

impl RunningDemo {
    /// Ends it: what is under way is finished, and a folder that was made for it is removed.
    pub async fn stop(mut self) {
        self.shutdown.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.service.close().await;
        drop(self.temporary.take());
    }
}

#[derive(Serialize)]
struct Announcement<'a> {
    url: &'a str,
    tokens: &'a DemoTokens,
}

/// `caseload demo --headless`: one line of JSON on `out` once it serves, until SIGTERM or SIGINT.
///
/// # Errors
/// As [`start`]; and `out` cannot be written to.
pub async fn run_headless(
    options: DemoOptions,
    policy: Arc<Policy>,
    clock: Arc<dyn Clock>,
    mut out: impl std::io::Write,
) -> anyhow::Result<()> {
    // Before there is anything to clean up.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let told = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    tokio::pin!(told);
    let demo = tokio::select! {
        demo = start(options, policy, clock) => demo?,
        () = &mut told => return Ok(()),
    };
    let line = serde_json::to_string(&Announcement { url: &demo.url, tokens: &demo.tokens })?;
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    if written.is_ok() {
        told.await;
    }
    demo.stop().await;
    written.context("could not tell where the demo desk is")
}

/// A folder of our own that is removed at the end.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> anyhow::Result<Self> {
        let name = format!("caseload-demo-{}", uuid::Uuid::new_v4().simple());
        let path = std::env::temp_dir().join(name);
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("could not make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the demo's folder stays");
        }
    }
}
