//! What an administrator does with `caseload admin`, by the real program beside a service that runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a failed step of a test is its failure; not every part of the support is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use caseload::domain::{Role, UserId};
use caseload::service::store::{NewToken, Place, Store};
use caseload::service::{Edge, Service};
use caseload::sla::policy::Policy;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use support::{Desk, PATIENCE, problem};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// The options that name a place.
fn named(place: &Place) -> Vec<String> {
    match place {
        Place::Folder(folder) => {
            vec!["--data".to_owned(), folder.to_str().unwrap().to_owned()]
        }
        Place::Database(options) => {
            let mut url = options.to_url_lossy();
            let schema = options.get_options().unwrap().to_owned();
            url.query_pairs_mut().append_pair("options", &schema);
            vec!["--database-url".to_owned(), url.to_string()]
        }
    }
}

struct Ran {
    exit: i32,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.exit, 0, "{}\n{}", self.err, self.out);
        self.out
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    #[track_caller]
    fn fails(self, exit: i32, says: &str) -> Self {
        assert_eq!(self.exit, exit, "{}\n{}", self.err, self.out);
        assert!(self.err.contains(says), "{} does not say: {says}", self.err);
        self
    }
}

/// Runs `caseload admin` on a place.
async fn admin(place: &Place, args: &[&str]) -> Ran {
    let home = tempfile::tempdir().unwrap();
    let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_caseload"))
        .arg("admin")
        .args(args)
        .args(named(place))
        .env_clear()
        .env("CASELOAD_HOME", home.path())
        .env("TMPDIR", home.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(3 * PATIENCE, child).await.unwrap().unwrap();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Does something to the database past the program.
async fn past_the_program(place: &Place, statements: &[&str]) {
    for statement in statements {
        let sql = AssertSqlSafe((*statement).to_owned());
        match place {
            Place::Folder(folder) => {
                let file = folder.join(caseload::service::store::sqlite::FILE);
                let options =
                    sqlx::sqlite::SqliteConnectOptions::new().filename(file).foreign_keys(false);
                let mut conn = options.connect().await.unwrap();
                sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Place::Database(options) => {
                let mut conn = options.connect().await.unwrap();
                // Past its row security, too.
                sqlx::raw_sql("SET caseload.scope = 'all'").execute(&mut conn).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }
}

async fn audit_actions(place: &Place) -> Vec<String> {
    let rows = admin(place, &["audit", "list", "--json"]).await.json();
    rows.as_array().unwrap().iter().map(|r| r["action"].as_str().unwrap().to_owned()).collect()
}

async fn status(desk: &Desk, token: &str) -> u16 {
    let request = desk.client().get(desk.url("/api/v1/me")).bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_user_is_given_another_role_renamed_and_kept_out_from_the_next_request_on() {
    let desk = desk!();
    let place = &desk.place;
    let (_, cursor) = desk.snapshot("eve").await;
    admin(place, &["user", "role", "eve", "partner"]).await.fails(4, "needs a partner");
    admin(place, &["user", "role", "eve", "partner", "--partner", "no"])
        .await
        .fails(4, "there is no partner no");
    admin(place, &["user", "role", "nobody", "oncall"]).await.fails(4, "there is no user nobody");
    admin(place, &["user", "role", "eve", "partner", "--partner", "nordwind"]).await.ok();
    assert_eq!(desk.get_json("eve", "/api/v1/me").await["role"], "partner");
    let stale = desk.get("eve", &format!("/api/v1/changes?cursor={cursor}")).send().await.unwrap();
    problem(stale, 410).await;
    admin(place, &["user", "role", "eve", "engineer"]).await.ok();
    admin(place, &["user", "rename", "eve", "--name", "Eve \"E\" Berg"]).await.ok();
    assert_eq!(desk.get_json("eve", "/api/v1/me").await["name"], "Eve \"E\" Berg");

    let case = desk.reported(json!({})).await;
    let other = desk.reported(json!({})).await;
    for case in [&case, &other] {
        let up = json!({"action": "escalate", "to": "second", "reason": "Beyond us"});
        desk.done("ann", case, up).await;
    }
    desk.done("eve", &case, json!({"action": "take"})).await;
    let ran = admin(place, &["user", "disable", "eve"]).await.fails(0, "eve holds 1 open case");
    assert_eq!(ran.out, "user eve is disabled\n");
    assert_eq!(status(&desk, "token-eve").await, 401);
    let shown = admin(place, &["user", "show", "eve", "--json"]).await.json();
    assert!(shown["user"]["disabled_at"].is_string());
    assert_eq!((&shown["user"]["holds"], &shown["user"]["tokens"]), (&json!(1), &json!(1)));
    assert_eq!(
        admin(place, &["user", "disable", "eve"]).await.ok(),
        "user eve is disabled already\n"
    );
    let to_her = json!({"action": "assign", "assignee": "eve"});
    desk.refused("root", &other, to_her.clone(), 422).await;
    admin(place, &["user", "enable", "eve"]).await.ok();
    assert_eq!(status(&desk, "token-eve").await, 200);
    desk.done("root", &other, to_her).await;

    let users = admin(place, &["user", "list"]).await.ok();
    assert!(users.lines().next().unwrap().starts_with("id    name"), "{users}");
    assert_eq!(users.lines().count(), 1 + support::PEOPLE.len());
    let actions = audit_actions(place).await;
    for action in [
        "set_user_role eve partner nordwind",
        "set_user_role eve engineer",
        "rename_user eve \"Eve \\\"E\\\" Berg\"",
        "disable_user eve",
        "enable_user eve",
    ] {
        assert_eq!(actions.iter().filter(|a| *a == action).count(), 1, "{action} in {actions:?}");
    }
}

#[tokio::test]
async fn partners_are_made_renamed_and_listed() {
    let desk = desk!();
    let place = &desk.place;
    admin(place, &["partner", "create", "east", "--name", "East"]).await.ok();
    admin(place, &["partner", "rename", "east", "--name", "Far East"]).await.ok();
    admin(place, &["partner", "rename", "west", "--name", "W"]).await.fails(4, "no partner west");
    let partners = admin(place, &["partner", "list", "--json"]).await.json();
    let east = partners.as_array().unwrap().iter().find(|p| p["id"] == "east").unwrap();
    assert_eq!((&east["name"], &east["agents"]), (&json!("Far East"), &json!(0)));
    let actions = audit_actions(place).await;
    assert_eq!(actions, ["create_partner east \"East\"", "rename_partner east \"Far East\""]);
}

#[tokio::test]
async fn a_token_is_shown_once_and_known_by_its_prefix_from_then_on() {
    let desk = desk!();
    let place = &desk.place;
    let token = admin(place, &["token", "create", "ann", "--label", "laptop"]).await.ok();
    let token = token.trim_end();
    assert_eq!(status(&desk, token).await, 200);
    let mut mistyped = token.to_owned();
    let last = if mistyped.pop() == Some('0') { '1' } else { '0' };
    mistyped.push(last);
    assert_eq!(status(&desk, &mistyped).await, 401);
    let tokens = admin(place, &["token", "list", "ann", "--json"]).await.json();
    let found = tokens.as_array().unwrap().iter().find(|t| t["label"] == "laptop").unwrap();
    let prefix = found["prefix"].as_str().unwrap();
    assert!(token.starts_with(&format!("cl_{prefix}_")));
    assert!(!tokens.to_string().contains(token));
    let list = admin(place, &["token", "list"]).await.ok();
    assert!(list.contains(&format!("cl_{prefix}")) && list.contains("(older)"), "{list}");
    admin(place, &["token", "list", "nobody"]).await.fails(4, "there is no user nobody");
    admin(place, &["token", "revoke", "--prefix", "00000000"])
        .await
        .fails(1, "it was revoked before or never made; caseload admin token list");
    admin(place, &["token", "revoke", "--prefix", &format!("cl_{prefix}")]).await.ok();
    assert_eq!(status(&desk, token).await, 401);
    admin(place, &["token", "revoke", "--prefix", prefix]).await.fails(1, "never made");
    let actions = audit_actions(place).await;
    let by = |verb: &str| format!("{verb} ann {prefix} \"laptop\"");
    assert_eq!(actions, [by("create_token"), by("revoke_token")]);
    admin(place, &["token", "rotate", "ann", "--label", "laptop"])
        .await
        .fails(4, "create makes one");
    admin(place, &["token", "rotate", "ann", "--label", "test", "--overlap", "1 week"])
        .await
        .fails(2, "such as 30m, 24h or 7d");
    let next = admin(place, &["token", "rotate", "ann", "--label", "test"]).await.ok();
    assert_eq!(status(&desk, "token-ann").await, 401);
    assert_eq!(status(&desk, next.trim_end()).await, 200);
}

#[tokio::test]
async fn a_rotated_token_counts_until_its_overlap_is_over_and_its_use_is_known_to_the_day() {
    let desk = desk!();
    let ann = UserId::from("ann");
    let now = support::start_of_time();
    let new = NewToken { user: &ann, label: "test", expires_at: None };
    let overlap = Some(TimeDelta::hours(1));
    let (token, ended) = desk.service.store().rotate_token(&new, overlap, now).await.unwrap();
    assert_eq!(ended.len(), 1);
    assert_eq!(status(&desk, "token-ann").await, 200);
    desk.clock.advance(TimeDelta::minutes(59));
    assert_eq!(status(&desk, "token-ann").await, 200);
    desk.clock.advance(TimeDelta::minutes(1));
    assert_eq!(status(&desk, "token-ann").await, 401);
    assert_eq!(status(&desk, &token).await, 200);
    let last = desk.clock.clone();
    // Closing waits for what is kept beside the requests.
    let desk = desk.restart().await;
    let used = desk.service.store().tokens(Some(&ann)).await.unwrap();
    let used: Vec<_> = used.into_iter().filter(|t| t.label == "test").map(|t| t.used_at).collect();
    assert_eq!(used, [Some(now), Some(now + TimeDelta::hours(1))]);
    last.advance(TimeDelta::hours(23));
    assert_eq!(status(&desk, &token).await, 200);
    let desk = desk.restart().await;
    let used = desk.service.store().tokens(Some(&ann)).await.unwrap().pop().unwrap().used_at;
    assert_eq!(used, Some(now + TimeDelta::hours(1)), "within a day it is not kept anew");
}

fn written(dir: &TempDir, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn licences_are_imported_whole_or_not_at_all() {
    let desk = desk!();
    let place = &desk.place;
    let files = tempfile::tempdir().unwrap();
    let case = desk.reported(json!({"licence_key": "NEW-1", "company": "Later"})).await;
    let file = written(
        &files,
        "licences.csv",
        "\u{feff}key,partner,company,eligible,addresses\r\nNEW-1,southsea,\"=New, Inc\",yes,IT@new.example\r\n\
         NW-2222-BBBB,nordwind,Lapsed Ltd,yes,ida@fjord.example\r\n\
         DI-4444-DDDD,direct,Straight Inc,yes,ida@fjord.example\r\n",
    );
    let file = file.to_str().unwrap();
    let ran = admin(place, &["licence", "import", file, "--dry-run"]).await.fails(0, &case);
    assert_eq!(
        ran.out,
        "2: NEW-1  added\n3: NW-2222-BBBB  changed: eligible\n4: DI-4444-DDDD  unchanged\n\
         would be 1 added, 1 changed, 1 unchanged\n"
    );
    admin(place, &["licence", "show", "NEW-1"]).await.fails(4, "there is no such licence");

    let wrong = written(
        &files,
        "wrong.csv",
        "key,partner,company,eligible,addresses\nNEW-2,nowhere,A,yes,\nNEW-3,nordwind,B,maybe,\n\
         NEW-4,nordwind,C,yes,\n",
    );
    let wrong = wrong.to_str().unwrap();
    let ran = admin(place, &["licence", "import", wrong]).await;
    let ran = ran.fails(1, "wrong.csv:2: partner: there is no partner nowhere; ");
    let ran = ran.fails(1, "wrong.csv:3: eligible: \"maybe\" is neither yes nor no");
    ran.fails(1, "2 fields are wrong; nothing was imported.");
    let told = admin(place, &["licence", "import", wrong, "--json"]).await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["imported"], &told["wrong"][1]["line"]), (&json!(false), &json!(3)));
    admin(place, &["licence", "show", "NEW-4"]).await.fails(4, "there is no such licence");

    let ran = admin(place, &["licence", "import", file]).await;
    let says = format!(
        "1 open case has another eligibility than its licence gives, which stays: {case} (unknown_key, by its \
         licence eligible). To change it: caseload eligibility ID eligible --reason"
    );
    ran.fails(0, &says);
    // The case that was there stays as it is; the next one goes where the licence says.
    let detail = desk.get_json("root", &format!("/api/v1/cases/{case}")).await;
    assert_eq!(detail["eligibility"], "unknown_key");
    let next = desk.reported(json!({"licence_key": "NEW-1"})).await;
    let detail = desk.get_json("bob", &format!("/api/v1/cases/{next}")).await;
    assert_eq!(detail["eligibility"], "eligible");
    assert_eq!(detail["customer"]["company"], "=New, Inc");
    let shown = admin(place, &["licence", "show", "NEW-1", "--json"]).await.json();
    assert_eq!((&shown["open_cases"], &shown["cases"]), (&json!(2), &json!(2)));
    assert_eq!(shown["licence"]["addresses"], json!(["it@new.example"]));
    let found = admin(place, &["licence", "list", "IT@NEW", "--json"]).await.json();
    assert_eq!(found.as_array().unwrap().len(), 1);

    // What is exported can be imported again, and no cell is a formula.
    let exported = admin(place, &["licence", "export"]).await.ok();
    assert!(exported.contains("NEW-1,southsea,\"'=New, Inc\",yes,it@new.example\n"), "{exported}");
    let again = written(&files, "again.csv", exported);
    let again =
        admin(place, &["licence", "import", again.to_str().unwrap(), "--json"]).await.json();
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!(0), &json!(5)));
    let imports = audit_actions(place).await.into_iter().filter(|a| a.starts_with("import_"));
    assert_eq!(imports.collect::<Vec<_>>(), ["import_licences added 1 changed 1"]);
}

#[tokio::test]
async fn many_licences_go_in_and_come_out_again() {
    let desk = desk!();
    let files = tempfile::tempdir().unwrap();
    let mut text = "key,partner,company,eligible,addresses\n".to_owned();
    let lines: Vec<String> = (0..3210)
        .map(|n| format!("K-{n:06},nordwind,Company {n},{},a{n}@x.example\n", n % 2))
        .collect();
    text += &lines.concat();
    let file = written(&files, "many.csv", &text);
    let args = ["licence", "import", file.to_str().unwrap(), "--json"];
    let told = admin(&desk.place, &args).await.json();
    assert_eq!(told["added"], 3210);
    let told = admin(&desk.place, &args).await.json();
    assert_eq!(told["unchanged"], 3210);
    assert_eq!(admin(&desk.place, &["licence", "export"]).await.ok().lines().count(), 3210 + 4 + 1);
}

/// Each case's revision is what its timeline says, and the record holds every act once.
async fn is_consistent(desk: &Desk, cases: &[String]) {
    let store = desk.service.store();
    let checked = store.check_all().await.unwrap();
    assert_eq!(checked.faults, []);
    let mut entries = Vec::new();
    let mut after = 0;
    loop {
        let page = store.audit(after, 1000).await.unwrap();
        if page.entries.is_empty() {
            break;
        }
        after = page.next;
        entries.extend(page.entries);
    }
    for case in cases {
        let detail = desk.get_json("root", &format!("/api/v1/cases/{case}")).await;
        let revision = detail["revision"].as_u64().unwrap();
        assert_eq!(detail["timeline"].as_array().unwrap().len() as u64, revision, "{case}");
        let acts = entries.iter().filter(|e| e.case.as_ref().is_some_and(|c| c.as_str() == case));
        assert_eq!(acts.count() as u64, revision, "{case}");
    }
}

async fn served(desk: &Desk, place: Place) -> Desk {
    let service = Service::open(place.clone(), Arc::new(Policy::embedded()), desk.clock.clone());
    let dir = tempfile::tempdir().unwrap();
    Desk::serve(place, dir, desk.clock.clone(), service.await.unwrap(), Edge::default(), None).await
}

#[tokio::test]
async fn a_backup_that_is_made_while_four_write_is_restored_as_a_whole_desk() {
    let desk = desk!();
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("desk.db");
    let mut cases = Vec::new();
    for _ in 0..8 {
        cases.push(desk.reported(json!({})).await);
    }
    let enough = tokio_util::sync::CancellationToken::new();
    let mut writers = JoinSet::new();
    for case in &cases[..4] {
        let (service, case, enough) = (desk.service.clone(), Desk::case_id(case), enough.clone());
        writers.spawn(async move {
            let root = service.authenticate("token-root").await.unwrap().unwrap().actor;
            let mut acts = 0;
            while !enough.is_cancelled() {
                let key = uuid::Uuid::new_v4();
                let note = serde_json::from_value(json!({"action": "note", "text": "x"})).unwrap();
                service.act(&root, &case, key, None, note).await.unwrap();
                acts += 1;
            }
            acts
        });
    }
    let ran = admin(&desk.place, &["backup", file.to_str().unwrap()]).await;
    enough.cancel();
    let acts: Vec<i32> = writers.join_all().await;
    assert!(acts.iter().all(|acts| *acts > 0), "{acts:?}");
    assert!(ran.ok().contains(" holds the desk: 8 cases, "));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let left: Vec<_> =
        std::fs::read_dir(files.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["desk.db"], "nothing else is left");
    admin(&desk.place, &["backup", file.to_str().unwrap()]).await.fails(4, "there is a file");
    admin(&desk.place, &["backup", file.to_str().unwrap(), "--force"]).await.ok();

    // The lost future: what the backed up desk does from here on.
    let (_, old) = desk.snapshot("root").await;
    desk.reported(json!({})).await;
    let (_, future) = desk.snapshot("root").await;
    admin(&desk.place, &["restore", file.to_str().unwrap()]).await.fails(4, "a desk already");

    let dir = tempfile::tempdir().unwrap();
    let place = support::new_place(&dir).await.unwrap();
    let ran = admin(&place, &["restore", file.to_str().unwrap()]).await.ok();
    assert!(ran.contains(": 8 cases, the audit record up to row "), "{ran}");
    let restored = served(&desk, place).await;
    is_consistent(&restored, &cases).await;
    let (ids, _) = restored.snapshot("ann").await;
    assert_eq!(ids.len(), 8, "tokens and scopes are as they were");
    let new = restored.reported(json!({})).await;
    assert!(!cases.contains(&new));
    for _ in 0..20 {
        restored.done("root", &new, json!({"action": "note", "text": "on it goes"})).await;
    }
    for cursor in [old, future] {
        let path = format!("/api/v1/changes?cursor={cursor}");
        problem(restored.get("root", &path).send().await.unwrap(), 410).await;
    }
    cases.push(new);
    is_consistent(&restored, &cases).await;
    let last = audit_actions(&restored.place).await;
    assert!(last.contains(&"restore_backup \"desk.db\"".to_owned()));
}

/// Every row of every table of a backup, but for what a restore changes.
async fn contents(file: &Path) -> Vec<(String, Vec<String>)> {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
    let mut conn = options.connect().await.unwrap();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.name, (SELECT group_concat('quote(\"' || name || '\")', '||'',''||')
                         FROM pragma_table_info(m.name))
         FROM sqlite_master m WHERE m.type = 'table'
           AND m.name NOT IN ('_sqlx_migrations', 'audit', 'audit_head', 'meta') ORDER BY m.name",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    let mut contents = Vec::new();
    for (table, cells) in tables {
        let sql = AssertSqlSafe(format!("SELECT {cells} FROM \"{table}\" ORDER BY 1"));
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut conn).await.unwrap();
        contents.push((table, rows.into_iter().map(|(row,)| row).collect()));
    }
    contents
}

#[tokio::test]
async fn a_desk_moves_from_place_to_place_by_backup_and_restore_and_stays_the_same() {
    let desk = desk!();
    let files = tempfile::tempdir().unwrap();
    let case = desk.reported(json!({"phone": "+47 1", "product": "Ü\u{1f600}"})).await;
    desk.done("ann", &case, json!({"action": "take"})).await;
    let close = json!({"action": "close", "resolution": "explanation", "text": "So it is."});
    desk.done("ann", &case, close).await;
    for _ in 0..60 {
        desk.reported(json!({})).await;
    }
    let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
    admin(&desk.place, &["backup", &path("first.db")]).await.ok();
    // To a folder, whatever this desk is in, and from there to another place of its own kind.
    let folder = Place::Folder(files.path().join("folder"));
    admin(&folder, &["restore", &path("first.db")]).await.ok();
    admin(&folder, &["backup", &path("second.db")]).await.ok();
    let dir = tempfile::tempdir().unwrap();
    let back = support::new_place(&dir).await.unwrap();
    admin(&back, &["restore", &path("second.db")]).await.ok();
    admin(&back, &["backup", &path("third.db")]).await.ok();
    let first = contents(Path::new(&path("first.db"))).await;
    assert!(first.iter().any(|(table, rows)| table == "timeline" && rows.len() == 63));
    for later in ["second.db", "third.db"] {
        assert_eq!(contents(Path::new(&path(later))).await, first, "{later}");
    }
    let verified = admin(&back, &["audit", "verify", "--json"]).await.json();
    assert_eq!(verified["wrong"], json!([]));
    assert_eq!(verified["right"], verified["rows"]);
    // A policy is put in force where numbers are given by the database.
    let restored = served(&desk, back).await;
    let case = restored.reported(json!({})).await;
    assert_eq!(restored.get_json("ann", &format!("/api/v1/cases/{case}")).await["revision"], 1);
}

#[tokio::test]
async fn what_is_no_backup_is_not_restored_and_no_desk_is_made_by_a_question() {
    let desk = desk!();
    let files = tempfile::tempdir().unwrap();
    let nowhere = Place::Folder(files.path().join("nowhere"));
    for args in [&["check"][..], &["backup", "x.db"], &["user", "list"], &["audit", "verify"]] {
        admin(&nowhere, args).await.fails(1, "there is no desk in ");
    }
    let text = written(&files, "text.db", "not a database ".repeat(100));
    let gone = files.path().join("gone.db");
    let other = files.path().join("other.db");
    let options =
        sqlx::sqlite::SqliteConnectOptions::new().filename(&other).create_if_missing(true);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql("CREATE TABLE cases (n INTEGER)").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    for (file, why) in [
        (&text, "another kind of file"),
        (&gone, "No such file"),
        (&other, "another program's database"),
    ] {
        let args = ["restore", file.to_str().unwrap()];
        let ran = admin(&nowhere, &args).await.fails(4, "is not a backup of a desk");
        assert!(ran.err.contains(why), "{}", ran.err);
    }
    assert!(!files.path().join("nowhere").exists());
    let file = files.path().join("no/such/folder.db");
    admin(&desk.place, &["backup", file.to_str().unwrap()]).await.fails(4, "can be written there");
}

#[tokio::test]
async fn verifying_the_audit_record_names_the_row_that_is_wrong() {
    let desk = desk!();
    for _ in 0..10 {
        desk.reported(json!({})).await;
    }
    let place = &desk.place;
    let right = admin(place, &["audit", "verify", "--json"]).await.json();
    assert_eq!((&right["rows"], &right["right"]), (&json!(10), &json!(10)));
    assert_eq!((&right["seq"], &right["wrong"]), (&json!(10), &json!([])));
    let on = if matches!(place, Place::Database(_)) { " ON audit" } else { "" };
    past_the_program(place, &[&format!("DROP TRIGGER audit_is_never_changed{on}")]).await;
    if on.is_empty() {
        past_the_program(place, &["DROP TRIGGER audit_is_never_cut"]).await;
    }
    let keep = [
        "CREATE TABLE kept AS SELECT * FROM audit",
        "CREATE TABLE kept_head AS SELECT * FROM audit_head",
    ];
    past_the_program(place, &keep).await;
    let swap = "UPDATE audit SET seq = CASE seq WHEN 3 THEN -7 ELSE -3 END WHERE seq IN (3, 7);
                UPDATE audit SET seq = -seq WHERE seq < 0";
    let neighbours =
        "UPDATE audit SET seq = CASE seq WHEN 4 THEN -5 ELSE -4 END WHERE seq IN (4, 5);
                      UPDATE audit SET seq = -seq WHERE seq < 0";
    let words = "UPDATE audit SET actor = CASE seq
                   WHEN 2 THEN 'x' ELSE 'y' END, case_id = (SELECT k.case_id FROM kept k
                   WHERE k.seq = 11 - audit.seq) WHERE seq IN (2, 9)";
    for (sql, expected, right) in [
        ("UPDATE audit SET actor = 'bob' WHERE seq = 4", json!([[4, 4, "changed"]]), 9),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", json!([[1, 1, "changed"]]), 9),
        ("UPDATE audit SET case_id = NULL WHERE seq = 10", json!([[10, 10, "changed"]]), 9),
        ("DELETE FROM audit WHERE seq = 5", json!([[5, 5, "removed"]]), 8),
        ("DELETE FROM audit WHERE seq < 4", json!([[1, 3, "removed"]]), 6),
        ("DELETE FROM audit WHERE seq > 7", json!([[8, 10, "cut"]]), 7),
        ("DELETE FROM audit", json!([[1, 10, "cut"]]), 0),
        (swap, json!([[3, 7, "swapped"]]), 8),
        (neighbours, json!([[4, 5, "swapped"]]), 8),
        (words, json!([[2, 2, "changed"], [9, 9, "changed"]]), 8),
        ("UPDATE audit_head SET hash = 'x'", json!([[10, 10, "head"]]), 10),
        ("UPDATE audit_head SET seq = 9", json!([[10, 10, "head"]]), 10),
    ] {
        past_the_program(place, &[sql]).await;
        let ran = admin(place, &["audit", "verify", "--json"]).await;
        assert_eq!(ran.exit, 1, "{sql}: {}{}", ran.out, ran.err);
        let told: Value = serde_json::from_str(&ran.out).unwrap();
        let wrong: Vec<Value> = told["wrong"]
            .as_array()
            .unwrap()
            .iter()
            .map(|w| json!([w["seq"], w["to"], w["fault"]]))
            .collect();
        assert_eq!((json!(wrong), &told["right"]), (expected, &json!(right)), "{sql}");
        let restore = [
            "DELETE FROM audit",
            "INSERT INTO audit SELECT * FROM kept",
            "DELETE FROM audit_head",
            "INSERT INTO audit_head SELECT * FROM kept_head",
        ];
        past_the_program(place, &restore).await;
    }
    past_the_program(place, &["UPDATE audit SET action = 'x' WHERE seq = 6"]).await;
    let ran = admin(place, &["audit", "verify"]).await.fails(1, "Keep a copy");
    assert!(
        ran.out.starts_with("row 6 was changed (or row 5 was, and its hash with it)\n9 of 10 rows")
    );
    let of_case = admin(place, &["audit", "list", "--case", "C-0"]).await.ok();
    assert_eq!(of_case, "");
    let after = admin(place, &["audit", "list", "--after", "8", "--json"]).await.json();
    assert_eq!(after.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_check_names_every_row_that_is_wrong_and_what_to_do() {
    let desk = desk!();
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(desk.reported(json!({})).await);
    }
    let place = &desk.place;
    let ran = admin(place, &["check"]).await.ok();
    assert!(
        ran.starts_with("nothing is wrong: 6 cases, 6 timeline entries, 6 rows of the audit"),
        "{ran}"
    );
    let sql = |n: usize, set: &str| format!("UPDATE cases SET {set} WHERE id = '{}'", ids[n]);
    let mut damage = vec![
        sql(0, "tier = 'third'"),
        sql(1, "ledger = '{'"),
        sql(2, "entries = 5"),
        sql(3, "change_seq = (SELECT max(change_seq) FROM cases)"),
        sql(4, "state = 'closed', change_seq = 99"),
        format!(
            "UPDATE timeline SET kind = 'song' WHERE case_n = (SELECT n FROM cases WHERE id = '{}')",
            ids[5]
        ),
        "CREATE TABLE strange (n BIGINT PRIMARY KEY)".to_owned(),
        "DELETE FROM meta WHERE key = 'cursor_secret'".to_owned(),
    ];
    if matches!(place, Place::Folder(_)) {
        damage.push("DELETE FROM users WHERE id = 'eve'".to_owned());
    }
    past_the_program(place, &damage.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // Past opening, which would make the secret anew.
    let checked = desk.service.store().check_all().await.unwrap();
    let told: Vec<String> =
        checked.faults.iter().map(|f| format!("{} {}", f.what, f.why)).collect();
    let mut expected = vec![
        format!("case {} tier: \"third\" is not a tier", ids[0]),
        format!("case {} clocks: ", ids[1]),
        format!("case {} has 1 entries in its timeline and should have 5", ids[2]),
        "change number 6 is that of 2 cases".to_owned(),
        format!("case {} is closed and has no resolution", ids[4]),
        format!("case {} its change number 99 is not among those given, 1 to 6", ids[4]),
        format!(
            "1 timeline entries are of a kind or visibility that is not known, \"song\" and \"customer\"; the first is of case {}",
            ids[5]
        ),
        "the table strange is not one of a desk's".to_owned(),
        "the secret of the cursors is not there".to_owned(),
    ];
    if matches!(place, Place::Folder(_)) {
        expected.push("a row of tokens".to_owned());
    }
    for expected in &expected {
        let times = told.iter().filter(|told| told.starts_with(expected.as_str())).count();
        assert_eq!(times, 1, "{expected} in {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    let ran = admin(place, &["check"]).await;
    assert_eq!(ran.exit, 1, "{}", ran.err);
    assert!(ran.out.contains("; compare it with a backup, and restore or mend it by hand\n"));
    let told = admin(place, &["check", "--json"]).await;
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["ok"], &told["found"]["cases"]), (&json!(false), &json!(6)));
}

#[tokio::test]
async fn policies_and_calendars_are_applied_wherever_the_desk_is() {
    let desk = desk!();
    let files = tempfile::tempdir().unwrap();
    let shown = admin(&desk.place, &["policy", "show"]).await.ok();
    let next = shown.replacen("\"2026-11\"", "\"2027-01\"", 1);
    let file = written(&files, "policy.toml", next);
    admin(&desk.place, &["policy", "apply", file.to_str().unwrap()]).await.ok();
    let days = written(
        &files,
        "days.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:3\r\nSUMMARY:Founders\r\n\
         DTSTART;VALUE=DATE:20270105\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    );
    let args =
        ["calendar", "import", days.to_str().unwrap(), "--calendar", "vendor", "--years", "2027"];
    admin(&desk.place, &[&args[..], &["--yes"]].concat()).await.ok();
    let policy = desk.get_json("ann", "/api/v1/policy").await;
    assert_eq!(policy["version"], "2027-01.2");
    assert!(policy["calendars"]["vendor"]["holidays"].to_string().contains("2027-01-05"));
}

#[tokio::test]
async fn the_first_user_of_a_new_desk_comes_from_here() {
    let dir = tempfile::tempdir().unwrap();
    let Some(place) = support::new_place(&dir).await else { return };
    admin(&place, &["user", "create", "lito", "--name", "L. Ito", "--role", "engineer"]).await.ok();
    let token = admin(&place, &["token", "create", "lito"]).await.ok();
    let store = Store::open(&place).await.unwrap();
    let now = chrono::DateTime::UNIX_EPOCH;
    let found = store.account_by_token(token.trim_end(), now).await.unwrap().unwrap();
    assert_eq!(found.account.actor.role, Role::Engineer);
    store.close().await;
    let answer = admin(&place, &["audit", "list"]).await.ok();
    assert!(answer.contains("create_user lito engineer \"L. Ito\""), "{answer}");
}
