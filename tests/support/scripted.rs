//! A loopback HTTP server that plays scripts: what it answers, byte for byte, is the test's. Each
//! connection carries one request and gets the next script; the last script is played again and again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

/// One thing that the server does, in order, after it has read a request.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// Says nothing more until the client goes away.
    Hold,
}

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    /// "GET /api/v1/me HTTP/1.1"
    pub line: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

pub struct Scripted {
    pub url: Url,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Ends with the value.
    _tasks: JoinSet<()>,
}

impl Scripted {
    /// Serves one script for all requests.
    pub async fn playing(steps: Vec<Step>) -> Self {
        Self::playing_each(vec![steps]).await
    }

    /// Serves the scripts one after the other.
    pub async fn playing_each(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, scripts, Arc::clone(&requests)));
        let url = Url::parse(&format!("http://{address}")).unwrap();
        Self { url, requests, _tasks: tasks }
    }

    /// What has been asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, scripts: Vec<Vec<Step>>, requests: Arc<Mutex<Vec<Request>>>) {
    let mut connections = JoinSet::new();
    let mut served = 0;
    while let Ok((stream, _)) = listener.accept().await {
        let steps = scripts[served.min(scripts.len() - 1)].clone();
        served += 1;
        connections.spawn(play(stream, steps, Arc::clone(&requests)));
    }
}

async fn play(mut stream: TcpStream, steps: Vec<Step>, requests: Arc<Mutex<Vec<Request>>>) {
    let Some(request) = read_request(&mut stream).await else { return };
    requests.lock().unwrap().push(request);
    for step in steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Hold => {
                let mut rest = [0; 64];
                let _ = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut rest)).await;
            }
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(n, _)| n == "content-length")
        .map_or(0, |(_, v)| v.parse::<usize>().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request { line, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// A whole answer. `headers` are lines without their ends.
pub fn http(status: &str, headers: &[&str], body: &str) -> Vec<Step> {
    vec![Step::Send(answer(status, headers, body.len(), body.as_bytes()))]
}

/// An answer that promises `length` bytes, whatever `body` holds.
pub fn answer(status: &str, headers: &[&str], length: usize, body: &[u8]) -> Vec<u8> {
    let mut head =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
