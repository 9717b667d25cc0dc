//! Path and query parameters.

use std::borrow::Cow;

use uuid::Uuid;

use super::strict;
use crate::problem::{Place, Problem};

/// A type that a parameter can have.
pub trait RequestParameter: Sized {
    /// Parses the text; an error describes the expected form.
    fn parse(text: &str) -> Result<Self, String>;
}

impl RequestParameter for String {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl RequestParameter for Uuid {
    fn parse(text: &str) -> Result<Self, String> {
        strict::parse_uuid(text)
    }
}

impl RequestParameter for bool {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }
}

/// The greatest integer that every JSON reader represents exactly, 2^53 - 1.
pub const COUNT_MAX: u64 = 9_007_199_254_740_991;

/// A `number` in a query is a count: an integer of at least 1. `1.0` and `1e2` are JSON numbers too.
impl RequestParameter for u64 {
    fn parse(text: &str) -> Result<Self, String> {
        let complaint = || format!("must be a whole number from 1 to {COUNT_MAX}");
        // serde_json allows whitespace around a number; a parameter does not.
        let bare = text.bytes().all(|byte| byte.is_ascii_graphic());
        let number = serde_json::from_str::<f64>(text).ok().filter(|_| bare).ok_or_else(complaint)?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "what does not fit becomes the nearest that does, which is out of the range"
        )]
        let whole = number as Self;
        if number.fract() == 0.0 && (1..=COUNT_MAX).contains(&whole) { Ok(whole) } else { Err(complaint()) }
    }
}

/// The name of a template segment in braces, if it is one.
fn parameter_name(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Parses one parameter of a path that matches the template.
pub(super) fn in_path<T: RequestParameter>(
    template: &str,
    path: &str,
    name: &'static str,
) -> Result<T, Problem> {
    let mut pairs = template.split('/').zip(path.split('/'));
    let Some((_, text)) = pairs.find(|(segment, _)| parameter_name(segment) == Some(name)) else {
        return Err(Problem::Internal(format!("the route has no parameter {name}")));
    };
    parse(name, percent_decoded(text))
}

/// Parses one query parameter, if present. Unknown parameters are ignored.
pub(super) fn in_query<T: RequestParameter>(query: &str, name: &'static str) -> Result<Option<T>, Problem> {
    let mut values = form_pairs(query).filter(|(other, _)| other.as_deref() == Some(name));
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some((_, text)), None) => parse(name, text).map(Some),
        (Some(_), Some(_)) => Err(invalid(name, "must be given once")),
    }
}

/// The pairs of `application/x-www-form-urlencoded` text; `None` for a part that is not UTF-8.
pub(super) fn form_pairs(text: &str) -> impl Iterator<Item = (Option<String>, Option<String>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decoded(name), form_decoded(value))
    })
}

/// Decodes percent-encoding. Returns `None` if the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok()
}

fn form_decoded(text: &str) -> Option<String> {
    percent_decoded(&text.replace('+', " ")).map(Cow::into_owned)
}

fn parse<T: RequestParameter>(name: &'static str, text: Option<impl AsRef<str>>) -> Result<T, Problem> {
    let text = text.ok_or_else(|| invalid(name, "must be percent-encoded UTF-8"))?;
    T::parse(text.as_ref()).map_err(|complaint| invalid(name, complaint))
}

fn invalid(name: &'static str, complaint: impl Into<String>) -> Problem {
    Problem::invalid(Place::parameter(name, complaint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_a_whole_json_number_from_1() {
        for (text, number) in
            [("1", 1), ("1.0", 1), ("1e2", 100), ("10E-1", 1), ("9007199254740991", 9_007_199_254_740_991)]
        {
            assert_eq!(u64::parse(text), Ok(number), "{text}");
        }
        for text in [
            "",
            " ",
            "0",
            "0.0",
            "-0",
            "-1",
            "1.5",
            "1e308",
            "1e309",
            "-1e400",
            "NaN",
            "Infinity",
            "inf",
            "+1",
            " 1",
            "1 ",
            "\n1",
            "0x1",
            "01",
            "1.",
            ".5",
            "1e",
            "1_0",
            "1,0",
            "9007199254740992",
            "null",
            "\"1\"",
            "٣",
        ] {
            assert!(u64::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_uuid_has_hyphens_and_any_letter_case() {
        let uuid = "0192f0c1-2345-7abc-8def-0123456789AB";
        assert_eq!(Uuid::parse(uuid), Ok(Uuid::from_u128(0x0192_f0c1_2345_7abc_8def_0123_4567_89ab)));
        for text in [
            &uuid.replace('-', ""),
            &format!("{{{uuid}}}"),
            &format!("urn:uuid:{uuid}"),
            &format!(" {uuid}"),
            "0192f0c1-2345-7abc-8def-0123456789AG",
            "0192f0c12-345-7abc-8def-0123456789AB",
            "",
        ] {
            assert!(<Uuid as RequestParameter>::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_query_is_form_encoded_and_names_a_parameter_once() {
        let read = |query| in_query::<String>(query, "search").ok();
        assert_eq!(read(""), Some(None));
        assert_eq!(read("&&other=%ff&%ff=1&search"), Some(Some(String::new())));
        assert_eq!(read("search=a+b%20c%2B=d"), Some(Some("a b c+=d".into())));
        assert_eq!(read("se%61rch=x"), Some(Some("x".into())));
        assert_eq!(read("search=%ff"), None);
        assert_eq!(read("search=1&search=1"), None);
    }

    #[test]
    fn a_path_is_percent_decoded_without_plus() {
        let read = |name| in_path::<String>("/a/{one}/b/{two}", "/a/x+%2F/b/%C3%28", name);
        assert_eq!(read("one").ok().as_deref(), Some("x+/"));
        assert_eq!(read("two").map_err(|problem| problem.status()), Err(400));
        assert_eq!(read("three").map_err(|problem| problem.status()), Err(500));
    }
}
