//! Mail to customers: what goes out, to whom, and what it does to the case. Against a mail server on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;
#[path = "support/smtp.rs"]
mod smtp;

use std::sync::Arc;
use std::time::Duration;

use caseload::service::Service;
use caseload::service::mail::{MailEntry, MailSettings, Which};
use caseload::service::store::Place;
use caseload::service::store::seed::{Seed, SeedLicence};
use caseload::sla::policy::Policy;
use chrono::TimeDelta;
use serde_json::{Value, json};
use smtp::{Answer, Sink};
use support::{Desk, PATIENCE, expect};

/// A new desk with mail, or the end of the test where there is no database for it.
macro_rules! desk_with {
    ($settings:expr) => {
        match Desk::start_with_mail($settings).await {
            Some(desk) => desk,
            None => return,
        }
    };
}

async fn send(desk: &Desk) {
    tokio::time::timeout(PATIENCE, desk.service.send_due_mail()).await.unwrap().unwrap();
}

async fn letters(desk: &Desk) -> Vec<MailEntry> {
    let mut letters = desk.service.store().mail(Which::All, 1000).await.unwrap();
    letters.reverse();
    letters
}

async fn detail(desk: &Desk, case: &str) -> Value {
    desk.get_json("root", &format!("/api/v1/cases/{case}")).await
}

/// What the case says of its mail, to agents.
async fn said(desk: &Desk, case: &str) -> Vec<String> {
    let detail = detail(desk, case).await;
    let timeline = detail["timeline"].as_array().unwrap();
    let of_mail = timeline.iter().filter(|entry| entry["kind"] == "mail");
    of_mail
        .map(|entry| {
            assert_eq!(entry["visibility"], "internal", "{entry}");
            assert_eq!(entry["actor"]["id"], "desk");
            entry["summary"].as_str().unwrap().to_owned()
        })
        .collect()
}

async fn response(desk: &Desk, case: &str) -> String {
    let detail = detail(desk, case).await;
    let clocks = detail["clocks"].as_array().unwrap();
    let clock = clocks.iter().find(|clock| clock["kind"] == "response").unwrap();
    clock["state"].as_str().unwrap().to_owned()
}

/// A licence with these addresses on record.
async fn licence(desk: &Desk, key: &str, addresses: &[&str]) {
    let licence = SeedLicence {
        key: key.to_owned(),
        partner: "nordwind".into(),
        company: "Company".to_owned(),
        eligible: true,
        addresses: addresses.iter().map(|&a| a.to_owned()).collect(),
    };
    let seed = Seed { licences: vec![licence], ..Seed::default() };
    desk.service.store().seed(&seed).await.unwrap();
}

#[tokio::test]
async fn an_accepted_receipt_meets_the_response_clock() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    assert_eq!(response(&desk, &case).await, "running");
    assert_eq!(said(&desk, &case).await, ["the case id is being mailed"]);
    let (_, cursor) = desk.snapshot("ann").await;
    desk.clock.advance(TimeDelta::seconds(7));
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    let detail = detail(&desk, &case).await;
    assert_eq!(detail["revision"], 2);
    let last = detail["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(last["actor"], json!({"id": "desk", "name": "Desk"}));
    assert_eq!(last["kind"], "respond");
    assert_eq!(last["visibility"], "customer");
    assert_eq!(last["at"], "2026-11-24T10:00:07Z");
    assert_eq!(last["summary"], "the case id was mailed, and the mail server accepted it");
    let feed = desk.get_json("ann", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(support::ids_of(&feed), [case.as_str()], "who follows the feed sees it");
    let audit = desk.get_json("root", "/api/v1/audit").await;
    let last = audit["entries"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["actor"], &last["action"]), (&json!("desk"), &json!("mail_accepted")));
    let received = sink.received();
    let [letter] = received.as_slice() else { panic!("{received:?}") };
    assert!(letter.from.starts_with("MAIL FROM:<support@desk.example>"), "{}", letter.from);
    assert_eq!(letter.to, "RCPT TO:<ida@fjord.example>");
    let header = |name| letter.header(name).unwrap();
    assert_eq!(header("From"), "Support <support@desk.example>");
    assert_eq!(header("To"), "ida@fjord.example");
    assert_eq!(header("Subject"), format!("[{case}] We have received your report"));
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert_eq!(header("Date"), "Tue, 24 Nov 2026 10:00:00 +0000");
    assert!(letter.body().contains(&case));
    assert!(letter.body().contains("https://support.desk.example/case"), "{}", letter.body());
    assert_eq!(letters(&desk).await[0].state, "sent");
    send(&desk).await;
    assert_eq!(sink.received().len(), 1, "once");
}

#[tokio::test]
async fn a_receipt_that_is_accepted_after_an_agent_responded_changes_the_case_no_more() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    desk.done("ann", &case, json!({"action": "respond"})).await;
    send(&desk).await;
    assert_eq!(letters(&desk).await[0].state, "sent");
    assert_eq!(detail(&desk, &case).await["revision"], 2, "the act alone");
}

#[tokio::test]
async fn a_letter_that_is_refused_for_now_comes_again_with_the_same_message_id() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.answer(&[
        Answer::Recipient("450 4.7.1 greylisted, come again"),
        Answer::Letter("451 4.3.0 later"),
    ]);
    let case = desk.reported(json!({})).await;
    send(&desk).await;
    let row = letters(&desk).await.remove(0);
    assert_eq!((row.state.as_str(), row.tries), ("queued", 1));
    assert!(row.last_error.unwrap().raw().contains("greylisted"));
    send(&desk).await;
    desk.clock.advance(TimeDelta::seconds(59));
    send(&desk).await;
    assert_eq!(letters(&desk).await[0].tries, 1, "not before a minute is over");
    desk.clock.advance(TimeDelta::seconds(31));
    send(&desk).await;
    assert_eq!(letters(&desk).await[0].tries, 2);
    assert_eq!(response(&desk, &case).await, "running", "nothing was accepted");
    desk.clock.advance(TimeDelta::minutes(3));
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    let received = sink.received();
    assert_eq!(received.iter().map(|r| r.accepted).collect::<Vec<_>>(), [false, true]);
    assert_eq!(received[0].data, received[1].data, "the same letter to the byte");
    let id = received[0].header("Message-ID").unwrap();
    assert_eq!(id, row.message_id);
    assert!(id.ends_with("@desk.example>"), "{id}");
}

#[tokio::test]
async fn a_server_that_hangs_up_before_its_answer_gets_a_second_copy_that_is_known_as_one() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.answer(&[Answer::HangUp]);
    let case = desk.reported(json!({})).await;
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "running");
    desk.clock.advance(TimeDelta::minutes(2));
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    let received = sink.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].header("Message-ID"), received[1].header("Message-ID"));
}

#[tokio::test]
async fn a_server_that_never_answers_takes_its_connection_with_it() {
    let sink = Sink::start().await;
    let mut settings = sink.settings();
    settings.patience = Duration::from_millis(300);
    let desk = desk_with!(settings);
    licence(&desk, "K-2", &["per@fjord.example"]).await;
    sink.answer(&[Answer::Hang]);
    let first = desk.reported(json!({})).await;
    let second = desk.reported(json!({"licence_key": "K-2", "email": "per@fjord.example"})).await;
    send(&desk).await;
    let states: Vec<_> = letters(&desk).await.into_iter().map(|l| (l.state, l.tries)).collect();
    assert_eq!(states, [("queued".to_owned(), 1), ("sent".to_owned(), 1)]);
    assert_eq!(response(&desk, &first).await, "running");
    assert_eq!(response(&desk, &second).await, "met");
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn one_connection_carries_many_letters() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    for text in ["One.", "Two.", "Three."] {
        desk.done("ann", &case, json!({"action": "reply", "text": text})).await;
    }
    send(&desk).await;
    assert_eq!((sink.received().len(), sink.connections()), (4, 1));
}

#[tokio::test]
async fn what_is_refused_for_good_is_dead_and_an_administrator_can_send_it_again() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.answer(&[Answer::Recipient("550 5.1.1 no such user")]);
    let case = desk.reported(json!({})).await;
    send(&desk).await;
    let store = desk.service.store();
    let dead = store.mail(Which::Dead, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].case.as_str()), (1, case.as_str()));
    assert!(dead[0].last_error.as_ref().unwrap().raw().contains("no such user"));
    assert_eq!(response(&desk, &case).await, "running");
    let told = said(&desk, &case).await.pop().unwrap();
    assert!(told.contains("no such user") && told.ends_with("by hand"), "{told}");
    desk.clock.advance(TimeDelta::days(3));
    send(&desk).await;
    assert!(sink.received().is_empty(), "it is not tried again by itself");
    assert_eq!(store.mail_counts().await.unwrap().dead, 1);
    let now = desk.service.now();
    assert_eq!(store.retry_mail(Some(&[dead[0].id + 1]), now).await.unwrap(), [0_i64; 0]);
    assert_eq!(store.retry_mail(Some(&[dead[0].id]), now).await.unwrap(), [dead[0].id]);
    assert_eq!(store.retry_mail(None, now).await.unwrap(), [0_i64; 0], "none is dead any more");
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "missed", "two hours were over");
    assert_eq!(sink.received()[0].header("Message-ID").unwrap(), dead[0].message_id);
}

#[tokio::test]
async fn after_ten_tries_a_letter_is_dead() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.answer(&[Answer::Recipient("452 4.2.2 mailbox full"); 11]);
    let case = desk.reported(json!({})).await;
    for tried in 1..=10 {
        assert_eq!(letters(&desk).await[0].state, "queued", "before try {tried}");
        send(&desk).await;
        desk.clock.advance(TimeDelta::minutes(if tried < 9 { 1 << tried } else { 400 }));
    }
    let row = letters(&desk).await.remove(0);
    assert_eq!((row.state.as_str(), row.tries), ("dead", 10));
    let told = said(&desk, &case).await;
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[1].contains("not mailed yet"), "after half an hour: {}", told[1]);
    assert!(told[2].contains("mailbox full"), "{}", told[2]);
}

#[tokio::test]
async fn a_server_that_is_down_costs_no_try_and_letters_are_given_up_after_two_days() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.set_down(true);
    let case = desk.reported(json!({})).await;
    desk.done("ann", &case, json!({"action": "reply", "text": "We are on it."})).await;
    let begun = desk.service.now();
    send(&desk).await;
    let connections = sink.connections();
    send(&desk).await;
    assert_eq!(sink.connections(), connections, "it is left alone for a while");
    desk.clock.set(begun + TimeDelta::minutes(31));
    send(&desk).await;
    send(&desk).await;
    let told = said(&desk, &case).await;
    assert_eq!(told.len(), 3, "each letter is told once: {told:?}");
    assert!(told[1].starts_with("the case id is not mailed yet"), "{}", told[1]);
    assert!(told[2].starts_with("the answer is not mailed yet"), "{}", told[2]);
    desk.clock.set(begun + TimeDelta::hours(47));
    send(&desk).await;
    for row in letters(&desk).await {
        assert_eq!((row.state.as_str(), row.tries), ("queued", 0));
    }
    desk.clock.set(begun + TimeDelta::hours(49));
    send(&desk).await;
    for row in letters(&desk).await {
        assert_eq!((row.state.as_str(), row.tries), ("dead", 0));
    }
    sink.set_down(false);
    desk.service.store().retry_mail(None, desk.service.now()).await.unwrap();
    desk.clock.advance(TimeDelta::hours(1));
    send(&desk).await;
    assert_eq!(sink.received().len(), 2);
}

#[tokio::test]
async fn a_login_that_is_refused_kills_no_letter() {
    let sink = Sink::start().await;
    sink.set_locked(true);
    let desk = desk_with!(sink.settings_with_login("desk:secret@"));
    let case = desk.reported(json!({})).await;
    send(&desk).await;
    let row = letters(&desk).await.remove(0);
    assert_eq!((row.state.as_str(), row.tries), ("queued", 0));
    let error = row.last_error.unwrap().raw().to_owned();
    assert!(error.contains("wrong password") && !error.contains("secret"), "{error}");
    sink.set_locked(false);
    desk.clock.advance(TimeDelta::minutes(2));
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
}

#[tokio::test]
async fn where_the_server_offers_encryption_it_is_taken() {
    let sink = Sink::start().await;
    sink.offer_tls();
    let desk = desk_with!(sink.settings_with_login("desk:secret@"));
    let case = desk.reported(json!({})).await;
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    assert!(sink.received()[0].encrypted);
}

#[tokio::test]
async fn where_encryption_is_required_nothing_goes_without_and_nothing_to_a_stranger() {
    for offered in [false, true] {
        let sink = Sink::start().await;
        if offered {
            sink.offer_tls();
        }
        let url = format!("smtp://desk:secret@localhost:{}?tls=required", sink.address.port());
        let desk = desk_with!(Sink::settings_of(&url));
        desk.reported(json!({})).await;
        send(&desk).await;
        let row = letters(&desk).await.remove(0);
        let error = row.last_error.unwrap().raw().to_owned();
        let why = if offered { "certificate" } else { "STARTTLS is not supported" };
        assert!(error.contains(why), "{error}");
        assert_eq!((row.state.as_str(), row.tries), ("queued", 0));
        assert_eq!(sink.received(), []);
    }
}

#[tokio::test]
async fn what_was_queued_is_sent_by_the_service_that_comes_after() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    let desk = desk.restart().await;
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn a_letter_whose_sender_died_in_the_middle_is_sent_once_its_lease_is_over() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    sink.answer(&[Answer::Hang]);
    let case = desk.reported(json!({})).await;
    tokio::select! {
        _ = desk.service.send_due_mail() => panic!("the server does not answer"),
        () = sink.came(1) => {}
    }
    let desk = desk.restart().await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 1, "it may still be under way");
    desk.clock.advance(TimeDelta::minutes(5));
    send(&desk).await;
    assert_eq!(response(&desk, &case).await, "met");
    let received = sink.received();
    assert_eq!(received[0].header("Message-ID"), received[1].header("Message-ID"));
}

#[tokio::test]
async fn mail_goes_to_addresses_on_record_alone_and_the_reporter_cannot_tell() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let shape = |mut answer: Value| {
        let case = answer["case"].as_object_mut().unwrap();
        let id = case.remove("id").unwrap();
        // Whose case it is depends on the key, for whoever may see that.
        for known in ["partner", "eligibility", "clocks", "customer"] {
            case.remove(known);
        }
        (id.as_str().unwrap().to_owned(), answer["case"].clone())
    };
    let mut shapes = Vec::new();
    for fields in [
        json!({"email": "Mallory@Elsewhere.example"}),
        json!({"licence_key": "nobody's"}),
        json!({"licence_key": "SS-3333-CCCC", "email": "IDA@Fjord.Example"}),
    ] {
        let answer = desk.report("root", &fields).send().await.unwrap();
        shapes.push(shape(expect(answer, 201).await));
    }
    send(&desk).await;
    assert_eq!(shapes[0].1, shapes[1].1);
    assert_eq!(shapes[1].1, shapes[2].1);
    let received = sink.received();
    assert_eq!(received.len(), 1, "{received:?}");
    assert_eq!(received[0].to, "RCPT TO:<ida@fjord.example>", "as it is on record");
    for (case, _) in &shapes[..2] {
        let told = said(&desk, case).await;
        assert_eq!(
            told,
            ["the case id was not mailed: the address is not on record for the licence"]
        );
        assert_eq!(response(&desk, case).await, "running");
        desk.done("root", case, json!({"action": "respond"})).await;
        assert_eq!(response(&desk, case).await, "met", "by hand");
    }
}

#[tokio::test]
async fn what_agents_write_is_mailed_under_the_cases_first_letter() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    for act in [
        json!({"action": "note", "text": "internal"}),
        json!({"action": "respond", "text": "We look into it."}),
        json!({"action": "reply", "text": "Please try 15.2.\r\n.\r\nThen tell us."}),
        json!({"action": "request_info", "text": "We need more.", "items": ["log_files", "steps"]}),
        json!({"action": "close", "resolution": "explanation", "cause": "setting",
               "text": "Port 6502 was closed. \u{1b}[31mGrüße"}),
    ] {
        desk.done("ann", &case, act).await;
    }
    desk.clock.advance(TimeDelta::seconds(1));
    send(&desk).await;
    let received = sink.received();
    let subjects: Vec<_> = received.iter().map(|r| r.header("Subject").unwrap()).collect();
    let subject = |words: &str| format!("[{case}] {words}");
    assert_eq!(
        subjects,
        [
            subject("We have received your report"),
            subject("An answer to your case"),
            subject("An answer to your case"),
            subject("We need more information"),
            subject("Your case is closed"),
        ]
    );
    let first = received[0].header("Message-ID");
    assert_eq!((received[0].header("In-Reply-To"), received[0].header("References")), (None, None));
    for letter in &received[1..] {
        assert_eq!(letter.header("In-Reply-To"), first);
        assert_eq!(letter.header("References"), first);
        assert_ne!(letter.header("Message-ID"), first);
        assert_eq!(letter.header("Auto-Submitted"), None, "a person wrote it");
        assert!(!letter.data.contains("internal"), "notes stay in the house");
    }
    assert!(received[1].body().contains("We look into it."));
    assert!(received[2].body().contains("15.2.\r\n.\r\nThen"), "{}", received[2].body());
    assert!(received[3].body().contains("Please send:\r\n- "), "{}", received[3].body());
    assert!(!received[4].data.contains('\u{1b}') && received[4].data.is_ascii());
    assert!(received[4].body().contains("Gr=C3=BC=C3=9Fe"), "{}", received[4].body());
    assert_eq!(said(&desk, &case).await, ["the case id is being mailed"], "nothing to do by hand");
}

#[tokio::test]
async fn news_of_a_correction_are_mailed_to_the_customers_of_its_cases() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({})).await;
    let escalate = json!({"action": "escalate", "to": "second", "reason": "r"});
    desk.done("ann", &case, escalate).await;
    let product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &case, product).await;
    // Within the hour of the receipt it would be held back.
    desk.clock.advance(TimeDelta::hours(2));
    let patch = desk.client().patch(desk.url("/api/v1/corrections/K-7")).bearer_auth("token-pia");
    expect(patch.json(&json!({"status": "in_work"})).send().await.unwrap(), 200).await;
    send(&desk).await;
    let received = sink.received();
    let news = received.last().unwrap();
    assert_eq!(news.header("Subject").unwrap(), format!("[{case}] News of a correction"));
    assert_eq!(news.header("Auto-Submitted").unwrap(), "auto-generated");
    let detail = detail(&desk, &case).await;
    let timeline = detail["timeline"].as_array().unwrap();
    let of_correction =
        |entry: &&Value| entry["kind"] == "correction" && entry["visibility"] == "customer";
    let told = timeline.iter().find(of_correction).unwrap();
    assert!(news.body().contains(told["text"].as_str().unwrap()), "{} in {told}", news.body());
}

#[tokio::test]
async fn an_answer_that_is_not_mailed_says_so_in_the_case() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let case = desk.reported(json!({"email": "mallory@elsewhere.example"})).await;
    let answer = desk.done("ann", &case, json!({"action": "reply", "text": "Try 15.2."})).await;
    assert_eq!(answer["event"]["kind"], "reply");
    assert_eq!(
        said(&desk, &case).await[1],
        "the answer was not mailed: the address is not on record for the licence"
    );
    let timeline = detail(&desk, &case).await["timeline"].clone();
    let seqs: Vec<_> =
        timeline.as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4]);
    desk.done("ann", &case, json!({"action": "note", "text": "Called them."})).await;
    send(&desk).await;
    assert!(sink.received().is_empty());
}

#[tokio::test]
async fn an_address_gets_one_receipt_an_hour_and_five_a_day_over_all_cases() {
    let sink = Sink::start().await;
    let mut desk = desk_with!(sink.settings());
    licence(&desk, "K-2", &["ida@fjord.example"]).await;
    for hour in 0..8 {
        for key in ["NW-1111-AAAA", "K-2"] {
            desk.reported(json!({"licence_key": key})).await;
        }
        send(&desk).await;
        assert_eq!(sink.received().len(), (hour + 1).min(5), "in hour {hour}");
        desk.clock.advance(TimeDelta::minutes(61));
        if hour == 2 {
            // The count is the store's.
            desk = desk.restart().await;
        }
    }
    let held: Vec<_> = letters(&desk).await.into_iter().filter_map(|l| l.held).collect();
    let words = serde_json::to_value(&held).unwrap();
    let count = |word| words.as_array().unwrap().iter().filter(|w| **w == word).count();
    assert_eq!((count("hourly"), count("daily"), held.len()), (4, 7, 11));
    let case = desk.reported(json!({})).await;
    assert_eq!(response(&desk, &case).await, "running", "what is held meets nothing");
    desk.done("ann", &case, json!({"action": "reply", "text": "We are on it."})).await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 6, "agents write as often as they like");
    desk.clock.advance(TimeDelta::hours(20));
    desk.reported(json!({})).await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 7, "a day after the first");
}

#[tokio::test]
async fn reports_at_once_with_one_address_give_one_receipt() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let reports = (0..6).map(|_| desk.reported(json!({})));
    futures_util::future::join_all(reports).await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 1);
}

#[tokio::test]
async fn too_much_automatic_mail_stops_until_an_hour_has_passed_with_less() {
    let sink = Sink::start().await;
    let mut settings = sink.settings();
    settings.automatic_per_hour = 3;
    let desk = desk_with!(settings);
    let addresses: Vec<_> = (0..9).map(|n| format!("c{n}@fjord.example")).collect();
    licence(&desk, "K-2", &addresses.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let report =
        async |n: usize| desk.reported(json!({"licence_key": "K-2", "email": addresses[n]})).await;
    let mut cases = Vec::new();
    for n in 0..5 {
        cases.push(report(n).await);
    }
    send(&desk).await;
    assert_eq!(sink.received().len(), 3);
    assert!(desk.service.mail_breaker_is_open());
    let told = said(&desk, &cases[4]).await;
    assert_eq!(
        told,
        ["the case id was not mailed: the desk sends too much automatic mail at present"]
    );
    expect(desk.client().get(desk.url("/readyz")).send().await.unwrap(), 200).await;
    desk.clock.advance(TimeDelta::minutes(50));
    report(5).await;
    desk.done("ann", &cases[4], json!({"action": "reply", "text": "By hand."})).await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 4, "the answer alone");
    desk.clock.advance(TimeDelta::minutes(11));
    report(6).await;
    send(&desk).await;
    assert_eq!(sink.received().len(), 5);
    assert!(!desk.service.mail_breaker_is_open());
}

#[tokio::test]
async fn robots_and_our_own_addresses_get_no_mail() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let addresses = [
        "MAILER-DAEMON@fjord.example",
        "no-reply@fjord.example",
        "bounces+1@fjord.example",
        "support@desk.example",
        "anybody@desk.example",
    ];
    licence(&desk, "K-2", &addresses).await;
    for address in addresses {
        let case = desk.reported(json!({"licence_key": "K-2", "email": address})).await;
        desk.done("ann", &case, json!({"action": "reply", "text": "We are on it."})).await;
        let why = if address.ends_with("@desk.example") { "one of ours" } else { "a robot's" };
        let told = said(&desk, &case).await;
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|told| told.ends_with(why)), "{address}: {told:?}");
    }
    send(&desk).await;
    assert_eq!((sink.received().len(), sink.connections()), (0, 0));
}

#[tokio::test]
async fn nothing_that_a_reporter_typed_is_in_a_letter() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    let hostile = "Typed\r\nBcc: x@elsewhere.example\r\n\r\n\u{9b}31m\u{202e}Typed";
    let case = desk
        .reported(json!({
            "subject": hostile, "contact": hostile, "company": hostile, "description": hostile,
            "product": hostile, "version": hostile, "phone": hostile,
        }))
        .await;
    desk.done("ann", &case, json!({"action": "reply", "text": "Hello."})).await;
    for email in [
        "ida@fjord.example\r\nBcc: x@elsewhere.example",
        "ida@fjord.example\0",
        "ida\u{9b}@fjord.example",
    ] {
        let answer = desk.report("root", &json!({"email": email})).send().await.unwrap();
        support::problem(answer, 422).await;
    }
    // A form that the check lets through, on record by some import: it still never reaches the mail library.
    for email in ["ida\u{202e}@fjord.example", "<ida>@fjord.example", "-f@fjord.example"] {
        licence(&desk, email, &[email]).await;
        let odd = desk.reported(json!({"licence_key": email, "email": email})).await;
        assert!(said(&desk, &odd).await[0].contains("not mailed"), "{email:?}");
    }
    send(&desk).await;
    let received = sink.received();
    assert_eq!(received.len(), 2);
    for letter in &received {
        assert!(letter.data.is_ascii());
        for typed in ["Typed", "elsewhere", "Ida", "Bcc", "31m"] {
            assert!(!letter.data.contains(typed), "{typed} in {}", letter.data);
        }
    }
}

#[tokio::test]
async fn without_a_mail_server_the_desk_says_so_and_queues_nothing() {
    let desk = desk!();
    let case = desk.reported(json!({})).await;
    desk.done("ann", &case, json!({"action": "reply", "text": "We are on it."})).await;
    assert_eq!(desk.get_json("ann", "/api/v1/me").await["mail"], false);
    assert_eq!(letters(&desk).await, []);
    assert_eq!(said(&desk, &case).await, [""; 0]);
    assert_eq!(desk.service.send_due_mail().await.unwrap(), None);
}

#[tokio::test]
async fn with_a_mail_server_everybody_learns_that_there_is_one() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    assert_eq!(desk.get_json("ann", "/api/v1/me").await["mail"], true);
}

#[tokio::test]
async fn the_sender_is_woken_by_what_is_queued_and_ends_with_the_service() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    desk.service.start_mail();
    let case = desk.reported(json!({})).await;
    sink.came(1).await;
    desk.done("ann", &case, json!({"action": "reply", "text": "We are on it."})).await;
    sink.came(2).await;
    tokio::time::timeout(PATIENCE, desk.service.close()).await.unwrap();
}

async fn second_service(desk: &Desk, settings: MailSettings) -> Service {
    let policy = Arc::new(Policy::embedded());
    let clock = desk.clock.clone();
    Service::open_with_mail(desk.place.clone(), policy, clock, Some(settings)).await.unwrap()
}

#[tokio::test]
async fn two_services_on_one_database_send_each_letter_once() {
    let sink = Sink::start().await;
    let desk = desk_with!(sink.settings());
    if matches!(desk.place, Place::Folder(_)) {
        return; // A folder takes one.
    }
    let second = second_service(&desk, sink.settings()).await;
    let case = desk.reported(json!({})).await;
    for n in 0..40 {
        let text = format!("Answer {n}.");
        desk.done("ann", &case, json!({"action": "reply", "text": text})).await;
    }
    let (one, two) = tokio::join!(desk.service.send_due_mail(), second.send_due_mail());
    one.unwrap();
    two.unwrap();
    let received = sink.received();
    let mut ids: Vec<_> = received.iter().map(|r| r.header("Message-ID").unwrap()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((received.len(), ids.len()), (41, 41));
    assert_eq!(response(&desk, &case).await, "met");
    second.close().await;
}
