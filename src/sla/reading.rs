//! How clocks read at an instant: the nine states, the words for what is left, the order of the queue.
//! Works from what the case API reports, so that every screen, list and script says the same.

use chrono::{DateTime, Utc};

use super::policy::Policy;
use crate::domain::{Case, ClockSummary};

/// The nine states in which a clock is shown (`screens.md`, "Clocks").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    OnTrack,
    /// At most a quarter of the target or 60 minutes left.
    Warning,
    /// At most a tenth of the target or 15 minutes left.
    Critical,
    /// Past due and still running.
    Missed,
    Paused,
    /// Running, and the calendar is closed now.
    Outside,
    Met,
    /// Ended past its due instant.
    MissedDone,
    NoTarget,
}

/// One clock at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub face: Face,
    /// Past its due instant, whatever the face (a missed clock that is held stays missed).
    pub missed: bool,
    /// Signed seconds left, in the clock's own time (open or elapsed); None without a target.
    pub remaining_s: Option<i64>,
    /// Two units at most, no sign or state word: "2bd 4h", "9m 12s", "+3h 10m".
    pub left: String,
    /// The whole text of the table in `screens.md`: "held, 1bd left", "met in 1h 20m".
    pub text: String,
    /// The next instant at which the face or a text reads differently; None: never by itself.
    pub next_change: Option<DateTime<Utc>>,
}

/// How a clock reads.
pub fn read(_clock: &ClockSummary, _policy: &Policy, _now: DateTime<Utc>) -> Reading {
    Reading {
        face: Face::NoTarget,
        missed: false,
        remaining_s: None,
        left: String::new(),
        text: String::new(),
        next_change: None,
    }
}

/// The due instant for people, in the zone of the clock's calendar: "Fri 14 Nov 17:00 CET".
pub fn due_text(_clock: &ClockSummary, _policy: &Policy) -> Option<String> {
    None
}

/// The clock by which a case stands in the queue: the one that makes it most urgent.
pub fn leading<'a>(case: &'a Case, _now: DateTime<Utc>) -> Option<&'a ClockSummary> {
    case.clocks.first()
}

/// The place of a case in the queue ("next breach"): missed and still running first (by severity, then
/// longest over), then the nearest due over all running clocks, then paused, then none; ties by severity,
/// then id. Smaller is more urgent. It changes with time only when a due instant passes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {}

pub fn urgency(_case: &Case, _now: DateTime<Utc>) -> Urgency {
    Urgency {}
}
