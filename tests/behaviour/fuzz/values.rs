//! JSON that conforms to a schema of the served description, JSON that almost does, and text that is not JSON.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::known::Known;
use crate::descriptions::NOTHING;
use crate::support::random::Random;

/// Characters that often cause errors: of each length in UTF-8, combining, right-to-left, invisible, surrogate pairs.
const LETTERS: [&str; 16] = [
    "a",
    "Z",
    "0",
    " ",
    "ü",
    "ß",
    "İ",
    "e\u{301}",
    "漢",
    "أ",
    "\u{202e}",
    "\u{200d}",
    "👩‍👩‍👧",
    "\u{10ffff}",
    "'",
    "%",
];
/// Characters that a name must not contain.
const CONTROLS: [&str; 6] = ["\0", "\n", "\u{1b}", "\u{7f}", "\u{85}", "\r\n"];

/// More digits than any number type stores.
const LONG_NUMBER: &str = "99999999999999999999999999999999999999999999";

/// Generates values for one request.
pub struct Maker<'a> {
    pub random: &'a mut Random,
    pub known: &'a Known,
    /// The project of the request.
    pub project: Option<&'a str>,
}

impl Maker<'_> {
    /// A conforming value; `name` is that of the property.
    pub fn value(&mut self, name: &str, schema: &Value) -> Value {
        if schema["nullable"] == true && self.random.once_in(5) {
            return Value::Null;
        }
        if let Some(words) = schema["enum"].as_array() {
            return words[self.random.below(words.len())].clone();
        }
        let mut value = match schema["type"].as_str().expect("a type") {
            "boolean" => json!(self.random.once_in(2)),
            "integer" => {
                json!(self.random.of(&[1_u64, 1, 2, 3, 10, 100, 500, 501, 9_007_199_254_740_991]))
            }
            "string" => json!(self.text(name, schema)),
            "array" => self.array(name, schema),
            "object" => self.object(schema),
            other => panic!("no generator for {other}"),
        };
        shorten(&mut value, schema["x-json-bytes-max"].as_u64());
        value
    }

    fn text(&mut self, name: &str, schema: &Value) -> String {
        let number = self.random.below(100);
        match schema["format"].as_str() {
            Some("uuid") => {
                let id = self.known.id(self.random, name, self.project);
                return if self.random.once_in(20) { id.to_uppercase() } else { id };
            }
            Some("email") => return self.email(number),
            Some("date") => return format!("20{:02}-{:02}-28", number % 60, 1 + number % 12),
            Some("date-time") => return format!("2026-01-{:02}T12:00:00.{number}+02:00", 1 + number % 28),
            _ => {}
        }
        let pattern = schema["pattern"].as_str();
        if pattern.is_some_and(|pattern| pattern.starts_with("^[a-z0-9]")) {
            return format!("fuzz-{}", number % 30);
        }
        if !self.random.once_in(if schema.get("maxLength").is_some() { 20 } else { 4 }) {
            // Few different ones, so that names collide and the data does not grow without limit.
            return format!("{name} {}", number % 30);
        }
        let limit =
            |word: &str| schema[word].as_u64().map(|number| usize::try_from(number).expect("a length"));
        let unlimited = if self.random.once_in(40) { 3_000 } else { 100 };
        let (least, most) = (limit("minLength").unwrap_or(0), limit("maxLength").unwrap_or(unlimited));
        let length = match self.random.below(4) {
            0 => least,
            1 => most,
            _ => least + self.random.below(most - least + 1),
        };
        let mut text = String::new();
        for _ in 0..length {
            let controls = pattern.is_none() && self.random.once_in(10);
            let letter = if controls { *self.random.of(&CONTROLS) } else { *self.random.of(&LETTERS) };
            text.push_str(letter);
        }
        let text: String = text.chars().take(length).collect();
        // The pattern of names, which need a visible character.
        let is_name = pattern.is_some_and(|pattern| pattern.contains("\\u2800"));
        if is_name && !text.is_empty() && !brms::characters::has_visible(&text) {
            "x".to_owned()
        } else {
            text
        }
    }

    fn email(&mut self, number: usize) -> String {
        match self.random.below(12) {
            0 => format!("Fuzz+{number}.x@Sub.Example.test"),
            1 => format!("o'fuzz_{number}@example.test"),
            2 => "ivy@acme.test".to_owned(),
            3 => format!("{}@example.test", "x".repeat(64)),
            4 => format!("fuzz{number}@{}example.test", "long.".repeat(40)),
            _ => format!("fuzz{number}@example.test"),
        }
    }

    fn array(&mut self, name: &str, schema: &Value) -> Value {
        let most = schema["maxItems"].as_u64().map_or(100, |most| usize::try_from(most).expect("a number"));
        // Lists of objects stay short, or the body would be too long.
        let is_long = self.random.once_in(40) && schema["items"]["type"] != "object";
        let length = if is_long { most } else { self.random.below(4) };
        let mut items: Vec<Value> = (0..length).map(|_| self.value(name, &schema["items"])).collect();
        // A repeated item conforms, too.
        if self.random.once_in(8) && !items.is_empty() && items.len() < most {
            items.push(items[0].clone());
        }
        json!(items)
    }

    fn object(&mut self, schema: &Value) -> Value {
        let mut members = Map::new();
        let empty = Map::new();
        let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
        for (name, property) in schema["properties"].as_object().unwrap_or(&empty) {
            if required.contains(&json!(name)) || !self.random.once_in(3) {
                members.insert(name.clone(), self.value(name, property));
            }
        }
        if schema.get("properties").is_none() || self.random.once_in(10) {
            let name = *self.random.of(&["themeLogo", "nobody knows", "", "__proto__", "ü\u{202e}"]);
            members.insert(name.to_owned(), anything(self.random));
        }
        Value::Object(members)
    }
}

/// Removes what makes a list or an object longer than a limit in bytes.
fn shorten(value: &mut Value, bytes_max: Option<u64>) {
    let Some(bytes_max) = bytes_max else { return };
    while value.to_string().len() as u64 > bytes_max {
        match value {
            Value::Array(items) => drop(items.pop()),
            Value::Object(members) => {
                let last = members.keys().next_back().cloned();
                last.and_then(|name| members.remove(&name));
            }
            _ => return,
        }
    }
}

/// A value of any type.
fn anything(random: &mut Random) -> Value {
    let length = *random.of(&[0, 1, 100, 101, 200, 201, 254, 255, 5_000]);
    match random.below(16) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!("true"),
        3 => json!(0),
        4 => json!(-1),
        5 => json!(1.5),
        6 => json!(1e308),
        7 => json!(u64::MAX),
        8 => json!([]),
        9 => json!({}),
        // Not deep: the description does not limit nesting.
        10 => (0..random.below(12)).fold(json!(1), |inner, _| json!([inner])),
        11 => (0..random.below(12)).fold(json!({}), |inner, _| json!({ "a": inner })),
        12 => json!(random.of(&CONTROLS)),
        13 => json!(vec![any_item(length); length.min(1_001)]),
        14 => json!(random.of(&LETTERS).repeat(length)),
        _ => json!("x".repeat(length)),
    }
}

fn any_item(length: usize) -> Value {
    if length < 200 { json!(NOTHING) } else { json!({}) }
}

/// Replaces or removes one part of a value.
pub fn spoil(random: &mut Random, value: &mut Value) {
    let goes_on = !random.once_in(5);
    match value {
        Value::Object(members) if goes_on && !members.is_empty() => {
            let place = random.below(members.len());
            let name = members.keys().nth(place).expect("a name").clone();
            if random.once_in(5) {
                members.shift_remove(&name);
            } else {
                spoil(random, &mut members[&name]);
            }
        }
        Value::Array(items) if goes_on && !items.is_empty() => {
            let place = random.below(items.len());
            match random.below(6) {
                0 => items[place] = anything(random),
                1 => items.resize(1_001, items[place].clone()),
                _ => spoil(random, &mut items[place]),
            }
        }
        Value::String(text) if goes_on => match random.below(6) {
            0 => *text = text.replace('-', ""),
            1 => text.push_str(CONTROLS[random.below(CONTROLS.len())]),
            2 => *text = text.to_uppercase(),
            3 => *text = format!(" {text}"),
            4 => text.truncate(text.char_indices().nth(1).map_or(0, |(second, _)| second)),
            _ => *text = format!("{{{text}}}"),
        },
        other => *other = anything(random),
    }
}

/// A value as text, with white space and escapes that do not change it.
pub fn written(random: &mut Random, value: &Value) -> String {
    let text = if random.once_in(4) {
        serde_json::to_string_pretty(value).expect("JSON")
    } else {
        value.to_string()
    };
    if !random.once_in(3) {
        return text;
    }
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(escaped, "\\u{unit:04x}").expect("a text takes it");
            }
        }
    }
    escaped
}

/// Invalid JSON, or JSON that parsers interpret differently.
pub fn spoiled_text(random: &mut Random, value: &Value) -> Vec<u8> {
    let text = value.to_string();
    let quotes: Vec<usize> = text.match_indices('"').map(|(place, _)| place + 1).collect();
    let place = if quotes.is_empty() { 0 } else { quotes[random.below(quotes.len())] };
    let with = |word: &str| [&text[..place], word, &text[place..]].concat().into_bytes();
    let first = value.as_object().and_then(|members| members.iter().next());
    match random.below(13) {
        0 => with("\\ud800"),
        1 => with("\\udc00\\ud800"),
        2 => with("\\x"),
        3 => with("\0"),
        4 => [&text.as_bytes()[..place], b"\xff", &text.as_bytes()[place..]].concat(),
        5 => text.as_bytes()[..random.below(text.len() + 1)].to_vec(),
        6 => format!("{text}{text}").into_bytes(),
        7 => format!("\u{feff}{text}").into_bytes(),
        8 => "[".repeat(*random.of(&[1, 127, 128, 129, 100_000])).into_bytes(),
        9 => "{\"preferences\":".repeat(*random.of(&[1, 127, 128, 129, 20_000])).into_bytes(),
        10 => Vec::new(),
        11 => {
            let number = *random.of(&["1e999", "-1e999", "NaN", "01", LONG_NUMBER, "0x1"]);
            first.map_or_else(Vec::new, |(name, _)| format!("{{{}:{number}}}", json!(name)).into_bytes())
        }
        _ => first.map_or_else(Vec::new, |(name, one)| {
            format!("{{{}:{one},{}", json!(name), &text[1..]).into_bytes()
        }),
    }
}
