//! The real binary and its outbox: acts while the desk is away, and after it has come back. The desk is a real
//! demo desk that is killed and started again at the same address, with the same data.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step of a test is its failure"
)]

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use caseload::client::native::NativeApi;
use caseload::clock::DeskClock;
use caseload::sync::store::{Fingerprint, Place, Store};
use caseload::sync::{self, Event, Link};
use chrono::{DateTime, Utc};
use serde_json::Value;
use url::Url;

#[path = "support/program.rs"]
mod program;

use program::{At, Serving, case_where, ended, revision};

/// A case on which 1st level works.
fn open_case(at: &At) -> String {
    case_where(at, |case| {
        case["tier"] == "first" && case["state"] == "open" && case["eligibility"] == "eligible"
    })
}

fn waiting(at: &At) -> Vec<Value> {
    at.run(&["outbox", "list", "--json"]).json().as_array().unwrap().clone()
}

fn states(at: &At) -> Vec<String> {
    waiting(at).iter().map(|entry| entry["state"].as_str().unwrap().to_owned()).collect()
}

/// The texts of the notes on a case, in the order in which they were done.
fn notes(at: &At, id: &str) -> Vec<String> {
    let shown = at.run(&["show", id, "--json"]).json();
    let timeline = shown["timeline"].as_array().unwrap();
    let notes = timeline.iter().filter(|entry| entry["kind"] == "note");
    notes.map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

/// Somebody does something to a case after that entry was ordered. The desk tells time in whole seconds.
fn act_after(who: &At, id: &str, entry: &Value) {
    let time = |at: &Value| at.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let done = || {
        let acted = who.run(&["note", id, "Somebody else was here", "--json"]).json();
        time(&acted["event"]["at"])
    };
    while done() <= time(&entry["queued_at"]) {}
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn kept_file(at: &At) -> PathBuf {
    let all = files(&at.home.path().join("state"));
    all.into_iter().find(|path| path.ends_with("keep.db")).expect("an outbox on the disk")
}

#[test]
fn acts_without_a_desk_are_kept_and_arrive_once_and_in_order_when_it_is_back() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    let before = notes(&at, &id);
    desk.stop();

    let ran = at.run(&["note", &id, "first"]);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("kept in the outbox as 1"), "{}", ran.err);
    ran.fails(6, "caseload outbox list");
    at.run(&["note", &id, "second", "--json"]).fails(6, "kept in the outbox as 2");
    let all = waiting(&at);
    assert_eq!(all.len(), 2);
    let one = &all[0];
    assert_eq!(
        (&one["n"], &one["case"], &one["action"]),
        (&1.into(), &(*id).into(), &"note".into())
    );
    assert_eq!(one["fields"]["text"], "first");
    assert_eq!(one["state"], "queued");
    assert!(one["last_error"].is_string() && one["key"].is_string(), "{one}");
    at.run(&["outbox", "send"]).fails(6, "Still waits as 1: note on");
    assert_eq!(waiting(&at).len(), 2, "nothing is doubled");

    desk.start_again();
    let sent = at.run(&["outbox", "send"]).ok();
    assert_eq!(sent.lines().count(), 2, "{sent}");
    assert_eq!(notes(&at, &id), [&before[..], &["first".to_owned(), "second".to_owned()]].concat());
    assert_eq!(waiting(&at).len(), 0);
    let again = at.run(&["outbox", "send"]);
    assert_eq!((again.exit, again.err.as_str()), (0, "Nothing waits to be sent.\n"));
}

#[test]
fn the_next_act_takes_what_waits_with_it() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    desk.stop();
    at.run(&["note", &id, "early"]).fails(6, "kept in the outbox");
    desk.start_again();
    at.run(&["note", &id, "late"]).ok();
    let notes = notes(&at, &id);
    assert_eq!(notes[notes.len() - 2..], ["early", "late"]);
    assert_eq!(waiting(&at).len(), 0);
}

#[test]
fn what_the_desk_refuses_later_stays_until_it_is_given_up() {
    let mut desk = Serving::demo();
    let (at, engineer) = (desk.who("partner"), desk.who("engineer"));
    let id = open_case(&at);
    desk.stop();
    at.run(&["reopen", &id, "--reason", "It came back"]).fails(6, "kept in the outbox");
    desk.start_again();
    at.run(&["outbox", "send"]).fails(5, &format!("Could not reopen {id}: "));
    let all = waiting(&at);
    assert_eq!(all[0]["state"], "refused");
    assert!(all[0]["last_error"].as_str().unwrap().starts_with("Could not reopen"), "{}", all[0]);
    at.run(&["outbox", "send", "1"]).fails(1, "it was refused");
    // Another act goes past it, and remembers it to its writer.
    let ran = at.run(&["note", &id, "n"]);
    assert!(ran.err.contains("In the outbox 1 entry waits for an answer of yours"), "{}", ran.err);
    assert_eq!(ran.exit, 0);
    at.run(&["outbox", "discard", "1"]).fails(2, "give --yes");
    let (exit, said) = at.answer_on_a_terminal(&["outbox", "discard", "1"], "n\n");
    assert_eq!(exit, 1, "{said}");
    assert!(said.contains("It came back") && said.contains("Discard this entry? [y/N]"), "{said}");
    at.run(&["outbox", "discard", "1", "--yes"]).ok();
    assert_eq!(waiting(&at).len(), 0);
    // At once, a refusal is the caller's to hold: nothing stays.
    engineer.run(&["reopen", &id, "--reason", "r"]).fails(4, "Could not reopen");
    assert_eq!(waiting(&engineer).len(), 0);
}

#[test]
fn an_escalation_is_asked_about_when_its_case_changed_and_sent_all_the_same_on_request() {
    let mut desk = Serving::demo();
    let (at, other) = (desk.who("partner"), desk.who("admin"));
    let id = open_case(&at);
    // From here on it is known on this machine whose the token is.
    at.run(&["note", &id, "n"]).ok();
    let escalate = ["escalate", &id, "--reason", "Replicated", "--to", "second"];
    desk.stop();
    at.run(&escalate).fails(6, "kept in the outbox as 2");
    desk.start_again();
    act_after(&other, &id, &waiting(&at)[0]);
    at.run(&["outbox", "send"]).fails(5, &format!("{id} changed meanwhile: still send?"));
    assert_eq!(states(&at), ["asked"]);
    assert_eq!(other.run(&["show", &id, "--json"]).json()["tier"], "first");
    // What comes after it on the case waits with it.
    at.run(&["note", &id, "After it"])
        .fails(5, "Entry 2 of the outbox waits for an answer of yours");
    assert_eq!(states(&at), ["asked", "queued"]);
    at.run(&["outbox", "send", "7"]).fails(1, "has no entry 7; nothing was sent");
    at.run(&["outbox", "send", "2"]).ok();
    assert_eq!(other.run(&["show", &id, "--json"]).json()["tier"], "second");
    assert_eq!(notes(&other, &id).last().unwrap(), "After it");
    assert_eq!(waiting(&at).len(), 0);
}

#[test]
fn a_revision_that_has_passed_is_a_conflict_and_leaves_nothing() {
    let desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    let seen = revision(&at, &id).to_string();
    at.run(&["note", &id, "on what I know", "--if-revision", &seen]).ok();
    // Once more, as a script does that runs twice: it was the caller's own act, and counts as a change.
    at.run(&["note", &id, "doubled", "--if-revision", &seen]).fails(5, "The case has changed");
    let ran = at.run(&["severity", &id, "low", "--reason", "r", "--if-revision", &seen, "--json"]);
    let problem: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(problem["code"], "stale");
    assert_eq!(problem["case"]["id"], id.as_str());
    ran.fails(5, "See what changed");
    assert_eq!(waiting(&at).len(), 0);
}

#[test]
fn an_entry_whose_bytes_have_changed_is_set_aside_and_told() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    let before = notes(&at, &id);
    desk.stop();
    at.run(&["note", &id, "sound words"]).fails(6, "kept");
    at.run(&["note", &id, "broken words"]).fails(6, "kept");
    let file = kept_file(&at);
    let mut bytes = std::fs::read(&file).unwrap();
    let mut places = bytes.windows(12).enumerate();
    let place = places.find(|(_, words)| *words == b"broken words").unwrap().0;
    bytes[place] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let listed = at.run(&["outbox", "list", "--json"]);
    assert!(listed.err.contains("Entry 2 of the outbox"), "{}", listed.err);
    assert!(listed.err.contains("was set aside"), "{}", listed.err);
    let all: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!((&all[0]["state"], &all[1]["state"]), (&"queued".into(), &"damaged".into()));
    assert!(all[1]["text"].as_str().unwrap().contains("croken words"), "{}", all[1]);
    desk.start_again();
    at.run(&["outbox", "send"]).fails(5, "was set aside");
    assert_eq!(notes(&at, &id), [&before[..], &["sound words".to_owned()]].concat());
    at.run(&["outbox", "discard", "2", "--yes"]).ok();
    assert_eq!(at.run(&["outbox", "list", "--json"]).ok(), "[]\n");
}

#[test]
fn many_processes_at_once_double_nothing_and_lose_nothing() {
    const MANY: usize = 20;
    let desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    let before = notes(&at, &id).len();
    let children: Vec<_> = (0..MANY)
        .map(|n| {
            let text = format!("note {n}");
            let mut command = at.command(&["note", &id, &text]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = ended(child, &["note"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
    }
    let mut came = notes(&at, &id).split_off(before);
    came.sort_unstable();
    let mut all: Vec<String> = (0..MANY).map(|n| format!("note {n}")).collect();
    all.sort_unstable();
    assert_eq!(came, all);
    assert_eq!(waiting(&at).len(), 0);
}

#[test]
fn a_token_that_is_not_taken_keeps_the_act_for_when_it_is_renewed() {
    let desk = Serving::demo();
    let id = open_case(&desk.who("partner"));
    let at = At::nowhere().with("CASELOAD_URL", desk.url()).with("CASELOAD_TOKEN_FILE", "token");
    at.write("token", "cl_unknown\n", 0o600);
    at.run(&["note", &id, "lost?"]).fails(7, "is kept in the outbox as 1");
    assert_eq!(waiting(&at).len(), 1);
}

#[test]
fn the_token_is_in_no_file() {
    let mut desk = Serving::demo();
    let at = desk.who("partner").with("CASELOAD_LOG", "trace");
    let id = open_case(&at);
    desk.stop();
    at.run(&["note", &id, "n"]).fails(6, "kept in the outbox");
    desk.start_again();
    at.run(&["outbox", "send"]).ok();
    let token = desk.token("partner").as_bytes();
    let all = files(at.home.path());
    assert!(all.len() > 1, "{all:?}");
    for file in all {
        use std::os::unix::fs::PermissionsExt;
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(token.len()).any(|bytes| bytes == token), "{}", file.display());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[test]
fn without_a_place_to_keep_it_an_act_is_sent_at_once_or_not_accepted() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    // A file where a folder should be: nobody can write there, not even root.
    let state = at.home.path().join("state");
    let _ = std::fs::remove_dir_all(&state);
    std::fs::write(&state, "").unwrap();
    let ran = at.run(&["note", &id, "at once"]);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    assert!(ran.err.contains("keep.db cannot be used"), "{}", ran.err);
    assert_eq!(notes(&at, &id).last().unwrap(), "at once");
    desk.stop();
    let ran = at.run(&["note", &id, "lost"]);
    assert!(ran.err.contains("nothing was kept: "), "{}", ran.err);
    ran.fails(6, "was not accepted: ");
    at.run(&["outbox", "list"]).fails(1, "Could not read what is kept");
}

#[test]
fn who_logs_out_is_told_what_would_be_lost_and_where_the_token_still_is() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    at.run(&["note", &id, "sent words"]).ok();
    desk.stop();
    at.run(&["note", &id, "unsent words"]).fails(6, "kept in the outbox");
    let ran = at.run(&["logout"]);
    assert!(ran.err.contains("unsent words"), "{}", ran.err);
    ran.fails(1, "nothing was forgotten");
    at.run(&["logout", "--discard"]).fails(2, "give --yes");
    assert_eq!(waiting(&at).len(), 1);
    let ran = at.run(&["logout", "--discard", "--yes"]);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    assert!(ran.out.starts_with("Logged out of desk 127.0.0.1: "), "{}", ran.out);
    assert!(ran.err.contains("unset CASELOAD_TOKEN"), "{}", ran.err);
    assert_eq!(waiting(&at).len(), 0);
    let cleared = at.run(&["cache", "clear", "--json"]).json();
    assert_eq!(cleared["files"], 0);
}

#[test]
fn each_of_several_desks_has_its_own_outbox() {
    let at = At::nowhere();
    at.write(
        "config.toml",
        "[desk.north]\nurl = \"http://127.0.0.1:9\"\ntoken_env = \"T\"\n\
         [desk.south]\nurl = \"http://127.0.0.1:9/other\"\ntoken_env = \"T\"\n",
        0o600,
    );
    let at = at.with("T", "cl_any");
    at.run(&["--desk", "north", "note", "C-1", "to the north"]).fails(6, "kept in the outbox as 1");
    at.run(&["--desk", "south", "note", "C-2", "to the south"]).fails(6, "kept in the outbox as 1");
    let all = waiting(&at);
    let whose: Vec<&str> = all.iter().map(|entry| entry["desk"].as_str().unwrap()).collect();
    assert_eq!(whose, ["north", "south"]);
    let south = at.run(&["outbox", "list", "--json", "--desk", "south"]).json();
    assert_eq!((&south[0]["case"], &south[0]["desk"]), (&"C-2".into(), &Value::Null));
    let table = at.run(&["outbox", "list"]).ok();
    assert!(table.lines().next().unwrap().starts_with("north  1  queued"), "{table}");
    at.run(&["outbox", "discard", "1", "--yes"]).fails(2, "several desks are configured");
    at.run(&["outbox", "discard", "1", "--yes", "--desk", "north"]).ok();
    assert_eq!(waiting(&at).len(), 1);
}

/// Keeps the queue and one whole case, as the screen does.
fn keep_a_copy(at: &At, url: &str, token: &str, id: &str) {
    let url: Url = url.parse().unwrap();
    let home = at.home.path();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let place = Place::of(&home.join("state"), &home.join("cache"), &url);
        let store = Arc::new(Store::open(place, Fingerprint::of(&token.into())).await);
        let api = Arc::new(NativeApi::new(&url, token.into(), true).unwrap());
        let (events, mut told) = tokio::sync::mpsc::channel(256);
        let line = sync::start(api, Arc::new(DeskClock::start()), store, events);
        loop {
            match tokio::time::timeout(program::BOUND, told.recv()).await.unwrap().unwrap() {
                // Only now it is known whose the copy is.
                Event::Link { link: Link::Live, .. } => line.fetch(id.into(), None),
                Event::Detail(detail) if detail.case.id.as_str() == id => break,
                _ => {}
            }
        }
        line.shutdown(Duration::from_secs(5)).await;
    });
}

#[test]
fn without_a_desk_list_and_show_have_the_copy_on_this_machine_and_say_how_old_it_is() {
    let mut desk = Serving::demo();
    let at = desk.who("partner");
    let id = open_case(&at);
    let queue = at.run(&["list", "--json"]).json();
    at.run(&["list", "--offline"]).fails(1, "whose the token is");
    keep_a_copy(&at, desk.url(), desk.token("partner"), &id);
    desk.stop();
    at.run(&["list"]).fails(6, "--offline");
    at.run(&["show", &id]).fails(6, "--offline");
    let listed = at.run(&["list", "--offline", "--json"]);
    assert_eq!(listed.exit, 0, "{}", listed.err);
    let says = "This is the copy of desk 127.0.0.1 on this machine: ";
    assert!(listed.err.contains(says) && listed.err.contains(" old"), "{}", listed.err);
    let copy: Value = serde_json::from_str(&listed.out).unwrap();
    assert_eq!(program::ids(&copy), program::ids(&queue));
    let shown = at.run(&["show", &id, "--offline"]);
    assert_eq!(shown.exit, 0, "{}", shown.err);
    assert!(shown.out.starts_with(&id) && shown.out.contains("Timeline"), "{}", shown.out);
    at.run(&["show", "C-0", "--offline"]).fails(3, "not among the cases that are kept");
    // An act knows the case as it was seen; an escalation finds the next tier there.
    at.run(&["escalate", &id, "--reason", "Replicated"]).fails(6, "kept in the outbox as 1");
    assert_eq!(waiting(&at)[0]["fields"]["to"], "second");
    let freed = at.run(&["cache", "clear", "--json"]).json();
    assert!(freed["files"].as_u64().unwrap() > 0, "{freed}");
    at.run(&["list", "--offline"]).fails(1, "nothing of it is kept on this machine yet");
    assert_eq!(waiting(&at).len(), 1, "the outbox is not a cache");
}
