//! Parses JSON more strictly than serde does, with the place of each error.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use uuid::Uuid;

use super::limits::{Check, Limits, pointer_segment};
use crate::problem::{Place, Problem};

/// Parses a document and checks it against the limits of its type.
pub(super) fn from_json<T: DeserializeOwned + Limits>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| misfit(bytes, pointer(error.path()), error.inner()))?;
    reader.end().map_err(|error| misfit(bytes, String::new(), &error))?;
    // serde_json does not look into the texts of fields that it skips.
    std::str::from_utf8(bytes).map_err(|error| not_utf_8(&error))?;
    let mut check = Check::default();
    value.check(&mut check);
    check.finish().map(|()| value)
}

fn not_utf_8(error: &std::str::Utf8Error) -> Problem {
    let complaint = format!("must be UTF-8, and is not after {} bytes", error.valid_up_to());
    Problem::invalid(Place::pointer("", complaint))
}

fn misfit(bytes: &[u8], pointer: String, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    if error.classify() != Category::Data {
        let text = encoding_hint(bytes).unwrap_or(&text);
        return Problem::invalid(Place::pointer("", format!("must be one JSON document: {text}")));
    }
    // The pointer has the place; line and column would be redundant.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let (pointer, complaint) = place_and_complaint(pointer, text);
    Problem::invalid(Place::pointer(pointer, complaint))
}

/// An explanation for bytes that are not JSON for a reason that the client cannot see.
fn encoding_hint(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        _ if bytes.trim_ascii().is_empty() => Some("the body is empty"),
        [0xef, 0xbb, 0xbf, ..] => Some("it starts with a byte order mark (EF BB BF); remove it"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => {
            Some("it looks like UTF-16 or UTF-32; send UTF-8")
        }
        _ => None,
    }
}

/// Rewords serde's errors in terms of JSON, and repeats nothing of the request.
fn place_and_complaint(mut pointer: String, text: &str) -> (String, String) {
    // For errors about a whole field, serde's path is that of the object, and only the text has the field.
    for (start, complaint) in
        [("missing field `", "is required"), ("duplicate field `", "must be given once")]
    {
        if let Some(field) = text.strip_prefix(start).and_then(|rest| rest.strip_suffix('`')) {
            pointer_segment(&mut pointer, field);
            return (pointer, complaint.to_owned());
        }
    }
    let expected = text.strip_prefix("invalid ").and_then(|rest| rest.rsplit_once(", expected "));
    let complaint = match expected {
        Some((_, "a sequence")) => "must be an array".to_owned(),
        Some((_, "a map")) => "must be an object".to_owned(),
        Some((_, expected)) => format!("must be {expected}"),
        None => text.to_owned(),
    };
    (pointer, complaint)
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => pointer_segment(&mut pointer, key),
            // An invalid key has no further path.
            Segment::Unknown => break,
        }
    }
    pointer
}

/// For a field that may be absent but, if present, is parsed as its own type: null counts as a value, whereas serde
/// would treat it as absent.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// For fields with ids: `format: uuid` is the hyphenated form, whereas the uuid crate accepts four forms.
pub fn hyphenated<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: StrictId,
{
    T::read(deserializer)
}

/// An id, a list of ids, or an optional one.
pub trait StrictId: Sized {
    /// Deserialises it. An optional one is present, because serde calls this only then.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl StrictId for Uuid {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_uuid(&text).map_err(D::Error::custom)
    }
}

impl StrictId for Vec<Uuid> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id(Uuid);
        impl<'de> Deserialize<'de> for Id {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Uuid::read(deserializer).map(Self)
            }
        }
        let ids = Vec::<Id>::deserialize(deserializer)?;
        Ok(ids.into_iter().map(|id| id.0).collect())
    }
}

impl<T: StrictId> StrictId for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Some)
    }
}

/// Parses an id in the hyphenated form, in either letter case.
pub(super) fn parse_uuid(text: &str) -> Result<Uuid, String> {
    let hyphenated = text.len() == uuid::fmt::Hyphenated::LENGTH;
    let id = Uuid::try_parse(text).ok().filter(|_| hyphenated);
    id.ok_or_else(|| "must be a UUID with hyphens".to_owned())
}

/// Accepts only objects for a struct: serde would also accept an array of the fields' values in order.
pub struct ObjectOnly<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Implements `Deserialize`, by way of [`ObjectOnly`], for a type that derives it as an inherent function
/// (`#[serde(remote = "Self")]`).
macro_rules! object {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Not a recursive call: this is the derived inherent function.
                Self::deserialize($crate::http::strict::ObjectOnly(deserializer))
            }
        }
    };
}
pub(crate) use object;

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::option_option, reason = "absent, null and a value are told apart")]
    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(remote = "Self", expecting = "an object")]
    struct Outer {
        #[serde(deserialize_with = "hyphenated")]
        ids: Vec<Uuid>,
        #[serde(default, deserialize_with = "present")]
        name: Option<String>,
        #[serde(default, deserialize_with = "present")]
        note: Option<Option<String>>,
        #[serde(default, deserialize_with = "present", rename = "a/b~c")]
        inner: Option<Vec<Inner>>,
    }
    object!(Outer);

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(remote = "Self", expecting = "an object")]
    struct Inner {
        #[serde(default)]
        flag: bool,
    }
    object!(Inner);

    impl Limits for Outer {
        fn check(&self, check: &mut Check) {
            check.length("ids", &self.ids, 0, 2);
            check.length("name", &self.name, 1, 3);
            check.emails("name", &self.name);
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_rejected_also_in_fields_that_are_skipped() {
        let problem = from_json::<Outer>(b"{\"ids\":[],\"unknown\":\"\xff\"}").unwrap_err();
        assert_eq!(problem.detail(), "body: must be UTF-8, and is not after 21 bytes");
    }

    fn complaints(text: &str) -> String {
        from_json::<Outer>(text.as_bytes()).map_or_else(|problem| problem.detail(), |_| "fits".to_owned())
    }

    #[test]
    fn absent_null_and_a_value_are_three_things() {
        let note = |text: &str| from_json::<Outer>(text.as_bytes()).unwrap().note;
        assert_eq!(note(r#"{"ids":[]}"#), None);
        assert_eq!(note(r#"{"ids":[],"note":null}"#), Some(None));
        assert_eq!(note(r#"{"ids":[],"note":"x"}"#), Some(Some("x".into())));
    }

    #[test]
    fn errors_have_their_place() {
        for (text, expected) in [
            (r#"{"ids":[],"unknown":{"deep":[1]},"a/b~c":[{}]}"#, "fits"),
            (r#"{"ids":["0192F0C1-2345-7abc-8def-0123456789ab"]}"#, "fits"),
            ("{}", "/ids: is required"),
            (r#"{"ids":[],"ids":[]}"#, "/ids: must be given once"),
            (r#"{"ids":null}"#, "/ids: must be an array"),
            (r#"{"ids":["a"]}"#, "/ids/0: must be a UUID with hyphens"),
            (r#"{"ids":["0192f0c123457abc8def0123456789ab"]}"#, "/ids/0: must be a UUID with hyphens"),
            (r#"{"ids":[],"name":null}"#, "/name: must be a string"),
            (r#"{"ids":[],"name":", expected 1 at line 2"}"#, "/name: must have 1 to 3 characters"),
            (r#"{"ids":[],"a/b~c":[{},{"flag":1}]}"#, "/a~1b~0c/1/flag: must be a boolean"),
            ("[[]]", "body: must be an object"),
            (r#"{"ids":[],"a/b~c":[[true]]}"#, "/a~1b~0c/0: must be an object"),
        ] {
            let found = complaints(text);
            assert!(found.starts_with(expected), "{text}: {found}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_as_a_whole() {
        let deep = "[".repeat(1_000_000);
        for text in ["", " ", "{", "nul", r#"{"ids":[]} x"#, r#"{"ids":["\ud800"]}"#, "\u{feff}{}", &deep] {
            assert!(complaints(text).starts_with("body: must be"), "{text:.20}: {}", complaints(text));
        }
        assert!(from_json::<Outer>(b"{\"ids\":[],\"name\":\"\xff\"}").is_err());
    }

    #[test]
    fn broken_limits_are_all_named() {
        let ids = r#""0192f0c1-2345-7abc-8def-0123456789ab","#.repeat(3);
        let text = format!(r#"{{"ids":[{}],"name":""}}"#, ids.trim_end_matches(','));
        let expected =
            "/ids: must have at most 2 items; /name: must have 1 to 3 characters; /name: must be a mail";
        assert!(complaints(&text).starts_with(expected), "{}", complaints(&text));
    }
}
