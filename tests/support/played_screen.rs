//! The real loop on a screen in memory: keys in, screen out. Time is tokio's, paused: whoever waits lets it
//! pass, and nothing ever waits for the machine.

#![allow(dead_code, reason = "each test program uses its part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use caseload::app::{Model, Options};
use caseload::domain::outbox::Entry;
use caseload::runtime::{DeskLine, Edges, Edited, Editing, Looks, Outside, Signal, run_loop};
use caseload::sync;
use caseload::sync::store::{Fingerprint, Store};
use caseload::ui::Look;
use caseload::ui::theme::Theme;
use crokey::KeyCombination;
use crossterm::event::{Event, KeyEvent};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream;
use ratatui::Terminal;
use ratatui::backend::{Backend, ClearType, TestBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Size};
use tokio::sync::{Notify, mpsc};
use unicode_width::UnicodeWidthStr;

use super::played_desk::PlayedDesk;

/// Longer than anything here takes, in the time that passes by itself.
const LONG: Duration = Duration::from_mins(5);

/// What is on the screen, shared between the loop that draws and the test that reads.
#[derive(Clone)]
struct Glass {
    shown: Arc<Mutex<Shown>>,
    drawn: Arc<Notify>,
}

struct Shown {
    backend: TestBackend,
    /// Frames that changed a cell.
    frames: usize,
}

impl Glass {
    fn new((columns, rows): (u16, u16)) -> Self {
        let shown = Shown { backend: TestBackend::new(columns, rows), frames: 0 };
        Self { shown: Arc::new(Mutex::new(shown)), drawn: Arc::new(Notify::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap()
    }
}

impl Backend for Glass {
    type Error = core::convert::Infallible;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        let mut shown = self.lock();
        shown.frames += usize::from(content.peek().is_some());
        shown.backend.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.lock().backend.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.lock().backend.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.lock().backend.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.lock().backend.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.lock().backend.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Self::Error> {
        self.lock().backend.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.lock().backend.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.lock().backend.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.drawn.notify_waiters();
        Ok(())
    }
}

/// The test's hands and eyes.
pub struct Screen {
    glass: Glass,
    input: mpsc::UnboundedSender<io::Result<Event>>,
    signals: mpsc::UnboundedSender<Signal>,
    suspended: Arc<Mutex<usize>>,
}

/// What was left when the screen had been quit.
pub struct Ended {
    pub result: anyhow::Result<()>,
    pub left: Vec<Entry>,
}

/// Plays a scene on a screen of that size. Answers how the loop ended, or None if the scene was over first.
pub async fn play(
    desk: &Arc<PlayedDesk>,
    size: (u16, u16),
    scene: impl AsyncFnOnce(&mut Screen),
) -> Option<Ended> {
    play_on(&[("desk", desk)], size, scene).await
}

/// The same with what an earlier screen has left on the disk.
pub async fn play_again(
    desk: &Arc<PlayedDesk>,
    store: &Arc<Store>,
    scene: impl AsyncFnOnce(&mut Screen),
) -> Option<Ended> {
    play_with(&[("desk", desk, Arc::clone(store))], (120, 40), scene).await
}

/// A store that outlives a screen.
pub async fn store() -> Arc<Store> {
    Arc::new(Store::in_memory(Fingerprint::of(&"t0ken".into())).await.unwrap())
}

/// The same on several desks of these names.
pub async fn play_on(
    desks: &[(&str, &Arc<PlayedDesk>)],
    size: (u16, u16),
    scene: impl AsyncFnOnce(&mut Screen),
) -> Option<Ended> {
    let mut all = Vec::new();
    for (name, desk) in desks {
        all.push((*name, *desk, store().await));
    }
    play_with(&all, size, scene).await
}

async fn play_with(
    desks: &[(&str, &Arc<PlayedDesk>, Arc<Store>)],
    size: (u16, u16),
    scene: impl AsyncFnOnce(&mut Screen),
) -> Option<Ended> {
    let glass = Glass::new(size);
    let mut terminal = Terminal::new(glass.clone()).unwrap();
    let (input, mut typed) = mpsc::unbounded_channel();
    let (signals, mut sent) = mpsc::unbounded_channel();
    let no_chance: sync::Jitter = Arc::new(|| 1.0);
    let mut lines = Vec::new();
    for (name, desk, store) in desks {
        let (events, told) = mpsc::channel(64);
        let api = Arc::clone(desk) as Arc<dyn caseload::client::CaseApi>;
        let (clock, chance) = (Arc::clone(&desk.clock), Arc::clone(&no_chance));
        let line = sync::start_with(api, clock, Arc::clone(store), events, chance);
        lines.push((*name, line, told, &*desk.clock));
    }
    let names = lines.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let mut model = Model::new(size, Options { desks: names, ..Options::default() });
    let mut looks = Looks::from(Look { theme: Theme::colour(), ascii: false });
    let suspended = Arc::new(Mutex::new(0));
    let mut screen = Screen { glass, input, signals, suspended: Arc::clone(&suspended) };
    let suspend = async || {
        *suspended.lock().unwrap() += 1;
        Ok(())
    };
    let mut editor = NoEditor;
    let result = {
        let mut edges = lines.iter_mut().map(|(_, handle, told, clock)| DeskLine {
            handle,
            told,
            clock: *clock,
        });
        let edges = Edges {
            terminal: &mut terminal,
            input: stream::poll_fn(move |context| typed.poll_recv(context)),
            signals: stream::poll_fn(move |context| sent.poll_recv(context)),
            editor: &mut editor,
            first: edges.next().unwrap(),
            others: edges.collect(),
            outside: Outside::with(|_| Ok(()), |_| Ok(())),
        };
        let running = run_loop(edges, &mut model, &mut looks, suspend);
        tokio::pin!(running);
        tokio::select! {
            biased;
            result = &mut running => Some(result),
            () = scene(&mut screen) => {
                // What the scene did last is taken in before it is over.
                tokio::time::timeout(Duration::from_millis(10), &mut running).await.ok()
            }
        }
    };
    let mut left = Vec::new();
    for (_, line, told, _) in lines {
        drop(told);
        left.extend(line.shutdown(Duration::from_secs(3)).await.entries);
    }
    result.map(|result| Ended { result, left })
}

impl Screen {
    pub fn text(&self) -> String {
        text_of(self.glass.lock().backend.buffer())
    }

    /// How many frames changed something so far.
    pub fn frames(&self) -> usize {
        self.glass.lock().frames
    }

    pub fn times_suspended(&self) -> usize {
        *self.suspended.lock().unwrap()
    }

    pub fn press(&self, key: KeyCombination) {
        self.send(Event::Key(KeyEvent::new(*key.codes.first(), key.modifiers)));
    }

    pub fn types(&self, text: &str) {
        for c in text.chars() {
            self.press(KeyCombination::from(crossterm::event::KeyCode::Char(c)));
        }
    }

    pub fn send(&self, event: Event) {
        self.input.send(Ok(event)).unwrap();
    }

    /// The terminal goes away.
    pub fn hang_up(&self) {
        self.input.send(Err(io::Error::from(io::ErrorKind::BrokenPipe))).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        self.signals.send(signal).unwrap();
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.glass.lock().backend.resize(columns, rows);
        self.send(Event::Resize(columns, rows));
    }

    /// Waits until the screen is so.
    pub async fn is(&self, what: &str, so: impl Fn(&str) -> bool) {
        let waiting = async {
            loop {
                let drawn = self.glass.drawn.notified();
                if so(&self.text()) {
                    return;
                }
                drawn.await;
            }
        };
        let waited = tokio::time::timeout(LONG, waiting).await;
        assert!(waited.is_ok(), "the screen never {what}:\n{}", self.text());
    }

    pub async fn shows(&self, text: &str) {
        self.is(&format!("shows {text:?}"), |screen| screen.contains(text)).await;
    }

    pub async fn no_longer_shows(&self, text: &str) {
        self.is(&format!("is without {text:?}"), |screen| !screen.contains(text)).await;
    }

    /// The row with the cursor's mark.
    pub fn cursor_row(&self) -> String {
        self.text().lines().find(|row| row.contains('▌')).unwrap_or_default().to_owned()
    }
}

fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut skip = 0;
        for cell in row {
            if skip == 0 {
                text.push_str(cell.symbol());
                skip = cell.symbol().width();
            }
            skip = skip.saturating_sub(1);
        }
        text.push('\n');
    }
    text
}

/// An editor that is not there.
struct NoEditor;

impl Editing for NoEditor {
    fn edit(&mut self, _name: String, _text: String) -> BoxFuture<'static, Edited> {
        async { Err("No editor is set.".to_owned()) }.boxed()
    }

    fn end(&mut self) {}
}
