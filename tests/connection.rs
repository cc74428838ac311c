//! The way to a desk, over real sockets: authorities, proxies, HTTP/2, gzip, connections that are used again,
//! and tokens that change.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/service.rs"]
mod support;
#[path = "support/tls_desk.rs"]
mod tls_desk;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use caseload::client::native::{ConnectError, NativeApi, Options, Proxies};
use caseload::client::{CallError, CaseApi, Fingerprint, Tokens};
use caseload::domain::{Action, Role, UserId};
use caseload::service::store::seed::{Seed, SeedToken};
use caseload::service::{Edge, Tls};
use futures_util::future::{BoxFuture, join_all};
use secrecy::SecretString;
use serde_json::json;
use support::Desk;
use tls_desk::{Authority, Pair, TlsDesk};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;
use uuid::Uuid;

const TOKEN: &str = "token-ann";
/// Of the proxy; it must be in no sentence.
const HUSH: &str = "hush-hush";
const YEARS: std::ops::Range<i32> = 2020..2200;
const ME: &str =
    r#"{"id":"ann","name":"VERSION PACKED","role":"engineer","tier":null,"partner":null,"may":[]}"#;

async fn desk_with(pair: &Pair) -> Desk {
    let tls = Tls::load(pair.certificate.as_bytes(), pair.key.as_bytes()).unwrap();
    Desk::start_at(Edge { tls: Some(Arc::new(tls)), ..Edge::default() }).await.unwrap()
}

fn trusting(authority: &Authority) -> Options {
    Options { authorities: authority.pem.clone().into_bytes(), ..Options::default() }
}

fn api(url: &str, options: Options) -> NativeApi {
    NativeApi::with(&Url::parse(url).unwrap(), TOKEN.into(), options).unwrap()
}

/// Why nobody was reached, without the desk's name before it.
async fn unreached(api: &NativeApi) -> String {
    let error = api.me().await.unwrap_err();
    let CallError::NotReached { what, sent: false } = &error else { panic!("{error:?}") };
    for never in [TOKEN, HUSH, "Basic", "hyper", "rustls", "Error", "http://desk"] {
        assert!(!format!("{error:?}").contains(never), "{never} is in {error:?}");
    }
    what.raw().strip_prefix(&format!("Could not reach {}: ", api.desk())).unwrap().to_owned()
}

#[tokio::test]
async fn a_desk_with_an_authority_of_its_own_is_trusted_once_that_one_is_named() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let pair = authority.certify("localhost", YEARS);
    let desk = desk_with(&pair).await;
    let url = format!("https://localhost:{}", desk.address.port());
    let me = api(&url, trusting(&authority)).me().await.unwrap().value;
    assert_eq!((me.id, me.role), (UserId::from("ann"), Role::Partner));
    // Several in one file.
    let both = format!("{}\n{}", other.pem, authority.pem).into_bytes();
    api(&url, Options { authorities: both, ..Options::default() }).me().await.unwrap();
    assert_eq!(
        unreached(&api(&url, trusting(&other))).await,
        "this machine does not trust its certificate; if the desk has an authority of its own, name that \
         one's file as ca_file in the desk's table of the configuration"
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_or_another_time_is_told_as_such() {
    let authority = Authority::new("ours");
    for (name, years, why) in [
        (
            "desk.example.org",
            YEARS,
            "its certificate is for another name; check the address of the desk",
        ),
        (
            "localhost",
            2001..2002,
            "its certificate has expired; whoever runs the desk must renew it, unless this machine's clock is \
             wrong",
        ),
        ("localhost", 2190..2200, "its certificate is not valid yet; check this machine's clock"),
    ] {
        let desk = desk_with(&authority.certify(name, years)).await;
        let url = format!("https://localhost:{}", desk.address.port());
        assert_eq!(unreached(&api(&url, trusting(&authority))).await, why);
    }
    let plain = Desk::start().await.unwrap();
    let url = format!("https://localhost:{}", plain.address.port());
    assert_eq!(
        unreached(&api(&url, trusting(&authority))).await,
        "it does not speak https there; check the address of the desk"
    );
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered_and_all_requests_share_one_connection() {
    let authority = Authority::new("ours");
    let pair = authority.certify("localhost", YEARS);
    for (offered, version) in [(&["h2", "http/1.1"][..], "HTTP/2"), (&["http/1.1"], "HTTP/1.1")] {
        let desk = TlsDesk::start(&pair, offered, ME).await;
        let api = api(&format!("https://localhost:{}", desk.address.port()), trusting(&authority));
        for _ in 0..3 {
            // Packed by gzip on its way.
            let me = api.me().await.unwrap().value;
            assert_eq!(me.name.raw(), format!("{version} packed"));
        }
        assert_eq!(desk.connections(), 1, "{version}");
        for answer in join_all((0..8).map(|_| api.me())).await {
            answer.unwrap();
        }
        match version {
            "HTTP/2" => assert_eq!(desk.connections(), 1),
            _ => assert!((2..=8).contains(&desk.connections()), "{}", desk.connections()),
        }
    }
}

/// A proxy that puts every tunnel through to one address, or answers as it is told.
struct Proxy {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// Ends with the value.
    _serving: JoinSet<()>,
}

impl Proxy {
    async fn start(to: Option<std::net::SocketAddr>, refusal: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://me:{HUSH}@{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let heads = Arc::clone(&asked);
        serving.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(pass(stream, to, refusal, Arc::clone(&heads)));
            }
        });
        Self { url, asked, _serving: serving }
    }

    fn options(&self, more: Options) -> Options {
        Options { proxies: Proxies::of(|name| (name == "ALL_PROXY").then_some(&*self.url)), ..more }
    }

    fn shown(&self) -> &str {
        self.url.rsplit('@').next().unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn pass(
    mut stream: TcpStream,
    to: Option<std::net::SocketAddr>,
    refusal: &'static str,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    heads.lock().unwrap().push(String::from_utf8(head).unwrap());
    let Some(to) = to else {
        let answer =
            format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes()).await;
        return;
    };
    let mut onward = TcpStream::connect(to).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 Here it is\r\n\r\n").await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
}

#[tokio::test]
async fn a_desk_is_asked_through_the_proxy_which_sees_its_name_and_never_the_token() {
    let authority = Authority::new("ours");
    let desk = desk_with(&authority.certify("desk.example.org", YEARS)).await;
    let proxy = Proxy::start(Some(desk.address), "").await;
    let api = api("https://desk.example.org", proxy.options(trusting(&authority)));
    assert_eq!(api.me().await.unwrap().value.id, UserId::from("ann"));
    api.me().await.unwrap();
    let [asked] = &proxy.asked()[..] else { panic!("{:?}", proxy.asked()) };
    assert!(asked.starts_with("CONNECT desk.example.org:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_ascii_lowercase().contains("proxy-authorization: basic "), "{asked}");
    assert!(!asked.contains(TOKEN) && !asked.to_ascii_lowercase().contains("\r\nauthorization"));
    // A certificate that is wrong is the desk's, not the proxy's.
    let api = self::api("https://desk.example.org", proxy.options(Options::default()));
    assert!(unreached(&api).await.starts_with("this machine does not trust its certificate"));
}

#[tokio::test]
async fn a_proxys_own_trouble_is_told_as_the_proxys_by_its_host_and_without_its_password() {
    let options =
        |proxy: &Proxy| proxy.options(Options { allow_insecure_http: true, ..Options::default() });
    let asks = Proxy::start(None, "407 Who are you").await;
    let asks_why = format!(
        "the proxy {} asks for a name and a password; write them into the variable that names it \
         (http://NAME:PASSWORD@…)",
        asks.shown()
    );
    for url in ["https://desk.example.org", "http://desk.example.org"] {
        assert_eq!(unreached(&api(url, options(&asks))).await, asks_why);
    }
    let shut = Proxy::start(None, "403 Not there").await;
    assert_eq!(
        unreached(&api("https://desk.example.org", options(&shut))).await,
        format!("the proxy {} does not let us through to it", shut.shown())
    );
    let gone = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for scheme in ["http", "socks5h"] {
        let url = format!("{scheme}://me:{HUSH}@{gone}");
        let proxies = || Proxies::of(|name| (name == "ALL_PROXY").then_some(&*url));
        for desk in ["https://desk.example.org", "http://desk.example.org"] {
            let options =
                Options { proxies: proxies(), allow_insecure_http: true, ..Options::default() };
            // Why, is not told by what speaks SOCKS.
            let why = match scheme {
                "http" => "connection refused; check the port, and whether a service runs there",
                _ => "the connection failed",
            };
            assert_eq!(
                unreached(&api(desk, options)).await,
                format!("the proxy {gone} is not reached ({why})"),
                "{scheme} {desk}"
            );
        }
    }
}

#[tokio::test]
async fn a_desk_on_this_machine_is_never_asked_through_a_proxy() {
    let desk = Desk::start().await.unwrap();
    let proxy = Proxy::start(None, "403 No").await;
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}", desk.address.port());
        api(&url, proxy.options(Options::default())).me().await.unwrap();
    }
    assert_eq!(proxy.asked(), [""; 0]);
}

#[test]
fn an_unusable_proxy_or_authority_is_told_before_anything_is_sent() {
    let url = Url::parse("https://desk.example.org").unwrap();
    let proxies = Proxies::of(|name| (name == "https_proxy").then_some("gopher://me:hush@p"));
    let error = NativeApi::with(&url, TOKEN.into(), Options { proxies, ..Options::default() });
    assert_eq!(error.unwrap_err(), ConnectError::BadProxy { variable: "https_proxy" });
    let options = Options { authorities: b"hello".to_vec(), ..Options::default() };
    let error = NativeApi::with(&url, TOKEN.into(), options).unwrap_err();
    assert!(matches!(error, ConnectError::BadAuthorities(_)), "{error}");
}

/// A place whose token changes; counts how often it is read.
struct Rotating {
    now: Mutex<Result<&'static str, &'static str>>,
    read: AtomicUsize,
}

impl Rotating {
    fn new(now: Result<&'static str, &'static str>) -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(now), read: AtomicUsize::new(0) })
    }
}

impl Tokens for Rotating {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>> {
        self.read.fetch_add(1, Ordering::SeqCst);
        let now = *self.now.lock().unwrap();
        Box::pin(async move { now.map(SecretString::from).map_err(str::to_owned) })
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_read_again_and_the_act_is_done_once() {
    let desk = Desk::start().await.unwrap();
    let id = desk.reported(json!({})).await;
    let place = Rotating::new(Ok("token-abe"));
    let tokens = Some(Arc::clone(&place) as Arc<dyn Tokens>);
    let url = desk.url("").parse().unwrap();
    let api = NativeApi::with(&url, "old".into(), Options { tokens, ..Options::default() });
    let api = api.unwrap();
    assert_eq!(api.fingerprint(), Some(Fingerprint::of(&"old".into())));
    let note = Action::Note { text: "called back".to_owned() };
    let id = Desk::case_id(&id);
    // All that were refused at once are served by one reading.
    let (acted, me, changes) =
        tokio::join!(api.act(&id, Uuid::now_v7(), None, &note), api.me(), api.policy());
    assert_eq!(me.unwrap().value.id, UserId::from("abe"));
    changes.unwrap();
    assert_eq!(acted.unwrap().value.event.actor.id, UserId::from("abe"));
    assert_eq!(place.read.load(Ordering::SeqCst), 1);
    assert_eq!(api.fingerprint(), Some(Fingerprint::of(&"token-abe".into())));
    let whole = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    let notes = whole["timeline"].as_array().unwrap().iter().filter(|e| e["kind"] == "note");
    assert_eq!(notes.count(), 1);
}

#[tokio::test]
async fn a_token_that_is_still_refused_is_signed_out_and_not_read_without_end() {
    let desk = Desk::start().await.unwrap();
    let url: Url = desk.url("").parse().unwrap();
    let place = Rotating::new(Ok("old"));
    let ask = async |place: &Arc<Rotating>| {
        let tokens = Some(Arc::clone(place) as Arc<dyn Tokens>);
        let options = Options { tokens, ..Options::default() };
        let error = NativeApi::with(&url, "old".into(), options).unwrap().me().await.unwrap_err();
        let CallError::SignedOut(why) = error else { panic!("{error:?}") };
        why.raw().to_owned()
    };
    let refused = ask(&place).await;
    assert_eq!(place.read.load(Ordering::SeqCst), 1);
    // Another one that counts as little, and one that cannot be had.
    let place = Rotating::new(Ok("neither"));
    assert_eq!(ask(&place).await, refused);
    assert_eq!(place.read.load(Ordering::SeqCst), 1);
    let place = Rotating::new(Err("the file t is gone"));
    let said = ask(&place).await;
    assert_eq!(said, format!("{refused} The token could not be read again: the file t is gone"));
    // And a role that the new token does not have is that of its user.
    let seed = Seed {
        tokens: vec![SeedToken {
            user: UserId::from("eve"),
            token: "next".to_owned(),
            label: "test".to_owned(),
        }],
        ..Seed::default()
    };
    desk.service.store().seed(&seed).await.unwrap();
    let tokens = Some(Rotating::new(Ok("next")) as Arc<dyn Tokens>);
    let options = Options { tokens, ..Options::default() };
    let api = NativeApi::with(&url, "old".into(), options).unwrap();
    assert_eq!(api.me().await.unwrap().value.role, Role::Engineer);
}
