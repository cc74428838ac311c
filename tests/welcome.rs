//! The first start: the real loop on a real service, and the real program on a terminal.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step of a test is its failure"
)]

#[path = "support/program.rs"]
mod program;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/service.rs"]
#[macro_use]
mod support;

use std::io;
use std::net::TcpListener;
use std::path::Path;

use caseload::app::welcome::{Chosen, Welcome};
use caseload::clock::SystemClock;
use caseload::config::Environment;
use caseload::input::Keymap;
use caseload::runtime::{Checker, Signal, WelcomeEdges, run_welcome};
use caseload::ui::Look;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream::{self, StreamExt};
use portable_pty::CommandBuilder;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use program::Serving;
use pty::Pty;

const SIZE: (u16, u16) = (80, 24);

fn key(code: KeyCode) -> Event {
    Event::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn control(c: char) -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL))
}

/// Runs the first screen in memory; what was chosen.
async fn chosen(home: &Path, events: Vec<Event>) -> Chosen {
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    let config = home.join("config.toml");
    let mut welcome = Welcome::new(false, Keymap::embedded(), config.display().to_string());
    let typed = stream::iter(events.into_iter().map(Ok::<_, io::Error>)).chain(stream::pending());
    let checker = Checker { environment: Environment::of(&[]), config, insecure_http: false };
    let edges = WelcomeEdges {
        terminal: &mut terminal,
        input: Box::pin(typed),
        signals: stream::pending::<Signal>(),
        clock: &SystemClock,
        checker,
    };
    let look = Look::default();
    let running = run_welcome(edges, &mut welcome, &look, async || Ok(()));
    tokio::time::timeout(support::PATIENCE, running).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_desk_is_connected_with_an_address_and_a_pasted_token() {
    let desk = desk!();
    let home = tempfile::tempdir().unwrap();
    let events = vec![
        key(KeyCode::Enter),
        Event::Paste(desk.url("/")),
        key(KeyCode::Tab),
        key(KeyCode::Tab),
        Event::Paste("token-ann\n".to_owned()),
        // At once: what the desk says to the token is waited for.
        control('s'),
    ];
    assert_eq!(chosen(home.path(), events).await, Chosen::Desk("local".to_owned()));
    let config = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    let url = desk.url("/");
    assert_eq!(config, format!("[desk.local]\nurl = \"{url}\"\ntoken_file = \"local.token\"\n"));
    let token = std::fs::read_to_string(home.path().join("local.token")).unwrap();
    assert_eq!(token, "token-ann\n");
}

#[tokio::test]
async fn a_terminal_that_is_gone_ends_the_first_screen_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(chosen(home.path(), vec![control('c')]).await, Chosen::Quit);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}

fn first_start(home: &Path) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_caseload"));
    command.env_clear();
    command.env("CASELOAD_HOME", home);
    command.env("TERM", "xterm-256color");
    Pty::start(command, SIZE)
}

#[test]
fn whoever_starts_it_first_connects_a_desk_and_is_on_it_the_second_time_at_once() {
    let serving = Serving::demo();
    let home = tempfile::tempdir().unwrap();
    let mut pty = first_start(home.path());
    pty.shows("No desk is configured yet.");
    pty.types("\r");
    pty.shows("Token kept in");
    pty.types(serving.url());
    pty.shows("answers: it asks for your token");
    pty.types("\t\t");
    let token = serving.token("partner");
    pty.types(&format!("\u{1b}[200~{token}\n\u{1b}[201~"));
    pty.shows("You are R. Hald, partner agent, Nordwind Support");
    pty.shows("You may do everything but: set eligibility, hand back");
    pty.types("\u{13}");
    pty.shows("● live");
    pty.shows("Queue · mine and unassigned");
    // Keys go to the desk, none is lost on the way there.
    pty.types("2");
    pty.shows("Queue · all open");
    pty.types("q");
    assert!(pty.ends().success(), "{}", pty.text());
    pty.is_as_before();
    assert!(!String::from_utf8_lossy(pty.raw()).contains(token), "the token is never shown");

    let mut pty = first_start(home.path());
    pty.shows("● live");
    assert!(!pty.text().contains("No desk is configured"), "{}", pty.text());
    pty.types("q");
    assert!(pty.ends().success());
}

#[test]
fn what_is_wrong_with_an_address_or_a_token_is_said_while_it_stands_there() {
    let serving = Serving::demo();
    let home = tempfile::tempdir().unwrap();
    let mut pty = first_start(home.path());
    pty.types("c");
    pty.shows("Token kept in");
    let address = |pty: &mut Pty, address: &str| {
        pty.types(&format!("\u{1b}[200~{address}\u{1b}[201~\t"));
    };
    // Another machine by plain http: the token could be read on its way.
    address(&mut pty, "http://desk.example.org");
    pty.shows("would be asked over plain http");
    let again = |pty: &mut Pty| {
        pty.types("\u{1b}[Z");
        pty.types(&"\u{7f}".repeat(40));
    };
    again(&mut pty);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    address(&mut pty, &format!("http://{nobody}"));
    pty.shows("connection refused");
    again(&mut pty);
    // A desk that speaks no TLS.
    address(&mut pty, &serving.url().replace("http:", "https:"));
    pty.shows("does not speak https there");
    again(&mut pty);
    address(&mut pty, serving.url());
    pty.shows("it asks for your token");
    pty.types("\twrong\u{13}");
    pty.shows("Nothing is saved as long as the desk does not take the token.");
    pty.types("\u{3}");
    assert!(pty.ends().success(), "{}", pty.text());
    pty.is_as_before();
    assert!(!home.path().join("config.toml").exists());
}

#[test]
fn the_demo_is_one_key_away() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = first_start(home.path());
    pty.shows("No desk is configured yet.");
    pty.types("d");
    pty.shows("● live");
    pty.types("q");
    assert!(pty.ends().success(), "{}", pty.text());
    pty.is_as_before();
    assert!(!home.path().join("config.toml").exists());
}
