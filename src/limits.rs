//! The limits that `brms.json` does not state, in one table for the served description and for the checks of requests.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::address::{EMAIL_CHARACTERS_MAX, EmailAddress};
use crate::characters::has_visible;
use crate::clock::{DAY, Timestamp};
use crate::http::parameter::COUNT_MAX;
use crate::http::{IDEMPOTENCY_KEY_CHARACTERS_MAX, Word, words};
use crate::problem::{Conflict, Most, Place, Problem};

/// The most entries of a list in a request.
pub const ENTRIES_MAX: usize = 1_000;
/// The most characters of a name or note for which the description has no limit.
pub const NAME_CHARACTERS_MAX: usize = 200;

/// The most bytes of a request to accept an invitation, which needs no credentials.
pub const ACCEPTANCE_BYTES_MAX: usize = 8 * 1024;

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
/// The most members of a project in a list of projects.
pub(crate) const LISTED_MEMBERS_MAX: usize = 100;

/// The rows that one call changes, of whatever kind. Entries of the audit log do not count: a row has at most one.
pub(crate) const CALL_ROWS: Most = Most {
    count: 10_000,
    of: "rows that one call changes: users, memberships, groups of members and all else",
    way_out: "Do it in several calls.",
};
/// The bytes of the texts in these rows. A project with the most groups, each with the longest file permissions, can be
/// copied within it.
pub(crate) const CALL_BYTES: Most = Most {
    count: 32 * 1024 * 1024,
    of: "bytes that one call writes",
    way_out: "Do it in several calls, or with shorter values.",
};
/// The groups of a project.
pub(crate) const PROJECT_GROUPS: Most =
    Most { count: 1_000, of: "groups in a project, those of roles included", way_out: "Remove some first." };
/// The groups of a member.
pub(crate) const MEMBER_GROUPS: Most = Most {
    count: 100,
    of: "groups of a member in a project, those of roles included",
    way_out: "Take the member out of some first.",
};
/// The personal access tokens of a user that have not expired.
pub(crate) const LIVE_TOKENS: Most =
    Most { count: 100, of: "tokens of a user that have not expired", way_out: "Delete some first." };
/// The bytes of the preferences of an organisation.
pub(crate) const PREFERENCES_BYTES: Most = Most {
    count: 64 * 1024,
    of: "bytes of preferences, as JSON",
    way_out: "Replace some with shorter values or null.",
};
/// The bytes of the file permissions of a group or role.
pub(crate) const FILE_PERMISSIONS_BYTES: Most = Most {
    count: 16 * 1024,
    of: "bytes of file permissions of a group, as JSON",
    way_out: "Shorten those of the project's groups first.",
};
/// The most bytes of the groups of an identity provider that a role has, as JSON.
const IDP_GROUPS_BYTES_MAX: usize = 16 * 1024;

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
    /// The same, and the bytes of all of them as JSON.
    EntriesOfBytes(usize),
    /// How deep the value nests, and its bytes as JSON.
    NestingOfBytes(usize),
}

/// The table of fields of request bodies with a limit, in any operation. The served description states these limits,
/// and [`check`] enforces them.
const FIELDS: &[(&[&str], Limit)] = &[
    (&["name", "displayName"], Limit::Name),
    (&["firstName", "lastName"], Limit::PersonName),
    (&["description", "note"], Limit::Text),
    (&["key"], Limit::ProjectKey),
    (&["email", "emails"], Limit::Email),
    (&["userIds", "groupIds", "users", "projects", "roles", "decisionsApprovalGroups"], Limit::Entries),
    (&["filePermissions", "projectFilePermissions"], Limit::EntriesOfBytes(FILE_PERMISSIONS_BYTES.count)),
    (&["idpGroups"], Limit::EntriesOfBytes(IDP_GROUPS_BYTES_MAX)),
    (&["preferences"], Limit::NestingOfBytes(PREFERENCES_BYTES.count)),
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
        // JSON Schema has no keyword for bytes, and none for nesting.
        Limit::EntriesOfBytes(bytes_max) => json!({ "maxItems": ENTRIES_MAX, "x-json-bytes-max": bytes_max }),
        Limit::NestingOfBytes(bytes_max) => {
            json!({ "x-nesting-max": NESTING_MAX, "x-json-bytes-max": bytes_max })
        }
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

/// A value as JSON, for a limit in bytes.
pub(crate) struct AsJson<'v, V>(pub &'v V);

impl<V: Serialize> Limited for AsJson<'_, V> {
    fn complaint(&self, limit: Limit) -> Option<String> {
        let (Limit::EntriesOfBytes(bytes_max) | Limit::NestingOfBytes(bytes_max)) = limit else {
            return None;
        };
        let bytes = json_bytes(self.0);
        (bytes > bytes_max).then(|| format!("is {bytes} bytes long as JSON; the limit is {bytes_max}"))
    }
}

/// The length of a value as JSON without blanks, as it is stored.
pub(crate) fn json_bytes(value: &impl Serialize) -> usize {
    // A value that cannot be written as JSON cannot be stored either.
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

impl Most {
    /// Fails above the limit (409).
    pub(crate) fn check(self, count: impl TryInto<usize>) -> Result<(), Problem> {
        if count.try_into().unwrap_or(usize::MAX) > self.count {
            Err(Problem::conflict(Conflict::TooMany(self)))
        } else {
            Ok(())
        }
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
        let pointer = format!("/{name}");
        // One complaint for each field: a list of too many entries is mostly too long as well.
        if !complaints.iter().any(|place: &Place| place.is_at(&pointer)) {
            complaints.extend(value.complaint(limit).map(|detail| Place::pointer(pointer, detail)));
        }
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
#[path = "limits_tests.rs"]
mod tests;
