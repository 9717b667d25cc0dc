//! Compares two OpenAPI descriptions for breaking changes: requests that are no longer valid, and responses that clients
//! of the older description do not expect. Additions are compatible.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::descriptions::inlined;

/// Keywords that do not affect what is valid.
const REMARKS: [&str; 4] = ["description", "example", "title", "deprecated"];
/// Keywords that limit a number or a length.
const UPPER_LIMITS: [&str; 5] = ["maxLength", "maxItems", "maximum", "x-nesting-max", "x-json-bytes-max"];
const LOWER_LIMITS: [&str; 3] = ["minLength", "minItems", "minimum"];
/// Keywords whose values are compared for equality only.
const EXACT: [&str; 3] = ["format", "multipleOf", "pattern"];
/// Keywords with a rule of their own in [`Comparison`].
const RULED: [&str; 9] = [
    "additionalProperties",
    "anyOf",
    "default",
    "enum",
    "items",
    "nullable",
    "properties",
    "required",
    "type",
];

/// All breaking changes, each as its location and its description.
pub fn breaking_changes(old: &Value, new: &Value) -> Vec<String> {
    let (old, new) = (&inlined(old), &inlined(new));
    let mut comparison = Comparison { old, new, breaks: Vec::new() };
    for (path, methods) in object(&old["paths"]) {
        for (method, before) in object(methods) {
            let place = format!("{} {path}", method.to_uppercase());
            match new["paths"][path].get(method) {
                Some(after) => comparison.operation(&place, before, after),
                None => comparison.breaks.push(format!("{place}: the operation was removed")),
            }
        }
    }
    comparison.breaks
}

fn object(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}"))
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn names(value: &Value) -> BTreeSet<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

/// Which way the values of a schema go: a request that is valid for the older description must be valid for the newer
/// one, a response that is valid for the newer description must be valid for the older one.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Request,
    Response,
}

struct Comparison<'d> {
    old: &'d Value,
    new: &'d Value,
    breaks: Vec<String>,
}

impl<'d> Comparison<'d> {
    fn add(&mut self, place: &str, what: impl std::fmt::Display) {
        self.breaks.push(format!("{place}: {what}"));
    }

    fn operation(&mut self, place: &str, old: &'d Value, new: &'d Value) {
        if old["operationId"] != new["operationId"] {
            self.add(place, format!("its operationId was {}", old["operationId"]));
        }
        let schemes = |operation: &'d Value, whole: &'d Value| {
            list(operation.get("security").unwrap_or(&whole["security"]))
        };
        let (before, after) = (schemes(old, self.old), schemes(new, self.new));
        let is_lost = before.iter().any(|alternative| !after.contains(alternative));
        if !after.is_empty() && (is_lost || before.is_empty()) {
            self.add(place, "fewer credentials open it");
        }
        self.parameters(place, list(&old["parameters"]), list(&new["parameters"]));
        self.body(place, &old["requestBody"], &new["requestBody"]);
        for (status, before) in members(&old["responses"]) {
            let place = format!("{place} {status}");
            let Some(after) = new["responses"].get(status) else {
                self.add(&place, "the response was removed");
                continue;
            };
            for (header, _) in members(&before["headers"]) {
                if after["headers"].get(header).is_none() {
                    self.add(&place, format!("the header {header} was removed"));
                }
            }
            self.content(&place, Direction::Response, &before["content"], &after["content"]);
        }
    }

    fn parameters(&mut self, place: &str, old: &'d [Value], new: &'d [Value]) {
        let same = |one: &Value, other: &Value| one["in"] == other["in"] && one["name"] == other["name"];
        for after in new.iter().filter(|after| after["required"] == true) {
            if !old.iter().any(|before| same(before, after) && before["required"] == true) {
                self.add(place, format!("the parameter {} is required", after["name"]));
            }
        }
        for before in old {
            match new.iter().find(|after| same(before, after)) {
                Some(after) => {
                    let place = format!("{place} parameter {}", before["name"]);
                    self.both(&place, Direction::Request, &before["schema"], &after["schema"]);
                }
                None => self.add(place, format!("the parameter {} was removed", before["name"])),
            }
        }
    }

    fn body(&mut self, place: &str, old: &'d Value, new: &'d Value) {
        if new["required"] == true && old["required"] != true {
            self.add(place, "a body is required");
        }
        if old.is_object() && new.is_null() {
            self.add(place, "the body was removed");
        } else {
            self.content(&format!("{place} body"), Direction::Request, &old["content"], &new["content"]);
        }
    }

    fn content(&mut self, place: &str, direction: Direction, old: &'d Value, new: &'d Value) {
        for (media_type, before) in members(old) {
            match new.get(media_type) {
                Some(after) => self.both(place, direction, &before["schema"], &after["schema"]),
                None => self.add(place, format!("{media_type} was removed")),
            }
        }
    }

    /// Compares a schema with its newer self.
    fn both(&mut self, place: &str, direction: Direction, old: &'d Value, new: &'d Value) {
        for (name, before) in members(&old["properties"]) {
            let place = format!("{place}/{name}");
            match new["properties"].get(name) {
                Some(after) => self.both(&place, direction, before, after),
                None => self.add(&place, "the property was removed"),
            }
        }
        if let (Some(before), Some(after)) = (old.get("items"), new.get("items")) {
            self.both(&format!("{place}/items"), direction, before, after);
        }
        if let (Some(before @ Value::Object(_)), Some(after @ Value::Object(_))) =
            (old.get("additionalProperties"), new.get("additionalProperties"))
        {
            self.both(&format!("{place}/*"), direction, before, after);
        }
        if direction == Direction::Request
            && old.get("default") != new.get("default")
            && old.get("default").is_some()
        {
            self.add(place, format!("the default was {}", old["default"]));
        }
        // Every value that `inner` allows must be allowed by `outer`.
        let (inner, outer) = if direction == Direction::Request { (old, new) } else { (new, old) };
        self.schema(place, inner, outer);
    }

    /// Compares the keywords of two schemas, without their subschemas: `outer` must allow every value that `inner` allows.
    fn schema(&mut self, place: &str, inner: &'d Value, outer: &'d Value) {
        // A whole number is written in either way.
        let is_whole =
            |one: &Value| one["type"] == "integer" || one.get("multipleOf") == Some(&Value::from(1));
        let is_a_number = is_whole(inner) && (outer["type"] == "number" || is_whole(outer));
        if outer.get("type").is_some() && inner["type"] != outer["type"] && !is_a_number {
            self.add(place, format!("the type {} is not {}", inner["type"], outer["type"]));
        }
        if inner["nullable"] == true && outer["nullable"] != true {
            self.add(place, "null is allowed by one description only");
        }
        if outer.get("enum").is_some()
            && (inner.get("enum").is_none()
                || list(&inner["enum"]).iter().any(|word| !list(&outer["enum"]).contains(word)))
        {
            self.add(place, format!("not all of {} is in {}", inner["enum"], outer["enum"]));
        }
        for name in names(&outer["required"]).difference(&names(&inner["required"])) {
            self.add(place, format!("{name} is required by one description only"));
        }
        if outer["additionalProperties"] == false && inner["additionalProperties"] != false {
            self.add(place, "additional properties are allowed by one description only");
        }
        self.limits(place, inner, outer);
        self.alternatives(place, inner, outer);
        for (keyword, value) in object(outer).iter().chain(object(inner)) {
            let word = keyword.as_str();
            let is_known =
                REMARKS.iter().chain(&UPPER_LIMITS).chain(&LOWER_LIMITS).chain(&EXACT).chain(&RULED);
            if !is_known.copied().any(|known| known == word)
                && (inner.get(word), outer.get(word)) != (Some(value), Some(value))
            {
                self.add(place, format!("{word} differs, and there is no rule for it"));
            }
        }
    }

    fn limits(&mut self, place: &str, inner: &Value, outer: &Value) {
        let number = |schema: &Value, keyword: &str| schema.get(keyword).and_then(Value::as_f64);
        for keyword in UPPER_LIMITS.iter().chain(&LOWER_LIMITS) {
            let is_upper = UPPER_LIMITS.contains(keyword);
            let Some(limit) = number(outer, keyword) else { continue };
            let is_within = number(inner, keyword)
                .is_some_and(|inner| if is_upper { inner <= limit } else { inner >= limit });
            if !is_within {
                self.add(place, format!("{keyword} is {limit} in one description and wider in the other"));
            }
        }
        for keyword in EXACT {
            // Of a number it is a hint at how it can be kept.
            let is_hint = keyword == "format" && outer["type"] != "string";
            let is_whole = keyword == "multipleOf" && outer[keyword] == 1 && inner["type"] == "integer";
            if !is_hint
                && !is_whole
                && outer.get(keyword).is_some()
                && inner.get(keyword) != outer.get(keyword)
            {
                self.add(
                    place,
                    format!(
                        "{keyword} is {}, and {} in the other description",
                        outer[keyword], inner[keyword]
                    ),
                );
            }
        }
    }

    /// Each alternative of `inner` must be an alternative of `outer`.
    fn alternatives(&mut self, place: &str, inner: &Value, outer: &Value) {
        let Some(allowed) = outer.get("anyOf") else { return };
        let possible = inner.get("anyOf").map_or(std::slice::from_ref(inner), list);
        if possible.iter().any(|one| !list(allowed).contains(one)) {
            self.add(place, "an alternative of anyOf is in one description only");
        }
    }
}
