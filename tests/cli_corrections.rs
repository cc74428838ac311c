//! `caseload corrections`, the real binary from outside, against a case service on loopback.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use support::Desk;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The longest that a command may take.
const BOUND: Duration = Duration::from_mins(1);

struct Ran {
    exit: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!((self.exit, &*self.err), (0, ""), "{}", self.out);
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// Fails with this code and says this; returns what went to standard output.
    #[track_caller]
    fn fails(self, exit: i32, says: &str) -> String {
        assert_eq!(self.exit, exit, "{}\n{}", self.err, self.out);
        assert!(self.err.contains(says), "{} does not say: {says}", self.err);
        self.out
    }
}

/// Runs `caseload corrections …` as somebody of the desk.
async fn run(desk: &Desk, who: &str, args: &[&str]) -> Ran {
    run_with(desk, who, args, "").await
}

async fn run_with(desk: &Desk, who: &str, args: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_caseload"))
        .arg("corrections")
        .args(args)
        .env_clear()
        .env("CASELOAD_HOME", desk.dir.path().join("home"))
        .env("CASELOAD_URL", desk.url(""))
        .env("CASELOAD_TOKEN", format!("token-{who}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // The program may have ended without reading it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes()).await;
    let output = tokio::time::timeout(BOUND, child.wait_with_output()).await.unwrap().unwrap();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn case_at_product(desk: &Desk) -> String {
    let id = desk.reported(json!({})).await;
    desk.done("ann", &id, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    let to_product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &id, to_product).await;
    id
}

#[tokio::test]
async fn the_outline_is_a_line_a_correction_and_an_array_for_scripts() {
    let desk = desk!();
    let id = run(&desk, "pia", &["new", "--title", "Sound is late", "--note", "n"]).await.ok();
    assert_eq!(id, "K-8\n");
    let expected = "K-8  confirmed  no plan  0 cases  Sound is late\n\
                    K-7  planned    hot fix  0 cases  Guests are locked out\n";
    assert_eq!(run(&desk, "ann", &[]).await.ok(), expected);
    assert_eq!(run(&desk, "ann", &["list"]).await.ok(), expected);
    let list = run(&desk, "ann", &["list", "--json", "--status", "in-work,planned"]).await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["id"], "K-7");
    assert_eq!(list[0]["release_plan"], "hot_fix");
    let none = run(&desk, "ann", &["list", "--status", "rejected"]).await;
    assert_eq!((none.exit, &*none.out), (0, ""));
    assert_eq!(run(&desk, "ann", &["--json", "list", "--status", "rejected"]).await.ok(), "[]\n");
}

#[tokio::test]
async fn all_pages_of_a_long_outline_are_listed() {
    let desk = desk!();
    for _ in 0..250 {
        let draft = desk.post("pia", "/api/v1/corrections").json(&json!({"title": "t"}));
        assert_eq!(draft.send().await.unwrap().status(), 201);
    }
    assert_eq!(run(&desk, "ann", &[]).await.ok().lines().count(), 251);
}

#[tokio::test]
async fn a_correction_is_planned_moved_on_noted_and_shown() {
    let desk = desk!();
    let case = case_at_product(&desk).await;
    let line = run(&desk, "pia", &["plan", "K-7", "next-release"]).await.ok();
    assert_eq!(line, "K-7  planned, next release, 1 case (revision 2)\n");
    let status = run(&desk, "pia", &["status", "K-7", "in_work", "--if-revision", "2", "--json"]);
    let status = status.await.json();
    assert_eq!((&status["status"], &status["revision"]), (&json!("in_work"), &json!(3)));
    let text = "Cause found.\nIn the cache.\n";
    run_with(&desk, "pia", &["note", "K-7", "--text", "-"], text).await.ok();
    let detail = run(&desk, "pia", &["show", "K-7", "--json"]).await.json();
    assert_eq!(detail["note"], "Cause found.\nIn the cache.");
    assert_eq!(detail["linked"], json!([case]));
    let page = run(&desk, "pia", &["show", "K-7"]).await.ok();
    for part in [
        "K-7  in work · next release · 1 case · revision 4",
        "Cause found.",
        &case,
        "hot fix → next release",
        "PIA",
    ] {
        assert!(page.contains(part), "{page} does not show {part}");
    }
    assert_eq!(run(&desk, "pia", &["note", "K-7", "--text", "", "--quiet"]).await.ok(), "");
    let none = run(&desk, "pia", &["plan", "K-7", "none", "--json"]).await.json();
    assert_eq!((&none["release_plan"], &none["note"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn a_departing_plan_is_refused_without_a_reason_and_taken_with_one() {
    let desk = desk!();
    case_at_product(&desk).await;
    let late = ["plan", "K-7", "future_release"];
    let said = "Could not plan K-7: reason: a future release departs from the matrix, which gives hot fix or \
                next release for High, the worst of the linked cases; say why.";
    run(&desk, "pia", &late).await.fails(4, said);
    let reason = [&late[..], &["--reason", "-"]].concat();
    run_with(&desk, "pia", &reason, "No build before spring.").await.ok();
    let detail = run(&desk, "pia", &["show", "K-7", "--json"]).await.json();
    let last = detail["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["reason"], "No build before spring.");
}

#[tokio::test]
async fn cases_are_linked_all_or_none() {
    let desk = desk!();
    let case = case_at_product(&desk).await;
    let new = ["new", "--title", "-", "--plan", "hot_fix", "--json"];
    let opened = run_with(&desk, "pia", &new, "Sound is late\n").await.json();
    assert_eq!((&opened["id"], &opened["title"]), (&json!("K-8"), &json!("Sound is late")));
    let line = run(&desk, "pia", &["link", "K-8", &case]).await.ok();
    assert_eq!(line, "K-8  confirmed, hot fix, 1 case (revision 1)\n");
    let refused = run(&desk, "pia", &["link", "K-7", &case, "C-1"]).await;
    refused.fails(4, "there is no such case: C-1");
    let detail = run(&desk, "pia", &["show", "K-8", "--json"]).await.json();
    assert_eq!(detail["cases"], 1);
}

#[tokio::test]
async fn the_exit_code_says_how_it_ended() {
    let desk = desk!();
    let stale = ["status", "K-7", "in_work", "--if-revision", "9"];
    run(&desk, "pia", &stale).await.fails(5, "See what changed (caseload corrections show K-7)");
    let answered = run(&desk, "pia", &[&stale[..], &["--json"]].concat()).await.fails(5, "");
    assert_eq!(serde_json::from_str::<Value>(&answered).unwrap()["correction"]["revision"], 1);
    run(&desk, "ann", &["status", "K-7", "in_work"]).await.fails(4, "product managers");
    for id in ["K-99", ".."] {
        run(&desk, "pia", &["show", id]).await.fails(3, "Corrections on desk");
        run(&desk, "pia", &["plan", id, "hot_fix"]).await.fails(3, &format!("Could not plan {id}"));
    }
    run(&desk, "nobody", &["list"]).await.fails(7, "Not logged in");
    run(&desk, "pia", &["plan", "K-7", "soon"]).await.fails(2, "hot_fix");
    run(&desk, "pia", &["show", ""]).await.fails(2, "ids look like K-17");
    run(&desk, "pia", &["link", "K-7"]).await.fails(2, "<CASE>");
    let mut desk = desk;
    desk.stop();
    desk.ended().await;
    run(&desk, "pia", &["status", "K-7", "in_work"]).await.fails(6, "run it again");
}
