//! The OpenAPI document. What is special to a route stands at its handler, what is special to a type at the
//! type; here is added what holds for every route of a kind: who may ask, which refusals there are, which
//! headers come along.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::documented;
use crate::domain::schema::line;
use crate::domain::{Environment, ResolutionKind, Severity, Tier};
use crate::wire::{Code, PROBLEM_JSON, Problem};

/// The security scheme's name.
const TOKEN: &str = "token";
/// What any route can answer: to a request that can be read in two ways, to one too many, and in trouble.
const ANY: [u16; 4] = [400, 429, 500, 503];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "caseload",
        description = "The case API of a support desk.\n\n\
            Times are RFC 3339 in UTC, ids are opaque. A request with a field that is not named here is refused, \
            and so is a body of more than 256 KiB that is no form with a file. \
            A case that is missing and one that is somebody else's are answered alike (404). A method that an \
            address does not take is answered 405 with `Allow`. Every refusal is a Problem with a `code` for \
            programs and a sentence for people. `Date` is the desk's own clock; no answer is to be stored.",
    ),
    tags(
        (name = "cases", description = "Cases: reported, found, followed and worked on"),
        (name = "corrections", description = "Corrections: product errors, and in which release they will be put right"),
        (name = "desk", description = "The desk: who is asking, by which policy it works, who did what"),
        (name = "pages", description = "The public pages: what people open in a browser"),
        (name = "service", description = "The service itself"),
    ),
    components(schemas(Problem)),
)]
struct Head;

/// The document as `GET /openapi.json` gives it.
#[must_use]
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let mut api = Head::openapi();
        api.merge(documented().into_openapi());
        // The types of the document always have a JSON form.
        let mut api = serde_json::to_value(api).unwrap_or_default();
        complete(&mut api);
        let mut text = serde_json::to_string_pretty(&api).unwrap_or_default();
        text.push('\n');
        text
    });
    &DOCUMENT
}

fn complete(api: &mut Value) {
    let mut statuses = BTreeSet::new();
    for (path, item) in entries(&mut api["paths"]) {
        for (method, operation) in entries(item) {
            complete_operation(method, path, operation, &mut statuses);
        }
    }
    let components = &mut api["components"];
    components["responses"] = refusals(&statuses);
    components["securitySchemes"][TOKEN] = json!({
        "type": "http", "scheme": "bearer",
        "description": "A token as `caseload admin token create` makes it. Looked up at every request.",
    });
    let schemas = &mut components["schemas"];
    report(&mut schemas["Report"]);
    action(&mut schemas["Action"]);
    amendment(&mut schemas["Amendment"]);
    api["security"] = json!([{ TOKEN: [] }]);
    plain_descriptions(api);
}

fn entries(object: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    object.as_object_mut().into_iter().flat_map(|o| o.iter_mut())
}

/// Adds what follows from the kind of an operation. What its handler says of a status stands.
fn complete_operation(
    method: &str,
    path: &str,
    operation: &mut Value,
    statuses: &mut BTreeSet<u16>,
) {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let header = |name: &str| parameters.iter().any(|p| p["name"] == name);
    let mut refused = BTreeSet::from(ANY);
    if operation["security"] == json!([{}]) {
        // utoipa's way to say so would have it that a token may be given as well.
        operation["security"] = json!([]);
    } else if operation["security"].is_null() {
        refused.insert(401);
    }
    if path.contains('{') {
        refused.insert(404);
    }
    if parameters.iter().any(|p| p["in"] == "query") {
        refused.insert(422);
    }
    if !operation["requestBody"].is_null() {
        operation["requestBody"]["required"] = true.into();
        refused.extend([413, 415, 422]);
    }
    if method != "get" {
        refused.insert(507);
    }
    if header("Idempotency-Key") {
        refused.extend([409, 422]);
    }
    if header("If-Match") {
        refused.insert(412);
    }
    let is_page = operation["tags"] == json!(["pages"]);
    let tagged = header("If-None-Match");
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        // Whole numbers of any size are taken, and brought within bounds.
        if parameter["in"] == "query" {
            parameter["schema"].as_object_mut().map(|schema| schema.remove("format"));
        }
    }
    let responses = &mut operation["responses"];
    if tagged {
        let tag = json!({ "schema": { "type": "string" }, "description": "The entity tag" });
        responses["304"] =
            json!({ "description": "The caller's copy is good.", "headers": { "ETag": tag } });
        responses["200"]["headers"]["ETag"] = tag;
    }
    for status in refused {
        if responses[status.to_string()].is_null() {
            responses[status.to_string()] = json!({ "description": "" });
        }
    }
    for (status, response) in entries(responses) {
        for (_, header) in entries(&mut response["headers"]) {
            header["required"] = true.into();
        }
        if response["headers"].is_null() {
            response.as_object_mut().map(|r| r.remove("headers"));
        }
        let status = status.parse().unwrap_or(0);
        if status >= 400 && is_page {
            told_on_a_page(status, response);
        }
        if status >= 400 && response["content"].is_null() {
            statuses.insert(status);
            *response = json!({ "$ref": format!("#/components/responses/Problem{status}") });
        }
    }
    if operation["parameters"].is_null() {
        operation.as_object_mut().map(|o| o.remove("parameters"));
    }
}

/// A page tells most refusals on a page; what comes before it is reached is a problem there, too.
fn told_on_a_page(status: u16, response: &mut Value) {
    let words = response["description"].as_str().unwrap_or_default();
    if words.is_empty() {
        response["description"] = "Told on a page, or as a problem.".into();
    }
    response["content"] = json!({
        "text/html": { "schema": { "type": "string" } },
        PROBLEM_JSON: { "schema": problem_of(status) },
    });
    if status == 429 {
        let wait = json!({ "type": "integer", "minimum": 0 });
        response["headers"]["Retry-After"] =
            json!({ "required": true, "schema": wait, "description": "Seconds to wait" });
    }
}

/// A problem of a status, with the codes that it can have.
fn problem_of(status: u16) -> Value {
    let codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.status() == status).collect();
    json!({ "allOf": [
        { "$ref": "#/components/schemas/Problem" },
        { "type": "object", "properties": {
            "status": { "const": status }, "code": { "enum": codes },
        } },
    ] })
}

/// The refusals of each status, with the codes that it can have.
fn refusals(statuses: &BTreeSet<u16>) -> Value {
    let header = |schema: Value, description: &str| json!({ "required": true, "schema": schema, "description": description });
    let refusal = |status: &u16| {
        let codes: Vec<&Code> = Code::ALL.iter().filter(|code| code.status() == *status).collect();
        let told = codes.iter().map(|code| format!("`{}`: {}", word(**code), code.title()));
        let mut response = json!({
            "description": told.collect::<Vec<_>>().join("; "),
            "content": { PROBLEM_JSON: { "schema": problem_of(*status) } },
        });
        match status {
            401 => {
                let scheme = header(json!({ "const": "Bearer" }), "What is asked for");
                response["headers"] = json!({ "WWW-Authenticate": scheme });
            }
            429 => {
                let wait = header(json!({ "type": "integer", "minimum": 0 }), "Seconds to wait");
                response["headers"] = json!({ "Retry-After": wait });
            }
            _ => {}
        }
        (format!("Problem{status}"), response)
    };
    statuses.iter().map(refusal).collect::<serde_json::Map<_, _>>().into()
}

fn word(code: Code) -> String {
    json!(code).as_str().unwrap_or_default().to_owned()
}

/// A lab environment is never Critical (the domain's severity criteria).
fn report(schema: &mut Value) {
    schema["not"] = json!({
        "required": ["severity"],
        "properties": {
            "severity": { "const": Severity::Critical }, "environment": { "const": Environment::Lab },
        },
    });
}

/// A reason is one for a plan or a status.
fn amendment(schema: &mut Value) {
    schema["anyOf"] = json!([
        { "required": ["release_plan"] },
        { "required": ["status"] },
        { "properties": { "reason": { "enum": ["", null] } } },
    ]);
}

/// What the fields of an action ask of one another; and none is taken that the action does not have.
fn action(schema: &mut Value) {
    let Some(actions) = schema["oneOf"].as_array_mut() else { return };
    let mut split = Vec::new();
    for mut action in std::mem::take(actions) {
        action["additionalProperties"] = false.into();
        match action["properties"]["action"]["enum"][0].as_str() {
            Some("escalate") => {
                let to = |tier| only(&action, "to", tier);
                let product = ["finding", "correction", "new_correction"];
                split.push(without(to(Tier::Second), &product));
                let mut known = needing(to(Tier::Product), &["finding", "correction"]);
                known["properties"]["correction"] = json!(line());
                split.push(without(known, &["new_correction"]));
                let new = needing(to(Tier::Product), &["finding", "new_correction"]);
                split.push(without(new, &["correction"]));
            }
            Some("close") => {
                let duplicate = only(&action, "resolution", ResolutionKind::Duplicate);
                let mut duplicate = needing(duplicate, &["duplicate_of"]);
                duplicate["properties"]["duplicate_of"] = json!(line());
                split.push(duplicate);
                let others =
                    ResolutionKind::ALL.iter().filter(|r| **r != ResolutionKind::Duplicate);
                let mut other = without(action, &["duplicate_of"]);
                other["properties"]["resolution"] = json!({ "enum": others.collect::<Vec<_>>() });
                split.push(other);
            }
            _ => split.push(action),
        }
    }
    *actions = split;
}

/// The schema of an object where a field has that value.
fn only(schema: &Value, field: &str, value: impl Serialize) -> Value {
    let mut schema = schema.clone();
    schema["properties"][field] = json!({ "const": value });
    schema
}

/// The schema of an object where these fields are there, and not null.
fn needing(mut schema: Value, fields: &[&str]) -> Value {
    for field in fields {
        let given = &mut schema["properties"][*field];
        // An optional field is what it holds or null.
        if let Some(held) = given["oneOf"].as_array_mut().and_then(|held| {
            held.retain(|schema| schema["type"] != "null");
            held.pop()
        }) {
            *given = held;
        }
        if let Some(required) = schema["required"].as_array_mut() {
            required.push((*field).into());
        }
    }
    schema
}

/// The schema of an object where these fields are left out, or null.
fn without(mut schema: Value, fields: &[&str]) -> Value {
    for field in fields {
        schema["properties"][*field] = json!({ "type": "null" });
    }
    schema
}

/// The comments of the sources name things as rustdoc links, and null as None.
fn plain_descriptions(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "description" || key == "summary" => {
                        *text = text.replace("[`", "`").replace("`]", "`").replace("None", "null");
                    }
                    value => plain_descriptions(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(plain_descriptions),
        _ => {}
    }
}
