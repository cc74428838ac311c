//! What the service counts, as Prometheus reads it. Numbers alone: no label has a value that callers choose.
//!
//! Others of the service register their own with [`Metrics::register`].

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use axum::http::Method;
use chrono::{DateTime, Utc};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Service;
use super::problem::Answered;
use crate::domain::{Actor, Case, ClockState, Role};
use crate::wire::MAX_PAGE;

/// The media type of what [`Service::metrics_text`] gives.
pub(super) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The clocks are counted again after this, and after [`COUNTING_SHARE`] times what the last count took: many
/// readers, or a long queue, cost no more.
const COUNTED_FOR: Duration = Duration::from_secs(15);
const COUNTING_SHARE: u32 = 20;
/// Seconds; the last ones are held feed requests.
const DURATIONS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0, 35.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: String,
    method: &'static str,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: String,
    method: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct ClockLabels {
    kind: &'static str,
    tier: &'static str,
    state: &'static str,
}

/// How many clocks of open cases there are, by kind, tier and state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ClockCounts(BTreeMap<ClockLabels, u32>);

impl ClockCounts {
    /// Counts a case's clocks. One that runs past its due time is `overdue`; `met` and `missed` have ended.
    pub(super) fn add(&mut self, case: &Case, now: DateTime<Utc>) {
        for clock in &case.clocks {
            let over = clock.state == ClockState::Running && clock.due_at.is_some_and(|d| d < now);
            let labels = ClockLabels {
                kind: clock.kind.word(),
                tier: clock.tier.word(),
                state: if over { "overdue" } else { clock.state.word() },
            };
            *self.0.entry(labels).or_default() += 1;
        }
    }
}

/// The metrics of one service.
pub struct Metrics {
    registry: RwLock<Registry>,
    requests: Family<Answer, Counter>,
    durations: Family<Asked, Histogram>,
    pub(super) connections: Gauge,
    refused_connections: Counter,
    feed_waiting: Gauge,
    clocks: Family<ClockLabels, Gauge<u32, std::sync::atomic::AtomicU32>>,
    open_cases: Gauge<u64, AtomicU64>,
    /// When the clocks are to be counted again.
    count_again: Mutex<Option<Instant>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: RwLock::new(Registry::with_prefix("caseload")),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            connections: Gauge::default(),
            refused_connections: Counter::default(),
            feed_waiting: Gauge::default(),
            clocks: Family::default(),
            open_cases: Gauge::default(),
            count_again: Mutex::default(),
        };
        metrics.register(|all| {
            all.register("http_requests", "Requests answered", metrics.requests.clone());
            all.register_with_unit(
                "http_request_duration",
                "How long requests took, held feed requests included",
                Unit::Seconds,
                metrics.durations.clone(),
            );
            let text = "Connections open";
            all.register("connections", text, metrics.connections.clone());
            let text = "Connections turned away because there were too many";
            all.register("connections_refused", text, metrics.refused_connections.clone());
            let text = "Feed requests held or being answered";
            all.register("feed_waiting", text, metrics.feed_waiting.clone());
            let text = "Clocks of open cases; overdue: running past the due time";
            all.register("clocks", text, metrics.clocks.clone());
            all.register("open_cases", "Cases that are not closed", metrics.open_cases.clone());
        });
        metrics
    }
}

impl Metrics {
    /// Registers more of them; their names get the prefix `caseload_`.
    pub(crate) fn register(&self, more: impl FnOnce(&mut Registry)) {
        more(&mut self.registry.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts an answer. `route` is the route's pattern, never the path.
    pub(super) fn answered(&self, route: &str, method: &Method, status: u16, took: Duration) {
        let method = method_word(method);
        let asked = Asked { route: route.to_owned(), method };
        self.durations.get_or_create(&asked).observe(took.as_secs_f64());
        let answer = Answer { route: asked.route, method, status: status.into() };
        self.requests.get_or_create(&answer).inc();
    }

    pub(super) fn connection_refused(&self) {
        self.refused_connections.inc();
    }

    /// Puts these counts in the place of those before.
    pub(super) fn put_clocks(&self, cases: u64, counts: &ClockCounts) {
        self.open_cases.set(cases);
        self.clocks.clear();
        for (labels, count) in &counts.0 {
            self.clocks.get_or_create(labels).set(*count);
        }
    }

    fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ =
            text::encode(&mut out, &self.registry.read().unwrap_or_else(PoisonError::into_inner));
        out
    }
}

/// A method as a label: callers may make up others.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Service {
    /// All metrics, in the text form of OpenMetrics.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn metrics_text(&self) -> Answered<String> {
        let metrics = self.metrics();
        {
            // One counts, the others wait for it.
            let mut again = metrics.count_again.lock().await;
            let begun = Instant::now();
            if again.is_none_or(|again| begun >= again) {
                let (cases, counts) = self.clock_counts().await?;
                metrics.put_clocks(cases, &counts);
                let took = begun.elapsed();
                *again = Some(begun + took + COUNTED_FOR.max(took * COUNTING_SHARE));
            }
        }
        self.count_mail().await?;
        metrics.feed_waiting.set(i64::try_from(self.waiting()).unwrap_or(i64::MAX));
        Ok(metrics.text())
    }

    /// Counts the clocks of all open cases, by going through them page by page. The one place to put a
    /// better way into, should the store get one.
    async fn clock_counts(&self) -> Answered<(u64, ClockCounts)> {
        let all =
            Actor { id: "desk".into(), name: "desk".into(), role: Role::Admin, partner: None };
        let mut counts = ClockCounts::default();
        let (mut cases, mut cursor) = (0, None);
        loop {
            let page = self.changes(&all, cursor.as_deref(), MAX_PAGE, Duration::ZERO).await?;
            for case in &page.cases {
                counts.add(case, page.server_time);
                cases += 1;
            }
            if !page.more {
                return Ok((cases, counts));
            }
            cursor = Some(page.cursor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_that_callers_make_up_are_one_label() {
        let metrics = Metrics::default();
        for method in ["GET", "BREW", "X-1", "X-2"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            metrics.answered("/healthz", &method, 405, Duration::from_millis(2));
        }
        let text = metrics.text();
        let line = |start: &str| text.lines().filter(|l| l.starts_with(start)).count();
        assert_eq!(line("caseload_http_requests_total{"), 2, "{text}");
        assert!(text.contains(
            "caseload_http_requests_total{route=\"/healthz\",method=\"other\",status=\"405\"} 3"
        ));
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn others_register_their_own() {
        let metrics = Metrics::default();
        let waiting: Gauge = Gauge::default();
        metrics.register(|all| all.register("mail_waiting", "Mail to be sent", waiting.clone()));
        waiting.set(7);
        assert!(metrics.text().contains("\ncaseload_mail_waiting 7\n"));
    }
}
