//! What the served description says otherwise than brms.json: exactly what docs/description.md lists, and nothing that
//! lets a request or an answer through that brms.json does not.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value};

use crate::breaking_changes::breaking_changes;
use crate::descriptions::{inlined, served_as_it_is};
use crate::support::{TestServer, contract};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/description.md");

const INTRODUCTION: &str = "\
# How the served description differs from brms.json

<!-- Written by tests/behaviour/description_differences.rs:
     DOCUMENTS=write cargo test --test behaviour description_differences -->

A server has two descriptions: the vendored `brms.json`, byte for byte, at `/openapi/brms.json`, and its own at
`/openapi.json` (also `brms openapi`). The second is for generators of clients ([clients.md](clients.md)): a shape has
one name under `components`, where brms.json writes it at each place, and the limits and problems of this server are
in it. A request that matches it matches brms.json, too, and so does each answer.

The server takes more than its description says: for `fromDate` and `toDate` also a time of RFC 3339, for `all` and
`deleted` also `True` and `TRUE`, for the `version` of a new project also null, as brms.json has them.

These are all differences, after each name is replaced by its shape. The last column is the number of places.

| where | what | brms.json | served | places |
|---|---|---|---|---:|
";

/// A place's name, what differs, and both values.
type Difference = (String, String, String, String);

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A value in one cell of a table.
fn cell(value: Option<&Value>) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let text = value.to_string();
    if text.chars().count() > 60 || text.contains(['\\', '|']) {
        "…".to_owned()
    } else {
        format!("`{text}`")
    }
}

#[derive(Default)]
struct Differences(BTreeMap<Difference, usize>);

impl Differences {
    fn add(&mut self, place: &str, what: &str, theirs: Option<&Value>, ours: Option<&Value>) {
        if theirs == ours {
            return;
        }
        // Their words are no matter of what fits.
        let difference = match what {
            "description" if theirs.is_some() => {
                ("schemas", "description", "one for each place", "one for each name")
            }
            "description" | "example" => ("schemas", what, "–", "added"),
            _ => {
                *self.0.entry((place.to_owned(), what.to_owned(), cell(theirs), cell(ours))).or_default() +=
                    1;
                return;
            }
        };
        let (place, what, theirs, ours) = difference;
        let key = (place.to_owned(), what.to_owned(), theirs.to_owned(), ours.to_owned());
        *self.0.entry(key).or_default() += 1;
    }

    /// Compares two schemas of one place; `name` is that of the property or the parameter.
    fn schema(&mut self, name: &str, theirs: &Value, ours: &Value) {
        let empty = Map::new();
        let (theirs, ours) = (theirs.as_object().unwrap_or(&empty), ours.as_object().unwrap_or(&empty));
        for word in theirs.keys().chain(ours.keys().filter(|word| !theirs.contains_key(*word))) {
            let (before, after) = (theirs.get(word), ours.get(word));
            match (word.as_str(), before, after) {
                ("properties", Some(Value::Object(before)), Some(Value::Object(after))) => {
                    assert!(before.keys().eq(after.keys()), "the properties of {name}");
                    before.iter().for_each(|(inner, schema)| self.schema(inner, schema, &after[inner]));
                }
                ("items", Some(before), Some(after)) => self.schema(&format!("{name}[]"), before, after),
                _ => self.add(name, word, before, after),
            }
        }
    }

    fn operation(&mut self, theirs: &Value, ours: &Value) {
        const SCHEMA: &str = "/content/application~1json/schema";
        let (mut theirs, mut ours) = (theirs.clone(), ours.clone());
        let mut taken = |pointer: &str| {
            [&mut theirs, &mut ours].map(|one| one.pointer_mut(pointer).map(Value::take).unwrap_or_default())
        };
        let [before, after] = taken(&format!("/responses/200{SCHEMA}"));
        self.schema("answer", &before, &after);
        let [before, after] = taken(&format!("/requestBody{SCHEMA}"));
        self.schema("body", &before, &after);
        let [before, after] = taken("/responses");
        for (status, response) in members(&after) {
            self.add(&format!("responses.{status}"), "problem", before.get(status), Some(response));
        }
        let [before, after] = taken("/parameters");
        let [before, after] = [&before, &after].map(|all| all.as_array().map_or(&[][..], Vec::as_slice));
        for (position, after) in after.iter().enumerate() {
            let Some(before) = before.get(position) else {
                self.add("parameters", "added", None, after.get("name"));
                continue;
            };
            let name = after["name"].as_str().expect("a name");
            self.schema(name, &before["schema"], &after["schema"]);
            let without = |one: &Value| {
                let mut one = one.clone();
                drop(one["schema"].take());
                one
            };
            assert_eq!(without(before), without(after));
        }
        let rest = |one: Value| -> Map<String, Value> {
            members(&one)
                .filter(|(_, value)| !value.is_null())
                .map(|(word, value)| (word.clone(), value.clone()))
                .collect()
        };
        assert_eq!(rest(theirs), rest(ours));
    }
}

/// All differences, each with the number of its places.
fn differences(theirs: &Value, ours: &Value) -> Differences {
    let mut found = Differences::default();
    for word in ["openapi", "info", "servers", "security", "tags"] {
        found.add("document", word, theirs.get(word), ours.get(word));
    }
    for (name, scheme) in members(&ours["components"]["securitySchemes"]) {
        let before = &theirs["components"]["securitySchemes"][name];
        assert_eq!((&before["type"], &before["scheme"]), (&scheme["type"], &scheme["scheme"]));
        found.add(
            &format!("securitySchemes.{name}"),
            "its words",
            before.get("description"),
            scheme.get("description"),
        );
    }
    for kind in ["schemas", "parameters"] {
        let parts: Vec<&Value> = members(&ours["components"][kind]).map(|(_, part)| part).collect();
        let added = Value::from(format!("{} names", parts.len()));
        found.add("components", kind, None, Some(&added));
    }
    assert!(
        members(&theirs["paths"]).map(|(path, _)| path).eq(members(&ours["paths"]).map(|(path, _)| path))
    );
    for (path, methods) in members(&theirs["paths"]) {
        for (method, operation) in members(methods) {
            found.operation(operation, &ours["paths"][path][method]);
        }
    }
    found
}

fn document(differences: &Differences) -> String {
    let mut text = INTRODUCTION.to_owned();
    for ((place, what, theirs, ours), count) in &differences.0 {
        writeln!(text, "| {place} | {what} | {theirs} | {ours} | {count} |").expect("a text takes it");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_31_the_differences_from_brms_json_are_exactly_the_listed_ones() {
    let ours = inlined(&served_as_it_is(&TestServer::start().await).await);
    let expected = document(&differences(&contract::DESCRIPTION, &ours))
        .replace(&ours["servers"].to_string(), "the server's URL");
    if std::env::var_os("DOCUMENTS").is_some_and(|value| value == "write") {
        std::fs::write(PATH, &expected).expect("writing the document");
    }
    let written = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        written == expected,
        "DOCUMENTS=write cargo test --test behaviour description_differences writes docs/description.md anew:\n{expected}"
    );
}

/// What breaking changes from one to the other say of requests or of answers.
fn breaks(old: &Value, new: &Value, is_of_answers: fn(&str) -> bool) -> Vec<String> {
    let mut found = breaking_changes(old, new);
    // `GET /path 200/property: …`
    found.retain(|change| is_of_answers(change.split(": ").next().unwrap_or_default()));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_31_what_fits_the_served_description_fits_brms_json() {
    let ours = served_as_it_is(&TestServer::start().await).await;
    let theirs = &*contract::DESCRIPTION;
    // Whatever is asked by the served description is right by the other.
    let of_requests = breaks(&ours, theirs, |place| !place.contains(" 200"));
    let is_meant = |change: &String| {
        change.contains("the response was removed")
            || change.ends_with("parameter \"Idempotency-Key\" was removed")
    };
    let unexpected: Vec<&String> = of_requests.iter().filter(|change| !is_meant(change)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    // Whatever is answered by the served description is right by the other.
    let of_answers = breaks(theirs, &ours, |place| place.contains(" 200"));
    assert!(of_answers.is_empty(), "{of_answers:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fr_31_a_difference_that_lets_more_through_is_found() {
    let ours = served_as_it_is(&TestServer::start().await).await;
    let theirs = &*contract::DESCRIPTION;
    let mut wider = ours.clone();
    wider["components"]["schemas"]["TokenExpiry"]["enum"][0] = "decade".into();
    assert!(!breaks(&wider, theirs, |place| !place.contains(" 200")).is_empty());
    let mut wider = ours.clone();
    wider["components"]["schemas"]["User"]["properties"]["id"]["type"] = "integer".into();
    assert!(!breaks(theirs, &wider, |place| place.contains(" 200")).is_empty());
    let listed = document(&differences(theirs, &inlined(&ours)));
    assert_ne!(listed, document(&differences(theirs, &inlined(&wider))));
}
