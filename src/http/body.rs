//! Reads request bodies, with checks of media type, length and time.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use tokio::time::{Instant, timeout, timeout_at};

use super::parameter::form_pairs;
use crate::problem::{Place, Problem};

/// The default limit of a body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes that are read and discarded after an early refusal.
const DISCARDED_BYTES_MAX: usize = 16 * BODY_BYTES_MAX;
/// The longest time that an early refusal spends reading the rest of a body.
const DISCARDING_TIME: Duration = Duration::from_secs(5);

/// The most fields of a form. They are counted before any is decoded.
const FORM_FIELDS_MAX: usize = 16;

pub(super) const JSON: &str = "application/json";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// The value of the single `Content-Type` header in lower case, without parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let essence = value.to_str().ok()?.split(';').next()?;
    Some(essence.trim().to_ascii_lowercase())
}

/// Refuses a body whose announced length exceeds the limit.
pub(super) fn check_announced_length(body: &impl Body, bytes_max: usize) -> Result<(), Problem> {
    if body.size_hint().lower() > bytes_max as u64 { Err(Problem::TooLarge { bytes_max }) } else { Ok(()) }
}

/// Reads a body to its end.
pub(super) async fn read<B>(body: &mut B, bytes_max: usize, deadline: Instant) -> Result<Vec<u8>, Problem>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut bytes = Vec::new();
    loop {
        match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Problem::TimedOut),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => {
                return Err(Problem::invalid(Place::pointer(
                    "",
                    "must be complete; the connection ended first",
                )));
            }
            Ok(Some(Ok(frame))) => {
                // Frames without data are trailers, which are ignored.
                let Ok(data) = frame.into_data() else {
                    continue;
                };
                if bytes.len() + data.len() > bytes_max {
                    return Err(Problem::TooLarge { bytes_max });
                }
                bytes.extend_from_slice(&data);
            }
        }
    }
}

/// Reads and discards the rest of a body. Returns whether its end was reached.
pub(super) async fn discard<B>(body: &mut B) -> bool
where
    B: Body<Data = Bytes> + Unpin,
{
    let reading = async {
        let mut left = DISCARDED_BYTES_MAX;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else {
                return false;
            };
            left = rest;
        }
        true
    };
    timeout(DISCARDING_TIME, reading).await.unwrap_or(false)
}

/// The fields of an HTML form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.split(|byte| *byte == b'&').nth(FORM_FIELDS_MAX).is_some() {
            let complaint = format!("has more than {FORM_FIELDS_MAX} fields");
            return Err(Problem::invalid(Place::pointer("", complaint)));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8())?;
        let pairs = form_pairs(text).map(|(name, value)| Some((name?, value?)));
        pairs.collect::<Option<_>>().map(Self).ok_or_else(not_utf8)
    }

    /// The field of this name, if it occurs exactly once.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(other, _)| other == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Some(value),
            _ => None,
        }
    }
}

fn not_utf8() -> Problem {
    Problem::invalid(Place::pointer("", "must be percent-encoded UTF-8"))
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use hyper::header::HeaderValue;

    use super::*;

    fn media_type_of(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
        }
        media_type(&headers)
    }

    #[test]
    fn a_media_type_has_any_case_and_parameters_and_stands_once() {
        for value in ["application/json", "Application/JSON; charset=utf-8", "application/json;a=b;c=d"] {
            assert_eq!(media_type_of(&[value]).as_deref(), Some(JSON), "{value}");
        }
        assert_eq!(media_type_of(&["application/jsonp"]).as_deref(), Some("application/jsonp"));
        assert_eq!(media_type_of(&[]), None);
        assert_eq!(media_type_of(&[JSON, JSON]), None);
    }

    #[test]
    fn a_form_is_decoded_and_a_doubled_field_is_no_field() {
        let form = Form::parse(b"firstName=J%C3%BCrgen+A.&secret=a%2Bb&twice=1&twice=2&empty").unwrap();
        assert_eq!(form.get("firstName"), Some("Jürgen A."));
        assert_eq!(form.get("secret"), Some("a+b"));
        assert_eq!(form.get("empty"), Some(""));
        assert_eq!(form.get("twice"), None);
        assert_eq!(form.get("lastName"), None);
        assert!(Form::parse("&a".repeat(FORM_FIELDS_MAX).as_bytes()).is_err());
        assert!(Form::parse("&a".repeat(FORM_FIELDS_MAX - 1).as_bytes()).is_ok());
        assert!(Form::parse(b"a=%ff").is_err());
        assert!(Form::parse(b"a=\xff").is_err());
    }

    async fn read_all(length: usize) -> Result<usize, u16> {
        let mut body = Full::new(Bytes::from(vec![b' '; length]));
        let deadline = Instant::now() + DISCARDING_TIME;
        read(&mut body, BODY_BYTES_MAX, deadline)
            .await
            .map(|bytes| bytes.len())
            .map_err(|problem| problem.status())
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read_all(0).await, Ok(0));
        assert_eq!(read_all(BODY_BYTES_MAX).await, Ok(BODY_BYTES_MAX));
        assert_eq!(read_all(BODY_BYTES_MAX + 1).await, Err(413));
    }

    #[tokio::test]
    async fn discarding_has_a_limit_too() {
        for (length, to_the_end) in [(DISCARDED_BYTES_MAX, true), (DISCARDED_BYTES_MAX + 1, false)] {
            let mut body = Full::new(Bytes::from(vec![b' '; length]));
            assert_eq!(discard(&mut body).await, to_the_end, "{length}");
        }
    }
}
