//! The real binary, run as somebody somewhere, and a demo desk that it serves.

#![allow(dead_code, reason = "each test program uses its part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

/// The longest that anything may take; a program that hangs fails the test instead of holding it.
pub const BOUND: Duration = Duration::from_mins(1);
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_caseload");

/// A place of its own, and who somebody is there.
pub struct At {
    pub home: TempDir,
    pub variables: Vec<(String, String)>,
}

impl At {
    pub fn nowhere() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    pub fn desk(url: &str, token: &str) -> Self {
        Self::nowhere().with("CASELOAD_URL", url).with("CASELOAD_TOKEN", token)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn write(&self, name: &str, text: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args).env_clear().envs(self.variables.iter().map(|(k, v)| (k, v)));
        command.env("CASELOAD_HOME", self.home.path()).env("HOME", self.home.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.home.path());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, "")
    }

    pub fn run_with(&self, args: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may have ended without reading it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = ended(child, args);
        Ran {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What a command writes that is given a terminal, and its exit code.
    pub fn run_on_a_terminal(&self, args: &[&str]) -> (i32, String) {
        self.answer_on_a_terminal(args, "")
    }

    /// The same with something typed.
    pub fn answer_on_a_terminal(&self, args: &[&str], typed: &str) -> (i32, String) {
        let pty = native_pty_system();
        let size = PtySize { rows: 40, cols: 100, pixel_width: 0, pixel_height: 0 };
        let pair = pty.openpty(size).unwrap();
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(args);
        command.env_clear();
        command.env("CASELOAD_HOME", self.home.path());
        command.env("TERM", "xterm-256color");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.cwd(self.home.path());
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut killer = child.clone_killer();
        let mut reader = pair.master.try_clone_reader().unwrap();
        pair.master.take_writer().unwrap().write_all(typed.as_bytes()).unwrap();
        let (told, done) = mpsc::channel();
        let reading = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // A terminal whose other end is gone reads as an error, not as an end.
            let _ = reader.read_to_end(&mut bytes);
            let exit = child.wait().unwrap().exit_code();
            told.send((i32::try_from(exit).unwrap(), bytes)).unwrap();
        });
        let Ok((exit, bytes)) = done.recv_timeout(BOUND) else {
            killer.kill().unwrap();
            panic!("{args:?} did not end");
        };
        reading.join().unwrap();
        (exit, String::from_utf8(bytes).unwrap())
    }
}

pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.exit, 0, "{}\n{}", self.err, self.out);
        assert_eq!(self.err, "");
        self.out
    }

    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Fails with this code and says this on standard error; returns what else came.
    #[track_caller]
    pub fn fails(self, exit: i32, says: &str) -> String {
        assert_eq!(self.exit, exit, "{}\n{}", self.err, self.out);
        assert!(self.err.contains(says), "{} does not say: {says}", self.err);
        self.out
    }
}

pub fn ended(child: Child, what: &[&str]) -> Output {
    let id = child.id();
    let (told, done) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let _ = told.send(child.wait_with_output());
    });
    let Ok(output) = done.recv_timeout(BOUND) else {
        signal(id, "KILL");
        panic!("{what:?} did not end");
    };
    waiting.join().unwrap();
    output.unwrap()
}

pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// A program that serves until it is told to end, and the line with which it says where.
pub struct Serving {
    child: Option<Child>,
    pub said: Value,
    pub at: At,
}

const DEMO: [&str; 7] = ["demo", "--headless", "--still", "--cases", "60", "--data", "desk"];

impl Serving {
    pub fn start(at: At, args: &[&str]) -> Self {
        let mut serving = Self { child: None, said: Value::Null, at };
        serving.run(args);
        serving
    }

    fn run(&mut self, args: &[&str]) {
        let mut child =
            self.at.command(args).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (told, first) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = told.send((line, stdout));
        });
        let Ok((line, stdout)) = first.recv_timeout(BOUND) else {
            let _ = child.kill();
            panic!("{args:?} did not say where it serves");
        };
        child.stdout = Some(stdout.into_inner());
        self.child = Some(child);
        self.said =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("{args:?} said {line:?}"));
    }

    pub fn demo() -> Self {
        Self::start(At::nowhere(), &DEMO)
    }

    /// The demo desk is gone, as after the end of its machine.
    pub fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// It is there again, at the same address and as it was left.
    pub fn start_again(&mut self) {
        let address = self.url().strip_prefix("http://").unwrap().to_owned();
        self.run(&[&DEMO[..], &["--listen", &address]].concat());
    }

    pub fn url(&self) -> &str {
        self.said["url"].as_str().unwrap()
    }

    pub fn token(&self, role: &str) -> &str {
        self.said["tokens"][role].as_str().unwrap()
    }

    /// Somebody at the desk.
    pub fn who(&self, role: &str) -> At {
        At::desk(self.url(), self.token(role))
    }

    /// Ends it as a service manager does.
    pub fn end(mut self) -> Output {
        let child = self.child.take().unwrap();
        signal(child.id(), "TERM");
        ended(child, &["the service"])
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn ids(cases: &Value) -> Vec<String> {
    cases.as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect()
}

/// A case in the list that fits.
pub fn case_where(at: &At, fits: impl Fn(&Value) -> bool) -> String {
    let cases = at.run(&["list", "--json"]).json();
    let case = cases.as_array().unwrap().iter().find(|case| fits(case));
    case.expect("a case that fits")["id"].as_str().unwrap().to_owned()
}

pub fn revision(at: &At, id: &str) -> u64 {
    at.run(&["show", id, "--json"]).json()["revision"].as_u64().unwrap()
}
