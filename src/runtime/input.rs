//! What comes from the terminal, as a stream that ends when the terminal is gone.
//!
//! Reading stands in a thread of its own: crossterm's reading never returns, and spins, once the terminal
//! has hung up. A second thread therefore waits for the hang-up alone and ends the stream; the reading
//! thread ends with the process.
//!
//! While another program has the terminal, the reading thread waits behind a [`Gate`], so that it takes none of
//! that program's keys.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event};
use futures_util::Stream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::mpsc;

/// Where hang-ups do not wake a waiting poll by themselves, it looks this often.
const LOOK: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Whether what is typed is read.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<Way>, Condvar)>);

#[derive(Default)]
struct Way {
    closed: bool,
    /// The reading thread stands before it.
    waits: bool,
}

/// The reading thread is woken anew after so long, so often.
const NUDGE: Duration = Duration::from_millis(50);
const NUDGES: usize = 40;

impl Gate {
    fn way(&self) -> MutexGuard<'_, Way> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From its return on nothing that is typed is read, until [`Gate::open`].
    ///
    /// # Errors
    /// When the reading thread does not stop; then it reads on.
    pub fn close(&self) -> io::Result<()> {
        self.way().closed = true;
        for _ in 0..NUDGES {
            // It may stand in a read that nothing ends but an event. A change of the size that is none is one.
            kill_process(getpid(), Signal::WINCH)?;
            let way = self.way();
            let waited = self.0.1.wait_timeout_while(way, NUDGE, |way| !way.waits);
            if waited.unwrap_or_else(PoisonError::into_inner).0.waits {
                return Ok(());
            }
        }
        self.open();
        Err(io::ErrorKind::TimedOut.into())
    }

    pub fn open(&self) {
        self.way().closed = false;
        self.0.1.notify_all();
    }

    /// Waits as long as it is closed.
    fn pass(&self) {
        let mut way = self.way();
        if way.closed {
            way.waits = true;
            self.0.1.notify_all();
            let opened = self.0.1.wait_while(way, |way| way.closed);
            way = opened.unwrap_or_else(PoisonError::into_inner);
            way.waits = false;
        }
    }
}

/// The terminal's events; an error says that the terminal is gone.
pub fn events(gate: Gate) -> impl Stream<Item = io::Result<Event>> + Unpin {
    let (events, mut waiting) = mpsc::unbounded_channel();
    let hang_up = events.clone();
    thread::spawn(move || {
        wait_for_hang_up(io::stdin());
        let _ = hang_up.send(Err(io::Error::from(io::ErrorKind::BrokenPipe)));
    });
    thread::spawn(move || {
        loop {
            gate.pass();
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
    fn a_closed_gate_holds_whoever_comes_until_it_is_opened() {
        let gate = Gate::default();
        let (passed, passing) = channel();
        let reader = gate.clone();
        let reading = thread::spawn(move || {
            for n in 0..3 {
                reader.pass();
                let _ = passed.send(n);
                if n == 0 {
                    // As if it read until the size changed.
                    while !reader.way().closed {
                        thread::yield_now();
                    }
                }
            }
        });
        assert_eq!(passing.recv_timeout(Duration::from_secs(10)), Ok(0));
        gate.close().unwrap();
        assert!(passing.try_recv().is_err());
        gate.open();
        assert_eq!(passing.recv_timeout(Duration::from_secs(10)), Ok(1));
        reading.join().unwrap();
    }

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
