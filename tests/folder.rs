//! A desk in a folder: who may open it, and what is in its files.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    dead_code,
    reason = "a failed step of a test is its failure; not every part of the support is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::fs::OpenOptions;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use caseload::domain::Role;
use caseload::service::Service;
use caseload::service::store::sqlite::FILE;
use caseload::service::store::{NewToken, Place, Store, StoreError};
use caseload::sla::policy::Policy;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use support::problem;

#[tokio::test]
async fn the_audit_record_is_never_changed() {
    let desk = desk!();
    desk.reported(json!({})).await;
    let file = desk.dir.path().join(FILE);
    let options = SqliteConnectOptions::new().filename(file);
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    for sql in ["UPDATE audit SET actor = 'bob'", "DELETE FROM audit WHERE seq = 1"] {
        let error = sqlx::query(sql).execute(&mut conn).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{error}");
    }
}

#[tokio::test]
async fn one_service_at_a_time_has_a_desk() {
    let desk = desk!();
    let open = || Service::open(desk.dir.path(), Arc::new(Policy::embedded()), desk.clock.clone());
    let second = open().await.err().unwrap();
    assert_eq!(second.to_string(), "another process has the desk open");
    desk.service.close().await;
    open().await.unwrap().close().await;
}

#[tokio::test]
async fn nobody_else_on_the_machine_reads_the_desks_files() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("new/desk");
    let now = support::start_of_time();
    let store = Store::open(&Place::from(folder.clone())).await.unwrap();
    let root_user = "root".into();
    store.create_user(&root_user, "Root", Role::Admin, None, now).await.unwrap();
    let first = NewToken { user: &root_user, label: "first", expires_at: None };
    let token = store.create_token(&first, now).await.unwrap();
    assert!(token.starts_with("cl_") && token.len() > 40);
    store.close().await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files, [folder.join(FILE)], "closed in order");
    for path in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        let secret = token.as_bytes();
        assert!(
            !bytes.windows(secret.len()).any(|w| w == secret),
            "the token is in {}",
            path.display()
        );
    }
}

/// The page of a table's root, and the size of pages, in bytes.
async fn root_of(file: &Path, table: &str) -> (u64, usize) {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let (page, size): (i64, i64) = sqlx::query_as(
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size()) FROM sqlite_master WHERE name = $1",
    )
    .bind(table)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    conn.close().await.unwrap();
    let size = usize::try_from(size).unwrap();
    ((page.unsigned_abs() - 1) * size as u64, size)
}

/// Puts bytes into a file and returns those that were there.
fn exchange(file: &Path, at: u64, bytes: &[u8]) -> Vec<u8> {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut before = vec![0; bytes.len()];
    file.read_exact_at(&mut before, at).unwrap();
    file.write_all_at(bytes, at).unwrap();
    before
}

#[tokio::test]
async fn nothing_is_written_any_more_once_the_file_was_found_damaged() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    // Everything is in the file, nothing in the log beside it.
    let mut desk = desk.restart().await;
    let file = desk.dir.path().join(FILE);
    let (at, size) = root_of(&file, "timeline").await;
    let junk: Vec<u8> = (0..size).map(|n| (n * 7 % 251) as u8).collect();
    let whole = exchange(&file, at, &junk);
    let note = json!({"action": "note", "text": "x"});
    let damaged = desk.refused("ann", &case, note.clone(), 503).await;
    let says = damaged["detail"].as_str().unwrap();
    assert!(says.contains("restore from a backup (caseload admin restore)"), "{says}");
    // Not even what has nothing to do with that page, nor after it is as it was.
    problem(desk.report("root", &json!({})).send().await.unwrap(), 503).await;
    exchange(&file, at, &whole);
    desk.refused("ann", &case, note.clone(), 503).await;
    let store = desk.service.store();
    let error = store.set_meta("a", "b").await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert_eq!(desk.client().get(desk.url("/readyz")).send().await.unwrap().status(), 503);
    // What can be read is read.
    assert_eq!(desk.get_json("ann", "/api/v1/me").await["id"], "ann");
    assert_eq!(desk.get_json("ann", &format!("/api/v1/cases/{case}")).await["revision"], 1);
    desk = desk.restart().await;
    desk.done("ann", &case, note).await;
}

#[tokio::test]
async fn a_damaged_file_is_not_served_and_every_part_of_it_is_refused_without_a_panic() {
    let mut desk = desk!();
    for _ in 0..5 {
        desk.reported(json!({"description": "x".repeat(3000)})).await;
    }
    desk.stop();
    desk.ended().await;
    desk.service.close().await;
    let file = desk.dir.path().join(FILE);
    let pages = std::fs::metadata(&file).unwrap().len() / 4096;
    let mut refused = 0;
    for page in 0..pages {
        let junk: Vec<u8> = (0..4096_u64).map(|n| ((n * 31 + page) % 253) as u8).collect();
        let whole = exchange(&file, page * 4096, &junk);
        let policy = Arc::new(Policy::embedded());
        match Service::open(desk.dir.path(), policy, desk.clock.clone()).await {
            Err(StoreError::Damaged(_)) => refused += 1,
            Err(other) => panic!("page {page}: {other:?}"),
            // A page of text that holds other text looks like any other.
            Ok(service) => service.close().await,
        }
        let place = Place::from(desk.dir.path());
        let found = match Store::open(&place).await {
            Err(StoreError::Damaged(_)) => true,
            Err(other) => panic!("page {page}: {other:?}"),
            Ok(store) => {
                let found = store.check_all().await.unwrap();
                store.close().await;
                !found.faults.is_empty()
            }
        };
        assert!(found || page > 0, "page {page}");
        for end in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(desk.dir.path().join(format!("{FILE}{end}")));
        }
        exchange(&file, page * 4096, &whole);
    }
    assert!(refused * 10 >= pages * 8, "{refused} of {pages}");
}
