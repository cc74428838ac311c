//! The real binary on two real desks: their cases in one list and on one screen, and acts that name their desk.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/pty.rs"]
mod pty;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::CommandBuilder;
use serde_json::Value;
use tempfile::TempDir;

use pty::Pty;

/// The longest that anything may take; a program that hangs fails the test instead of holding it.
const BOUND: Duration = Duration::from_mins(1);
const PROGRAM: &str = env!("CARGO_BIN_EXE_caseload");

/// A demo desk that is served until the test is over.
struct Desk {
    child: Child,
    said: Value,
    _home: TempDir,
}

impl Desk {
    fn start(seed: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let args = ["demo", "--headless", "--still", "--cases", "10", "--seed", seed];
        let mut child = Command::new(PROGRAM)
            .args(args)
            .env_clear()
            .env("CASELOAD_HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (told, first) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = told.send(line);
        });
        let Ok(line) = first.recv_timeout(BOUND) else {
            let _ = child.kill();
            panic!("the demo did not say where it serves");
        };
        Self { child, said: serde_json::from_str(&line).unwrap(), _home: home }
    }

    fn table(&self, name: &str) -> String {
        let url = self.said["url"].as_str().unwrap();
        format!("[desk.{name}]\nurl = \"{url}\"\ntoken_env = \"TOKEN_{}\"\n", name.to_uppercase())
    }

    fn token(&self) -> &str {
        self.said["tokens"]["admin"].as_str().unwrap()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody with both desks in their configuration: south stands before north.
struct Person {
    home: TempDir,
    tokens: Vec<(String, String)>,
}

impl Person {
    fn of(south: &Desk, north: &Desk, more: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        let text = format!("{}{}{more}", south.table("south"), north.table("north"));
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let token = |name: &str, desk: &Desk| (name.to_owned(), desk.token().to_owned());
        Self { home, tokens: vec![token("TOKEN_SOUTH", south), token("TOKEN_NORTH", north)] }
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().envs(self.tokens.iter().map(|(k, v)| (k, v)));
        command.env("CASELOAD_CONFIG", self.home.path().join("config.toml"));
        command.env("CASELOAD_HOME", self.home.path()).stdin(Stdio::null());
        command.output().unwrap()
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        serde_json::from_slice(&self.run(args).stdout).unwrap()
    }
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_cases_of_both_desks_are_one_list_and_an_act_asks_for_its_desk() {
    let (south, north) = (Desk::start("1"), Desk::start("2"));
    let person = Person::of(&south, &north, "");
    let merged = person.json(&["list", "--json"]);
    let alone = |name: &str| person.json(&["list", "--json", "--desk", name]);
    let (in_south, in_north) = (alone("south"), alone("north"));
    assert!(!in_south.is_empty() && !in_north.is_empty());
    assert_eq!(merged.len(), in_south.len() + in_north.len());
    let of = |name: &str| merged.iter().filter(|case| case["desk"] == name).count();
    assert_eq!((of("south"), of("north")), (in_south.len(), in_north.len()));
    assert!(in_south.iter().all(|case| case.get("desk").is_none()), "one desk needs no name");

    let table = String::from_utf8(person.run(&["list"]).stdout).unwrap();
    let named = |name: &str| {
        table.lines().filter(|line| line.split_whitespace().nth(1) == Some(name)).count()
    };
    assert_eq!((named("south"), named("north")), (in_south.len(), in_north.len()), "{table}");

    let id = in_north[0]["id"].as_str().unwrap();
    let refused = person.run(&["note", id, "Looked at it"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(error(&refused).contains("several desks are configured (south, north)"), "{refused:?}");
    assert!(error(&refused).contains("--desk NAME"));
    let done = person.run(&["note", id, "Looked at it", "--desk", "north"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let raised = person.json(&["list", "--json", "--desk", "north"]);
    let revision =
        |cases: &[Value]| cases.iter().find(|c| c["id"] == id).unwrap()["revision"].clone();
    assert_ne!(revision(&raised), revision(&in_north));
}

#[test]
fn a_desk_that_cannot_be_read_is_told_and_the_other_is_listed() {
    let (south, north) = (Desk::start("1"), Desk::start("2"));
    let keyless = "[desk.east]\nurl = \"http://127.0.0.1:1\"\ntoken_env = \"TOKEN_EAST\"\n";
    let person = Person::of(&south, &north, keyless);
    drop(south);
    let listed = person.run(&["list", "--json"]);
    let cases: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    assert!(!cases.is_empty() && cases.iter().all(|case| case["desk"] == "north"));
    let said = error(&listed);
    assert!(said.contains("list the cases of desk south"), "{said}");
    assert!(said.contains("TOKEN_EAST") && said.contains("desk east"), "{said}");
    assert_eq!(listed.status.code(), Some(6), "the worst of both: {said}");
    drop(north);
    assert_eq!(person.run(&["list"]).stdout, b"");
}

#[test]
fn both_desks_come_up_in_one_screen() {
    let (south, north) = (Desk::start("1"), Desk::start("2"));
    let person = Person::of(&south, &north, "");
    let mut command = CommandBuilder::new(PROGRAM);
    command.env_clear();
    for (name, token) in &person.tokens {
        command.env(name, token);
    }
    command.env("CASELOAD_CONFIG", person.home.path().join("config.toml"));
    command.env("CASELOAD_HOME", person.home.path());
    command.env("TERM", "xterm-256color");
    let mut screen = Pty::start(command, (140, 40));
    screen.shows("● south  ● north");
    screen.types("2/desk:nor");
    screen.shows(" at north");
    // Entered, it stays in force; asked for anew, all are shown and the other desk is chosen.
    screen.types("\r2/desk:sou");
    screen.shows(" at south");
    screen.types("\r");
    screen.types("q");
    assert!(screen.ends().success());
}
