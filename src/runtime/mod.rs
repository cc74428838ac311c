//! The impure rim of the screen: the terminal with its guard, what comes from it, signals, and the loop
//! that ties them to the behaviour (`app`), the drawing (`ui`) and the line to the desk (`sync`).

mod clipboard;
mod desk_loop;
mod editor;
mod ground;
mod input;
mod left;
mod lines;
mod looks;
mod outside;
mod screen;
mod signals;
mod stage;
mod translate;
mod welcome;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;

use crate::app;
use crate::client::CaseApi;
use crate::clock::DeskClock;
use crate::domain::canned::Canned;
use crate::input::Keymap;
use crate::sync;
use crate::ui::theme::Colours;

pub use desk_loop::{Edges, run_loop};
pub use editor::{Edited, Editing};
pub use ground::{answers, by_variable};
pub use lines::DeskLine;
pub use looks::Looks;
pub use outside::Outside;
pub use signals::Signal;
pub use stage::Stage;
pub use welcome::{Checker, WelcomeEdges, run_welcome};

/// How long quitting waits for acts that are being sent.
const GRACE: Duration = Duration::from_secs(3);
/// Quitting that takes longer than this says why.
const SILENCE: Duration = Duration::from_millis(300);
/// Events of the line that may wait while a frame is drawn.
const EVENTS_AHEAD: usize = 64;

/// What the person chose for this screen.
pub struct Options {
    /// Only ASCII reaches the terminal.
    pub ascii: bool,
    pub looks: Looks,
    /// The terminal answers when it is asked for its background.
    pub ask_ground: bool,
    /// Clicks and the wheel are ours instead of the terminal's.
    pub mouse: bool,
    pub keymap: Keymap,
    /// Where files of cases are put; empty: where this machine puts downloads.
    pub downloads: PathBuf,
    /// By the names of desks, the address of a case's page there, `{id}` standing for the case.
    pub case_links: BTreeMap<String, String>,
    /// Time left at which somebody is to be told, the longest first.
    pub alerts_at: Vec<Duration>,
    /// The command of the person's editor.
    pub editor: Option<String>,
    /// Canned answers and macros.
    pub canned: Canned,
    /// What is to be told as the screen comes up.
    pub notices: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ascii: false,
            looks: Looks::new(Colours::Sixteen, false, None, None, None),
            ask_ground: false,
            mouse: false,
            keymap: Keymap::embedded(),
            downloads: PathBuf::new(),
            case_links: BTreeMap::new(),
            alerts_at: vec![],
            editor: None,
            canned: Canned::default(),
            notices: vec![],
        }
    }
}

impl Options {
    /// What of it is the behaviour's, with the names of the desks.
    fn of_app(&self, desks: Vec<String>) -> app::Options {
        app::Options {
            ascii: self.ascii,
            keymap: self.keymap.clone(),
            desks,
            downloads: self.downloads.clone(),
            canned: self.canned.clone(),
            case_links: self.case_links.clone(),
            alerts_at: self
                .alerts_at
                .iter()
                .filter_map(|at| chrono::TimeDelta::from_std(*at).ok())
                .collect(),
        }
    }
}

/// A desk that the screen is on.
pub struct Desk {
    pub name: String,
    pub api: Arc<dyn CaseApi>,
    pub clock: Arc<DeskClock>,
    pub store: Arc<sync::store::Store>,
}

/// Shows desks beside each other until the person quits, a signal ends us, or the terminal is gone. The
/// terminal is given back on every way out. The screen goes by the clock of the first desk.
///
/// # Errors
/// When there is no terminal, it cannot be used, or a part of the program panicked.
pub async fn run(desks: Vec<Desk>, options: Options) -> anyhow::Result<()> {
    Stage::enter(options.mouse)?.show(desks, options).await
}

/// A desk with its line.
struct Started {
    name: String,
    clock: Arc<DeskClock>,
    line: sync::Handle,
    told: mpsc::Receiver<sync::Event>,
}

impl Started {
    fn of(Desk { name, api, clock, store }: Desk) -> Self {
        let (events, told) = mpsc::channel(EVENTS_AHEAD);
        let line = sync::start(api, Arc::clone(&clock), store, events);
        Self { name, clock, line, told }
    }

    fn edge(&mut self) -> DeskLine<'_> {
        DeskLine { handle: &self.line, told: &mut self.told, clock: &*self.clock }
    }

    /// Ends the line: waits for what is being sent, and answers what there is to say of what is left.
    async fn end(self, named: bool) -> Vec<String> {
        let Self { name, line, mut told, .. } = self;
        let mut sentences = Vec::new();
        let ending = line.shutdown(GRACE);
        tokio::pin!(ending);
        let left = loop {
            tokio::select! {
                left = &mut ending => break left,
                Some(event) = told.recv() => sentences.extend(not_kept(event)),
            }
        };
        // What came together with the end.
        while let Ok(event) = told.try_recv() {
            sentences.extend(not_kept(event));
        }
        sentences.extend(left::sentences(&left));
        if named {
            for sentence in &mut sentences {
                *sentence = format!("{name}: {sentence}");
            }
        }
        sentences
    }
}

/// What was ordered at the very end and could not be kept.
fn not_kept(event: sync::Event) -> Option<String> {
    match event {
        sync::Event::ActNotKept { failure, .. } => Some(failure.sentence.cell(500)),
        _ => None,
    }
}

/// Ends all lines at once; a second signal ends the waiting.
async fn finish(desks: Vec<Started>, signals: &mut signals::Signals) -> Vec<String> {
    let named = desks.len() > 1;
    let ending = join_all(desks.into_iter().map(|desk| desk.end(named)));
    tokio::pin!(ending);
    let late = tokio::time::sleep(SILENCE);
    tokio::pin!(late);
    let mut said = false;
    loop {
        tokio::select! {
            sentences = &mut ending => return sentences.concat(),
            () = &mut late, if !said => {
                said = true;
                let _ = writeln!(io::stderr(), "Waiting for what is being sent …");
            }
            () = signals::next_end(signals) => return Vec::new(),
        }
    }
}
