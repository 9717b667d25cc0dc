//! The limits that `brms.json` does not state, in one table for the served description and for the checks of requests.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::address::{EMAIL_CHARACTERS_MAX, EmailAddress};
use crate::characters::has_visible;
use crate::clock::{DAY, Timestamp};
use crate::http::parameter::COUNT_MAX;
use crate::http::{IDEMPOTENCY_KEY_CHARACTERS_MAX, Word, words};
use crate::problem::{Place, Problem};

/// The most entries of a list in a request.
pub const ENTRIES_MAX: usize = 1_000;
/// The most characters of a name or note for which the description has no limit.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// The deepest nesting of arrays and objects in a free-form value. JSON parsers stop at 128 levels, and an export
/// nests the value deeper than the request did.
pub const NESTING_MAX: usize = 100;

/// How long a repeat of a request with an `Idempotency-Key` is answered as before.
pub const IDEMPOTENCY_KEY_LIFETIME: Duration = DAY;
/// The most keys of one user that live at once.
pub const LIVE_IDEMPOTENCY_KEYS_MAX: u64 = 10_000;
/// The most bytes of an answer that is kept for a repeat. The table has the same limit.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// Visible ASCII characters.
const IDEMPOTENCY_KEY_PATTERN: &str = "^[!-~]*$";
/// The most personal access tokens of a user that have not expired.
pub(crate) const LIVE_TOKENS_MAX: u64 = 100;
/// The most members of a project in a list of projects.
pub(crate) const LISTED_MEMBERS_MAX: usize = 100;
/// The most rows that one call may change when it syncs a role or deletes a group.
pub(crate) const SYNC_ROWS_MAX: usize = 10_000;

/// The pattern of a project key; [`project_key_complaint`] checks the same without a regular expression.
const PROJECT_KEY_PATTERN: &str = "^[a-z0-9]{2,}(-[a-z0-9]+)*$";
/// Everything but control characters.
const TEXT_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";

/// The text between `$before` and `$after`, with a visible character in the middle. It knows the invisible characters of
/// the basic plane: the form of others is not the same in all dialects of regular expressions.
macro_rules! visible_pattern {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            r"[^\u0000-\u001f\u007f-\u009f]*",
            r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f",
            r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]",
            r"[^\u0000-\u001f\u007f-\u009f]*",
            $after
        )
    };
}
/// A text with a visible character.
const NAME_PATTERN: &str = visible_pattern!("^", "$");
/// The same, or nothing.
const NAME_OR_NOTHING_PATTERN: &str = visible_pattern!("^(", ")?$");

/// The limit of a field of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    Name,
    PersonName,
    Text,
    ProjectKey,
    Email,
    Entries,
    Nesting,
}

/// The table of fields of request bodies with a limit, in any operation. The served description states these limits,
/// and [`check`] enforces them.
const FIELDS: &[(&[&str], Limit)] = &[
    (&["name", "displayName"], Limit::Name),
    (&["firstName", "lastName"], Limit::PersonName),
    (&["description", "note"], Limit::Text),
    (&["key"], Limit::ProjectKey),
    (&["email", "emails"], Limit::Email),
    (&["userIds", "groupIds", "users", "projects", "roles", "idpGroups"], Limit::Entries),
    (&["filePermissions", "projectFilePermissions", "decisionsApprovalGroups"], Limit::Entries),
    (&["preferences"], Limit::Nesting),
];

words! {
    /// The order of an audit log list; equal entries are ordered by time.
    OrderBy {
        CreatedAt = "createdAt",
        Type = "type",
        Action = "action",
    }
}

words! {
    /// The sort direction.
    Sort {
        Ascending = "ASC",
        Descending = "DESC",
    }
}

words! {
    /// Whether a list of users has service accounts or people.
    IsService {
        Service = "true",
        Person = "false",
    }
}

fn limit_of(field: &str) -> Option<Limit> {
    FIELDS.iter().find(|(names, _)| names.contains(&field)).map(|(_, limit)| *limit)
}

/// What the served description adds to the schema of a field.
#[must_use]
pub fn of_field(field: &str) -> Option<Value> {
    Some(match limit_of(field)? {
        Limit::Name => {
            json!({ "minLength": 1, "maxLength": NAME_CHARACTERS_MAX, "pattern": NAME_PATTERN })
        }
        Limit::PersonName => {
            json!({ "maxLength": NAME_CHARACTERS_MAX, "pattern": NAME_OR_NOTHING_PATTERN })
        }
        Limit::Text => json!({ "maxLength": NAME_CHARACTERS_MAX, "pattern": TEXT_PATTERN }),
        Limit::ProjectKey => json!({ "maxLength": NAME_CHARACTERS_MAX, "pattern": PROJECT_KEY_PATTERN }),
        Limit::Email => json!({ "format": "email", "maxLength": EMAIL_CHARACTERS_MAX }),
        Limit::Entries => json!({ "maxItems": ENTRIES_MAX }),
        // JSON Schema has no keyword for it.
        Limit::Nesting => json!({ "x-nesting-max": NESTING_MAX }),
    })
}

/// What the served description adds to the schema of a parameter.
#[must_use]
pub fn of_parameter(parameter: &str) -> Option<Value> {
    Some(match parameter {
        "page" | "perPage" => json!({ "minimum": 1, "maximum": COUNT_MAX }),
        "isService" => json!({ "enum": IsService::ALL }),
        "orderBy" => json!({ "enum": OrderBy::ALL }),
        "sort" => json!({ "enum": Sort::ALL }),
        // Also with True and TRUE, as brms.json says; a client needs one way to say it.
        "all" | "deleted" => json!({ "enum": ["true", "false"] }),
        // Also a time of RFC 3339. Generated clients need one format.
        "fromDate" | "toDate" => json!({ "format": "date" }),
        _ => return None,
    })
}

/// The schema of an `Idempotency-Key`.
#[must_use]
pub fn of_idempotency_key() -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": IDEMPOTENCY_KEY_CHARACTERS_MAX,
        "pattern": IDEMPOTENCY_KEY_PATTERN,
    })
}

/// A value of a request body with a limit.
pub(crate) trait Limited {
    /// What is wrong with the value, if anything.
    fn complaint(&self, limit: Limit) -> Option<String>;
}

impl Limited for String {
    fn complaint(&self, limit: Limit) -> Option<String> {
        match limit {
            Limit::ProjectKey => project_key_complaint(self),
            Limit::Email => EmailAddress::parse(self).err(),
            Limit::Name => name_complaint(self),
            Limit::PersonName => (!self.is_empty()).then(|| name_complaint(self)).flatten(),
            _ => text_complaint(self),
        }
    }
}

impl<T> Limited for Vec<T> {
    fn complaint(&self, _limit: Limit) -> Option<String> {
        let count = self.len();
        let complaint = || format!("has {count} entries; the limit is {ENTRIES_MAX}");
        (count > ENTRIES_MAX).then(complaint)
    }
}

impl Limited for Map<String, Value> {
    fn complaint(&self, _limit: Limit) -> Option<String> {
        // The value itself is an object, which counts as one level.
        let is_too_deep = deepest(self.values()) >= NESTING_MAX;
        let complaint = || format!("is nested more than {NESTING_MAX} levels deep; flatten it");
        is_too_deep.then(complaint)
    }
}

impl<T: Limited> Limited for Option<T> {
    fn complaint(&self, limit: Limit) -> Option<String> {
        self.as_ref()?.complaint(limit)
    }
}

/// Checks fields of a body against their limits. Fails with 400 and every error with its place.
pub(crate) fn check(fields: &[(&str, &dyn Limited)]) -> Result<(), Problem> {
    let mut complaints = Vec::new();
    for (name, value) in fields {
        let limit = limit_of(name).ok_or_else(|| Problem::Internal(format!("{name} has no limit")))?;
        complaints.extend(value.complaint(limit).map(|detail| Place::pointer(format!("/{name}"), detail)));
    }
    Problem::for_any(complaints, Problem::Invalid)
}

/// Parses a parameter with a few allowed values that the description does not state (400).
pub(crate) fn check_word<T: FromStr<Err = String>>(
    name: &str,
    given: Option<&str>,
) -> Result<Option<T>, Problem> {
    let invalid = |detail| Problem::invalid(Place::parameter(name, detail));
    given.map(|text| text.parse().map_err(invalid)).transpose()
}

/// Parses a parameter that is RFC 3339 or a date; a date gives its first and last millisecond in UTC.
pub fn check_date(name: &str, given: &str) -> Result<(Timestamp, Timestamp), Problem> {
    if let Some(moment) = Timestamp::parse_rfc3339(given) {
        return Ok((moment, moment));
    }
    let first = Timestamp::parse_day(given).ok_or_else(|| {
        let is_plus_lost = Timestamp::parse_rfc3339(&given.replace(' ', "+")).is_some();
        let hint = if is_plus_lost { "; in a query + means a space, so encode it as %2B" } else { "" };
        let detail = "must be a date, such as 2026-01-31, or RFC 3339, such as 2026-01-31T12:00:00Z";
        Problem::invalid(Place::parameter(name, format!("{detail}{hint}")))
    })?;
    Ok((first, first.plus(DAY).minus(Duration::from_millis(1))))
}

/// What is wrong with a project key, if anything.
#[must_use]
pub fn project_key_complaint(key: &str) -> Option<String> {
    if key.len() > NAME_CHARACTERS_MAX {
        return Some(format!(
            "is {} characters long; the limit is {NAME_CHARACTERS_MAX}",
            key.chars().count()
        ));
    }
    let detail = "must be lower-case letters and digits, at least two, then parts after single hyphens";
    (!is_project_key(key)).then(|| detail.to_owned())
}

/// The depth of the deepest nesting.
fn deepest<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    let depth = |value: &'a Value| match value {
        Value::Array(items) => 1 + deepest(items.iter()),
        Value::Object(members) => 1 + deepest(members.values()),
        _ => 0,
    };
    values.map(depth).max().unwrap_or(0)
}

/// The places in a list of ids for which `is_wrong` holds.
pub fn places<'a, T: Display>(
    pointer: &'a str,
    ids: &'a [T],
    detail: &'a str,
    is_wrong: impl Fn(&T) -> bool + 'a,
) -> impl Iterator<Item = Place> + 'a {
    let wrong = ids.iter().enumerate().filter(move |(_, id)| is_wrong(id));
    wrong.map(move |(position, id)| Place::pointer(format!("{pointer}/{position}"), format!("{id} {detail}")))
}

/// What is wrong with a name, if anything: that nothing of it can be seen, or what is wrong with any text.
#[must_use]
pub fn name_complaint(name: &str) -> Option<String> {
    let unseen = || (!has_visible(name)).then(|| "must have a visible character".to_owned());
    text_complaint(name).or_else(unseen)
}

/// What is wrong with a text, if anything: its length, or control characters in it.
#[must_use]
pub fn text_complaint(name: &str) -> Option<String> {
    let characters = name.chars().count();
    if characters > NAME_CHARACTERS_MAX {
        return Some(format!("is {characters} characters long; the limit is {NAME_CHARACTERS_MAX}"));
    }
    name.chars()
        .any(char::is_control)
        .then(|| "has a control character, such as a line break; remove it".to_owned())
}

/// Whether a project key matches the pattern.
fn is_project_key(key: &str) -> bool {
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
    fn fr_56_the_pattern_of_names_knows_the_invisible_characters_of_the_basic_plane() {
        let [name, person] = [NAME_PATTERN, NAME_OR_NOTHING_PATTERN]
            .map(|pattern| jsonschema::validator_for(&json!({ "pattern": pattern })).expect("a pattern"));
        for letter in '\u{20}'..='\u{ffff}' {
            let text = json!(letter.to_string());
            let is_taken = name_complaint(&letter.to_string()).is_none();
            assert_eq!((name.is_valid(&text), person.is_valid(&text)), (is_taken, is_taken), "{letter:?}");
        }
        assert!(!name.is_valid(&json!("")) && person.is_valid(&json!("")));
        assert_eq!(String::new().complaint(Limit::PersonName), None);
        assert!(String::new().complaint(Limit::Name).is_some());
    }

    #[test]
    fn project_keys_are_checked_as_the_pattern_says() {
        let schema = json!({ "pattern": PROJECT_KEY_PATTERN });
        for right in ["ab", "a1-b", "pricing-v2-x"] {
            assert!(is_project_key(right) && jsonschema::is_valid(&schema, &json!(right)), "{right}");
        }
        for wrong in ["", "a", "a-b", "Ab", "ab-", "ab--c", "-ab", "ab c", "äb"] {
            assert!(!is_project_key(wrong) && !jsonschema::is_valid(&schema, &json!(wrong)), "{wrong}");
        }
    }
}
