//! How fast the case service is, and what it takes. `cargo bench --bench service` prints what
//! `docs/benchmarks.md` shows; words after `--` choose parts: `writes feed search waiting size`.
//!
//! With `CASELOAD_BENCH_DATABASE_URL` the parts on PostgreSQL run, too, each in a schema of its own. Folders
//! are made under the system's temporary folder, which must be on a real disk for the writes to mean
//! anything.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    dead_code,
    reason = "a bench that cannot run must not give figures; it measures real time and prints it"
)]

#[path = "../tests/support/many.rs"]
mod many;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caseload::clock::SystemClock;
use caseload::domain::{Action, Actor, CaseId, PartnerId, Role, UserId};
use caseload::service::Service;
use caseload::service::store::Place;
use caseload::service::store::seed::{Seed, SeedPartner, SeedToken, SeedUser};
use caseload::sla::policy::Policy;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::task::JoinSet;
use uuid::Uuid;

const CLIENTS: usize = 8;
const CASES: usize = 400;
const A_TURN: Duration = Duration::from_millis(500);

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|a| a == part);
    rustls::crypto::ring::default_provider().install_default().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        if is_asked("writes") {
            writes().await;
        }
        if is_asked("feed") {
            feed().await;
        }
        if is_asked("search") {
            search().await;
        }
        if is_asked("waiting") {
            waiting().await;
        }
        if is_asked("size") {
            size().await;
        }
    });
}

fn database_url() -> Option<String> {
    std::env::var("CASELOAD_BENCH_DATABASE_URL").ok()
}

/// A desk with a user of each role and no case.
struct Desk {
    service: Service,
    /// Gone with the desk.
    folder: TempDir,
    schema: Option<String>,
}

impl Desk {
    async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::open(Place::from(folder.path()), folder, None).await
    }

    async fn postgres() -> Option<Self> {
        let url = database_url()?;
        let schema = format!("bench_{}", Uuid::new_v4().simple());
        run(&url, format!("CREATE SCHEMA {schema}")).await;
        let place = Place::database(&url).unwrap().with_schema(&schema);
        Some(Self::open(place, tempfile::tempdir().unwrap(), Some(schema)).await)
    }

    async fn open(place: Place, folder: TempDir, schema: Option<String>) -> Self {
        let policy = Arc::new(Policy::embedded());
        let service = Service::open(place, policy, Arc::new(SystemClock)).await.unwrap();
        let seed = Seed {
            partners: vec![
                SeedPartner { id: "many".into(), name: "Many".to_owned() },
                SeedPartner { id: "few".into(), name: "Few".to_owned() },
            ],
            users: people()
                .into_iter()
                .map(|a| SeedUser {
                    id: a.id,
                    name: a.name.raw().to_owned(),
                    role: a.role,
                    partner: a.partner,
                })
                .collect(),
            tokens: people()
                .into_iter()
                .map(|a| SeedToken {
                    token: format!("token-{}", a.id),
                    user: a.id,
                    label: "bench".to_owned(),
                })
                .collect(),
            ..Seed::default()
        };
        service.store().seed(&seed).await.unwrap();
        Self { service, folder, schema }
    }

    async fn with_cases(self, count: usize) -> Self {
        for from in (0..count).step_by(10_000) {
            let cases = (from..count.min(from + 10_000))
                .map(|n| {
                    let partner = if n % 1_000 == 7 { "few" } else { "many" };
                    let mut case = many::case(&self.service, 10_000 + n, partner);
                    case.subject = format!("Guest {n} cannot connect after the update");
                    case.company = format!("Company {} of the {} road", n % 5_000, n % 700);
                    case
                })
                .collect();
            many::store(&self.service, cases).await;
        }
        if let Some(schema) = &self.schema {
            let url = database_url().unwrap();
            run(&url, format!("SET search_path = {schema}; ANALYZE")).await;
        }
        self
    }

    async fn end(self) {
        self.service.close().await;
        if let Some(schema) = &self.schema {
            run(&database_url().unwrap(), format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

async fn run(url: &str, sql: String) {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await.unwrap();
}

fn actor(id: &str, role: Role, partner: Option<&str>) -> Actor {
    Actor { id: UserId::from(id), name: id.into(), role, partner: partner.map(PartnerId::from) }
}

fn people() -> [Actor; 5] {
    [
        actor("partner", Role::Partner, Some("few")),
        actor("engineer", Role::Engineer, None),
        actor("product", Role::Product, None),
        actor("oncall", Role::Oncall, None),
        actor("root", Role::Admin, None),
    ]
}

fn case_id(n: usize) -> CaseId {
    CaseId::new(format!("C-{}", 10_000 + n))
}

fn note() -> Action {
    Action::Note { text: "The guest was asked for the log files of yesterday evening.".to_owned() }
}

/// How often something is done in a second by all clients at once.
async fn a_second<F>(act: impl Fn(usize, usize) -> F) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let counted = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut all = JoinSet::new();
    for client in 0..CLIENTS {
        // Made here, so that they need not be shared; a client does them one after the other.
        let acts: Vec<F> = (0..1_000).map(|n| act(client, n)).collect();
        let counted = counted.clone();
        all.spawn(async move {
            for act in acts {
                if start.elapsed() > A_TURN {
                    break;
                }
                act.await;
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    all.join_all().await;
    counted.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

/// How many writes a second: notes at Service::act, over HTTP, and what SQLite alone does with the rows of an
/// act in the settings of the desk. A disk that others use, too, changes its pace by the second, so all
/// take turns, half a second each.
async fn writes() {
    const TURNS: usize = 12;
    println!("\nWrites a second: notes on {CASES} cases, {CLIENTS} clients");
    for desk in [Some(Desk::sqlite().await), Desk::postgres().await].into_iter().flatten() {
        let name = if desk.schema.is_some() { "PostgreSQL" } else { "SQLite" };
        let desk = desk.with_cases(CASES).await;
        let mut bare = Bare::open().await;
        let service = &desk.service;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = service.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            caseload::service::serve(listener, served, async {
                let _ = stopped.await;
            })
            .await;
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut sums = [0.0; 3];
        for _ in 0..TURNS {
            sums[0] += bare.a_second().await;
            sums[1] += a_second(|number, n| {
                let service = service.clone();
                async move {
                    let root = actor("root", Role::Admin, None);
                    let id = case_id((number * 53 + n) % CASES);
                    service.act(&root, &id, Uuid::now_v7(), None, note()).await.unwrap();
                }
            })
            .await;
            sums[2] += a_second(|number, n| {
                let (client, url) = (client.clone(), url.clone());
                async move {
                    let id = case_id((number * 53 + n) % CASES);
                    let response = client
                        .post(format!("{url}/api/v1/cases/{id}/actions"))
                        .bearer_auth("token-root")
                        .header("idempotency-key", Uuid::now_v7().to_string())
                        .json(&note())
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(response.status(), 200);
                    response.bytes().await.unwrap();
                }
            })
            .await;
        }
        for (what, sum) in ["bare SQLite", "at Service::act", "over HTTP"].into_iter().zip(sums) {
            let (rate, share) = (sum / TURNS as f64, 100.0 * sum / sums[0]);
            println!("  desk on {name:<10} {what:<16} {rate:>6.0}  {share:>4.0} %");
        }
        drop(stop);
        serving.join_all().await;
        desk.end().await;
    }
}

/// A desk's file, and one connection that writes the rows of acts into it: one transaction after the other,
/// each statement prepared, nothing decided.
struct Bare {
    _folder: TempDir,
    conn: SqliteConnection,
    ledger: String,
    done: i64,
}

impl Bare {
    async fn open() -> Self {
        let Desk { service, folder, .. } = Desk::sqlite().await.with_cases(CASES).await;
        service.close().await;
        let mut conn: SqliteConnection = SqliteConnectOptions::new()
            .filename(folder.path().join("caseload.db"))
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging()
            .connect()
            .await
            .unwrap();
        let (ledger,): (String,) = sqlx::query_as("SELECT ledger FROM cases WHERE n = 1")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        Self { _folder: folder, conn, ledger, done: 0 }
    }

    async fn a_second(&mut self) -> f64 {
        let (start, before) = (Instant::now(), self.done);
        while start.elapsed() < A_TURN {
            self.act().await;
        }
        (self.done - before) as f64 / start.elapsed().as_secs_f64()
    }

    async fn act(&mut self) {
        self.done += 1;
        let text = "The guest was asked for the log files of yesterday evening.";
        let (body, hash) = (vec![b'x'; 1_500], "0123456789abcdef".repeat(4));
        let n = self.done % i64::try_from(CASES).unwrap() + 1;
        let entry = 10_000 + self.done;
        let mut tx = self.conn.begin_with("BEGIN IMMEDIATE").await.unwrap();
        sqlx::query(
            "UPDATE cases SET ledger = $2, updated_at = $3, revision = $3, entries = $3,
               change_seq = $3 WHERE n = $1",
        )
        .bind(n)
        .bind(&self.ledger)
        .bind(entry)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO timeline (case_n, seq, at, actor, actor_name, kind, visibility, text, summary)
             VALUES ($1, $2, $2, 'root', 'root', 'note', 'internal', $3, '')",
        )
        .bind(n)
        .bind(entry)
        .bind(text)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO idempotency (user, key, request_hash, status, body, at)
             VALUES ('root', $1, $2, 200, $3, $4)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(&hash)
        .bind(&body)
        .bind(entry)
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO audit (seq, at, actor, action, case_id, idempotency_key, hash)
             VALUES ($1, $1, 'root', 'note', 'C-10001', $2, $3)",
        )
        .bind(entry)
        .bind(Uuid::now_v7().to_string())
        .bind(&hash)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
}

/// The median of so many rounds, in microseconds.
async fn median<F: Future<Output = ()>>(rounds: usize, mut round: impl FnMut(usize) -> F) -> f64 {
    let mut times = Vec::with_capacity(rounds);
    for n in 0..rounds {
        let start = Instant::now();
        round(n).await;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

/// A live cursor, past everything.
async fn live(service: &Service, actor: &Actor) -> (String, usize) {
    let (mut cursor, mut open) = (None::<String>, 0);
    loop {
        let page = service.changes(actor, cursor.as_deref(), 200, Duration::ZERO).await.unwrap();
        open += page.cases.len();
        cursor = Some(page.cursor);
        if !page.more {
            return (cursor.unwrap(), open);
        }
    }
}

async fn feed() {
    println!("\nThe feed at Service::changes, medians in µs");
    println!("  database    open     role       snapshot page   nothing new   one change");
    for count in [1_000, 100_000] {
        for desk in [Some(Desk::sqlite().await), Desk::postgres().await].into_iter().flatten() {
            let name = if desk.schema.is_some() { "PostgreSQL" } else { "SQLite" };
            let desk = desk.with_cases(count).await;
            let (service, root) = (&desk.service, actor("root", Role::Admin, None));
            for actor in people().into_iter().take(3) {
                let start = Instant::now();
                let (mut cursor, open) = live(service, &actor).await;
                let pages = open.div_ceil(200).max(1);
                let page = start.elapsed().as_secs_f64() * 1e6 / pages as f64;
                let idle = median(300, |_| async {
                    let page =
                        service.changes(&actor, Some(&cursor), 200, Duration::ZERO).await.unwrap();
                    assert!(page.cases.is_empty());
                })
                .await;
                let mut times = Vec::new();
                for n in 0..100 {
                    // One that the few partner sees, so that all but Product Management do.
                    let id = case_id(7 + 1_000 * (n % (count / 1_000)));
                    service.act(&root, &id, Uuid::now_v7(), None, note()).await.unwrap();
                    let start = Instant::now();
                    let page =
                        service.changes(&actor, Some(&cursor), 200, Duration::ZERO).await.unwrap();
                    times.push(start.elapsed().as_secs_f64() * 1e6);
                    assert_eq!(page.cases.len(), usize::from(actor.role != Role::Product));
                    cursor = page.cursor;
                }
                times.sort_by(f64::total_cmp);
                println!(
                    "  {name:<10} {count:>6}     {:<10} {page:>12.0} {idle:>13.0} {:>12.0}",
                    actor.id.as_str(),
                    times[50]
                );
            }
            desk.end().await;
        }
    }
}

async fn search() {
    println!("\nA search among 100,000 cases at Service::search, 50 a page, medians in µs");
    for desk in [Some(Desk::sqlite().await), Desk::postgres().await].into_iter().flatten() {
        let name = if desk.schema.is_some() { "PostgreSQL" } else { "SQLite" };
        let desk = desk.with_cases(100_000).await;
        for (what, query) in [
            ("a word of every case", "connect"),
            ("an id", "c-10777"),
            ("two words, 20 cases", "company 4321 road"),
            ("a word of no case", "nowhere"),
            ("two letters of no case", "qx"),
        ] {
            for (who, actor) in [("all", people()[3].clone()), ("few", people()[0].clone())] {
                let time = median(20, |_| async {
                    desk.service.search(&actor, query, None, 50).await.unwrap();
                })
                .await;
                println!("  {name:<10} {what:<24} scope {who:<5} {time:>10.0}");
            }
        }
        desk.end().await;
    }
}

fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A real `serve` process with as many feeds held open as it lets in, up to 2,000.
async fn waiting() {
    const MOST: usize = 2_000;
    const AN_ADDRESS: usize = 200;
    println!("\nHeld feeds of a real `caseload serve`, a connection each");
    let desk = Desk::sqlite().await.with_cases(1_000).await;
    let engineer = actor("engineer", Role::Engineer, None);
    let (cursor, _) = live(&desk.service, &engineer).await;
    desk.service.close().await;
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_caseload"))
        .args(["serve", "--listen", "127.0.0.1:0", "--json", "--data"])
        .arg(desk.folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said: serde_json::Value =
        serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let address: SocketAddr =
        said["url"].as_str().unwrap().trim_start_matches("http://").parse().unwrap();
    let process = child.id().unwrap();
    let get = |path: &str, token: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: desk\r\nAuthorization: Bearer token-{token}\r\n\r\n")
    };
    // What the first requests take is there for good.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..200 {
        let request =
            client.get(format!("http://{address}/api/v1/changes")).bearer_auth("token-root");
        request.send().await.unwrap().bytes().await.unwrap();
    }
    drop(client);
    let before = resident_kib(process);
    let mut held = Vec::new();
    for n in 0..MOST {
        let from = Ipv4Addr::new(127, 0, 0, u8::try_from(2 + n / AN_ADDRESS).unwrap());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::V4(from), 0)).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let path = format!("/api/v1/changes?wait=30&cursor={cursor}");
        stream.write_all(get(&path, "engineer").as_bytes()).await.unwrap();
        held.push(stream);
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    // Those that it did not let in have been closed.
    let open = held
        .iter()
        .filter(|stream| {
            matches!(stream.try_read(&mut [0; 1]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        })
        .count();
    let after = resident_kib(process);
    println!(
        "  {open} held: {:.1} MiB before, {:.1} MiB with them, {:.1} KiB each",
        before as f64 / 1024.0,
        after as f64 / 1024.0,
        (after - before) as f64 / open.max(1) as f64
    );
    // One change wakes them all.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let start = Instant::now();
    let answer = client
        .post(format!("http://{address}/api/v1/cases/C-10007/actions"))
        .bearer_auth("token-root")
        .header("idempotency-key", Uuid::now_v7().to_string())
        .json(&note())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let mut told = 0;
    for stream in &mut held {
        let mut answer = vec![0; 4_096];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
        let text = String::from_utf8_lossy(&answer);
        if matches!(read, Ok(Ok(n)) if n > 0) && text.contains("\"revision\":2") {
            told += 1;
        }
    }
    println!("  {told} told of one change within {} ms of the act", start.elapsed().as_millis());
    child.kill().await.unwrap();
}

/// What cases take on disk, those of a demo desk with their timelines.
async fn size() {
    println!("\nBytes a case: a demo desk of 20,000 cases");
    let folder = tempfile::tempdir().unwrap();
    let mut places = vec![("SQLite", Place::from(folder.path()), None)];
    if let Some(url) = database_url() {
        let schema = format!("bench_{}", Uuid::new_v4().simple());
        run(&url, format!("CREATE SCHEMA {schema}")).await;
        let place = Place::database(&url).unwrap().with_schema(&schema);
        places.push(("PostgreSQL", place, Some((url, schema))));
    }
    for (name, place, database) in places {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_caseload"));
        command.args(["demo", "--headless", "--still", "--cases", "20000"]);
        match &database {
            None => command.arg("--data").arg(folder.path()),
            Some((url, schema)) => {
                command.arg(format!("--database-url={url}?options=-c%20search_path%3D{schema}"))
            }
        };
        let start = Instant::now();
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        if lines.next_line().await.unwrap().is_none() {
            println!("  {name:<10} not measured: no demo there");
            continue;
        }
        let ready = start.elapsed();
        child.kill().await.unwrap();
        let store = caseload::service::store::Store::open(&place).await.unwrap();
        store.close().await;
        let tables = match &database {
            None => sqlite_sizes(&folder).await,
            Some((url, schema)) => postgres_sizes(url, schema).await,
        };
        let sum: i64 = tables.iter().map(|(_, bytes)| bytes).sum();
        println!("  {name:<10} {:>6} in all, ready in {:.1} s", sum / 20_000, ready.as_secs_f64());
        for (table, bytes) in tables.iter().take(9) {
            println!("    {table:<28} {:>6}", bytes / 20_000);
        }
        if let Some((url, schema)) = database {
            run(&url, format!("DROP SCHEMA {schema} CASCADE")).await;
        }
    }
}

async fn sqlite_sizes(folder: &TempDir) -> Vec<(String, i64)> {
    let file = folder.path().join("caseload.db");
    let bytes = i64::try_from(std::fs::metadata(&file).unwrap().len()).unwrap();
    let mut conn = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    // The bundled SQLite has a table of pages by table; where it has not, the whole is told.
    sqlx::query_as("SELECT name, sum(pgsize) FROM dbstat GROUP BY name ORDER BY 2 DESC")
        .fetch_all(&mut conn)
        .await
        .unwrap_or_else(|_| vec![("the file".to_owned(), bytes)])
}

async fn postgres_sizes(url: &str, schema: &str) -> Vec<(String, i64)> {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_as(
        "SELECT relname::text, pg_relation_size(c.oid) + coalesce(pg_relation_size(c.reltoastrelid), 0)
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'i') ORDER BY 2 DESC",
    )
    .bind(schema)
    .fetch_all(&mut conn)
    .await
    .unwrap()
}
