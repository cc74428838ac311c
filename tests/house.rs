//! The house rules that a compiler does not know: which way the arrows between the rooms run, which rooms
//! are pure, and that what the documents show is true.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may know (ARCHITECTURE.md, "Rooms").
const ARROWS: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("domain", &[]),
    ("sla", &["domain"]),
    ("query", &["domain", "sla"]),
    ("wire", &["domain", "sla"]),
    ("client", &["wire", "domain", "sla"]),
    ("sync", &["client", "wire", "domain", "sla", "clock"]),
    ("input", &[]),
    ("app", &["domain", "sla", "query", "input"]),
    ("ui", &["app", "domain", "sla", "query", "input"]),
    (
        "runtime",
        &[
            "app", "ui", "input", "sync", "client", "config", "clock", "domain", "sla", "query",
            "wire",
        ],
    ),
    ("config", &["domain", "sla", "query", "input"]),
    ("service", &["domain", "sla", "wire", "clock"]),
];

/// What a pure room may not name.
const PURE: &[&str] = &["domain", "sla", "query", "app", "input"];
const IMPURE: &[&str] = &[
    "tokio::",
    "reqwest::",
    "sqlx::",
    "std::fs",
    "std::env",
    "std::net",
    "std::thread",
    "Utc::now",
    "Local::now",
    "Instant::now",
    "SystemTime::now",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

fn room_files(room: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = src.join(room);
    if folder.is_dir() { sources(&folder) } else { vec![src.join(format!("{room}.rs"))] }
}

/// The code of a file: without comments, and without the tests that end it or that it is.
fn code(path: &Path) -> String {
    let of_tests = path
        .components()
        .any(|c| c.as_os_str().to_str().is_some_and(|s| s == "tests" || s == "tests.rs"));
    if of_tests {
        return String::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let own = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    own.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The rooms that a piece of code names as `crate::room`, also within braces (`use crate::{a, b::c}`).
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(word(std::mem::take(&mut item).trim())),
                    _ => item.push(c),
                }
            }
            rooms.push(word(item.trim()));
        } else {
            rooms.push(word(rest));
        }
    }
    rooms.retain(|r: &String| !r.is_empty());
    rooms
}

#[test]
fn the_arrows_between_the_rooms_run_as_drawn() {
    let mut wrong = Vec::new();
    for (room, known) in ARROWS {
        for file in room_files(room) {
            for named in rooms_named(&code(&file)) {
                let is_room = ARROWS.iter().any(|(r, _)| *r == named) || named == "cli";
                if is_room && named != *room && !known.contains(&named.as_str()) {
                    wrong.push(format!("{}: {room} may not know {named}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_touch_nothing_outside() {
    let mut wrong = Vec::new();
    for room in PURE {
        for file in room_files(room) {
            let code = code(&file);
            for name in IMPURE {
                if code.contains(name) {
                    wrong.push(format!("{}: {room} is pure and names {name}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_route_is_registered_with_its_documentation() {
    let mut wrong = Vec::new();
    for file in room_files("service") {
        let code = code(&file);
        for plain in [".route(", ".route_service(", ".nest(", ".nest_service(", "axum::routing"] {
            if code.contains(plain) {
                wrong.push(format!(
                    "{}: {plain} leaves a route out of the OpenAPI document; register it with routes!",
                    file.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_checks_above_see_what_they_look_for() {
    assert_eq!(rooms_named("use crate::app::Msg; crate::ui::draw()"), ["app", "ui"]);
    assert_eq!(
        rooms_named("use crate::{sla::policy::{A, B}, sync, domain::{C}};"),
        ["sla", "sync", "domain"]
    );
    // Every room but cli and the files at the top has its row.
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
        let exempt = ["lib", "main", "cli"].contains(&name.as_str());
        assert!(exempt || ARROWS.iter().any(|(r, _)| *r == name), "{name} has no row in ARROWS");
    }
}
