use super::*;

/// A calendar from JSON, as `sla eval` takes it.
fn calendar(json: &str) -> Calendar {
    Calendar::compile(&serde_json::from_str(json).unwrap()).unwrap()
}

fn office(tz: &str, more: &str) -> Calendar {
    let day = r#"[["09:00","17:00"]]"#;
    calendar(&format!(
        r#"{{"tz":"{tz}","weekly":{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day}}}{more}}}"#
    ))
}

fn every_day(tz: &str, interval: &str, more: &str) -> Calendar {
    let week: Vec<String> = WEEKDAYS.iter().map(|d| format!("\"{d}\":[{interval}]")).collect();
    calendar(&format!(r#"{{"tz":"{tz}","weekly":{{{}}}{more}}}"#, week.join(",")))
}

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}:00Z").parse().unwrap()
}

/// Every opening and closing after `from` and up to `to`, as instants in UTC.
fn changes(calendar: &Calendar, from: &str, to: &str) -> Vec<String> {
    let (mut now, to) = (at(from), at(to));
    let mut all = Vec::new();
    while let Some(next) = calendar.next_change(now).filter(|&next| next <= to) {
        let word = if calendar.is_open(next) { "opens" } else { "closes" };
        all.push(format!("{word} {}", next.format("%d %H:%M")));
        now = next;
    }
    all
}

#[test]
fn office_hours_open_and_close_by_the_wall_clock_through_both_turns_of_the_clocks() {
    let c = office("Europe/Copenhagen", "");
    // Winter: an hour ahead of UTC. Summer, from 29 March 2026: two.
    assert_eq!(
        changes(&c, "2026-03-27T00:00", "2026-03-30T23:00"),
        ["opens 27 08:00", "closes 27 16:00", "opens 30 07:00", "closes 30 15:00"]
    );
    assert_eq!(
        changes(&c, "2026-10-23T00:00", "2026-10-26T23:00"),
        ["opens 23 07:00", "closes 23 15:00", "opens 26 08:00", "closes 26 16:00"]
    );
    assert!(c.is_open(at("2026-01-13T08:00")), "the opening instant is open");
    assert!(!c.is_open(at("2026-01-13T16:00")), "the closing instant is closed");
}

#[test]
fn a_night_shift_is_an_hour_shorter_in_spring_and_longer_in_autumn() {
    let c = every_day("Europe/Copenhagen", r#"["22:00","06:00"]"#, "");
    let night = |from, to| c.open_seconds(at(from), at(to)) / 3600;
    assert_eq!(night("2026-01-13T12:00", "2026-01-14T12:00"), 8);
    assert_eq!(night("2026-03-28T12:00", "2026-03-29T12:00"), 7);
    assert_eq!(night("2026-10-24T12:00", "2026-10-25T12:00"), 9);
}

#[test]
fn a_skipped_hour_does_not_exist_and_a_repeated_one_counts_twice() {
    // Copenhagen skips 02:00 to 03:00 on 29 March and repeats it on 25 October.
    let inside = every_day("Europe/Copenhagen", r#"["02:15","02:45"]"#, "");
    assert_eq!(
        changes(&inside, "2026-03-28T12:00", "2026-03-30T12:00"),
        ["opens 30 00:15", "closes 30 00:45"]
    );
    assert_eq!(
        changes(&inside, "2026-10-24T12:00", "2026-10-25T12:00"),
        ["opens 25 00:15", "closes 25 00:45", "opens 25 01:15", "closes 25 01:45"]
    );
    // A closing inside the repeated hour closes twice.
    let c = every_day("Europe/Copenhagen", r#"["01:00","02:30"]"#, "");
    assert_eq!(
        changes(&c, "2026-10-24T12:00", "2026-10-25T12:00"),
        ["opens 24 23:00", "closes 25 00:30", "opens 25 01:00", "closes 25 01:30"]
    );
}

#[test]
fn half_hour_shifts_skipped_dates_and_turns_at_midnight_follow_the_zone() {
    // Lord Howe turns by half an hour, on 5 April 2026 back at 02:00.
    let c = every_day("Australia/Lord_Howe", r#"["01:00","03:00"]"#, "");
    assert_eq!(c.open_seconds(at("2026-04-04T12:00"), at("2026-04-05T12:00")), 9000);
    assert_eq!(c.open_seconds(at("2026-04-05T12:00"), at("2026-04-06T12:00")), 7200);
    // Apia went from Thursday 29 to Saturday 31 December 2011.
    let c = every_day("Pacific/Apia", r#"["09:00","17:00"]"#, "");
    assert_eq!(
        changes(&c, "2011-12-29T12:00", "2011-12-31T12:00"),
        ["opens 29 19:00", "closes 30 03:00", "opens 30 19:00", "closes 31 03:00"]
    );
    assert_eq!(c.add_business_days(at("2011-12-29T22:00"), 1), Some(at("2011-12-30T22:00")));
    // Sao Paulo repeated the hour before midnight of 21 February 2015, a Saturday.
    let c = every_day("America/Sao_Paulo", r#"["23:30","00:30"]"#, "");
    assert_eq!(
        changes(&c, "2015-02-21T12:00", "2015-02-22T12:00"),
        ["opens 22 01:30", "closes 22 02:00", "opens 22 02:30", "closes 22 03:30"]
    );
}

#[test]
fn a_holiday_closes_its_whole_local_date_and_what_began_the_day_before() {
    let c = every_day(
        "Etc/UTC",
        r#"["22:00","06:00"]"#,
        r#","holidays":["2026-01-14"],"special":{"2026-01-16":[],"2026-01-18":[["10:00","11:00"]]}"#,
    );
    assert_eq!(
        changes(&c, "2026-01-13T12:00", "2026-01-18T23:00"),
        [
            "opens 13 22:00",
            "closes 14 00:00", // the holiday
            "opens 15 22:00",  // the night of the 14th does not begin
            "closes 16 06:00", // a special day replaces what begins on it, not what began before
            "opens 17 22:00",
            "closes 18 06:00",
            "opens 18 10:00",
            "closes 18 11:00",
        ]
    );
}

#[test]
fn a_special_day_wins_over_a_holiday_and_over_the_week() {
    let c = office(
        "Etc/UTC",
        r#","holidays":["2026-12-24","2026-12-25"],"special":{"2026-12-24":[["10:00","12:00"]],"2026-12-26":[["10:00","11:00"]]}"#,
    );
    assert_eq!(
        changes(&c, "2026-12-24T00:00", "2026-12-27T00:00"),
        ["opens 24 10:00", "closes 24 12:00", "opens 26 10:00", "closes 26 11:00"]
    );
}

#[test]
fn overlapping_and_touching_intervals_are_one() {
    let c = every_day("Etc/UTC", r#"["09:00","12:00"],["11:00","13:00"],["13:00","14:00"]"#, "");
    assert_eq!(
        changes(&c, "2026-01-13T00:00", "2026-01-14T00:00"),
        ["opens 13 09:00", "closes 13 14:00"]
    );
    let c = every_day("Europe/Copenhagen", r#"["00:00","24:00"]"#, "");
    assert_eq!(c.next_change(at("2026-01-13T00:00")), None, "always open never changes");
    assert!(c.is_open(at("2026-03-29T01:00")));
}

#[test]
fn never_is_a_value_and_found_out_in_bounded_time() {
    let c = calendar(r#"{"tz":"Etc/UTC","weekly":{}}"#);
    let now = at("2026-01-13T12:00");
    assert!(!c.is_open(now));
    assert_eq!(c.next_change(now), None);
    assert_eq!(c.next_open(now), None);
    assert_eq!(c.advance(now, 1), None);
    assert_eq!(c.add_business_days(now, 1), None);
    assert_eq!(c.open_seconds(now, at("2099-01-01T00:00")), 0);
    let once =
        calendar(r#"{"tz":"Etc/UTC","weekly":{},"special":{"2026-01-14":[["10:00","11:00"]]}}"#);
    assert_eq!(once.advance(now, 3600), Some(at("2026-01-14T11:00")));
    assert_eq!(once.advance(now, 3601), None);
    assert_eq!(once.next_open(at("2026-01-14T11:00")), None);
}

#[test]
fn the_ends_of_time_are_closed_and_harmless() {
    let c = every_day("Asia/Tokyo", r#"["00:00","24:00"]"#, "");
    for far in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        assert!(!c.is_open(far));
        assert_eq!(c.next_change(far), None);
        assert_eq!(c.next_open(far), None);
        assert_eq!(c.advance(far, 1), None);
        assert_eq!(c.add_business_days(far, 1), None);
        assert_eq!(c.open_seconds(far, far), 0);
        assert!(!c.date_and_time(far).is_empty());
    }
    assert!(c.open_seconds(DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC) > 0);
    assert!(c.is_open(at("1900-01-01T00:00")) && c.is_open(at("2299-12-31T23:59")));
    assert_eq!(c.advance(at("2026-01-13T00:00"), i64::MAX), None);
}

#[test]
fn business_days_land_on_the_same_time_of_day() {
    let c = office("Europe/Copenhagen", r#","special":{"2026-01-16":[["09:00","15:00"]]}"#);
    let later = |from: &str, n| c.add_business_days(at(from), n).unwrap();
    assert_eq!(later("2026-01-13T09:00", 1), at("2026-01-14T09:00"));
    assert_eq!(later("2026-01-13T09:00", 0), at("2026-01-13T09:00"));
    // Thursday 16:10, Friday closes at 15:00.
    assert_eq!(later("2026-01-15T15:10", 1), at("2026-01-16T14:00"));
    assert_eq!(later("2026-01-15T15:10", 2), at("2026-01-19T15:10"));
    // Over a turn of the clocks the wall clock counts.
    assert_eq!(later("2026-03-27T09:00", 1), at("2026-03-30T08:00"));
    assert_eq!(
        c.add_business_days_to_closing(at("2026-01-13T09:00"), 1),
        Some(at("2026-01-14T16:00"))
    );
    assert_eq!(c.add_business_days(at("2026-01-13T20:00"), 1), None, "closed: no day of its own");
}

#[test]
fn no_business_day_later_is_never_earlier_not_even_in_a_repeated_hour() {
    // 02:33 for the second time, on 25 October 2026.
    let c = every_day("Europe/Copenhagen", r#"["00:00","24:00"]"#, "");
    assert_eq!(c.add_business_days(at("2026-10-25T01:33"), 0), Some(at("2026-10-25T01:33")));
    assert_eq!(c.add_business_days(at("2026-10-25T01:33"), 1), Some(at("2026-10-26T01:33")));
    assert_eq!(c.add_business_days(at("2026-10-24T00:33"), 1), Some(at("2026-10-25T00:33")));
}

#[test]
fn a_time_that_falls_in_a_closing_moves_forward_to_the_next_opening_of_the_day() {
    let c = calendar(
        r#"{"tz":"Etc/UTC","weekly":{"mon":[["09:00","17:00"]],"tue":[["09:00","11:00"],["14:00","17:00"]]}}"#,
    );
    assert_eq!(c.add_business_days(at("2026-01-12T12:00"), 1), Some(at("2026-01-13T14:00")));
}

#[test]
fn an_overnight_interval_belongs_to_the_day_on_which_it_began() {
    let c = calendar(
        r#"{"tz":"Etc/UTC","weekly":{"mon":[["22:00","06:00"]],"tue":[["22:00","06:00"]],"wed":[["22:00","06:00"]]}}"#,
    );
    // Wednesday 02:30 is Tuesday's; one business day later is Thursday 02:30, Wednesday's.
    assert_eq!(c.add_business_days(at("2026-01-14T02:30"), 1), Some(at("2026-01-15T02:30")));
    assert_eq!(c.add_business_days(at("2026-01-15T02:30"), 1), Some(at("2026-01-20T02:30")));
}

#[test]
fn what_is_wrong_in_a_calendar_is_named_with_its_key() {
    let fault = |json: &str| {
        let document = serde_json::from_str::<CalendarDocument>(json);
        document.map_or_else(
            |error| error.to_string(),
            |document| {
                Calendar::compile(&document).map_or_else(|f| f.to_string(), |_| "fine".into())
            },
        )
    };
    for (json, expected) in [
        (r#"{"tz":"Mars/Olympus","weekly":{}}"#, "tz: \"Mars/Olympus\" is not a known time zone"),
        (r#"{"tz":"","weekly":{}}"#, "tz: \"\" is not a known time zone"),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[["09:00","25:00"]]}}"#, "weekly.mon[0]: \"25:00\""),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[["09:00","24:01"]]}}"#, "weekly.mon[0]: \"24:01\""),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[["9:00","17:00"]]}}"#, "weekly.mon[0]: \"9:00\""),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[["24:00","06:00"]]}}"#, "weekly.mon[0]: an interval"),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[["06:00","06:00"]]}}"#, "weekly.mon[0]: the interval"),
        (
            r#"{"tz":"Etc/UTC","weekly":{"Monday":[]}}"#,
            "weekly.Monday: \"Monday\" is not a weekday",
        ),
        (r#"{"tz":"Etc/UTC","weekly":{"mon":[],"mon":[]}}"#, "\"mon\" is given twice"),
        (r#"{"tz":"Etc/UTC","weekly":{},"holidays":["2026-01-01","2026-01-01"]}"#, "holidays[1]:"),
        (
            r#"{"tz":"Etc/UTC","weekly":{},"holidays":["2026-13-01"]}"#,
            "holidays[0]: \"2026-13-01\"",
        ),
        (r#"{"tz":"Etc/UTC","weekly":{},"holidays":["1066-10-14"]}"#, "holidays[0]: 1066-10-14 is"),
        (
            r#"{"tz":"Etc/UTC","weekly":{},"special":{"2026-01-01":[],"2026-01-01":[]}}"#,
            "\"2026-01-01\" is given twice",
        ),
        (
            r#"{"tz":"Etc/UTC","weekly":{},"special":{"2026-01-01":[["12:00","x"]]}}"#,
            "special.2026-01-01[0]: \"x\"",
        ),
        (r#"{"weekly":{}}"#, "missing field `tz`"),
    ] {
        let is = fault(json);
        assert!(is.starts_with(expected), "{json}\nis {is}\nnot {expected}");
    }
}

#[test]
fn zones_have_names_for_people() {
    let copenhagen = office("Europe/Copenhagen", "");
    assert_eq!(copenhagen.abbreviation(at("2026-01-13T12:00")), "CET");
    assert_eq!(copenhagen.abbreviation(at("2026-07-13T12:00")), "CEST");
    assert_eq!(copenhagen.date_and_time(at("2026-11-06T16:00")), "Fri 6 Nov 17:00");
    assert_eq!(office("Europe/Istanbul", "").abbreviation(at("2026-01-13T12:00")), "UTC+03");
}
