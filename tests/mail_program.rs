//! Mail as the program is told of it: options, environment, configuration, and the administrator's view.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/smtp.rs"]
mod smtp;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};
use smtp::{Answer, Sink};

const PATIENCE: Duration = Duration::from_secs(20);

fn caseload(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseload"));
    command
        .args(args)
        .env_clear()
        .env("CASELOAD_HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(mut command: Command) -> Output {
    ended(command.spawn().unwrap())
}

fn ended(child: Child) -> Output {
    let id = child.id();
    let (told, done) = mpsc::channel();
    std::thread::spawn(move || told.send(child.wait_with_output()));
    let Ok(output) = done.recv_timeout(PATIENCE) else {
        signal(id, "KILL");
        panic!("it did not end");
    };
    output.unwrap()
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.unwrap().success());
}

/// What a program announces on its first line.
fn announced(child: &mut Child) -> Value {
    let out = child.stdout.take().unwrap();
    let (told, line) = mpsc::channel();
    std::thread::spawn(move || told.send(BufReader::new(out).lines().next().unwrap().unwrap()));
    serde_json::from_str(&line.recv_timeout(PATIENCE).unwrap()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_mail_server_or_address_is_told_without_its_password() {
    let home = tempfile::tempdir().unwrap();
    let wrong = "smtp://desk:secret@";
    for command in ["serve", "demo"] {
        let mut by_option = caseload(home.path(), &[command, "--smtp-url", wrong]);
        let mut by_variable = caseload(home.path(), &[command]);
        by_variable.env("CASELOAD_SMTP_URL", wrong);
        if command == "demo" {
            by_option.arg("--headless");
            by_variable.arg("--headless");
        }
        for (command, named) in [(by_option, "--smtp-url"), (by_variable, "CASELOAD_SMTP_URL")] {
            let output = run(command);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(said.contains(&format!("{named} cannot be used: ")), "{said}");
            assert!(said.contains("write smtp://USER:PASSWORD@HOST:PORT"), "{said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
    std::fs::write(home.path().join("config.toml"), "[serve]\nmail_from = \"Support @\"\n")
        .unwrap();
    let output = run(caseload(home.path(), &["serve", "--smtp-url", "smtp://127.0.0.1"]));
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("[serve] mail_from (line 2) cannot be used: "), "{said}");
}

// The mail server goes on while the test waits for programs.
#[tokio::test(flavor = "multi_thread")]
async fn the_program_mails_the_case_id_and_its_administrator_sees_what_is_dead() {
    let sink = Sink::start().await;
    let home = tempfile::tempdir().unwrap();
    let config = "[serve]\nmail_from = \"Desk <desk@desk.example>\"\n\
                  public_url = \"https://support.desk.example\"\n";
    std::fs::write(home.path().join("config.toml"), config).unwrap();
    let demo = ["demo", "--headless", "--still", "--cases", "4", "--data", "desk"];
    let mut command = caseload(home.path(), &demo);
    command.env("CASELOAD_SMTP_URL", format!("smtp://{}", sink.address));
    let mut child = command.spawn().unwrap();
    let said = announced(&mut child);
    let (url, token) = (said["url"].as_str().unwrap(), said["tokens"]["admin"].as_str().unwrap());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
    let get = async |path: &str| -> Value {
        let request = client.get(format!("{url}{path}")).bearer_auth(token);
        request.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(get("/api/v1/me").await["mail"], true);
    let id = get("/api/v1/cases").await["cases"][0]["id"].as_str().unwrap().to_owned();
    let known = get(&format!("/api/v1/cases/{id}")).await;
    let report = async || {
        let report = json!({
            "subject": "Guest cannot connect", "description": "Since this morning.",
            "environment": "live", "contact": "Somebody", "licence_key": known["licence_key"],
            "email": known["email"],
        });
        let request = client.post(format!("{url}/api/v1/cases")).bearer_auth(token).json(&report);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["id"].as_str().unwrap().to_owned()
    };
    sink.answer(&[Answer::Letter("550 5.7.1 not wanted")]);
    let case = report().await;
    sink.came(1).await;
    let letter = sink.received().remove(0);
    assert_eq!(letter.header("From").unwrap(), "Desk <desk@desk.example>");
    assert!(
        letter.body().contains(&case)
            && letter.body().contains("https://support.desk.example/case")
    );

    // Settled once the answer is read; the list is asked until it shows so.
    let list = || {
        let output =
            run(caseload(home.path(), &["admin", "mail", "list", "--data", "desk", "--json"]));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()[0].clone()
    };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while list()["state"] != "dead" {
        assert!(tokio::time::Instant::now() < deadline, "{}", list());
    }
    assert_eq!(list()["case"], case.as_str());
    let dead = run(caseload(home.path(), &["admin", "mail", "list", "--dead", "--data", "desk"]));
    let dead = String::from_utf8(dead.stdout).unwrap();
    assert!(dead.contains(&case) && dead.contains("not wanted"), "{dead}");
    let wrong = run(caseload(home.path(), &["admin", "mail", "retry", "99", "--data", "desk"]));
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stderr(&wrong).contains("Could not queue letter 99 again: not dead"), "{wrong:?}");
    let retry = ["admin", "mail", "retry", "--all-dead", "--data", "desk"];
    let again = run(caseload(home.path(), &retry));
    assert_eq!((again.status.code(), &*again.stdout), (Some(0), &b"1 letter queued again\n"[..]));
    // Another letter wakes the sender, which finds the old one, too.
    report().await;
    sink.came(2).await;
    assert_eq!(sink.received()[1].header("Message-ID"), letter.header("Message-ID"));
    signal(child.id(), "TERM");
    assert_eq!(ended(child).status.code(), Some(0));
}

#[test]
fn a_desk_without_a_mail_server_says_so_when_it_starts() {
    let home = tempfile::tempdir().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--json", "--data", "desk"];
    let mut child = caseload(home.path(), &serve).spawn().unwrap();
    announced(&mut child);
    signal(child.id(), "TERM");
    let output = ended(child);
    assert!(
        stderr(&output).contains("No mail server is configured (CASELOAD_SMTP_URL)"),
        "{output:?}"
    );
}
