//! When what is known of a desk counts as old.

use chrono::{DateTime, Utc};

/// A desk that is reached confirms what is known at least this often, in seconds: it holds a feed request for
/// 25 s, and the answer has its time.
pub const INTERVAL_S: i64 = 30;

/// Data that were last confirmed so many seconds ago are old: two intervals.
pub const STALE_AFTER_S: i64 = 2 * INTERVAL_S;

/// Whether data that the desk confirmed at `fresh_at` are old at `now`, both by its clock. What was never
/// confirmed is.
#[must_use]
pub fn is_stale(fresh_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    fresh_at.is_none_or(|at| (now - at).num_seconds() >= STALE_AFTER_S)
}
