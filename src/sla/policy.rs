//! The policy: the matrix of targets, the calendars, and the switches, as written
//! ([`PolicyDocument`]) and as checked and compiled ([`Policy`]).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use utoipa::ToSchema;

use super::budget::{Time, Want};
use super::calendar::{Calendar, CalendarDocument, Fault};
use crate::domain::{ClockKind, PartnerId, Severity, Target, Tier};
use check::Draft;

mod check;
mod written;

const EMBEDDED: &str = include_str!("../../assets/policy.toml");

/// 1 January 2026: from here targets must be reachable within 20 years. Any recent day would do, since
/// holidays are few among 20 years.
const REFERENCE_S: i64 = 1_767_225_600;

/// The policy as it is written in TOML, and as `GET /api/v1/policy` gives it in JSON. In JSON, fields that
/// this version does not know are passed over, so that an older desk understands a newer service; in a
/// file they are errors ([`Policy::from_toml`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyDocument {
    /// Chosen by who writes the policy; every clock remembers it.
    pub version: String,
    /// The calendar of 2nd level, and of partners that have none of their own.
    pub vendor_calendar: String,
    pub matrix: Matrix,
    #[serde(default)]
    pub attention: Attention,
    #[serde(default)]
    pub rules: Rules,
    /// The calendar of each partner.
    #[serde(default)]
    pub partners: BTreeMap<String, String>,
    pub calendars: BTreeMap<String, CalendarDocument>,
    /// Versions that were in force before, under which clocks may still run: a desk reads those on their
    /// own calendars. The service adds them; a file never has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub earlier: Vec<PolicyDocument>,
}

impl PolicyDocument {
    /// What one partner's desk needs of it: calendars that only other partners work by would tell who they
    /// are. `others` are partners whose calendars are no secret.
    #[must_use]
    pub fn for_partner(mut self, partner: &str, others: &[&str]) -> Self {
        self.partners.retain(|id, _| id == partner || others.contains(&id.as_str()));
        let (partners, vendor) = (&self.partners, &self.vendor_calendar);
        self.calendars.retain(|id, _| id == vendor || partners.values().any(|own| own == id));
        self.earlier =
            self.earlier.into_iter().map(|earlier| earlier.for_partner(partner, others)).collect();
        self
    }
}

/// The targets by severity (FAQ: response and resolution targets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Matrix {
    pub critical: Row,
    pub high: Row,
    pub medium: Row,
    pub low: Row,
}

/// The targets of one severity. Product Management has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// Response, by 1st level.
    pub response: Target,
    /// Resolution by 1st level.
    pub first_level: Target,
    /// Resolution by 2nd level.
    pub second_level: Target,
}

/// From when a clock asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Attention {
    pub warning: Threshold,
    pub critical: Threshold,
}

/// Reached when either the share or the time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Threshold {
    /// Share of the target that is left.
    pub percent: u8,
    /// Time that is left, on the clock's own time. An elapsed duration (`60m`).
    pub within: Target,
}

impl Threshold {
    /// The most seconds left, of a budget, at which the threshold is reached.
    #[must_use]
    pub fn seconds(&self, budget_s: i64) -> i64 {
        let share = budget_s.saturating_mul(i64::from(self.percent)).div_euclid(100);
        let within = match self.within {
            Target::Elapsed(s) | Target::BusinessTime(s) => s,
            Target::BusinessDays(_) => 0,
        };
        share.max(within)
    }
}

impl Default for Attention {
    fn default() -> Self {
        Self {
            warning: Threshold { percent: 25, within: Target::Elapsed(3600) },
            critical: Threshold { percent: 10, within: Target::Elapsed(900) },
        }
    }
}

/// The switches: where real desks differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Rules {
    pub business_day: BusinessDayEnd,
    /// Whether resolution clocks pause while information is awaited (domain rule 9).
    pub waiting_pauses: bool,
    pub handed_back: Again,
    pub escalated_again: Again,
    pub reopened: Reopened,
    pub policy_change: PolicyChange,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            business_day: BusinessDayEnd::SameTime,
            waiting_pauses: true,
            handed_back: Again::Resume,
            escalated_again: Again::Resume,
            reopened: Reopened::Pause,
            policy_change: PolicyChange::Keep,
        }
    }
}

/// Where a business-day target ends on its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BusinessDayEnd {
    SameTime,
    EndOfDay,
}

/// What a tier's clock does when the tier gets the case again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// It goes on with what it had left.
    Resume,
    /// A new clock starts with the whole target.
    Restart,
}

/// What the time between closing and reopening does (domain rule 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reopened {
    /// It does not count.
    Pause,
    /// It counts.
    Count,
    /// A new clock starts with the whole target.
    Restart,
}

/// What a changed policy does to clocks that run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyChange {
    /// They keep the policy under which they started.
    Keep,
    /// They take the new targets, from their original start.
    Apply,
}

/// The policy, checked and compiled. Cheap to clone and to share.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy(Arc<Compiled>);

#[derive(Debug, PartialEq)]
struct Compiled {
    document: PolicyDocument,
    calendars: BTreeMap<String, Calendar>,
    /// By version.
    earlier: BTreeMap<String, Policy>,
}

/// One thing that was found in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// From 1.
    pub line: usize,
    /// `calendars.vendor.weekly.mon[0]`; empty where the file is not TOML.
    pub key: String,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.line, self.message),
            key => write!(f, "{}: {key}: {}", self.line, self.message),
        }
    }
}

/// What is wrong in a policy: where, what, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(pub String);

impl Policy {
    /// The default policy, from `assets/policy.toml`.
    #[must_use]
    #[allow(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "a test compiles this very text"
    )]
    pub fn embedded() -> Self {
        static POLICY: std::sync::OnceLock<Policy> = std::sync::OnceLock::new();
        POLICY
            .get_or_init(|| Self::from_toml("policy.toml", EMBEDDED).expect("the default policy"))
            .clone()
    }

    /// The text of the default policy, to start one's own from.
    #[must_use]
    pub const fn embedded_toml() -> &'static str {
        EMBEDDED
    }

    /// A policy from TOML; `name` is the file's name for errors.
    ///
    /// # Errors
    /// Everything that is wrong, a line each, with file, line, key, and what is allowed.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, PolicyError> {
        Self::check_toml(text).map_err(|findings| {
            let lines: Vec<String> = findings.iter().map(|f| format!("{name}:{f}")).collect();
            PolicyError(lines.join("\n"))
        })
    }

    /// As [`Policy::from_toml`], with what is wrong as a list in the order of the lines.
    ///
    /// # Errors
    /// Everything that is wrong; never an empty list.
    pub fn check_toml(text: &str) -> Result<Self, Vec<Finding>> {
        let (table, broken) = DeTable::parse_recoverable(text);
        if !broken.is_empty() {
            // What can be read of such a file is no ground to judge the rest.
            let mut findings: Vec<Finding> = broken
                .iter()
                .map(|error| Finding {
                    line: line_of(text, error.span().map_or(0, |span| span.start)),
                    key: String::new(),
                    message: error.message().trim_end().replace('\n', "; "),
                })
                .collect();
            findings.sort_by_key(|f| f.line);
            return Err(findings);
        }
        let table = table.get_ref();
        let (draft, faults) = written::read(text, table);
        match draft.examine(faults) {
            Ok(compiled) => Ok(Self(Arc::new(compiled))),
            Err(faults) => Err(located(text, table, &faults)),
        }
    }

    /// What is allowed but seldom meant in the policy of a file, in the order of the lines.
    #[must_use]
    pub fn remarks(&self, text: &str) -> Vec<Finding> {
        let Ok(table) = DeTable::parse(text) else { return Vec::new() };
        located(text, table.get_ref(), &self.0.remarks())
    }

    /// # Errors
    /// Whatever is wrong, a line each, with its key, and what is allowed.
    pub fn compile(document: &PolicyDocument) -> Result<Self, PolicyError> {
        let alone = |document: &PolicyDocument| {
            Draft::from(document).examine(Vec::new()).map_err(|faults| {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                PolicyError(lines.join("\n"))
            })
        };
        let policy = Self(Arc::new(alone(document)?));
        let earlier: Result<Vec<Self>, PolicyError> = document
            .earlier
            .iter()
            .map(|earlier| match alone(earlier) {
                Ok(compiled) => Ok(Self(Arc::new(compiled))),
                Err(PolicyError(why)) => {
                    Err(PolicyError(format!("version \"{}\": {why}", earlier.version)))
                }
            })
            .collect();
        Ok(policy.with_earlier(earlier?))
    }

    /// The same policy, knowing the versions that were in force before it. One of its own version is left
    /// out.
    #[must_use]
    pub fn with_earlier(&self, earlier: Vec<Self>) -> Self {
        let mut document = self.0.document.clone();
        document.earlier.clear();
        let earlier: BTreeMap<String, Self> = earlier
            .into_iter()
            .filter(|policy| policy.version() != self.version())
            .map(|policy| (policy.version().to_owned(), policy))
            .collect();
        document.earlier = earlier.values().map(|policy| policy.0.document.clone()).collect();
        Self(Arc::new(Compiled { document, calendars: self.0.calendars.clone(), earlier }))
    }

    /// The policy of that version, by which a clock of it runs on: one that was in force before, or this
    /// one. This one stands in for a version that nobody knows.
    #[must_use]
    pub fn under(&self, version: &str) -> &Self {
        self.0.earlier.get(version).unwrap_or(self)
    }

    /// Whether the two say the same, whatever was in force before them.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let alone = |policy: &Self| {
            let document = policy.document();
            PolicyDocument { earlier: Vec::new(), ..document }
        };
        alone(self) == alone(other)
    }

    /// Whether it is of that version or knows it as an earlier one.
    #[must_use]
    pub fn knows(&self, version: &str) -> bool {
        version == self.version() || self.0.earlier.contains_key(version)
    }

    #[must_use]
    pub fn document(&self) -> PolicyDocument {
        self.0.document.clone()
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.document.version
    }

    #[must_use]
    pub fn rules(&self) -> Rules {
        self.0.document.rules
    }

    #[must_use]
    pub fn attention(&self) -> Attention {
        self.0.document.attention
    }

    #[must_use]
    pub fn row(&self, severity: Severity) -> Row {
        let matrix = &self.0.document.matrix;
        match severity {
            Severity::Critical => matrix.critical,
            Severity::High => matrix.high,
            Severity::Medium => matrix.medium,
            Severity::Low => matrix.low,
        }
    }

    /// The target of a row of the matrix; None where the tier has none (Product Management; response
    /// is 1st level's alone).
    #[must_use]
    pub fn target(&self, severity: Severity, kind: ClockKind, tier: Tier) -> Option<Target> {
        let row = self.row(severity);
        match (kind, tier) {
            (ClockKind::Response, Tier::First) => Some(row.response),
            (ClockKind::Resolution, Tier::First) => Some(row.first_level),
            (ClockKind::Resolution, Tier::Second) => Some(row.second_level),
            (ClockKind::Response, Tier::Second | Tier::Product)
            | (ClockKind::Resolution, Tier::Product) => None,
        }
    }

    /// The id of the calendar on which that tier's clocks run: the partner's, or the vendor's.
    #[must_use]
    pub fn calendar_id(&self, tier: Tier, partner: &PartnerId) -> &str {
        let document = &self.0.document;
        match tier {
            Tier::First => {
                document.partners.get(partner.as_str()).unwrap_or(&document.vendor_calendar)
            }
            Tier::Second | Tier::Product => &document.vendor_calendar,
        }
    }

    #[must_use]
    pub fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.0.calendars.get(id)
    }

    /// How time passes for a target: on the calendar of that id, or around the clock, which is also
    /// the answer for a calendar that the policy does not have.
    pub(super) fn time(&self, target: Target, calendar: &str) -> Time<'_> {
        time_of(target, self.calendar(calendar))
    }

    pub(super) fn want(&self, target: Target) -> Want {
        want_of(target, self.rules().business_day)
    }
}

fn want_of(target: Target, end: BusinessDayEnd) -> Want {
    match (target, end) {
        (Target::Elapsed(s) | Target::BusinessTime(s), _) => Want::Seconds(s),
        (Target::BusinessDays(n), BusinessDayEnd::SameTime) => Want::Days(n),
        (Target::BusinessDays(n), BusinessDayEnd::EndOfDay) => Want::DaysToClosing(n),
    }
}

fn time_of(target: Target, calendar: Option<&Calendar>) -> Time<'_> {
    match (target, calendar) {
        (Target::Elapsed(_), _) | (_, None) => Time::Elapsed,
        (_, Some(calendar)) => Time::Open(calendar),
    }
}

/// The faults with their lines, in the order of the file.
fn located(text: &str, table: &DeTable<'_>, faults: &[Fault]) -> Vec<Finding> {
    let mut found: Vec<(usize, Finding)> = faults
        .iter()
        .map(|fault| {
            let start = start_of(table, &fault.path);
            let line = line_of(text, start);
            (start, Finding { line, key: fault.key(), message: fault.message.clone() })
        })
        .collect();
    found.sort_by_key(|(start, _)| *start);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// The line, from 1, in which a byte of the text stands.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() + 1
}

/// Where the value at a path stands, or the innermost table around it that does.
fn start_of(table: &DeTable<'_>, path: &[String]) -> usize {
    let mut start = 0;
    let mut parts = path.iter();
    let Some(mut value) = parts.next().and_then(|key| entry(table, key, &mut start)) else {
        return start;
    };
    for part in parts {
        let inner = match value.get_ref() {
            DeValue::Table(table) => entry(table, part, &mut start),
            DeValue::Array(list) => part.parse().ok().and_then(|i: usize| {
                let item: &Spanned<DeValue> = list.get(i)?;
                start = item.span().start;
                Some(item)
            }),
            _ => None,
        };
        let Some(inner) = inner else { break };
        value = inner;
    }
    start
}

fn entry<'t, 'i>(
    table: &'t DeTable<'i>,
    key: &str,
    start: &mut usize,
) -> Option<&'t Spanned<DeValue<'i>>> {
    let (key, value) = table.iter().find(|(k, _)| k.get_ref() == key)?;
    *start = key.span().start;
    Some(value)
}

#[cfg(test)]
mod tests;
