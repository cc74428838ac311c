//! The edge of the case service, black box over loopback: limits, addresses behind proxies, request ids,
//! metrics, TLS, and how the program itself begins and ends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/service.rs"]
mod support;

use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, mpsc};

use caseload::service::{Edge, Net, Tls};
use reqwest::{Certificate, Client, Response};
use serde_json::{Value, json};
use support::{Desk, PATIENCE, expect, problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn loopback_proxy() -> Edge {
    let this: IpAddr = "127.0.0.1".parse().unwrap();
    Edge { trusted_proxies: vec![Net::new(this, 32)], ..Edge::default() }
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn wrong_tokens_are_turned_away_by_address_and_right_ones_go_on() {
    let desk = Desk::start_at(loopback_proxy()).await.unwrap();
    expect(desk.get("ann", "/api/v1/me").send().await.unwrap(), 200).await;
    let guess = async |address: &str| {
        let request = desk.client().get(desk.url("/api/v1/me")).bearer_auth("guess");
        request.header("x-forwarded-for", address).send().await.unwrap()
    };
    // More at once than come back while they are tried.
    let flood = (0..3_000).map(|_| guess("203.0.113.9"));
    let answers = futures_util::future::join_all(flood).await;
    let refused = answers.into_iter().find(|answer| answer.status() != 401).unwrap();
    assert_eq!(header(&refused, "retry-after"), "1");
    assert_eq!(problem(refused, 429).await["code"], "too_many");
    // Somebody else is not held up, and neither is who is known, at the same address.
    problem(guess("203.0.113.10").await, 401).await;
    let known = desk.get("ann", "/api/v1/me").header("x-forwarded-for", "203.0.113.9");
    expect(known.send().await.unwrap(), 200).await;
    // Not a word of it without a token that counts.
    let request = desk.client().get(desk.url("/healthz")).header("x-forwarded-for", "203.0.113.9");
    expect(request.send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn a_request_has_an_id_which_is_the_callers_if_it_is_plain() {
    let desk = Desk::start().await.unwrap();
    let id = async |given: Option<&str>| {
        let mut request = desk.get("ann", "/api/v1/me");
        if let Some(given) = given {
            request = request.header("x-request-id", given);
        }
        header(&request.send().await.unwrap(), "x-request-id").to_owned()
    };
    assert_eq!(id(Some("desk-7.ann_1")).await, "desk-7.ann_1");
    for given in [None, Some("with space"), Some("a\u{e9}")] {
        let made = id(given).await;
        assert_eq!(made.len(), 32, "{made}");
    }
    let refused = desk.client().get(desk.url("/nothing")).header("x-request-id", "r-1");
    assert_eq!(header(&refused.send().await.unwrap(), "x-request-id"), "r-1");
}

#[tokio::test]
async fn metrics_count_requests_connections_and_the_clocks_of_open_cases() {
    let desk = Desk::start().await.unwrap();
    let id = desk.reported(json!({"severity": "critical"})).await;
    desk.reported(json!({"severity": "low", "licence_key": "SS-3333-CCCC"})).await;
    desk.clock.advance(chrono::TimeDelta::hours(3));
    let metrics = async || {
        let response = desk.client().get(desk.url("/metrics")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(header(&response, "content-type").starts_with("application/openmetrics-text"));
        response.text().await.unwrap()
    };
    let text = metrics().await;
    for line in [
        "caseload_http_requests_total{route=\"/api/v1/cases\",method=\"POST\",status=\"201\"} 2",
        "caseload_http_request_duration_seconds_count{route=\"/api/v1/cases\",method=\"POST\"} 2",
        "caseload_connections 1",
        "caseload_feed_waiting 0",
        "caseload_open_cases 2",
        "caseload_clocks{kind=\"response\",tier=\"first\",state=\"overdue\"} 1",
        "caseload_clocks{kind=\"response\",tier=\"first\",state=\"running\"} 1",
        "caseload_clocks{kind=\"resolution\",tier=\"first\",state=\"running\"} 2",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in {text}");
    }
    for secret in [&*id, "ann", "nordwind", "Fjord"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    // The clocks are counted anew only after a while.
    desk.done("ann", &id, json!({"action": "respond"})).await;
    let overdue = "caseload_clocks{kind=\"response\",tier=\"first\",state=\"overdue\"}";
    assert!(metrics().await.contains(overdue));
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_mins(10)).await;
    tokio::time::resume();
    // The connections before have been idle for too long.
    let response = Client::new().get(desk.url("/metrics")).send().await.unwrap();
    let text = response.text().await.unwrap();
    assert!(!text.contains(overdue), "{text}");
    let missed = "caseload_clocks{kind=\"response\",tier=\"first\",state=\"missed\"} 1";
    assert!(text.contains(missed), "{text}");
}

#[tokio::test]
async fn nobody_but_an_administrator_and_this_machine_learns_that_there_are_metrics() {
    let desk = Desk::start_at(loopback_proxy()).await.unwrap();
    let nothing = problem(desk.client().get(desk.url("/nothing")).send().await.unwrap(), 404).await;
    for who in ["ann", "bob", "dora", "eve", "pia", "olaf", "nobody"] {
        let response = desk.get(who, "/metrics").send().await.unwrap();
        assert_eq!(problem(response, 404).await, nothing, "{who}");
    }
    assert_eq!(desk.get("root", "/metrics").send().await.unwrap().status(), 200);
    let from = async |address: &str, token: Option<&str>| {
        let mut request = desk.client().get(desk.url("/metrics"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.header("x-forwarded-for", address).send().await.unwrap().status().as_u16()
    };
    assert_eq!(from("203.0.113.9", None).await, 404);
    assert_eq!(from("203.0.113.9", Some("token-ann")).await, 404);
    assert_eq!(from("203.0.113.9", Some("token-root")).await, 200);
    // A proxy on this machine that the service was not told of.
    let desk = Desk::start().await.unwrap();
    let request = desk.client().get(desk.url("/metrics")).header("x-forwarded-for", "127.0.0.1");
    problem(request.send().await.unwrap(), 404).await;
}

struct Pair {
    certificate: String,
    key: String,
}

fn localhost() -> Pair {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    Pair { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() }
}

/// A client that trusts that certificate alone.
fn client_of(pair: &Pair) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .tls_certs_only([Certificate::from_pem(pair.certificate.as_bytes()).unwrap()])
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .unwrap()
}

#[tokio::test]
async fn over_tls_the_service_is_the_same_and_browsers_are_told_to_stay() {
    let (pair, next) = (localhost(), localhost());
    let tls = Tls::load(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap();
    let tls = Arc::new(tls);
    let desk = Desk::start_at(Edge { tls: Some(tls.clone()), ..Edge::default() }).await.unwrap();
    let url = format!("https://localhost:{}/api/v1/me", desk.address.port());
    let ask = async |client: &Client| {
        client.get(&url).bearer_auth("token-ann").send().await.map(|response| {
            assert_eq!(header(&response, "strict-transport-security"), "max-age=31536000");
            (response.status().as_u16(), response.version())
        })
    };
    let (old, new) = (client_of(&pair), client_of(&next));
    assert_eq!(ask(&old).await.unwrap(), (200, reqwest::Version::HTTP_11));
    ask(&new).await.unwrap_err();
    // Another certificate: for connections from now on, while the old ones go on.
    assert!(tls.replace(b"", b"").is_err());
    assert_eq!(ask(&client_of(&pair)).await.unwrap().0, 200, "a bad one changes nothing");
    tls.replace(next.certificate.as_bytes(), next.key.as_bytes()).unwrap();
    assert_eq!(ask(&new).await.unwrap().0, 200);
    assert_eq!(ask(&old).await.unwrap().0, 200);
    ask(&client_of(&pair)).await.unwrap_err();
}

#[tokio::test]
async fn who_begins_no_handshake_is_let_go() {
    let pair = localhost();
    let tls = Tls::load(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap();
    let mut desk =
        Desk::start_at(Edge { tls: Some(Arc::new(tls)), ..Edge::default() }).await.unwrap();
    let mut silent = TcpStream::connect(desk.address).await.unwrap();
    let mut plain = TcpStream::connect(desk.address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // It may be cut as well as closed.
    let _ = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP"), "{answer:?}");
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    silent.read_to_end(&mut answer).await.unwrap();
    assert!(begun.elapsed().as_secs() <= 11, "{:?}", begun.elapsed());
    tokio::time::resume();
    // And nobody in a handshake holds up the end.
    let _silent = TcpStream::connect(desk.address).await.unwrap();
    desk.stop();
    desk.ended().await;
}

#[tokio::test]
async fn https_in_front_is_believed_of_a_trusted_proxy() {
    let told = async |desk: &Desk| {
        let request = desk.client().get(desk.url("/healthz")).header("x-forwarded-proto", "https");
        request.send().await.unwrap().headers().contains_key("strict-transport-security")
    };
    assert!(told(&Desk::start_at(loopback_proxy()).await.unwrap()).await);
    assert!(!told(&Desk::start().await.unwrap()).await);
}

fn ended(child: Child) -> Output {
    let id = child.id();
    let (told, done) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let _ = told.send(child.wait_with_output());
    });
    let Ok(output) = done.recv_timeout(PATIENCE) else {
        signal(id, "KILL");
        panic!("it did not end");
    };
    waiting.join().unwrap();
    output.unwrap()
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status();
    assert!(sent.unwrap().success());
}

fn caseload(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caseload"));
    command
        .args(args)
        .env_clear()
        .env("CASELOAD_HOME", home)
        .current_dir(home)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The next line of a program, or of a file that grows, that holds these words.
fn line_with(lines: &mpsc::Receiver<String>, words: &str) -> String {
    loop {
        let line = lines.recv_timeout(PATIENCE).unwrap();
        if line.contains(words) {
            return line;
        }
    }
}

fn lines_of(reader: impl io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (told, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if told.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

fn put(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn the_program_serves_by_its_configuration_takes_up_a_new_certificate_and_tells_its_supervisor()
 {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let (pair, next) = (localhost(), localhost());
    put(&at("tls.crt"), &pair.certificate, 0o644);
    put(&at("tls.key"), &pair.key, 0o640);
    let config = "[serve]\nlisten = \"127.0.0.1:0\"\ntls_certificate = \"tls.crt\"\n\
                  tls_key = \"tls.key\"\nlog = \"info\"\nlog_format = \"json\"\nlog_to = \"stderr\"\n";
    put(&at("config.toml"), config, 0o600);
    for args in [&["serve"][..], &["config", "check"]] {
        let refused = ended(caseload(home.path(), args).spawn().unwrap());
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("can be read by others; run: chmod 600 "), "{said}");
    }
    put(&at("tls.key"), &pair.key, 0o600);
    let checked = ended(caseload(home.path(), &["config", "check"]).spawn().unwrap());
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let checked = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.contains("serve.log_format = json  (line 6)"), "{checked}");

    let supervisor = UnixDatagram::bind(at("notify")).unwrap();
    supervisor.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut buffer = [0; 64];
        let length = supervisor.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let mut child = caseload(home.path(), &["serve", "--json"])
        .env("NOTIFY_SOCKET", at("notify"))
        .spawn()
        .unwrap();
    let log = lines_of(child.stderr.take().unwrap());
    let out = lines_of(child.stdout.take().unwrap());
    let said: Value = serde_json::from_str(&out.recv_timeout(PATIENCE).unwrap()).unwrap();
    let url = said["url"].as_str().unwrap().replace("127.0.0.1", "localhost");
    assert!(url.starts_with("https://"), "{url}");
    assert_eq!(told(), "READY=1");
    let health = format!("{url}/healthz");
    assert_eq!(client_of(&pair).get(&health).send().await.unwrap().status(), 200);
    let record: Value = serde_json::from_str(&line_with(&log, "\"request\"")).unwrap();
    assert_eq!((&record["route"], &record["status"]), (&json!("/healthz"), &json!(200)));

    // A key that does not fit, then one that does.
    put(&at("tls.key"), &next.key, 0o600);
    signal(child.id(), "HUP");
    line_with(&log, "the certificate stays as it was");
    assert_eq!(client_of(&pair).get(&health).send().await.unwrap().status(), 200);
    put(&at("tls.crt"), &next.certificate, 0o644);
    signal(child.id(), "HUP");
    line_with(&log, "certificate and key were read again");
    assert_eq!(client_of(&next).get(&health).send().await.unwrap().status(), 200);
    client_of(&pair).get(&health).send().await.unwrap_err();
    signal(child.id(), "HUP");
    line_with(&log, "have not changed");

    signal(child.id(), "TERM");
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(ended(child).status.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    let home = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = ended(caseload(home.path(), args).spawn().unwrap());
        assert_eq!(output.status.code(), Some(0), "{args:?} {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["admin", "user", "create", "root", "--name", "Root", "--role", "admin"]);
    let token = run(&["admin", "token", "create", "root"]);
    let mut child =
        caseload(home.path(), &["serve", "--json", "--listen", "127.0.0.1:0"]).spawn().unwrap();
    let out = lines_of(child.stdout.take().unwrap());
    let said: Value = serde_json::from_str(&out.recv_timeout(PATIENCE).unwrap()).unwrap();
    let address = said["url"].as_str().unwrap().trim_start_matches("http://");
    // A request whose body does not come holds up the end, for a while.
    let mut half = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/cases HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        token.trim()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    half.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100");
    signal(child.id(), "INT");
    // No connection is taken any more once the first signal has come.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    signal(child.id(), "TERM");
    let output = ended(child);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("Ended at once, as the second signal asked"), "{said}");
}
