use super::*;
use crate::domain::case::Visibility;

fn detail(description: &str) -> CaseDetail {
    let json = serde_json::json!({
        "id": "C-1", "subject": "s", "severity": "high", "tier": "first", "state": "open",
        "partner": {"id": "p", "name": "P"}, "customer": {"company": "c", "contact": "d"},
        "assignee": null, "eligibility": "eligible", "environment": "production",
        "workaround": false, "phone_follow_up": null, "correction": null,
        "reported_at": "2026-11-24T09:00:00Z", "updated_at": "2026-11-24T09:00:00Z", "revision": 1,
        "clocks": [], "description": description, "product": null, "version": null,
        "licence_key": "k", "email": "e", "phone": null, "resolution": null, "attachments": [],
        "timeline": [],
    });
    serde_json::from_value(json).unwrap()
}

fn file(name: &str, media_type: &str) -> Attachment {
    Attachment {
        id: "1".into(),
        name: name.into(),
        size: 1,
        media_type: media_type.into(),
        at: "2026-11-24T09:00:00Z".parse().unwrap(),
        by: "x".into(),
        visibility: Visibility::Customer,
        sha256: String::new(),
    }
}

fn said(detail: &CaseDetail, item: InfoItem, written: &str) -> Option<String> {
    let needs = readiness(detail, written);
    let need = needs.into_iter().find(|need| need.item == item).unwrap();
    need.found.map(|found| match found {
        Found::Field(text) | Found::File(text) => text.raw().to_owned(),
        Found::Words { words, place } => format!("{words} | {}", place.label()),
    })
}

#[test]
fn fields_say_licence_version_and_environment() {
    let mut case = detail("It stopped.");
    assert_eq!(said(&case, InfoItem::Licence, "").as_deref(), Some("eligible"));
    assert_eq!(said(&case, InfoItem::Environment, "").as_deref(), Some("production"));
    assert_eq!(said(&case, InfoItem::Version, ""), None);
    case.version = Some("15.2".into());
    assert_eq!(said(&case, InfoItem::Version, "").as_deref(), Some("15.2"));
    case.case.eligibility = Eligibility::UnknownKey;
    assert_eq!(said(&case, InfoItem::Licence, ""), None);
}

#[test]
fn words_are_told_with_the_place_in_which_they_stand() {
    for (text, item, words) in [
        ("Since version 15.2 it fails", InfoItem::Version, Some("version 15")),
        ("We run v15.2 here", InfoItem::Version, Some("v15")),
        ("a new version of it", InfoItem::Version, None),
        ("Steps to see it: start", InfoItem::Steps, Some("steps to")),
        ("1. start it\n2. stop it", InfoItem::Steps, Some("1. 2.")),
        ("We cannot get it to reproduce it", InfoItem::Steps, None),
        ("There are no steps to show", InfoItem::Steps, None),
        ("What are the next steps?", InfoItem::Steps, None),
        ("We tried another cable", InfoItem::Tried, Some("we tried")),
        ("tried restarting the host", InfoItem::Tried, Some("tried restarting")),
        ("That didn't help", InfoItem::Tried, Some("didn't help")),
        ("The guest tried to connect", InfoItem::Tried, None),
        ("We have not tried restarting", InfoItem::Tried, None),
    ] {
        let found = said(&detail(text), item, "");
        let expected = words.map(|words| format!("{words} | the description"));
        assert_eq!(found, expected, "{text}");
    }
    let case = detail("");
    assert_eq!(
        said(&case, InfoItem::Steps, "Reproduced here on 15.2").as_deref(),
        Some("reproduced | this reason")
    );
}

#[test]
fn files_are_known_by_their_names_and_kinds() {
    for (name, media_type, log, dump) in [
        ("host.log", "text/plain", true, false),
        ("Event Log 3.txt", "text/plain", true, false),
        ("logs2.zip", "application/zip", true, false),
        ("crash.dmp", "application/octet-stream", true, false),
        ("login.txt", "text/plain", false, false),
        ("catalogue.pdf", "application/pdf", false, false),
        ("error.PNG", "application/octet-stream", false, true),
        ("log.png", "image/png", false, true),
        ("photo", "image/jpeg", false, true),
    ] {
        let mut case = detail("");
        case.attachments.push(file(name, media_type));
        let seen = |item| said(&case, item, "").as_deref() == Some(name);
        assert_eq!((seen(InfoItem::LogFiles), seen(InfoItem::ScreenDumps)), (log, dump), "{name}");
    }
    assert_eq!(said(&detail("The log is attached."), InfoItem::LogFiles, ""), None);
}

#[test]
fn what_was_asked_of_the_customer_is_no_answer() {
    let mut case = detail("");
    let entry = |kind: &str| {
        serde_json::from_value(serde_json::json!({
            "seq": 1, "at": "2026-11-24T09:00:00Z", "actor": {"id": "a", "name": "A"},
            "kind": kind, "visibility": "customer", "text": "the steps to reproduce it",
        }))
        .unwrap()
    };
    case.timeline.push(entry("request_info"));
    case.timeline.push(entry("reply"));
    assert_eq!(said(&case, InfoItem::Steps, ""), None);
    case.timeline.push(entry("customer_answer"));
    assert_eq!(
        said(&case, InfoItem::Steps, "").as_deref(),
        Some("steps to | the customer's answer")
    );
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let case = detail(&"é".repeat(LOOKED_AT));
    assert_eq!(said(&case, InfoItem::Steps, ""), None);
}
