//! The case service as its clients meet it: black box, over loopback.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::time::Duration;

use caseload::domain::{PartnerId, Role};
use caseload::service::store::{NewToken, TokensOf};
use caseload::sla::policy::Policy;
use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};
use support::{Desk, PATIENCE, PEOPLE, expect, ids_of, problem};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

fn bodies(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn liveness_and_readiness_need_no_token() {
    let desk = desk!();
    for path in ["/healthz", "/readyz"] {
        let response = desk.client().get(desk.url(path)).send().await.unwrap();
        assert_eq!(response.headers()["date"], "Tue, 24 Nov 2026 10:00:00 GMT");
        expect(response, 200).await;
    }
}

#[tokio::test]
async fn without_a_token_that_counts_every_call_answers_401() {
    let desk = desk!();
    let now = support::start_of_time();
    let store = desk.service.store();
    let ann = "ann".into();
    let token =
        |label, expires_at| caseload::service::store::NewToken { user: &ann, label, expires_at };
    let expired =
        store.create_token(&token("expired", Some(now + TimeDelta::hours(1))), now).await.unwrap();
    let revoked = store.create_token(&token("revoked", None), now).await.unwrap();
    for good in [&expired, &revoked] {
        let response =
            desk.client().get(desk.url("/api/v1/me")).bearer_auth(good).send().await.unwrap();
        expect(response, 200).await;
    }
    desk.clock.advance(TimeDelta::hours(1));
    store.revoke_tokens(TokensOf::Label(&ann, "revoked"), now).await.unwrap();
    let mut seen = Vec::new();
    for path in [
        "/api/v1/me",
        "/api/v1/policy",
        "/api/v1/changes",
        "/api/v1/cases/C-10001",
        "/api/v1/audit",
    ] {
        for token in [None, Some(""), Some("nobody"), Some(&*expired), Some(&*revoked)] {
            let mut request = desk.client().get(desk.url(path));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.headers()["www-authenticate"], "Bearer");
            let problem = problem(response, 401).await;
            assert_eq!(problem["code"], "unauthorized");
            seen.push(problem);
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "one answer for all of them");
    for path in ["/api/v1/cases", "/api/v1/cases/C-10001/actions"] {
        let response = desk.client().post(desk.url(path)).json(&json!({})).send().await.unwrap();
        problem(response, 401).await;
    }
    let basic = desk.client().get(desk.url("/api/v1/me")).basic_auth("token-ann", None::<&str>);
    problem(basic.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn what_is_not_there_is_404_and_a_wrong_method_405() {
    let desk = desk!();
    for path in ["/nothing", "/api/v1", "/api/v1/nothing", "/api/v1/cases/C-1/nothing", "/healthz/"]
    {
        let problem = problem(desk.get("root", path).send().await.unwrap(), 404).await;
        assert_eq!(problem["code"], "not_found");
    }
    for (method, path, allow) in [
        ("DELETE", "/api/v1/cases/C-10001", "GET,HEAD"),
        ("PUT", "/api/v1/me", "GET,HEAD"),
        ("GET", "/api/v1/cases/C-10001/actions", "POST"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let response = desk.client().request(method, desk.url(path)).send().await.unwrap();
        assert_eq!(response.headers()["allow"], allow);
        assert_eq!(problem(response, 405).await["code"], "method_not_allowed");
    }
    // A path that is no UTF-8 names no case.
    problem(desk.get("root", "/api/v1/cases/%ff").send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn everybody_learns_who_they_are_and_what_they_may() {
    let desk = desk!();
    let ann = desk.get_json("ann", "/api/v1/me").await;
    assert_eq!(ann["id"], "ann");
    assert_eq!(ann["name"], "ANN");
    assert_eq!(ann["role"], "partner");
    assert_eq!(ann["tier"], "first");
    assert_eq!(ann["partner"], json!({"id": "nordwind", "name": "Nordwind Support"}));
    let may = ann["may"].as_array().unwrap();
    assert!(may.contains(&json!("escalate")) && !may.contains(&json!("hand_back")));
    let olaf = desk.get_json("olaf", "/api/v1/me").await;
    assert_eq!(olaf["tier"], Value::Null);
    assert_eq!(olaf["partner"], Value::Null);
    assert!(!olaf["may"].as_array().unwrap().contains(&json!("close")));
}

#[tokio::test]
async fn the_policy_has_an_etag() {
    let desk = desk!();
    let response = desk.get("ann", "/api/v1/policy").send().await.unwrap();
    let etag = response.headers()["etag"].to_str().unwrap().to_owned();
    let document = expect(response, 200).await;
    assert!(document.is_object());
    for known in [etag.clone(), format!("W/{etag}"), format!("\"x\", {etag}"), "*".to_owned()] {
        let request = desk.get("ann", "/api/v1/policy").header("if-none-match", &known);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 304, "{known}");
        assert_eq!(response.headers()["etag"], *etag);
        assert_eq!(response.text().await.unwrap(), "");
    }
    let request = desk.get("ann", "/api/v1/policy").header("if-none-match", "\"x\"");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_partner_sees_no_other_partners_calendar_in_the_policy() {
    let desk = desk!();
    let policy = desk.get_json("ann", "/api/v1/policy").await;
    let names = |of: &str| policy[of].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("partners"), ["direct", "nordwind"]);
    assert_eq!(names("calendars"), ["nordwind", "vendor"]);
    for who in ["eve", "pia", "olaf", "root"] {
        let policy = desk.get_json(who, "/api/v1/policy").await;
        assert_eq!(policy["calendars"].as_object().unwrap().len(), 4, "{who}");
    }
}

#[tokio::test]
async fn a_report_is_routed_by_its_licence_key() {
    let desk = desk!();
    for (key, partner, eligibility, company) in [
        ("NW-1111-AAAA", "nordwind", "eligible", "Fjord Logistics"),
        ("NW-2222-BBBB", "nordwind", "not_eligible", "Lapsed Ltd"),
        ("SS-3333-CCCC", "southsea", "eligible", "Reef Foods"),
        ("nobody knows", "direct", "unknown_key", ""),
    ] {
        let response = desk.report("root", &json!({"licence_key": key})).send().await.unwrap();
        let location = response.headers()["location"].to_str().unwrap().to_owned();
        let answer = expect(response, 201).await;
        let (id, case) = (answer["id"].as_str().unwrap(), &answer["case"]);
        assert_eq!(location, format!("/api/v1/cases/{id}"));
        assert_eq!(case["id"], id);
        assert_eq!(case["partner"]["id"], partner);
        assert_eq!(case["eligibility"], eligibility);
        assert_eq!(case["customer"], json!({"company": company, "contact": "Ida Holm"}));
        assert_eq!(case["severity"], "high");
        assert_eq!(case["tier"], "first");
        assert_eq!(case["state"], "open");
        assert_eq!(case["assignee"], Value::Null);
        assert_eq!(case["revision"], 1);
        assert_eq!(case["reported_at"], "2026-11-24T10:00:00Z");
        let detail = desk.get_json("root", &location).await;
        assert_eq!(detail["timeline"][0]["kind"], "reported");
        assert_eq!(detail["timeline"][0]["actor"]["id"], "root");
        assert_eq!(detail["timeline"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_report_starts_a_response_and_a_resolution_clock() {
    let desk = desk!();
    let id = desk.reported(json!({"severity": "critical"})).await;
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["phone_follow_up"], "due");
    let clocks = case["clocks"].as_array().unwrap();
    let kinds: Vec<&Value> = clocks.iter().map(|c| &c["kind"]).collect();
    assert_eq!(kinds, ["response", "resolution"]);
    for clock in clocks {
        assert_eq!(clock["state"], "running");
        assert_eq!(clock["tier"], "first");
        assert_eq!(clock["started_at"], "2026-11-24T10:00:00Z");
        assert_eq!(clock["remaining_s"], Value::Null);
    }
    assert_eq!(clocks[0]["target"], "2h");
    assert_eq!(clocks[0]["due_at"], "2026-11-24T12:00:00Z");
    // Handing over a case id counts only once mail does it.
    desk.clock.advance(TimeDelta::minutes(30));
    let acted = desk.done("ann", &id, json!({"action": "respond"})).await;
    let response = &acted["case"]["clocks"][0];
    assert_eq!(response["state"], "met");
    assert_eq!(response["ended_at"], "2026-11-24T10:30:00Z");
    assert_eq!(response["remaining_s"], 5400);
    assert_eq!(acted["event"]["kind"], "respond");
    assert_eq!(acted["event"]["visibility"], "customer");
}

#[tokio::test]
async fn a_report_that_is_wrong_names_the_fields() {
    let desk = desk!();
    let long = |n: usize| "é".repeat(n);
    for (fields, expected) in [
        (json!({"subject": ""}), vec!["subject"]),
        (json!({"subject": long(301)}), vec!["subject"]),
        (json!({"contact": long(121)}), vec!["contact"]),
        (json!({"description": "a\u{0}b"}), vec!["description"]),
        (json!({"description": long(100_001)}), vec!["description"]),
        (json!({"email": "nobody"}), vec!["email"]),
        (json!({"email": "a@b\r\nBcc: c@d"}), vec!["email"]),
        (json!({"environment": "moon"}), vec!["environment"]),
        (json!({"environment": "lab", "severity": "critical"}), vec!["severity"]),
        (json!({"severity": 3}), vec!["severity"]),
        (json!({"workaround": "yes"}), vec!["workaround"]),
        (json!({"licence_key": null, "email": null}), vec!["licence_key", "email"]),
        (json!({"colour": "red"}), vec!["colour"]),
        (json!({"subject": "", "contact": ""}), vec!["subject", "contact"]),
    ] {
        let problem = problem(desk.report("ann", &fields).send().await.unwrap(), 422).await;
        assert_eq!(problem["code"], "invalid");
        assert_eq!(bodies(&problem), expected, "{problem}");
    }
    let longest = json!({"subject": long(300), "contact": long(120), "description": long(100_000)});
    expect(desk.report("ann", &longest).send().await.unwrap(), 201).await;
}

#[tokio::test]
async fn a_partner_cannot_tell_another_partners_key_from_an_unknown_one() {
    let desk = desk!();
    let mut answers = Vec::new();
    for key in ["SS-3333-CCCC", "nobody knows"] {
        let response = desk.report("ann", &json!({"licence_key": key})).send().await.unwrap();
        let mut answer = expect(response, 201).await;
        let id = answer["id"].as_str().unwrap().to_owned();
        problem(desk.get("ann", &format!("/api/v1/cases/{id}")).send().await.unwrap(), 404).await;
        answer["id"] = Value::Null;
        answer["case"]["id"] = Value::Null;
        answers.push(answer);
    }
    assert_eq!(answers[0], answers[1]);
    let (bobs, _) = desk.snapshot("bob").await;
    assert_eq!(bobs.len(), 1, "the other partner has its case all the same");
}

#[tokio::test]
async fn everybody_sees_their_own_scope_and_nothing_else() {
    let desk = desk!();
    let nordwind = desk.reported(json!({})).await;
    let southsea = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let direct = desk.reported(json!({"licence_key": "DI-4444-DDDD"})).await;
    let second = desk.reported(json!({})).await;
    let product = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    desk.done("ann", &second, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    desk.done("bob", &product, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    let to_product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &product, to_product).await;
    let all = [&nordwind, &southsea, &direct, &second, &product];
    for (who, sees) in [
        ("ann", vec![&nordwind, &second]),
        ("abe", vec![&nordwind, &second]),
        ("bob", vec![&southsea, &product]),
        ("dora", vec![&direct]),
        ("eve", all.to_vec()),
        ("pia", vec![&product]),
        ("olaf", all.to_vec()),
        ("root", all.to_vec()),
    ] {
        let (ids, _) = desk.snapshot(who).await;
        assert_eq!(ids.iter().collect::<Vec<_>>(), sees, "{who}");
        for id in all {
            let path = format!("/api/v1/cases/{id}");
            let status = if sees.contains(&id) { 200 } else { 404 };
            assert_eq!(desk.get(who, &path).send().await.unwrap().status(), status, "{who} {id}");
        }
    }
}

#[tokio::test]
async fn foreign_and_missing_are_the_same_to_the_byte() {
    let desk = desk!();
    let foreign = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let mut seen = Vec::new();
    for id in [foreign.as_str(), "C-99999", "x"] {
        let mut responses =
            vec![desk.get("ann", &format!("/api/v1/cases/{id}")).send().await.unwrap()];
        let note = json!({"action": "note", "text": "t"});
        responses.push(desk.act("ann", id, &note).send().await.unwrap());
        responses
            .push(desk.act("ann", id, &note).header("if-match", "\"9\"").send().await.unwrap());
        // Who may not do it at all learns no more.
        let hand_back = json!({"action": "hand_back", "reason": "r"});
        responses.push(desk.act("ann", id, &hand_back).send().await.unwrap());
        for mut response in responses {
            // The id is the request's, whatever is asked.
            response.headers_mut().remove("x-request-id");
            let headers = format!("{:?}", response.headers());
            seen.push((response.status(), headers, response.text().await.unwrap()));
        }
    }
    assert_eq!(seen[0].0, 404);
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

#[tokio::test]
async fn the_scope_of_the_queries_is_the_scope_of_the_rules() {
    use caseload::domain::rules::{Standing, may_see};
    use caseload::domain::{Actor, Case, Tier};
    let desk = desk!();
    let first = desk.reported(json!({})).await;
    let second = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    desk.done("bob", &second, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    let product = desk.reported(json!({"licence_key": "DI-4444-DDDD"})).await;
    desk.done("dora", &product, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    desk.done(
        "eve",
        &product,
        json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "new_correction": {"title": "Fix"}}),
    )
    .await;
    let back = desk.reported(json!({})).await;
    desk.done("ann", &back, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    desk.done("eve", &back, json!({"action": "hand_back", "reason": "r"})).await;
    for id in [first, second, product, back] {
        let case = desk.get_json("root", &format!("/api/v1/cases/{id}")).await;
        let case: Case = serde_json::from_value(case).unwrap();
        let mut standing = Standing::from(&case);
        standing.reached_second |= case.tier != Tier::First;
        for (who, role, partner) in PEOPLE {
            let actor =
                Actor { id: who.into(), name: who.into(), role, partner: partner.map(Into::into) };
            let status =
                desk.get(who, &format!("/api/v1/cases/{id}")).send().await.unwrap().status();
            assert_eq!(status == 200, may_see(&actor, &standing), "{who} {id}");
        }
    }
}

#[tokio::test]
async fn a_search_finds_closed_cases_too_and_keeps_to_the_scope() {
    let desk = desk!();
    let mut all = Vec::new();
    for n in 0..5 {
        all.push(desk.reported(json!({"subject": format!("Printer ÆRØ {n}")})).await);
    }
    let foreign = desk.reported(json!({"licence_key": "SS-3333-CCCC", "subject": "Printer"})).await;
    let close = json!({"action": "close", "resolution": "explanation", "text": "Plugged in."});
    desk.done("ann", &all[1], close).await;
    let newest_first: Vec<String> = all.iter().rev().cloned().collect();
    let search = async |who: &str, query: &str| {
        let found = desk.get_json(who, &format!("/api/v1/cases?{query}")).await;
        (ids_of(&found), found["next"].as_str().map(str::to_owned))
    };
    assert_eq!(search("ann", "").await, (newest_first.clone(), None));
    assert_eq!(search("ann", "q=PRINTER%20%C3%A6r%C3%B8").await.0, newest_first);
    assert_eq!(search("ann", "q=ida+fjord").await.0, newest_first, "the customer's names");
    assert_eq!(search("ann", &format!("q={}", all[1])).await.0, [all[1].clone()]);
    assert_eq!(search("ann", "q=printer+nowhere").await, (vec![], None));
    assert_eq!(search("bob", "q=printer").await.0, [foreign.as_str()]);
    assert_eq!(search("pia", "").await.0, [""; 0]);
    // Page by page, each after the last one of the page before.
    let (first, next) = search("ann", "q=printer&limit=2").await;
    assert_eq!((first.as_slice(), next.as_ref()), (&newest_first[..2], Some(&newest_first[1])));
    let (rest, next) = search("ann", &format!("q=printer&after={}", newest_first[1])).await;
    assert_eq!((rest.as_slice(), next), (&newest_first[2..], None));
    // Where to go on from is nobody else's case.
    let mut refused = Vec::new();
    for after in [&foreign, "C-1"] {
        let path = format!("/api/v1/cases?after={after}");
        refused.push(problem(desk.get("ann", &path).send().await.unwrap(), 422).await);
    }
    assert_eq!(refused[0], refused[1]);
}

#[tokio::test]
async fn the_revision_is_the_etag_of_a_case() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let path = format!("/api/v1/cases/{id}");
    let response = desk.get("ann", &path).send().await.unwrap();
    assert_eq!(response.headers()["etag"], "\"1\"");
    let known = |tag: &'static str| desk.get("ann", &path).header("if-none-match", tag).send();
    assert_eq!(known("\"1\"").await.unwrap().status(), 304);
    desk.done("ann", &id, json!({"action": "note", "text": "t"})).await;
    let response = known("\"1\"").await.unwrap();
    assert_eq!(response.headers()["etag"], "\"2\"");
    assert_eq!(expect(response, 200).await["revision"], 2);
    // Somebody else's case has no 304 either.
    let request = desk.get("bob", &path).header("if-none-match", "\"2\"");
    problem(request.send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn a_licence_key_is_whole_for_its_partner_and_the_administrator_alone() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    for (who, shown) in
        [("ann", "NW-1111-AAAA"), ("root", "NW-1111-AAAA"), ("eve", "AAAA"), ("olaf", "AAAA")]
    {
        let case = desk.get_json(who, &format!("/api/v1/cases/{id}")).await;
        assert_eq!(case["licence_key"], shown, "{who}");
    }
}

#[tokio::test]
async fn a_case_goes_through_every_act_there_is() {
    let desk = desk!();
    let id = desk.reported(json!({"severity": "high"})).await;
    let steps = [
        ("ann", json!({"action": "respond", "text": "We have it."})),
        ("ann", json!({"action": "take"})),
        ("ann", json!({"action": "release"})),
        ("ann", json!({"action": "assign", "assignee": "abe"})),
        ("ann", json!({"action": "note", "text": "n"})),
        ("ann", json!({"action": "reply", "text": "r"})),
        (
            "ann",
            json!({"action": "request_info", "text": "Logs?", "items": ["log_files", "steps"]}),
        ),
        ("ann", json!({"action": "info_received"})),
        ("ann", json!({"action": "set_severity", "severity": "critical", "reason": "down"})),
        ("ann", json!({"action": "log_phone_call", "with": "Ida", "text": "Called."})),
        ("ann", json!({"action": "record_workaround", "text": "Restart it."})),
        (
            "root",
            json!({"action": "set_eligibility", "eligibility": "not_eligible", "reason": "r"}),
        ),
        ("root", json!({"action": "set_eligibility", "eligibility": "eligible", "reason": "r"})),
        ("ann", json!({"action": "escalate", "to": "second", "reason": "Cannot replicate."})),
        ("eve", json!({"action": "hand_back", "reason": "Version?"})),
        ("ann", json!({"action": "escalate", "to": "second", "reason": "4.2"})),
        (
            "eve",
            json!({"action": "escalate", "to": "product", "reason": "A bug.",
            "finding": "product_error", "new_correction": {"title": "Fix the login"}}),
        ),
        (
            "pia",
            json!({"action": "close", "resolution": "corrected_in_release", "text": "4.3",
            "cause": "product_error"}),
        ),
        ("pia", json!({"action": "reopen", "reason": "Not in 4.3."})),
    ];
    let mut seen = Vec::new();
    for (n, (who, action)) in steps.into_iter().enumerate() {
        desk.clock.advance(TimeDelta::minutes(1));
        let acted = desk.done(who, &id, action.clone()).await;
        assert_eq!(acted["case"]["revision"], n + 2, "{action}");
        assert_eq!(acted["event"]["seq"], n + 2);
        assert_eq!(acted["event"]["kind"], action["action"]);
        assert_eq!(acted["event"]["actor"]["id"], who);
        seen.push(action["action"].as_str().unwrap().to_owned());
        let state = match seen.last().unwrap().as_str() {
            "request_info" => "waiting",
            "close" => "closed",
            _ => "open",
        };
        assert_eq!(acted["case"]["state"], state, "{action}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), caseload::domain::ActionKind::ALL.len());
    let case = desk.get_json("pia", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["tier"], "product");
    assert_eq!(case["correction"], "K-8");
    assert_eq!(case["severity"], "high");
    assert_eq!(case["workaround"], true);
    assert_eq!(case["phone_follow_up"], "done");
    assert_eq!(case["assignee"], Value::Null);
    assert_eq!(case["resolution"], Value::Null, "reopened");
    let timeline = case["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), 20);
    assert_eq!(
        timeline[7]["summary"],
        "asked for log files, steps to reproduce; waiting for the customer"
    );
    assert_eq!(timeline[9]["text"], "down");
    assert_eq!(timeline[9]["summary"], "severity High → Critical; phone call due");
    assert_eq!(timeline[9]["visibility"], "internal");
    assert_eq!(timeline[18]["text"], "4.3");
    assert_eq!(timeline[18]["visibility"], "customer");
}

#[tokio::test]
async fn a_closed_case_says_how_it_was_closed() {
    let desk = desk!();
    let other = desk.reported(json!({})).await;
    let id = desk.reported(json!({})).await;
    let close = |of: &str| {
        json!({"action": "close", "resolution": "duplicate", "text": "See there.",
        "duplicate_of": of})
    };
    for wrong in [id.as_str(), "C-99999"] {
        let problem = desk.refused("ann", &id, close(wrong), 422).await;
        assert_eq!(bodies(&problem), ["duplicate_of"]);
    }
    desk.done("ann", &id, close(&other)).await;
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    let resolution = &case["resolution"];
    assert_eq!(resolution["kind"], "duplicate");
    assert_eq!(resolution["text"], "See there.");
    assert_eq!(resolution["duplicate_of"], *other);
    assert_eq!(resolution["by"]["id"], "ann");
    // A note on a closed case leaves its resolution alone.
    desk.done("ann", &id, json!({"action": "note", "text": "t"})).await;
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["resolution"]["kind"], "duplicate");
}

#[tokio::test]
async fn a_refusal_is_a_problem_with_a_sentence_and_changes_nothing() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let unknown = desk.reported(json!({"licence_key": "?"})).await;
    for (who, id, action, status, code) in [
        (
            "eve",
            &id,
            json!({"action": "close", "resolution": "explanation", "text": "t"}),
            403,
            "not_allowed",
        ),
        ("ann", &id, json!({"action": "hand_back", "reason": "r"}), 403, "not_allowed"),
        ("olaf", &id, json!({"action": "note", "text": "t"}), 403, "not_allowed"),
        ("ann", &id, json!({"action": "release"}), 409, "rule"),
        ("ann", &id, json!({"action": "reopen", "reason": "r"}), 409, "rule"),
        (
            "root",
            &unknown,
            json!({"action": "escalate", "to": "second", "reason": "r"}),
            409,
            "rule",
        ),
        (
            "ann",
            &id,
            json!({"action": "close", "resolution": "explanation", "text": ""}),
            422,
            "invalid",
        ),
        ("ann", &id, json!({"action": "note", "text": "a\u{0}"}), 422, "invalid"),
        ("ann", &id, json!({"action": "note", "text": "x".repeat(100_001)}), 422, "invalid"),
        ("ann", &id, json!({"action": "assign", "assignee": "nobody"}), 422, "invalid"),
        ("ann", &id, json!({"action": "assign", "assignee": "bob"}), 422, "invalid"),
        ("ann", &id, json!({"action": "assign", "assignee": "eve"}), 422, "invalid"),
    ] {
        let problem = desk.refused(who, id, action.clone(), status).await;
        assert_eq!(problem["code"], code, "{action}");
        if status == 422 {
            assert!(action.get(bodies(&problem)[0]).is_some(), "{problem}");
        }
    }
    let somebody =
        desk.refused("ann", &id, json!({"action": "assign", "assignee": "bob"}), 422).await;
    let nobody =
        desk.refused("ann", &id, json!({"action": "assign", "assignee": "zed"}), 422).await;
    assert_eq!(somebody, nobody, "who works elsewhere is not told");
    desk.done("ann", &id, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    let to_product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-99"});
    assert_eq!(bodies(&desk.refused("eve", &id, to_product, 422).await), ["correction"]);
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["revision"], 2);
    assert_eq!(case["timeline"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_key_acts_once_and_answers_the_same_bytes() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let key = Uuid::new_v4();
    let note = json!({"action": "note", "text": "once"});
    let send = || desk.act_with("ann", &id, key, &note).send();
    let first = send().await.unwrap().text().await.unwrap();
    desk.clock.advance(TimeDelta::minutes(5));
    desk.done("ann", &id, json!({"action": "take"})).await;
    for if_match in [None, Some("\"1\"")] {
        let mut request = desk.act_with("ann", &id, key, &note);
        if let Some(tag) = if_match {
            request = request.header("if-match", tag);
        }
        let again = request.send().await.unwrap();
        assert_eq!(again.status(), 200);
        assert_eq!(again.headers()["content-type"], "application/json");
        assert_eq!(again.text().await.unwrap(), first);
    }
    // Another body, or another case, under the same key.
    let other = desk.reported(json!({})).await;
    for (id, action) in [(&id, json!({"action": "note", "text": "twice"})), (&other, note.clone())]
    {
        let response = desk.act_with("ann", id, key, &action).send().await.unwrap();
        assert_eq!(problem(response, 422).await["code"], "key_reused");
    }
    // A key belongs to its user.
    expect(desk.act_with("abe", &id, key, &note).send().await.unwrap(), 200).await;
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["revision"], 4);
    // After a restart, and until seven days are over.
    let desk = desk.restart().await;
    let send = || desk.act_with("ann", &id, key, &note).send();
    assert_eq!(send().await.unwrap().text().await.unwrap(), first);
    desk.clock.advance(TimeDelta::days(7) - TimeDelta::minutes(6));
    assert_eq!(send().await.unwrap().text().await.unwrap(), first);
    desk.clock.advance(TimeDelta::minutes(2));
    assert_ne!(send().await.unwrap().text().await.unwrap(), first);
}

#[tokio::test]
async fn a_rules_refusal_is_kept_for_its_key_too() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let key = Uuid::new_v4();
    let release = json!({"action": "release"});
    let send = || desk.act_with("ann", &id, key, &release).send();
    let first = send().await.unwrap();
    assert_eq!(first.status(), 409);
    let first = first.text().await.unwrap();
    desk.done("ann", &id, json!({"action": "take"})).await;
    let again = send().await.unwrap();
    assert_eq!(again.status(), 409);
    assert_eq!(again.headers()["content-type"], "application/problem+json");
    assert_eq!(again.text().await.unwrap(), first);
}

#[tokio::test]
async fn twenty_requests_with_one_key_at_once_act_once() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let key = Uuid::new_v4();
    let note = json!({"action": "note", "text": "once"});
    let answers = join_all((0..20).map(|_| async {
        let response = desk.act_with("ann", &id, key, &note).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    }))
    .await;
    assert!(answers.iter().all(|a| *a == answers[0]));
    let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    assert_eq!(case["revision"], 2);
    let audit = desk.get_json("root", "/api/v1/audit").await;
    let with_key = |e: &&Value| e["idempotency_key"] == key.to_string();
    assert_eq!(audit["entries"].as_array().unwrap().iter().filter(with_key).count(), 1);
}

#[tokio::test]
async fn a_report_with_a_key_is_registered_once() {
    let desk = desk!();
    let key = Uuid::new_v4().to_string();
    let send = || desk.report("ann", &json!({})).header("idempotency-key", &key).send();
    let first = expect(send().await.unwrap(), 201).await;
    let response = send().await.unwrap();
    assert!(response.headers().contains_key("location"));
    assert_eq!(expect(response, 201).await, first);
    assert_eq!(desk.snapshot("ann").await.0.len(), 1);
}

#[tokio::test]
async fn a_key_that_is_missing_or_no_uuid_is_a_bad_request() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let path = format!("/api/v1/cases/{id}/actions");
    let take = json!({"action": "take"});
    let response = desk.post("ann", &path).json(&take).send().await.unwrap();
    assert_eq!(problem(response, 400).await["code"], "missing_idempotency_key");
    for key in ["", "1", "not-a-uuid", "00000000-0000-0000-0000-00000000000g"] {
        let request = desk.post("ann", &path).header("idempotency-key", key).json(&take);
        assert_eq!(
            problem(request.send().await.unwrap(), 400).await["code"],
            "bad_request",
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_stale_revision_is_told_with_the_case_as_it_is_now() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    desk.done("abe", &id, json!({"action": "take"})).await;
    let key = Uuid::new_v4();
    let note = json!({"action": "note", "text": "t"});
    let send =
        |tag: &'static str| desk.act_with("ann", &id, key, &note).header("if-match", tag).send();
    for stale in ["\"1\"", "\"x\"", "\"1\", \"3\""] {
        let problem = problem(send(stale).await.unwrap(), 412).await;
        assert_eq!(problem["code"], "stale");
        assert_eq!(problem["case"]["revision"], 2);
        assert_eq!(problem["case"]["assignee"]["id"], "abe");
    }
    // The same act under the same key, for the case as it is now.
    let acted = expect(send("\"2\"").await.unwrap(), 200).await;
    assert_eq!(acted["case"]["revision"], 3);
    let any = desk.act("ann", &id, &note).header("if-match", "*").send().await.unwrap();
    expect(any, 200).await;
}

#[tokio::test]
async fn of_two_who_take_a_case_at_once_one_has_it() {
    let desk = desk!();
    for _ in 0..5 {
        let id = desk.reported(json!({})).await;
        let take = json!({"action": "take"});
        let (ann, abe) =
            tokio::join!(desk.act("ann", &id, &take).send(), desk.act("abe", &id, &take).send());
        let mut statuses = [ann.unwrap().status().as_u16(), abe.unwrap().status().as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
        assert_eq!(case["revision"], 2);
    }
}

#[tokio::test]
async fn the_feed_comes_page_by_page_and_then_only_what_changed() {
    let desk = desk!();
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.push(desk.reported(json!({})).await);
    }
    desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let mut seen = Vec::new();
    let first = desk.get_json("ann", "/api/v1/changes?limit=3").await;
    assert_eq!(first["more"], true);
    assert_eq!(first["removed"], json!([]));
    assert_eq!(first["server_time"], "2026-11-24T10:00:00Z");
    seen.extend(ids_of(&first));
    // Changes while the snapshot is being read are not lost.
    desk.done("ann", &ids[0], json!({"action": "take"})).await;
    let close = json!({"action": "close", "resolution": "explanation", "text": "t"});
    desk.done("ann", &ids[1], close.clone()).await;
    let mut cursor = first["cursor"].as_str().unwrap().to_owned();
    let next =
        |cursor: &str, limit: usize| format!("/api/v1/changes?cursor={cursor}&limit={limit}");
    loop {
        let page = desk.get_json("ann", &next(&cursor, 3)).await;
        seen.extend(ids_of(&page));
        cursor = page["cursor"].as_str().unwrap().to_owned();
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, ids, "each open case of ours once, in the order of registration");
    let changed = desk.get_json("ann", &next(&cursor, 200)).await;
    assert_eq!(ids_of(&changed), [ids[0].as_str()]);
    assert_eq!(changed["cases"][0]["revision"], 2);
    assert_eq!(changed["removed"], json!([ids[1]]));
    cursor = changed["cursor"].as_str().unwrap().to_owned();
    let nothing = desk.get_json("ann", &next(&cursor, 200)).await;
    assert_eq!((&nothing["cases"], &nothing["removed"]), (&json!([]), &json!([])));
    // A page of changes, in the order in which they were made, the latest form of each.
    for id in [&ids[4], &ids[2], &ids[3], &ids[2]] {
        desk.done("ann", id, json!({"action": "note", "text": "t"})).await;
    }
    let page = desk.get_json("ann", &next(&cursor, 2)).await;
    assert_eq!(ids_of(&page), [ids[4].as_str(), &ids[3]]);
    assert_eq!(page["more"], true);
    let page = desk.get_json("ann", &next(page["cursor"].as_str().unwrap(), 2)).await;
    assert_eq!(ids_of(&page), [ids[2].as_str()]);
    assert_eq!(page["cases"][0]["revision"], 3);
    assert_eq!(page["more"], false);
    // Reopened, it is back.
    cursor = page["cursor"].as_str().unwrap().to_owned();
    desk.done("ann", &ids[1], json!({"action": "reopen", "reason": "r"})).await;
    let page = desk.get_json("ann", &next(&cursor, 2)).await;
    assert_eq!(ids_of(&page), [ids[1].as_str()]);
}

#[tokio::test]
async fn nobodys_feed_tells_of_cases_that_they_never_could_see() {
    let desk = desk!();
    let id = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let mut cursors = Vec::new();
    for who in ["ann", "pia", "bob"] {
        cursors.push((who, desk.snapshot(who).await.1));
    }
    let close = json!({"action": "close", "resolution": "explanation", "text": "t"});
    desk.done("bob", &id, close).await;
    for (who, cursor) in cursors {
        let feed = desk.get_json(who, &format!("/api/v1/changes?cursor={cursor}")).await;
        let expected = if who == "bob" { json!([id]) } else { json!([]) };
        assert_eq!(feed["removed"], expected, "{who}");
        assert_eq!(feed["cases"], json!([]), "{who}");
    }
}

#[tokio::test]
async fn a_case_comes_into_the_feed_of_who_may_see_it_now() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let (_, cursor) = desk.snapshot("pia").await;
    desk.done("ann", &id, json!({"action": "escalate", "to": "second", "reason": "r"})).await;
    desk.done(
        "eve",
        &id,
        json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"}),
    )
    .await;
    let feed = desk.get_json("pia", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(ids_of(&feed), [id]);
}

#[tokio::test]
async fn a_cursor_is_good_across_a_restart_and_for_its_owner_alone() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let (_, cursor) = desk.snapshot("ann").await;
    desk.done("ann", &id, json!({"action": "take"})).await;
    let desk = desk.restart().await;
    let feed = desk.get_json("ann", &format!("/api/v1/changes?cursor={cursor}")).await;
    assert_eq!(ids_of(&feed), [id]);
    let half = &cursor[..cursor.len() / 2];
    for (who, cursor) in [("abe", cursor.as_str()), ("root", &cursor), ("ann", "x"), ("ann", half)]
    {
        let response = desk.get(who, &format!("/api/v1/changes?cursor={cursor}&wait=30"));
        let problem = problem(response.send().await.unwrap(), 410).await;
        assert_eq!(problem["code"], "cursor_gone");
    }
}

#[tokio::test]
async fn limit_and_wait_are_numbers_and_are_brought_within_bounds() {
    let desk = desk!();
    desk.reported(json!({})).await;
    desk.reported(json!({})).await;
    for (query, expected) in
        [("limit=x", "limit"), ("limit=", "limit"), ("limit=1.5", "limit"), ("wait=soon", "wait")]
    {
        let response = desk.get("ann", &format!("/api/v1/changes?{query}")).send().await.unwrap();
        assert_eq!(bodies(&problem(response, 422).await), [expected]);
    }
    for (query, count) in
        [("limit=0", 1), ("limit=-3", 1), ("limit=99999999999999999999", 2), ("wait=0", 2)]
    {
        let feed = desk.get_json("ann", &format!("/api/v1/changes?{query}")).await;
        assert_eq!(ids_of(&feed).len(), count, "{query}");
    }
}

#[tokio::test]
async fn a_held_request_is_answered_when_something_of_its_own_comes() {
    let desk = desk!();
    let (_, cursor) = desk.snapshot("ann").await;
    let held = async {
        let path = format!("/api/v1/changes?cursor={cursor}&wait=30");
        // The client gives up before the 30 seconds are over, so an answer was woken.
        desk.get_json("ann", &path).await
    };
    let act = async {
        // Another partner's case wakes nobody here; ours does.
        desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
        desk.reported(json!({})).await
    };
    let (feed, id) = tokio::join!(held, act);
    assert_eq!(ids_of(&feed), [id]);
}

#[tokio::test]
async fn a_held_request_ends_by_itself_with_an_empty_page() {
    let desk = desk!();
    let (_, cursor) = desk.snapshot("ann").await;
    let feed = desk.get_json("ann", &format!("/api/v1/changes?cursor={cursor}&wait=1")).await;
    assert_eq!(feed["cases"], json!([]));
    assert_eq!(feed["more"], false);
}

#[tokio::test]
async fn a_service_that_ends_answers_held_requests_at_once() {
    let mut desk = desk!();
    let (_, cursor) = desk.snapshot("ann").await;
    // By hand, so that it is certain that the request is under way when the service ends.
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    let request = format!(
        "GET /api/v1/changes?cursor={cursor}&wait=30 HTTP/1.1\r\nHost: desk\r\n\
         Authorization: Bearer token-ann\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    while desk.service.waiting() == 0 {
        tokio::task::yield_now().await;
    }
    desk.stop();
    let mut answer = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"cases\":[]"), "{answer}");
    desk.ended().await;
}

#[tokio::test]
async fn whatever_is_written_is_stored_byte_for_byte() {
    let desk = desk!();
    let hostile = [
        "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m",
        "\u{202e}\u{2066}right to left\u{2069}\u{200b}\u{feff}\u{e0041}",
        "' OR 1=1; DROP TABLE cases; --",
        "\r\nBcc: a@b\r\n\t\u{8}\u{7f}\u{85}\u{2028}",
        "e\u{301}\u{301}\u{301} Å \u{fb01} 👩‍👩‍👧 \u{fffd}\u{10ffff}",
        "=cmd|' /C calc'!A0",
        " ",
    ];
    for text in hostile {
        let fields = json!({"subject": text, "description": text, "contact": text,
            "company": text, "product": text, "version": text, "phone": text});
        let id = desk.reported(fields).await;
        let note = format!("{text}.");
        desk.done("ann", &id, json!({"action": "note", "text": note})).await;
        let case = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
        for field in ["subject", "description", "product", "version", "phone"] {
            assert_eq!(case[field], text, "{field}");
        }
        assert_eq!(case["customer"], json!({"company": text, "contact": text}));
        assert_eq!(case["timeline"][1]["text"], note);
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_or_no_json_is_refused() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let path = format!("/api/v1/cases/{id}/actions");
    let post = |body: Vec<u8>, media_type: &'static str| {
        desk.post("ann", &path)
            .header("idempotency-key", Uuid::new_v4().to_string())
            .header("content-type", media_type)
            .body(body)
            .send()
    };
    let json_type = "application/json";
    for (body, media_type, status, code) in [
        (vec![b'x'; 256 * 1024 + 1], json_type, 413, "too_large"),
        (vec![b'x'; 3 * 1024 * 1024], json_type, 413, "too_large"),
        (b"{\"action\":\"take\"}".to_vec(), "text/plain", 415, "unsupported"),
        (b"action=take".to_vec(), "application/x-www-form-urlencoded", 415, "unsupported"),
        (b"{\"action\":".to_vec(), json_type, 400, "bad_request"),
        (b"[]".to_vec(), json_type, 400, "bad_request"),
        (b"{\"action\":\"\xff\"}".to_vec(), json_type, 400, "bad_request"),
        (vec![b'['; 200_000], json_type, 400, "bad_request"),
        (b"{}".to_vec(), json_type, 422, "invalid"),
        (b"{\"action\":\"note\",\"text\":7}".to_vec(), json_type, 422, "invalid"),
    ] {
        let problem = problem(post(body, media_type).await.unwrap(), status).await;
        assert_eq!(problem["code"], code);
    }
    let charset = "application/json; charset=utf-8";
    let response = post(b"{\"action\":\"take\"}".to_vec(), charset).await.unwrap();
    expect(response, 200).await;
}

/// What a raw request gets back, until the service closes the connection.
async fn raw(desk: &Desk, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(desk.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // The service may cut the connection once it has answered.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

const POST: &str = "POST /api/v1/cases HTTP/1.1\r\nAuthorization: Bearer token-ann\r\n\
    Content-Type: application/json\r\n";

#[tokio::test]
async fn a_body_may_come_in_chunks_and_is_the_last_of_its_connection() {
    let desk = desk!();
    let request = format!(
        "{POST}Host: desk\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{\"\r\n4\r\nx\":1\r\n1\r\n}}\r\n\
         0\r\n\r\n"
    );
    let answer = raw(&desk, format!("{request}{request}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains("\"field\":\"subject\""), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    // Too long a body is too long in chunks as well.
    let long = format!(
        "{POST}Host: desk\r\nTransfer-Encoding: chunked\r\n\r\n50000\r\n{}\r\n0\r\n\r\n",
        "x".repeat(0x50000)
    );
    assert!(raw(&desk, long.as_bytes()).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn requests_that_could_be_read_two_ways_or_never_end_are_refused() {
    let desk = desk!();
    let head = format!("{POST}Host: desk\r\nConnection: close\r\n");
    let (length, chunked) = ("Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n");
    for two in [
        format!("{head}{length}{chunked}\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{head}{chunked}{length}\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{head}Content-Length: 3\r\n{length}\r\n{{}} "),
        format!("{head}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{head}{chunked}{chunked}\r\n2\r\n{{}}\r\n0\r\n\r\n"),
        format!("{head}Host: desk\r\n{length}\r\n{{}}"),
        format!("{head}Authorization: Bearer token-bob\r\n{length}\r\n{{}}"),
        format!("{head}Content-Type: text/plain\r\n{length}\r\n{{}}"),
        format!("{POST}Connection: close\r\n{length}\r\n{{}}"),
    ] {
        assert!(raw(&desk, two.as_bytes()).await.starts_with("HTTP/1.1 400"), "{two}");
    }
    let long =
        format!("GET /healthz HTTP/1.1\r\nHost: desk\r\nX: {}\r\n\r\n", "x".repeat(17 * 1024));
    assert!(raw(&desk, long.as_bytes()).await.starts_with("HTTP/1.1 431"));
    assert!(raw(&desk, b"\x16\x03\x01 hello\r\n\r\n").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let desk = desk!();
    let mut silent = TcpStream::connect(desk.address).await.unwrap();
    let mut slow = TcpStream::connect(desk.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: de").await.unwrap();
    // From here on time passes when nothing else is to be done.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).await.unwrap();
    slow.read_to_end(&mut answer).await.unwrap();
    assert!(begun.elapsed() <= Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn two_hundred_connections_are_served_at_once() {
    let desk = desk!();
    let mut streams = Vec::new();
    for _ in 0..200 {
        streams.push(TcpStream::connect(desk.address).await.unwrap());
    }
    for stream in &mut streams {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: desk\r\n\r\n").await.unwrap();
    }
    for stream in &mut streams {
        let mut status = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut status)).await.unwrap().unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }
}

#[tokio::test]
async fn the_audit_record_is_for_the_administrator_alone() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    let key = Uuid::new_v4();
    let take = json!({"action": "take"});
    expect(desk.act_with("ann", &id, key, &take).send().await.unwrap(), 200).await;
    for who in ["ann", "eve", "pia", "olaf"] {
        let response = desk.get(who, "/api/v1/audit").send().await.unwrap();
        assert_eq!(problem(response, 403).await["code"], "not_allowed");
    }
    let page = desk.get_json("root", "/api/v1/audit").await;
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(page["next"], 2);
    assert_eq!(entries[0]["action"], "report");
    let taken = &entries[1];
    assert_eq!(taken["seq"], 2);
    assert_eq!(taken["actor"], "ann");
    assert_eq!(taken["action"], "take");
    assert_eq!(taken["case"], *id);
    assert_eq!(taken["idempotency_key"], key.to_string());
    assert_eq!(taken["at"], "2026-11-24T10:00:00Z");
    assert_eq!(taken["hash"].as_str().unwrap().len(), 64);
    assert_ne!(taken["hash"], entries[0]["hash"]);
    let after = desk.get_json("root", "/api/v1/audit?after=1").await;
    assert_eq!(after["entries"], json!([taken]));
    let end = desk.get_json("root", "/api/v1/audit?after=2").await;
    assert_eq!(end, json!({"entries": [], "next": 2}));
}

#[tokio::test]
async fn what_a_customer_adds_ends_the_waiting() {
    let desk = desk!();
    let id = desk.reported(json!({})).await;
    desk.done("ann", &id, json!({"action": "request_info", "text": "Logs?"})).await;
    let (_, cursor) = desk.snapshot("ann").await;
    desk.clock.advance(TimeDelta::minutes(10));
    let answer = desk.service.customer_answer(&Desk::case_id(&id), "Here they are.").await.unwrap();
    assert_eq!(answer.text.raw(), "Here they are.");
    let feed = desk.get_json("ann", &format!("/api/v1/changes?cursor={cursor}")).await;
    let case = &feed["cases"][0];
    assert_eq!(case["state"], "open");
    assert_eq!(case["revision"], 3);
    assert!(case["clocks"].as_array().unwrap().iter().all(|c| c["state"] != "paused"));
    let detail = desk.get_json("ann", &format!("/api/v1/cases/{id}")).await;
    let last = &detail["timeline"][2];
    assert_eq!(last["kind"], "customer_answer");
    assert_eq!(last["actor"], json!({"id": "customer", "name": "Ida Holm"}));
    assert_eq!(last["visibility"], "customer");
    let nobody = desk.service.customer_answer(&"C-1".into(), "t").await.unwrap_err();
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_new_severity_whose_target_is_over_says_that_the_clock_is_missed() {
    let desk = desk!();
    let id = desk.reported(json!({"severity": "high"})).await;
    desk.clock.advance(TimeDelta::hours(3));
    let worse =
        json!({"action": "set_severity", "severity": "critical", "reason": "All are down."});
    let acted = desk.done("ann", &id, worse).await;
    assert_eq!(acted["case"]["clocks"][0]["due_at"], "2026-11-24T12:00:00Z");
    let summary = acted["event"]["summary"].as_str().unwrap();
    assert!(summary.ends_with("its 1st level response clock is past its new target"), "{summary}");
}

#[tokio::test]
async fn users_partners_and_tokens_are_made_with_right_ids_and_names_alone() {
    let desk = desk!();
    let store = desk.service.store();
    let now = support::start_of_time();
    let user = async |id: &str, name: &str, role, partner: Option<&str>| {
        let partner = partner.map(PartnerId::from);
        store.create_user(&id.into(), name, role, partner.as_ref(), now).await
    };
    let long = "x".repeat(65);
    for (id, name, role, partner, why) in [
        ("ann", "Ann", Role::Admin, None, "there is a user ann already"),
        ("new", "New", Role::Partner, None, "a partner agent needs a partner"),
        ("new", "New", Role::Admin, Some("nordwind"), "nobody else has one"),
        ("new", "New", Role::Partner, Some("nowhere"), "there is no partner nowhere"),
        ("", "New", Role::Admin, None, "an id has 1 to 64 letters"),
        ("a b", "New", Role::Admin, None, "an id has 1 to 64 letters"),
        (&long, "New", Role::Admin, None, "an id has 1 to 64 letters"),
        ("customer", "New", Role::Admin, None, "customer is how the desk calls"),
        ("new", " ", Role::Admin, None, "the name must not be empty"),
        ("new", "a\0", Role::Admin, None, "the name must not hold the character NUL"),
    ] {
        let error = user(id, name, role, partner).await.unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert!(store.put_partner(&"a/b".into(), "AB", now).await.is_err());
    assert!(store.put_partner(&"ab".into(), "", now).await.is_err());
    let nobody = "nobody".into();
    let token = NewToken { user: &nobody, label: "", expires_at: None };
    let none = store.create_token(&token, now).await.unwrap_err();
    assert_eq!(none.to_string(), "there is no user nobody");
    // Only what was done is on record.
    store.put_partner(&"ab".into(), "AB", now).await.unwrap();
    user("new", "New", Role::Partner, Some("ab")).await.unwrap();
    let none = store.revoke_tokens(TokensOf::User(&"new".into()), now).await.unwrap();
    assert_eq!(none, []);
    let audit = desk.get_json("root", "/api/v1/audit").await;
    let actions: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|e| &e["action"]).collect();
    assert_eq!(actions, ["create_partner ab \"AB\"", "create_user new partner ab \"New\""]);
}

#[tokio::test]
async fn our_own_client_and_this_service_understand_each_other() {
    use caseload::client::native::NativeApi;
    use caseload::client::{CallError, CaseApi, Fetched};
    use caseload::domain::{Action, CaseState, Environment};
    use caseload::wire::{Code, Report};

    let desk = desk!();
    let url = desk.url("").parse().unwrap();
    let api = NativeApi::new(&url, "token-ann".into(), false).unwrap();
    let me = api.me().await.unwrap();
    assert_eq!(me.date, Some(support::start_of_time()));
    assert_eq!(me.value.role, Role::Partner);
    let policy = api.policy().await.unwrap().value;
    let whole = desk.service.policy().document();
    assert_eq!(policy, whole.for_partner("nordwind", &["direct"]));
    Policy::compile(&policy).unwrap();
    let report = Report {
        subject: "s".to_owned(),
        description: "d".to_owned(),
        environment: Environment::Live,
        licence_key: "NW-1111-AAAA".to_owned(),
        contact: "c".to_owned(),
        email: "a@b".to_owned(),
        severity: None,
        workaround: None,
        product: None,
        version: None,
        company: None,
        phone: None,
    };
    let id = api.report(&report).await.unwrap().value.id;
    let feed = api.changes(None, 200, Duration::ZERO).await.unwrap().value;
    assert_eq!(feed.cases.len(), 1);
    let (key, note) = (Uuid::new_v4(), Action::Note { text: "n".to_owned() });
    let acted = api.act(&id, key, Some(1), &note).await.unwrap().value;
    assert_eq!(api.act(&id, key, None, &note).await.unwrap().value, acted);
    let stale = api.act(&id, Uuid::new_v4(), Some(1), &note).await.unwrap_err();
    let CallError::Refused(problem) = stale else { panic!("{stale:?}") };
    assert_eq!((problem.code, problem.case.as_deref()), (Code::Stale, Some(&acted.case)));
    let hand_back = Action::HandBack { reason: "r".to_owned() };
    let refused = api.act(&id, Uuid::new_v4(), None, &hand_back).await.unwrap_err();
    assert!(matches!(refused, CallError::NotAllowed(_)), "{refused:?}");
    let Fetched::Case(case) = api.case(&id, None).await.unwrap().value else { panic!("unchanged") };
    assert_eq!((case.case.state, case.timeline.len()), (CaseState::Open, 2));
    assert_eq!(api.case(&id, Some(2)).await.unwrap().value, Fetched::Unchanged);
    let changed =
        api.changes(Some(&feed.cursor), 200, Duration::from_secs(30)).await.unwrap().value;
    assert_eq!(changed.cases, [acted.case]);
    let nobody = NativeApi::new(&url, "nobody".into(), false).unwrap();
    assert!(matches!(nobody.me().await.unwrap_err(), CallError::SignedOut(_)));
}

#[tokio::test]
async fn what_a_detail_tells_foresees_what_every_act_does_to_the_clocks() {
    use caseload::domain::{Action, Actor, Case, CaseDetail, Role};
    use caseload::sla::policy::{Policy, PolicyDocument};
    use caseload::sla::preview::preview;

    let desk = desk!();
    let id = desk.reported(json!({"severity": "high"})).await;
    let path = format!("/api/v1/cases/{id}");
    let document: PolicyDocument =
        serde_json::from_value(desk.get_json("root", "/api/v1/policy").await).unwrap();
    let policy = Policy::compile(&document).unwrap();
    let root = Actor { id: "root".into(), name: "ROOT".into(), role: Role::Admin, partner: None };
    let because = "because";
    let mut changed = Vec::new();
    for (hours, action) in [
        (0, json!({"action": "take"})),
        (1, json!({"action": "request_info", "text": because})),
        (30, json!({"action": "info_received"})),
        (1, json!({"action": "set_severity", "severity": "critical", "reason": because})),
        (2, json!({"action": "record_workaround", "text": because})),
        (20, json!({"action": "escalate", "to": "second", "reason": because})),
        (50, json!({"action": "hand_back", "reason": because})),
        (4, json!({"action": "escalate", "to": "second", "reason": because})),
        (90, json!({"action": "request_info", "text": because})),
        (
            7,
            json!({"action": "escalate", "to": "product", "reason": because,
                   "finding": "product_error", "correction": "K-7"}),
        ),
        (5, json!({"action": "hand_back", "reason": because})),
        (2000, json!({"action": "close", "resolution": "workaround", "text": "Restart it."})),
        (9, json!({"action": "reopen", "reason": because})),
        (1, json!({"action": "note", "text": because})),
    ] {
        let detail = desk.get_json("root", &path).await;
        assert_eq!(
            detail["ledger"]["clocks"].as_array().unwrap().len(),
            detail["clocks"].as_array().unwrap().len()
        );
        let detail: CaseDetail = serde_json::from_value(detail).unwrap();
        desk.clock.advance(TimeDelta::hours(hours));
        let act: Action = serde_json::from_value(action.clone()).unwrap();
        let foreseen = preview(&root, &detail, &act, desk.service.now(), &policy).unwrap();
        let acted = desk.done("root", &id, action.clone()).await;
        let case: Case = serde_json::from_value(acted["case"].clone()).unwrap();
        assert_eq!(foreseen.after, case.clocks, "{action}");
        assert_eq!((foreseen.tier, foreseen.severity), (case.tier, case.severity), "{action}");
        changed.push(foreseen.before != foreseen.after);
    }
    // Only taking the case and leaving a note change no clock.
    assert_eq!(changed.iter().filter(|changed| !**changed).count(), 2, "{changed:?}");
    // What the clocks went through is told of one case alone: the feed stays lean.
    let feed = desk.get_json("root", "/api/v1/changes").await;
    assert_eq!(feed["cases"][0]["id"], *id);
    assert_eq!(feed["cases"][0]["ledger"], Value::Null);
    assert!(feed["cases"][0].to_string().len() < 1900, "{}", feed["cases"][0].to_string().len());
}
