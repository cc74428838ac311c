//! The real binary and the files of cases: `attach`, `download`, `show`, against a real demo desk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step of a test is its failure"
)]

#[path = "support/program.rs"]
mod program;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc;

use serde_json::Value;

use program::Serving;

fn desk() -> Serving {
    Serving::start(program::At::nowhere(), &["demo", "--headless", "--still", "--cases", "30"])
}

fn who(desk: &Serving, role: &str) -> At {
    At(desk.who(role))
}

/// Somebody with a folder of their own.
struct At(program::At);

impl At {
    fn path(&self, name: &str) -> PathBuf {
        self.0.home.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        self.0.run(args).ok()
    }

    #[track_caller]
    fn fails(&self, exit: i32, says: &str, args: &[&str]) {
        self.0.run(args).fails(exit, says);
    }

    /// A case at 2nd level, where an engineer may attach.
    fn case(&self) -> String {
        program::case_where(&self.0, |case| case["tier"] == "second")
    }
}

/// Bytes that no compression shortens, of a gzip file by their beginning.
fn noise(length: usize) -> Vec<u8> {
    let mut state: u64 = 7;
    let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect();
    bytes[..4].copy_from_slice(b"\x1f\x8b\x08\x00");
    bytes
}

#[test]
fn files_go_up_are_shown_with_their_numbers_and_come_down_the_same() {
    let desk = desk();
    let at = who(&desk, "engineer");
    let case = at.case();
    let (dump, log) = (noise(1_500_000), b"a line\n".to_vec());
    at.write("dump.gz", &dump);
    at.write("Gr\u{f6}\u{df}e \"x\".log", &log);
    let said = at.ok(&["attach", &case, "dump.gz", "Gr\u{f6}\u{df}e \"x\".log"]);
    let first = format!("{case}  attached dump.gz as file 1 (1500000 bytes)");
    assert_eq!(said.lines().next().unwrap(), first);
    assert_eq!(said.lines().count(), 2);
    let shown = at.ok(&["show", &case]);
    assert!(shown.contains("1  dump.gz  1500000 bytes  "), "{shown}");
    assert!(shown.contains("2  Gr\u{f6}\u{df}e %22x%22.log  7 bytes  "), "{shown}");
    let said = at.ok(&["download", &case, "--to", "new/folder", "--json"]);
    let brought: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(brought[0]["path"], "new/folder/dump.gz");
    assert_eq!(brought[1]["size"], 7);
    assert!(at.read("new/folder/dump.gz") == dump);
    assert_eq!(at.read("new/folder/Gr\u{f6}\u{df}e %22x%22.log"), log);
    let mode = std::fs::metadata(at.path("new/folder/dump.gz")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "customers' data are their reader's alone");
    let json = at.ok(&["attach", &case, "dump.gz", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["id"], "3");
}

#[test]
fn nothing_that_is_there_is_overwritten_unless_it_is_asked_for() {
    let desk = desk();
    let at = who(&desk, "engineer");
    let case = at.case();
    at.write("a.log", b"of the desk\n");
    at.ok(&["attach", &case, "a.log"]);
    at.write("a.log", b"mine\n");
    at.fails(1, "a.log is there already; --force overwrites it", &["download", &case, "1"]);
    assert_eq!(at.read("a.log"), b"mine\n");
    std::os::unix::fs::symlink("nowhere", at.path("link.log")).unwrap();
    at.ok(&["download", &case, "1", "--force"]);
    assert_eq!(at.read("a.log"), b"of the desk\n");
    // A link in its place is not followed.
    std::fs::remove_file(at.path("a.log")).unwrap();
    at.write("theirs", b"precious\n");
    std::os::unix::fs::symlink("theirs", at.path("a.log")).unwrap();
    at.fails(1, "is there already", &["download", &case, "1"]);
    at.ok(&["download", &case, "1", "--force"]);
    assert_eq!(at.read("theirs"), b"precious\n");
    assert_eq!(at.read("a.log"), b"of the desk\n");
}

#[test]
fn a_download_goes_on_where_it_broke_off() {
    let desk = desk();
    let at = who(&desk, "engineer");
    let case = at.case();
    let dump = noise(900_000);
    at.write("dump.gz", &dump);
    at.ok(&["attach", &case, "dump.gz"]);
    std::fs::remove_file(at.path("dump.gz")).unwrap();
    // A line that breaks off after some of the answer, and tells what it was asked.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let between = format!("http://{}", listener.local_addr().unwrap());
    let desk_address = desk.url().trim_start_matches("http://").to_owned();
    let (told, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming().take(2) {
            let Ok(mut client) = client else { return };
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let is_file = head.starts_with("get") && head.contains("/attachments/1 ");
            let closing = head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
            let closing = closing.replacen("get ", "GET ", 1).replace(" http/1.1", " HTTP/1.1");
            let case_path = closing.replace("/c-", "/C-");
            let mut upstream = std::net::TcpStream::connect(&desk_address).unwrap();
            upstream.write_all(case_path.as_bytes()).unwrap();
            let mut answer = Vec::new();
            upstream.read_to_end(&mut answer).unwrap();
            let most = if is_file { 400_000 } else { answer.len() };
            let _ = client.write_all(&answer[..most]);
            let _ = told.send(head);
        }
    });
    let cut = At(at.0.with("CASELOAD_URL", &between));
    cut.fails(6, "dump.gz.part; run it again to go on", &["download", &case, "1"]);
    let there = cut.read("dump.gz.part");
    assert!((200_000..400_000).contains(&there.len()), "{}", there.len());
    assert!(!cut.path("dump.gz").exists(), "what is not whole does not have the name");
    for _ in 0..2 {
        asked.recv_timeout(program::BOUND).unwrap();
    }
    let at = At(cut.0.with("CASELOAD_URL", desk.url()));
    at.ok(&["download", &case, "1"]);
    assert!(at.read("dump.gz") == dump);
    assert!(!at.path("dump.gz.part").exists());
    // What is there of another file is not taken for this one's beginning.
    std::fs::remove_file(at.path("dump.gz")).unwrap();
    at.write("dump.gz.part", &vec![7; 500_000]);
    at.ok(&["download", &case, "1"]);
    assert!(at.read("dump.gz") == dump);
}

#[test]
fn what_cannot_be_attached_or_brought_is_said_with_the_right_exit_code() {
    let desk = desk();
    let at = who(&desk, "engineer");
    let case = at.case();
    at.write("a.log", b"a line\n");
    at.write("empty.log", b"");
    at.write("program", b"\x7fELF\x02\x01\x01\0\0\0");
    let attach = |file: &'static str| ["attach", case.as_str(), file];
    at.fails(1, "there is no such file", &attach("missing.log"));
    at.fails(1, "it is empty", &attach("empty.log"));
    at.fails(1, "it is not a file", &attach("."));
    at.fails(4, "A file of this type cannot be attached", &attach("program"));
    at.fails(3, "Could not attach a.log to C-1", &["attach", "C-1", "a.log"]);
    at.fails(2, "", &["attach", &case]);
    who(&desk, "oncall").fails(1, "there is no such file", &attach("a.log"));
    let oncall = who(&desk, "oncall");
    oncall.write("a.log", b"a line\n");
    oncall.fails(4, "The one on call may not attach files", &attach("a.log"));
    at.fails(3, "has no file 7", &["download", &case, "7"]);
    at.fails(3, "There is no case C-1", &["download", "C-1"]);
    // One of several that fails does not keep the others back.
    let attached = at.0.run(&["attach", &case, "program", "a.log"]);
    assert_eq!(attached.exit, 4, "{}", attached.err);
    assert!(attached.out.contains("attached a.log as file 1"), "{}", attached.out);
    let nowhere = At(program::At::desk("http://127.0.0.1:1", "no-token-of-this-desk"));
    nowhere.write("a.log", b"x");
    nowhere.fails(6, "a.log was not attached to C-1", &["attach", "C-1", "a.log"]);
    nowhere.fails(6, "Could not list the files of C-1", &["download", "C-1"]);
}
