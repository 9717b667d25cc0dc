//! The trace of a request (W3C Trace Context), written to its log line.

use std::fmt::Write;

use hyper::header::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The length of version 00: `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LENGTH: usize = 55;

/// A trace id: 32 hexadecimal digits.
#[derive(Clone, Copy)]
pub(super) struct TraceId([u8; 32]);

impl std::fmt::Display for TraceId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|digit| formatter.write_char(char::from(*digit)))
    }
}

/// The trace id of `traceparent`. A repeated or malformed header is ignored, as the standard requires.
pub(super) fn id(headers: &HeaderMap) -> Option<TraceId> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let (known, more) = text.split_at_checked(LENGTH)?;
    let mut parts = known.split('-');
    let [version, trace, parent, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    // Later versions may append further fields after another hyphen.
    let is_of_a_version = match version {
        "ff" => false,
        "00" => more.is_empty(),
        _ => more.is_empty() || more.starts_with('-'),
    };
    let fits = is_of_a_version
        && parts.next().is_none()
        && is_hexadecimal(version, 2)
        && is_hexadecimal(trace, 32)
        && is_hexadecimal(parent, 16)
        && is_hexadecimal(flags, 2)
        && !is_zero(trace)
        && !is_zero(parent);
    if fits { trace.as_bytes().try_into().ok().map(TraceId) } else { None }
}

fn is_hexadecimal(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_zero(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'0')
}
