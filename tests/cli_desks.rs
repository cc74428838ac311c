//! The real binary on two real desks: their cases in one list and on one screen, and acts that name their desk.

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

use portable_pty::CommandBuilder;
use serde_json::Value;

use program::{At, PROGRAM, Ran, Serving};
use pty::Pty;

fn desk(seed: &str) -> Serving {
    let args = ["demo", "--headless", "--still", "--cases", "10", "--seed", seed];
    Serving::start(At::nowhere(), &args)
}

fn table(desk: &Serving, name: &str) -> String {
    format!(
        "[desk.{name}]\nurl = \"{}\"\ntoken_env = \"TOKEN_{}\"\n",
        desk.url(),
        name.to_uppercase()
    )
}

/// Somebody with both desks in their configuration: south stands before north.
struct Person(At);

impl Person {
    fn of(south: &Serving, north: &Serving, more: &str) -> Self {
        let at = At::nowhere()
            .with("TOKEN_SOUTH", south.token("admin"))
            .with("TOKEN_NORTH", north.token("admin"));
        let text = format!("{}{}{more}", table(south, "south"), table(north, "north"));
        at.write("config.toml", &text, 0o600);
        Self(at)
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.0.run(args)
    }

    fn json(&self, args: &[&str]) -> Vec<Value> {
        serde_json::from_str(&self.run(args).out).unwrap()
    }
}

#[test]
fn the_cases_of_both_desks_are_one_list_and_an_act_asks_for_its_desk() {
    let (south, north) = (desk("1"), desk("2"));
    let person = Person::of(&south, &north, "");
    let merged = person.json(&["list", "--json"]);
    let alone = |name: &str| person.json(&["list", "--json", "--desk", name]);
    let (in_south, in_north) = (alone("south"), alone("north"));
    assert!(!in_south.is_empty() && !in_north.is_empty());
    assert_eq!(merged.len(), in_south.len() + in_north.len());
    let of = |name: &str| merged.iter().filter(|case| case["desk"] == name).count();
    assert_eq!((of("south"), of("north")), (in_south.len(), in_north.len()));
    assert!(in_south.iter().all(|case| case.get("desk").is_none()), "one desk needs no name");

    let table = person.run(&["list"]).out;
    let named = |name: &str| {
        table.lines().filter(|line| line.split_whitespace().nth(1) == Some(name)).count()
    };
    assert_eq!((named("south"), named("north")), (in_south.len(), in_north.len()), "{table}");

    let id = in_north[0]["id"].as_str().unwrap();
    let refused = person.run(&["note", id, "Looked at it"]);
    assert_eq!(refused.exit, 2);
    assert!(refused.err.contains("several desks are configured (south, north)"), "{}", refused.err);
    assert!(refused.err.contains("--desk NAME"));
    let done = person.run(&["note", id, "Looked at it", "--desk", "north"]);
    assert_eq!(done.exit, 0, "{}", done.err);
    let raised = person.json(&["list", "--json", "--desk", "north"]);
    let revision =
        |cases: &[Value]| cases.iter().find(|c| c["id"] == id).unwrap()["revision"].clone();
    assert_ne!(revision(&raised), revision(&in_north));
}

#[test]
fn a_desk_that_cannot_be_read_is_told_and_the_other_is_listed() {
    let (south, north) = (desk("1"), desk("2"));
    let keyless = "[desk.east]\nurl = \"http://127.0.0.1:1\"\ntoken_env = \"TOKEN_EAST\"\n";
    let person = Person::of(&south, &north, keyless);
    drop(south);
    let listed = person.run(&["list", "--json"]);
    let cases: Vec<Value> = serde_json::from_str(&listed.out).unwrap();
    assert!(!cases.is_empty() && cases.iter().all(|case| case["desk"] == "north"));
    let said = listed.err;
    assert!(said.contains("list the cases of desk south"), "{said}");
    assert!(said.contains("TOKEN_EAST") && said.contains("desk east"), "{said}");
    assert_eq!(listed.exit, 6, "the worst of both: {said}");
    drop(north);
    assert_eq!(person.run(&["list"]).out, "");
}

#[test]
fn both_desks_come_up_in_one_screen() {
    let (south, north) = (desk("1"), desk("2"));
    let person = Person::of(&south, &north, "");
    let mut command = CommandBuilder::new(PROGRAM);
    command.env_clear();
    for (name, token) in &person.0.variables {
        command.env(name, token);
    }
    command.env("CASELOAD_HOME", person.0.home.path());
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
