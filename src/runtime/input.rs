//! What comes from the terminal, as a stream that ends when the terminal is gone.
//!
//! Reading stands in a thread of its own: crossterm's reading never returns, and spins, once the terminal
//! has hung up. A second thread therefore waits for the hang-up alone and ends the stream; the reading
//! thread ends with the process.

use std::io;
use std::os::fd::AsFd;
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
        wait_for_hang_up(io::stdin());
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

/// Returns when that terminal has hung up, using no time until then.
fn wait_for_hang_up(terminal: impl AsFd) {
    let timeout = if cfg!(target_os = "linux") { None } else { Some(&LOOK) };
    loop {
        // Without any flag asked for, only errors and the hang-up wake it.
        let mut watched = [PollFd::new(&terminal, PollFlags::empty())];
        match poll(&mut watched, timeout) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn the_watch_sleeps_through_what_is_typed_and_wakes_when_the_other_end_is_gone() {
        let (mut person, terminal) = UnixStream::pair().unwrap();
        let (woke, waking) = channel();
        thread::spawn(move || {
            wait_for_hang_up(terminal);
            let _ = woke.send(());
        });
        person.write_all(b"j").unwrap();
        // Long enough for a watch that the key wakes; one that sleeps says nothing.
        assert!(waking.recv_timeout(Duration::from_millis(50)).is_err());
        drop(person);
        waking.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
