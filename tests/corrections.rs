//! Corrections as the case API's clients meet them: black box, over loopback.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use caseload::domain::{CaseState, Eligibility, Environment, Severity, Tier};
use caseload::service::store::seed::{Seed, SeedCase};
use caseload::sla::ledger::Ledger;
use caseload::wire::MAX_LINKED;
use chrono::TimeDelta;
use futures_util::future::join_all;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use support::{Desk, PEOPLE, expect, ids_of, problem, start_of_time};
use uuid::Uuid;

const CORRECTIONS: &str = "/api/v1/corrections";

fn at(id: &str) -> String {
    format!("{CORRECTIONS}/{id}")
}

fn patch(desk: &Desk, who: &str, id: &str, body: &Value) -> RequestBuilder {
    desk.client().patch(desk.url(&at(id))).bearer_auth(format!("token-{who}")).json(body)
}

fn link(desk: &Desk, who: &str, id: &str, cases: &[&str]) -> RequestBuilder {
    desk.post(who, &format!("{}/cases", at(id))).json(&json!({ "cases": cases }))
}

async fn amended(desk: &Desk, id: &str, body: Value) -> Value {
    expect(patch(desk, "pia", id, &body).send().await.unwrap(), 200).await
}

async fn opened(desk: &Desk, body: Value) -> String {
    let answer = desk.post("pia", CORRECTIONS).json(&body).send().await.unwrap();
    expect(answer, 201).await["id"].as_str().unwrap().to_owned()
}

/// A case of that licence at Product Management, linked to a correction.
async fn at_product(desk: &Desk, licence: &str, severity: &str, correction: &str) -> String {
    let id = at_second(desk, licence, severity).await;
    let to_product = json!({"action": "escalate", "to": "product", "reason": "Replicated.",
        "finding": "product_error", "correction": correction});
    desk.done("eve", &id, to_product).await;
    id
}

async fn at_second(desk: &Desk, licence: &str, severity: &str) -> String {
    let id = desk.reported(json!({"licence_key": licence, "severity": severity})).await;
    desk.done("root", &id, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    id
}

async fn case(desk: &Desk, id: &str) -> Value {
    desk.get_json("root", &format!("/api/v1/cases/{id}")).await
}

/// What a customer is told in a case, latest last.
async fn told(desk: &Desk, id: &str) -> Vec<String> {
    let case = case(desk, id).await;
    let entries = case["timeline"].as_array().unwrap().iter();
    entries
        .filter(|e| e["kind"] == "correction" && e["visibility"] == "customer")
        .map(|e| e["text"].as_str().unwrap().to_owned())
        .collect()
}

fn ids(list: &Value) -> Vec<&str> {
    list["corrections"].as_array().unwrap().iter().map(|k| k["id"].as_str().unwrap()).collect()
}

fn wrong_field(problem: &Value) -> &str {
    problem["errors"][0]["field"].as_str().unwrap()
}

#[tokio::test]
async fn a_product_manager_opens_a_correction_and_everybody_reads_it() {
    let desk = desk!();
    desk.clock.advance(TimeDelta::hours(1));
    let draft = json!({"title": "Host stops at log-off", "release_plan": "next_release",
        "status": "planned", "note": "Found in 15.2."});
    let response = desk.post("pia", CORRECTIONS).json(&draft).send().await.unwrap();
    assert_eq!(response.headers()["location"], "/api/v1/corrections/K-8");
    assert_eq!(response.headers()["etag"], "\"1\"");
    let correction = expect(response, 201).await;
    let expected = json!({"id": "K-8", "title": "Host stops at log-off",
        "release_plan": "next_release", "status": "planned", "cases": 0, "note": "Found in 15.2.",
        "updated_at": "2026-11-24T11:00:00Z", "revision": 1});
    assert_eq!(correction, expected);
    let plain = opened(&desk, json!({"title": "t"})).await;
    for (who, role, _) in PEOPLE {
        let response = desk.get(who, &at("K-8")).send().await.unwrap();
        assert_eq!(response.headers()["etag"], "\"1\"");
        let detail = expect(response, 200).await;
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(detail[field], *value, "{field} for {}", role.label());
        }
        assert_eq!(detail["linked"], json!([]));
        assert_eq!(detail["history"][0]["what"], "open");
        assert_eq!(detail["history"][0]["actor"], json!({"id": "pia", "name": "PIA"}));
        let list = desk.get_json(who, CORRECTIONS).await;
        assert_eq!(ids(&list), [&plain, "K-8", "K-7"], "newest first");
        assert_eq!(list["corrections"][0]["status"], "confirmed");
        assert_eq!(list["corrections"][0]["release_plan"], Value::Null);
        assert_eq!(list["corrections"][1], expected);
        assert_eq!(list["next"], Value::Null);
    }
    problem(desk.get("ann", &at("K-99")).send().await.unwrap(), 404).await;
    problem(desk.get("ann", &at("%ff")).send().await.unwrap(), 404).await;
    for path in [CORRECTIONS.to_owned(), at("K-7")] {
        problem(desk.client().get(desk.url(&path)).send().await.unwrap(), 401).await;
    }
}

#[tokio::test]
async fn the_outline_comes_page_by_page_and_by_status() {
    let desk = desk!();
    for status in ["confirmed", "released", "in_work", "confirmed"] {
        opened(&desk, json!({"title": "t", "status": status})).await;
    }
    let mut seen = Vec::new();
    let mut path = format!("{CORRECTIONS}?limit=2");
    loop {
        let page = desk.get_json("ann", &path).await;
        assert!(ids(&page).len() <= 2);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{CORRECTIONS}?limit=2&after={next}");
    }
    assert_eq!(seen, ["K-11", "K-10", "K-9", "K-8", "K-7"]);
    for (query, expected) in [
        ("status=confirmed", &["K-11", "K-8"][..]),
        ("status=in_work,released", &["K-10", "K-9"]),
        ("status=rejected", &[]),
        ("status=", &["K-11", "K-10", "K-9", "K-8", "K-7"]),
        ("status=confirmed&limit=1&after=K-11", &["K-8"]),
    ] {
        let page = desk.get_json("ann", &format!("{CORRECTIONS}?{query}")).await;
        assert_eq!(ids(&page), expected, "{query}");
    }
    for (query, field) in [("status=done", "status"), ("after=K-99", "after"), ("limit=x", "limit")]
    {
        let response = desk.get("ann", &format!("{CORRECTIONS}?{query}")).send().await.unwrap();
        assert_eq!(wrong_field(&problem(response, 422).await), field);
    }
}

#[tokio::test]
async fn product_managers_and_administrators_write_corrections_and_nobody_else() {
    let desk = desk!();
    let case = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    for (who, role, _) in PEOPLE {
        let may = matches!(role.word(), "product" | "admin");
        let post = desk.post(who, CORRECTIONS).json(&json!({"title": "t"}));
        let requests = [
            (post, 201),
            (patch(&desk, who, "K-7", &json!({"note": who})), 200),
            (link(&desk, who, "K-7", &[&case]), 200),
            (patch(&desk, who, "K-99", &json!({"note": who})), 404),
            (link(&desk, who, "K-99", &[&case]), 404),
        ];
        for (request, status) in requests {
            let response = request.send().await.unwrap();
            if may {
                expect(response, status).await;
            } else {
                let refused = problem(response, 403).await;
                assert_eq!(refused["code"], "not_allowed");
                let detail = refused["detail"].as_str().unwrap();
                assert!(detail.contains("product managers and administrators"), "{detail}");
            }
        }
    }
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let desk = desk!();
    for (body, field) in [
        (json!({}), "title"),
        (json!({"title": " "}), "title"),
        (json!({"title": "x".repeat(301)}), "title"),
        (json!({"title": "t", "release_plan": "tomorrow"}), "release_plan"),
        (json!({"title": "t", "status": "done"}), "status"),
        (json!({"title": "t", "note": "a\u{0}b"}), "note"),
        (json!({"title": "t", "cases": []}), "cases"),
    ] {
        let response = desk.post("pia", CORRECTIONS).json(&body).send().await.unwrap();
        assert_eq!(wrong_field(&problem(response, 422).await), field, "{body}");
    }
    for (body, field) in [
        (json!({"title": null}), "title"),
        (json!({"status": null}), "status"),
        (json!({"status": "done"}), "status"),
        (json!({"release_plan": "soon"}), "release_plan"),
        (json!({"note": 7}), "note"),
        (json!({"reason": "because"}), "reason"),
        (json!({"id": "K-8"}), "id"),
    ] {
        let response = patch(&desk, "pia", "K-7", &body).send().await.unwrap();
        assert_eq!(wrong_field(&problem(response, 422).await), field, "{body}");
    }
    for body in [json!({}), json!({"cases": []}), json!({"cases": "C-1"}), json!({"cases": [1]})] {
        let path = format!("{}/cases", at("K-7"));
        let response = desk.post("pia", &path).json(&body).send().await.unwrap();
        assert_eq!(wrong_field(&problem(response, 422).await), "cases", "{body}");
    }
    let many: Vec<String> = (0..=MAX_LINKED).map(|n| format!("C-{n}")).collect();
    let refs: Vec<&str> = many.iter().map(String::as_str).collect();
    let response = link(&desk, "pia", "K-7", &refs).send().await.unwrap();
    let message = problem(response, 422).await["errors"][0]["message"].clone();
    assert_eq!(message, format!("names more than {MAX_LINKED} cases"));
    let document: Value = serde_json::from_str(caseload::service::openapi()).unwrap();
    let cases = &document["components"]["schemas"]["Links"]["properties"]["cases"];
    assert_eq!(cases["maxItems"], MAX_LINKED);
    let detail = desk.get_json("pia", &at("K-7")).await;
    assert_eq!((&detail["revision"], &detail["status"]), (&json!(1), &json!("planned")));
}

#[tokio::test]
async fn texts_are_kept_as_they_came_and_null_takes_a_note_or_a_plan_away() {
    let desk = desk!();
    let hostile = "a\u{1b}[2J\u{202e}<b>'; DROP TABLE corrections; --\r\n";
    let changed = amended(&desk, "K-7", json!({"title": hostile, "note": hostile})).await;
    assert_eq!((&changed["title"], &changed["note"]), (&json!(hostile), &json!(hostile)));
    let changed = amended(&desk, "K-7", json!({"note": null, "release_plan": null})).await;
    assert_eq!((&changed["note"], &changed["release_plan"]), (&Value::Null, &Value::Null));
    assert_eq!(changed["title"], hostile);
    assert_eq!(changed["revision"], 3);
    let same = amended(&desk, "K-7", json!({"note": null, "title": hostile})).await;
    assert_eq!(same["revision"], 3, "nothing was changed");
}

#[tokio::test]
async fn a_plan_that_departs_from_the_matrix_needs_a_reason_which_stays_on_record() {
    let desk = desk!();
    let id = opened(&desk, json!({"title": "t"})).await;
    at_product(&desk, "NW-1111-AAAA", "low", &id).await;
    at_product(&desk, "SS-3333-CCCC", "high", &id).await;
    // The worst of its cases is High.
    let late = json!({"release_plan": "future_release"});
    for reason in [json!(null), json!(""), json!("  ")] {
        let mut body = late.clone();
        body["reason"] = reason;
        let refused = problem(patch(&desk, "pia", &id, &body).send().await.unwrap(), 422).await;
        assert_eq!(wrong_field(&refused), "reason");
        let message = refused["errors"][0]["message"].as_str().unwrap();
        assert!(message.contains("hot fix or next release for High"), "{message}");
    }
    assert_eq!(amended(&desk, &id, json!({"release_plan": "hot_fix"})).await["revision"], 2);
    let body = json!({"release_plan": "future_release", "reason": "No build before spring."});
    assert_eq!(amended(&desk, &id, body).await["release_plan"], "future_release");
    let detail = desk.get_json("eve", &at(&id)).await;
    let last = detail["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["what"], "plan");
    assert_eq!(last["text"], "hot fix → future release");
    assert_eq!(last["reason"], "No build before spring.");
    assert_eq!(last["actor"]["id"], "pia");
    let outside = desk.get("ann", &at(&id)).send().await.unwrap().text().await.unwrap();
    assert!(!outside.contains("spring"), "a partner's agent reads no reason: {outside}");
    assert!(outside.contains("hot fix → future release"));
    // Without cases there is nothing to depart from.
    let free = opened(&desk, json!({"title": "t"})).await;
    amended(&desk, &free, late).await;
}

#[tokio::test]
async fn what_was_released_or_rejected_is_taken_up_again_with_a_reason() {
    let desk = desk!();
    for end in ["released", "rejected"] {
        amended(&desk, "K-7", json!({"status": end, "reason": "r"})).await;
        let again = json!({"status": "in_work"});
        let refused = problem(patch(&desk, "pia", "K-7", &again).send().await.unwrap(), 422).await;
        assert_eq!(wrong_field(&refused), "reason");
        amended(&desk, "K-7", json!({"status": "in_work", "reason": "It came back."})).await;
    }
}

#[tokio::test]
async fn everybody_counts_only_the_cases_that_they_may_see() {
    let desk = desk!();
    let north = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let south = at_product(&desk, "SS-3333-CCCC", "high", "K-7").await;
    let back = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    for _ in 0..2 {
        desk.done("root", &back, json!({"action": "hand_back", "reason": "r"})).await;
    }
    for (who, expected) in [
        ("ann", vec![&north, &back]),
        ("bob", vec![&south]),
        ("dora", vec![]),
        ("eve", vec![&north, &south, &back]),
        ("pia", vec![&north, &south, &back]),
        ("olaf", vec![&north, &south, &back]),
        ("root", vec![&north, &south, &back]),
    ] {
        let detail = desk.get_json(who, &at("K-7")).await;
        assert_eq!(detail["linked"], json!(expected), "{who}");
        assert_eq!(detail["cases"], expected.len(), "{who}");
        let list = desk.get_json(who, CORRECTIONS).await;
        assert_eq!(list["corrections"][0]["cases"], expected.len(), "{who}");
        // Neither the history nor the revision tells of others' cases.
        let links = detail["history"].as_array().unwrap().iter().filter(|e| e["what"] == "link");
        let partner = ["ann", "bob", "dora"].contains(&who);
        assert_eq!(links.count(), if partner { 0 } else { 3 }, "{who}");
        assert_eq!(detail["revision"], 1, "{who}");
        assert_eq!(detail["updated_at"], "2026-11-24T10:00:00Z", "{who}");
    }
}

#[tokio::test]
async fn cases_that_2nd_level_has_had_are_linked_all_or_none() {
    let desk = desk!();
    let second = at_second(&desk, "NW-1111-AAAA", "high").await;
    let first = desk.reported(json!({})).await;
    let foreign = at_second(&desk, "SS-3333-CCCC", "high").await;
    // A product manager sees what is at Product Management, or has a correction.
    let seen = link(&desk, "pia", "K-7", &[&foreign]).send().await.unwrap();
    let seen = problem(seen, 422).await;
    let missing = link(&desk, "pia", "K-7", &["C-1"]).send().await.unwrap();
    let missing = problem(missing, 422).await;
    let told = |problem: &Value| problem["errors"][0]["message"].as_str().unwrap().to_owned();
    assert_eq!(told(&seen).replace(&foreign, "C-1"), told(&missing), "foreign equals missing");
    assert_eq!(wrong_field(&seen), "cases");
    for (cases, status) in
        [([&*second, "C-1"], 422), ([&*second, &*first], 409), ([&*first, "C-1"], 422)]
    {
        let refused = link(&desk, "root", "K-7", &cases).send().await.unwrap();
        let refused = problem(refused, status).await;
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(if status == 409 { &first } else { "C-1" }), "{detail}");
    }
    assert_eq!(case(&desk, &second).await["correction"], Value::Null);
    let revision = case(&desk, &second).await["revision"].as_u64().unwrap();
    let (_, cursor) = desk.snapshot("pia").await;
    let linked = link(&desk, "root", "K-7", &[&second, &foreign, &second]).send().await.unwrap();
    assert_eq!(linked.headers()["etag"], "\"1\"");
    assert_eq!(expect(linked, 200).await["cases"], 2);
    let linked = case(&desk, &second).await;
    assert_eq!(linked["correction"], "K-7");
    assert_eq!(linked["revision"], revision + 1);
    let entry = linked["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(entry["kind"], "correction");
    assert_eq!(entry["visibility"], "internal");
    assert_eq!(entry["summary"], "correction K-7");
    let feed = desk.get_json("pia", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(ids_of(&feed), [second.clone(), foreign], "in the order of registration");
    // Once more changes nothing.
    let again = link(&desk, "root", "K-7", &[&second]).send().await.unwrap();
    assert_eq!(expect(again, 200).await["cases"], 2);
    assert_eq!(case(&desk, &second).await["revision"], revision + 1);
}

#[tokio::test]
async fn a_linked_case_can_be_moved_to_another_correction() {
    let desk = desk!();
    let id = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let other = opened(&desk, json!({"title": "The other one"})).await;
    let moved = link(&desk, "pia", &other, &[&id]).send().await.unwrap();
    assert_eq!(expect(moved, 200).await["cases"], 1);
    let moved = case(&desk, &id).await;
    assert_eq!(moved["correction"], *other);
    let entry = moved["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(entry["summary"], format!("correction K-7 → {other}"));
    let before = desk.get_json("pia", &at("K-7")).await;
    assert_eq!(before["cases"], 0);
    let steps: Vec<(&Value, &Value)> = before["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| (&event["what"], &event["text"]))
        .skip(1)
        .collect();
    assert_eq!(steps, [(&json!("link"), &json!(id)), (&json!("unlink"), &json!(id))]);
    // An escalation moves it as well.
    desk.done("pia", &id, json!({"action": "hand_back", "reason": "r"})).await;
    let back = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &id, back).await;
    assert_eq!(desk.get_json("pia", &at("K-7")).await["cases"], 1);
    assert_eq!(desk.get_json("pia", &at(&other)).await["cases"], 0);
}

#[tokio::test]
async fn an_engineer_opens_a_correction_by_assigning_a_case_to_it() {
    let desk = desk!();
    let id = at_second(&desk, "NW-1111-AAAA", "high").await;
    let escalate = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "new_correction": {"title": "Guests are lost"}});
    let correction = desk.done("eve", &id, escalate).await["case"]["correction"].clone();
    let detail = desk.get_json("pia", &at(correction.as_str().unwrap())).await;
    assert_eq!(detail["title"], "Guests are lost");
    assert_eq!(detail["linked"], json!([id]));
    let history = detail["history"].as_array().unwrap();
    let steps: Vec<&Value> = history.iter().map(|event| &event["what"]).collect();
    assert_eq!(steps, ["open", "link"]);
    assert!(history.iter().all(|event| event["actor"]["id"] == "eve"));
}

#[tokio::test]
async fn customers_of_linked_cases_are_told_of_plan_and_status_in_one_act() {
    let desk = desk!();
    let id = opened(&desk, json!({"title": "t"})).await;
    let north = at_product(&desk, "NW-1111-AAAA", "critical", &id).await;
    let waiting = at_product(&desk, "SS-3333-CCCC", "high", &id).await;
    desk.done("pia", &waiting, json!({"action": "hand_back", "reason": "r"})).await;
    let ask = json!({"action": "request_info", "text": "Which version?"});
    desk.done("eve", &waiting, ask).await;
    let closed = |kind: &str| json!({"action": "close", "resolution": kind, "text": "t"});
    let mut done = Vec::new();
    for kind in ["explanation", "workaround", "corrected_in_release", "no_answer"] {
        let case = at_product(&desk, "NW-1111-AAAA", "high", &id).await;
        desk.done("root", &case, closed(kind)).await;
        done.push(case);
    }
    let apart = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let (_, cursor) = desk.snapshot("ann").await;
    let (_, everything) = desk.snapshot("root").await;
    let revision = case(&desk, &north).await["revision"].as_u64().unwrap();
    desk.clock.advance(TimeDelta::hours(2));
    let plan = json!({"release_plan": "hot_fix", "status": "planned", "note": "Soon."});
    let changed = amended(&desk, &id, plan).await;
    assert_eq!(changed["revision"], 2, "one act");
    let sentence = format!("Correction {id}: planned as hot fix");
    for case in [&north, &waiting] {
        assert_eq!(told(&desk, case).await, [&*sentence]);
    }
    let now = case(&desk, &north).await;
    assert_eq!(now["revision"], revision + 1);
    assert_eq!(now["updated_at"], "2026-11-24T12:00:00Z");
    let entry = now["timeline"].as_array().unwrap().last().unwrap();
    assert_eq!(entry["actor"], json!({"id": "pia", "name": "PIA"}));
    assert_eq!(entry["at"], "2026-11-24T12:00:00Z");
    let state = case(&desk, &waiting).await["state"].clone();
    assert_eq!(state, "waiting", "to be told is no answer");
    let feed = desk.get_json("root", &format!("/api/v1/changes?cursor={everything}")).await;
    assert_eq!(ids_of(&feed), [north.clone(), waiting.clone()]);
    assert_eq!(feed["removed"], json!([]));
    let feed = desk.get_json("ann", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(ids_of(&feed), [&*north], "the other is another partner's");
    // A note alone is nobody else's.
    amended(&desk, &id, json!({"note": "Not so soon.", "title": "T"})).await;
    assert_eq!(told(&desk, &north).await.len(), 1);
    // Those who live with an explanation or a workaround hear of the release.
    amended(&desk, &id, json!({"status": "in_test"})).await;
    amended(&desk, &id, json!({"status": "released"})).await;
    let news =
        [sentence, format!("Correction {id}: in test"), format!("Correction {id}: released")];
    assert_eq!(told(&desk, &north).await, news);
    for (case, heard) in done.iter().zip([true, true, false, false]) {
        let expected = if heard { &news[2..] } else { &[] };
        assert_eq!(told(&desk, case).await, expected, "{case}");
    }
    assert!(told(&desk, &apart).await.is_empty());
    let kept = case(&desk, &done[0]).await;
    assert_eq!(
        (&kept["state"], &kept["resolution"]["kind"]),
        (&json!("closed"), &json!("explanation"))
    );
}

#[tokio::test]
async fn every_act_on_a_correction_is_in_the_audit_record() {
    let desk = desk!();
    let case = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let before = desk.get_json("root", "/api/v1/audit").await["next"].clone();
    let key = Uuid::new_v4();
    let id = opened(&desk, json!({"title": "t"})).await;
    let body = json!({"release_plan": "hot_fix", "status": "in_work", "note": "n", "title": "T"});
    let request = patch(&desk, "pia", &id, &body).header("idempotency-key", key.to_string());
    expect(request.send().await.unwrap(), 200).await;
    expect(link(&desk, "pia", &id, &[&case]).send().await.unwrap(), 200).await;
    amended(&desk, &id, json!({"note": "n"})).await;
    let audit = desk.get_json("root", &format!("/api/v1/audit?after={before}")).await;
    let entries = audit["entries"].as_array().unwrap();
    let acts: Vec<&Value> = entries.iter().map(|entry| &entry["action"]).collect();
    let expected = [
        "correction_new",
        "correction_title",
        "correction_plan",
        "correction_status",
        "correction_note",
        "correction_link",
    ];
    assert_eq!(acts, expected);
    for entry in entries {
        assert_eq!((&entry["actor"], &entry["case"]), (&json!("pia"), &json!(id)));
    }
    assert_eq!(entries[1]["idempotency_key"], key.to_string());
}

#[tokio::test]
async fn the_same_key_acts_once_and_another_body_is_refused() {
    let desk = desk!();
    let case = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let other = opened(&desk, json!({"title": "t"})).await;
    let keys = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let with =
        |request: RequestBuilder, key: Uuid| request.header("idempotency-key", key.to_string());
    let mut first = Vec::new();
    for round in 0..3 {
        let draft = desk.post("pia", CORRECTIONS).json(&json!({"title": "Once"}));
        let requests = [
            (with(draft, keys[0]), 201),
            (with(patch(&desk, "pia", "K-7", &json!({"note": "n"})), keys[1]), 200),
            (with(link(&desk, "pia", &other, &[&case]), keys[2]), 200),
        ];
        for (n, (request, status)) in requests.into_iter().enumerate() {
            let response = request.send().await.unwrap();
            assert!(response.headers().contains_key("etag"));
            let answer = expect(response, status).await;
            if round == 0 {
                first.push(answer);
            } else {
                assert_eq!(answer, first[n]);
            }
        }
        desk.clock.advance(TimeDelta::hours(1));
    }
    let list = desk.get_json("pia", CORRECTIONS).await;
    assert_eq!(list["corrections"].as_array().unwrap().len(), 3);
    assert_eq!(desk.get_json("pia", &at("K-7")).await["revision"], 2);
    let draft = desk.post("pia", CORRECTIONS).json(&json!({"title": "Twice"}));
    for request in [
        with(draft, keys[0]),
        with(patch(&desk, "pia", "K-7", &json!({"note": "m"})), keys[1]),
        with(patch(&desk, "pia", &other, &json!({"note": "n"})), keys[1]),
        with(link(&desk, "pia", "K-7", &[&case]), keys[2]),
    ] {
        assert_eq!(problem(request.send().await.unwrap(), 422).await["code"], "key_reused");
    }
    // A rule's refusal is kept as well; what was wrong in itself is not.
    let key = Uuid::new_v4();
    let at_first = desk.reported(json!({})).await;
    let refused = || with(link(&desk, "root", "K-7", &[&at_first]), key).send();
    problem(refused().await.unwrap(), 409).await;
    desk.done("ann", &at_first, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    problem(refused().await.unwrap(), 409).await;
}

#[tokio::test]
async fn a_stale_revision_carries_the_correction_as_it_is_now() {
    let desk = desk!();
    amended(&desk, "K-7", json!({"note": "n"})).await;
    for (tag, body) in
        [("\"1\"", json!({"note": "m"})), ("\"99\"", json!({})), ("W/\"2\"", json!({}))]
    {
        let request = patch(&desk, "pia", "K-7", &body).header("if-match", tag);
        let stale = problem(request.send().await.unwrap(), 412).await;
        assert_eq!(stale["code"], "stale");
        assert_eq!(stale.get("case"), None);
        assert_eq!(stale["correction"]["revision"], 2);
        assert_eq!(stale["correction"]["note"], "n");
    }
    for tag in ["\"2\"", "*", "\"1\", \"4\""] {
        let request = patch(&desk, "pia", "K-7", &json!({"note": tag})).header("if-match", tag);
        assert_eq!(expect(request.send().await.unwrap(), 200).await["note"], tag);
    }
}

#[tokio::test]
async fn of_two_product_managers_at_once_one_is_told_that_it_changed() {
    let desk = desk!();
    let case = at_product(&desk, "NW-1111-AAAA", "high", "K-7").await;
    let statuses = ["in_work", "in_test", "released", "rejected"];
    let racers = statuses.iter().flat_map(|status| {
        ["pia", "root"].map(|who| {
            let body = json!({ "status": status });
            patch(&desk, who, "K-7", &body).header("if-match", "\"1\"").send()
        })
    });
    let answers = join_all(racers).await;
    let won = answers.iter().filter(|a| a.as_ref().unwrap().status() == 200).count();
    assert_eq!(won, 1);
    for answer in answers {
        let answer = answer.unwrap();
        if answer.status() != 200 {
            assert_eq!(problem(answer, 412).await["correction"]["revision"], 2);
        }
    }
    assert_eq!(told(&desk, &case).await.len(), 1);
    // The same key at once: one correction.
    let key = Uuid::new_v4().to_string();
    let drafts = (0..8).map(|_| {
        let draft = desk.post("pia", CORRECTIONS).json(&json!({"title": "One"}));
        draft.header("idempotency-key", &key).send()
    });
    let mut ids = Vec::new();
    for answer in join_all(drafts).await {
        ids.push(expect(answer.unwrap(), 201).await["id"].clone());
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn plans_links_and_acts_at_once_neither_fail_nor_get_lost() {
    let desk = desk!();
    let mut cases = Vec::new();
    for _ in 0..6 {
        cases.push(at_product(&desk, "NW-1111-AAAA", "high", "K-7").await);
    }
    let other = opened(&desk, json!({"title": "t"})).await;
    let notes =
        cases.iter().map(|id| desk.act("root", id, &json!({"action": "note", "text": "n"})).send());
    let mut works: Vec<futures_util::future::BoxFuture<'_, _>> = Vec::new();
    for note in notes {
        works.push(Box::pin(note));
    }
    let refs: Vec<&str> = cases.iter().map(String::as_str).collect();
    for (n, to) in [&*other, "K-7", &*other].into_iter().enumerate() {
        works.push(Box::pin(link(&desk, "pia", to, &refs[n..]).send()));
        works.push(Box::pin(patch(&desk, "root", "K-7", &json!({"note": n.to_string()})).send()));
        let status = ["in_work", "in_test", "planned"][n];
        works.push(Box::pin(patch(&desk, "pia", &other, &json!({ "status": status })).send()));
    }
    for answer in join_all(works).await {
        expect(answer.unwrap(), 200).await;
    }
    let counts = [desk.get_json("pia", &at("K-7")).await, desk.get_json("pia", &at(&other)).await];
    let linked: usize = counts.iter().map(|k| k["linked"].as_array().unwrap().len()).sum();
    assert_eq!(linked, cases.len(), "each case has one correction");
    for id in &cases {
        let case = case(&desk, id).await;
        let entries = case["timeline"].as_array().unwrap();
        let seqs: Vec<u64> = entries.iter().map(|e| e["seq"].as_u64().unwrap()).collect();
        let expected: Vec<u64> = (1..=seqs.len() as u64).collect();
        assert_eq!(seqs, expected);
        assert_eq!(case["revision"], seqs.len(), "every entry is a revision");
        assert!(entries.iter().any(|e| e["kind"] == "note"));
    }
}

/// An open case at Product Management, linked to K-7.
fn seeded(desk: &Desk, n: usize) -> SeedCase {
    let at = start_of_time();
    SeedCase {
        id: format!("C-{n}").as_str().into(),
        subject: format!("Case {n}"),
        description: "d".to_owned(),
        severity: Severity::High,
        tier: Tier::Product,
        state: CaseState::Open,
        partner: "nordwind".into(),
        company: "Fjord Logistics".to_owned(),
        contact: "Ida Holm".to_owned(),
        email: "ida@fjord.example".to_owned(),
        phone: None,
        product: None,
        version: None,
        licence_key: "NW-1111-AAAA".to_owned(),
        eligibility: Eligibility::Eligible,
        environment: Environment::Live,
        workaround: false,
        phone_follow_up: None,
        assignee: None,
        correction: Some("K-7".into()),
        reached_second: true,
        ledger: Ledger::opened(at, Severity::High, &"nordwind".into(), &desk.service.policy()),
        resolution: None,
        revision: 1,
        reported_at: at,
        updated_at: at,
        timeline: Vec::new(),
    }
}

#[tokio::test]
async fn all_of_many_linked_cases_are_told_and_the_feed_has_them_in_order() {
    let desk = desk!();
    let most: usize =
        std::env::var("CASELOAD_TEST_LINKED").ok().map_or(1_100, |n| n.parse().unwrap());
    // More than go into one statement, and not the same number twice.
    let cases: Vec<SeedCase> = (0..most).map(|n| seeded(&desk, 100_000 + n)).collect();
    let expected: Vec<String> = cases.iter().map(|c| c.id.as_str().to_owned()).collect();
    desk.service.store().seed(&Seed { cases, ..Seed::default() }).await.unwrap();
    let (snapshot, mut cursor) = desk.snapshot("pia").await;
    assert_eq!(snapshot.len(), most);
    assert_eq!(amended(&desk, "K-7", json!({"status": "in_work"})).await["cases"], most);
    let mut changed = Vec::new();
    loop {
        let feed = desk.get_json("pia", &format!("/api/v1/changes?cursor={cursor}")).await;
        for case in feed["cases"].as_array().unwrap() {
            assert_eq!(case["revision"], 2);
        }
        changed.extend(ids_of(&feed));
        cursor = feed["cursor"].as_str().unwrap().to_owned();
        if feed["more"] == false {
            break;
        }
    }
    assert_eq!(changed, expected);
    for id in [&expected[0], &expected[501], &expected[most - 1]] {
        assert_eq!(told(&desk, id).await, ["Correction K-7: in work"]);
    }
    // And moved on, all at once.
    let other = opened(&desk, json!({"title": "t"})).await;
    let refs: Vec<&str> = expected.iter().map(String::as_str).collect();
    let linked = link(&desk, "pia", &other, &refs).send().await.unwrap();
    assert_eq!(expect(linked, 200).await["cases"], most);
    assert_eq!(desk.get_json("ann", &at("K-7")).await["cases"], 0);
    let history = desk.get_json("pia", &at(&other)).await["history"].clone();
    let text = history[1]["text"].as_str().unwrap();
    assert!(text.ends_with(&format!("and {} more", most - 20)), "{text}");
}

#[tokio::test]
async fn a_correction_and_its_history_outlive_a_restart() {
    let desk = desk!();
    let body = json!({"status": "rejected", "release_plan": null, "note": "Works as designed."});
    amended(&desk, "K-7", body).await;
    let before = desk.get_json("pia", &at("K-7")).await;
    let desk = desk.restart().await;
    assert_eq!(desk.get_json("pia", &at("K-7")).await, before);
}
