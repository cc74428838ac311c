//! What the service writes of requests into its log. Alone in its program, since there is one log for all of it.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[path = "support/service.rs"]
mod support;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use caseload::config::LogFormat;
use caseload::config::log::{Lines, subscriber};
use serde_json::{Value, json};
use support::{Desk, expect, problem};

/// What was written, for the test to read.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn every_request_is_one_record_that_says_who_did_what_and_nothing_secret() {
    let written = Written::default();
    let log = subscriber("debug".parse().unwrap(), LogFormat::Json, Lines::new(written.clone()));
    tracing::subscriber::set_global_default(log).unwrap();
    let desk = Desk::start().await.unwrap();
    let id = desk.reported(json!({"subject": "a\nfake record\u{2028}", "contact": "x\r\ny"})).await;
    let path = format!("/api/v1/cases/{id}?secret=query");
    let request = desk.get("ann", &path).header("x-request-id", "r-1");
    expect(request.send().await.unwrap(), 200).await;
    let note = json!({"action": "note", "text": "words of a customer"});
    let acted = desk.act("ann", &id, &note).header("x-request-id", "r-2");
    expect(acted.send().await.unwrap(), 200).await;
    let nobody = desk.client().get(desk.url("/made%0aup/path")).header("x-request-id", "r-3");
    problem(nobody.send().await.unwrap(), 404).await;

    let text = written.text();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |id: &str| {
        let mut found = records.iter().filter(|r| {
            r["span"]["request_id"] == id && r["message"] == "request" && r["level"] == "INFO"
        });
        let record = found.next().unwrap().clone();
        assert!(found.next().is_none(), "one record of {id}");
        record
    };
    let read = of("r-1");
    assert_eq!(read["method"], "GET");
    assert_eq!(read["route"], "/api/v1/cases/{id}");
    assert_eq!(read["status"], 200);
    assert_eq!(read["span"]["user"], "ann");
    assert!(read["ms"].is_u64() && read["timestamp"].is_string(), "{read}");
    assert_eq!(of("r-2")["route"], "/api/v1/cases/{id}/actions");
    let stray = of("r-3");
    assert_eq!((&stray["route"], &stray["span"]["user"]), (&json!("(none)"), &Value::Null));
    for secret in ["token-", "secret=", "query", "fake", "words of", "made", "Ida", "NW-1111"] {
        let lines: Vec<_> = text.lines().filter(|l| l.contains("caseload")).collect();
        assert!(!lines.iter().any(|line| line.contains(secret)), "{secret} in {text}");
    }
}
