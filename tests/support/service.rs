//! A case service on loopback with a few people and licences, and a plain HTTP client for each of them. In
//! test programs whose name ends in `_postgres` its desk is in a PostgreSQL database, else in a folder.

#![allow(dead_code, unused_macros, reason = "each test program uses its part of it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use caseload::clock::ManualClock;
use caseload::domain::{CaseId, PartnerId, Role, UserId};
use caseload::service::mail::MailSettings;
use caseload::service::store::Place;
use caseload::service::store::seed::{
    Seed, SeedCorrection, SeedLicence, SeedPartner, SeedToken, SeedUser,
};
use caseload::service::{Edge, Service};
use caseload::sla::policy::Policy;
use chrono::{DateTime, Utc};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Nothing here takes longer unless something hangs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The desk's people; the token of each is the word "token-" and the name.
pub const PEOPLE: [(&str, Role, Option<&str>); 8] = [
    ("ann", Role::Partner, Some("nordwind")),
    ("abe", Role::Partner, Some("nordwind")),
    ("bob", Role::Partner, Some("southsea")),
    ("dora", Role::Partner, Some("direct")),
    ("eve", Role::Engineer, None),
    ("pia", Role::Product, None),
    ("olaf", Role::Oncall, None),
    ("root", Role::Admin, None),
];

/// The URL of the PostgreSQL that tests may fill; `tests/support/postgres.sh` starts one.
const DATABASE_URL: &str = "CASELOAD_TEST_DATABASE_URL";

/// A new desk, or the end of the test where there is no database for it.
macro_rules! desk {
    () => {
        match support::Desk::start().await {
            Some(desk) => desk,
            None => return,
        }
    };
}

/// A place for a new desk: None where the database is missing, which is said.
pub async fn new_place(dir: &TempDir) -> Option<Place> {
    if !env!("CARGO_CRATE_NAME").ends_with("_postgres") {
        return Some(Place::from(dir.path()));
    }
    let Ok(url) = std::env::var(DATABASE_URL) else {
        // Past the capture of the test's own output.
        let said = b"skipped: no PostgreSQL; CONTRIBUTING.md says how to start one for the tests\n";
        std::io::Write::write_all(&mut std::io::stderr(), said).unwrap();
        return None;
    };
    let schema = format!("desk_{}", Uuid::new_v4().simple());
    let mut conn = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(create).execute(&mut conn).await.unwrap();
    Some(Place::database(&url).unwrap().with_schema(&schema))
}

pub struct Desk {
    pub place: Place,
    /// For files; the desk itself is here if it is in a folder.
    pub dir: TempDir,
    pub clock: Arc<ManualClock>,
    pub service: Service,
    mail: Option<MailSettings>,
    pub address: SocketAddr,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinSet<()>,
}

pub fn start_of_time() -> DateTime<Utc> {
    "2026-11-24T10:00:00Z".parse().unwrap()
}

fn seed() -> Seed {
    let partner = |id: &str, name: &str| SeedPartner { id: id.into(), name: name.to_owned() };
    let licence = |key: &str, partner: &str, company: &str, eligible| SeedLicence {
        key: key.to_owned(),
        partner: partner.into(),
        company: company.to_owned(),
        eligible,
        addresses: vec!["ida@fjord.example".to_owned()],
    };
    Seed {
        partners: vec![
            partner("nordwind", "Nordwind Support"),
            partner("southsea", "Southsea Systems"),
        ],
        users: PEOPLE
            .iter()
            .map(|(id, role, partner)| SeedUser {
                id: UserId::from(*id),
                name: id.to_uppercase(),
                role: *role,
                partner: partner.map(PartnerId::from),
            })
            .collect(),
        tokens: PEOPLE
            .iter()
            .map(|(id, ..)| SeedToken {
                user: UserId::from(*id),
                token: format!("token-{id}"),
                label: "test".to_owned(),
            })
            .collect(),
        licences: vec![
            licence("NW-1111-AAAA", "nordwind", "Fjord Logistics", true),
            licence("NW-2222-BBBB", "nordwind", "Lapsed Ltd", false),
            licence("SS-3333-CCCC", "southsea", "Reef Foods", true),
            licence("DI-4444-DDDD", "direct", "Straight Inc", true),
        ],
        corrections: vec![SeedCorrection {
            id: "K-7".into(),
            title: "Guests are locked out".to_owned(),
            release_plan: Some("hot_fix".to_owned()),
            status: "planned".to_owned(),
            note: None,
            updated_at: start_of_time(),
        }],
        cases: Vec::new(),
    }
}

async fn open(place: &Place, clock: &Arc<ManualClock>, mail: Option<MailSettings>) -> Service {
    let policy = Arc::new(Policy::embedded());
    Service::open_with_mail(place.clone(), policy, clock.clone(), mail).await.unwrap()
}

impl Desk {
    pub async fn start() -> Option<Self> {
        Self::start_with(Edge::default(), None).await
    }

    pub async fn start_at(edge: Edge) -> Option<Self> {
        Self::start_with(edge, None).await
    }

    /// With a mail server; what is due is sent by [`Service::send_due_mail`] alone.
    pub async fn start_with_mail(mail: MailSettings) -> Option<Self> {
        Self::start_with(Edge::default(), Some(mail)).await
    }

    async fn start_with(edge: Edge, mail: Option<MailSettings>) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let place = new_place(&dir).await?;
        let clock = Arc::new(ManualClock::at(start_of_time()));
        let service = open(&place, &clock, mail.clone()).await;
        service.store().seed(&seed()).await.unwrap();
        Some(Self::serve(place, dir, clock, service, edge, mail).await)
    }

    pub async fn serve(
        place: Place,
        dir: TempDir,
        clock: Arc<ManualClock>,
        service: Service,
        edge: Edge,
        mail: Option<MailSettings>,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut serving = JoinSet::new();
        let served = service.clone();
        serving.spawn(async move {
            // Dropping the sender ends it as well.
            caseload::service::serve_at(listener, served, edge, async {
                let _ = stopped.await;
            })
            .await;
        });
        // Another test of this process may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self { place, dir, clock, service, mail, address, client, stop: Some(stop), serving }
    }

    /// Tells the service to end; what is under way is answered.
    pub fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until the service has ended.
    pub async fn ended(&mut self) {
        tokio::time::timeout(PATIENCE, self.serving.join_next()).await.unwrap().unwrap().unwrap();
    }

    /// The same data folder under a new service.
    pub async fn restart(mut self) -> Self {
        self.stop();
        self.ended().await;
        self.service.close().await;
        let Self { place, dir, clock, service, mail, .. } = self;
        drop(service);
        let service = open(&place, &clock, mail.clone()).await;
        Self::serve(place, dir, clock, service, Edge::default(), mail).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn get(&self, who: &str, path: &str) -> RequestBuilder {
        self.client.get(self.url(path)).bearer_auth(format!("token-{who}"))
    }

    pub fn post(&self, who: &str, path: &str) -> RequestBuilder {
        self.client.post(self.url(path)).bearer_auth(format!("token-{who}"))
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    pub async fn get_json(&self, who: &str, path: &str) -> Value {
        expect(self.get(who, path).send().await.unwrap(), 200).await
    }

    /// A report with the usual fields, and those given on top (null removes one).
    pub fn report(&self, who: &str, fields: &Value) -> RequestBuilder {
        let mut report = json!({
            "subject": "Guest cannot connect after update",
            "description": "Since this morning.",
            "environment": "production",
            "licence_key": "NW-1111-AAAA",
            "contact": "Ida Holm",
            "email": "ida@fjord.example",
        });
        for (name, value) in fields.as_object().unwrap() {
            if value.is_null() {
                report.as_object_mut().unwrap().remove(name);
            } else {
                report[name] = value.clone();
            }
        }
        self.post(who, "/api/v1/cases").json(&report)
    }

    /// A new case's id.
    pub async fn reported(&self, fields: Value) -> String {
        let answer = expect(self.report("root", &fields).send().await.unwrap(), 201).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    /// An action with a key of its own.
    pub fn act(&self, who: &str, case: &str, action: &Value) -> RequestBuilder {
        self.act_with(who, case, Uuid::new_v4(), action)
    }

    pub fn act_with(&self, who: &str, case: &str, key: Uuid, action: &Value) -> RequestBuilder {
        self.post(who, &format!("/api/v1/cases/{case}/actions"))
            .header("idempotency-key", key.to_string())
            .json(action)
    }

    /// An action that is done.
    pub async fn done(&self, who: &str, case: &str, action: Value) -> Value {
        expect(self.act(who, case, &action).send().await.unwrap(), 200).await
    }

    /// An action that is refused, with the code of the problem.
    pub async fn refused(&self, who: &str, case: &str, action: Value, status: u16) -> Value {
        problem(self.act(who, case, &action).send().await.unwrap(), status).await
    }

    /// The ids in the open cases of somebody's snapshot, and the live cursor.
    pub async fn snapshot(&self, who: &str) -> (Vec<String>, String) {
        let mut ids = Vec::new();
        let mut path = "/api/v1/changes".to_owned();
        loop {
            let feed = self.get_json(who, &path).await;
            ids.extend(ids_of(&feed));
            let cursor = feed["cursor"].as_str().unwrap().to_owned();
            if feed["more"] == false {
                return (ids, cursor);
            }
            path = format!("/api/v1/changes?cursor={cursor}");
        }
    }

    pub fn case_id(id: &str) -> CaseId {
        CaseId::from(id)
    }
}

pub fn ids_of(feed: &Value) -> Vec<String> {
    feed["cases"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect()
}

/// The JSON of an answer with that status.
pub async fn expect(response: Response, status: u16) -> Value {
    let got = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// A problem with that status, checked for its shape.
pub async fn problem(response: Response, status: u16) -> Value {
    let media_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(media_type, "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let problem = expect(response, status).await;
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status);
    for text in ["title", "code", "detail"] {
        assert!(problem[text].as_str().is_some_and(|t| !t.is_empty()), "{text} in {problem}");
    }
    problem
}
