//! A proxy between a client and a service on loopback that breaks exchanges on purpose. Which one it breaks, and
//! how, comes from a seed and the number of the connection alone; each connection carries one exchange.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The connection is reset as soon as it is there.
    Refuse,
    /// Reset after so many bytes of the request; the service hears nothing.
    ResetRequest(usize),
    /// The service gets a part of the request.
    CutRequest(usize),
    /// The service has answered; the client is hung up on.
    DropAnswer,
    /// The service has answered; the client is reset.
    ResetAnswer,
    /// The client gets so many bytes of the answer.
    Truncate(usize),
    /// Nobody hears anything until the faults end.
    Hang,
    Delay(Duration),
    /// 503 of something in between, which wants a second of silence.
    Busy,
    /// Bytes that are no answer.
    Garbage,
    /// A login page or the like.
    Page,
    /// The request comes twice.
    Twice,
}

impl Fault {
    /// Whether the service may have done what was asked, although nobody was told so.
    pub fn loses_an_answer(self) -> bool {
        matches!(self, Self::DropAnswer | Self::ResetAnswer | Self::Truncate(_))
    }
}

/// The same numbers for the same seed (xorshift).
pub fn drawn(seed: u64, n: u64) -> u64 {
    let mut x = (seed << 32) ^ n.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

fn fault_of(seed: u64, connection: u64) -> Fault {
    let draw = drawn(seed, connection);
    let bytes = usize::try_from(draw >> 32).unwrap() % 400;
    match draw % 100 {
        0..=49 => Fault::None,
        50..=53 => Fault::Refuse,
        54..=57 => Fault::ResetRequest(bytes),
        58..=61 => Fault::CutRequest(bytes),
        62..=68 => Fault::DropAnswer,
        69..=73 => Fault::ResetAnswer,
        74..=79 => Fault::Truncate(bytes),
        80..=82 => Fault::Hang,
        83..=86 => Fault::Delay(Duration::from_millis(draw >> 32 & 127)),
        87 => Fault::Busy,
        88..=90 => Fault::Garbage,
        91..=93 => Fault::Page,
        _ => Fault::Twice,
    }
}

pub struct FaultProxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    mended: watch::Sender<bool>,
    /// Ends with the value.
    _serving: JoinSet<()>,
}

struct Shared {
    service: SocketAddr,
    seed: u64,
    is_down: AtomicBool,
    connections: AtomicU64,
    lost_answers: AtomicU64,
    doubled: AtomicU64,
}

impl FaultProxy {
    pub async fn start(service: SocketAddr, seed: u64) -> Self {
        assert!(service.ip().is_loopback());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            service,
            seed,
            is_down: AtomicBool::new(false),
            connections: AtomicU64::new(0),
            lost_answers: AtomicU64::new(0),
            doubled: AtomicU64::new(0),
        });
        let (mended, until) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&shared), until));
        Self { address, shared, mended, _serving: serving }
    }

    /// From now on everything goes through, and what hangs is let go.
    pub fn mend(&self) {
        self.mended.send_replace(true);
    }

    /// Resets everything, as if the service were gone, or lets it through again.
    pub fn set_down(&self, is_down: bool) {
        self.shared.is_down.store(is_down, Ordering::SeqCst);
    }

    /// How many answers of the service got lost.
    pub fn lost_answers(&self) -> u64 {
        self.shared.lost_answers.load(Ordering::SeqCst)
    }

    /// How many requests came twice.
    pub fn doubled(&self) -> u64 {
        self.shared.doubled.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mended: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let connection = shared.connections.fetch_add(1, Ordering::SeqCst);
        let fault = match (*mended.borrow(), shared.is_down.load(Ordering::SeqCst)) {
            (true, _) => Fault::None,
            (false, true) => Fault::Refuse,
            (false, false) => fault_of(shared.seed, connection),
        };
        let (shared, mended) = (Arc::clone(&shared), mended.clone());
        open.spawn(async move {
            // Whoever hangs up in the middle of it all is what this is about.
            let _ = pass(stream, &shared, fault, mended).await;
        });
    }
}

/// One exchange.
async fn pass(
    mut client: TcpStream,
    shared: &Shared,
    fault: Fault,
    mut mended: watch::Receiver<bool>,
) -> std::io::Result<()> {
    if fault == Fault::Refuse {
        return client.set_zero_linger();
    }
    if let Fault::ResetRequest(bytes) = fault {
        let mut some = vec![0; bytes.max(1)];
        let _ = client.read(&mut some).await?;
        return client.set_zero_linger();
    }
    let request = read_request(&mut client).await?;
    match fault {
        Fault::Hang => {
            let _ = mended.wait_for(|mended| *mended).await;
            return client.set_zero_linger();
        }
        Fault::Delay(time) => tokio::time::sleep(time).await,
        Fault::Busy => {
            let answer = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return client.write_all(answer.as_bytes()).await;
        }
        Fault::Garbage => return client.write_all(b"\x1b[2J\x00\xff no answer\r\n\r\n").await,
        Fault::Page => {
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 16\r\n\
                          Connection: close\r\n\r\n<h1>Welcome</h1>";
            return client.write_all(answer.as_bytes()).await;
        }
        Fault::CutRequest(bytes) => {
            let mut service = TcpStream::connect(shared.service).await?;
            service.write_all(&request[..bytes.min(request.len() - 1)]).await?;
            service.set_zero_linger()?;
            return client.set_zero_linger();
        }
        _ => {}
    }
    let answer = if fault == Fault::Twice {
        shared.doubled.fetch_add(1, Ordering::SeqCst);
        let (first, second) =
            tokio::join!(ask(shared.service, &request), ask(shared.service, &request));
        // Which of the two is answered to, nobody can say.
        first.or(second)?
    } else {
        // A request that is held is let go with its client.
        tokio::select! {
            answer = ask(shared.service, &request) => answer?,
            gone = client.readable() => {
                gone?;
                return Ok(());
            }
        }
    };
    if fault.loses_an_answer() {
        shared.lost_answers.fetch_add(1, Ordering::SeqCst);
    }
    match fault {
        Fault::DropAnswer => Ok(()),
        Fault::ResetAnswer => client.set_zero_linger(),
        Fault::Truncate(bytes) => client.write_all(&answer[..bytes.min(answer.len() - 1)]).await,
        _ => client.write_all(&answer).await,
    }
}

/// What the service says to it, to the end of the connection.
async fn ask(service: SocketAddr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(service).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// A request, which asks for the end of the connection after its answer.
async fn read_request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok())
        .unwrap_or(0);
    while bytes.len() < head + length {
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let end = bytes.windows(2).position(|window| window == b"\r\n").unwrap() + 2;
    let mut request = bytes[..end].to_vec();
    request.extend_from_slice(b"Connection: close\r\n");
    request.extend_from_slice(&bytes[end..]);
    Ok(request)
}
