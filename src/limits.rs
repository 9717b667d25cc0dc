//! The limits of the served description that `brms.json` does not state. No others exist.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::problem::{Place, Problem};

const DAY: Duration = Duration::from_hours(24);
/// The most ids in one list.
pub const IDS_MAX: usize = 1_000;
/// The most characters of a name or a note, where the description gives no limit of its own.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// How many lists and objects may stand inside each other where the description leaves a value open. Readers
/// of JSON stop at 128, and an export has such a value further inside than the request that brought it.
pub const NESTING_MAX: usize = 100;

/// What a project key looks like; [`project_key_complaint`] says the same without a regular expression.
pub const PROJECT_KEY_PATTERN: &str = "^[a-z0-9]{2,}(-[a-z0-9]+)*$";

/// A list of ids may not be longer than [`IDS_MAX`].
pub fn check_ids(pointer: &str, ids: &[Uuid]) -> Result<(), Problem> {
    check_count(pointer, ids.len())
}

/// A list may not be longer than [`IDS_MAX`].
pub fn check_count(pointer: &str, count: usize) -> Result<(), Problem> {
    if count <= IDS_MAX {
        return Ok(());
    }
    let detail = format!("holds {count} entries; at most {IDS_MAX} are taken in one call");
    Err(Problem::invalid(Place::pointer(pointer, detail)))
}

/// Names and notes, each with its place; every complaint at once.
pub fn check_names(names: &[(&str, Option<&String>)]) -> Result<(), Problem> {
    let complaint = |(pointer, name): &(&str, Option<&String>)| {
        let complaint = name_complaint(name.as_ref()?)?;
        Some(Place::pointer(*pointer, complaint))
    };
    Problem::for_any(names.iter().filter_map(complaint), Problem::Invalid)
}

/// A parameter is one of a few words, which the description left open.
pub fn check_word<'w>(name: &str, given: &str, words: &[&'w str]) -> Result<&'w str, Problem> {
    let found = words.iter().find(|word| **word == given).copied();
    found.ok_or_else(|| {
        Problem::invalid(Place::parameter(name, format!("must be one of {}", words.join(", "))))
    })
}

/// A parameter is RFC 3339 or a day; a day stands for its first and its last millisecond, in UTC.
pub fn check_date(name: &str, given: &str) -> Result<(Timestamp, Timestamp), Problem> {
    if let Some(moment) = Timestamp::parse_rfc3339(given) {
        return Ok((moment, moment));
    }
    let first = Timestamp::parse_day(given).ok_or_else(|| {
        let is_plus_lost = Timestamp::parse_rfc3339(&given.replace(' ', "+")).is_some();
        let hint = if is_plus_lost { "; in a query + stands for a blank, so write it as %2B" } else { "" };
        let detail = "must be a day, such as 2026-01-31, or RFC 3339, such as 2026-01-31T12:00:00Z";
        Problem::invalid(Place::parameter(name, format!("{detail}{hint}")))
    })?;
    Ok((first, first.plus(DAY).minus(Duration::from_millis(1))))
}

/// A project key has its pattern.
pub fn check_project_key(pointer: &str, key: &str) -> Result<(), Problem> {
    match project_key_complaint(key) {
        None => Ok(()),
        Some(complaint) => Err(Problem::invalid(Place::pointer(pointer, complaint))),
    }
}

/// What is wrong with a project key, if anything.
#[must_use]
pub fn project_key_complaint(key: &str) -> Option<String> {
    if key.len() > NAME_CHARACTERS_MAX {
        return Some(format!("must hold at most {NAME_CHARACTERS_MAX} characters"));
    }
    let detail = "must be lower-case letters and digits, at least two, then parts after single hyphens";
    (!is_project_key(key)).then(|| detail.to_owned())
}

/// A value that the description leaves open is nested at most [`NESTING_MAX`] deep.
pub fn check_nesting(pointer: &str, value: &Map<String, Value>) -> Result<(), Problem> {
    // It is an object itself.
    if deepest(value.values()) < NESTING_MAX {
        return Ok(());
    }
    let detail = format!("nests lists and objects more than {NESTING_MAX} deep; make it flatter");
    Err(Problem::invalid(Place::pointer(pointer, detail)))
}

/// How many lists and objects are inside each other at the deepest place.
fn deepest<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    let depth = |value: &'a Value| match value {
        Value::Array(items) => 1 + deepest(items.iter()),
        Value::Object(members) => 1 + deepest(members.values()),
        _ => 0,
    };
    values.map(depth).max().unwrap_or(0)
}

/// The places in a list of ids where something is wrong.
pub fn places<'a>(
    pointer: &'a str,
    ids: &'a [Uuid],
    detail: &'a str,
    is_wrong: impl Fn(&Uuid) -> bool + 'a,
) -> impl Iterator<Item = Place> + 'a {
    let wrong = ids.iter().enumerate().filter(move |(_, id)| is_wrong(id));
    wrong.map(move |(position, id)| Place::pointer(format!("{pointer}/{position}"), format!("{id} {detail}")))
}

/// What is wrong with a name or note, if anything: its length, or control characters in it.
#[must_use]
pub fn name_complaint(name: &str) -> Option<String> {
    let characters = name.chars().count();
    if characters > NAME_CHARACTERS_MAX {
        return Some(format!("holds {characters} characters; at most {NAME_CHARACTERS_MAX} are taken"));
    }
    name.chars()
        .any(char::is_control)
        .then(|| "holds a control character, such as a line break; leave it out".to_owned())
}

/// Whether a project key fits `^[a-z0-9]{2,}(-[a-z0-9]+)*$`.
#[must_use]
pub fn is_project_key(key: &str) -> bool {
    let mut parts = key.split('-');
    let fits = |part: &str, characters_min: usize| {
        part.len() >= characters_min
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    parts.next().is_some_and(|first| fits(first, 2)) && parts.all(|part| fits(part, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_length_and_no_control_characters() {
        assert_eq!(name_complaint(&"ü".repeat(200)), None);
        assert!(name_complaint(&"ü".repeat(201)).is_some());
        for wrong in ["a\nb", "a\0", "\u{7f}", "\u{85}"] {
            assert!(name_complaint(wrong).is_some(), "{wrong:?}");
        }
        assert_eq!(name_complaint("O'Neil <b> \u{202e} أحمد"), None);
    }

    #[test]
    fn project_keys() {
        for right in ["ab", "a1-b", "pricing-v2-x"] {
            assert!(is_project_key(right), "{right}");
        }
        for wrong in ["", "a", "a-b", "Ab", "ab-", "ab--c", "-ab", "ab c", "äb"] {
            assert!(!is_project_key(wrong), "{wrong}");
        }
    }
}
