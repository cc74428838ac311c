//! A desk in a folder: who may open it, and what is in its files.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed step of a test is its failure; not every part of the support is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use caseload::domain::Role;
use caseload::service::Service;
use caseload::service::store::sqlite::FILE;
use caseload::service::store::{NewToken, Place, Store};
use caseload::sla::policy::Policy;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

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
