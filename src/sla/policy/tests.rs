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
    for (partner, first) in
        [("nordwind", "nordwind"), ("sakura", "sakura"), ("direct", "vendor"), ("new", "vendor")]
    {
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
            "HERE rules.handed_back: \"again\" is not known; allowed: \"resume\", \"restart\"",
        ),
        (
            "waiting_pauses = true",
            "waiting_pauses = \"yes\"",
            "HERE rules.waiting_pauses: \"yes\" is not known; allowed: true, false",
        ),
        ("version = \"2026-11\"", "version = \"\"", "HERE version: must have 1 to 64 characters"),
        (
            "version = \"2026-11\"",
            "version = 2026",
            "HERE version: 2026 is not a text; write it in quotes",
        ),
        (
            "warning = { percent = 25, within = \"60m\" }",
            "warning = { percent = -5, within = \"60m\" }",
            "HERE attention.warning.percent: -5 is not a share; allowed: 0 to 100",
        ),
        (
            "warning = { percent = 25, within = \"60m\" }",
            "warning = { percent = 25, within = \"1bd\" }",
            "HERE attention.warning.within: \"1bd\" is not a time; allowed: 60m, 1h",
        ),
        (
            "warning = { percent = 25, within = \"60m\" }",
            "warning = { percent = 25 }",
            "HERE attention.warning.within: is missing; write within = \"60m\"",
        ),
        (
            "second_level = \"90bd\"",
            "second_level = \"1000000000bd\"",
            "HERE matrix.low.second_level: \"1000000000bd\" is too long; a target is reached \
             within 20 years",
        ),
        (
            "second_level = \"90bd\"",
            "second_level = \"99999999h\"",
            "HERE matrix.low.second_level: 99999999h cannot be reached within 20 years on the \
             calendar \"vendor\"",
        ),
        (
            "second_level = \"90bd\"",
            "second_level = 90",
            "HERE matrix.low.second_level: 90 is not a target; write \"2h\", \"4bh\" or \"1bd\"",
        ),
        (
            "vendor_calendar = \"vendor\"",
            "vendor_calendar = \"moon\"",
            "HERE vendor_calendar: there is no calendar \"moon\"; allowed: nordwind, sakura, summit, \
             vendor",
        ),
        (
            "fri = [[\"08:00\", \"15:00\"]]",
            "fri = [\"08:00\", \"15:00\"]",
            "HERE calendars.nordwind.weekly.fri[0]: \"08:00\" is not an interval; write \
             [[\"09:00\", \"17:00\"]]\nHERE calendars.nordwind.weekly.fri[1]: \"15:00\" is not an \
             interval; write [[\"09:00\", \"17:00\"]]",
        ),
        (
            "fri = [[\"08:00\", \"15:00\"]]",
            "fri = [[\"24:00\", \"15:00\"]]",
            "HERE calendars.nordwind.weekly.fri[0]: an interval cannot begin at 24:00; write 00:00 \
             of the next day",
        ),
        (
            "\"2026-12-25\", # 1. Weihnachtstag",
            "2026-12-25, # no quotes",
            "HERE calendars.nordwind.holidays[8]: 2026-12-25 is not a date in quotes, as \
             \"2026-12-25\"",
        ),
        (
            "waiting_pauses = true",
            "waiting_pauses = yes",
            "HERE string values must be quoted, expected literal string",
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
        "HERE rules.waiting_pause: is not a key of the policy; did you mean waiting_pauses? allowed: \
         business_day, \
         waiting_pauses, handed_back, escalated_again, reopened, policy_change"
    );
    // What is not known is not what is missing.
    assert_eq!(
        broken("tz = \"Asia/Tokyo\"", "timezone = \"Asia/Tokyo\"").lines().collect::<Vec<_>>()[1],
        "HERE calendars.sakura.timezone: is not a key of the policy; allowed: name, \
         tz, weekly, holidays, special"
    );
    assert_eq!(
        broken("medium = { response", "middle = { response").lines().last().unwrap(),
        "HERE matrix.middle: is not a key of the policy; allowed: critical, high, medium, low"
    );
}

#[test]
fn what_is_missing_is_told_at_the_table_that_should_have_it() {
    let line = |text: &str| EMBEDDED.lines().position(|l| l == text).unwrap() + 1;
    let without = |text: &str| {
        assert_eq!(EMBEDDED.matches(text).count(), 1, "{text}");
        Policy::from_toml("p", &EMBEDDED.replacen(text, "", 1)).unwrap_err().to_string()
    };
    assert_eq!(
        without("medium = { response = \"1bd\", first_level = \"15bd\", second_level = \"60bd\" }"),
        format!(
            "p:{}: matrix.medium: is missing; write medium = {{ response = \"1bd\", first_level = \
             \"20bd\", second_level = \"90bd\" }}",
            line("[matrix]")
        )
    );
    assert_eq!(
        without("response = \"4h\", "),
        format!(
            "p:{}: matrix.high.response: is missing; write response = \"1bd\"",
            line("high = { response = \"4h\", first_level = \"10bd\", second_level = \"30bd\" }")
        )
    );
    assert_eq!(
        without("tz = \"Asia/Tokyo\""),
        format!(
            "p:{}: calendars.sakura.tz: is missing; write tz = \"Europe/Copenhagen\"",
            line("[calendars.sakura]")
        )
    );
    assert_eq!(
        without("version = \"2026-11\""),
        "p:1: version: is missing; write version = \"2027-01\""
    );
    let nothing = Policy::from_toml("p", "").unwrap_err().to_string();
    let keys: Vec<&str> =
        nothing.lines().map(|l| l.split(": ").nth(1).unwrap_or_default()).collect();
    assert_eq!(keys, ["version", "vendor_calendar", "matrix", "calendars"], "{nothing}");
}

#[test]
fn every_wrong_line_is_told_at_once_in_the_order_of_the_file() {
    let wrong = [
        ("second_level = \"90bd\"", "second_level = \"ninety\""),
        ("policy_change = \"keep\"", "policy_change = \"maybe\""),
        ("summit = \"summit\"", "summit = \"everest\""),
        ("\"2026-12-25\", # 1. Weihnachtstag", "\"2026-13-25\", # no such month"),
        ("fri = [[\"08:00\", \"15:00\"]]", "fri = [[\"08:00\", \"25:00\"]]"),
        ("tz = \"America/New_York\"", "tz = \"America/Newyork\""),
        ("2027-11-26 = [[\"08:30\", \"13:00\"]]", "2027-11-26 = [[\"08:30\", \"08:30\"]]"),
        ("name = \"Sakura Systems, Tokyo\"", "nmae = \"Sakura Systems, Tokyo\""),
    ];
    let mut text = EMBEDDED.to_owned();
    for (line, by) in wrong {
        assert_eq!(text.matches(line).count(), 1, "{line}");
        text = text.replacen(line, by, 1);
    }
    let findings = Policy::check_toml(&text).unwrap_err();
    let keys: Vec<&str> = findings.iter().map(|f| f.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "matrix.low.second_level",
            "rules.policy_change",
            "partners.summit",
            "calendars.nordwind.holidays[8]",
            "calendars.nordwind.weekly.fri[0]",
            "calendars.summit.tz",
            "calendars.summit.special.2027-11-26[0]",
            "calendars.sakura.nmae",
        ]
    );
    for (finding, (_, by)) in findings.iter().zip(wrong) {
        assert!(text.lines().nth(finding.line - 1).unwrap().contains(by), "{finding}");
    }
    let error = Policy::from_toml("mine.toml", &text).unwrap_err().to_string();
    assert_eq!(error.lines().count(), wrong.len());
    assert!(error.lines().all(|line| line.starts_with("mine.toml:")), "{error}");
}

#[test]
fn every_line_that_is_not_toml_is_told_at_once() {
    let text = "version = \"a\"\nversion = \"b\"\nvendor_calendar = vendor\n[matrix\n";
    let findings = Policy::check_toml(text).unwrap_err();
    let lines: Vec<usize> = findings.iter().map(|f| f.line).collect();
    assert_eq!(lines, [2, 3, 4], "{findings:?}");
    assert_eq!(findings[0].to_string(), "2: duplicate key");
}

#[test]
fn what_is_odd_is_remarked_and_taken() {
    let text = EMBEDDED
        .replacen("fri = [[\"08:00\", \"15:00\"]]", "fri = [[\"17:00\", \"09:00\"]]", 1)
        .replacen(
            "2026-11-27 = [[\"08:30\", \"13:00\"]]",
            "2026-11-27 = [[\"08:30\", \"13:00\"], [\"12:00\", \"14:00\"]]",
            1,
        )
        .replacen("warning = { percent = 25,", "warning = { percent = 5,", 1);
    let policy = Policy::from_toml("p", &text).unwrap();
    let remarks: Vec<String> = policy.remarks(&text).iter().map(ToString::to_string).collect();
    let line = |part: &str| text.lines().position(|l| l.contains(part)).unwrap() + 1;
    assert_eq!(
        remarks,
        [
            format!(
                "{}: attention.warning: the warning comes later than critical, so it may never be seen",
                line("warning = {")
            ),
            format!(
                "{}: calendars.nordwind.weekly.fri[0]: 17:00-09:00 ends before it starts, so it ends \
                 the day after, 16 hours later; swap the times if that is not meant",
                line("\"17:00\", \"09:00\"")
            ),
            format!(
                "{}: calendars.summit.special.2026-11-27[1]: 12:00-14:00 overlaps 08:30-13:00; they \
                 count as one",
                line("\"12:00\", \"14:00\"")
            ),
        ]
    );
    // A night shift is nothing odd.
    let night = EMBEDDED.replacen(
        "fri = [[\"08:00\", \"15:00\"]]",
        "fri = [[\"06:00\", \"14:00\"], [\"14:00\", \"22:00\"], [\"22:00\", \"06:00\"]]",
        1,
    );
    assert_eq!(Policy::from_toml("p", &night).unwrap().remarks(&night), []);
    assert_eq!(Policy::embedded().remarks(EMBEDDED), []);
}

#[test]
fn a_policy_brings_its_earlier_versions_along() {
    let version = |version: &str, tz: &str| {
        let text = EMBEDDED
            .replacen("version = \"2026-11\"", &format!("version = \"{version}\""), 1)
            .replacen("Asia/Tokyo", tz, 1);
        Policy::from_toml("p", &text).unwrap()
    };
    let old = version("1", "Asia/Seoul");
    let new =
        version("2", "Asia/Tokyo").with_earlier(vec![old.clone(), version("2", "Asia/Seoul")]);
    assert_eq!(new.under("1"), &old);
    assert_eq!(new.under("2"), &new);
    assert_eq!(new.under("never heard of"), &new);
    assert!(new.knows("1") && new.knows("2") && !new.knows("3"));
    let json = serde_json::to_string(&new.document()).unwrap();
    let back: PolicyDocument = serde_json::from_str(&json).unwrap();
    assert_eq!(Policy::compile(&back).unwrap(), new);
    // A file has one version.
    let text = toml::to_string(&new.document()).unwrap();
    assert!(
        Policy::from_toml("p", &text).unwrap_err().to_string().contains("earlier: is not a key")
    );
    let mut broken = new.document();
    broken.earlier[0].vendor_calendar = "gone".into();
    assert_eq!(
        Policy::compile(&broken).unwrap_err().to_string(),
        "version \"1\": vendor_calendar: there is no calendar \"gone\"; allowed: nordwind, sakura, \
         summit, vendor"
    );
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
