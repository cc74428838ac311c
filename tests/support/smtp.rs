//! A mail server on loopback that takes letters as it is told: accepts, refuses, hangs, hangs up.

#![allow(dead_code, reason = "each test program uses its part of it")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use caseload::service::mail::MailSettings;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// What becomes of the next letter. The last is kept; there is none for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accept,
    /// This line, to the recipient.
    Recipient(&'static str),
    /// This line, to the whole letter.
    Letter(&'static str),
    /// Takes the letter and never answers.
    Hang,
    /// Takes the letter and hangs up.
    HangUp,
}

/// A letter that came in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: String,
    /// Headers and body as they came, dots undone.
    pub data: String,
    pub encrypted: bool,
    pub accepted: bool,
}

impl Received {
    /// The value of a header, unfolded; None if it is not there.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = self.data.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ");
        headers.lines().find_map(|line| {
            let (given, value) = line.split_once(": ")?;
            given.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }

    pub fn body(&self) -> &str {
        self.data.split_once("\r\n\r\n").unwrap().1
    }
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    received: Vec<Received>,
    connections: usize,
    /// Hangs up at once.
    down: bool,
    /// Asks for a login, and refuses it.
    locked: bool,
    /// Offers STARTTLS, with a certificate that nobody knows.
    tls: Option<TlsAcceptor>,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>, watch::Sender<usize>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// The server; it ends when it is dropped.
pub struct Sink {
    pub address: SocketAddr,
    shared: Shared,
    _tasks: JoinSet<()>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Shared(Arc::default(), watch::Sender::new(0));
        let mut tasks = JoinSet::new();
        let served = shared.clone();
        tasks.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                served.state().connections += 1;
                talks.spawn(talk(stream, served.clone()));
            }
        });
        Self { address, shared, _tasks: tasks }
    }

    /// Settings for this server, with an address of ours and a link.
    pub fn settings(&self) -> MailSettings {
        self.settings_with_login("")
    }

    /// The login as the URL has it: `user:password@`.
    pub fn settings_with_login(&self, login: &str) -> MailSettings {
        Self::settings_of(&format!("smtp://{login}{}", self.address))
    }

    /// Of a URL.
    pub fn settings_of(url: &str) -> MailSettings {
        let link = "https://support.desk.example/".parse().unwrap();
        let mut settings =
            MailSettings::new(url, Some("Support <support@desk.example>"), Some(link)).unwrap();
        settings.patience = Duration::from_secs(10);
        settings
    }

    /// What becomes of the next letters, in this order; those after them are accepted.
    pub fn answer(&self, answers: &[Answer]) {
        self.shared.state().answers.extend(answers);
    }

    pub fn set_down(&self, down: bool) {
        self.shared.state().down = down;
    }

    pub fn offer_tls(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        self.shared.state().tls = Some(TlsAcceptor::from(Arc::new(config)));
    }

    pub fn set_locked(&self, locked: bool) {
        self.shared.state().locked = locked;
    }

    /// Everything that came in whole, accepted or not.
    pub fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Waits until so many letters have come in.
    pub async fn came(&self, letters: usize) {
        let mut came = self.shared.1.subscribe();
        let all = came.wait_for(|came| *came >= letters);
        tokio::time::timeout(Duration::from_secs(20), all).await.unwrap().unwrap();
    }
}

/// A client that goes away ends the talk.
async fn talk(mut stream: impl Stream, shared: Shared) {
    if shared.state().down || say(&mut stream, "220 sink.example ESMTP").await.is_err() {
        return;
    }
    let mut stream = BufReader::new(stream);
    if let Ok(true) = serve(&mut stream, &shared, false).await {
        let tls = shared.state().tls.clone().unwrap();
        if let Ok(stream) = tls.accept(stream.into_inner()).await {
            let _ = serve(&mut BufReader::new(stream), &shared, true).await;
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn say(stream: &mut impl Stream, line: &str) -> std::io::Result<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

/// True: the client wants to be encrypted from here on.
async fn serve(
    stream: &mut BufReader<impl Stream>,
    shared: &Shared,
    encrypted: bool,
) -> std::io::Result<bool> {
    let (mut from, mut to) = (String::new(), String::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || shared.state().down {
            return Ok(false);
        }
        let command = line.trim_end_matches("\r\n");
        assert!(!command.contains(['\r', '\n', '\0']), "{command:?}");
        let locked = shared.state().locked;
        match command.split([' ', ':']).next().unwrap() {
            "EHLO" if !encrypted && shared.state().tls.is_some() => {
                say(stream, "250-sink.example\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN").await?;
            }
            "STARTTLS" => {
                say(stream, "220 go on").await?;
                return Ok(true);
            }
            "EHLO" => say(stream, "250-sink.example\r\n250 AUTH PLAIN LOGIN").await?,
            "AUTH" if locked => say(stream, "535 5.7.8 wrong password").await?,
            "AUTH" => say(stream, "235 welcome").await?,
            "MAIL" => {
                command.clone_into(&mut from);
                say(stream, "250 ok").await?;
            }
            "RCPT" => {
                command.clone_into(&mut to);
                let next = shared.state().answers.front().copied();
                if let Some(Answer::Recipient(refusal)) = next {
                    shared.state().answers.pop_front();
                    say(stream, refusal).await?;
                } else {
                    say(stream, "250 ok").await?;
                }
            }
            "DATA" => {
                say(stream, "354 go on").await?;
                let data = data(stream).await?;
                let answer = shared.state().answers.pop_front().unwrap_or(Answer::Accept);
                let accepted = answer == Answer::Accept;
                let (from, to) = (from.clone(), to.clone());
                shared.state().received.push(Received { from, to, data, encrypted, accepted });
                shared.1.send_modify(|came| *came += 1);
                match answer {
                    Answer::Accept => say(stream, "250 queued").await?,
                    Answer::Letter(line) | Answer::Recipient(line) => say(stream, line).await?,
                    Answer::Hang => {
                        // Until the client goes.
                        let mut more = String::new();
                        while stream.read_line(&mut more).await? > 0 {}
                        return Ok(false);
                    }
                    Answer::HangUp => return Ok(false),
                }
            }
            "NOOP" | "RSET" => say(stream, "250 ok").await?,
            "QUIT" => return say(stream, "221 bye").await.map(|()| false),
            _ => say(stream, "500 what").await?,
        }
    }
}

/// Up to the line with the dot.
async fn data(stream: &mut BufReader<impl Stream>) -> std::io::Result<String> {
    let mut data = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == ".\r\n" {
            return Ok(data);
        }
        data.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
