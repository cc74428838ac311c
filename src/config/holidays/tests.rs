use super::*;

const YEARS: Years = Years { from: 2026, to: 2027 };

fn file(events: &[&str]) -> String {
    let mut text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n".to_owned();
    for event in events {
        text.push_str("BEGIN:VEVENT\r\n");
        for line in event.lines() {
            text.push_str(line.trim_start());
            text.push_str("\r\n");
        }
        text.push_str("END:VEVENT\r\n");
    }
    text.push_str("END:VCALENDAR\r\n");
    text
}

/// The dates of one event, or why it was skipped.
fn one(event: &str) -> String {
    let holidays = read(&file(&[event]), YEARS).unwrap();
    if let [skipped] = &holidays.skipped[..] {
        assert!(holidays.dates.is_empty());
        return skipped.why.clone();
    }
    assert_eq!(holidays.outside == 1, holidays.dates.is_empty());
    holidays.dates.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_day_is_a_date_and_the_end_is_not_part_of_it() {
    for (event, days) in [
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261226", "2026-12-25"),
        ("DTSTART;VALUE=DATE:20261225", "2026-12-25"),
        ("DTSTART:20261225", "2026-12-25"),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261225", "2026-12-25"),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P1D", "2026-12-25"),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:P2D", "2026-12-25 2026-12-26"),
        (
            "DTSTART;VALUE=DATE:20261230\nDTEND;VALUE=DATE:20270102",
            "2026-12-30 2026-12-31 2027-01-01",
        ),
        // Only the part within the years.
        ("DTSTART;VALUE=DATE:20251230\nDTEND;VALUE=DATE:20260102", "2026-01-01"),
        ("DTSTART;VALUE=DATE:20271231\nDTEND;VALUE=DATE:20280103", "2027-12-31"),
        ("DTSTART;VALUE=DATE:20251225", ""),
        // A whole day as some programs write it.
        (
            "DTSTART;TZID=Europe/Berlin:20261225T000000\nDTEND;TZID=Europe/Berlin:20261226T000000",
            "2026-12-25",
        ),
    ] {
        assert_eq!(one(event), days, "{event}");
    }
}

#[test]
fn what_repeats_every_year_is_there_every_year() {
    for (event, days) in [
        ("DTSTART;VALUE=DATE:19700501\nRRULE:FREQ=YEARLY", "2026-05-01 2027-05-01"),
        ("DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;COUNT=1", "2026-05-01"),
        ("DTSTART;VALUE=DATE:20250501\nRRULE:FREQ=YEARLY;COUNT=2", "2026-05-01"),
        ("DTSTART;VALUE=DATE:20100501\nRRULE:FREQ=YEARLY;UNTIL=20260501", "2026-05-01"),
        ("DTSTART;VALUE=DATE:20100501\nRRULE:FREQ=YEARLY;UNTIL=20270430T235959Z", "2026-05-01"),
        ("DTSTART;VALUE=DATE:20100501\nRRULE:FREQ=YEARLY;UNTIL=20200101", ""),
        ("DTSTART;VALUE=DATE:20250120\nRRULE:FREQ=YEARLY;INTERVAL=4", ""),
        ("DTSTART;VALUE=DATE:20230120\nRRULE:FREQ=YEARLY;INTERVAL=4", "2027-01-20"),
        ("DTSTART;VALUE=DATE:00010501\nRRULE:FREQ=YEARLY;INTERVAL=1", "2026-05-01 2027-05-01"),
        ("DTSTART;VALUE=DATE:20210501\nRRULE:FREQ=YEARLY;INTERVAL=3;COUNT=3", "2027-05-01"),
        ("DTSTART;VALUE=DATE:20210501\nRRULE:FREQ=YEARLY;INTERVAL=3;COUNT=2", ""),
        ("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY", ""),
        // Thanksgiving, Memorial Day, Victoria Day, the last day of a month.
        (
            "DTSTART;VALUE=DATE:20001123\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH",
            "2026-11-26 2027-11-25",
        ),
        (
            "DTSTART;VALUE=DATE:20000529\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;WKST=SU",
            "2026-05-25 2027-05-31",
        ),
        (
            "DTSTART;VALUE=DATE:20000522\nRRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=MO;BYMONTHDAY=18,19,20,21,22,23,24",
            "2026-05-18 2027-05-24",
        ),
        (
            "DTSTART;VALUE=DATE:20000229\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
            "2026-02-28 2027-02-28",
        ),
        (
            "DTSTART;VALUE=DATE:20000101\nRRULE:FREQ=YEARLY;BYMONTH=1,7",
            "2026-01-01 2026-07-01 2027-01-01 2027-07-01",
        ),
        // Over the turn of the year, every year.
        (
            "DTSTART;VALUE=DATE:20001231\nDTEND;VALUE=DATE:20010102\nRRULE:FREQ=YEARLY",
            "2026-01-01 2026-12-31 2027-01-01 2027-12-31",
        ),
        (
            "DTSTART;VALUE=DATE:20000501\nRRULE:FREQ=YEARLY\nEXDATE;VALUE=DATE:20260501",
            "2027-05-01",
        ),
        (
            "DTSTART;VALUE=DATE:20000501\nRRULE:FREQ=YEARLY\nEXDATE:20260501T000000Z,20270501T000000Z",
            "",
        ),
        (
            "DTSTART;VALUE=DATE:20260501\nRDATE;VALUE=DATE:20260701,20270801",
            "2026-05-01 2026-07-01 2027-08-01",
        ),
    ] {
        assert_eq!(one(event), days, "{event}");
    }
}

#[test]
fn what_is_not_understood_is_skipped_and_says_why() {
    for (event, why) in [
        ("SUMMARY:x", "it has no DTSTART"),
        (
            "DTSTART:20261225T140000Z\nDTEND:20261225T150000Z",
            "it is not of whole days: its DTSTART is 20261225T140000Z",
        ),
        (
            "DTSTART;TZID=X:20261225T000000\nDTEND;TZID=X:20261225T120000",
            "it is not of whole days: its DTEND is 20261225T120000",
        ),
        ("DTSTART;TZID=X:20261225T000000", "it is not of whole days: it has no end"),
        ("DTSTART;VALUE=DATE:20261225\nDURATION:PT5H", "its DURATION PT5H is not of whole days"),
        ("DTSTART;VALUE=DATE:20261332", "its DTSTART \"20261332\" is not a date"),
        ("DTSTART;VALUE=DATE:20261225\nDTEND;VALUE=DATE:20261224", "it ends before it begins"),
        (
            "DTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20270101",
            "it lasts 365 days; allowed: 62",
        ),
        ("DTSTART;VALUE=DATE:20261225\nSTATUS:CANCELLED", "it is cancelled"),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=WEEKLY",
            "its RRULE is not understood: FREQ=WEEKLY",
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYSETPOS=1",
            "its RRULE is not understood: BYSETPOS=1",
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=20MO",
            "its RRULE is not understood: BYDAY=20MO",
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYDAY=MO",
            "its RRULE is not understood: FREQ=YEARLY;BYDAY=MO",
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;COUNT=0",
            "its RRULE is not understood: COUNT=0",
        ),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO,TU,WE,TH,FR,SA,SU",
            "it is on 58 days a year; allowed: 31",
        ),
        (
            "DTSTART;VALUE=DATE:18990101\nRRULE:FREQ=YEARLY;COUNT=200",
            "its RRULE is not understood: COUNT from before 1900",
        ),
        ("DTSTART;VALUE=DATE:20260101\nRRULE:BYMONTH=1", "its RRULE is not understood: BYMONTH=1"),
        (
            "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY\nRRULE:FREQ=YEARLY",
            "it has more than one RRULE",
        ),
        ("DTSTART;VALUE=DATE:20260101\nEXDATE:soon", "its EXDATE \"soon\" is not a date"),
        (
            "DTSTART;VALUE=DATE:20260101\nRDATE;VALUE=PERIOD:20260101T000000Z/PT5H",
            "its RDATE \"20260101T000000Z/PT5H\" is not a date",
        ),
    ] {
        assert_eq!(one(event), why, "{event}");
    }
}

#[test]
fn a_moved_day_of_a_series_stands_where_it_was_moved_to() {
    let text = file(&[
        "UID:a\nSUMMARY:Labour Day\nDTSTART;VALUE=DATE:20000501\nRRULE:FREQ=YEARLY",
        "UID:a\nSUMMARY:Labour Day, observed\nRECURRENCE-ID;VALUE=DATE:20270501\nDTSTART;VALUE=DATE:20270503",
        "UID:b\nSUMMARY:Bridge\nDTSTART;VALUE=DATE:20270501",
    ]);
    let holidays = read(&text, YEARS).unwrap();
    let dates: Vec<(String, &str)> =
        holidays.dates.iter().map(|(date, name)| (date.to_string(), name.as_str())).collect();
    assert_eq!(
        dates,
        [
            ("2026-05-01".to_owned(), "Labour Day"),
            ("2027-05-01".to_owned(), "Bridge"),
            ("2027-05-03".to_owned(), "Labour Day, observed"),
        ]
    );
}

#[test]
fn names_come_whole_and_safe_and_folded_lines_are_one() {
    let name = |line: &str| {
        let text = file(&[&format!("{line}\nDTSTART;VALUE=DATE:20261225")]);
        read(&text, YEARS).unwrap().dates.into_values().next().unwrap()
    };
    assert_eq!(name("SUMMARY:Weihnachten\\, 1. Tag"), "Weihnachten, 1. Tag");
    assert_eq!(name("SUMMARY;LANGUAGE=fr:Noël"), "Noël");
    assert_eq!(name("SUMMARY:two\\nlines"), "two lines");
    assert_eq!(name("DESCRIPTION:no name"), "");
    assert!(!name("SUMMARY:a\u{1b}[2Jb\u{202e}").contains(['\u{1b}', '\u{202e}']));
    let folded = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:2026\n 1225\nSUMMARY:Christ\n mas\nEND:VEVENT\nEND:VCALENDAR\n";
    let holidays = read(folded, YEARS).unwrap();
    assert_eq!(holidays.dates.into_iter().next().unwrap().1, "Christmas");
}

#[test]
fn a_file_that_is_something_else_is_refused_with_a_sentence() {
    for text in [
        "",
        "hello",
        "<html></html>",
        "BEGIN:VCARD\nEND:VCARD\n",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
    ] {
        let error = read(text, YEARS).unwrap_err();
        assert!(error.starts_with("it is not an iCalendar file"), "{text}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let deep = "BEGIN:X\n".repeat(100_000);
    assert!(read(&deep, YEARS).unwrap_err().contains("deep in each other"));
    // A byte order mark, other components and other letters are no harm.
    let text = "\u{feff}begin:VCALENDAR\nbegin:vtimezone\ntzid:x\nend:vtimezone\nBEGIN:VTODO\nSUMMARY:buy\nEND:VTODO\nBEGIN:VEVENT\ndtstart:20261225\nBEGIN:VALARM\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR";
    let holidays = read(text, YEARS).unwrap();
    assert_eq!(holidays.dates.len(), 1);
    assert_eq!(
        holidays.skipped,
        [Skipped { what: "buy".into(), why: "a VTODO is no event".into() }]
    );
}

#[test]
fn years_are_one_or_a_stretch() {
    assert_eq!("2026".parse(), Ok(Years { from: 2026, to: 2026 }));
    assert_eq!("2026-2027".parse(), Ok(YEARS));
    for text in ["", "26", "2026-", "2027-2026", "1800", "2026-2299", "next"] {
        assert!(text.parse::<Years>().is_err(), "{text}");
    }
}
