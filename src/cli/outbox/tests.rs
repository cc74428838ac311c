//! What is listed and given up, with entries in every state on a real disk.

use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::cli::args::Cli;
use crate::cli::output::Output;
use crate::config::Environment;
use crate::domain::outbox::{Question, Why};
use crate::domain::{Action, Case, Tier};
use crate::sync::store::{Cause, Fingerprint, NewEntry, Place, Setback};
use crate::wire::{Code, Problem};
use clap::Parser as _;

const URL: &str = "https://desk.example.org";
const TOKEN: &str = "cl_t0ken";

struct Home(tempfile::TempDir);

struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_to(args, false)
    }

    /// Runs `caseload outbox` with these words.
    fn run_to(&self, args: &[&str], terminal: bool) -> Ran {
        let home = self.0.path().to_str().unwrap();
        let environment = Environment::of(&[
            ("CASELOAD_HOME", home),
            ("CASELOAD_URL", URL),
            ("CASELOAD_TOKEN", TOKEN),
        ]);
        let cli = Cli::try_parse_from([&["caseload", "outbox"], args].concat()).unwrap();
        let Some(crate::cli::args::Command::Outbox(args)) = cli.command else { panic!() };
        let (mut output, out, err) = Output::captured();
        output.json = cli.globals.json;
        output.terminal = terminal;
        let ended = crate::cli::one(async {
            let mut session = Session::new(environment, cli.globals, &mut output);
            run(&mut session, args).await
        });
        let exit = ended.unwrap_or_else(|failure| {
            output.failure(&failure);
            failure.exit()
        });
        Ran { exit, out: out.text(), err: err.text() }
    }

    async fn store(&self) -> Store {
        let root = self.0.path();
        let place = Place::of(&root.join("state"), &root.join("cache"), &URL.parse().unwrap());
        Store::open(place, Fingerprint::of(&TOKEN.into())).await
    }
}

fn case(revision: u64, severity: &str) -> Case {
    serde_json::from_value(serde_json::json!({
        "id": "C-1", "subject": "s", "severity": severity, "tier": "first", "state": "open",
        "partner": {"id": "nordwind", "name": "Nordwind"},
        "customer": {"company": "Fjord", "contact": "Ida"}, "assignee": null,
        "eligibility": "eligible", "environment": "live", "workaround": false,
        "phone_follow_up": null, "correction": null, "reported_at": "2026-11-24T09:00:00Z",
        "updated_at": "2026-11-24T09:00:00Z", "revision": revision, "clocks": [],
    }))
    .unwrap()
}

fn entry(id: &str, action: Action) -> NewEntry {
    NewEntry {
        key: Uuid::now_v7(),
        case: id.into(),
        base: Some(Box::new(case(7, "high"))),
        action,
        revision: None,
        hold_until: None,
        queued_at: "2026-11-24T09:30:00Z".parse().unwrap(),
        replaces: None,
        draft: None,
    }
}

const HOSTILE: &str = "two\nlines \u{1b}]0;owned\u{7}";

/// An outbox with a note that waits, an escalation that is asked about, a closing that was refused and one
/// whose bytes have changed.
async fn filled(home: &Home) {
    let now = "2026-11-24T10:00:00Z".parse().unwrap();
    let store = home.store().await;
    let note = Action::Note { text: HOSTILE.to_owned() };
    let n = store.enqueue(entry("C-1", note)).await.unwrap();
    assert!(store.mark_sending(n, now).await.unwrap().is_some());
    let what = "could not reach desk".into();
    let setback = Setback { cause: Cause::NotReached, what };
    store.mark_undecided(n, &setback, true).await.unwrap();
    let escalation = Action::Escalate {
        to: Tier::Second,
        reason: "Replicated".to_owned(),
        finding: None,
        correction: None,
        new_correction: None,
    };
    let n = store.enqueue(entry("C-1", escalation)).await.unwrap();
    let current = Some(case(9, "critical"));
    store.mark_asked(n, &Question { why: Why::Changed, current }).await.unwrap();
    let n = store.enqueue(entry("C-2", Action::Take {})).await.unwrap();
    let problem = Problem::new(Code::Rule, "The case is closed");
    store.mark_refused(n, &problem, now).await.unwrap();
    store.enqueue(entry("C-3", Action::Note { text: "fourth".to_owned() })).await.unwrap();
    drop(store);
    let root = home.0.path().join("state/desks");
    let desk = std::fs::read_dir(root).unwrap().next().unwrap().unwrap();
    let file = desk.path().join("keep.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let at = bytes.windows(6).position(|word| word == b"fourth").unwrap();
    bytes[at] = b'F';
    std::fs::write(&file, bytes).unwrap();
}

fn home() -> Home {
    let home = Home::new();
    crate::cli::one(async {
        filled(&home).await;
        Ok(())
    })
    .unwrap();
    home
}

#[test]
fn every_entry_is_an_object_with_all_that_scripts_need() {
    let ran = home().run(&["list", "--json"]);
    assert_eq!(ran.exit, Exit::Done);
    let all: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let states: Vec<&str> = all.iter().map(|entry| entry["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["queued", "asked", "refused", "damaged"]);
    for entry in &all {
        let mut names: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "action",
                "case",
                "fields",
                "key",
                "last_error",
                "n",
                "queued_at",
                "state",
                "text",
                "tries"
            ]
        );
    }
    assert_eq!(all[0]["n"], 1);
    assert_eq!(all[0]["case"], "C-1");
    assert_eq!(all[0]["action"], "note");
    assert_eq!(all[0]["fields"], serde_json::json!({ "text": HOSTILE }));
    assert_eq!(all[0]["queued_at"], "2026-11-24T09:30:00Z");
    assert_eq!(
        (&all[0]["tries"], &all[0]["last_error"]),
        (&1.into(), &"could not reach desk".into())
    );
    assert_eq!(all[0]["text"], format!("note on C-1: {}", HOSTILE.replace('\n', " ")));
    let key: Uuid = all[0]["key"].as_str().unwrap().parse().unwrap();
    assert_eq!(key.get_version_num(), 7);
    assert_eq!(
        all[1]["text"],
        "C-1 changed meanwhile: still send? severity High → Critical, 2 new revisions (escalate C-1: 2nd level: \
         Replicated)"
    );
    assert_eq!(all[1]["fields"]["to"], "second");
    assert_eq!(all[2]["last_error"], "Could not take C-2: The case is closed");
    assert!(all[3]["text"].as_str().unwrap().contains("Fourth"), "{}", all[3]);
    assert!(
        ran.err.contains(
            "Entry 4 of the outbox of desk desk.example.org is damaged and was set aside"
        ),
        "{}",
        ran.err
    );
}

#[test]
fn in_a_pipe_an_entry_is_a_line_and_on_a_terminal_nothing_in_it_acts() {
    let home = home();
    let piped = home.run(&["list"]).out;
    let lines: Vec<&str> = piped.lines().collect();
    assert_eq!(lines.len(), 4, "{piped}");
    assert!(lines[0].starts_with("1  queued   2026-11-24 "), "{piped}");
    assert!(lines[0].ends_with("note on C-1: two lines \u{1b}]0;owned\u{7}"), "{piped}");
    let shown = home.run_to(&["list"], true).out;
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown:?}");
    assert!(shown.contains("C-1 changed meanwhile: still send?"), "{shown}");
    assert!(shown.contains("could not reach desk"), "{shown}");
    let empty = Home::new().run(&["list"]);
    assert_eq!((empty.exit, empty.out.as_str()), (Exit::Done, ""));
    assert_eq!(empty.err, "Nothing waits to be sent.\n");
    assert_eq!(Home::new().run(&["list", "--json"]).out, "[]\n");
}

#[test]
fn what_is_given_up_is_named_and_asked_about_first() {
    let home = home();
    let asked = home.run(&["discard", "1"]);
    assert_eq!((asked.exit, asked.out.as_str()), (Exit::Usage, ""));
    assert!(asked.err.contains("note on C-1: two"), "{}", asked.err);
    assert!(asked.err.contains("(it may have been done: a try had no answer)"), "{}", asked.err);
    assert!(asked.err.contains("give --yes"), "{}", asked.err);
    let unknown = home.run(&["discard", "2", "9", "--yes"]);
    assert_eq!(unknown.exit, Exit::Failed);
    assert!(unknown.err.contains("has no entry 9; nothing was discarded"), "{}", unknown.err);
    let gone = home.run(&["discard", "4", "1", "3", "--yes"]);
    assert_eq!(gone.exit, Exit::Done, "{}", gone.err);
    assert_eq!(gone.out.lines().count(), 3, "{}", gone.out);
    let left: Vec<Value> = serde_json::from_str(&home.run(&["list", "--json"]).out).unwrap();
    assert_eq!(left.iter().map(|e| e["n"].as_u64().unwrap()).collect::<Vec<_>>(), [2]);
    let json = home.run(&["discard", "2", "--yes", "--json"]).out;
    assert_eq!(json, "{\"discarded\":[2]}\n");
}
