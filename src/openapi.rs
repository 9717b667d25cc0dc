//! The served description: brms.json with the server's URL, the problems that it answers, and the limits of
//! [`crate::limits`]. A request that matches it is never answered with 400.

use serde_json::{Map, Value, json};

use crate::http::IDEMPOTENCY_KEY;
use crate::limits;

/// The vendored description, byte for byte.
pub const VENDORED: &str = include_str!("../brms.json");

/// The served description, with the server's public URL.
pub fn served(public_url: &str) -> Result<Value, serde_json::Error> {
    let mut description: Value = serde_json::from_str(VENDORED)?;
    description["servers"] = json!([{ "url": public_url }]);
    description["components"]["schemas"] = json!({ "Problem": problem_schema() });
    description["components"]["parameters"] = json!({ "IdempotencyKey": idempotency_key() });
    let paths = description["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for (method, operation) in paths.filter_map(Value::as_object_mut).flatten() {
        let is_post = method == "post";
        add_problems(operation, method);
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(limits) = parameter["name"].as_str().and_then(limits::of_parameter) {
                add(&mut parameter["schema"], limits);
            }
        }
        let body = operation.pointer_mut("/requestBody/content/application~1json/schema/properties");
        if let Some(properties) = body.and_then(Value::as_object_mut) {
            limit_body(properties);
        }
        if is_post {
            add_idempotency_key(operation);
        }
    }
    Ok(description)
}

/// The header that every POST takes.
fn idempotency_key() -> Value {
    json!({
        "name": IDEMPOTENCY_KEY,
        "in": "header",
        "required": false,
        "description": "Marks a request so that it is carried out once: for 24 hours a repeat by the same credential \
                        with the same key, path, query and body is answered as before, with the header \
                        Idempotency-Replayed. Use a new UUID for each new request.",
        "schema": limits::of_idempotency_key(),
    })
}

fn add_idempotency_key(operation: &mut Value) {
    let parameter = json!({ "$ref": "#/components/parameters/IdempotencyKey" });
    match operation.get_mut("parameters").and_then(Value::as_array_mut) {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// Adds every problem that the operation can answer.
fn add_problems(operation: &mut Value, method: &str) {
    let is_post = method == "post";
    let is_open = operation.get("security").is_none_or(|security| security == &json!([]));
    let has_body = operation.get("requestBody").is_some();
    let statuses = [
        (400, "The request does not fit this description", true),
        (401, "Credentials are missing, invalid or expired", !is_open),
        (403, "Not allowed", !is_open),
        (404, "Not found, or not visible to the caller", !is_open),
        (405, "The path does not support this method", true),
        (409, "Conflict with the current state", !is_open),
        (413, "The body is too long", has_body || is_post),
        (415, "The media type of the body is not supported", has_body),
        (422, "The Idempotency-Key was used for another request", is_post),
        (429, "Too many invitations sent, or too many Idempotency-Keys", !is_open),
        (500, "Internal error", true),
        (503, "Service unavailable", true),
        (504, "The request timed out", true),
    ];
    for (status, description, is_possible) in statuses {
        if is_possible {
            operation["responses"][status.to_string()] = json!({
                "description": description,
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
        }
    }
}

/// The schema of every problem (RFC 9457), with the members of the vendor's errors and our own `errors`.
fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "message", "error", "statusCode"],
        "properties": {
            "type": { "type": "string", "description": "urn:brms:problem: and the kind" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "urn:uuid: and the request's id" },
            "message": { "type": "string", "description": "The same as detail" },
            "error": { "type": "string", "description": "The same as title" },
            "statusCode": { "type": "integer", "description": "The same as status" },
            "ids": {
                "type": "array",
                "items": { "type": "string", "format": "uuid" },
                "description": "Of already-done: what was made or changed",
            },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["detail"],
                    "properties": {
                        "pointer": { "type": "string", "description": "A place in the body" },
                        "parameter": { "type": "string", "description": "A parameter" },
                        "detail": { "type": "string" },
                    },
                },
            },
        },
    })
}

fn limit_body(properties: &mut Map<String, Value>) {
    for (name, schema) in properties {
        let Some(limits) = limits::of_field(name) else { continue };
        let is_of_entries = limits.get("maxItems").is_none();
        match schema.get_mut("items").filter(|_| is_of_entries) {
            Some(entry) => add(entry, limits),
            None => add(schema, limits),
        }
    }
}

/// Adds limits to a schema; what the vendored description states takes precedence.
fn add(schema: &mut Value, limits: Value) {
    if let (Some(schema), Value::Object(limits)) = (schema.as_object_mut(), limits) {
        for (word, limit) in limits {
            schema.entry(word).or_insert(limit);
        }
    }
}
