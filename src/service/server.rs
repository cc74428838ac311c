//! The accept loop: who gets a connection, for how long, and how it all ends.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tower::ServiceExt;

use super::framing::{Framing, HEAD, TwoWays};
use super::{Service, http};

/// How long a request's head may take to arrive, from the first byte or the answer before.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long the other side may take no byte of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// Connections of one address, and in all. An address that has fewer than [`ALWAYS`] gets another one
/// whatever the sum is, so that nobody can shut the others out.
const PER_ADDRESS: usize = 256;
const IN_ALL: usize = 512;
const ALWAYS: usize = 10;
/// How long open connections may take to end after the service was told to.
const ENDING: Duration = Duration::from_secs(5);

/// Nobody can be served there.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {}", reason(.error))]
pub struct ListenError {
    address: SocketAddr,
    error: io::Error,
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program listens there already".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not use that port".to_owned(),
        _ => error.to_string(),
    }
}

/// Takes an address to [`serve`] on; port 0 is a free one. With the address that it came to.
///
/// # Errors
/// [`ListenError`]
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let listening = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listening.await.map_err(|error| ListenError { address, error })
}

/// Serves on a listener until `shutdown` comes: then held requests are answered at once, those under way
/// are finished, and no new ones are taken. The service stays open for those who use it in process.
pub async fn serve(listener: TcpListener, service: Service, shutdown: impl Future<Output = ()>) {
    let app = http::router(service.clone());
    let mut server = hyper::server::conn::http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD)
        .half_close(false);
    let graceful = GracefulShutdown::new();
    let seats = Seats::default();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            // Lets go of connections that have ended.
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: waiting lets others end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(seat) = seats.take(peer.ip()) else {
            tracing::warn!("a connection was turned away: too many of them");
            continue;
        };
        // Small answers must not wait for the acknowledgement of the ones before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let two_ways = TwoWays::default();
        let framing = Framing::new(two_ways.clone());
        let io = TokioIo::new(Line { stream, stuck: None, framing });
        let answering = app.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(two_ways.clone());
            request
        });
        let connection = server.serve_connection(io, TowerToHyperService::new(answering));
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            let _seat = seat;
            // The other side broke off or broke the protocol; hyper has answered what can be answered.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    service.inner.closing.cancel();
    if tokio::time::timeout(ENDING, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut that did not end in time");
    }
    connections.shutdown().await;
}

/// Who holds how many connections.
#[derive(Default, Clone)]
struct Seats(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    by_address: HashMap<IpAddr, usize>,
    in_all: usize,
}

impl Seats {
    fn take(&self, address: IpAddr) -> Option<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.by_address.get(&address).copied().unwrap_or(0);
        if held >= ALWAYS && (held >= PER_ADDRESS || taken.in_all >= IN_ALL) {
            return None;
        }
        taken.by_address.insert(address, held + 1);
        taken.in_all += 1;
        Some(Seat { seats: self.clone(), address })
    }
}

/// One connection's place; given back when it is dropped.
struct Seat {
    seats: Seats,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.in_all -= 1;
        if let Some(held) = taken.by_address.get_mut(&self.address) {
            *held -= 1;
            if *held == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

/// A connection that gives up when the other side takes nothing of an answer for [`WRITE_TIME`], and whose
/// requests are followed in what is read.
struct Line {
    stream: TcpStream,
    /// Runs while a write is stuck.
    stuck: Option<Pin<Box<Sleep>>>,
    framing: Framing,
}

impl Line {
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let sleep = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(WRITE_TIME)));
        match sleep.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.framing.read(buf.filled().get(before..).unwrap_or_default());
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_shut_the_others_out() {
        let seats = Seats::default();
        let greedy = |n: u8| IpAddr::from([10, 0, 0, n]);
        let mut held = Vec::new();
        for n in 0..10 {
            while let Some(seat) = seats.take(greedy(n)) {
                held.push(seat);
            }
        }
        assert!(held.len() >= 200);
        let other = IpAddr::from([10, 0, 1, 1]);
        let own: Vec<Seat> = (0..ALWAYS).map_while(|_| seats.take(other)).collect();
        assert_eq!(own.len(), ALWAYS);
        drop(held);
        assert!(seats.take(greedy(0)).is_some(), "a seat comes back when its connection ends");
    }
}
