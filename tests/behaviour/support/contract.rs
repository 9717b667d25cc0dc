//! The contract that every response in every test must meet: brms.json and the served description for successes,
//! RFC 9457 with our extension members for errors.

use std::collections::HashMap;
use std::sync::LazyLock;

use brms::address::EmailAddress;
use brms::generated::router::ROUTES;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::Answer;
use crate::descriptions::inlined;

/// The description in the repository.
pub static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/brms.json");
    serde_json::from_slice(&std::fs::read(path).expect("brms.json is there")).expect("brms.json is JSON")
});

/// The schema of each operation's 200, if that is JSON: of brms.json, and of the served description.
static SCHEMAS: LazyLock<[HashMap<String, Validator>; 2]> = LazyLock::new(|| {
    let served = brms::openapi::served("http://brms.test").expect("a description");
    [schemas(&DESCRIPTION), schemas(&inlined(&served))]
});

fn schemas(description: &Value) -> HashMap<String, Validator> {
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|methods| methods.as_object().expect("methods").values());
    let schema = |operation: &Value| {
        let id = operation["operationId"].as_str().expect("an id").to_owned();
        let content = operation["responses"]["200"]["content"].get("application/json")?;
        let mut schema = content["schema"].clone();
        into_json_schema(&mut schema);
        let options = jsonschema::options()
            .should_validate_formats(true)
            // With addresses beyond ASCII: see docs/decisions.md.
            .with_format("email", |text: &str| EmailAddress::parse(text).is_ok());
        Some((id, options.build(&schema).expect("a schema that compiles")))
    };
    operations.filter_map(schema).collect()
}

/// Translates `nullable` of OpenAPI 3.0 to `type` and `enum` of JSON Schema.
fn into_json_schema(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(into_json_schema);
            if members.remove("nullable") == Some(Value::Bool(true)) {
                let kind = members["type"].clone();
                members["type"] = json!([kind, "null"]);
                if let Some(Value::Array(words)) = members.get_mut("enum")
                    && !words.contains(&Value::Null)
                {
                    words.push(Value::Null);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(into_json_schema),
        _ => {}
    }
}

/// Panics with the reason if a response violates the contract.
pub fn check(method: &str, path: &str, answer: &Answer) {
    let what =
        format!("{method} {path} answered {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    let request_id = answer.header("x-request-id").unwrap_or_else(|| panic!("no x-request-id: {what}"));
    assert!(uuid::Uuid::try_parse(request_id).is_ok(), "x-request-id is not a UUID: {what}");
    if method == "HEAD" {
        assert!(answer.body.is_empty(), "HEAD with a body: {what}");
        return;
    }
    let content_type = answer.header("content-type").unwrap_or_default();
    match answer.status {
        200 if path.starts_with("/api/") => check_success(method, path, answer, &what),
        200 => {}
        // A preflight request.
        204 if method == "OPTIONS" => assert!(answer.body.is_empty(), "{what}"),
        // A form was taken, or a page is elsewhere.
        303 => assert!(is_relative(answer.header("location")) && answer.body.is_empty(), "{what}"),
        // The browser's copy is current.
        304 => assert!(answer.header("etag").is_some() && answer.body.is_empty(), "{what}"),
        // An error page for a person who submitted a form.
        400.. if content_type.starts_with("text/html") => {
            let pages = ["/invitations/", "/sign-", "/account"];
            assert!(pages.iter().any(|page| path.starts_with(page)) || answer.status == 404, "{what}");
        }
        400.. => check_problem(answer, request_id, &what),
        _ => panic!("a status that is never given: {what}"),
    }
}

/// Whether an address leads to a page of this server, whatever prefix a proxy adds, or to the public URL.
fn is_relative(location: Option<&str>) -> bool {
    let is_public =
        |location: &str| location.starts_with("http://localhost:") && location.ends_with("/sign-in");
    location.is_some_and(|location| {
        is_public(location) || (!location.starts_with('/') && !location.contains(':'))
    })
}

fn check_success(method: &str, path: &str, answer: &Answer, what: &str) {
    let path = path.split('?').next().unwrap_or_default();
    let found = brms::http::find(ROUTES, method, path).unwrap_or_else(|_| panic!("no operation: {what}"));
    let content_type = answer.header("content-type").unwrap_or_default();
    for (schemas, name) in SCHEMAS.iter().zip(["brms.json", "the served description"]) {
        let Some(schema) = schemas.get(found.target.id()) else {
            assert_eq!(content_type, "text/csv; charset=utf-8", "{what}");
            return;
        };
        assert_eq!(content_type, "application/json", "{what}");
        let errors: Vec<String> = schema.iter_errors(&answer.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{what} does not fit {name}: {errors:?}");
    }
}

fn check_problem(answer: &Answer, request_id: &str, what: &str) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
    let body = answer.json();
    assert!(body["type"].as_str().is_some_and(|kind| kind.starts_with("urn:brms:problem:")), "{what}");
    assert!(body["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}");
    assert_eq!(body["status"], answer.status, "{what}");
    assert_eq!(body["instance"], format!("urn:uuid:{request_id}"), "{what}");
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}");
    assert_eq!(body["message"], body["detail"], "{what}");
    for error in body["errors"].as_array().into_iter().flatten() {
        let named = error.get("pointer").or_else(|| error.get("parameter"));
        assert!(named.is_some_and(Value::is_string) && error["detail"].is_string(), "{what}");
    }
    match answer.status {
        401 => assert!(answer.header("www-authenticate").is_some(), "{what}"),
        405 => assert!(answer.header("allow").is_some(), "{what}"),
        429 | 503 => {
            let seconds = answer.header("retry-after").and_then(|value| value.parse::<u64>().ok());
            assert!(seconds.is_some_and(|seconds| seconds > 0), "{what}");
        }
        _ => {}
    }
}
