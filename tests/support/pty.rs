//! A program on a pseudo-terminal: keys in, screen out. Every wait is for something to be read, and has an
//! end.

#![allow(dead_code, reason = "each test program uses its part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use portable_pty::{CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// A program that says nothing new for so long does not say what the test waits for.
const QUIET: Duration = Duration::from_secs(20);
/// Neither does one that has said so much else; a countdown alone says something every second.
const READS: usize = 60;

pub struct Pty {
    // None: hung up.
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    output: Receiver<Vec<u8>>,
    reader: Option<JoinHandle<()>>,
    /// The reader lets the terminal go after what it reads next.
    let_go: Arc<AtomicBool>,
    ended: Receiver<ExitStatus>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    process: Pid,
    /// The terminal's modes before the program had it.
    before: String,
}

impl Pty {
    pub fn start(command: CommandBuilder, (columns, rows): (u16, u16)) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let before = modes(&*pair.master);
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let process = child.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (send, output) = channel();
        let let_go = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&let_go);
        let reading = thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(read @ 1..) = reader.read(&mut buffer) {
                if send.send(buffer[..read].to_vec()).is_err() || told.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        let (send, ended) = channel();
        thread::spawn(move || {
            let _ = send.send(child.wait().unwrap());
        });
        let keys = pair.master.take_writer().unwrap();
        Self {
            master: Some(pair.master),
            keys: Some(keys),
            output,
            reader: Some(reading),
            let_go,
            ended,
            parser: vt100::Parser::new(known(rows), known(columns), 0),
            raw: Vec::new(),
            process,
            before,
        }
    }

    pub fn types(&mut self, keys: &str) {
        let writer = self.keys.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.process, signal).unwrap();
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.parser.screen_mut().set_size(known(rows), known(columns));
    }

    /// The terminal goes away from a program that has nothing to draw: on a screen that is too small every
    /// frame is the same, so that no failing write tells the program.
    pub fn hang_up(&mut self) {
        self.resize(10, 3);
        self.shows("20×5");
        // As long as the reader holds the terminal it is there; what it reads next is its last.
        self.let_go.store(true, Ordering::SeqCst);
        self.resize(14, 3);
        self.reader.take().unwrap().join().unwrap();
        self.keys = None;
        self.master = None;
    }

    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.raw.extend_from_slice(bytes);
    }

    /// Reads until the screen is so.
    pub fn is(&mut self, what: &str, so: impl Fn(&vt100::Screen) -> bool) {
        for _ in 0..READS {
            if so(self.parser.screen()) {
                return;
            }
            let Ok(bytes) = self.output.recv_timeout(QUIET) else { break };
            self.feed(&bytes);
        }
        panic!("the screen never {what}:\n{}", self.text());
    }

    pub fn shows(&mut self, text: &str) {
        self.is(&format!("shows {text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits for the end of the program, reads all that it wrote.
    pub fn ends(&mut self) -> ExitStatus {
        let Ok(status) = self.ended.recv_timeout(QUIET) else {
            panic!("the program does not end:\n{}", self.text());
        };
        // A write of the program may still be on its way to us; the end of the terminal ends the reading.
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.feed(&bytes);
        }
        status
    }

    /// Asserts that nothing of the program is left in the terminal.
    pub fn is_as_before(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left on");
        assert!(!screen.hide_cursor(), "the cursor is left hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is left on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        let raw = String::from_utf8_lossy(&self.raw);
        for mode in ["?1049", "?2004", "?1004", "?2026"] {
            let last = |end: &str| raw.rfind(&format!("\u{1b}[{mode}{end}"));
            assert!(last("l") > last("h"), "mode {mode} is left on");
        }
        let master = self.master.as_ref().unwrap();
        assert_eq!(modes(&**master), self.before, "the terminal's modes are not as before");
    }
}

fn known(size: u16) -> NonZeroU16 {
    NonZeroU16::new(size).unwrap()
}

fn modes(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

impl Drop for Pty {
    /// A failed test leaves no program behind.
    fn drop(&mut self) {
        if self.ended.try_recv().is_err() {
            let _ = kill_process(self.process, Signal::KILL);
        }
    }
}
