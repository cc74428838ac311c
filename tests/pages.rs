//! The public pages as a browser meets them, black box over loopback: what they say is read with an HTML
//! parser, what they store through the case API.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[path = "support/service.rs"]
#[macro_use]
mod support;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use caseload::service::store::seed::{Seed, SeedCorrection};
use caseload::service::{Edge, Net};
use chrono::TimeDelta;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use reqwest::{Client, StatusCode};
use roxmltree::Document;
use scraper::{ElementRef, Html, Selector};
use serde_json::json;
use support::{Desk, PATIENCE, start_of_time};

/// Texts that try to get out of where they stand, or that a careless hand would change.
const HOSTILE: [&str; 12] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)' autofocus='",
    "</textarea></form><h1>owned</h1>",
    "<!-- --> ]]> &lt; &amp;amp; &#x3c;",
    "\n\n  leading and trailing \n",
    "{{ 7 * 7 }} {% raw %} ${x} %s",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
    "\u{1b}[31mred\u{7}\u{9b}2J",
    "👩‍🚀🇩🇪 e\u{301} שלום عالم",
    "a\tb\u{2028}c\u{feff}d\u{e0041}",
    "=cmd|' /C calc'!A0",
];

struct Pages {
    desk: Desk,
    client: Client,
    /// Each post comes from an address of its own unless a test says from which.
    address: AtomicU32,
}

/// New pages, or the end of the test where there is no database for them.
macro_rules! pages {
    () => {
        match Pages::start().await {
            Some(pages) => pages,
            None => return,
        }
    };
}

type Fields<'a> = Vec<(&'a str, &'a str)>;

struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
    html: Html,
}

impl Pages {
    async fn start() -> Option<Self> {
        let this = Net::new(Ipv4Addr::LOCALHOST.into(), 32);
        let edge = Edge { trusted_proxies: vec![this], ..Edge::default() };
        Some(Self::of(Desk::start_at(edge).await?))
    }

    fn of(desk: Desk) -> Self {
        let client =
            Client::builder().timeout(PATIENCE).no_proxy().pool_max_idle_per_host(0).build();
        Self { desk, client: client.unwrap(), address: AtomicU32::new(0) }
    }

    async fn get(&self, path: &str) -> Page {
        Page::of(self.client.get(self.desk.url(path)).send().await.unwrap()).await
    }

    fn new_address(&self) -> String {
        let n = self.address.fetch_add(1, Ordering::Relaxed);
        Ipv4Addr::from_bits(0x0a00_0000 + n).to_string()
    }

    /// Sends a form as browsers do that has no files.
    async fn post(&self, path: &str, fields: &Fields<'_>) -> Page {
        self.post_from(&self.new_address(), path, fields).await
    }

    async fn post_from(&self, address: &str, path: &str, fields: &Fields<'_>) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields.iter().map(|(name, value)| (name, value.replace('\n', "\r\n"))))
            .finish();
        let request = self.client.post(self.desk.url(path)).header("x-forwarded-for", address);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        Page::of(request.body(body).send().await.unwrap()).await
    }

    /// Sends a form as browsers do that may have files.
    async fn post_parts(&self, path: &str, fields: &Fields<'_>) -> Page {
        self.post_files(path, fields, &[("", "")]).await
    }

    /// Sends a form with files, by name and content. One without a name is how browsers say that there is
    /// none.
    async fn post_files(&self, path: &str, fields: &Fields<'_>, files: &[(&str, &str)]) -> Page {
        let mut body = String::new();
        for (name, value) in fields {
            let value = value.replace('\n', "\r\n");
            body += "--limit\r\nContent-Disposition: form-data; name=\"";
            body += name;
            body += "\"\r\n\r\n";
            body += &value;
            body += "\r\n";
        }
        for (name, content) in files {
            body += "--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"";
            body += name;
            body += "\"\r\nContent-Type: text/plain\r\n\r\n";
            body += content;
            body += "\r\n";
        }
        body += "--limit--\r\n";
        let request = self.client.post(self.desk.url(path));
        let request = request.header("x-forwarded-for", self.new_address());
        let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=limit");
        Page::of(request.body(body).send().await.unwrap()).await
    }

    /// The whole case, as an administrator sees it.
    async fn case(&self, id: &str) -> serde_json::Value {
        self.desk.get_json("root", &format!("/api/v1/cases/{id}")).await
    }

    async fn look(&self, id: &str) -> Page {
        self.post("/case", &vec![("case", id), ("email", "ida@fjord.example")]).await
    }

    /// How many cases there are.
    async fn count(&self) -> usize {
        self.desk.snapshot("root").await.0.len()
    }
}

impl Page {
    async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let html = Html::parse_document(&text);
        Self { status, headers, text, html }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&Selector::parse(selector).unwrap()).collect()
    }

    fn one(&self, selector: &str) -> ElementRef<'_> {
        let found = self.all(selector);
        assert_eq!(found.len(), 1, "{selector} in {}", self.text);
        found[0]
    }

    /// The text of the one element.
    fn words(&self, selector: &str) -> String {
        self.one(selector).text().collect::<String>().trim().to_owned()
    }

    /// What stands in a field of a form.
    fn value(&self, name: &str) -> String {
        if let [area] = self.all(&format!("textarea[name={name}]"))[..] {
            return area.text().collect();
        }
        self.one(&format!("input[name={name}]")).attr("value").unwrap().to_owned()
    }

    /// The sentence that a field is described by as wrong.
    fn error(&self, name: &str) -> Option<String> {
        let found = self.all(&format!("#{name}-error"));
        let error: String = found.first()?.text().collect();
        let described = self.all(&format!("[aria-invalid=true][aria-describedby~={name}-error]"));
        assert_eq!(described.len(), 1, "{name} is marked as wrong, and described by its error");
        Some(error)
    }

    fn case_id(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        self.words(".id strong")
    }
}

/// A form that is right.
fn report<'a>() -> BTreeMap<&'a str, &'a str> {
    BTreeMap::from([
        ("form", "0192f0c4-7f3e-4a51-9d2c-5f6f4f9d0a11"),
        ("subject", "Guest cannot connect"),
        ("description", "Since this morning."),
        ("environment", "production"),
        ("licence_key", "NW-1111-AAAA"),
        ("contact", "Ida Holm"),
        ("email", "ida@fjord.example"),
    ])
}

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Fields<'a> {
    let mut fields = report();
    fields.extend(changes.iter().copied());
    fields.into_iter().collect()
}

#[tokio::test]
async fn a_page_loads_nothing_from_elsewhere_and_says_so() {
    let pages = pages!();
    for path in ["/", "/case", "/corrections", "/style.css", "/form.js", "/corrections.atom"] {
        let page = pages.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let csp = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(csp.split("; ").any(|own| own == part), "{part} of {path}: {csp}");
        }
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert!(!page.headers.contains_key("set-cookie"));
    }
    for path in ["/", "/case", "/corrections"] {
        let page = pages.get(path).await;
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        for element in page.all("[href], [src], [action]") {
            let own = |name| element.attr(name).is_none_or(|to| to.starts_with(['/', '#']));
            let icon = element.attr("href") == Some("data:,");
            assert!(icon || ["href", "src", "action"].into_iter().all(own), "{}", element.html());
        }
        assert_eq!(page.all("[style], [onclick], style").len(), 0);
        for label in page.all("label") {
            let target = label.attr("for").unwrap();
            assert_eq!(page.all(&format!("#{target}")).len(), 1, "label for {target}");
        }
    }
}

#[tokio::test]
async fn style_and_script_are_kept_by_their_version() {
    let pages = pages!();
    let page = pages.get("/").await;
    for (selector, name) in [("link[rel=stylesheet]", "href"), ("script", "src")] {
        let href = page.one(selector).attr(name).unwrap();
        let asset = pages.get(href).await;
        assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
        let plain = pages.get(href.split('?').next().unwrap()).await;
        assert_eq!(plain.header("cache-control"), "no-cache");
        let again = pages.client.get(pages.desk.url(href));
        let again = again.header("if-none-match", asset.header("etag")).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn every_error_stands_beside_its_field_and_nothing_typed_is_lost() {
    let pages = pages!();
    let page = pages.post("/", &vec![]).await;
    assert_eq!(page.status, 422);
    let required = ["subject", "description", "environment", "licence_key", "contact", "email"];
    for name in required {
        assert!(page.error(name).is_some(), "{name}");
    }
    let listed = page.all("#faults a");
    assert_eq!(listed.len(), required.len());
    for link in listed {
        page.one(link.attr("href").unwrap());
    }
    assert!(page.one("#faults").attr("autofocus").is_some());

    let long = "x".repeat(301);
    for (name, value, expected) in [
        ("subject", long.as_str(), "Subject has more than 300 characters."),
        ("contact", "Ida\0", "Your name must not hold the character NUL."),
        ("email", "nobody", "E-mail address is not an e-mail address."),
        ("environment", "moon", "Choose one of production, live and lab."),
        ("severity", "urgent", "Choose one of the severities."),
        ("workaround", "perhaps", "The workaround is true or false."),
        ("version", long.as_str(), "Version has more than 300 characters."),
    ] {
        let fields = with(&[("company", HOSTILE[1]), (name, value), ("description", HOSTILE[3])]);
        let page = pages.post("/", &fields).await;
        assert_eq!(page.status, 422, "{name}");
        assert_eq!(page.error(name).unwrap(), expected);
        assert_eq!(page.all(".error").len(), 1);
        for (name, value) in fields {
            if !["environment", "severity", "workaround", "contact"].contains(&name) {
                assert_eq!(page.value(name), value, "{name}");
            }
        }
    }
    assert_eq!(pages.count().await, 0);
}

#[tokio::test]
async fn a_lab_is_never_critical_and_what_was_chosen_stays_chosen() {
    let pages = pages!();
    let fields = with(&[("environment", "lab"), ("severity", "critical"), ("workaround", "true")]);
    let page = pages.post("/", &fields).await;
    assert_eq!(page.status, 422);
    assert!(page.error("severity").unwrap().contains("never critical"));
    let chosen: Vec<_> = page.all("input[checked]").iter().map(|i| i.attr("id").unwrap()).collect();
    assert_eq!(chosen, ["environment-lab", "severity-critical", "workaround"]);
}

#[tokio::test]
async fn a_report_becomes_a_case_with_what_was_typed() {
    let pages = pages!();
    let typed = "First line\n\n  second \"line\" <b>\n";
    let fields = with(&[
        ("description", typed),
        ("severity", "critical"),
        ("product", "Remote"),
        ("version", "15.2"),
        ("company", ""),
        ("phone", "+47 1"),
    ]);
    let page = pages.post_parts("/", &fields).await;
    let id = page.case_id();
    assert!(page.words("main").contains("1st level answers within 2 hours"));
    assert!(page.words("main").contains("phone your 1st level support"));
    let case = pages.case(&id).await;
    // Browsers send CR LF for each line break.
    assert_eq!(case["description"], typed);
    assert_eq!(case["severity"], "critical");
    assert_eq!(case["version"], "15.2");
    assert_eq!(case["phone"], "+47 1");
    assert_eq!(case["customer"], json!({"company": "Fjord Logistics", "contact": "Ida Holm"}));
    assert_eq!(case["timeline"][0]["actor"], json!({"id": "customer", "name": "Ida Holm"}));
    // The form on that page leads to the case.
    let follow = page.one("form[action='/case']");
    assert_eq!(follow.attr("method"), Some("post"));
    let followed = pages.post("/case", &vec![("case", &id), ("email", &page.value("email"))]).await;
    assert_eq!(followed.words("h1"), "Guest cannot connect");
    assert_eq!(followed.words(".state strong"), "Received");
}

#[tokio::test]
async fn a_form_that_is_sent_again_is_one_case() {
    let pages = pages!();
    let fields = with(&[]);
    let (one, two) = tokio::join!(pages.post("/", &fields), pages.post("/", &fields));
    let again = pages.post_parts("/", &fields).await;
    assert_eq!(one.text, two.text);
    assert_eq!(one.text, again.text);
    assert_eq!(pages.count().await, 1);
    // Back, other words, and sent: said so, with a token of its own for the next time.
    let other = with(&[("subject", "Another problem")]);
    let page = pages.post("/", &other).await;
    assert_eq!(page.status, 422);
    assert!(page.words("#faults").contains("sent before"));
    assert_eq!(page.value("subject"), "Another problem");
    let token = page.value("form");
    let page = pages.post("/", &with(&[("subject", "Another problem"), ("form", &token)])).await;
    assert_ne!(page.case_id(), one.case_id());
    assert_eq!(pages.count().await, 2);
}

#[tokio::test]
async fn a_page_does_not_tell_whether_the_licence_key_is_known() {
    let pages = pages!();
    let mut seen = Vec::new();
    for key in ["NW-1111-AAAA", "NW-2222-BBBB", "SS-3333-CCCC", "nobody knows", "<b>"] {
        let token = uuid::Uuid::new_v4().to_string();
        let fields = with(&[("licence_key", key), ("form", &token)]);
        let page = pages.post("/", &fields).await;
        let id = page.case_id();
        let looked = pages.look(&id).await;
        assert_eq!(looked.status, 200);
        let form = looked.value("form");
        let headers: BTreeMap<String, String> = page
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let case = looked.text.replace(&id, "ID").replace(&form, "FORM");
        seen.push((headers, page.text.replace(&id, "ID"), case));
        assert_eq!(pages.case(&id).await["licence_key"], key);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "one answer for all of them");
}

#[tokio::test]
async fn an_address_that_tries_many_licence_keys_has_to_wait() {
    let pages = pages!();
    let from = "192.0.2.7";
    for n in 0..5 {
        let (key, token) = (format!("GUESS-{n}"), uuid::Uuid::new_v4().to_string());
        let fields = with(&[("licence_key", &key), ("form", &token)]);
        pages.post_from(from, "/", &fields).await.case_id();
    }
    // The limit of the form itself is another one; it is over in a moment.
    pass(Duration::from_mins(1)).await;
    let mut seen = Vec::new();
    for key in ["GUESS-5", "NW-1111-AAAA"] {
        let token = uuid::Uuid::new_v4().to_string();
        let fields = with(&[("licence_key", key), ("form", &token), ("company", "typed")]);
        let page = pages.post_from(from, "/", &fields).await;
        assert_eq!(page.status, 429);
        assert_eq!(page.header("retry-after"), "3600");
        assert_eq!(page.value("company"), "typed");
        assert!(page.words("#faults").contains("in 60 minutes"));
        seen.push(page.text.replace(key, "KEY").replace(&token, "FORM"));
    }
    assert_eq!(seen[0], seen[1], "a known key is told from an unknown one");
    let token = uuid::Uuid::new_v4().to_string();
    let known = with(&[("licence_key", "GUESS-3"), ("form", &token)]);
    pages.post_from(from, "/", &known).await.case_id();
    pages.desk.clock.advance(TimeDelta::hours(1));
    pages.post_from(from, "/", &with(&[])).await.case_id();
}

/// Time for limits, which go by the machine's clock.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn who_sends_too_often_waits_and_keeps_what_was_typed() {
    let pages = pages!();
    let fields = with(&[("description", HOSTILE[3]), ("email", "")]);
    let mut page = pages.post_from("192.0.2.8", "/", &fields).await;
    for _ in 0..5 {
        assert_eq!(page.status, 422);
        page = pages.post_from("192.0.2.8", "/", &fields).await;
    }
    assert_eq!(page.status, 429);
    assert!(page.header("retry-after").parse::<u64>().unwrap() <= 60);
    assert_eq!(page.value("description"), HOSTILE[3]);
    let looks = vec![("case", "C-10000"), ("email", "a@b")];
    let mut page = pages.post_from("192.0.2.9", "/case", &looks).await;
    for _ in 0..10 {
        assert_eq!(page.status, 404);
        page = pages.post_from("192.0.2.9", "/case", &looks).await;
    }
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    assert_eq!(page.value("case"), "C-10000");
}

#[tokio::test]
async fn the_case_page_shows_what_is_for_the_customer_alone() {
    let pages = pages!();
    let desk = &pages.desk;
    let id = desk.reported(json!({"subject": "<i>Guest</i>"})).await;
    desk.done("ann", &id, json!({"action": "take"})).await;
    desk.done("ann", &id, json!({"action": "note", "text": "secret note"})).await;
    desk.done(
        "ann",
        &id,
        json!({"action": "set_severity", "severity": "low", "reason": "secret reason"}),
    )
    .await;
    desk.done("ann", &id, json!({"action": "reply", "text": "open reply\nin two lines"})).await;
    let page = pages.look(&format!(" {} ", id.to_lowercase())).await;
    assert_eq!(page.words("h1"), "<i>Guest</i>");
    assert_eq!(page.words(".state strong"), "Being worked on at 1st level");
    assert_eq!(page.all(".history li").len(), 2);
    assert!(page.words("main").contains("open reply\nin two lines"));
    for hidden in ["secret", "NW-1111", "Fjord Logistics", "Nordwind", "severity high"] {
        assert!(!page.text.to_lowercase().contains(&hidden.to_lowercase()), "{hidden}");
    }
    desk.done("ann", &id, json!({"action": "escalate", "to": "second", "reason": "secret"})).await;
    assert_eq!(pages.look(&id).await.words(".state strong"), "Being worked on at 2nd level");
    let to_product = json!({"action": "escalate", "to": "product", "reason": "secret", "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &id, to_product).await;
    let page = pages.look(&id).await;
    assert_eq!(page.words(".state strong"), "With Product Management");
    assert!(page.words("main").contains("Guests are locked out"));
    assert!(page.words("main").contains("Hot fix. Planned."));
    let closing =
        json!({"action": "close", "resolution": "corrected_in_release", "text": "It is in 15.3."});
    desk.done("pia", &id, closing).await;
    let page = pages.look(&id).await;
    assert_eq!(page.words(".state strong"), "Closed");
    assert_eq!(page.words(".resolution h2"), "Resolution: corrected in release");
    assert_eq!(page.words(".resolution .words"), "It is in 15.3.");
    assert!(!page.text.contains("secret"));
}

#[tokio::test]
async fn a_wrong_id_and_a_wrong_address_are_the_same() {
    let pages = pages!();
    let id = pages.desk.reported(json!({})).await;
    let mut seen = Vec::new();
    for (case, email) in [
        ("C-99999", "ida@fjord.example"),
        (id.as_str(), "eve@fjord.example"),
        (id.as_str(), "%"),
        ("' OR 1=1 --", "ida@fjord.example"),
    ] {
        let page = pages.post("/case", &vec![("case", case), ("email", email)]).await;
        assert_eq!(page.status, 404);
        assert_eq!(page.value("case"), case);
        let shown: Vec<String> =
            page.all("h1, h2, #faults p, .error").iter().map(|e| e.text().collect()).collect();
        seen.push((shown, page.all("*").len()));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
    let capitals = vec![("case", id.as_str()), ("email", " IDA@Fjord.Example ")];
    assert_eq!(pages.post("/case", &capitals).await.status, 200);
    let empty = pages.post("/case", &vec![("case", ""), ("email", " ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.error("case").is_some() && empty.error("email").is_some());
    // What is in the address is no way in.
    let query = pages.get(&format!("/case?case={id}&email=ida@fjord.example")).await;
    assert_eq!(query.words("h1"), "Follow a case");
}

#[tokio::test]
async fn what_the_customer_adds_ends_the_waiting_once() {
    let pages = pages!();
    let desk = &pages.desk;
    let id = desk.reported(json!({})).await;
    let ask = json!({"action": "request_info", "text": "Please send the log.", "items": ["log_files", "version"]});
    desk.done("ann", &id, ask).await;
    let page = pages.look(&id).await;
    assert_eq!(page.words(".state strong"), "Waiting for you");
    let asked: Vec<String> = page.all(".asked li").iter().map(|e| e.text().collect()).collect();
    assert_eq!(asked, ["log files", "product version"]);
    assert_eq!(page.words(".asked .words"), "Please send the log.");
    let token = page.value("form");
    let empty =
        vec![("case", id.as_str()), ("email", "ida@fjord.example"), ("form", &token), ("text", "")];
    let page = pages.post_parts("/case", &empty).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.error("text").unwrap(), "Your text must not be empty.");
    assert_eq!(page.value("form"), token);
    let answer = vec![
        ("case", id.as_str()),
        ("email", "ida@fjord.example"),
        ("form", &token),
        ("text", "15.2,\nand the log"),
    ];
    let page = pages.post_parts("/case", &answer).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.words(".state strong"), "Being worked on at 1st level");
    assert_eq!(page.all(".asked").len(), 0);
    assert_eq!(page.value("text"), "");
    assert_eq!(pages.post("/case", &answer).await.status, 200);
    let case = pages.case(&id).await;
    let last: Vec<_> = case["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["kind"] == "customer_answer")
        .collect();
    assert_eq!(last.len(), 1);
    assert_eq!(last[0]["text"], "15.2,\nand the log");
    assert_eq!(case["state"], "open");
    // The same form with other words.
    let other = vec![
        ("case", id.as_str()),
        ("email", "ida@fjord.example"),
        ("form", &token),
        ("text", "more"),
    ];
    let page = pages.post_parts("/case", &other).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.value("text"), "more");
    assert_ne!(page.value("form"), token);
    // Without the address nothing is added.
    let stranger = vec![
        ("case", id.as_str()),
        ("email", "x@y"),
        ("form", "0192f0c4-7f3e-4a51-9d2c-5f6f4f9d0a13"),
        ("text", "t"),
    ];
    assert_eq!(pages.post_parts("/case", &stranger).await.status, 404);
    assert_eq!(pages.case(&id).await["revision"], case["revision"]);
}

/// The names of the files that a page lists.
fn files(page: &Page) -> Vec<String> {
    page.all(".files bdi").iter().map(|e| e.text().collect()).collect()
}

#[tokio::test]
async fn a_file_outlives_an_error_in_the_form_and_comes_with_the_report() {
    let pages = pages!();
    let wrong = with(&[("subject", "")]);
    let sent =
        [("host.log", "08:12 refused\r\n"), ("<b>\u{202e}gnp.txt", "other"), ("none.txt", "")];
    let page = pages.post_files("/", &wrong, &sent).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.error("file").unwrap(), "“none.txt” is empty.");
    assert_eq!(files(&page), ["host.log", "<b>\u{fffd}gnp.txt"]);
    let kept: Vec<String> =
        page.all("input[name=kept]").iter().map(|e| e.attr("value").unwrap().to_owned()).collect();
    // The second is not wanted any more, a third one is.
    let mut fields = with(&[("remove", &kept[1])]);
    fields.extend([("kept", kept[0].as_str()), ("kept", kept[1].as_str())]);
    let page = pages.post_files("/", &fields, &[("more.txt", "more")]).await;
    let id = page.case_id();
    assert_eq!(files(&page), ["host.log", "more.txt"]);
    let again = pages.post_files("/", &fields, &[("more.txt", "more")]).await;
    assert_eq!(again.text, page.text);
    let case = pages.case(&id).await;
    let attached = case["attachments"].as_array().unwrap();
    let names: Vec<_> = attached.iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["host.log", "more.txt"]);
    let first = pages.desk.get("root", &format!("/api/v1/cases/{id}/attachments/1"));
    assert_eq!(first.send().await.unwrap().text().await.unwrap(), "08:12 refused\r\n");
    assert_eq!(files(&pages.look(&id).await), ["host.log", "more.txt"]);
    // What an agent attaches is not told to the customer.
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"inside.txt\"\r\n\r\nx\r\n--x--\r\n";
    let upload = pages.desk.post("ann", &format!("/api/v1/cases/{id}/attachments"));
    let upload = upload.header(CONTENT_TYPE, "multipart/form-data; boundary=x").body(part);
    assert_eq!(upload.send().await.unwrap().status(), StatusCode::CREATED);
    assert_eq!(files(&pages.look(&id).await), ["host.log", "more.txt"]);
}

#[tokio::test]
async fn a_file_alone_is_an_answer_and_one_that_is_not_taken_is_told() {
    let pages = pages!();
    let desk = &pages.desk;
    let id = desk.reported(json!({})).await;
    desk.done("ann", &id, json!({"action": "request_info", "text": "The log, please."})).await;
    let token = pages.look(&id).await.value("form");
    let mut fields = vec![
        ("case", id.as_str()),
        ("email", "ida@fjord.example"),
        ("form", token.as_str()),
        ("text", ""),
    ];
    let program = "\x7fELF\u{2}\u{1}\u{1}\0\0\0\0\0\0\0\0\0\u{2}\0>\0";
    let page = pages.post_files("/case", &fields, &[("tool", program)]).await;
    assert_eq!(page.status, 422);
    assert!(page.error("file").unwrap().contains("“tool” was not taken"));
    let page = pages.post_files("/case", &fields, &[("host.log", "refused")]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.words(".state strong"), "Being worked on at 1st level");
    assert_eq!(files(&page), ["host.log"]);
    // A file of somebody who guesses, or that is another case's, comes with nothing.
    fields[2].1 = "0192f0c4-7f3e-4a51-9d2c-5f6f4f9d0a14";
    fields.push(("kept", "0123456789abcdef"));
    let page = pages.post_files("/case", &fields, &[]).await;
    assert_eq!(page.status, 422);
    assert!(page.error("file").unwrap().contains("choose it again"));
}

#[tokio::test]
async fn what_is_added_to_a_closed_case_is_kept_and_marked() {
    let pages = pages!();
    let desk = &pages.desk;
    let id = desk.reported(json!({})).await;
    desk.done("ann", &id, json!({"action": "close", "resolution": "explanation", "cause": "setting", "text": "A setting."})).await;
    let page = pages.look(&id).await;
    assert!(page.words("main").contains("starts no new work"));
    let token = page.value("form");
    let answer = vec![
        ("case", id.as_str()),
        ("email", "ida@fjord.example"),
        ("form", &token),
        ("text", "Thanks"),
    ];
    let page = pages.post_parts("/case", &answer).await;
    assert_eq!(page.words(".state strong"), "Closed");
    let case = pages.case(&id).await;
    assert_eq!(case["state"], "closed");
    let entry = case["timeline"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(entry["text"], "Thanks");
    assert_eq!(entry["summary"], "came after the case was closed");
    assert_eq!(page.words(".resolution .words"), "A setting.");
}

fn correction(
    id: &str,
    title: &str,
    plan: Option<&str>,
    status: &str,
    days: i64,
) -> SeedCorrection {
    SeedCorrection {
        id: id.into(),
        title: title.to_owned(),
        release_plan: plan.map(str::to_owned),
        status: status.to_owned(),
        note: Some(format!("note of {title}")),
        updated_at: start_of_time() - TimeDelta::days(days),
    }
}

async fn plan(pages: &Pages, corrections: Vec<SeedCorrection>) {
    let seed = Seed { corrections, ..Seed::default() };
    pages.desk.service.store().seed(&seed).await.unwrap();
}

#[tokio::test]
async fn the_outline_shows_what_is_to_come_by_its_release() {
    let pages = pages!();
    let corrections = vec![
        correction("K-8", "rejected one", None, "rejected", 1),
        correction("K-9", "long released", Some("hot_fix"), "released", 91),
        correction("K-10", "just released", Some("next_release"), "released", 89),
        correction("K-11", HOSTILE[0], None, "confirmed", 2),
    ];
    plan(&pages, corrections).await;
    let page = pages.get("/corrections").await;
    let titles = |selector: &str| -> Vec<String> {
        page.all(selector).iter().map(|e| e.text().collect::<String>().trim().to_owned()).collect()
    };
    assert_eq!(titles("h2"), ["Hot fix", "Next release", "Not planned yet"]);
    assert_eq!(titles("h3"), ["Guests are locked out", "just released", HOSTILE[0]]);
    assert_eq!(page.all("script").len(), 0);
    assert!(page.words("main").contains("note of just released"));
    assert_eq!(page.words("#K-10 .status"), "Released");
}

#[tokio::test]
async fn the_feed_is_atom_and_stays_the_same_until_something_changes() {
    let pages = pages!();
    let hostile = HOSTILE.iter().enumerate();
    let corrections =
        hostile.map(|(n, title)| correction(&format!("K-{}", 20 + n), title, None, "planned", 1));
    plan(&pages, corrections.collect()).await;
    let feed = pages.get("/corrections.atom").await;
    assert_eq!(feed.header("content-type"), "application/atom+xml; charset=utf-8");
    let ids = ids_of_feed(&feed.text);
    assert_eq!(ids.len(), 2 + HOSTILE.len());
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:")));
    let conditional = async |pages: &Pages| {
        let request = pages.client.get(pages.desk.url("/corrections.atom"));
        request.header("if-none-match", feed.header("etag")).send().await.unwrap().status()
    };
    assert_eq!(conditional(&pages).await, StatusCode::NOT_MODIFIED);
    let pages = Pages::of(pages.desk.restart().await);
    assert_eq!(conditional(&pages).await, StatusCode::NOT_MODIFIED);
    plan(&pages, vec![correction("K-50", "one more", None, "planned", 0)]).await;
    assert_eq!(conditional(&pages).await, StatusCode::OK);
    assert!(ids_of_feed(&pages.get("/corrections.atom").await.text).iter().any(|id| *id == ids[0]));
}

/// The ids of a feed and its entries, once it is what RFC 4287 asks for.
fn ids_of_feed(text: &str) -> Vec<String> {
    let document = Document::parse(text).unwrap();
    let feed = document.root_element();
    let atom = |name| ("http://www.w3.org/2005/Atom", name);
    assert!(feed.has_tag_name(atom("feed")));
    let child = |of: roxmltree::Node<'_, '_>, name| {
        let mut found = of.children().filter(|c| c.has_tag_name(atom(name)));
        let (first, second) = (found.next().unwrap(), found.next());
        assert!(second.is_none(), "one {name}");
        first.text().unwrap_or_default().to_owned()
    };
    let entries: Vec<_> = feed.children().filter(|c| c.has_tag_name(atom("entry"))).collect();
    let author = feed.children().find(|c| c.has_tag_name(atom("author"))).unwrap();
    assert!(!child(author, "name").is_empty());
    let latest = entries.iter().map(|entry| child(*entry, "updated")).max().unwrap();
    assert_eq!(child(feed, "updated"), latest);
    let mut ids = vec![child(feed, "id")];
    for of in std::iter::once(feed).chain(entries.iter().copied()) {
        child(of, "title");
        let updated = child(of, "updated");
        assert!(chrono::DateTime::parse_from_rfc3339(&updated).is_ok(), "{updated}");
        let link = of.children().filter(|c| c.has_tag_name(atom("link")));
        assert!(link.filter(|l| l.attribute("rel") == Some("alternate")).count() == 1);
    }
    ids.extend(entries.iter().map(|entry| child(*entry, "id")));
    ids
}

#[tokio::test]
async fn hostile_words_are_stored_as_they_came_and_break_no_page() {
    let pages = pages!();
    let shape = |page: &Page| {
        let names = page.all("*").into_iter().map(|e| e.value().name().to_owned());
        names.filter(|name| name != "li" && name != "a").collect::<Vec<_>>()
    };
    let mut shapes = Vec::new();
    for words in HOSTILE {
        let token = uuid::Uuid::new_v4().to_string();
        let line = words.replace('\n', " ");
        let fields = with(&[
            ("form", &token),
            ("subject", &line),
            ("description", words),
            ("contact", &line),
            ("company", &line),
            ("phone", &line),
        ]);
        let wrong: Fields<'_> = fields
            .iter()
            .map(|(name, value)| (*name, if *name == "email" { "" } else { *value }))
            .collect();
        let page = pages.post("/", &wrong).await;
        assert_eq!(page.status, 422);
        let mut seen = vec![shape(&page)];
        for name in ["subject", "description", "contact", "company", "phone"] {
            assert_eq!(page.value(name), fields.iter().find(|(n, _)| *n == name).unwrap().1);
        }
        let page = pages.post_parts("/", &fields).await;
        let id = page.case_id();
        seen.push(shape(&page));
        let case = pages.case(&id).await;
        assert_eq!(case["description"], words);
        assert_eq!(case["subject"], line);
        assert_eq!(case["customer"], json!({"company": line, "contact": line}));
        let page = pages.look(&id).await;
        for turned in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{1b}', '\u{9b}'] {
            assert!(!page.text.contains(turned), "{turned:?} of {words:?}");
        }
        seen.push(shape(&page));
        shapes.push(seen);
    }
    shapes.dedup();
    assert_eq!(shapes.len(), 1, "the same elements, whatever the words");
}

#[tokio::test]
async fn what_is_no_form_or_no_page_is_told_on_a_page() {
    let pages = pages!();
    let request = pages.client.post(pages.desk.url("/")).json(&json!({"subject": "s"}));
    let page = Page::of(request.send().await.unwrap()).await;
    assert_eq!(page.status, 415);
    assert_eq!(page.words("h1"), "Unsupported media type");
    let long = "x".repeat(600_000);
    assert_eq!(pages.post_parts("/", &with(&[("description", &long)])).await.status, 413);
    let request =
        pages.client.get(pages.desk.url("/nothing")).header(ACCEPT, "text/html,*/*;q=0.8");
    let page = Page::of(request.send().await.unwrap()).await;
    assert_eq!(page.status, 404);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let problem = pages.get("/nothing").await;
    assert_eq!(problem.header("content-type"), "application/problem+json");
}
