//! Requests for the operations of the served description: mostly valid ones by authorised callers with existing ids,
//! and some that are invalid in one or more ways.

use jsonschema::Validator;
use serde_json::Value;

use super::judge::{Expected, Fit};
use super::known::{Known, LASTING, Parameters};
use super::values::{Maker, spoil, spoiled_text, written};
use crate::descriptions::{Described, compiled, inlined, operations};
use crate::support::random::Random;
use crate::support::tcp;

/// Operations whose objects are permanent and slow down others.
const GROWING: [&str; 3] = ["createRole", "createGroup", "createServiceAccount"];

/// The served description, with a validator for each schema.
pub struct Description {
    pub operations: Vec<Described>,
    judges: Vec<Judges>,
}

struct Judges {
    body: Option<Validator>,
    /// The schemas of the parameters, in the order of the description.
    query: Vec<Validator>,
    path: Vec<Validator>,
}

/// One request and its operation.
pub struct Request {
    /// The index of the operation.
    pub operation: usize,
    pub parameters: Parameters,
    pub bytes: Vec<u8>,
    pub expected: Expected,
}

impl Description {
    pub fn new(served: &Value) -> Self {
        let operations = operations(&inlined(served));
        let of = |operation: &Described, place: &str| {
            operation.parameters(place).iter().map(|one| compiled(&one["schema"])).collect()
        };
        let judges = operations.iter().map(|operation| Judges {
            body: operation.body().map(compiled),
            query: of(operation, "query"),
            path: of(operation, "path"),
        });
        Self { judges: judges.collect(), operations }
    }

    /// A request for any operation.
    pub fn request(&self, random: &mut Random, known: &Known) -> Request {
        let mut place = random.below(self.operations.len());
        if GROWING.contains(&self.operations[place].id()) && !random.once_in(3) {
            place = random.below(self.operations.len());
        }
        let (operation, judges) = (&self.operations[place], &self.judges[place]);
        let mut fit = Fit::Yes;
        let mut parameters = known.parameters(random, operation);
        if random.once_in(20) {
            spoil_parameter(random, &mut parameters);
        }
        for (parameter, judge) in operation.parameters("path").iter().zip(&judges.path) {
            let name = parameter["name"].as_str().expect("a name");
            if !judge.is_valid(&Value::from(parameters[name].as_str())) {
                fit = Fit::No;
            }
        }
        let mut path = operation.path.clone();
        for (name, id) in &parameters {
            path = path.replace(&format!("{{{name}}}"), &escaped(id));
        }
        let project = parameters.get("projectId").cloned();
        let mut maker = Maker { random, known, project: project.as_deref() };
        path.push_str(&query(&mut maker, operation, judges, &mut fit));
        let body = judges.body.as_ref().map(|judge| {
            let schema = operation.body().expect("there is a judge of it");
            body(&mut maker, schema, judge, &mut fit)
        });
        let caller = known.caller(random, takes_tokens(operation));
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(caller.iter().map(|caller| ("authorization", caller.as_str())));
        headers.extend(body.iter().map(|_| ("content-type", "application/json")));
        if operation.method == "POST" && random.once_in(10) {
            headers.push(("idempotency-key", *random.of(&["a", "b"])));
        }
        let bytes = tcp::request(&operation.method, &path, &headers, &body.unwrap_or_default());
        let is_known = caller.is_some_and(|caller| LASTING.contains(&caller.as_str()));
        let expected = Expected { method: operation.method.clone(), path, fit, status: None, is_known };
        Request { operation: place, parameters, bytes, expected }
    }
}

/// Whether a personal access token is accepted, besides a session.
fn takes_tokens(operation: &Described) -> bool {
    let schemes = operation.operation["security"].as_array().map_or(&[][..], Vec::as_slice);
    schemes.iter().any(|scheme| scheme.get("personalAccessToken").is_some())
}

fn spoil_parameter(random: &mut Random, parameters: &mut Parameters) {
    let odd = ["x", "%", "\0", "..", "a/b", "ü", "{userId}", "service", "null", "0190a000", "' OR 1=1 --"];
    let place = random.below(parameters.len().max(1));
    let long = "9".repeat(*random.of(&[36, 5_000]));
    if let Some(value) = parameters.values_mut().nth(place) {
        *value = match random.below(odd.len() + 3) {
            0 => value.replace('-', ""),
            1 => format!("{{{value}}}"),
            2 => long,
            other => odd[other - 3].to_owned(),
        };
    }
}

/// A query with some of the parameters, mostly valid ones.
fn query(maker: &mut Maker, operation: &Described, judges: &Judges, fit: &mut Fit) -> String {
    let mut pairs = Vec::new();
    for (parameter, judge) in operation.parameters("query").iter().zip(&judges.query) {
        let (name, schema) = (parameter["name"].as_str().expect("a name"), &parameter["schema"]);
        let value = maker.value(name, schema);
        let mut text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if !maker.random.once_in(4) {
            continue;
        }
        if maker.random.once_in(10) {
            let odd = ["", "0", "-1", "1.5", "1e400", "\0", "x", "NULL", "9007199254740993", "2026-02-30"];
            text = String::from(odd[maker.random.below(odd.len())]);
        }
        let value = match schema["type"].as_str() {
            Some("integer") => serde_json::from_str(&text).unwrap_or(Value::from(text.as_str())),
            _ => Value::from(text.as_str()),
        };
        if !judge.is_valid(&value) {
            *fit = Fit::No;
        }
        let pair = format!("{name}={}", escaped(&text));
        if maker.random.once_in(30) {
            // A repeated parameter, which the description does not cover.
            pairs.push(pair.clone());
            *fit = if *fit == Fit::Yes { Fit::Open } else { *fit };
        }
        pairs.push(pair);
    }
    if maker.random.once_in(20) {
        pairs.push("unknown=%00&=&&%ff=".to_owned());
    }
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn body(maker: &mut Maker, schema: &Value, judge: &Validator, fit: &mut Fit) -> Vec<u8> {
    let mut value = maker.value("", schema);
    assert!(judge.is_valid(&value), "made as one that fits: {value}");
    while maker.random.once_in(6) {
        spoil(maker.random, &mut value);
    }
    if !judge.is_valid(&value) {
        *fit = Fit::No;
    }
    let bytes = written(maker.random, &value).into_bytes();
    let spoils = maker.random.once_in(12);
    if spoils || bytes.len() > brms::http::BODY_BYTES_MAX {
        *fit = if *fit == Fit::Yes { Fit::Open } else { *fit };
    }
    if spoils { spoiled_text(maker.random, &value) } else { bytes }
}

/// Escapes all characters with a meaning in a request target.
pub fn escaped(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
