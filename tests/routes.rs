//! Who gets what: every route of the OpenAPI document by caller, whose the case is, and how it stands.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use support::{Desk, ids_of};

/// The status that each caller gets, a row for each route by its operation id (`act` with the act's word too)
/// and each standing of a case of ann's partner. Of the callers, bob is another partner's agent.
const TABLE: &str = "
    route           standing        ann bob eve pia olaf root
    healthz         -               200 200 200 200 200 200
    readyz          -               200 200 200 200 200 200
    metrics         -               404 404 404 404 404 200
    openapi         -               200 200 200 200 200 200
    me              -               200 200 200 200 200 200
    policy          -               200 200 200 200 200 200
    changes         -               200 200 200 200 200 200
    search          -               200 200 200 200 200 200
    report          -               201 201 201 201 201 201
    audit           -               403 403 403 403 403 200
    corrections     -               200 200 200 200 200 200
    correction      -               200 200 200 200 200 200
    open_correction -               403 403 403 201 403 201
    amend_correction -              403 403 403 200 403 200
    link_cases      -               403 403 403 422 403 422
    report_page     -               200 200 200 200 200 200
    report_by_page  -               415 415 415 415 415 415
    case_page       -               200 200 200 200 200 200
    follow_by_page  -               404 404 404 404 404 404
    corrections_page -              200 200 200 200 200 200
    corrections_feed -              200 200 200 200 200 200
    style           -               200 200 200 200 200 200
    script          -               200 200 200 200 200 200

    case            first_open      200 404 200 404 200 200
    case            first_waiting   200 404 200 404 200 200
    case            first_closed    200 404 200 404 200 200
    case            second_open     200 404 200 404 200 200
    case            second_waiting  200 404 200 404 200 200
    case            second_closed   200 404 200 404 200 200
    case            back_at_first   200 404 200 404 200 200
    case            product_open    200 404 200 200 200 200
    case            product_closed  200 404 200 200 200 200
    case            missing         404 404 404 404 404 404

    attachments     first_open      200 404 200 404 200 200
    attachments     first_waiting   200 404 200 404 200 200
    attachments     first_closed    200 404 200 404 200 200
    attachments     second_open     200 404 200 404 200 200
    attachments     second_waiting  200 404 200 404 200 200
    attachments     second_closed   200 404 200 404 200 200
    attachments     back_at_first   200 404 200 404 200 200
    attachments     product_open    200 404 200 200 200 200
    attachments     product_closed  200 404 200 200 200 200
    attachments     missing         404 404 404 404 404 404

    download        first_open      200 404 200 404 200 200
    download        first_waiting   200 404 200 404 200 200
    download        first_closed    200 404 200 404 200 200
    download        second_open     200 404 200 404 200 200
    download        second_waiting  200 404 200 404 200 200
    download        second_closed   200 404 200 404 200 200
    download        back_at_first   200 404 200 404 200 200
    download        product_open    200 404 200 200 200 200
    download        product_closed  200 404 200 200 200 200
    download        missing         404 404 404 404 404 404

    attach          first_open      201 404 403 404 403 201
    attach          first_waiting   201 404 403 404 403 201
    attach          first_closed    201 404 403 404 403 201
    attach          second_open     201 404 201 404 403 201
    attach          second_waiting  201 404 201 404 403 201
    attach          second_closed   201 404 201 404 403 201
    attach          back_at_first   201 404 403 404 403 201
    attach          product_open    201 404 201 201 403 201
    attach          product_closed  201 404 201 201 403 201
    attach          missing         404 404 404 404 404 404

    act:note        first_open      200 404 403 404 403 200
    act:note        first_waiting   200 404 403 404 403 200
    act:note        first_closed    200 404 403 404 403 200
    act:note        second_open     200 404 200 404 403 200
    act:note        second_waiting  200 404 200 404 403 200
    act:note        second_closed   200 404 200 404 403 200
    act:note        back_at_first   200 404 403 404 403 200
    act:note        product_open    200 404 200 200 403 200
    act:note        product_closed  200 404 200 200 403 200
    act:note        missing         404 404 404 404 404 404

    act:reply       first_open      200 404 403 404 403 200
    act:reply       first_waiting   200 404 403 404 403 200
    act:reply       first_closed    409 404 403 404 403 409
    act:reply       second_open     403 404 200 404 403 200
    act:reply       second_waiting  403 404 200 404 403 200
    act:reply       second_closed   403 404 409 404 403 409
    act:reply       back_at_first   200 404 403 404 403 200
    act:reply       product_open    403 404 403 200 403 200
    act:reply       product_closed  403 404 403 409 403 409
    act:reply       missing         404 404 404 404 404 404

    act:respond     first_open      200 404 403 404 200 200
    act:respond     first_waiting   409 404 403 404 409 409
    act:respond     first_closed    409 404 403 404 409 409
    act:respond     second_open     403 404 200 404 200 200
    act:respond     second_waiting  403 404 409 404 409 409
    act:respond     second_closed   403 404 409 404 409 409
    act:respond     back_at_first   200 404 403 404 200 200
    act:respond     product_open    403 404 403 403 200 200
    act:respond     product_closed  403 404 403 403 409 409
    act:respond     missing         404 404 404 404 404 404

    act:hand_back   first_open      403 404 403 404 403 409
    act:hand_back   first_waiting   403 404 403 404 403 409
    act:hand_back   first_closed    403 404 403 404 403 409
    act:hand_back   second_open     403 404 200 404 403 200
    act:hand_back   second_waiting  403 404 200 404 403 200
    act:hand_back   second_closed   403 404 409 404 403 409
    act:hand_back   back_at_first   403 404 403 404 403 409
    act:hand_back   product_open    403 404 403 200 403 200
    act:hand_back   product_closed  403 404 403 409 403 409
    act:hand_back   missing         404 404 404 404 404 404

    act:reopen      first_open      409 404 403 404 403 409
    act:reopen      first_waiting   409 404 403 404 403 409
    act:reopen      first_closed    200 404 403 404 403 200
    act:reopen      second_open     403 404 409 404 403 409
    act:reopen      second_waiting  403 404 409 404 403 409
    act:reopen      second_closed   403 404 200 404 403 200
    act:reopen      back_at_first   409 404 403 404 403 409
    act:reopen      product_open    403 404 403 409 403 409
    act:reopen      product_closed  403 404 403 200 403 200
    act:reopen      missing         404 404 404 404 404 404
";

struct Row {
    route: &'static str,
    standing: &'static str,
    /// By caller.
    statuses: Vec<(&'static str, u16)>,
}

impl Row {
    /// The operation id, without the act's word.
    fn operation(&self) -> &'static str {
        self.route.split(':').next().unwrap()
    }
}

fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines().map(str::split_whitespace).filter(|l| l.clone().count() > 0);
    let callers: Vec<&str> = lines.next().unwrap().skip(2).collect();
    lines
        .map(|mut cells| {
            let (route, standing) = (cells.next().unwrap(), cells.next().unwrap());
            let statuses: Vec<u16> = cells.map(|cell| cell.parse().unwrap()).collect();
            assert_eq!(statuses.len(), callers.len(), "{route} {standing}");
            Row { route, standing, statuses: callers.iter().copied().zip(statuses).collect() }
        })
        .collect()
}

/// What every standing of a case was made of: who did what after ann's partner's customer reported it.
fn steps(standing: &str) -> Vec<(&'static str, Value)> {
    let ask = json!({"action": "request_info", "text": "Which version?"});
    let close = json!({"action": "close", "resolution": "explanation", "text": "As it should be."});
    let fixed =
        json!({"action": "close", "resolution": "corrected_in_release", "text": "Corrected."});
    let second = ("ann", json!({"action": "escalate", "to": "second", "reason": "r"}));
    let product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    match standing {
        "first_open" => vec![],
        "first_waiting" => vec![("ann", ask)],
        "first_closed" => vec![("ann", close)],
        "second_open" => vec![second],
        "second_waiting" => vec![second, ("eve", ask)],
        "second_closed" => vec![second, ("eve", close)],
        "back_at_first" => vec![second, ("eve", json!({"action": "hand_back", "reason": "r"}))],
        "product_open" => vec![second, ("eve", product)],
        "product_closed" => vec![second, ("eve", product), ("pia", fixed)],
        _ => unreachable!("no such standing: {standing}"),
    }
}

const STANDINGS: [&str; 9] = [
    "first_open",
    "first_waiting",
    "first_closed",
    "second_open",
    "second_waiting",
    "second_closed",
    "back_at_first",
    "product_open",
    "product_closed",
];
/// No case has this id.
const MISSING: &str = "C-99999";

async fn case_at(desk: &Desk, standing: &str) -> String {
    let id = desk.reported(json!({})).await;
    support::expect(attach(desk, "root", &id).send().await.unwrap(), 201).await;
    for (who, action) in steps(standing) {
        desk.done(who, &id, action).await;
    }
    id
}

/// A small file for a case.
fn attach(desk: &Desk, who: &str, case: &str) -> RequestBuilder {
    let form = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.log\"\r\n\r\n\
                a line\r\n--B--\r\n";
    desk.post(who, &format!("/api/v1/cases/{case}/attachments"))
        .header("content-type", "multipart/form-data; boundary=B")
        .body(form)
}

/// An act of that kind with all that it needs.
fn act(kind: &str) -> Value {
    match kind {
        "note" | "reply" | "record_workaround" => json!({"action": kind, "text": "t"}),
        "respond" | "take" | "release" | "info_received" => json!({"action": kind}),
        "assign" => json!({"action": kind, "assignee": "abe"}),
        "request_info" => json!({"action": kind, "text": "t", "items": ["steps"]}),
        "set_severity" => json!({"action": kind, "severity": "low", "reason": "r"}),
        "log_phone_call" => json!({"action": kind, "with": "Ida Holm", "text": "t"}),
        "set_eligibility" => {
            json!({"action": kind, "eligibility": "not_eligible", "reason": "r"})
        }
        "escalate" => json!({"action": kind, "to": "second", "reason": "r"}),
        "close" => json!({"action": kind, "resolution": "explanation", "text": "t"}),
        "hand_back" | "reopen" => json!({"action": kind, "reason": "r"}),
        _ => unreachable!("no such act: {kind}"),
    }
}

/// The request of a row. A route that is new needs its own here.
fn request(desk: &Desk, route: &str, who: &str, case: &str) -> RequestBuilder {
    match route.split_once(':').unwrap_or((route, "")) {
        ("healthz", _) => desk.get(who, "/healthz"),
        ("readyz", _) => desk.get(who, "/readyz"),
        ("metrics", _) => desk.get(who, "/metrics"),
        ("openapi", _) => desk.get(who, "/openapi.json"),
        ("me", _) => desk.get(who, "/api/v1/me"),
        ("policy", _) => desk.get(who, "/api/v1/policy"),
        ("changes", _) => desk.get(who, "/api/v1/changes"),
        ("search", _) => desk.get(who, "/api/v1/cases?q=guest"),
        ("report", _) => desk.report(who, &json!({})),
        ("audit", _) => desk.get(who, "/api/v1/audit"),
        ("corrections", _) => desk.get(who, "/api/v1/corrections"),
        ("correction", _) => desk.get(who, "/api/v1/corrections/K-7"),
        ("open_correction", _) => {
            desk.post(who, "/api/v1/corrections").json(&json!({"title": "t"}))
        }
        ("amend_correction", _) => desk
            .client()
            .patch(desk.url("/api/v1/corrections/K-7"))
            .bearer_auth(format!("token-{who}"))
            .json(&json!({"note": who})),
        // The case is not there.
        ("link_cases", _) => {
            desk.post(who, "/api/v1/corrections/K-7/cases").json(&json!({"cases": [case]}))
        }
        ("report_page", _) => desk.get(who, "/"),
        // A form would be too many from one address; tests/pages.rs sends some.
        ("report_by_page", _) => desk.post(who, "/").json(&json!({})),
        ("case_page", _) => desk.get(who, "/case"),
        ("follow_by_page", _) => desk
            .post(who, "/case")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("case={case}&email=ida@fjord.example")),
        ("corrections_page", _) => desk.get(who, "/corrections"),
        ("corrections_feed", _) => desk.get(who, "/corrections.atom"),
        ("style", _) => desk.get(who, "/style.css"),
        ("script", _) => desk.get(who, "/form.js"),
        ("case", _) => desk.get(who, &format!("/api/v1/cases/{case}")),
        ("attachments", _) => desk.get(who, &format!("/api/v1/cases/{case}/attachments")),
        ("download", _) => desk.get(who, &format!("/api/v1/cases/{case}/attachments/1")),
        ("attach", _) => attach(desk, who, case),
        ("act", kind) => desk.act(who, case, &act(kind)),
        _ => unreachable!("{route} has no request yet"),
    }
}

fn document() -> Value {
    serde_json::from_str(caseload::service::openapi()).unwrap()
}

/// Of every operation of the document, by its id: its path, and the statuses that it can answer.
fn operations() -> BTreeMap<String, (String, BTreeSet<u16>)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(move |o| (path, o)));
    operations
        .map(|(path, operation)| {
            let statuses = operation["responses"].as_object().unwrap().keys();
            let statuses = statuses.map(|status| status.parse().unwrap()).collect();
            (operation["operationId"].as_str().unwrap().to_owned(), (path.clone(), statuses))
        })
        .collect()
}

#[test]
fn every_route_of_the_document_has_its_rows() {
    let rows = rows();
    let written: BTreeSet<String> = rows.iter().map(|row| row.operation().to_owned()).collect();
    let documented: BTreeSet<String> = operations().into_keys().collect();
    assert_eq!(written, documented, "a route without a row in TABLE, or a row without a route");
    for row in &rows {
        let standings: BTreeSet<&str> =
            rows.iter().filter(|r| r.route == row.route).map(|r| r.standing).collect();
        let (path, _) = &operations()[row.operation()];
        let expected: BTreeSet<&str> = if path.contains("/cases/{id}") {
            STANDINGS.into_iter().chain(["missing"]).collect()
        } else {
            BTreeSet::from(["-"])
        };
        assert_eq!(standings, expected, "the standings of {}", row.route);
    }
}

#[tokio::test]
async fn every_caller_gets_what_the_table_says_and_the_document_allows() {
    let desk = desk!();
    let operations = operations();
    let mut wrong = Vec::new();
    for row in rows() {
        let mut case = None;
        for (who, expected) in &row.statuses {
            let id = match (&case, row.standing) {
                (_, "-" | "missing") => MISSING.to_owned(),
                (Some(id), _) => String::clone(id),
                (None, standing) => case_at(&desk, standing).await,
            };
            let response = request(&desk, row.route, who, &id).send().await.unwrap();
            let status = response.status().as_u16();
            if status != *expected {
                wrong.push(format!("{} {}: {who} got {status}", row.route, row.standing));
            }
            let (_, documented) = &operations[row.operation()];
            if !documented.contains(&status) {
                wrong.push(format!("{}: {status} is not in the document", row.route));
            }
            // What was refused changed nothing, so the next one may have the same case.
            let unchanged =
                status >= 400 || ["case", "attachments", "download"].contains(&row.operation());
            case = unchanged.then_some(id);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A response; the time and the request's own id aside.
async fn told(response: Response) -> (u16, Vec<(String, String)>, String) {
    let status = response.status().as_u16();
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date" && *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (status, headers, response.text().await.unwrap())
}

#[tokio::test]
async fn for_every_role_a_case_that_is_not_theirs_is_a_case_that_is_not_there() {
    let desk = desk!();
    let rows = rows();
    let foreign = |who: &str| -> Vec<&'static str> {
        let cases = rows.iter().filter(|r| r.route == "case" && r.standing != "missing");
        let foreign = cases.filter(|r| r.statuses.contains(&(who, 404)));
        foreign.map(|r| r.standing).collect()
    };
    let mut cases = BTreeMap::new();
    for standing in STANDINGS {
        cases.insert(standing, case_at(&desk, standing).await);
    }
    let own = desk.reported(json!({"licence_key": "SS-3333-CCCC"})).await;
    let kinds = document()["components"]["schemas"]["ActionKind"]["enum"].clone();
    let acts =
        kinds.as_array().unwrap().iter().map(|kind| format!("act:{}", kind.as_str().unwrap()));
    let mut routes: BTreeSet<String> = acts.collect();
    let of_cases = operations().into_iter().filter(|(_, (path, _))| path.contains("/cases/{id}"));
    routes.extend(of_cases.map(|(id, _)| id).filter(|id| id != "act"));
    let mut compared = 0;
    for (who, _) in &rows[0].statuses {
        for standing in foreign(who) {
            let id = &cases[standing];
            for route in &routes {
                for tag in [None, Some("if-match"), Some("if-none-match")] {
                    let ask = |id: &str| {
                        let request = request(&desk, route, who, id);
                        match tag {
                            None => request.send(),
                            Some(name) => request.header(name, "\"1\"").send(),
                        }
                    };
                    let (there, missing) = (ask(id).await.unwrap(), ask(MISSING).await.unwrap());
                    let there = told(there).await;
                    assert_eq!(there.0, 404, "{route} {standing} for {who}");
                    assert_eq!(there, told(missing).await, "{route} {standing} for {who}");
                    compared += 1;
                }
            }
            // Named beside the route's own case, too.
            let after = |id: &str| desk.get(who, &format!("/api/v1/cases?after={id}")).send();
            let (there, missing) = (after(id).await.unwrap(), after(MISSING).await.unwrap());
            assert_eq!(told(there).await, told(missing).await, "{standing} for {who}");
            if *who == "bob" {
                let double = |id: &str| {
                    let close = json!({"action": "close", "resolution": "duplicate", "text": "t",
                        "duplicate_of": id});
                    desk.act("bob", &own, &close).send()
                };
                let (there, missing) = (double(id).await.unwrap(), double(MISSING).await.unwrap());
                assert_eq!(told(there).await, told(missing).await, "{standing} for {who}");
            }
        }
    }
    // Bob sees none of the cases, pia those at Product Management alone; the others see all.
    assert_eq!(compared, (9 + 7) * routes.len() * 3);
}

#[tokio::test]
async fn the_lists_show_the_cases_that_the_table_shows() {
    let desk = desk!();
    let mut cases = BTreeMap::new();
    for standing in STANDINGS {
        cases.insert(standing, case_at(&desk, standing).await);
    }
    let rows = rows();
    for (who, _) in &rows[0].statuses {
        let seen: BTreeMap<&str, String> = rows
            .iter()
            .filter(|row| row.route == "case" && row.statuses.contains(&(*who, 200)))
            .map(|row| (row.standing, cases[row.standing].clone()))
            .collect();
        let found = ids_of(&desk.get_json(who, "/api/v1/cases").await);
        assert_eq!(
            found.into_iter().collect::<BTreeSet<_>>(),
            seen.values().cloned().collect(),
            "the search for {who}"
        );
        let open = seen.iter().filter(|(standing, _)| !standing.ends_with("closed"));
        let (feed, _) = desk.snapshot(who).await;
        assert_eq!(
            feed.into_iter().collect::<BTreeSet<_>>(),
            open.map(|(_, id)| id.clone()).collect(),
            "the feed of {who}"
        );
    }
}
