//! The screen on a real terminal: what is on it, and that the terminal is given back on every way out.
//!
//! Where a desk must misbehave, this test program starts itself on the terminal, with the screen on a desk
//! that is played in the same process; see [`the_screen_on_a_played_desk`].

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[path = "support/played_desk.rs"]
mod played_desk;
#[path = "support/pty.rs"]
mod pty;

use std::sync::Arc;

use caseload::domain::Severity;
use caseload::runtime::{Desk, Options, run};
use caseload::sync::store::{Fingerprint, Store};
use portable_pty::CommandBuilder;
use rustix::process::Signal;

use played_desk::{Outcome, PlayedDesk, case};
use pty::Pty;

const WIDE: (u16, u16) = (120, 40);
/// How the played desk answers the first act.
const SCRIPT: &str = "CASELOAD_PLAYED_SCRIPT";

/// Not a test of its own: what the tests below start on a terminal.
#[test]
#[ignore = "needs a terminal; started by the tests of this file"]
fn the_screen_on_a_played_desk() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let result = runtime.block_on(async {
        let desk = PlayedDesk::with(vec![
            case("C-10398", Severity::Critical, "Host service stops at logon", -4200),
            case("C-10412", Severity::Critical, "Guest cannot connect after update", 852),
            case("C-10377", Severity::High, "Slow file transfer over VPN", 3 * 3600),
        ]);
        match std::env::var(SCRIPT).as_deref() {
            Ok("panics") => desk.script(Outcome::Panics),
            Ok("hangs") => desk.script(Outcome::Hangs),
            _ => {}
        }
        let clock = Arc::clone(&desk.clock);
        let store = Store::in_memory(Fingerprint::of(&"t0ken".into())).await.unwrap();
        let desk = Desk { name: "played".to_owned(), api: desk, clock, store: Arc::new(store) };
        run(vec![desk], Options::default()).await
    });
    println!("the screen ended: {result:?}");
}

fn played(script: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_screen_on_a_played_desk", "--ignored", "--nocapture"]);
    command.env(SCRIPT, script);
    command.env("TERM", "xterm-256color");
    command.env("RUST_BACKTRACE", "0");
    command
}

fn started(script: &str) -> Pty {
    let mut pty = Pty::start(played(script), WIDE);
    pty.shows("● live");
    pty
}

#[test]
fn the_screen_is_whole_and_q_gives_the_terminal_back() {
    let mut pty = started("");
    pty.shows("Queue · mine and unassigned (3)");
    pty.shows("├ Clocks ─");
    assert!(pty.screen().alternate_screen() && pty.screen().hide_cursor());
    assert!(pty.screen().bracketed_paste());
    pty.types("q");
    assert!(pty.ends().success());
    pty.is_as_before();
    assert!(pty.text().contains("the screen ended: Ok(())"), "{}", pty.text());
}

#[test]
fn keys_move_open_and_close_and_a_form_has_the_terminals_cursor() {
    let mut pty = started("");
    pty.types("j");
    pty.is("has its cursor on C-10412", |screen| {
        screen.contents().lines().any(|row| row.contains('▌') && row.contains("C-10412"))
    });
    pty.types("n");
    pty.shows("INTERNAL – the customer never sees this");
    pty.is("shows the cursor", |screen| !screen.hide_cursor());
    let (row, column) = pty.screen().cursor_position();
    pty.types("port");
    pty.is("has the cursor after the text", |screen| screen.cursor_position() == (row, column + 4));
    pty.types("\u{1b}");
    pty.is("hides the cursor", vt100::Screen::hide_cursor);
}

#[test]
fn a_frame_is_one_synchronized_update() {
    let mut pty = started("");
    pty.types("j");
    pty.is("has its cursor on C-10412", |screen| {
        screen.contents().lines().any(|row| row.contains('▌') && row.contains("C-10412"))
    });
    let raw = String::from_utf8_lossy(pty.raw()).into_owned();
    let count = |part: &str| raw.matches(part).count();
    assert_eq!(count("\u{1b}[?2026h"), count("\u{1b}[?2026l"));
    // Nothing is drawn outside of one.
    let after = raw.split("\u{1b}[?2026l").skip(1).filter(|rest| !rest.is_empty());
    assert!(after.clone().count() >= 1);
    assert!(after.into_iter().all(|rest| rest.starts_with("\u{1b}[?2026h")), "{raw:?}");
}

#[test]
fn signals_give_the_terminal_back() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let mut pty = started("");
        pty.signal(signal);
        assert!(pty.ends().success(), "{signal:?}");
        pty.is_as_before();
    }
}

#[test]
fn a_panic_in_any_part_gives_the_terminal_back_and_can_be_read() {
    let mut pty = started("panics");
    pty.types("t");
    pty.ends();
    pty.is_as_before();
    let text = pty.text();
    assert!(text.contains("the played desk breaks a part of the program"), "{text}");
    assert!(text.contains("a part of the program failed"), "{text}");
}

#[test]
fn what_was_not_confirmed_is_told_after_the_screen_is_gone() {
    let mut pty = started("hangs");
    pty.types("t");
    pty.shows("sending");
    pty.types("q");
    pty.shows("Quit");
    pty.types("y");
    assert!(pty.ends().success());
    pty.is_as_before();
    let text = pty.text();
    assert!(text.contains("Waiting for what is being sent"), "{text}");
    assert!(text.contains("Not confirmed: take C-10398."), "{text}");
}

#[test]
fn a_resized_terminal_is_drawn_anew() {
    let mut pty = started("");
    pty.resize(80, 24);
    pty.is("is stacked", |screen| {
        screen.contents().lines().any(|row| row.starts_with("├ Clocks ─"))
    });
    pty.resize(30, 4);
    pty.shows("too small: 20×5 needed");
}

#[test]
fn a_suspended_screen_leaves_the_terminal_and_comes_back() {
    // Only a shell can stop and resume.
    let program = played("")
        .get_argv()
        .iter()
        .map(|a| a.to_str().unwrap().to_owned())
        .fold(String::new(), |line, word| format!("{line} '{word}'"));
    let mut shell = CommandBuilder::new("sh");
    shell.arg("-i");
    shell.env("PS1", "ready> ");
    shell.env("ENV", "/dev/null");
    shell.env("TERM", "xterm-256color");
    let mut pty = Pty::start(shell, WIDE);
    pty.shows("ready> ");
    pty.types(&format!("{SCRIPT}='' {program}\n"));
    pty.shows("● live");
    pty.types("\u{1a}");
    pty.is("is the shell's", |screen| !screen.alternate_screen() && !screen.hide_cursor());
    pty.is("has a prompt after the stop", |screen| {
        screen.contents().trim_end().ends_with("ready>")
    });
    pty.types("fg\n");
    pty.is("is the desk's again", |screen| {
        screen.alternate_screen() && screen.contents().contains("C-10412")
    });
    pty.types("q");
    pty.shows("the screen ended: Ok(())");
    pty.is("has a prompt at the end", |screen| screen.contents().trim_end().ends_with("ready>"));
    pty.types("exit\n");
    assert!(pty.ends().success());
    pty.is_as_before();
}

#[test]
fn a_terminal_that_goes_away_ends_the_program_even_where_hang_ups_are_ignored() {
    // The shell leads the session and ignores the hang-up, so that no signal reaches the program.
    let program = played("")
        .get_argv()
        .iter()
        .map(|a| a.to_str().unwrap().to_owned())
        .fold(String::new(), |line, word| format!("{line} '{word}'"));
    let mut shell = CommandBuilder::new("sh");
    shell.args(["-c", &format!("trap '' HUP; {program}; exit 7")]);
    shell.env("TERM", "xterm-256color");
    shell.env(SCRIPT, "");
    let mut pty = Pty::start(shell, WIDE);
    pty.shows("● live");
    pty.hang_up();
    // The shell goes on after the program.
    assert_eq!(pty.ends().exit_code(), 7);
}

/// The real program on a demo desk; `home` keeps everything of it together.
fn demo(home: &std::path::Path) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_caseload"));
    command.args(["demo", "--still", "--cases", "40"]);
    command.env("CASELOAD_HOME", home);
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "CASELOAD_ASCII", "CASELOAD_CONFIG", "CASELOAD_THEME"] {
        command.env_remove(name);
    }
    // The terminal is this one, whatever the tests were started on.
    for name in ["TMUX", "STY", "TERM_PROGRAM", "COLORFGBG", "COLORTERM", "CI"] {
        command.env_remove(name);
    }
    let mut pty = Pty::start(command, WIDE);
    pty.shows("● live");
    pty
}

/// The id of the case that has the cursor.
fn cursor_id(screen: &vt100::Screen) -> Option<String> {
    let text = screen.contents();
    let row = text.lines().find(|row| row.contains('▌'))?;
    let at = row.find("C-")?;
    row[at..].split_whitespace().next().map(str::to_owned)
}

#[test]
fn the_demo_shows_a_living_desk_and_q_gives_the_terminal_back() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = demo(home.path());
    pty.shows("missed");
    let first = cursor_id(pty.screen()).unwrap();
    pty.types("j");
    pty.is("moves its cursor", |screen| cursor_id(screen).is_some_and(|id| id != first));
    let second = cursor_id(pty.screen()).unwrap();
    // The detail and the form name the case of the cursor.
    pty.is("names the case in the detail", |screen| {
        screen.contents().contains(&format!("┌ {second}  "))
    });
    pty.types("\rn");
    pty.shows("INTERNAL – the customer never sees this");
    pty.is("names the case in the form", |screen| {
        screen.contents().lines().any(|row| row.contains(&second) && row.contains("ote on"))
    });
    pty.types("Looked at it.\u{13}");
    pty.is("is done with the form", |screen| !screen.contents().contains("INTERNAL – the"));
    // The service has it.
    pty.shows(&format!("{second}: note kept"));
    pty.types("q");
    assert!(pty.ends().success(), "{}", pty.text());
    pty.is_as_before();
}

#[test]
fn the_terminals_late_answer_about_its_background_dresses_the_screen_and_is_no_key() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = demo(home.path());
    let raw = |pty: &Pty| String::from_utf8_lossy(pty.raw()).into_owned();
    let (asked, drawn) = (raw(&pty).find("\u{1b}]11;?\u{7}"), raw(&pty).find("\u{1b}[?2026l"));
    assert!(drawn < asked && drawn.is_some(), "the first frame comes before the question");
    assert_eq!(raw(&pty).matches("]11;?").count(), 1);
    let first = cursor_id(pty.screen()).unwrap();
    let on_light = |screen: &vt100::Screen| {
        let cells = (0..WIDE.1).flat_map(|y| (0..WIDE.0).map(move |x| (y, x)));
        cells.filter_map(|(y, x)| screen.cell(y, x)).any(|c| c.bgcolor() == vt100::Color::Idx(230))
    };
    assert!(!on_light(pty.screen()));
    // "1", ";" and the letters would each be a key; "2" would show another view.
    pty.types("\u{1b}]11;rgb:ffff/f2f2/eeee\u{1b}\\");
    pty.is("has the cursor's row of the light theme", on_light);
    assert_eq!(cursor_id(pty.screen()).unwrap(), first);
    assert!(pty.text().contains("Queue · mine and unassigned"), "{}", pty.text());
    pty.types("\u{7}");
    pty.shows("Theme: dark");
    pty.types("q");
    assert!(pty.ends().success());
    pty.is_as_before();
}

#[test]
fn a_demo_that_is_told_to_end_gives_the_terminal_back() {
    let home = tempfile::tempdir().unwrap();
    let mut pty = demo(home.path());
    pty.signal(Signal::TERM);
    assert!(pty.ends().success(), "{}", pty.text());
    pty.is_as_before();
}

#[test]
fn without_a_terminal_one_sentence_says_so() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_screen_on_a_played_desk", "--ignored", "--nocapture"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("the screen ended: Err(the desk needs a terminal"), "{said}");
}
