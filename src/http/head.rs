//! Checks of a request's head that apply to every request, beyond those of hyper.

use std::net::Ipv6Addr;

use hyper::Version;
use hyper::header::{HOST, HeaderMap, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;

use crate::problem::{HeadFault, Problem};

/// Refuses a head with an ambiguous host or framing, which a proxy in front may have interpreted differently.
pub(super) fn check(head: &Parts) -> Result<(), Problem> {
    let fault = check_host(head).and_then(|()| check_transfer_codings(&head.headers));
    fault.map_err(Problem::Head)
}

/// RFC 9112, 3.2.
fn check_host(head: &Parts) -> Result<(), HeadFault> {
    let mut values = head.headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (None, _) if head.version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(HeadFault::Host("The Host header is missing.")),
        (Some(_), Some(_)) => Err(HeadFault::Host("There is more than one Host header.")),
        (Some(host), None) if is_host(host.as_bytes()) => Ok(()),
        (Some(_), None) => Err(HeadFault::Host("The Host header is not a valid host name.")),
    }
}

/// Whether this is `uri-host [ ":" port ]` of RFC 3986. It may be empty.
fn is_host(value: &[u8]) -> bool {
    let is_port = |port: &[u8]| port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|byte| *byte == b']') else { return false };
        let address = std::str::from_utf8(&rest[..end]).ok();
        let is_address = address.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
        return is_address
            && (rest[end + 1..].is_empty() || rest[end + 1..].strip_prefix(b":").is_some_and(is_port));
    }
    let (name, port) = match value.iter().position(|byte| *byte == b':') {
        Some(colon) => (&value[..colon], &value[colon + 1..]),
        None => (value, &b""[..]),
    };
    is_port(port) && is_registered_name(name)
}

/// `reg-name`, including numbers and dots. Sub-delimiters such as commas are refused: no host name has them, and two
/// hosts in one header would pass for one.
fn is_registered_name(name: &[u8]) -> bool {
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(u8::is_ascii_hexdigit)),
            byte => byte.is_ascii_alphanumeric() || b"-._~".contains(byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// hyper accepts any list of codings that ends with `chunked`, and would pass the body on still encoded.
fn check_transfer_codings(headers: &HeaderMap) -> Result<(), HeadFault> {
    let mut chunked = 0;
    for value in headers.get_all(TRANSFER_ENCODING) {
        for coding in codings(value) {
            if !coding.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadFault::TransferCoding);
            }
            chunked += 1;
        }
    }
    if chunked > 1 {
        return Err(HeadFault::Unreadable("chunked is given twice".to_owned()));
    }
    Ok(())
}

/// The elements of a list header, without empty ones (RFC 9110, 5.6.1).
fn codings(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty())
}
