//! The OpenAPI document: the file that is checked in is what the code generates, and it is complete.

#![allow(clippy::unwrap_used, reason = "a failed step of a test is its failure")]

#[macro_use]
#[path = "support/service.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use caseload::service::openapi;
use reqwest::Method;
use serde_json::{Value, json};

/// Set, the file is written instead of compared.
const UPDATE: &str = "UPDATE_OPENAPI";

fn document() -> Value {
    serde_json::from_str(openapi()).unwrap()
}

#[test]
fn the_file_is_what_the_code_generates() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/openapi.json");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, openapi()).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == openapi(),
        "assets/openapi.json is not what the code generates; look at what changes with: \
         {UPDATE}=1 cargo test --test openapi && git diff assets/openapi.json"
    );
}

#[tokio::test]
async fn the_service_gives_the_document_to_everybody() {
    let desk = desk!();
    let response = desk.client().get(desk.url("/openapi.json")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.text().await.unwrap(), openapi());
}

/// Every operation of the document, with its method and path.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let operations = item.as_object().unwrap();
            operations.iter().map(|(method, o)| (method.clone(), path.clone(), o.clone()))
        })
        .collect()
}

/// What a reference stands for, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[test]
fn every_operation_says_all_that_it_takes_and_answers() {
    let document = document();
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].to_string()), "{name}: its id is taken");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{name}: no summary");
        let [tag] = operation["tags"].as_array().unwrap().as_slice() else {
            unreachable!("{name}: not one tag");
        };
        assert!(tags.contains(&tag), "{name}: {tag} is described nowhere");
        let named: Vec<&str> =
            path.split('{').skip(1).map(|p| p.split('}').next().unwrap()).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_path: Vec<&str> = parameters
            .iter()
            .filter(|p| p["in"] == "path")
            .map(|p| p["name"].as_str().unwrap())
            .collect();
        assert_eq!(in_path, named, "{name}: the parameters of its path");
        for parameter in &parameters {
            let described = parameter["description"].as_str().is_some_and(|d| !d.is_empty());
            assert!(described, "{name}: {} has no description", parameter["name"]);
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = resolved(&document, response);
            assert!(!response["description"].as_str().unwrap().is_empty(), "{name}: {status}");
            let content = &response["content"];
            if status == "304" {
                assert!(content.is_null(), "{name}: a 304 has no body");
                continue;
            }
            let schemas: Vec<&Value> =
                content.as_object().unwrap().values().map(|c| &c["schema"]).collect();
            assert!(!schemas.iter().any(|schema| schema.is_null()), "{name}: {status}: no schema");
            if let Some(problem) = content.get("application/problem+json") {
                let told = &problem["schema"]["allOf"][1]["properties"];
                assert_eq!(told["status"]["const"].to_string(), *status, "{name}");
                codes.extend(told["code"]["enum"].as_array().unwrap().iter().map(Value::to_string));
            }
        }
    }
    // Of a method that a route does not take no operation can tell.
    codes.insert("\"method_not_allowed\"".to_owned());
    let all = document["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    assert_eq!(codes, all.iter().map(Value::to_string).collect(), "codes that nothing answers");
}

#[test]
fn what_a_request_does_not_have_is_refused_by_its_schema_too() {
    let document = document();
    let mut open = Vec::new();
    for (method, path, operation) in operations(&document) {
        for (media_type, content) in
            operation["requestBody"]["content"].as_object().into_iter().flatten()
        {
            if media_type == "application/json" {
                let at = format!("{method} {path}");
                find_open(&document, &content["schema"], &at, &mut open);
            }
        }
    }
    assert!(open.is_empty(), "objects that take any field: {}", open.join(", "));
}

fn find_open(document: &Value, schema: &Value, at: &str, open: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if schema["type"] == "object" && schema["additionalProperties"] != false {
        open.push(at.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        find_open(document, property, &format!("{at} {name}"), open);
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        for schema in schema[of].as_array().into_iter().flatten() {
            find_open(document, schema, at, open);
        }
    }
    if !schema["items"].is_null() {
        find_open(document, &schema["items"], at, open);
    }
}

#[tokio::test]
async fn a_token_is_asked_for_where_the_document_says_so_and_nowhere_else() {
    let desk = desk!();
    let document = document();
    assert_eq!(document["components"]["securitySchemes"]["token"]["scheme"], "bearer");
    assert_eq!(document["security"], json!([{"token": []}]));
    for (method, path, operation) in operations(&document) {
        let name = format!("{method} {path}");
        // Of its own a route says that it asks for none, or does without one.
        let public = !operation["security"].is_null();
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = desk.client().request(method, desk.url(&path.replace("{id}", "C-10001")));
        let status = request.send().await.unwrap().status();
        assert_eq!(status != 401, public, "{name}: {status} without a token");
        assert_eq!(operation["responses"]["401"].is_null(), public, "{name}");
    }
}

#[tokio::test]
async fn the_bounds_of_a_reports_texts_are_the_services() {
    let desk = desk!();
    let schema = &document()["components"]["schemas"]["Report"];
    let mut fields = 0;
    for (name, field) in schema["properties"].as_object().unwrap() {
        let Some(most) = field["maxLength"].as_u64() else { continue };
        let most = usize::try_from(most).unwrap();
        // Two bytes each, but one character.
        let of = |length: usize| match name.as_str() {
            "email" => format!("{}@b", "é".repeat(length - 2)),
            _ => "é".repeat(length),
        };
        let required = field["minLength"].as_u64().is_some_and(|least| least > 0);
        let empty = if required { 422 } else { 201 };
        for (value, expected) in [
            (json!(of(most)), 201),
            (json!(of(most + 1)), 422),
            (json!(format!("a\0{}", of(3))), 422),
            (json!(""), empty),
        ] {
            let response = desk.report("root", &json!({name: value})).send().await.unwrap();
            assert_eq!(response.status(), expected, "{name}: {:.20}", value.to_string());
        }
        fields += 1;
    }
    assert_eq!(fields, 9);
}

#[tokio::test]
async fn answers_hold_what_their_schemas_show_and_nothing_else() {
    let desk = desk!();
    let document = document();
    let id = desk.reported(json!({"phone": "1", "severity": "critical"})).await;
    let second = json!({"action": "escalate", "to": "second", "reason": "r"});
    desk.done("ann", &id, second).await;
    let product = json!({"action": "escalate", "to": "product", "reason": "r",
        "finding": "product_error", "correction": "K-7"});
    desk.done("eve", &id, product).await;
    let ask = json!({"action": "request_info", "text": "t"});
    desk.done("pia", &id, json!({"action": "hand_back", "reason": "r"})).await;
    desk.done("eve", &id, json!({"action": "take"})).await;
    desk.done("eve", &id, ask).await;
    let close =
        json!({"action": "close", "resolution": "workaround", "text": "t", "cause": "setting"});
    desk.done("eve", &id, close).await;
    let other = desk.reported(json!({})).await;
    let note = json!({"action": "note", "text": "t"});
    let case = format!("/api/v1/cases/{id}");
    let correction = "/api/v1/corrections/K-7";
    let open = desk.post("pia", "/api/v1/corrections").json(&json!({"title": "t"}));
    let amend = |body: &Value| {
        desk.client().patch(desk.url(correction)).bearer_auth("token-pia").json(body)
    };
    let link = desk.post("pia", &format!("{correction}/cases")).json(&json!({"cases": [id]}));
    for (operation, status, request) in [
        ("healthz", 200, desk.get("ann", "/healthz")),
        ("readyz", 200, desk.get("ann", "/readyz")),
        ("me", 200, desk.get("ann", "/api/v1/me")),
        ("me", 200, desk.get("root", "/api/v1/me")),
        ("policy", 200, desk.get("ann", "/api/v1/policy")),
        ("changes", 200, desk.get("ann", "/api/v1/changes")),
        ("search", 200, desk.get("ann", "/api/v1/cases?limit=1")),
        ("case", 200, desk.get("ann", &case)),
        ("audit", 200, desk.get("root", "/api/v1/audit")),
        ("report", 201, desk.report("ann", &json!({}))),
        ("report", 422, desk.report("ann", &json!({"subject": ""}))),
        ("corrections", 200, desk.get("ann", "/api/v1/corrections")),
        ("correction", 200, desk.get("pia", "/api/v1/corrections/K-7")),
        ("open_correction", 201, open),
        ("amend_correction", 200, amend(&json!({"status": "in_work", "note": null}))),
        ("amend_correction", 412, amend(&json!({})).header("if-match", "\"99\"")),
        ("link_cases", 200, link),
        ("act", 200, desk.act("ann", &other, &note)),
        ("act", 412, desk.act("ann", &other, &note).header("if-match", "\"99\"")),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{operation}");
        let media_type = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body: Value = response.json().await.unwrap();
        let operations = operations(&document);
        let (.., of) = operations.iter().find(|(.., o)| o["operationId"] == operation).unwrap();
        let response = resolved(&document, &of["responses"][status.to_string()]);
        let schema = &response["content"][media_type]["schema"];
        let wrong = faults(&document, schema, &body);
        assert!(wrong.is_empty(), "{operation} {status}: {}", wrong.join(", "));
    }
}

/// The properties of an object's schema and which are required, over all parts of it.
fn shape<'a>(
    document: &'a Value,
    schema: &'a Value,
) -> (BTreeMap<&'a str, Vec<&'a Value>>, Vec<&'a str>) {
    let schema = resolved(document, schema);
    let mut properties = BTreeMap::<&str, Vec<&Value>>::new();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        properties.entry(name).or_default().push(property);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    let mut required: Vec<&str> = required.map(|name| name.as_str().unwrap()).collect();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let (more, also) = shape(document, part);
        for (name, schemas) in more {
            properties.entry(name).or_default().extend(schemas);
        }
        required.extend(also);
    }
    (properties, required)
}

/// Where a value is not what its schema shows. An object has no field that its schema does not name.
fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let schema = resolved(document, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let tried = choices.iter().map(|choice| faults(document, choice, value));
        return tried.min_by_key(Vec::len).unwrap();
    }
    let within = |name: &str, faults: Vec<String>| -> Vec<String> {
        faults.into_iter().map(|fault| format!("{name}.{fault}")).collect()
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = &schema["type"];
    let listed = kinds.as_array().is_some_and(|kinds| kinds.contains(&json!(kind)));
    if !kinds.is_null() && kinds != kind && !listed {
        return vec![format!(" is {value}, not {kinds}")];
    }
    let words = schema["enum"].as_array();
    if words.is_some_and(|words| !words.contains(value))
        || schema.get("const").is_some_and(|only| only != value)
    {
        return vec![format!(" is {value}")];
    }
    match value {
        Value::Array(values) => values
            .iter()
            .flat_map(|value| within("[]", faults(document, &schema["items"], value)))
            .collect(),
        Value::Object(fields) => {
            let (properties, required) = shape(document, schema);
            let missing = required.iter().filter(|name| !fields.contains_key(**name));
            let mut wrong: Vec<String> = missing.map(|name| format!("{name} is missing")).collect();
            for (name, value) in fields {
                match (properties.get(name.as_str()), schema.get("additionalProperties")) {
                    (Some(schemas), _) => {
                        for schema in schemas {
                            wrong.extend(within(name, faults(document, schema, value)));
                        }
                    }
                    (None, Some(schema)) => {
                        wrong.extend(within(name, faults(document, schema, value)));
                    }
                    (None, None) => wrong.push(format!("{name} is not in the document")),
                }
            }
            wrong
        }
        _ => Vec::new(),
    }
}

#[test]
fn the_comparison_with_a_schema_sees_what_is_wrong() {
    let document = document();
    let person = json!({"$ref": "#/components/schemas/Person"});
    for (value, wrong) in [
        (json!({"id": "a", "name": "A"}), 0),
        (json!({"id": "a"}), 1),
        (json!({"id": 1, "name": null}), 2),
        (json!({"id": "a", "name": "A", "age": 1}), 1),
        (json!([]), 1),
    ] {
        assert_eq!(faults(&document, &person, &value).len(), wrong, "{value}");
    }
    let severity = json!({"$ref": "#/components/schemas/Severity"});
    assert_eq!(faults(&document, &severity, &json!("urgent")).len(), 1);
}
