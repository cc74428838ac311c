//! The token stays in the memory of the program: the real binary is run against a real service with the log
//! wide open, and whatever it leaves behind or starts is searched.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[path = "support/service.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use caseload::domain::UserId;
use caseload::service::store::seed::{Seed, SeedToken};
use serde_json::json;
use support::{Desk, PATIENCE};
use tokio::process::Command;

/// Drawn, so that it is found nowhere by chance.
const TOKEN: &str = "cl_q8Zt-W3kR-never-to-be-seen";
const PROXY_PASSWORD: &str = "hush-of-the-proxy";

async fn desk() -> Desk {
    let desk = Desk::start().await.unwrap();
    let user = UserId::from("ann");
    let token = SeedToken { user, token: TOKEN.to_owned(), label: "test".to_owned() };
    desk.service.store().seed(&Seed { tokens: vec![token], ..Seed::default() }).await.unwrap();
    desk
}

fn put(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

async fn run(home: &Path, more: &[(&str, &str)], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseload"));
    command
        .args(args)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CASELOAD_HOME", home)
        .env("CASELOAD_LOG", "trace")
        .envs(more.iter().copied())
        .current_dir(home)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap()
}

/// What a program that was started from here writes down of itself and of who started it, and whether it may
/// look into that one.
const SPY: &str = "{ cat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline; ulimit -c; } >> spied; \
                   head -c 1 /proc/$PPID/environ > looked 2>&1";

#[tokio::test]
async fn the_token_is_in_no_file_no_output_no_argument_and_no_childs_environment() {
    let desk = desk().await;
    let id = desk.reported(json!({})).await;
    let home = tempfile::tempdir().unwrap();
    let editor = format!("sh -c '{SPY}; echo looked into it > \"$0\"'");
    let variables = |from_environment: bool| {
        let mut all = vec![
            ("EDITOR", editor.clone()),
            ("HTTPS_PROXY", format!("http://me:{PROXY_PASSWORD}@127.0.0.1:1")),
            ("MINE", TOKEN.to_owned()),
        ];
        if from_environment {
            all.extend([("CASELOAD_URL", desk.url("")), ("CASELOAD_TOKEN", TOKEN.to_owned())]);
        }
        all
    };
    let token_command = format!("{SPY}; printf 'cl_q8Zt-%s\\n' W3kR-never-to-be-seen");
    put(
        &home.path().join("config.toml"),
        &format!(
            "[desk.command]\nurl = \"{0}\"\ntoken_command = '''{token_command}'''\n\
             [desk.variable]\nurl = \"{0}\"\ntoken_env = \"MINE\"\n",
            desk.url("")
        ),
        0o600,
    );
    let mut said = Vec::new();
    for (desk, args, exit) in [
        (None, &["list"][..], 0),
        (None, &["note", &id, "--editor"], 0),
        (Some("command"), &["show", &id], 0),
        (Some("command"), &["show", "C-0"], 3),
        (Some("variable"), &["note", &id, "called back"], 0),
    ] {
        let mut all = variables(desk.is_none());
        if desk == Some("command") {
            // The editor is told of no desk, and may have the person's own variable; token_command may not.
            all.retain(|(name, _)| *name != "EDITOR");
        } else if desk.is_none() {
            all.retain(|(name, _)| *name != "MINE");
        }
        let mut words = args.to_vec();
        words.extend(desk.iter().flat_map(|desk| ["--desk", desk]));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, &**value)).collect();
        let output = run(home.path(), &all, &words).await;
        assert_eq!(output.status.code(), Some(exit), "{words:?} {output:?}");
        said.extend([output.stdout, output.stderr]);
    }
    let spied = fs::read(home.path().join("spied")).unwrap();
    assert!(holds(&spied, "CASELOAD_HOME"), "nothing was spied on");
    assert!(holds(&spied, "show"), "no argument was spied on");
    assert!(spied.ends_with(b"0\n"), "an image of a crash may be written");
    // Root may look into everything.
    let status = fs::read_to_string("/proc/self/status").unwrap();
    if !status.lines().any(|line| line.starts_with("Uid:") && line.contains("\t0\t")) {
        let looked = fs::read_to_string(home.path().join("looked")).unwrap();
        assert!(looked.contains("Permission denied"), "{looked}");
    }
    let mut searched = 0;
    for path in files(home.path()) {
        let bytes = fs::read(&path).unwrap();
        searched += bytes.len();
        assert!(!holds(&bytes, TOKEN), "the token is in {}", path.display());
        // The person's own variable for all programs, and so for what is started.
        let is_spied = path.ends_with("spied");
        assert!(is_spied || !holds(&bytes, PROXY_PASSWORD), "{}", path.display());
    }
    assert!(searched > 1000, "nothing was written that could be searched");
    for bytes in &said {
        assert!(!holds(bytes, TOKEN), "{}", String::from_utf8_lossy(bytes));
    }
}
