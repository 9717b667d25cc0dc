//! Puts the served description together.

use serde_json::{Map, Value, json};

use super::{components, problems};
use crate::http::IDEMPOTENCY_KEY;
use crate::limits;

/// The vendored description, byte for byte.
pub const VENDORED: &str = include_str!("../../brms.json");

/// The served description, with the server's public URL.
pub fn served(public_url: &str) -> Result<Value, serde_json::Error> {
    let mut description: Value = serde_json::from_str(VENDORED)?;
    description["info"] = info();
    description["servers"] = json!([{ "url": public_url }]);
    describe_schemes(&mut description["components"]["securitySchemes"]);
    description["components"]["parameters"] = json!({ "IdempotencyKey": idempotency_key() });
    for (method, operation) in operations(&mut description) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let limits = parameter["name"].as_str().and_then(limits::of_parameter);
            make_exact(&mut parameter["schema"]);
            add(&mut parameter["schema"], limits.unwrap_or_default());
        }
        if let Some(body) = operation.pointer_mut(components::BODY) {
            make_exact(body);
            limit_body(&mut body["properties"]);
            drop_needless_null(&mut body["properties"]);
        }
        if let Some(answer) = operation.pointer_mut(components::ANSWER) {
            make_exact(answer);
        }
        problems::add(operation, method);
    }
    let mut schemas = components::name_shapes(&mut description)?;
    schemas.insert("Problem".to_owned(), problems::schema());
    schemas.insert("ProblemError".to_owned(), problems::error_schema());
    schemas.sort_keys();
    description["components"]["schemas"] = Value::Object(schemas);
    // After the shapes are named: it is a reference itself.
    for (method, operation) in operations(&mut description) {
        if method == "post" {
            add_idempotency_key(operation);
        }
    }
    Ok(description)
}

/// Every operation with its method.
fn operations(description: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    let paths = description["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths.filter_map(Value::as_object_mut).flatten()
}

/// Whose description it is.
fn info() -> Value {
    json!({
        "title": "brms",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "The people-and-access part of the GoRules BRMS HTTP API, as this server, brms, serves it. \
                        brms is not GoRules' product and is not checked against their service. An operation with \
                        `x-provenance` is reconstructed from public pages.",
    })
}

/// Says what each credential is here, and how it is sent: no generator knows the scheme `internal`.
fn describe_schemes(schemes: &mut Value) {
    schemes["personalAccessToken"]["description"] =
        json!("A personal access token: `Authorization: Bearer brms_pat_…`");
    schemes["internalAuth"]["description"] =
        json!("The session of a person: `Authorization: Internal brms_ses_…`");
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

/// Says what brms.json leaves open, wherever it does: a number is a count, and `createdAt` a time.
fn make_exact(schema: &mut Value) {
    match schema["type"].as_str() {
        Some("number") => {
            schema["type"] = json!("integer");
            schema["format"] = json!("int64");
        }
        Some("array") => make_exact(&mut schema["items"]),
        _ => {}
    }
    for (name, inner) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        make_exact(inner);
        if name.ends_with("At") && inner["type"] == "string" {
            inner["format"] = json!("date-time");
        }
    }
}

fn limit_body(properties: &mut Value) {
    for (name, schema) in properties.as_object_mut().into_iter().flatten() {
        let Some(limits) = limits::of_field(name) else { continue };
        let is_of_entries = limits.get("maxItems").is_none();
        match schema.get_mut("items").filter(|_| is_of_entries) {
            Some(entry) => add(entry, limits),
            None => add(schema, limits),
        }
    }
}

/// A field with a default is left out, and not null: generators handle null and a default together badly.
fn drop_needless_null(properties: &mut Value) {
    for schema in properties.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(schema) = schema.as_object_mut().filter(|schema| schema.contains_key("default")) {
            schema.shift_remove("nullable");
        }
    }
}

/// Adds limits to a schema. What the vendored description states takes precedence, except for a longer list of words.
fn add(schema: &mut Value, limits: Value) {
    if let (Some(schema), Value::Object(limits)) = (schema.as_object_mut(), limits) {
        for (word, limit) in limits {
            if word == "enum" {
                schema.insert(word, limit);
            } else {
                schema.entry(word).or_insert(limit);
            }
        }
    }
}
