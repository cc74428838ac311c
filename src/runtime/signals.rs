//! The signals that mean something to a program on a terminal.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};
use rustix::process::{self, Signal as Number};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

/// What a signal asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// TERM or HUP.
    End,
    /// INT or QUIT, which also come from keys that somebody presses in another program on the terminal.
    Interrupt,
    /// TSTP: somebody wants the terminal for a while.
    Suspend,
    /// CONT: we run again, whoever stopped us.
    Resumed,
}

/// All of them as one stream.
pub struct Signals(Vec<(Signal, Listener)>);

/// Begins to listen; from then on none of these signals does anything by itself.
pub fn listen() -> io::Result<Signals> {
    let mut listeners = Vec::new();
    for (meaning, kind) in [
        (Signal::End, SignalKind::terminate()),
        (Signal::End, SignalKind::hangup()),
        (Signal::Interrupt, SignalKind::interrupt()),
        (Signal::Interrupt, SignalKind::quit()),
    ] {
        listeners.push((meaning, signal(kind)?));
    }
    listeners.push((Signal::Suspend, signal(kind(Number::TSTP))?));
    listeners.push((Signal::Resumed, signal(kind(Number::CONT))?));
    Ok(Signals(listeners))
}

/// The next signal that ends us; others are passed over.
pub async fn next_end(signals: &mut Signals) {
    while let Some(signal) = signals.next().await {
        if matches!(signal, Signal::End | Signal::Interrupt) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

impl Stream for Signals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Signal>> {
        for (meaning, listener) in &mut self.0 {
            if listener.poll_recv(context).is_ready() {
                return Poll::Ready(Some(*meaning));
            }
        }
        Poll::Pending
    }
}

fn kind(number: Number) -> SignalKind {
    SignalKind::from_raw(number.as_raw())
}

/// Stops this process, with those that were started together with it, and returns once it runs again. False:
/// there is no shell that could resume us, so nothing was done.
pub async fn stop_until_resumed() -> io::Result<bool> {
    // A program that leads its session was started by no shell: nobody would ever resume it.
    if process::getsid(None)? == process::getpgrp() {
        return Ok(false);
    }
    let mut resumed = signal(kind(Number::CONT))?;
    // Not TSTP, which we listen to ourselves.
    process::kill_current_process_group(Number::STOP)?;
    resumed.recv().await;
    Ok(true)
}
