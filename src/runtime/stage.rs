//! The terminal with its guard, what comes from it, and signals, for one screen after the other: keys are read by
//! one thread as long as the program runs, so that none is lost between two screens.

use std::io::{self, IsTerminal, Write};
use std::pin::Pin;
use std::sync::Arc;

use crossterm::event::Event;
use futures_util::Stream;
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::Notify;

use super::ground::{self, Question};
use super::screen::{self, FrameBackend, PanicHook, Screen};
use super::welcome::{Checker, WelcomeEdges, run_welcome};
use super::{Desk, Edges, Options, Outside, Started, editor, finish, input, run_loop, signals};
use crate::app::welcome::{Chosen, Welcome};
use crate::app::{self, Model};
use crate::clock::SystemClock;

/// The terminal, until this is dropped.
pub struct Stage {
    /// What the terminal answers about its background; the first desk that is shown hears it.
    question: Question,
    input: Pin<Box<dyn Stream<Item = io::Result<Event>> + Send>>,
    /// What holds the thread that reads keys back while an editor has the terminal.
    gate: input::Gate,
    signals: signals::Signals,
    failed: Arc<Notify>,
    screen: Screen,
    _hook: PanicHook,
}

impl Stage {
    /// Takes the terminal.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn enter(mouse: bool) -> anyhow::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            anyhow::bail!(
                "the desk needs a terminal for its input and output; without one there is \
                 `caseload list`"
            );
        }
        if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            anyhow::bail!(
                "the desk needs a terminal that can place its cursor, and TERM says \"dumb\""
            );
        }
        let failed = Arc::new(Notify::new());
        let hook = PanicHook::install(Arc::clone(&failed));
        let signals = signals::listen()?;
        let screen = screen::Screen::enter(mouse)?;
        let gate = input::Gate::default();
        let (input, question) = ground::listen(input::events(gate.clone()));
        Ok(Self { input: Box::pin(input), question, gate, signals, failed, screen, _hook: hook })
    }

    /// Shows what there is before any desk is configured, until something is chosen.
    ///
    /// # Errors
    /// The terminal cannot be used, or a part of the program panicked.
    pub async fn welcome(
        &mut self,
        mut welcome: Welcome,
        options: &Options,
        checker: Checker,
    ) -> anyhow::Result<Chosen> {
        let mut terminal = Terminal::new(FrameBackend::new())?;
        let edges = WelcomeEdges {
            terminal: &mut terminal,
            input: &mut self.input,
            signals: &mut self.signals,
            clock: &SystemClock,
            checker,
        };
        let look = options.looks.look();
        let screen = &self.screen;
        tokio::select! {
            chosen = run_welcome(edges, &mut welcome, look, || screen.suspend()) => chosen,
            () = self.failed.notified() => Err(part_failed()),
        }
    }

    /// See [`super::run`].
    ///
    /// # Errors
    /// As [`super::run`].
    pub async fn show(mut self, desks: Vec<Desk>, mut options: Options) -> anyhow::Result<()> {
        let names = desks.iter().map(|desk| desk.name.clone()).collect();
        let mut desks: Vec<Started> = desks.into_iter().map(Started::of).collect();
        let ended = {
            let mut terminal = Terminal::new(FrameBackend::new())?;
            let size = terminal.backend().size()?;
            let mut looks = std::mem::take(&mut options.looks);
            if options.ask_ground {
                looks.ask(self.question);
            }
            let mut model = Model::new((size.width, size.height), options.of_app(names));
            let mut lines = desks.iter_mut().map(Started::edge);
            let Some(first) = lines.next() else { anyhow::bail!("there is no desk to show") };
            if !options.notices.is_empty() {
                let told = app::Msg::Noticed(options.notices.join(" "));
                // Nothing is asked for before a desk has told anything.
                app::update(&mut model, told, first.clock.now());
            }
            // Another screen may have been there before.
            terminal.clear()?;
            let mut editor =
                editor::OwnEditor::new(options.editor, options.mouse, self.gate.clone());
            let edges = Edges {
                terminal: &mut terminal,
                input: &mut self.input,
                editor: &mut editor,
                signals: &mut self.signals,
                first,
                others: lines.collect(),
                outside: Outside::here(),
            };
            let screen = &self.screen;
            tokio::select! {
                ended = run_loop(edges, &mut model, &mut looks, || screen.suspend()) => ended,
                () = self.failed.notified() => Err(part_failed()),
            }
        };
        let Self { screen, mut signals, _hook, .. } = self;
        drop(screen);
        for sentence in finish(desks, &mut signals).await {
            // Nobody may be there to read it any more.
            let _ = writeln!(io::stderr(), "{sentence}");
        }
        ended
    }
}

fn part_failed() -> anyhow::Error {
    anyhow::anyhow!("a part of the program failed; what it said is above")
}
