//! Two `caseload serve` on one PostgreSQL database are one desk, also after the database cut their lines.
//! Without a database for tests they say that they were skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    dead_code,
    reason = "a failed step of a test is its failure; not every helper is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::process::Stdio;
use std::time::Duration;

use caseload::domain::{Actor, Role};
use reqwest::Client;
use serde_json::{Value, json};
use support::{PATIENCE, expect, ids_of};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use uuid::Uuid;

const DATABASE_URL: &str = "CASELOAD_TEST_DATABASE_URL";

/// A `serve` of the real program on a desk's database; it ends with this value.
struct Served {
    child: Child,
    url: String,
    client: Client,
}

impl Served {
    async fn start(schema: &str, folder: &std::path::Path) -> Self {
        let database = std::env::var(DATABASE_URL).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_caseload"))
            .args(["serve", "--listen", "127.0.0.1:0", "--json"])
            .arg(format!("--database-url={database}?options=-c%20search_path%3D{schema}"))
            .env_clear()
            .env("HOME", folder)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap();
        let said: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { child, url: said["url"].as_str().unwrap().to_owned(), client }
    }

    async fn get(&self, who: &str, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url));
        expect(request.bearer_auth(format!("token-{who}")).send().await.unwrap(), 200).await
    }

    async fn note(&self, who: &str, case: &str, key: Uuid) -> Value {
        let request = self
            .client
            .post(format!("{}/api/v1/cases/{case}/actions", self.url))
            .bearer_auth(format!("token-{who}"))
            .header("idempotency-key", key.to_string())
            .json(&json!({"action": "note", "text": "From elsewhere."}));
        expect(request.send().await.unwrap(), 200).await
    }
}

fn schema_of(place: &caseload::service::store::Place) -> String {
    let caseload::service::store::Place::Database(options) = place else { panic!("a database") };
    let options = options.get_options().unwrap().to_owned();
    options.rsplit_once('=').unwrap().1.to_owned()
}

#[tokio::test]
async fn two_serving_processes_are_one_desk() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let schema = schema_of(&desk.place);
    let one = Served::start(&schema, desk.dir.path()).await;
    let two = Served::start(&schema, desk.dir.path()).await;
    let mut cursor = one.get("eve", "/api/v1/changes").await["cursor"].as_str().unwrap().to_owned();
    for round in 2..12 {
        let (writer, reader) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        // Held at one of them, woken by what is done at the other, with a cursor of the other.
        let path = format!("/api/v1/changes?wait=20&cursor={cursor}");
        let key = Uuid::new_v4();
        let (feed, noted) = tokio::join!(reader.get("eve", &path), writer.note("ann", &id, key));
        assert_eq!(noted["case"]["revision"], round);
        assert_eq!(ids_of(&feed), std::slice::from_ref(&id));
        assert_eq!(feed["cases"][0]["revision"], round);
        feed["cursor"].as_str().unwrap().clone_into(&mut cursor);
        // The key's answer is the same at both.
        assert_eq!(reader.note("ann", &id, key).await, noted);
    }
}

/// Cuts all connections of a desk's services but those of others.
async fn cut_lines(schema: &str) -> i64 {
    let url = std::env::var(DATABASE_URL).unwrap();
    let mut conn = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    // Listeners are told apart by what they listen to, which names the schema.
    let (cut,): (i64,) = sqlx::query_as(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE query LIKE 'LISTEN%' || $1 || '%' AND pid <> pg_backend_pid()",
    )
    .bind(schema)
    .fetch_one(&mut conn)
    .await
    .unwrap();
    cut
}

#[tokio::test]
async fn those_who_wait_hear_of_changes_after_the_database_cut_the_line() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let policy = std::sync::Arc::new(caseload::sla::policy::Policy::embedded());
    let other = caseload::service::Service::open(desk.place.clone(), policy, desk.clock.clone())
        .await
        .unwrap();
    let eve = Actor { id: "eve".into(), name: "EVE".into(), role: Role::Engineer, partner: None };
    let mut cursor = other.changes(&eve, None, 200, Duration::ZERO).await.unwrap().cursor;
    for round in 2..5 {
        let mut waiting = JoinSet::new();
        let (service, eve, from) = (other.clone(), eve.clone(), cursor.clone());
        waiting.spawn(async move {
            service.changes(&eve, Some(&from), 200, Duration::from_secs(30)).await.unwrap()
        });
        while other.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(cut_lines(&schema_of(&desk.place)).await >= 1, "somebody listened");
        desk.done("ann", &id, json!({"action": "note", "text": "After the cut."})).await;
        let feed =
            tokio::time::timeout(PATIENCE, waiting.join_next()).await.unwrap().unwrap().unwrap();
        assert_eq!(feed.cases[0].revision, round);
        cursor = feed.cursor;
    }
    other.close().await;
}
