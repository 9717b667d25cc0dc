//! The server conforms to its description: a request that conforms never gets 400, and every described limit is
//! enforced.

use serde_json::{Map, Value, json};

use crate::descriptions::{NOTHING, compiled, operations, served};
use crate::support::{TestServer, seed};

/// A value that conforms to a schema: the smallest, or the largest that the description allows.
fn example(schema: &Value, full: bool) -> Value {
    example_at(schema, full, 0)
}

/// The same for a nested schema; nested lists stay short, or the body would be too long.
fn example_at(schema: &Value, full: bool, depth: usize) -> Value {
    if let Some(words) = schema["enum"].as_array() {
        return if full { words.last() } else { words.first() }.expect("a word").clone();
    }
    let length = |name: &str, otherwise: u64| {
        usize::try_from(schema[name].as_u64().unwrap_or(otherwise)).expect("a length")
    };
    match schema["type"].as_str().expect("a type") {
        "boolean" => json!(full),
        "string" => match schema["format"].as_str() {
            Some("uuid") => json!(NOTHING),
            Some("email") => json!("somebody@example.org"),
            _ if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("a-z0-9")) => {
                json!(if full { "a".repeat(length("maxLength", 20)) } else { "ab".to_owned() })
            }
            _ if full => json!("ü".repeat(length("maxLength", if depth == 1 { 5_000 } else { 3 }))),
            _ => json!("x".repeat(length("minLength", 0))),
        },
        "array" if full => {
            let item = example_at(&schema["items"], full, depth + 1);
            // With the comma; and the brackets are two bytes.
            let bytes_each = item.to_string().len() + 1;
            let within = (length("x-json-bytes-max", u64::MAX / 2) - 2) / bytes_each;
            json!(vec![item; length("maxItems", if depth == 1 { 1_200 } else { 3 }).min(within)])
        }
        "array" => json!([]),
        "object" => {
            let empty = Map::new();
            let properties = schema["properties"].as_object().unwrap_or(&empty);
            let required =
                |name: &&String| schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            let taken = properties.keys().filter(|name| full || required(name));
            taken.map(|name| (name.clone(), example_at(&properties[name], full, depth + 1))).collect()
        }
        other => panic!("no example of {other}"),
    }
}

/// Bodies that each violate one limit of a property, with the limit.
fn violations(schema: &Value) -> Vec<(String, Value)> {
    let mut found = vec![("type".to_owned(), json!(7.5))];
    let mut add = |limit: &str, value: Value| found.push((limit.to_owned(), value));
    // For the version of a new project brms.json allows null.
    if schema["nullable"] != true && schema["default"] != "v1" {
        add("null", Value::Null);
    }
    if schema.get("enum").is_some() {
        add("enum", json!("no such word"));
    }
    if let Some(most) = schema["maxLength"].as_u64() {
        add("maxLength", json!("a".repeat(usize::try_from(most).expect("a length") + 1)));
    }
    if schema["minLength"].as_u64().is_some() {
        add("minLength", json!(""));
    }
    if let Some(most) = schema["maxItems"].as_u64() {
        let one = example(&schema["items"], false);
        add("maxItems", json!(vec![one; usize::try_from(most).expect("a length") + 1]));
    }
    if schema.get("pattern").is_some() {
        add("pattern", json!("a\u{1f}b"));
    }
    if schema.get("format").is_some() {
        add("format", json!("no such thing"));
    }
    if let Some(items) = schema.get("items") {
        for (limit, value) in violations(items) {
            found.push((format!("items {limit}"), json!([value])));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conforming_body_never_gets_400() {
    let server = TestServer::start().await;
    for described in operations(&served(&server).await) {
        let Some(schema) = described.body() else { continue };
        let validator = compiled(schema);
        for full in [false, true] {
            let mut body = example(schema, full);
            if full {
                body["an unknown field"] = json!({ "": [null] });
            }
            assert!(validator.is_valid(&body), "{} {full}", described.id());
            let call = server.call(&described.method, &described.target()).caller(seed::OWNER_SES);
            let answer = call.json(&body).send().await;
            assert!(matches!(answer.status, 200 | 404 | 409), "{} {full}: {}", described.id(), answer.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_violates_one_limit_is_400_at_its_place() {
    let server = TestServer::start().await;
    let mut tried = 0;
    for described in operations(&served(&server).await) {
        let Some(schema) = described.body() else { continue };
        let validator = compiled(schema);
        for (name, property) in schema["properties"].as_object().expect("properties") {
            for (limit, value) in violations(property) {
                let mut body = example(schema, false);
                body[name] = value;
                let what = format!("{} {name} {limit}", described.id());
                assert!(!validator.is_valid(&body), "{what} fits");
                let call = server.call(&described.method, &described.target()).caller(seed::OWNER_SES);
                let answer = call.json(&body).send().await;
                assert_eq!(answer.status, 400, "{what}: {}", answer.text());
                let places = answer.places();
                assert!(
                    places.iter().all(|place| place.starts_with(&format!("/{name}"))),
                    "{what}: {places:?}"
                );
                tried += 1;
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut body = example(schema, false);
            body.as_object_mut().expect("an object").remove(name);
            let call = server.call(&described.method, &described.target()).caller(seed::OWNER_SES);
            let answer = call.json(&body).expect(400).await;
            assert_eq!(answer.places(), [format!("/{name}")], "{}", described.id());
        }
    }
    assert!(tried > 150, "{tried}");
}

/// What brms.json allows, and the served description, which has one form for each parameter, does not say.
fn is_taken_beyond(name: &str, text: &str) -> bool {
    match name {
        "fromDate" | "toDate" => text == "2026-01-31T12:00:00Z",
        "all" | "deleted" => ["True", "TRUE"].contains(&text),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_400_exactly_when_it_does_not_conform() {
    let server = TestServer::start().await;
    let values = [
        "",
        "0",
        "1",
        "1.0",
        "1.5",
        "-1",
        "7",
        "501",
        "1e2",
        "true",
        "TRUE",
        "True",
        "tRUE",
        "x",
        "ü",
        "ASC",
        "asc",
        "createdAt",
        "pending",
        "group",
        "2026-01-31",
        "2026-02-29",
        "2026-01-31T12:00:00Z",
        "2026-01-31T12:00Z",
        "2026-01-31T24:00:00Z",
        "9999-12-31",
        NOTHING,
    ];
    for described in operations(&served(&server).await) {
        for parameter in described.parameters("query") {
            let validator = compiled(&parameter["schema"]);
            let name = parameter["name"].as_str().expect("a name");
            for text in values {
                let value = match parameter["schema"]["type"].as_str() {
                    Some("integer") => serde_json::from_str(text).unwrap_or(json!(text)),
                    _ => json!(text),
                };
                let project = described
                    .target()
                    .replace(&format!("projects/{NOTHING}"), &format!("projects/{}", seed::PRICING));
                let path = format!("{project}?{name}={}", text.replace('ü', "%C3%BC"));
                let answer = server.call(&described.method, &path).caller(seed::OWNER_PAT).send().await;
                let is_taken = validator.is_valid(&value) || is_taken_beyond(name, text);
                let wanted = if is_taken { 200 } else { 400 };
                assert_eq!(answer.status, wanted, "{} {name}={text}: {}", described.id(), answer.text());
            }
        }
    }
}
