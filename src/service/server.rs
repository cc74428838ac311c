//! The accept loop: who gets a connection, for how long, and how it all ends.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use rustix::process::{Resource, Rlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::edge::Edge;
use super::framing::{Framing, HEAD, TwoWays};
use super::{Service, http};

/// How long a request's head may take to arrive, from the first byte or the answer before.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long the other side may take no byte of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long a TLS handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// The bounds of how many connections there may be in all; one address may have half of them. An address
/// that has fewer than [`ALWAYS`] gets another one whatever the sum is, so that nobody can shut the others
/// out.
const LEAST: usize = 512;
const MOST: usize = 8_192;
const ALWAYS: usize = 10;
/// How many open files are asked of the system.
const FILES: u64 = 16_384;
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
    serve_at(listener, service, Edge::default(), shutdown).await;
}

/// As [`serve`], at the edge that is described.
pub async fn serve_at(
    listener: TcpListener,
    service: Service,
    edge: Edge,
    shutdown: impl Future<Output = ()>,
) {
    let door = Door::new(service.clone(), edge);
    let graceful = GracefulShutdown::new();
    let seats = Seats::new(most_connections(), service.metrics().connections.clone());
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
        let peer = peer.ip().to_canonical();
        let Some(seat) = seats.take(peer, door.edge.trusts(peer)) else {
            service.metrics().connection_refused();
            tracing::warn!(%peer, "a connection was turned away: too many of them");
            continue;
        };
        let (door, watcher) = (door.clone(), graceful.watcher());
        connections.spawn(async move {
            let _seat = seat;
            door.receive(stream, peer, watcher).await;
        });
    }
    drop(listener);
    service.inner.closing.cancel();
    if tokio::time::timeout(ENDING, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were cut that did not end in time");
    }
    connections.shutdown().await;
}

/// What every connection is served with.
#[derive(Clone)]
struct Door {
    app: Router,
    http: http1::Builder,
    edge: Arc<Edge>,
    closing: CancellationToken,
}

impl Door {
    fn new(service: Service, edge: Edge) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_header_size(HEAD)
            .half_close(false);
        let closing = service.inner.closing.clone();
        Self { app: http::router(service), http, edge: Arc::new(edge), closing }
    }

    /// Serves a connection to its end, under TLS if there is any.
    async fn receive(self, stream: TcpStream, peer: IpAddr, watcher: Watcher) {
        // Small answers must not wait for the acknowledgement of the ones before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let Some(tls) = &self.edge.tls else {
            return self.converse(stream, peer, watcher).await;
        };
        let shaking = tokio::time::timeout(HANDSHAKE_TIME, tls.acceptor().accept(stream));
        let shaken = tokio::select! {
            shaken = shaking => shaken,
            () = self.closing.cancelled() => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.converse(stream, peer, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn converse<S>(&self, stream: S, peer: IpAddr, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let two_ways = TwoWays::default();
        let framing = Framing::new(two_ways.clone());
        let io = TokioIo::new(Line { stream, stuck: None, framing });
        let edge = self.edge.clone();
        let answering = self.app.clone().map_request(move |mut request: Request<Incoming>| {
            let came = edge.came(peer, edge.tls.is_some(), request.headers());
            request.extensions_mut().insert(came);
            request.extensions_mut().insert(two_ways.clone());
            request
        });
        let connection = self.http.serve_connection(io, TowerToHyperService::new(answering));
        // The other side broke off or broke the protocol; hyper has answered what can be answered.
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

/// How many connections there may be: most of the files that this process may open, after it has asked for as
/// many as it can get. The rest is for the database and for those who are always served.
fn most_connections() -> usize {
    let files = rustix::process::getrlimit(Resource::Nofile);
    let wanted = files.maximum.unwrap_or(FILES).min(FILES);
    let mut allowed = files.current.unwrap_or(FILES);
    if allowed < wanted {
        let more = Rlimit { current: Some(wanted), maximum: files.maximum };
        match rustix::process::setrlimit(Resource::Nofile, more) {
            Ok(()) => allowed = wanted,
            Err(error) => tracing::debug!(%error, "no more open files than before"),
        }
    }
    usize::try_from(allowed / 4 * 3).unwrap_or(usize::MAX).clamp(LEAST, MOST)
}

/// Who holds how many connections.
#[derive(Clone)]
struct Seats {
    taken: Arc<Mutex<Taken>>,
    in_all: usize,
    connections: Gauge,
}

#[derive(Default)]
struct Taken {
    by_address: HashMap<IpAddr, usize>,
    in_all: usize,
}

impl Seats {
    fn new(in_all: usize, connections: Gauge) -> Self {
        Self { taken: Arc::default(), in_all, connections }
    }

    /// A proxy that is trusted brings the connections of many, so only the sum limits it.
    fn take(&self, address: IpAddr, trusted: bool) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.by_address.get(&address).copied().unwrap_or(0);
        let of_its_own = trusted || held < self.in_all / 2;
        if held >= ALWAYS && (!of_its_own || taken.in_all >= self.in_all) {
            return None;
        }
        taken.by_address.insert(address, held + 1);
        taken.in_all += 1;
        self.connections.inc();
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
        self.seats.connections.dec();
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
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
struct Line<S> {
    stream: S,
    /// Runs while a write is stuck.
    stuck: Option<Pin<Box<Sleep>>>,
    framing: Framing,
}

impl<S> Line<S> {
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

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
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
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_shut_the_others_out() {
        let open = Gauge::default();
        let seats = Seats::new(LEAST, open.clone());
        let greedy = |n: u8| IpAddr::from([10, 0, 0, n]);
        let mut held = Vec::new();
        for n in 0..10 {
            while let Some(seat) = seats.take(greedy(n), false) {
                held.push(seat);
            }
        }
        assert!(held.len() >= 200);
        let other = IpAddr::from([10, 0, 1, 1]);
        let own: Vec<Seat> = (0..ALWAYS).map_while(|_| seats.take(other, false)).collect();
        assert_eq!(own.len(), ALWAYS);
        assert_eq!(open.get(), i64::try_from(held.len() + ALWAYS).unwrap());
        drop(held);
        assert!(
            seats.take(greedy(0), false).is_some(),
            "a seat comes back with its connection's end"
        );
    }

    #[test]
    fn a_trusted_proxy_may_have_all_seats_but_those_that_are_always_there() {
        let seats = Seats::new(LEAST, Gauge::default());
        let (proxy, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let held: Vec<Seat> = std::iter::from_fn(|| seats.take(proxy, true)).collect();
        assert_eq!(held.len(), LEAST);
        let own: Vec<Seat> = std::iter::from_fn(|| seats.take(other, false)).collect();
        assert_eq!(own.len(), ALWAYS);
        drop(held);
        let own: Vec<Seat> = std::iter::from_fn(|| seats.take(proxy, false)).collect();
        assert_eq!(own.len(), LEAST / 2);
    }
}
