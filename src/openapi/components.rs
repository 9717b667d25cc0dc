//! Gives each shape of the description one name. brms.json writes a shape wherever it is used, and generators of
//! clients would name each after its place.

use serde_json::{Map, Value, json};

use super::examples;

/// Where an operation has the schema of its body, and of its answer.
pub(super) const BODY: &str = "/requestBody/content/application~1json/schema";
pub(super) const ANSWER: &str = "/responses/200/content/application~1json/schema";

/// The name of each shape and one place where it stands. The generated code has the same names.
const NAMES: &str = include_str!("../../scripts/codegen/names.json");
/// The shapes that only the served description has.
const OWN_NAMES: [(&str, &str); 3] = [
    ("AuditLogOrder", "listAuditLogs.query.orderBy"),
    ("Flag", "listProjects.query.all"),
    ("SortDirection", "listAuditLogs.query.sort"),
];
/// What belongs to the place where a shape is used, and not to the shape.
const OF_THE_PLACE: [&str; 2] = ["default", "description"];

/// Replaces each named shape by a reference to its name; returns the shapes by name.
pub(super) fn name_shapes(description: &mut Value) -> Result<Map<String, Value>, serde_json::Error> {
    let places: Map<String, Value> = serde_json::from_str(NAMES)?;
    let places = places.iter().filter_map(|(name, place)| Some((name.as_str(), place.as_str()?)));
    let found = places.chain(OWN_NAMES).filter_map(|(name, place)| {
        let schema = at(description, place)?.clone();
        Some(Named { name: name.to_owned(), shape: shape(&schema), schema })
    });
    let named: Vec<Named> = found.collect();
    let paths = description["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        for place in [BODY, ANSWER] {
            operation.pointer_mut(place).into_iter().for_each(|schema| replace(&named, schema));
        }
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            replace(&named, &mut parameter["schema"]);
        }
    }
    // The others are never referred to.
    let components = named.iter().filter(|one| !may_be_null(&one.schema));
    Ok(components.map(|one| (one.name.clone(), one.component(&named))).collect())
}

/// A shape with its name.
struct Named {
    name: String,
    shape: Value,
    /// As it stands at its place.
    schema: Value,
}

impl Named {
    /// The schema that references to the name mean.
    fn component(&self, named: &[Self]) -> Value {
        let mut schema = self.schema.clone();
        replace_inside(named, &mut schema);
        if let Some(members) = schema.as_object_mut() {
            members.shift_remove("default");
        }
        examples::add(&self.name, &mut schema);
        schema
    }
}

/// The schema at a place such as `listUsers.200.results[].roles[]`.
fn at<'d>(description: &'d Value, place: &str) -> Option<&'d Value> {
    let mut parts = place.split('.');
    let id = parts.next()?;
    let mut operations = description["paths"].as_object()?.values().filter_map(Value::as_object).flatten();
    let (_, operation) = operations.find(|(_, operation)| operation["operationId"] == id)?;
    let root = parts.next()?;
    let (root, items) = (root.trim_end_matches("[]"), root.matches("[]").count());
    let schema = match root {
        "body" => operation.pointer(BODY),
        "200" => operation.pointer(ANSWER),
        inside => {
            let name = parts.next()?;
            let is_it = |parameter: &&Value| parameter["in"] == inside && parameter["name"] == name;
            operation["parameters"].as_array()?.iter().find(is_it).map(|parameter| &parameter["schema"])
        }
    };
    let entry = |schema: Option<&'d Value>, count| (0..count).fold(schema, |schema, _| schema?.get("items"));
    parts.fold(entry(schema, items), |schema, part| {
        entry(schema?["properties"].get(part.trim_end_matches("[]")), part.matches("[]").count())
    })
}

/// What two schemas of one shape have in common.
fn shape(schema: &Value) -> Value {
    let mut shape = comparable(schema);
    if let Some(members) = shape.as_object_mut() {
        members.swap_remove("nullable");
        members.swap_remove("default");
    }
    without_null(&mut shape);
    shape
}

/// A schema without its descriptions.
fn comparable(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let kept = members.iter().filter(|(word, _)| *word != "description").map(|(word, value)| {
        let value = match (word.as_str(), value) {
            ("properties", Value::Object(all)) => {
                all.iter().map(|(name, inner)| (name.clone(), comparable(inner))).collect()
            }
            ("items", inner) => comparable(inner),
            ("required", Value::Array(names)) => {
                let mut names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
                names.sort_unstable();
                json!(names)
            }
            _ => value.clone(),
        };
        (word.clone(), value)
    });
    kept.collect()
}

/// Takes null out of the words of an enum: whether it is allowed is a matter of the place.
fn without_null(schema: &mut Value) {
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
}

/// Replaces a schema by a reference if its shape has a name, and otherwise what is inside it. Where a shape may be null
/// it stays: OpenAPI 3.0 has no words for "this name, or null" that validators and generators agree on.
fn replace(named: &[Named], schema: &mut Value) {
    let has_name = schema.get("properties").is_some() || schema.get("enum").is_some();
    let own = has_name.then(|| shape(schema));
    let Some(found) = own.and_then(|own| named.iter().find(|one| one.shape == own)) else {
        replace_inside(named, schema);
        return;
    };
    if may_be_null(schema) {
        replace_inside(named, schema);
        examples::add(&found.name, schema);
        return;
    }
    let reference = json!({ "$ref": format!("#/components/schemas/{}", found.name) });
    let kept =
        schema.as_object().into_iter().flatten().filter(|(word, _)| OF_THE_PLACE.contains(&word.as_str()));
    let mut around: Map<String, Value> = kept.map(|(word, value)| (word.clone(), value.clone())).collect();
    // OpenAPI 3.0 ignores what stands beside a reference.
    *schema = if around.is_empty() {
        reference
    } else {
        around.insert("allOf".to_owned(), json!([reference]));
        Value::Object(around)
    };
}

fn may_be_null(schema: &Value) -> bool {
    schema["nullable"] == true
}

fn replace_inside(named: &[Named], schema: &mut Value) {
    schema.get_mut("items").into_iter().for_each(|inner| replace(named, inner));
    for (_, inner) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        replace(named, inner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::{VENDORED, served};

    #[test]
    fn fr_31_every_name_is_a_component_and_no_other_shape_is_left() {
        let served = served("http://brms.test").expect("a description");
        let schemas = served["components"]["schemas"].as_object().expect("schemas");
        let names: Map<String, Value> = serde_json::from_str(NAMES).expect("names");
        let own = OWN_NAMES.map(|(name, _)| name);
        let mut wanted: Vec<&str> = names.keys().map(String::as_str).chain(own).collect();
        wanted.extend(["Problem", "ProblemError"]);
        // A group's role may be null wherever it stands.
        wanted.retain(|name| *name != "GroupRole");
        wanted.sort_unstable();
        assert_eq!(schemas.keys().collect::<Vec<_>>(), wanted);
        let mut unnamed = Vec::new();
        find_unnamed(&served["paths"], "paths", &mut unnamed);
        for (name, schema) in schemas {
            for (property, inner) in schema["properties"].as_object().into_iter().flatten() {
                find_unnamed(inner, &format!("{name}.{property}"), &mut unnamed);
            }
        }
        assert_eq!(
            unnamed,
            ["Group.role", "ListedProject.decisionsApprovalMode", "Project.decisionsApprovalMode"]
        );
    }

    /// The places of shapes without a name.
    fn find_unnamed(value: &Value, place: &str, found: &mut Vec<String>) {
        if value.get("properties").is_some() || value.get("enum").is_some() {
            found.push(place.to_owned());
        }
        match value {
            Value::Object(members) => {
                for (word, inner) in members.iter().filter(|(word, _)| *word != "example") {
                    find_unnamed(inner, &format!("{place}/{word}"), found);
                }
            }
            Value::Array(items) => items.iter().for_each(|inner| find_unnamed(inner, place, found)),
            _ => {}
        }
    }

    #[test]
    fn fr_30_nothing_has_alternatives() {
        let served = served("http://brms.test").expect("a description").to_string();
        for word in ["anyOf", "oneOf", "\"not\"", "\"type\":\"number\""] {
            assert!(!served.contains(word), "{word}");
        }
    }

    #[test]
    fn a_place_is_found_by_its_path() {
        let description: Value = serde_json::from_str(VENDORED).expect("JSON");
        let type_of = |place: &str| at(&description, place).map(|schema| schema["type"].clone());
        assert_eq!(type_of("listUsers.200.results[].roles[].id"), Some(json!("string")));
        assert_eq!(type_of("inviteMembers.200[]"), Some(json!("object")));
        assert_eq!(type_of("listAuditLogs.query.page"), Some(json!("number")));
        assert_eq!(type_of("createGroup.body.permissions"), Some(json!("array")));
        assert_eq!(type_of("listUsers.200.nothing"), None);
        assert_eq!(type_of("nothing.200"), None);
    }
}
