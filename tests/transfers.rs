//! Files of cases by the real line to a real service, through a relay that stops in the middle: how far they are
//! is told, what is cancelled goes on from there, and what goes up arrives whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use caseload::client::Fingerprint;
use caseload::client::native::{NativeApi, Options};
use caseload::clock::DeskClock;
use caseload::domain::ask::{Answer, Ask, Because, Unanswered};
use caseload::domain::{Attachment, CaseId};
use caseload::sync::store::Store;
use caseload::sync::{Event, Handle, start};
use serde_json::json;
use support::Desk;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

const TOKEN: &str = "token-ann";
/// Bytes that pass the relay in one direction of a connection before it stops.
const PASSES: usize = 512 * 1024;
/// More than passes, and more than what lies in the buffers of sockets on both sides.
const SIZE: usize = 16 * 1024 * 1024;
const BOUND: Duration = Duration::from_mins(2);

/// A line that stops in the middle of what is long, until it is let go.
struct Relay {
    address: SocketAddr,
    open: watch::Sender<bool>,
    /// Ends with the value.
    _serving: JoinSet<()>,
}

impl Relay {
    async fn start(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, opened) = watch::channel(false);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut passing = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let opened = opened.clone();
                passing.spawn(async move {
                    let Ok(service) = TcpStream::connect(service).await else { return };
                    let (from, to) = client.into_split();
                    let (answers, asks) = service.into_split();
                    tokio::select! {
                        () = pass(from, asks, opened.clone()) => {}
                        () = pass(answers, to, opened) => {}
                    }
                });
            }
        });
        Self { address, open, _serving: serving }
    }
}

async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut opened: watch::Receiver<bool>,
) {
    let mut passed = 0;
    let mut piece = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        // A connection that is used again stops anew.
        passed = if *opened.borrow() { 0 } else { passed + read };
        if passed > PASSES && opened.wait_for(|open| *open).await.is_err() {
            return;
        }
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}

struct Process {
    line: Handle,
    events: mpsc::Receiver<Event>,
}

impl Process {
    async fn start(relay: &Relay) -> Self {
        let url = format!("http://{}", relay.address).parse().unwrap();
        let api = NativeApi::with(&url, TOKEN.into(), Options::default()).unwrap();
        let store = Store::in_memory(Fingerprint::of(&TOKEN.into())).await.unwrap();
        let (tell, events) = mpsc::channel(256);
        let line = start(Arc::new(api), Arc::new(DeskClock::start()), Arc::new(store), tell);
        Self { line, events }
    }

    /// What is told of that question next: how far it is, or its answer.
    async fn told(&mut self, of: u64) -> Result<(u64, u64), Result<Answer, Unanswered>> {
        loop {
            match timeout(BOUND, self.events.recv()).await.unwrap().unwrap() {
                Event::Progress { ticket, done, total } if ticket == of => {
                    return Ok((done, total));
                }
                Event::Answered { ticket, answer } if ticket == of => return Err(*answer),
                _ => {}
            }
        }
    }

    async fn answer(&mut self, of: u64) -> Result<Answer, Unanswered> {
        loop {
            if let Err(answer) = self.told(of).await {
                return answer;
            }
        }
    }
}

/// Bytes of a text that repeats nowhere near.
fn content() -> Vec<u8> {
    (0_u64..).flat_map(|n| format!("line {n}\n").into_bytes()).take(SIZE).collect()
}

async fn case(desk: &Desk) -> CaseId {
    let id = desk.reported(json!({})).await;
    desk.done("ann", &id, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    CaseId::new(id)
}

async fn files(desk: &Desk, case: &CaseId) -> Vec<Attachment> {
    let whole = desk.get_json("ann", &format!("/api/v1/cases/{}", case.as_str())).await;
    serde_json::from_value(whole["attachments"].clone()).unwrap()
}

fn written(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_and_a_cancelled_download_goes_on_where_it_was() {
    let desk = desk!();
    let relay = Relay::start(desk.address).await;
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "trace.log", &content());
    let case = case(&desk).await;
    let mut process = Process::start(&relay).await;

    process.line.ask(1, Ask::Upload { case: case.clone(), path });
    let (done, total) = process.told(1).await.unwrap();
    assert_eq!(total, SIZE as u64);
    assert!(done < total, "{done}");
    relay.open.send_replace(true);
    let sent = process.answer(1).await.unwrap();
    assert!(matches!(&sent, Answer::Uploaded(file) if file.size == SIZE as u64), "{sent:?}");

    relay.open.send_replace(false);
    let files = files(&desk, &case).await;
    let download = Ask::Download {
        case: case.clone(),
        file: files[0].id.clone(),
        files,
        to: folder.path().join("downloads"),
    };
    process.line.ask(2, download.clone());
    let (done, _) = process.told(2).await.unwrap();
    assert!(done > 0 && done < SIZE as u64, "{done}");
    process.line.cancel(2);
    let place = folder.path().join("downloads").join(case.as_str()).join("trace.log");
    let part = place.with_extension("log.part");
    assert!(part.is_file() && !place.exists());

    relay.open.send_replace(true);
    process.line.ask(3, download.clone());
    let mut first = None;
    let answer = loop {
        match process.told(3).await {
            Ok((done, _)) => {
                first.get_or_insert(done);
            }
            Err(answer) => break answer,
        }
    };
    assert!(first.is_none_or(|first| first >= done), "{first:?} {done}");
    assert_eq!(answer.unwrap(), Answer::Downloaded(place.clone()));
    assert_eq!(std::fs::read(&place).unwrap(), content());
    assert!(!part.exists());

    // That very file is there already, so that it need not come again; another one is never overwritten.
    process.line.ask(4, download.clone());
    assert_eq!(process.answer(4).await.unwrap(), Answer::Downloaded(place.clone()));
    std::fs::write(&place, "my own").unwrap();
    process.line.ask(5, download);
    let beside = place.with_file_name("trace-2.log");
    assert_eq!(process.answer(5).await.unwrap(), Answer::Downloaded(beside));
    assert_eq!(std::fs::read(&place).unwrap(), b"my own");
    process.line.shutdown(Duration::from_secs(3)).await;
}

#[tokio::test]
async fn what_cannot_be_sent_is_told_by_this_machine_or_by_the_desk() {
    let desk = desk!();
    let relay = Relay::start(desk.address).await;
    let folder = tempfile::tempdir().unwrap();
    let empty = written(folder.path(), "empty.log", b"");
    let text = written(folder.path(), "a.log", b"some lines\n");
    let gone = folder.path().join("gone.log");
    let mut process = Process::start(&relay).await;
    let paths = [&empty, &text, &gone].map(|path| path.to_string_lossy().into_owned());
    process.line.ask(1, Ask::LookAt(paths.to_vec()));
    let Ok(Answer::LookedAt(looked)) = process.answer(1).await else { panic!("no answer") };
    assert_eq!(looked[0], Err("it is empty".to_owned()));
    assert_eq!(looked[1].as_ref().map(|file| file.size), Ok(11));
    assert_eq!(looked[2], Err("there is no such file".to_owned()));
    process.line.ask(2, Ask::Complete(format!("{}/e", folder.path().display())));
    let names = vec![paths[0].clone()];
    assert_eq!(process.answer(2).await.unwrap(), Answer::Completed(names));

    process.line.ask(3, Ask::Upload { case: "C-none".into(), path: text });
    let refused = process.answer(3).await.unwrap_err();
    assert_eq!((refused.because, refused.in_doubt), (Because::Refused, false));
    process.line.ask(4, Ask::Upload { case: "C-none".into(), path: gone });
    let refused = process.answer(4).await.unwrap_err();
    assert_eq!((refused.because, refused.why.raw()), (Because::Here, "there is no such file"));
    process.line.shutdown(Duration::from_secs(3)).await;
}
