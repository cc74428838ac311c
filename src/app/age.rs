//! How old what is shown is, said everywhere the same way.

use chrono::{DateTime, TimeDelta, Utc};

use super::desk::Desk;
use super::msg::Link;
use crate::domain::STALE_AFTER_S;

/// An age in one unit, and the seconds of the unit.
pub fn text(seconds: i64) -> (i64, String) {
    let (unit, name) = match seconds {
        0..60 => (1, "s"),
        60..3600 => (60, "min"),
        3600..172_800 => (3600, "h"),
        _ => (86_400, "d"),
    };
    (unit, format!("{} {name}", seconds / unit))
}

/// What is old about a desk: "4 min old", and when that reads differently. `now` is the desk's time.
pub fn stale(desk: &Desk, now: DateTime<Utc>) -> (Option<String>, Option<DateTime<Utc>>) {
    // A feed that is held open tells every change, so that what it told is never old.
    let Some(fresh_at) = desk.fresh_at.filter(|_| desk.link != Link::Live) else {
        return (None, None);
    };
    let age = (now - fresh_at).num_seconds();
    // Younger ones are as good as new.
    if age < STALE_AFTER_S {
        return (None, Some(fresh_at + TimeDelta::seconds(STALE_AFTER_S)));
    }
    let (unit, text) = text(age);
    (Some(format!("{text} old")), Some(fresh_at + TimeDelta::seconds((age / unit + 1) * unit)))
}
