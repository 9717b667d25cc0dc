//! The served descriptions: brms.json unchanged, and the one with the URL, the problems and the limits of this
//! server.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{TestServer, seed};

const VENDORED: &str = "/openapi/brms.json";
const SERVED: &str = "/openapi.json";
/// An id that refers to nothing, so that requests change nothing.
pub const NOTHING: &str = "0190a000-0000-7000-8000-0000000000ff";

/// One operation of a description.
pub struct Described {
    pub method: String,
    /// With parameter names in braces.
    pub path: String,
    pub operation: Value,
}

impl Described {
    /// The operation's name.
    pub fn id(&self) -> &str {
        self.operation["operationId"].as_str().expect("an id")
    }

    /// The schema of the body, if the operation takes one.
    pub fn body(&self) -> Option<&Value> {
        self.operation.pointer("/requestBody/content/application~1json/schema")
    }

    /// The parameters in the path or in the query.
    pub fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().filter(|parameter| parameter["in"] == place).collect()
    }

    /// The path with an unknown id for every parameter.
    pub fn target(&self) -> String {
        let part = |part: &str| if part.starts_with('{') { NOTHING.to_owned() } else { part.to_owned() };
        self.path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

/// Every operation of a description.
pub fn operations(description: &Value) -> Vec<Described> {
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let (method, path) = (method.to_uppercase(), path.clone());
            found.push(Described { method, path, operation: operation.clone() });
        }
    }
    found
}

/// The description as a server gives it.
pub async fn served_as_it_is(server: &TestServer) -> Value {
    server.get(SERVED).expect(200).await.json()
}

/// The description of a server with each named schema at the places where it is used.
pub async fn served(server: &TestServer) -> Value {
    inlined(&served_as_it_is(server).await)
}

/// A description with each named schema at the places where it is used.
pub fn inlined(description: &Value) -> Value {
    in_place(description, description)
}

fn in_place(description: &Value, part: &Value) -> Value {
    if let Some(name) = part["$ref"].as_str() {
        let target = description.pointer(name.trim_start_matches('#'));
        return in_place(description, target.unwrap_or_else(|| panic!("there is no {name}")));
    }
    match part {
        Value::Array(items) => items.iter().map(|item| in_place(description, item)).collect(),
        Value::Object(members) => {
            // What stands around a reference overrides what the shape says.
            let around = members.iter().filter(|(word, _)| *word != "allOf");
            let around = around.map(|(word, value)| (word.clone(), in_place(description, value)));
            let Some(all) = members.get("allOf") else { return around.collect() };
            let Value::Object(mut whole) = in_place(description, &all[0]) else {
                panic!("no schema: {part}")
            };
            whole.extend(around);
            Value::Object(whole)
        }
        other => other.clone(),
    }
}

/// Translates `nullable` of OpenAPI 3.0 to JSON Schema.
fn json_schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    match &mut schema {
        Value::Object(members) => {
            members.values_mut().for_each(|member| *member = json_schema(member));
            if members.remove("nullable").is_some() {
                let kind = members["type"].take();
                members["type"] = json!([kind, "null"]);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = json_schema(item)),
        _ => {}
    }
    schema
}

/// A schema compiled for validation.
pub fn compiled(schema: &Value) -> Validator {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&json_schema(schema)).unwrap_or_else(|error| panic!("{error}: {schema}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendored_description_is_served_byte_for_byte_without_credentials() {
    let server = TestServer::start().await;
    let answer = server.get(VENDORED).expect(200).await;
    let file = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/brms.json")).unwrap();
    assert!(answer.body == file, "not the same bytes");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    for path in [VENDORED, SERVED] {
        let length = server.get(path).expect(200).await.body.len();
        let head = server.call("HEAD", path).expect(200).await;
        assert_eq!(head.header("content-length"), Some(length.to_string().as_str()), "{path}");
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = server.call(method, path).expect(405).await;
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_served_description_has_all_operations_the_url_and_every_problem() {
    let server = TestServer::start().await;
    let description = served(&server).await;
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.0")));
    assert_eq!(description["servers"], json!([{ "url": server.home() }]));
    let operations = operations(&description);
    let ids: BTreeSet<&str> = operations.iter().map(Described::id).collect();
    assert_eq!((operations.len(), ids.len()), (42, 42));
    compiled(&description["components"]["schemas"]["Problem"]);
    for described in &operations {
        let responses = described.operation["responses"].as_object().expect("responses");
        let given: BTreeSet<&str> = responses.keys().map(String::as_str).collect();
        let mut wanted = BTreeSet::from(["200", "400", "405", "500", "503", "504"]);
        if described.id() != "healthCheck" {
            wanted.extend(["401", "403", "404", "409", "429"]);
        }
        if described.method == "POST" {
            // With a key the body counts, also where the operation takes none.
            wanted.extend(["413", "422"]);
        }
        if described.body().is_some() {
            wanted.extend(["413", "415"]);
        }
        assert_eq!(given, wanted, "{}", described.id());
        let content = responses["200"]["content"].as_object().expect("content");
        let (media_type, content) = content.iter().next().expect("one media type");
        assert_eq!(media_type == "text/csv", described.id() == "exportAuditLogs");
        compiled(&content["schema"]);
        for (status, response) in responses.iter().filter(|(status, _)| *status != "200") {
            let schema = &response["content"]["application/problem+json"]["schema"];
            assert_eq!(
                *schema,
                description["components"]["schemas"]["Problem"],
                "{} {status}",
                described.id()
            );
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()));
        }
        for parameter in &described.parameters("query") {
            compiled(&parameter["schema"]);
        }
        described.body().map(compiled);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_is_the_configured_public_url() {
    let server = TestServer::start_with(&["--public-url", "https://people.example.test/brms"]).await;
    assert_eq!(served(&server).await["servers"], json!([{ "url": "https://people.example.test/brms" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actual_problem_conforms_to_its_description() {
    let server = TestServer::start().await;
    let validator = compiled(&served(&server).await["components"]["schemas"]["Problem"]);
    for (path, caller, status) in [
        ("/api/projects", "", 401),
        ("/api/projects?page=0", seed::OWNER_PAT, 400),
        ("/api/roles", seed::READER_PAT, 403),
        ("/nowhere", "", 404),
    ] {
        let call = server.get(path);
        let call = if caller.is_empty() { call } else { call.caller(caller) };
        let body = call.expect(status).await.json();
        assert!(validator.is_valid(&body), "{body}");
    }
}

/// The keywords of the limits that this server adds.
const WORDS: [&str; 8] =
    ["maxLength", "maxItems", "minimum", "multipleOf", "pattern", "format", "enum", "x-json-bytes-max"];

/// Limits that have to be stated.
const STATED: [(&str, &str); 28] = [
    ("page", "minimum 1"),
    ("perPage", "minimum 1"),
    ("perPage", "format \"int64\""),
    ("all", "enum \"…\""),
    ("isService", "enum \"…\""),
    ("orderBy", "enum \"…\""),
    ("sort", "enum \"…\""),
    ("name", "maxLength 200"),
    ("name", "pattern \"…\""),
    ("displayName", "maxLength 200"),
    ("description", "maxLength 200"),
    ("note", "maxLength 100"),
    ("note", "pattern \"…\""),
    ("firstName", "maxLength 200"),
    ("lastName", "maxLength 100"),
    ("lastName", "pattern \"…\""),
    ("key", "maxLength 200"),
    ("key", "pattern \"…\""),
    ("email", "format \"email\""),
    ("email", "maxLength 254"),
    ("emails", "items maxLength 254"),
    ("userIds", "maxItems 1000"),
    ("groupIds", "maxItems 1000"),
    ("filePermissions", "maxItems 1000"),
    ("filePermissions", "x-json-bytes-max 16384"),
    ("projectFilePermissions", "x-json-bytes-max 16384"),
    ("idpGroups", "x-json-bytes-max 16384"),
    ("preferences", "x-json-bytes-max 65536"),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_of_this_server_are_described() {
    let server = TestServer::start().await;
    let mut stated: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for described in operations(&served(&server).await) {
        let empty = json!({});
        let properties = described.body().map_or(&empty, |body| &body["properties"]).as_object().cloned();
        let parameters = described.parameters("query").into_iter().cloned();
        let parameters =
            parameters.map(|one| (one["name"].as_str().expect("a name").to_owned(), one["schema"].clone()));
        for (name, schema) in properties.into_iter().flatten().chain(parameters) {
            let inner = schema.get("items").cloned().unwrap_or_default();
            for word in WORDS {
                for (prefix, value) in [("", schema.get(word)), ("items ", inner.get(word))] {
                    let Some(value) = value else { continue };
                    let value = if word == "pattern" || word == "enum" { &json!("…") } else { value };
                    stated.entry(name.clone()).or_default().push(format!("{prefix}{word} {value}"));
                }
            }
        }
    }
    for (name, limit) in STATED {
        let found = stated.get(name).is_some_and(|limits| limits.iter().any(|one| one == limit));
        assert!(found, "{name} {limit}: {:?}", stated.get(name));
    }
    for described in operations(&served(&server).await) {
        for parameter in described.parameters("query") {
            if matches!(parameter["name"].as_str(), Some("fromDate" | "toDate")) {
                let validator = compiled(&parameter["schema"]);
                for (text, fits) in [("2026-01-31", true), ("2026-02-30", false), ("2026-13-01", false)] {
                    assert_eq!(validator.is_valid(&json!(text)), fits, "{text}");
                }
            }
        }
    }
}
