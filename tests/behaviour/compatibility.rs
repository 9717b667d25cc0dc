//! The served description is compatible with that of the last release, `tests/fixtures/openapi-VERSION.json`; and the
//! comparison is shown one breaking change of each kind.

use serde_json::{Value, json};

use crate::breaking_changes::breaking_changes;
use crate::support::TestServer;

/// The version of a fixture, from its name.
fn version(name: &str) -> Option<Vec<u32>> {
    let version = name.strip_prefix("openapi-")?.strip_suffix(".json")?;
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// The description that the last release served.
fn last_release() -> Value {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let names =
        std::fs::read_dir(&folder).expect("the fixtures").map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name"));
    let newest =
        names.filter(|name| version(name).is_some()).max_by_key(|name| version(name)).expect("a release");
    serde_json::from_slice(&std::fs::read(folder.join(newest)).expect("the file")).expect("JSON")
}

/// Breaking changes that are meant, by the end of their place and the beginning of what they are: names need a visible
/// character, and some values have a length in bytes. A file that has others keeps them. Of the forms of a parameter the
/// description has one, for generated clients, and a field with a default no null; the server takes them as before.
const MEANT: [(&str, &str); 16] = [
    ("body/name", "minLength"),
    ("body/displayName", "minLength"),
    ("body/name", "pattern"),
    ("body/displayName", "pattern"),
    ("body/firstName", "pattern"),
    ("body/lastName", "pattern"),
    ("body/version", "null is allowed"),
    ("body/version", "not all of"),
    ("parameter \"fromDate\"", "format is \"date\""),
    ("parameter \"toDate\"", "format is \"date\""),
    ("parameter \"all\"", "not all of"),
    ("parameter \"deleted\"", "not all of"),
    ("body/filePermissions", "x-json-bytes-max"),
    ("body/projectFilePermissions", "x-json-bytes-max"),
    ("body/idpGroups", "x-json-bytes-max"),
    ("body/preferences", "x-json-bytes-max"),
];

fn is_meant(change: &str) -> bool {
    let (place, what) = change.split_once(": ").unwrap_or_default();
    MEANT.iter().any(|(end, beginning)| place.ends_with(end) && what.starts_with(beginning))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_description_is_compatible_with_the_last_release() {
    let served = TestServer::start().await.get("/openapi.json").expect(200).await.json();
    let mut breaks = breaking_changes(&last_release(), &served);
    breaks.retain(|change| !is_meant(change));
    assert!(breaks.is_empty(), "breaking changes since the last release:\n{}", breaks.join("\n"));
}

/// A description with one operation that has parameters, a body and a response.
fn description() -> Value {
    json!({
        "security": [{ "bearer": [] }],
        "paths": { "/things/{id}": { "put": {
            "operationId": "saveThing",
            "security": [{ "bearer": [] }, { "session": [] }],
            "parameters": [
                { "in": "path", "name": "id", "required": true, "schema": { "type": "string" } },
                { "in": "query", "name": "limit",
                  "schema": { "type": "integer", "minimum": 1, "maximum": 500, "default": 50 } },
            ],
            "requestBody": { "required": false, "content": { "application/json": { "schema": {
                "type": "object", "required": ["name"],
                "properties": {
                    "name": { "type": "string", "minLength": 1, "maxLength": 200, "nullable": true },
                    "kind": { "type": "string", "enum": ["a", "b"] },
                    "tags": { "type": "array", "maxItems": 10, "items": { "type": "string" } },
                    "note": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                },
            } } } },
            "responses": {
                "200": { "headers": { "ETag": {} }, "content": { "application/json": { "schema": {
                    "$ref": "#/components/schemas/Thing",
                } } } },
                "404": {},
            },
        } } },
        "components": { "schemas": { "Thing": {
            "type": "object", "required": ["id", "kind"],
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "kind": { "type": "string", "enum": ["a", "b"] },
                "size": { "type": "number", "maximum": 10 },
            },
        } } },
    })
}

const OPERATION: &str = "/paths/~1things~1{id}/put";
const BODY: &str = "/paths/~1things~1{id}/put/requestBody/content/application~1json/schema";
const THING: &str = "/components/schemas/Thing";

/// The breaking changes after a value was set, or for null removed, at a place below a pointer.
fn breaks(pointer: &str, place: &str, value: Value) -> Vec<String> {
    let (old, mut new) = (description(), description());
    let (parent, key) = place.rsplit_once('/').expect("a place");
    let parent = new.pointer_mut(&format!("{pointer}{parent}")).unwrap_or_else(|| panic!("no {place}"));
    match (parent, value) {
        (Value::Object(members), Value::Null) => {
            members.remove(key).unwrap_or_else(|| panic!("no {place}"));
        }
        (Value::Object(members), value) => drop(members.insert(key.replace("~1", "/"), value)),
        (Value::Array(items), Value::Null) => drop(items.remove(key.parse().expect("a position"))),
        (Value::Array(items), value) => items.push(value),
        (other, _) => panic!("{place} is in {other}"),
    }
    breaking_changes(&old, &new)
}

#[test]
fn every_kind_of_breaking_change_is_reported() {
    let extra = json!({ "in": "query", "name": "extra", "required": true, "schema": { "type": "string" } });
    for (pointer, place, value, what) in [
        ("/paths", "/~1things~1{id}/put", Value::Null, "operation was removed"),
        (OPERATION, "/operationId", json!("putThing"), "operationId was \"saveThing\""),
        (OPERATION, "/security/1", Value::Null, "fewer credentials"),
        (OPERATION, "/parameters/1", Value::Null, "parameter \"limit\" was removed"),
        (OPERATION, "/parameters/2", extra, "parameter \"extra\" is required"),
        (OPERATION, "/parameters/1/required", json!(true), "parameter \"limit\" is required"),
        (OPERATION, "/parameters/1/schema/maximum", json!(100), "maximum"),
        (OPERATION, "/parameters/1/schema/minimum", json!(2), "minimum"),
        (OPERATION, "/parameters/1/schema/default", json!(20), "default was 50"),
        (OPERATION, "/parameters/1/schema/multipleOf", json!(2), "multipleOf"),
        (OPERATION, "/parameters/0/schema/format", json!("uuid"), "format"),
        (OPERATION, "/requestBody", Value::Null, "body was removed"),
        (OPERATION, "/requestBody/required", json!(true), "body is required"),
        (
            OPERATION,
            "/requestBody/content/application~1json",
            json!({ "schema": { "type": "array" } }),
            "type",
        ),
        (OPERATION, "/responses/404", Value::Null, "404: the response was removed"),
        (OPERATION, "/responses/200/headers/ETag", Value::Null, "header ETag"),
        (OPERATION, "/responses/200/content", json!({ "text/csv": {} }), "application/json was removed"),
        (BODY, "/required/1", json!("kind"), "kind is required"),
        (BODY, "/properties/kind", Value::Null, "/kind: the property was removed"),
        (BODY, "/properties/kind/enum", json!(["a"]), "[\"a\"]"),
        (BODY, "/properties/kind/type", json!("integer"), "type"),
        (BODY, "/properties/name/nullable", Value::Null, "null"),
        (BODY, "/properties/name/maxLength", json!(100), "maxLength"),
        (BODY, "/properties/name/minLength", json!(2), "minLength"),
        (BODY, "/properties/name/pattern", json!("^a"), "pattern"),
        (BODY, "/properties/name/enum", json!(["a"]), "[\"a\"]"),
        (BODY, "/properties/tags/maxItems", json!(5), "maxItems"),
        (BODY, "/properties/tags/minItems", json!(1), "minItems"),
        (BODY, "/properties/tags/uniqueItems", json!(true), "uniqueItems differs"),
        (BODY, "/properties/tags/items/type", json!("integer"), "/tags/items: the type"),
        (BODY, "/properties/note/anyOf/1", Value::Null, "anyOf"),
        (BODY, "/additionalProperties", json!(false), "additional"),
        (THING, "/required/1", Value::Null, "kind is required by one description only"),
        (THING, "/properties/size", Value::Null, "/size: the property was removed"),
        (THING, "/properties/id/type", json!("integer"), "type"),
        (THING, "/properties/id/nullable", json!(true), "null"),
        (THING, "/properties/id/format", Value::Null, "format"),
        (THING, "/properties/kind/enum", json!(["a", "b", "c"]), "\"c\""),
        (THING, "/properties/kind/enum", Value::Null, "not all of null"),
        (THING, "/properties/size/maximum", json!(11), "maximum"),
    ] {
        let found = breaks(pointer, place, value);
        assert!(!found.is_empty(), "{place} is not reported");
        assert!(found.iter().any(|line| line.contains(what)), "{place}: {found:?}");
    }
}

#[test]
fn additions_wider_requests_and_narrower_responses_are_compatible() {
    let optional = json!({ "in": "query", "name": "extra", "schema": { "type": "string" } });
    for (pointer, place, value) in [
        ("/paths", "/~1others", json!({ "get": { "operationId": "listOthers" } })),
        (OPERATION, "/security/2", json!({ "key": [] })),
        (OPERATION, "/parameters/2", optional),
        (OPERATION, "/parameters/1/schema/maximum", json!(1000)),
        (OPERATION, "/parameters/1/schema/type", json!("number")),
        (OPERATION, "/responses/409", json!({})),
        (OPERATION, "/summary", json!("Saves a thing")),
        (BODY, "/required", json!([])),
        (BODY, "/properties/colour", json!({ "type": "string" })),
        (BODY, "/properties/kind/enum", json!(["a", "b", "c"])),
        (BODY, "/properties/name/maxLength", json!(300)),
        (BODY, "/properties/name/description", json!("A name")),
        (BODY, "/properties/kind/nullable", json!(true)),
        (BODY, "/properties/note/anyOf/2", json!({ "type": "boolean" })),
        (THING, "/required/2", json!("size")),
        (THING, "/properties/colour", json!({ "type": "string" })),
        (THING, "/properties/kind/enum", json!(["a"])),
        (THING, "/properties/size/maximum", json!(9)),
        (THING, "/properties/size/type", json!("integer")),
    ] {
        assert_eq!(breaks(pointer, place, value), Vec::<String>::new(), "{place}");
    }
}
