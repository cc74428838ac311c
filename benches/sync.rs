//! How soon the desk is usable from what is kept on this machine, and what keeping costs. `cargo bench --bench
//! sync` prints what `docs/benchmarks.md` shows; words after `--` choose parts: `start changes outbox`.
//!
//! Folders are made under the system's temporary folder, which must be on a real disk for the writes to mean
//! anything. `quick` beside the parts takes fewer rounds, to see that it runs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench that cannot run must not give figures; it measures real time and prints it"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use caseload::app::view::{self, Snapshot};
use caseload::app::{self, Link, Model, Msg, Options, Told, Whoami};
use caseload::domain::{Action, Case, CaseId, DeskNo, Severity, UserId};
use caseload::sla::ledger::Ledger;
use caseload::sla::policy::Policy;
use caseload::sync::store::{Applied, Fingerprint, NewEntry, Page, Place, Store};
use caseload::ui::{self, Look};
use caseload::wire::{Feed, Me};
use chrono::{DateTime, TimeDelta, Utc};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

/// As a start asks for them (`sync::start`).
const HEAD: usize = 400;
const PIECE: usize = 5_000;
const A_TURN: Duration = Duration::from_millis(500);

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let parts: Vec<&String> = asked.iter().filter(|a| *a != "quick").collect();
    let is_asked = |part: &str| parts.is_empty() || parts.iter().any(|a| *a == part);
    let quick = asked.iter().any(|a| a == "quick");
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        if is_asked("start") {
            start(quick).await;
        }
        if is_asked("changes") {
            changes(if quick { 1_000 } else { 10_000 }).await;
        }
        if is_asked("outbox") {
            outbox(if quick { 1 } else { 10 }).await;
        }
    });
}

fn now() -> DateTime<Utc> {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn me() -> Me {
    serde_json::from_value(serde_json::json!({
        "id": "rhald", "name": "R. Hald", "role": "engineer", "tier": "second", "partner": null, "may": [],
    }))
    .unwrap()
}

/// Cases of the last weeks with their clocks, most of them with somebody.
fn case(n: usize, policy: &Policy) -> Case {
    let minutes = i64::try_from(n * 7_919 % 60_000).unwrap();
    let reported = now() - TimeDelta::minutes(minutes);
    let partner = ["direct", "nordwind", "summit", "sakura"][n % 4];
    let severity = Severity::ALL[n / 4 % 4];
    let mut case: Case = serde_json::from_value(serde_json::json!({
        "id": format!("C-{}", 10_000 + n), "subject": format!("Guest cannot connect after update {n}"),
        "severity": severity, "tier": "second", "state": "open",
        "partner": {"id": partner, "name": "Nordwind Support"},
        "customer": {"company": "Fjord Logistics", "contact": "Ida Holm"},
        "assignee": (!n.is_multiple_of(3)).then(|| serde_json::json!({"id": "rhald", "name": "R. Hald"})),
        "eligibility": "eligible", "environment": "live", "workaround": false,
        "phone_follow_up": null, "correction": null, "reported_at": reported, "updated_at": reported,
        "revision": 3, "clocks": [],
    }))
    .unwrap();
    let ledger = Ledger::opened(reported, severity, &case.partner.id, policy);
    case.clocks = ledger.summaries(now(), policy);
    case
}

async fn open(dir: &TempDir) -> Store {
    let place = Place { state: dir.path().join("state"), cache: dir.path().join("cache") };
    Store::open(place, Fingerprint::of(&"t0ken".into())).await
}

/// A cache of so many cases.
async fn filled(count: usize, policy: &Policy) -> (TempDir, Store) {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    store.adopt(&UserId::from("rhald")).await.unwrap();
    store.keep_me(&me()).await;
    store.keep_policy(&policy.document()).await;
    let cases: Vec<Case> = (0..count).map(|n| case(n, policy)).collect();
    apply(&store, None, &cases, "load").await;
    (dir, store)
}

/// Pages of 200, as the feed has them.
async fn apply(store: &Store, mut from: Option<String>, cases: &[Case], name: &str) {
    let mut pages = cases.chunks(200).enumerate().peekable();
    while let Some((n, cases)) = pages.next() {
        let feed = Feed {
            cases: cases.to_vec(),
            removed: Vec::new(),
            cursor: format!("{name}-{n}"),
            more: pages.peek().is_some(),
            server_time: now(),
        };
        let page = Page::new(&feed, from, None, now());
        assert_eq!(store.apply(page).await, Applied::Written);
        from = Some(feed.cursor);
    }
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// A screen that is told what a start tells.
struct Screen {
    model: Model,
    terminal: Terminal<TestBackend>,
    look: Look,
}

impl Screen {
    fn new() -> Self {
        let model = Model::new((120, 40), Options::default());
        let terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        Self { model, terminal, look: Look { ascii: false, ..Look::default() } }
    }

    fn tell(&mut self, told: Told) {
        app::update(&mut self.model, Msg::Told(DeskNo::FIRST, told), now());
    }

    fn page(&mut self, cases: Vec<Case>, reset: bool, more: bool) {
        self.tell(Told::PageCame { cases, removed: Vec::new(), reset, more });
    }

    fn draw(&mut self) -> Snapshot {
        let (snapshot, _) = view::build(&self.model, now());
        self.terminal.draw(|frame| ui::draw(frame, &snapshot, &self.look)).unwrap();
        snapshot
    }
}

/// From opening the files to the first frame with the queue, and to the whole queue.
async fn start(quick: bool) {
    let policy = Policy::embedded();
    println!("start from the cache, medians in ms: cases, usable list, whole list");
    for count in [1_000, 10_000, 100_000] {
        let (dir, store) = filled(count, &policy).await;
        drop(store);
        let (mut usable, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..if quick { 1 } else { 9 } {
            let began = Instant::now();
            let store = open(&dir).await;
            let known = store.known().await.unwrap();
            let (head, rest) = store.head(now(), HEAD).await.unwrap();
            let mut screen = Screen::new();
            let (actor, may) = (known.me.actor(), known.me.may.clone());
            let whoami = Whoami { actor, partner: known.me.partner.clone(), may, mail: true };
            screen.tell(Told::SignedIn(Box::new(whoami)));
            let policy = Policy::compile(&known.policy.unwrap()).unwrap();
            screen.tell(Told::PolicyLoaded(Arc::new(policy)));
            let link = Link::Connecting;
            screen.tell(Told::LinkChanged { link, fresh_at: known.fresh_at });
            screen.page(head, true, true);
            assert!(screen.draw().queue.rows.len() > 20);
            usable.push(began.elapsed());
            let mut rest = Some(rest);
            while let Some(reading) = rest {
                let (cases, next) = store.rest(reading, PIECE).await.unwrap();
                rest = next;
                screen.page(cases, false, rest.is_some());
            }
            // All that is mine, and what nobody has at my tier: all of it.
            assert_eq!(screen.draw().queue.count, count);
            whole.push(began.elapsed());
        }
        println!("{count:>8} {:>8.1} {:>8.1}", median(usable), median(whole));
    }
}

/// Takes changes of the feed into a cache of 10,000 cases.
async fn changes(count: usize) {
    let policy = Policy::embedded();
    let (_dir, store) = filled(10_000, &policy).await;
    let mut cases: Vec<Case> = (0..count).map(|n| case(n, &policy)).collect();
    for case in &mut cases {
        case.revision += 1;
    }
    let began = Instant::now();
    apply(&store, Some("load-49".to_owned()), &cases, "changed").await;
    let took = began.elapsed();
    let each = count as f64 / took.as_secs_f64();
    println!("{count} changes into a cache of 10,000 cases: {took:.0?}, {each:.0} a second");
}

/// Entries of the outbox, each on the disk before the next, in turns with SQLite alone.
async fn outbox(turns: usize) {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    store.adopt(&UserId::from("rhald")).await.unwrap();
    let mut bare = bare(&dir).await;
    let base = case(1, &Policy::embedded());
    let (mut ours, mut theirs) = ((0_u32, Duration::ZERO), (0_u32, Duration::ZERO));
    for _ in 0..turns {
        let began = Instant::now();
        while began.elapsed() < A_TURN {
            let entry = NewEntry {
                key: Uuid::now_v7(),
                case: CaseId::from("C-10001"),
                base: Some(Box::new(base.clone())),
                action: Action::Note { text: "What was tried so far.".to_owned() },
                revision: None,
                hold_until: None,
                queued_at: now(),
                replaces: None,
                draft: None,
            };
            store.enqueue(entry).await.unwrap();
            ours.0 += 1;
        }
        ours.1 += began.elapsed();
        let body = serde_json::to_string(&base).unwrap();
        let began = Instant::now();
        while began.elapsed() < A_TURN {
            insert(&mut bare, &body).await;
            theirs.0 += 1;
        }
        theirs.1 += began.elapsed();
    }
    let rate = |(count, time): (u32, Duration)| f64::from(count) / time.as_secs_f64();
    let (ours, theirs) = (rate(ours), rate(theirs));
    let share = 100.0 * ours / theirs;
    println!("outbox entries a second: {ours:.0}; bare SQLite: {theirs:.0} ({share:.0} %)");
}

/// One connection in the settings of the outbox: rollback journal, every commit synced.
async fn bare(dir: &TempDir) -> SqliteConnection {
    let mut conn = SqliteConnectOptions::new()
        .filename(dir.path().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Truncate)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(include_str!("../assets/migrations/client/keep.sql"))
        .execute(&mut conn)
        .await
        .unwrap();
    conn
}

async fn insert(conn: &mut SqliteConnection, base: &str) {
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query(
        "INSERT INTO outbox (key, owner, case_id, base, action, queued_at, sum, state) \
         VALUES ($1, 'user:rhald', 'C-10001', $2, '{\"kind\":\"note\",\"text\":\"What was tried so far.\"}', \
                 1, $3, 'queued')",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(base)
    .bind(vec![0_u8; 32])
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
}
