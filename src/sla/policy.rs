//! The policy: the matrix of targets, the calendars, and the switches, as written
//! ([`PolicyDocument`]) and as checked and compiled ([`Policy`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::budget::{Time, Want};
use super::calendar::{Calendar, CalendarDocument, Fault, cut};
use crate::domain::{ClockKind, PartnerId, Severity, Target, Tier};

const EMBEDDED: &str = include_str!("../../assets/policy.toml");

/// 1 January 2026: from here targets must be reachable within 20 years. Any recent day would do, since
/// holidays are few among 20 years.
const REFERENCE_S: i64 = 1_767_225_600;

/// The policy as it is written in TOML, and as `GET /api/v1/policy` gives it in JSON. In JSON, fields that
/// this version does not know are passed over, so that an older desk understands a newer service; in a
/// file they are errors ([`Policy::from_toml`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// The targets by severity (FAQ: response and resolution targets).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matrix {
    pub critical: Row,
    pub high: Row,
    pub medium: Row,
    pub low: Row,
}

/// The targets of one severity. Product Management has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Response, by 1st level.
    pub response: Target,
    /// Resolution by 1st level.
    pub first_level: Target,
    /// Resolution by 2nd level.
    pub second_level: Target,
}

/// From when a clock asks for attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attention {
    pub warning: Threshold,
    pub critical: Threshold,
}

/// Reached when either the share or the time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BusinessDayEnd {
    SameTime,
    EndOfDay,
}

/// What a tier's clock does when the tier gets the case again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Again {
    /// It goes on with what it had left.
    Resume,
    /// A new clock starts with the whole target.
    Restart,
}

/// What the time between closing and reopening does (domain rule 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whatever is wrong, with file, line, key, and what is allowed.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, PolicyError> {
        let at = |fault: &Fault| {
            let line = line_of(text, start_of(text, &fault.path));
            PolicyError(format!("{name}:{line}: {fault}"))
        };
        if let Some(fault) = DeTable::parse(text).ok().and_then(|t| unknown_key(t.get_ref(), &[])) {
            return Err(at(&fault));
        }
        let document: PolicyDocument = toml::from_str(text).map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            let key = key_at(text, &at).map_or_else(String::new, |key| format!("{key}: "));
            let what = error.message().trim_end();
            PolicyError(format!("{name}:{}: {key}{what}", line_of(text, at.start)))
        })?;
        Self::checked(&document).map_err(|fault| at(&fault))
    }

    /// # Errors
    /// Whatever is wrong, with its key, and what is allowed.
    pub fn compile(document: &PolicyDocument) -> Result<Self, PolicyError> {
        Self::checked(document).map_err(|fault| PolicyError(fault.to_string()))
    }

    fn checked(document: &PolicyDocument) -> Result<Self, Fault> {
        if document.version.trim().is_empty() || document.version.len() > 64 {
            return Err(Fault::new(&["version"], "must have 1 to 64 characters"));
        }
        let mut calendars = BTreeMap::new();
        for (id, written) in &document.calendars {
            let compiled = Calendar::compile(written)
                .map_err(|fault| fault.under(&["calendars", id.as_str()]))?;
            if compiled.open_from(REFERENCE_S).is_none() {
                let what = "never opens; give at least one weekday an interval";
                return Err(Fault::new(&["calendars", id, "weekly"], what));
            }
            calendars.insert(id.clone(), compiled);
        }
        let known = |path: &[&str], id: &String| {
            if calendars.contains_key(id) {
                return Ok(());
            }
            let allowed: Vec<&str> = calendars.keys().map(String::as_str).collect();
            let message = format!(
                "there is no calendar \"{}\"; allowed: {}",
                cut(id),
                if allowed.is_empty() { "none is written".to_owned() } else { allowed.join(", ") }
            );
            Err(Fault::new(path, message))
        };
        known(&["vendor_calendar"], &document.vendor_calendar)?;
        for (partner, id) in &document.partners {
            known(&["partners", partner], id)?;
        }
        for (word, threshold) in
            [("warning", document.attention.warning), ("critical", document.attention.critical)]
        {
            if threshold.percent > 100 {
                let what = format!("{} is not a share; allowed: 0 to 100", threshold.percent);
                return Err(Fault::new(&["attention", word, "percent"], what));
            }
            if !matches!(threshold.within, Target::Elapsed(_)) {
                let what = format!("\"{}\" is not a time; allowed: 60m, 1h", threshold.within);
                return Err(Fault::new(&["attention", word, "within"], what));
            }
        }
        let policy = Self(Arc::new(Compiled { document: document.clone(), calendars }));
        policy.targets_are_reachable()?;
        Ok(policy)
    }

    /// Every target ends within 20 years on every calendar that it may run on.
    fn targets_are_reachable(&self) -> Result<(), Fault> {
        for &severity in Severity::ALL {
            let row = self.row(severity);
            let tiers = [
                ("response", row.response, Tier::First),
                ("first_level", row.first_level, Tier::First),
                ("second_level", row.second_level, Tier::Second),
            ];
            for (key, target, tier) in tiers {
                for (id, calendar) in &self.0.calendars {
                    if tier == Tier::Second && *id != self.0.document.vendor_calendar {
                        continue;
                    }
                    let course =
                        time_of(target, Some(calendar)).begin(REFERENCE_S, self.want(target));
                    if course.and_then(|c| c.nominal).is_none() {
                        let message = format!(
                            "{target} cannot be reached within 20 years on the calendar \"{id}\""
                        );
                        return Err(Fault::new(&["matrix", severity.word(), key], message));
                    }
                }
            }
        }
        Ok(())
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
        match (target, self.rules().business_day) {
            (Target::Elapsed(s) | Target::BusinessTime(s), _) => Want::Seconds(s),
            (Target::BusinessDays(n), BusinessDayEnd::SameTime) => Want::Days(n),
            (Target::BusinessDays(n), BusinessDayEnd::EndOfDay) => Want::DaysToClosing(n),
        }
    }
}

fn time_of(target: Target, calendar: Option<&Calendar>) -> Time<'_> {
    match (target, calendar) {
        (Target::Elapsed(_), _) | (_, None) => Time::Elapsed,
        (_, Some(calendar)) => Time::Open(calendar),
    }
}

/// The keys that a table of the policy may have; None where they are free (ids, days, dates).
fn keys_of(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match *path {
        [] => {
            &["version", "vendor_calendar", "matrix", "attention", "rules", "partners", "calendars"]
        }
        ["matrix"] => &["critical", "high", "medium", "low"],
        ["matrix", _] => &["response", "first_level", "second_level"],
        ["attention"] => &["warning", "critical"],
        ["attention", _] => &["percent", "within"],
        ["rules"] => &[
            "business_day",
            "waiting_pauses",
            "handed_back",
            "escalated_again",
            "reopened",
            "policy_change",
        ],
        ["calendars", _] => CalendarDocument::KEYS,
        _ => return None,
    })
}

/// The first key of a file that the policy does not know.
fn unknown_key(table: &DeTable, path: &[&str]) -> Option<Fault> {
    let known = keys_of(path);
    table.iter().find_map(|(key, value)| {
        let mut inner = path.to_vec();
        inner.push(key.get_ref());
        match known {
            Some(known) if !known.contains(&key.get_ref().as_ref()) => {
                let message = format!("is not a key of the policy; allowed: {}", known.join(", "));
                Some(Fault::new(&inner, message))
            }
            _ => value.get_ref().as_table().and_then(|table| unknown_key(table, &inner)),
        }
    })
}

/// The line, from 1, in which a byte of the text stands.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&b| b == b'\n').count() + 1
}

/// Where the value at a path stands, or the innermost table around it that does.
fn start_of(text: &str, path: &[String]) -> usize {
    let Ok(table) = DeTable::parse(text) else { return 0 };
    let mut start = 0;
    let mut parts = path.iter();
    let Some(mut value) = parts.next().and_then(|key| entry(table.get_ref(), key, &mut start))
    else {
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

/// The key of the innermost value that holds a stretch of the text.
fn key_at(text: &str, at: &Range<usize>) -> Option<String> {
    fn within(table: &DeTable<'_>, at: &Range<usize>, key: &mut String) {
        let holds = |span: Range<usize>| span.start <= at.start && at.start < span.end;
        // The header of a table counts as the table only where nothing inside holds the place.
        for (name, value) in table {
            if holds(value.span()) || holds(name.span()) || inside(value.get_ref(), at) {
                if !key.is_empty() {
                    key.push('.');
                }
                key.push_str(&cut(name.get_ref()));
                follow(value.get_ref(), at, key);
                return;
            }
        }
    }
    fn follow(value: &DeValue, at: &Range<usize>, key: &mut String) {
        match value {
            DeValue::Table(table) => within(table, at, key),
            DeValue::Array(list) => {
                for (i, item) in list.iter().enumerate() {
                    if item.span().start <= at.start && at.start < item.span().end {
                        let _ = write!(key, "[{i}]");
                        follow(item.get_ref(), at, key);
                        return;
                    }
                }
            }
            _ => {}
        }
    }
    fn inside(value: &DeValue, at: &Range<usize>) -> bool {
        let DeValue::Table(table) = value else { return false };
        table.iter().any(|(name, value)| {
            let holds = |span: Range<usize>| span.start <= at.start && at.start < span.end;
            holds(name.span()) || holds(value.span()) || inside(value.get_ref(), at)
        })
    }
    let table = DeTable::parse(text).ok()?;
    let mut key = String::new();
    within(table.get_ref(), at, &mut key);
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_the_matrix_of_the_faq() {
        let policy = Policy::embedded();
        let row = |severity| {
            let t = |kind, tier| policy.target(severity, kind, tier).unwrap().to_string();
            [
                t(ClockKind::Response, Tier::First),
                t(ClockKind::Resolution, Tier::First),
                t(ClockKind::Resolution, Tier::Second),
            ]
        };
        assert_eq!(row(Severity::Critical), ["2h", "5bd", "20bd"]);
        assert_eq!(row(Severity::High), ["4h", "10bd", "30bd"]);
        assert_eq!(row(Severity::Medium), ["1bd", "15bd", "60bd"]);
        assert_eq!(row(Severity::Low), ["1bd", "20bd", "90bd"]);
        for &severity in Severity::ALL {
            assert_eq!(policy.target(severity, ClockKind::Resolution, Tier::Product), None);
            assert_eq!(policy.target(severity, ClockKind::Response, Tier::Second), None);
        }
        assert_eq!(policy.attention(), Attention::default());
        assert_eq!(policy.rules(), Rules::default());
    }

    #[test]
    fn a_partner_has_its_own_calendar_and_everybody_else_the_vendors() {
        let policy = Policy::embedded();
        for (partner, first) in [
            ("nordwind", "nordwind"),
            ("sakura", "sakura"),
            ("direct", "vendor"),
            ("new", "vendor"),
        ] {
            assert_eq!(policy.calendar_id(Tier::First, &partner.into()), first);
            assert_eq!(policy.calendar_id(Tier::Second, &partner.into()), "vendor");
        }
        assert!(policy.calendar("summit").is_some());
        assert!(policy.calendar("moon").is_none());
    }

    #[test]
    fn a_policy_survives_json_and_toml() {
        let policy = Policy::embedded();
        let document = policy.document();
        let json = serde_json::to_string(&document).unwrap();
        let back: PolicyDocument = serde_json::from_str(&json).unwrap();
        assert_eq!(back, document);
        let text = toml::to_string(&document).unwrap();
        assert_eq!(Policy::from_toml("again.toml", &text).unwrap(), policy);
        assert_eq!(Policy::compile(&back).unwrap(), policy);
    }

    /// The default policy with one line replaced, and the error that this makes.
    fn broken(line: &str, by: &str) -> String {
        assert_eq!(EMBEDDED.matches(line).count(), 1, "{line}");
        let text = EMBEDDED.replacen(line, by, 1);
        let error = Policy::from_toml("mine.toml", &text).expect_err(by).to_string();
        let at = text.lines().position(|l| l.contains(by)).map_or(0, |i| i + 1);
        error.replace(&format!("mine.toml:{at}: "), "HERE ")
    }

    #[test]
    fn an_error_names_file_line_key_what_is_wrong_and_what_is_allowed() {
        let cases = [
            (
                "tz = \"Asia/Tokyo\"",
                "tz = \"Asia/Tokio\"",
                "HERE calendars.sakura.tz: \"Asia/Tokio\" is not a known time zone; allowed: IANA \
                 names such as Europe/Copenhagen, America/New_York, Etc/UTC",
            ),
            (
                "fri = [[\"08:00\", \"15:00\"]]",
                "fri = [[\"08:00\", \"25:00\"]]",
                "HERE calendars.nordwind.weekly.fri[0]: \"25:00\" is not a time of day; allowed: \
                 00:00 to 24:00",
            ),
            (
                "fri = [[\"08:00\", \"15:00\"]]",
                "fri = [[\"08:00\", \"08:00\"]]",
                "HERE calendars.nordwind.weekly.fri[0]: the interval 08:00-08:00 is empty; a whole \
                 day is 00:00-24:00, an end before the start is on the next day",
            ),
            (
                "fri = [[\"08:00\", \"15:00\"]]",
                "friday = [[\"08:00\", \"15:00\"]]",
                "HERE calendars.nordwind.weekly.friday: \"friday\" is not a weekday; allowed: mon, \
                 tue, wed, thu, fri, sat, sun",
            ),
            (
                "\"2026-12-25\", # 1. Weihnachtstag",
                "\"2026-04-06\", # twice",
                "HERE calendars.nordwind.holidays[8]: 2026-04-06 is given twice",
            ),
            (
                "\"2026-12-25\", # 1. Weihnachtstag",
                "\"2026-02-30\", # no such day",
                "HERE calendars.nordwind.holidays[8]: \"2026-02-30\" is not a date; write it as \
                 2026-12-25",
            ),
            (
                "nordwind = \"nordwind\"",
                "nordwind = \"hamburg\"",
                "HERE partners.nordwind: there is no calendar \"hamburg\"; allowed: nordwind, \
                 sakura, summit, vendor",
            ),
            (
                "high = { response = \"4h\",",
                "high = { response = \"4x\",",
                "HERE matrix.high.response: \"4x\" is not a target; write 2h or 45m (elapsed), 4bh \
                 (open hours) or 1bd (business days)",
            ),
            (
                "second_level = \"90bd\"",
                "second_level = \"90000bd\"",
                "HERE matrix.low.second_level: 90000bd cannot be reached within 20 years on the \
                 calendar \"vendor\"",
            ),
            (
                "warning = { percent = 25, within = \"60m\" }",
                "warning = { percent = 101, within = \"60m\" }",
                "HERE attention.warning.percent: 101 is not a share; allowed: 0 to 100",
            ),
            (
                "handed_back = \"resume\"",
                "handed_back = \"again\"",
                "HERE rules.handed_back: unknown variant `again`, expected `resume` or `restart`",
            ),
            (
                "waiting_pauses = true",
                "waiting_pauses = \"yes\"",
                "HERE rules.waiting_pauses: invalid type: string \"yes\", expected a boolean",
            ),
            (
                "version = \"2026-11\"",
                "version = \"\"",
                "HERE version: must have 1 to 64 characters",
            ),
        ];
        for (line, by, error) in cases {
            assert_eq!(broken(line, by), error);
        }
    }

    #[test]
    fn keys_that_do_not_exist_are_refused_and_the_right_ones_named() {
        assert_eq!(
            broken("waiting_pauses = true", "waiting_pause = true"),
            "HERE rules.waiting_pause: is not a key of the policy; allowed: business_day, \
             waiting_pauses, handed_back, escalated_again, reopened, policy_change"
        );
        assert_eq!(
            broken("tz = \"Asia/Tokyo\"", "timezone = \"Asia/Tokyo\""),
            "HERE calendars.sakura.timezone: is not a key of the policy; allowed: name, tz, weekly, \
             holidays, special"
        );
        assert_eq!(
            broken("medium = { response", "middle = { response"),
            "HERE matrix.middle: is not a key of the policy; allowed: critical, high, medium, low"
        );
        assert!(
            broken("version = \"2026-11\"", "# no version").contains("missing field `version`")
        );
        assert!(broken("version = \"2026-11\"", "version = 2026 11").starts_with("HERE "));
    }

    #[test]
    fn every_key_of_the_policy_may_be_written() {
        // What is written out has every key; the check of unknown keys must know them all.
        let mut document = Policy::embedded().document();
        for calendar in document.calendars.values_mut() {
            calendar.name = Some("name".into());
            calendar.special.insert("2026-06-01".into(), Vec::new());
        }
        let text = toml::to_string(&document).unwrap();
        assert_eq!(Policy::from_toml("all.toml", &text).unwrap().document(), document);
    }

    #[test]
    fn a_desk_passes_over_what_a_newer_service_adds() {
        let mut json = serde_json::to_value(Policy::embedded().document()).unwrap();
        json["matrix"]["critical"]["third_level"] = "1bd".into();
        json["calendars"]["vendor"]["colour"] = "blue".into();
        json["motto"] = "soon".into();
        let document: PolicyDocument = serde_json::from_value(json).unwrap();
        assert_eq!(document, Policy::embedded().document());
    }

    #[test]
    fn a_calendar_that_never_opens_is_an_error_of_its_line() {
        let text = format!("{EMBEDDED}\n[calendars.shut]\ntz = \"Etc/UTC\"\nweekly = {{}}\n");
        let line = text.lines().count();
        assert_eq!(
            Policy::from_toml("p.toml", &text).unwrap_err().to_string(),
            format!(
                "p.toml:{line}: calendars.shut.weekly: never opens; give at least one weekday an \
                 interval"
            )
        );
    }
}
