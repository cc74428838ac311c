//! Files of cases as clients of the service meet them: black box, over loopback.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a failed step of a test is its failure; not every part of the support is needed here"
)]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::time::Duration;

use axum::body::Bytes;
use caseload::domain::{Actor, CaseId, Role, TimelineKind, Visibility};
use caseload::service::Service;
use caseload::service::files::FileLimits;
use chrono::TimeDelta;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use reqwest::header::{CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Desk, PATIENCE, PEOPLE, expect, problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

const BOUNDARY: &str = "a-line-that-is-in-no-file-of-these-tests";

/// A form with these fields; a file's name as it stands in the head.
fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in fields {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\
                 Content-Type: text/html\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

fn send(desk: &Desk, who: &str, case: &str, body: Vec<u8>) -> RequestBuilder {
    desk.post(who, &format!("/api/v1/cases/{case}/attachments"))
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body)
}

fn upload(desk: &Desk, who: &str, case: &str, name: &str, content: &[u8]) -> RequestBuilder {
    send(desk, who, case, form(&[("file", Some(name), content)]))
}

/// An attached file.
async fn attached(desk: &Desk, who: &str, case: &str, name: &str, content: &[u8]) -> Value {
    expect(upload(desk, who, case, name, content).send().await.unwrap(), 201).await
}

fn file(desk: &Desk, who: &str, case: &str, n: &str) -> RequestBuilder {
    desk.get(who, &format!("/api/v1/cases/{case}/attachments/{n}"))
}

async fn bytes_of(response: Response, status: u16) -> Vec<u8> {
    assert_eq!(response.status(), status);
    response.bytes().await.unwrap().to_vec()
}

/// Bytes that look random, and are a gzip file by their beginning.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes: Vec<u8> = std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    })
    .take(length)
    .collect();
    bytes[..4].copy_from_slice(b"\x1f\x8b\x08\x00");
    bytes
}

/// How many files and pieces are stored, whether or not they are a case's.
async fn stored(desk: &Desk) -> (i64, i64) {
    use caseload::service::store::Place;
    use sqlx::ConnectOptions;
    let all = "SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM file_chunks)";
    match &desk.place {
        Place::Folder(folder) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(folder.join(caseload::service::store::sqlite::FILE));
            let mut conn = options.connect().await.unwrap();
            sqlx::query_as(all).fetch_one(&mut conn).await.unwrap()
        }
        Place::Database(options) => {
            let mut conn = options.connect().await.unwrap();
            sqlx::raw_sql("SET caseload.scope = 'all'").execute(&mut conn).await.unwrap();
            sqlx::query_as(all).fetch_one(&mut conn).await.unwrap()
        }
    }
}

/// Waits until so many are stored; what a cut connection leaves is taken away after it.
async fn until_stored(desk: &Desk, expected: (i64, i64)) {
    let waiting = async {
        while stored(desk).await != expected {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

fn root() -> Actor {
    Actor { id: "root".into(), name: "Root".into(), role: Role::Admin, partner: None }
}

#[tokio::test]
async fn a_file_comes_back_byte_for_byte() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let content = noise(3 * 1024 * 1024 + 17, 1);
    let response = upload(&desk, "ann", &case, "core dump.gz", &content).send().await.unwrap();
    assert_eq!(
        response.headers()[LOCATION],
        format!("/api/v1/cases/{case}/attachments/1").as_str()
    );
    let attachment = expect(response, 201).await;
    let sha256 = caseload_hex(&Sha256::digest(&content));
    let expected = json!({
        "id": "1", "name": "core dump.gz", "size": content.len(), "type": "application/gzip",
        "at": "2026-11-24T10:00:00Z", "by": "ANN", "visibility": "internal", "sha256": sha256,
    });
    assert_eq!(attachment, expected);
    let list = desk.get_json("ann", &format!("/api/v1/cases/{case}/attachments")).await;
    assert_eq!(list, json!([expected]));
    let detail = desk.get_json("ann", &format!("/api/v1/cases/{case}")).await;
    assert_eq!(detail["attachments"], list);
    assert_eq!(detail["revision"], 2);
    let entry = detail["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(entry["kind"], "attach");
    assert_eq!(entry["visibility"], "internal");
    assert_eq!(entry["summary"], "file 1: core dump.gz");
    let response = file(&desk, "ann", &case, "1").send().await.unwrap();
    for (name, value) in [
        ("content-type", "application/gzip"),
        ("content-length", content.len().to_string().as_str()),
        ("etag", format!("\"{sha256}\"").as_str()),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        (
            "content-disposition",
            "attachment; filename=\"core dump.gz\"; filename*=UTF-8''core%20dump.gz",
        ),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(response.headers()[name], value, "{name}");
    }
    assert!(bytes_of(response, 200).await == content, "other bytes came back");
    // In pieces of 256 KiB, so that none of it needs to be in memory whole.
    assert_eq!(stored(&desk).await, (1, 13));
    let audit = desk.get_json("root", "/api/v1/audit").await;
    let last = audit["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["action"], &last["case"]), (&json!("attach"), &json!(case)));
}

fn caseload_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

#[tokio::test]
async fn head_tells_what_get_would_give() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    attached(&desk, "ann", &case, "a.log", b"some lines\n").await;
    let url = desk.url(&format!("/api/v1/cases/{case}/attachments/1"));
    let response = desk.client().head(url).bearer_auth("token-ann").send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "11");
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(bytes_of(response, 200).await, b"");
}

#[tokio::test]
async fn a_part_of_a_file_is_given_where_one_is_asked_for() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let content = noise(700_000, 2);
    attached(&desk, "ann", &case, "a.gz", &content).await;
    let tag = file(&desk, "ann", &case, "1").send().await.unwrap().headers()[ETAG].clone();
    let get = || file(&desk, "ann", &case, "1");
    for (range, from, to) in [
        ("bytes=0-9", 0, 10),
        // Across the seams of two pieces.
        ("bytes=262100-524300", 262_100, 524_301),
        ("bytes=262144-262144", 262_144, 262_145),
        ("bytes=699999-", 699_999, 700_000),
        ("bytes=-100", 699_900, 700_000),
    ] {
        let response = get().header(RANGE, range).send().await.unwrap();
        let part = format!("bytes {from}-{}/700000", to - 1);
        assert_eq!(response.headers()[CONTENT_RANGE], part.as_str());
        assert!(bytes_of(response, 206).await == content[from..to], "{range}");
    }
    let response = get().header(RANGE, "bytes=700000-").send().await.unwrap();
    assert_eq!(response.headers()[CONTENT_RANGE], "bytes */700000");
    assert_eq!(problem(response, 416).await["code"], "range");
    let response = get().header(RANGE, "bytes=0-1,5-6").send().await.unwrap();
    assert_eq!(bytes_of(response, 200).await.len(), 700_000);
    let fresh = get().header(RANGE, "bytes=0-9").header(IF_RANGE, &tag).send().await.unwrap();
    assert_eq!(bytes_of(fresh, 206).await.len(), 10);
    let stale = get().header(RANGE, "bytes=0-9").header(IF_RANGE, "\"x\"").send().await.unwrap();
    assert_eq!(bytes_of(stale, 200).await.len(), 700_000);
    let known = get().header(IF_NONE_MATCH, &tag).send().await.unwrap();
    assert_eq!(bytes_of(known, 304).await, b"");
}

#[tokio::test]
async fn what_a_file_is_is_told_by_its_content_alone() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let page = b"<!DOCTYPE html><script>alert(1)</script>";
    // The form declares text/html for each.
    for (name, content, kind) in [
        ("page.html", page.as_slice(), "text/plain"),
        (
            "picture.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"x()\"/>",
            "text/plain",
        ),
        ("report.pdf.exe", b"%PDF-1.7\n\xff\x00", "application/pdf"),
        ("a.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png"),
    ] {
        assert_eq!(attached(&desk, "ann", &case, name, content).await["type"], kind, "{name}");
    }
    let response = file(&desk, "ann", &case, "1").send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(bytes_of(response, 200).await, page);
    let before = stored(&desk).await;
    let windows_program = [b"MZ\x90\0\x03\0\0\0".as_slice(), &vec![0; 600_000]].concat();
    for content in [windows_program.as_slice(), b"\x7fELF\x02\x01\x01\0", b"a text until \0 here"] {
        let response = upload(&desk, "ann", &case, "notes.txt", content).send().await.unwrap();
        assert_eq!(problem(response, 415).await["code"], "unsupported");
    }
    assert_eq!(stored(&desk).await, before, "nothing of a refused file is kept");
}

#[tokio::test]
async fn a_file_that_passes_a_limit_is_refused_and_leaves_nothing() {
    let desk = desk!();
    desk.service.set_file_limits(FileLimits {
        file: 300_000,
        of_case: 3,
        bytes_of_case: 700_000,
        ..FileLimits::default()
    });
    let case = desk.reported(json!({})).await;
    attached(&desk, "ann", &case, "whole.gz", &noise(300_000, 1)).await;
    let large = upload(&desk, "ann", &case, "a.gz", &noise(300_001, 1)).send().await.unwrap();
    let told = problem(large, 413).await;
    assert_eq!(told["code"], "too_large");
    assert_eq!(told["detail"], "A file may have 300000 bytes at most.");
    // So large that the rest of it is not even read.
    let huge = upload(&desk, "ann", &case, "a.gz", &noise(3_500_000, 1)).send().await.unwrap();
    problem(huge, 413).await;
    attached(&desk, "ann", &case, "b.gz", &noise(300_000, 2)).await;
    let all = upload(&desk, "ann", &case, "c.gz", &noise(200_000, 3)).send().await.unwrap();
    assert_eq!(problem(all, 413).await["code"], "too_large");
    attached(&desk, "ann", &case, "d.log", b"short").await;
    let fourth = upload(&desk, "ann", &case, "e.log", b"short").send().await.unwrap();
    let told = problem(fourth, 422).await;
    assert_eq!(told["errors"][0]["field"], "file");
    assert_eq!(told["errors"][0]["message"], "a case can have 3 files at most");
    assert_eq!(stored(&desk).await.0, 3);
    let detail = desk.get_json("ann", &format!("/api/v1/cases/{case}")).await;
    assert_eq!(detail["revision"], 4);
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_with_what_is_wrong() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let log = b"a line".as_slice();
    for (body, status, said) in [
        (form(&[("file", Some("empty.log"), b"")]), 422, "file: is empty"),
        (form(&[]), 422, "file: is required"),
        (form(&[("file", None, log)]), 422, "file: must be a file with a name"),
        (form(&[("file", Some(""), log)]), 422, "file: must have a name"),
        (form(&[("doc", Some("a.log"), log)]), 422, "doc: is not a field of this form"),
        (
            form(&[("file", Some("a.log"), log), ("file", Some("b.log"), log)]),
            422,
            "file: is there twice; send one file at a time",
        ),
        (b"--no form".to_vec(), 400, "The form is broken, or not all of it came."),
        (
            form(&[("file", Some("a.log"), log)])[..180].to_vec(),
            400,
            "The form is broken, or not all of it came.",
        ),
    ] {
        let response = send(&desk, "ann", &case, body).send().await.unwrap();
        assert_eq!(problem(response, status).await["detail"], said);
    }
    let path = format!("/api/v1/cases/{case}/attachments");
    let json = desk.post("ann", &path).json(&json!({"file": "x"})).send().await.unwrap();
    assert_eq!(problem(json, 415).await["code"], "unsupported");
    let no_boundary = desk.post("ann", &path).header("content-type", "multipart/form-data");
    problem(no_boundary.body("x").send().await.unwrap(), 400).await;
    assert_eq!(stored(&desk).await, (0, 0));
    let detail = desk.get_json("ann", &format!("/api/v1/cases/{case}")).await;
    assert_eq!(detail["revision"], 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let content = noise(2_000_000, 1);
    let body = form(&[("file", Some("a.gz"), &content)]);
    let head = format!(
        "POST /api/v1/cases/{case}/attachments HTTP/1.1\r\nHost: desk\r\n\
         Authorization: Bearer token-ann\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    );
    let mut line = TcpStream::connect(desk.address).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&body[..1_000_000]).await.unwrap();
    // Some of it has been taken in.
    let some = async {
        while stored(&desk).await.1 < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, some).await.unwrap();
    let list = desk.get_json("ann", &format!("/api/v1/cases/{case}/attachments")).await;
    assert_eq!(list, json!([]), "what has not come whole is no case's");
    drop(line);
    until_stored(&desk, (0, 0)).await;
}

#[tokio::test]
async fn a_refused_upload_is_answered_although_its_body_is_still_coming() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let body = form(&[("file", Some("a.gz"), &noise(3_000_000, 1))]);
    let head = format!(
        "POST /api/v1/cases/{case}/attachments HTTP/1.1\r\nHost: desk\r\n\
         Authorization: Bearer token-olaf\r\nContent-Length: {}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    );
    let mut line = TcpStream::connect(desk.address).await.unwrap();
    line.write_all(head.as_bytes()).await.unwrap();
    line.write_all(&body).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, line.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[tokio::test]
async fn a_hostile_name_is_kept_as_it_came_and_stays_in_its_header() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    for (n, (sent, kept)) in [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute.log", "olute.log"),
        ("a\\\"; filename=\\\"b.exe", "a\"; filename=\"b.exe"),
        ("\u{202e}gol.exe", "\u{202e}gol.exe"),
        ("$(reboot) `x` %0d%0a.log", "$(reboot) `x` %0d%0a.log"),
    ]
    .into_iter()
    .enumerate()
    {
        // A backslash within quotes is itself unless a quote follows.
        let attachment = attached(&desk, "ann", &case, sent, b"x").await;
        if !sent.contains('"') {
            assert_eq!(attachment["name"], kept);
        }
        let response = file(&desk, "ann", &case, &(n + 1).to_string()).send().await.unwrap();
        let disposition = response.headers()["content-disposition"].to_str().unwrap();
        let plain = disposition.split('"').nth(1).unwrap();
        assert_eq!(disposition.matches('"').count(), 2, "{disposition}");
        assert!(!plain.contains(['/', '\\', ';', '%', '$', '`']), "{disposition}");
        assert!(disposition.contains("; filename*=UTF-8''"), "{disposition}");
    }
    // Line ends, NUL and the like cannot be in a head; a program in process can give them.
    let id = CaseId::from(case.as_str());
    let text = || stream::iter([Ok(Bytes::from_static(b"x"))]);
    let name = "a\r\nSet-Cookie: x\u{7}.log";
    let staged = desk.service.stage_file(&Service::customer(), name, text()).await.unwrap();
    assert_eq!(staged.name.raw(), name);
    desk.service.customer_answer_with(&id, "", vec![staged.id]).await.unwrap();
    let response = file(&desk, "ann", &case, "7").send().await.unwrap();
    assert_eq!(
        response.headers()["content-disposition"],
        "attachment; filename=\"a__Set-Cookie_ x_.log\"; \
         filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x%07.log"
    );
    let long = "n".repeat(300);
    for wrong in ["a\0b", "", "..", "a/", long.as_str()] {
        let refused = desk.service.stage_file(&root().id, wrong, text()).await.unwrap_err();
        assert_eq!(refused.status, 422, "{wrong}");
    }
    let response = upload(&desk, "ann", &case, &long, b"x").send().await.unwrap();
    problem(response, 422).await;
    attached(&desk, "ann", &case, &"n".repeat(255), b"x").await;
}

#[tokio::test]
async fn who_sees_a_case_may_read_its_files_and_who_may_note_may_add_some() {
    let desk = desk!();
    // Of nordwind at 1st level, of southsea there, of nordwind at 2nd level.
    let first = desk.reported(json!({})).await;
    let other = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let second = desk.reported(json!({})).await;
    for case in [&first, &other, &second] {
        attached(&desk, "root", case, "a.log", b"a line").await;
    }
    let escalate = json!({"action": "escalate", "to": "second", "reason": "r"});
    desk.done("ann", &second, escalate).await;
    let reads = |who: &str, case: usize| match who {
        "ann" | "abe" => case != 1,
        "bob" => case == 1,
        "dora" | "pia" => false,
        _ => true,
    };
    let writes = |who: &str, case: usize| match who {
        "eve" => case == 2,
        "olaf" => false,
        _ => reads(who, case),
    };
    for (who, ..) in PEOPLE {
        for (n, case) in [&first, &other, &second].into_iter().enumerate() {
            let list = format!("/api/v1/cases/{case}/attachments");
            let expected = if reads(who, n) { 200 } else { 404 };
            let response = desk.get(who, &list).send().await.unwrap();
            assert_eq!(response.status(), expected, "{who} lists {n}");
            let response = file(&desk, who, case, "1").send().await.unwrap();
            assert_eq!(response.status(), expected, "{who} reads {n}");
            let expected = match (reads(who, n), writes(who, n)) {
                (_, true) => 201,
                (true, false) => 403,
                (false, false) => 404,
            };
            let response = upload(&desk, who, case, "b.log", b"b line").send().await.unwrap();
            assert_eq!(response.status(), expected, "{who} adds to {n}");
        }
        // Foreign is as missing, in every byte.
        if !reads(who, 1) {
            let foreign = file(&desk, who, &other, "1").send().await.unwrap().text().await.unwrap();
            let missing = file(&desk, who, "C-1", "1").send().await.unwrap().text().await.unwrap();
            assert_eq!(foreign, missing);
        }
    }
    for n in ["0", "99", "01", "+1", "x", "%ff", "1%00"] {
        problem(file(&desk, "ann", &first, n).send().await.unwrap(), 404).await;
    }
    let path = desk.url(&format!("/api/v1/cases/{first}/attachments"));
    problem(desk.client().get(path).send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_closed_case_takes_a_file_as_it_takes_a_note() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let close = json!({"action": "close", "resolution": "explanation", "text": "t"});
    desk.done("ann", &case, close).await;
    attached(&desk, "ann", &case, "a.log", b"a line").await;
}

#[tokio::test]
async fn the_same_key_attaches_once() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let key = Uuid::new_v4().to_string();
    let send = |name: &'static str, content: &'static [u8]| {
        upload(&desk, "ann", &case, name, content).header("idempotency-key", &key).send()
    };
    let first = bytes_of(send("a.log", b"a line").await.unwrap(), 201).await;
    let again = bytes_of(send("a.log", b"a line").await.unwrap(), 201).await;
    assert_eq!(first, again);
    for other in [send("a.log", b"another line"), send("b.log", b"a line")] {
        assert_eq!(problem(other.await.unwrap(), 422).await["code"], "key_reused");
    }
    assert_eq!(stored(&desk).await, (1, 1), "no second copy");
    let bad = upload(&desk, "ann", &case, "a.log", b"x").header("idempotency-key", "7");
    problem(bad.send().await.unwrap(), 400).await;
}

#[tokio::test]
async fn files_that_come_at_once_all_get_their_own_numbers() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let limits = FileLimits { of_case: 8, ..FileLimits::default() };
    desk.service.set_file_limits(limits);
    let contents: Vec<Vec<u8>> = (0..12).map(|n| noise(300_000, n)).collect();
    let sending =
        contents.iter().map(|content| upload(&desk, "ann", &case, "a.gz", content).send());
    let mut statuses: Vec<u16> = join_all(sending)
        .await
        .into_iter()
        .map(|response| response.unwrap().status().as_u16())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 8].as_slice(), &[422; 4]].concat());
    let list = desk.get_json("ann", &format!("/api/v1/cases/{case}/attachments")).await;
    let mut hashes: Vec<String> = Vec::new();
    for (n, entry) in (1..).zip(list.as_array().unwrap()) {
        assert_eq!(entry["id"], n.to_string());
        let content = file(&desk, "ann", &case, &n.to_string()).send().await.unwrap();
        let content = bytes_of(content, 200).await;
        hashes.push(caseload_hex(&Sha256::digest(&content)));
        assert_eq!(entry["sha256"], hashes.last().unwrap().as_str());
    }
    hashes.sort();
    hashes.dedup();
    assert_eq!(hashes.len(), 8);
    assert_eq!(stored(&desk).await, (8, 16));
}

#[tokio::test]
async fn a_file_is_taken_in_piece_by_piece_while_it_comes() {
    let desk = desk!();
    let (given, taken) = tokio::sync::mpsc::channel::<Bytes>(1);
    let content =
        stream::unfold(taken, async |mut taken| taken.recv().await.map(|bytes| (Ok(bytes), taken)));
    let staging =
        async { desk.service.stage_file(&root().id, "a.gz", content.boxed()).await.unwrap() };
    let all = noise(4 * 256 * 1024, 1);
    let giving = async {
        for (n, piece) in (1..).zip(all.chunks(256 * 1024)) {
            given.send(Bytes::copy_from_slice(piece)).await.unwrap();
            // It is stored before the next one comes; meanwhile others write.
            until_stored(&desk, (1, n)).await;
            desk.reported(json!({})).await;
        }
        drop(given);
    };
    let (staged, ()) = tokio::join!(staging, giving);
    assert_eq!(staged.size, all.len() as u64);
    assert_eq!(staged.media_type, "application/gzip");
}

#[tokio::test]
async fn files_come_with_a_customers_answer_or_not_at_all() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let id = CaseId::from(case.as_str());
    let customer = Service::customer();
    let text = |text: &'static str| stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
    let one = desk.service.stage_file(&customer, "one.log", text("1")).await.unwrap();
    let two = desk.service.stage_file(&customer, "two.log", text("2")).await.unwrap();
    let agents = desk.service.stage_file(&root().id, "agents.log", text("3")).await.unwrap();
    let list = format!("/api/v1/cases/{case}/attachments");
    for wrong in [agents.id.clone(), "0".repeat(64)] {
        let ids = vec![one.id.clone(), wrong];
        let refused = desk.service.customer_answer_with(&id, "here", ids).await.unwrap_err();
        assert_eq!(refused.status, 422);
        assert_eq!(desk.get_json("ann", &list).await, json!([]));
    }
    let entry = desk
        .service
        .customer_answer_with(&id, "here", vec![one.id.clone(), two.id.clone()])
        .await
        .unwrap();
    assert_eq!(entry.kind, TimelineKind::CustomerAnswer);
    assert_eq!(entry.summary.raw(), "file 1: one.log, file 2: two.log");
    let files = desk.service.attachments(&root(), &id).await.unwrap();
    let shown: Vec<_> = files.iter().map(|f| (f.name.raw(), f.by.raw(), f.visibility)).collect();
    let by = "Ida Holm";
    assert_eq!(
        shown,
        [("one.log", by, Visibility::Customer), ("two.log", by, Visibility::Customer)]
    );
    let again = desk.service.customer_answer_with(&id, "again", vec![one.id]).await.unwrap_err();
    assert_eq!(again.status, 422, "a file is of one case, once");
}

#[tokio::test]
async fn what_is_staged_and_never_linked_is_gone_a_day_later() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    attached(&desk, "ann", &case, "kept.log", b"kept").await;
    let text = || stream::iter([Ok(Bytes::from_static(b"x"))]);
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(desk.service.stage_file(&root().id, "a.log", text()).await.unwrap().id);
    }
    desk.clock.advance(TimeDelta::hours(23));
    let young = desk.service.stage_file(&root().id, "b.log", text()).await.unwrap();
    assert_eq!(stored(&desk).await, (8, 8));
    desk.clock.advance(TimeDelta::hours(2));
    // A few with each that comes, so that nobody pays for all.
    desk.service.stage_file(&root().id, "c.log", text()).await.unwrap();
    assert_eq!(stored(&desk).await, (5, 5));
    desk.service.stage_file(&root().id, "d.log", text()).await.unwrap();
    assert_eq!(stored(&desk).await, (4, 4));
    let kept = bytes_of(file(&desk, "ann", &case, "1").send().await.unwrap(), 200).await;
    assert_eq!(kept, b"kept");
    let id = CaseId::from(case.as_str());
    let customers = desk.service.customer_answer_with(&id, "t", vec![young.id]).await;
    assert_eq!(customers.unwrap_err().status, 422, "somebody else's");
}

#[tokio::test]
async fn what_nobody_links_cannot_fill_the_disk() {
    let desk = desk!();
    desk.service.set_file_limits(FileLimits { staged: 1_000, ..FileLimits::default() });
    let by = root().id;
    let text = |n: usize| stream::iter([Ok(Bytes::from(vec![b'x'; n]))]);
    desk.service.stage_file(&by, "a.log", text(999)).await.unwrap();
    desk.service.stage_file(&by, "a.log", text(1)).await.unwrap();
    let full = desk.service.stage_file(&by, "a.log", text(1)).await.unwrap_err();
    assert_eq!(full.status, 507);
}

#[tokio::test]
async fn a_file_tells_those_who_wait_that_the_case_has_changed() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    let (_, cursor) = desk.snapshot("abe").await;
    let path = format!("/api/v1/changes?wait=20&cursor={cursor}");
    let waiting = desk.get_json("abe", &path);
    let adding = async {
        let held = async {
            while desk.service.waiting() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), held).await.unwrap();
        attached(&desk, "ann", &case, "a.log", b"x").await;
    };
    let (feed, ()) = tokio::join!(waiting, adding);
    assert_eq!(feed["cases"][0]["revision"], 2);
}
