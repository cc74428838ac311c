//! The terminal while the desk is on it: taken, and given back as it was on every way out.

use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture,
};
use crossterm::style::{Attribute, SetAttribute};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use tokio::sync::Notify;

use super::signals;

/// Whether the terminal is ours now. Global, since a panic in any thread must give it back; a lock, since
/// no frame may come after that.
static OURS: Mutex<bool> = Mutex::new(false);

fn ours() -> MutexGuard<'static, bool> {
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal is ours as long as this lives.
pub struct Screen {
    mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        let screen = Self { mouse };
        take(mouse)?;
        Ok(screen)
    }

    /// Gives the terminal to the shell, and takes it again when we are resumed, if it was ours.
    pub async fn suspend(&self) -> io::Result<()> {
        let was_ours = *ours();
        give_back();
        // Without a shell the terminal was ours all the time.
        signals::stop_until_resumed().await?;
        if was_ours { take(self.mouse) } else { Ok(()) }
    }
}

/// Takes the terminal; `mouse`: clicks and the wheel, too.
pub fn take(mouse: bool) -> io::Result<()> {
    let mut ours = ours();
    *ours = true;
    enable_raw_mode()?;
    let mut out = Vec::new();
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange, Hide)?;
    if mouse {
        queue!(out, EnableMouseCapture)?;
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(&out)?;
    stdout.flush()
}

/// Asks the terminal for its background (OSC 11); the answer comes among the keys.
pub fn ask_ground() -> io::Result<()> {
    let ours = ours();
    if !*ours {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    // Ended by BEL: some terminals leave the end of their answer out after the other one.
    stdout.write_all(b"\x1b]11;?\x07")?;
    stdout.flush()
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Tells the terminal something beside the frames, in one write; never while it is the shell's.
pub fn tell(bytes: &[u8]) -> io::Result<()> {
    let ours = ours();
    if !*ours {
        return Err(io::Error::from(io::ErrorKind::BrokenPipe));
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Gives the terminal back, if it is ours. Nothing can be done about one that is gone.
pub fn give_back() {
    let mut ours = ours();
    if !std::mem::take(&mut *ours) {
        return;
    }
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        SetAttribute(Attribute::Reset),
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// While this lives, a panic in any thread gives the terminal back before it is told.
pub struct PanicHook(Arc<Hook>);

impl PanicHook {
    /// `failed` is notified of every panic.
    pub fn install(failed: Arc<Notify>) -> Self {
        let before: Arc<Hook> = Arc::from(panic::take_hook());
        let tell = Arc::clone(&before);
        panic::set_hook(Box::new(move |info| {
            give_back();
            tell(info);
            failed.notify_one();
        }));
        Self(before)
    }
}

impl Drop for PanicHook {
    fn drop(&mut self) {
        // The hook cannot be changed by a thread that panics, and then need not be.
        if !std::thread::panicking() {
            let before = Arc::clone(&self.0);
            panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

/// Collects a whole frame; its flush does nothing, since ratatui and crossterm flush many times a frame.
#[derive(Clone, Default)]
struct FrameBuffer(Arc<Mutex<Vec<u8>>>);

impl FrameBuffer {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The terminal as ratatui draws on it: every frame is one write, which the terminal shows at once, and a
/// frame that changes nothing is none.
pub struct FrameBackend {
    inner: CrosstermBackend<FrameBuffer>,
    frame: FrameBuffer,
    /// Where the cursor is shown; None: hidden.
    cursor: Option<Position>,
}

impl FrameBackend {
    pub fn new() -> Self {
        let frame = FrameBuffer::default();
        Self { inner: CrosstermBackend::new(frame.clone()), frame, cursor: None }
    }

    fn send(&mut self) -> io::Result<()> {
        let frame = std::mem::take(&mut *self.frame.bytes());
        let ours = ours();
        if frame.is_empty() || !*ours {
            return Ok(());
        }
        let mut out = Vec::with_capacity(frame.len() + 32);
        queue!(out, BeginSynchronizedUpdate)?;
        out.extend_from_slice(&frame);
        queue!(out, EndSynchronizedUpdate)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(&out)?;
        stdout.flush()
    }
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        // The screen was entered with a hidden cursor.
        if self.cursor.take().is_some() { self.inner.hide_cursor() } else { Ok(()) }
    }

    /// Not yet: ratatui places the cursor next, and that shows it.
    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // ratatui asks before it clears. The answer would come among the keys, which another thread reads,
        // and some terminals never give one; on the alternate screen every frame places the cursor anyway.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        let drawn = !self.frame.bytes().is_empty();
        if self.cursor == Some(position) && !drawn {
            return Ok(());
        }
        self.cursor = Some(position);
        self.inner.set_cursor_position(position)?;
        self.inner.show_cursor()
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.inner.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}
