//! What comes from the terminal, as a stream that ends when the terminal is gone.
//!
//! Reading stands in a thread of its own: crossterm's reading never returns, and spins, once the terminal
//! has hung up. A second thread therefore waits for the hang-up alone and ends the stream; the reading
//! thread ends with the process.

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use futures_util::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::mpsc;

/// Where hang-ups do not wake a waiting poll by themselves, it looks this often.
const LOOK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// The terminal's events; an error says that the terminal is gone.
pub fn events() -> impl Stream<Item = io::Result<Event>> + Unpin {
    let (events, mut waiting) = mpsc::unbounded_channel();
    let hang_up = events.clone();
    thread::spawn(move || {
        wait_for_hang_up();
        let _ = hang_up.send(Err(io::Error::from(io::ErrorKind::BrokenPipe)));
    });
    thread::spawn(move || {
        loop {
            let event = event::read();
            let broken = event.is_err();
            if events.send(event).is_err() || broken {
                break;
            }
        }
    });
    futures_util::stream::poll_fn(move |context| waiting.poll_recv(context))
}

/// Returns when standard input has hung up, using no time until then.
fn wait_for_hang_up() {
    let stdin = io::stdin();
    let timeout = if cfg!(target_os = "linux") { None } else { Some(&LOOK) };
    loop {
        // Without any flag asked for, only errors and the hang-up wake it.
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut watched, timeout) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}
