//! Local times for people, in the zone of the calendar that a clock runs on.

use chrono::{DateTime, NaiveDate, Utc};

use crate::sla::policy::Policy;

/// The local date.
pub fn date(policy: &Policy, calendar: &str, at: DateTime<Utc>) -> NaiveDate {
    policy.calendar(calendar).map_or_else(|| at.date_naive(), |c| c.local_date_and_time(at).0)
}

/// "Tue 24 Nov 09:12".
pub fn stamp(policy: &Policy, calendar: &str, at: DateTime<Utc>) -> String {
    policy
        .calendar(calendar)
        .map_or_else(|| at.format("%a %-d %b %H:%M").to_string(), |c| c.date_and_time(at))
}

/// "09:12".
pub fn time(policy: &Policy, calendar: &str, at: DateTime<Utc>) -> String {
    let time = policy.calendar(calendar).map_or_else(|| at.time(), |c| c.local_date_and_time(at).1);
    time.format("%H:%M").to_string()
}

/// The zone's short name: "CET".
pub fn name(policy: &Policy, calendar: &str, at: DateTime<Utc>) -> String {
    policy.calendar(calendar).map_or_else(|| "UTC".to_owned(), |c| c.abbreviation(at))
}
