//! What a command works with: its surroundings, its output, and the way to the desk.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::args::Globals;
use super::outcome::{Exit, Failure, stopped};
use super::output::Output;
use crate::client::native::{ConnectError, NativeApi, Options, Proxies};
use crate::client::{Answer, CallError, CaseApi, Tokens};
use crate::clock::{Clock, DeskClock};
use crate::config::{Desk, DeskKind, Environment, Flags, Settings, TokenPlace};
use crate::domain::text::safe_line;
use crate::sync::store::{Fingerprint, Place, Store};

pub struct Session<'o> {
    pub environment: Environment,
    pub globals: Globals,
    pub output: &'o mut Output,
    /// A screen has the terminal: what is run for a token gets none.
    pub on_screen: bool,
}

impl<'o> Session<'o> {
    pub fn new(environment: Environment, globals: Globals, output: &'o mut Output) -> Self {
        Self { environment, globals, output, on_screen: false }
    }

    pub fn settings(&self) -> Result<Settings, Failure> {
        let flags = Flags {
            config: self.globals.config.clone(),
            desk: self.globals.desk.clone(),
            ascii: self.globals.ascii,
        };
        Ok(Settings::load(&self.environment, &flags)?)
    }

    /// The ways to all desks that are meant, and why there is none to the others. An error where there is none
    /// at all. Nothing is sent yet.
    pub async fn connect_all(
        &self,
        settings: &Settings,
    ) -> Result<(Vec<Connection>, Vec<Failure>), Failure> {
        let (mut connections, mut failures) = (Vec::new(), Vec::new());
        for desk in settings.meant_desks()? {
            match self.connect_to(settings, desk).await {
                Ok(connection) => connections.push(connection),
                Err(failure) => failures.push(failure),
            }
        }
        if connections.is_empty() {
            let all = failures.into_iter().reduce(Failure::and);
            return Err(all.unwrap_or_else(|| Failure::usage("no desk is configured")));
        }
        Ok((connections, failures))
    }

    /// The way to the desk that is meant. Nothing is sent yet.
    pub async fn connect(&self) -> Result<Connection, Failure> {
        self.connect_by(&self.settings()?).await
    }

    pub async fn connect_by(&self, settings: &Settings) -> Result<Connection, Failure> {
        self.connect_to(settings, settings.selected_desk()?).await
    }

    pub async fn connect_to(
        &self,
        settings: &Settings,
        desk: &Desk,
    ) -> Result<Connection, Failure> {
        if desk.kind != DeskKind::Caseload {
            return Err(Failure::usage(format!(
                "desk {}: desks of the kind \"{}\" are not available in this version",
                desk.name,
                desk.kind.word()
            )));
        }
        let token = if self.on_screen {
            desk.token_again(&self.environment).await
        } else {
            desk.token(&self.environment).await
        };
        let token = token.map_err(|error| match desk.token {
            TokenPlace::Missing => Failure::new(Exit::SignedOut, error.to_string()),
            _ => error.into(),
        })?;
        let fingerprint = Fingerprint::of(&token);
        let options = Options {
            allow_insecure_http: settings.insecure_http,
            proxies: Proxies::of(|variable| self.environment.text(variable)),
            authorities: desk.authorities()?,
            tokens: Some(Arc::new(TokenOf {
                desk: desk.clone(),
                environment: self.environment.clone(),
            })),
            ..Options::default()
        };
        let api = NativeApi::with(&desk.url, token, options).map_err(|error| match error {
            ConnectError::BadAuthorities(why) => {
                desk.bad_authorities(&format!("is of no use: {why}")).into()
            }
            error => Failure::usage(format!("desk {}: {error}", desk.name)),
        })?;
        Ok(Connection {
            api: Arc::new(api),
            desk: desk.name.clone(),
            token_from: desk.token.to_string(),
            clock: Arc::new(DeskClock::start()),
            place: Some(Place::of(&settings.places.state, &settings.places.cache, &desk.url)),
            fingerprint,
            ask_after: settings.ask_after.value,
        })
    }
}

/// Where a desk's token is read again.
struct TokenOf {
    desk: Desk,
    environment: Environment,
}

impl Tokens for TokenOf {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>> {
        Box::pin(async {
            self.desk.token_again(&self.environment).await.map_err(|error| error.to_string())
        })
    }
}

/// A desk, and who we are there.
pub struct Connection {
    pub api: Arc<dyn CaseApi>,
    /// Its name in sentences.
    pub desk: String,
    /// Where the token came from, for the one who is told that it is not taken.
    pub token_from: String,
    pub clock: Arc<DeskClock>,
    /// Where what belongs to the desk is kept on this machine; None: nowhere.
    pub place: Option<Place>,
    pub fingerprint: Fingerprint,
    /// How long an act that weighs may wait and still be sent without being asked about.
    pub ask_after: Duration,
}

impl Connection {
    /// Opens what is kept of the desk on this machine.
    pub async fn store(&self) -> Result<Arc<Store>, Failure> {
        let fingerprint = self.fingerprint.clone();
        match &self.place {
            Some(place) => Ok(Store::open(place.clone(), fingerprint).await),
            None => Store::in_memory(fingerprint).await,
        }
        .map(|store| Arc::new(store.asking_after(self.ask_after)))
        .map_err(|error| {
            let sentence = format!("Could not open what is kept of desk {}: {error}", self.desk);
            Failure::new(Exit::Failed, sentence)
        })
    }

    /// The same for a command: what was mended or cannot be kept is told at once.
    pub async fn store_for(&self, output: &mut Output) -> Result<Arc<Store>, Failure> {
        let store = self.store().await?;
        for notice in store.take_notices() {
            output.remark(&format!("caseload: {}", safe_line(&notice, 600)));
        }
        Ok(store)
    }

    /// The value of an answer; the desk's time is learned from it.
    pub fn learn<T>(&self, answer: Answer<T>) -> T {
        if let Some(date) = answer.date {
            self.clock.learn(date, true);
        }
        answer.value
    }

    /// The desk's time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The failure of something that was only to be read: "Could not {what}: …".
    pub fn failed(&self, what: impl fmt::Display, error: &CallError) -> Failure {
        let why = stopped(&error.to_string());
        let exit = Exit::of(error);
        let sentence = match exit {
            Exit::SignedOut => self.signed_out(error),
            Exit::NotReached => format!("Could not {what}: {why} Try again later."),
            _ => format!("Could not {what}: {why}"),
        };
        Failure::new(exit, sentence)
    }

    pub fn signed_out(&self, error: &CallError) -> String {
        format!(
            "Not logged in at desk {}: {} Check the token; it came from {}.",
            self.desk,
            stopped(&error.to_string()),
            self.token_from
        )
    }
}
