//! The native client over real sockets: what goes out, what each answer or failure becomes, and that
//! no sentence holds the token.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

#[path = "support/scripted.rs"]
mod scripted;

use std::time::Duration;

use caseload::client::native::{Limits, NativeApi, Options};
use caseload::client::{CallError, CaseApi, Fetched};
use caseload::domain::{Action, CaseId, Role};
use caseload::sla::policy::Policy;
use caseload::wire::{Code, Problem, Report};
use chrono::{TimeZone, Utc};
use scripted::{Scripted, Step, answer, http};
use uuid::Uuid;

const TOKEN: &str = "cl_hush-hush-0123456789";
const JSON: &str = "Content-Type: application/json";
const PROBLEM: &str = "Content-Type: application/problem+json";
const HTML: &str = "Content-Type: text/html; charset=utf-8";
const ME: &str = r#"{"id":"rhald","name":"R. Hald","role":"partner","tier":"first",
    "partner":{"id":"nordwind","name":"Nordwind Support"},"may":["respond","take"]}"#;

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        headers: Duration::from_secs(20),
        piece: Duration::from_secs(20),
        body: Duration::from_secs(20),
        bytes: 64 * 1024,
    }
}

fn api_with(desk: &Scripted, limits: Limits) -> NativeApi {
    NativeApi::with(&desk.url, TOKEN.into(), Options { limits, ..Options::default() }).unwrap()
}

fn api(desk: &Scripted) -> NativeApi {
    api_with(desk, limits())
}

/// What `GET /me` becomes when the desk plays these steps; its sentence is checked for what must never
/// be in one.
async fn me_error(steps: Vec<Step>, limits: Limits) -> CallError {
    let desk = Scripted::playing(steps).await;
    let error = api_with(&desk, limits).me().await.unwrap_err();
    assert_presentable(&error);
    error
}

fn assert_presentable(error: &CallError) {
    let sentence = error.sentence().raw().to_owned();
    for never in [TOKEN, "<", "reqwest", "hyper", "Error", "http://", "/api/v1"] {
        assert!(!sentence.contains(never), "{never:?} is in {sentence:?}");
    }
    assert!(!format!("{error:?}").contains(TOKEN), "the token is in {error:?}");
    assert!(sentence.len() > 10, "{sentence:?} says nothing");
}

fn problem(code: Code, detail: &str) -> String {
    serde_json::to_string(&Problem::new(code, detail)).unwrap()
}

fn case_json(revision: u64) -> String {
    format!(
        r#"{{"id":"C-1","subject":"Guest cannot connect","severity":"high","tier":"first","state":"open",
        "partner":{{"id":"nordwind","name":"Nordwind Support"}},
        "customer":{{"company":"Fjord Logistics","contact":"Ida Holm"}},"assignee":null,
        "eligibility":"eligible","environment":"production","workaround":false,"phone_follow_up":null,
        "correction":null,"reported_at":"2026-11-24T08:00:00Z","updated_at":"2026-11-24T08:00:00Z",
        "revision":{revision},"clocks":[]"#
    )
}

fn detail_json(revision: u64) -> String {
    format!(
        r#"{},"description":"It stopped.","product":null,"version":null,"licence_key":"…1234",
        "email":"ida@example.org","phone":null,"resolution":null,"attachments":[],"timeline":[]}}"#,
        case_json(revision)
    )
}

#[tokio::test]
async fn a_request_carries_the_token_the_user_agent_and_nothing_more_of_us() {
    let desk = Scripted::playing(http(
        "200 OK",
        &[JSON, "Date: Tue, 24 Nov 2026 09:00:00 GMT", "Set-Cookie: a=b"],
        ME,
    ))
    .await;
    let api = api(&desk);
    let me = api.me().await.unwrap();
    assert_eq!(me.value.role, Role::Partner);
    assert_eq!(me.date, Some(Utc.with_ymd_and_hms(2026, 11, 24, 9, 0, 0).unwrap()));
    api.me().await.unwrap();
    for request in desk.requests() {
        assert_eq!(request.line, "GET /api/v1/me HTTP/1.1");
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        let agent = format!("caseload/{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(agent.as_str()));
        assert_eq!(request.header("cookie"), None);
    }
    assert_eq!(desk.requests().len(), 2);
}

#[tokio::test]
async fn the_feed_is_asked_for_with_cursor_limit_and_wait() {
    let feed = format!(
        r#"{{"cases":[{}}}],"removed":["C-2"],"cursor":"a+b/c=","more":true,
        "server_time":"2026-11-24T09:00:00.250Z"}}"#,
        case_json(7)
    );
    let desk = Scripted::playing(http("200 OK", &[JSON], &feed)).await;
    let api = api(&desk);
    let page = api.changes(None, 200, Duration::ZERO).await.unwrap().value;
    assert_eq!((page.cases[0].revision, page.removed.len(), page.more), (7, 1, true));
    api.changes(Some(&page.cursor), 200, Duration::from_secs(25)).await.unwrap();
    let lines: Vec<_> = desk.requests().into_iter().map(|r| r.line).collect();
    assert_eq!(
        lines,
        [
            "GET /api/v1/changes?limit=200 HTTP/1.1",
            "GET /api/v1/changes?cursor=a%2Bb%2Fc%3D&limit=200&wait=25 HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn a_case_is_asked_for_by_revision_and_304_means_unchanged() {
    let desk = Scripted::playing_each(vec![
        http("200 OK", &[JSON, "ETag: \"7\""], &detail_json(7)),
        vec![Step::Send(
            b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\nETag: \"7\"\r\n\r\n".to_vec(),
        )],
        vec![Step::Send(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n".to_vec())],
    ])
    .await;
    let api = api(&desk);
    let id = CaseId::from("C-1");
    let Fetched::Case(detail) = api.case(&id, None).await.unwrap().value else { panic!() };
    assert_eq!(detail.case.revision, 7);
    assert_eq!(api.case(&id, Some(7)).await.unwrap().value, Fetched::Unchanged);
    // Nobody asked by revision: an unasked 304 is no answer.
    let error = api.case(&id, None).await.unwrap_err();
    assert!(matches!(error, CallError::NotUnderstood(_)), "{error:?}");
    let asked: Vec<_> =
        desk.requests().iter().map(|r| r.header("if-none-match").map(str::to_owned)).collect();
    assert_eq!(asked, [None, Some("\"7\"".to_owned()), None]);
}

#[tokio::test]
async fn an_act_carries_its_key_its_revision_and_the_action_as_its_body() {
    let acted = format!(
        r#"{{"case":{}}},"event":{{"seq":4,"at":"2026-11-24T09:00:00Z",
        "actor":{{"id":"rhald","name":"R. Hald"}},"kind":"note","visibility":"internal","text":"x"}}}}"#,
        case_json(8)
    );
    let desk = Scripted::playing(http("200 OK", &[JSON], &acted)).await;
    let api = api(&desk);
    let key = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
    let note = Action::Note { text: "called \"back\"".to_owned() };
    let done = api.act(&CaseId::from("C-1/x"), key, Some(7), &note).await.unwrap().value;
    assert_eq!(done.case.revision, 8);
    api.act(&CaseId::from("C-1"), key, None, &note).await.unwrap();
    let requests = desk.requests();
    assert_eq!(requests[0].line, "POST /api/v1/cases/C-1%2Fx/actions HTTP/1.1");
    assert_eq!(requests[0].header("idempotency-key"), Some(key.to_string().as_str()));
    assert_eq!(requests[0].header("if-match"), Some("\"7\""));
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert_eq!(requests[0].body, r#"{"action":"note","text":"called \"back\""}"#);
    assert_eq!(requests[1].header("if-match"), None);
}

#[tokio::test]
async fn a_report_is_answered_with_201_and_the_new_id() {
    let answer = format!(r#"{{"id":"C-1","case":{}}}}}"#, case_json(1));
    let desk = Scripted::playing(http("201 Created", &[JSON, "Location: /x"], &answer)).await;
    let report: Report = serde_json::from_str(
        r#"{"subject":"s","description":"d","environment":"lab","licence_key":"k","contact":"c",
        "email":"e@example.org"}"#,
    )
    .unwrap();
    let reported = api(&desk).report(&report).await.unwrap().value;
    assert_eq!(reported.id, CaseId::from("C-1"));
    assert_eq!(desk.requests()[0].line, "POST /api/v1/cases HTTP/1.1");
}

#[tokio::test]
async fn the_policy_comes_as_a_document() {
    let document = Policy::embedded().document();
    let desk =
        Scripted::playing(http("200 OK", &[JSON], &serde_json::to_string(&document).unwrap()))
            .await;
    assert_eq!(api(&desk).policy().await.unwrap().value, document);
    assert_eq!(desk.requests()[0].line, "GET /api/v1/policy HTTP/1.1");
}

#[tokio::test]
async fn a_refused_token_is_signed_out_with_the_desks_words_or_ours() {
    let said = problem(Code::Unauthorized, "The token was revoked.");
    let error = me_error(http("401 Unauthorized", &[PROBLEM], &said), limits()).await;
    assert_eq!(error, CallError::SignedOut("The token was revoked.".into()));
    let error =
        me_error(http("401 Unauthorized", &[HTML], "<h1>Authorization</h1>"), limits()).await;
    let CallError::SignedOut(why) = error else { panic!("{error:?}") };
    assert!(why.raw().starts_with("Not logged in: 127.0.0.1:"), "{why:?}");
}

#[tokio::test]
async fn a_login_page_is_signed_out_and_never_followed_with_the_token() {
    let page = "<!DOCTYPE html><html><title>Sign in</title><form><input type=\"password\"></form>";
    let error = me_error(http("200 OK", &[HTML], page), limits()).await;
    assert!(matches!(error, CallError::SignedOut(_)), "{error:?}");

    let elsewhere = Scripted::playing(http("200 OK", &[JSON], ME)).await;
    for (path, signed_out) in [("login?next=x", true), ("api/v2/me", false)] {
        let location = format!("Location: {}{path}", elsewhere.url);
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"]
        {
            let error = me_error(http(status, &[&location], ""), limits()).await;
            assert_eq!(matches!(error, CallError::SignedOut(_)), signed_out, "{error:?}");
            assert_eq!(matches!(error, CallError::NotUnderstood(_)), !signed_out, "{error:?}");
        }
    }
    assert!(elsewhere.requests().is_empty(), "a redirect was followed");
}

#[tokio::test]
async fn what_a_role_may_not_do_is_not_allowed() {
    let said = problem(Code::NotAllowed, "Only 2nd level may hand back.");
    let error = me_error(http("403 Forbidden", &[PROBLEM], &said), limits()).await;
    assert!(matches!(&error, CallError::NotAllowed(p) if p.detail.raw().starts_with("Only 2nd")));
    let error =
        me_error(http("403 Forbidden", &["Content-Type: text/plain"], "no"), limits()).await;
    assert!(matches!(error, CallError::NotAllowed(_)), "{error:?}");
}

#[tokio::test]
async fn refusals_keep_their_code_their_fields_and_the_case_as_it_is_now() {
    let stale = format!(
        r#"{{"type":"about:blank","title":"t","status":412,"code":"stale","detail":"C-1 has changed.","case":{}}}}}"#,
        case_json(9)
    );
    let error = me_error(http("412 Precondition Failed", &[PROBLEM], &stale), limits()).await;
    let CallError::Refused(p) = error else { panic!("{error:?}") };
    assert_eq!((p.code, p.case.map(|c| c.revision)), (Code::Stale, Some(9)));

    let invalid = r#"{"type":"about:blank","title":"t","status":422,"code":"invalid","detail":"A field is wrong.",
        "errors":[{"field":"text","message":"is missing"}]}"#;
    let error = me_error(http("422 Unprocessable", &[PROBLEM], invalid), limits()).await;
    let CallError::Refused(p) = error else { panic!("{error:?}") };
    assert_eq!(p.errors[0].field, "text");

    for (status, code) in [
        ("400 Bad Request", Code::BadRequest),
        ("404 Not Found", Code::NotFound),
        ("409 Conflict", Code::InProgress),
        ("410 Gone", Code::CursorGone),
    ] {
        let error =
            me_error(http(status, &[PROBLEM], &problem(code, "No, it is not so.")), limits());
        let CallError::Refused(p) = error.await else { panic!("{status}") };
        assert_eq!(p.code, code);
    }
    // A code of a newer desk: its sentence still arrives.
    let newer = r#"{"code":"moon_phase","detail":"Not on a full moon.","status":200}"#;
    let error = me_error(http("409 Conflict", &[PROBLEM], newer), limits()).await;
    let CallError::Refused(p) = error else { panic!("{error:?}") };
    assert_eq!((p.code, p.status, p.detail.raw()), (Code::Rule, 409, "Not on a full moon."));
}

#[tokio::test]
async fn a_desk_that_cannot_answer_now_is_busy_for_as_long_as_it_says() {
    let s = |n| Some(Duration::from_secs(n));
    let said = problem(Code::TooMany, "Slow down, please.");
    let date = "Date: Tue, 24 Nov 2026 09:00:00 GMT";
    for (status, headers, body, silence) in [
        ("429 Too Many", vec![PROBLEM, "Retry-After: 2"], said.as_str(), s(2)),
        ("429 Too Many", vec![], "", s(2)),
        (
            "503 Unavailable",
            vec![date, "Retry-After: Tue, 24 Nov 2026 09:00:30 GMT"],
            "<html>",
            s(30),
        ),
        ("503 Unavailable", vec![HTML, "Retry-After: 86400"], "<html>", s(300)),
        ("502 Bad Gateway", vec![HTML], "<html><h1>nginx</h1>", None),
        ("504 Gateway Timeout", vec![HTML], "<html>", None),
        ("500 Internal Server Error", vec![PROBLEM], "{", None),
        ("507 No Space", vec![PROBLEM], &problem(Code::NoSpace, "The disk is full."), None),
    ] {
        let error = me_error(http(status, &headers, body), limits()).await;
        let CallError::Busy { what, retry_after } = &error else { panic!("{status}: {error:?}") };
        assert_eq!(*retry_after, silence, "{status}");
        assert!(error.is_passing() && !what.raw().contains("nginx"), "{what:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_not_of_a_case_api_is_not_understood() {
    let gzip = "Content-Encoding: gzip";
    for (what, steps) in [
        ("a page", http("200 OK", &[HTML], "<html><body>Welcome to nginx!")),
        ("a page under another name", http("200 OK", &[JSON], "  <!DOCTYPE HTML><title>x")),
        ("plain text", http("200 OK", &["Content-Type: text/plain"], ME)),
        ("no media type", http("200 OK", &[], ME)),
        ("no content", vec![Step::Send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_vec())]),
        ("an empty body", http("200 OK", &[JSON], "")),
        ("cut JSON", http("200 OK", &[JSON], &ME[..60])),
        ("other JSON", http("200 OK", &[JSON], r#"{"hello":"world"}"#)),
        ("bytes that are not text", http("200 OK", &[JSON], "{\"id\":\"\u{fffd}\u{1b}\"")),
        ("a broken compression", http("200 OK", &[JSON, gzip], ME)),
        ("a missing page", http("404 Not Found", &[HTML], "<html>404")),
        ("a missing resource of something else", http("404 Not Found", &[JSON], r#"{"ok":false}"#)),
        ("a body shorter than promised", vec![Step::Send(answer("200 OK", &[JSON], 500, ME.as_bytes()))]),
        (
            "chunks that end too early",
            vec![Step::Send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"id\"\r\n".to_vec(),
            )],
        ),
        ("another protocol", vec![Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec())]),
    ] {
        let error = me_error(steps, limits()).await;
        assert!(matches!(error, CallError::NotUnderstood(_)), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_bound_is_not_read_to_its_end() {
    let size = 80 * 1024 * 1024;
    let begin = answer("200 OK", &[JSON], size, &vec![b' '; 70 * 1024]);
    // Were it read on, the held rest would end in a deadline instead.
    let error = me_error(vec![Step::Send(begin), Step::Hold], limits()).await;
    assert!(matches!(&error, CallError::NotUnderstood(w) if w.raw().contains("too large")));
}

#[tokio::test]
async fn a_desk_that_is_not_there_was_surely_not_asked() {
    let url = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap()).parse().unwrap()
    };
    let api = NativeApi::new(&url, TOKEN.into(), false).unwrap();
    let error = api.me().await.unwrap_err();
    assert_presentable(&error);
    let expected = format!(
        "Could not reach {}: connection refused; check the port, and whether a service runs there",
        api.desk()
    );
    assert_eq!(error, CallError::NotReached { what: expected.into(), sent: false });
}

#[tokio::test]
async fn a_connection_that_does_not_come_about_ends_in_time_and_nothing_was_sent() {
    // The place for one waiting connection is taken, so that the system leaves the next one hanging.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(address))
            .await
    {
        waiting.push(stream);
        if waiting.len() > 64 {
            // This system queues without bound; there is nothing to see here.
            return;
        }
    }
    let url = format!("http://{address}").parse().unwrap();
    let short = Limits { connect: Duration::from_millis(300), ..limits() };
    let options = Options { limits: short, ..Options::default() };
    let api = NativeApi::with(&url, TOKEN.into(), options).unwrap();
    let error = api.me().await.unwrap_err();
    assert_presentable(&error);
    let expected = format!("Could not reach {address}: no connection within 300 ms");
    assert_eq!(error, CallError::NotReached { what: expected.into(), sent: false });
}

#[tokio::test]
async fn a_desk_that_falls_silent_before_or_within_its_answer_was_not_reached_but_was_asked() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n";
    let short = Duration::from_millis(200);
    for (what, steps, limits, words) in [
        ("no answer", vec![Step::Hold], Limits { headers: short, ..limits() }, "no answer within"),
        (
            "half a head",
            vec![Step::Send(head.as_bytes()[..30].to_vec()), Step::Hold],
            Limits { headers: short, ..limits() },
            "no answer within 200 ms",
        ),
        (
            "half a body",
            vec![Step::Send(head.into()), Step::Send(b"{\"id\":".to_vec()), Step::Hold],
            Limits { piece: short, ..limits() },
            "stopped half way",
        ),
        (
            "a body that takes too long in all",
            vec![Step::Send(head.into()), Step::Send(b"{\"id\":".to_vec()), Step::Hold],
            Limits { body: short, ..limits() },
            "stopped half way",
        ),
        ("a hang-up", vec![], limits(), "hung up without an answer"),
        (
            "a hang-up in the head",
            vec![Step::Send(head.as_bytes()[..30].to_vec())],
            limits(),
            "hung up without an answer",
        ),
    ] {
        let error = me_error(steps, limits).await;
        let CallError::NotReached { what: said, sent } = &error else {
            panic!("{what}: {error:?}")
        };
        assert!(said.raw().contains(words), "{what}: {said:?}");
        assert!(*sent, "{what}");
    }
}

#[tokio::test]
async fn a_held_feed_request_may_take_its_wait_on_top_of_the_deadline() {
    let desk = Scripted::playing(vec![Step::Hold]).await;
    let short = Limits { headers: Duration::from_millis(100), ..limits() };
    let api = api_with(&desk, short);
    let error = api.changes(Some("c"), 200, Duration::from_secs(1)).await.unwrap_err();
    assert!(error.to_string().contains("no answer within 1100 ms"), "{error}");
}

#[tokio::test]
async fn an_act_whose_answer_breaks_off_may_have_been_done() {
    let cut = vec![Step::Send(answer("200 OK", &[JSON], 500, b"{\"case\":"))];
    let desk = Scripted::playing(cut).await;
    let act = Action::Take {};
    let error = api(&desk).act(&CaseId::from("C-1"), Uuid::nil(), None, &act).await.unwrap_err();
    assert_presentable(&error);
    assert!(matches!(error, CallError::NotReached { sent: true, .. }), "{error:?}");
    // Nothing is sent twice by the client itself.
    assert_eq!(desk.requests().len(), 1);
}

#[tokio::test]
async fn a_token_that_the_desk_repeats_reaches_no_sentence_and_no_case() {
    for (status, code) in [
        ("401 Unauthorized", Code::Unauthorized),
        ("403 Forbidden", Code::NotAllowed),
        ("409 Conflict", Code::Rule),
        ("503 Unavailable", Code::Unavailable),
    ] {
        let said = problem(code, &format!("Bearer {TOKEN} is not welcome."));
        let error = me_error(http(status, &[PROBLEM], &said), limits()).await;
        assert!(error.to_string().contains("[token] is not welcome"), "{error}");
    }
    let echo = ME.replace("R. Hald", TOKEN);
    let desk = Scripted::playing(http("200 OK", &[JSON], &echo)).await;
    let me = api(&desk).me().await.unwrap().value;
    assert_eq!(me.name.raw(), "[token]");
}
