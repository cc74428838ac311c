//! The rim of the first screen: its loop, what is found out about an address and a token, and the configuration
//! that is written.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crossterm::event::Event;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use secrecy::SecretString;
use tokio::task::JoinSet;

use super::desk_loop::until;
use super::signals::Signal;
use super::translate;
use crate::app::welcome::view::{self, WelcomeView};
use crate::app::welcome::{
    Chosen, Effect, Found, Keep, Msg, NewDesk, Question, Token, Welcome, update,
};
use crate::app::{self, Whoami};
use crate::client::native::{Limits, NativeApi, Options, Proxies};
use crate::client::{CallError, CaseApi};
use crate::clock::Clock;
use crate::config::file::desk_url;
use crate::config::{self, Environment, NewToken, TokenPlace};
use crate::domain::Untrusted;
use crate::ui::{Look, welcome as drawing};

/// Shown to an address of which no more is wanted than whether a desk is there. It is nobody's.
const NO_TOKEN: &str = "no-token-yet";
/// Somebody sits there and waits.
const PATIENCE: Duration = Duration::from_secs(8);

/// Everything the first screen touches of the outside.
pub struct WelcomeEdges<'a, B: Backend, I, S> {
    pub terminal: &'a mut Terminal<B>,
    pub input: I,
    pub signals: S,
    pub clock: &'a dyn Clock,
    pub checker: Checker,
}

/// How addresses are asked, and where a desk is written.
#[derive(Clone)]
pub struct Checker {
    pub environment: Environment,
    /// The configuration file.
    pub config: PathBuf,
    /// Plain http to another machine is allowed.
    pub insecure_http: bool,
}

enum Woken {
    Input(Option<io::Result<Event>>),
    Signal(Signal),
    Told(Option<Msg>),
    Time,
}

/// Runs the first screen until something is chosen. `suspend` gives the terminal to the shell.
///
/// # Errors
/// When drawing fails.
pub async fn run_welcome<B, I, S>(
    edges: WelcomeEdges<'_, B, I, S>,
    welcome: &mut Welcome,
    look: &Look,
    mut suspend: impl AsyncFnMut() -> io::Result<()>,
) -> anyhow::Result<Chosen>
where
    B: Backend,
    B::Error: Send + Sync + 'static,
    I: Stream<Item = io::Result<Event>> + Unpin,
    S: Stream<Item = Signal> + Unpin,
{
    let WelcomeEdges { terminal, mut input, mut signals, clock, checker } = edges;
    // One at a time: what was asked before is of no use any more.
    let mut checks: JoinSet<Msg> = JoinSet::new();
    let mut writing: JoinSet<Msg> = JoinSet::new();
    let mut shown: Option<WelcomeView> = None;
    loop {
        let now = clock.now();
        let (view, next) = view::build(welcome);
        if shown.as_ref() != Some(&view) {
            terminal.draw(|frame| drawing::draw(frame, &view, look))?;
            shown = Some(view);
        }
        let woken = tokio::select! {
            biased;
            event = input.next() => Woken::Input(event),
            Some(signal) = signals.next() => Woken::Signal(signal),
            // One that was given up has nothing to tell.
            Some(done) = writing.join_next() => Woken::Told(done.ok()),
            Some(done) = checks.join_next() => Woken::Told(done.ok()),
            () = until(next, now) => Woken::Time,
        };
        let msg = match woken {
            Woken::Input(Some(Ok(Event::Resize(..)))) | Woken::Signal(Signal::Resumed) => {
                terminal.clear()?;
                shown = None;
                None
            }
            Woken::Input(Some(Ok(event))) => translate::terminal_event(event).and_then(of_desk),
            Woken::Input(None | Some(Err(_))) | Woken::Signal(Signal::End | Signal::Interrupt) => {
                Some(Msg::Terminated)
            }
            Woken::Signal(Signal::Suspend) => {
                suspend().await?;
                terminal.clear()?;
                shown = None;
                None
            }
            Woken::Told(msg) => msg,
            Woken::Time => Some(Msg::TimePassed),
        };
        let Some(msg) = msg else { continue };
        for effect in update(welcome, msg, clock.now()) {
            match effect {
                Effect::Check { number, question } => {
                    checks.abort_all();
                    let checker = checker.clone();
                    checks.spawn(async move {
                        let found = Box::new(checker.find_out(question).await);
                        Msg::Checked { number, found }
                    });
                }
                Effect::Save(desk) => {
                    let checker = checker.clone();
                    writing.spawn(async move { Msg::Saved(checker.save(desk).await) });
                }
                Effect::Suspend => {
                    suspend().await?;
                    terminal.clear()?;
                    shown = None;
                }
                Effect::Redraw => {
                    terminal.clear()?;
                    shown = None;
                }
                Effect::End(chosen) => {
                    // What opens next says so until it is there.
                    let (view, _) = view::build(welcome);
                    terminal.draw(|frame| drawing::draw(frame, &view, look))?;
                    return Ok(chosen);
                }
            }
        }
    }
}

/// Keys and pastes; the mouse does nothing here.
fn of_desk(msg: app::Msg) -> Option<Msg> {
    match msg {
        app::Msg::KeyPressed(key) => Some(Msg::KeyPressed(key)),
        app::Msg::Pasted(text) => Some(Msg::Pasted(text)),
        _ => None,
    }
}

impl Checker {
    /// What there is to an address and a token.
    async fn find_out(&self, question: Question) -> Found {
        let url = match desk_url(&question.url) {
            Ok(url) => url,
            Err(why) => return Found::BadAddress(capital(&why).into()),
        };
        let is_shown = question.token.is_some();
        let token = match question.token {
            None => NO_TOKEN.into(),
            Some(Token::Typed(token)) => token,
            Some(from) => match self.read(&url, from).await {
                Ok(token) => token,
                Err(why) => return Found::NoToken(capital(&why).into()),
            },
        };
        let options = Options {
            allow_insecure_http: self.insecure_http,
            proxies: Proxies::of(|variable| self.environment.text(variable)),
            limits: Limits {
                headers: PATIENCE,
                piece: PATIENCE,
                body: PATIENCE,
                ..Limits::default()
            },
            ..Options::default()
        };
        let api = match NativeApi::with(&url, token, options) {
            Ok(api) => api,
            Err(error) => return Found::BadAddress(error.to_string().into()),
        };
        let desk = api.desk().to_owned();
        match api.me().await {
            Ok(answer) if is_shown => {
                let me = answer.value;
                let who = Whoami {
                    actor: me.actor(),
                    partner: me.partner.clone(),
                    may: me.may.clone(),
                    mail: me.mail,
                };
                Found::Accepted { desk, who: Box::new(who) }
            }
            // A desk that takes any token has none to ask for.
            Ok(_) => Found::Reached { desk },
            Err(error) if error.is_login_page() => Found::NotACaseApi(error.sentence().clone()),
            Err(CallError::SignedOut(_)) if !is_shown => Found::Reached { desk },
            Err(error @ (CallError::SignedOut(_) | CallError::NotAllowed(_))) => {
                Found::Refused { desk, why: error.sentence().clone() }
            }
            Err(error @ (CallError::NotReached { .. } | CallError::Busy { .. })) => {
                Found::NotReached(error.sentence().clone())
            }
            Err(error) => Found::NotACaseApi(error.sentence().clone()),
        }
    }

    async fn read(&self, url: &url::Url, from: Token) -> Result<SecretString, String> {
        let place = match from {
            Token::Typed(token) => return Ok(token),
            Token::Variable(name) => TokenPlace::Variable(name),
            Token::Command(command) => TokenPlace::Command(command),
        };
        let desk = config::Desk::unwritten("that you connect", url.clone(), place);
        desk.token_again(&self.environment).await.map_err(|error| error.to_string())
    }

    /// Writes a desk into the configuration; answers its name.
    async fn save(&self, desk: NewDesk) -> Result<String, Untrusted> {
        let url = desk_url(&desk.url).map_err(|why| Untrusted::new(capital(&why)))?;
        let token = match (desk.token, desk.keep) {
            (Token::Typed(token), Keep::Keyring) => NewToken::Keyring(token),
            (Token::Typed(token), _) => NewToken::File(token),
            (Token::Variable(name), _) => NewToken::Variable(name),
            (Token::Command(command), _) => NewToken::Command(command),
        };
        let new = config::NewDesk { name: desk.name, url, token };
        match new.add(&self.config, &self.environment).await {
            Ok(()) => Ok(new.name),
            Err(error) => Err(error.to_string().into()),
        }
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if sentence.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}
