//! `Idempotency-Key`: the header by which a client retries a POST safely, and the answer of such a call.

use hyper::header::{HeaderMap, HeaderName};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::reply::Reply;
use crate::problem::{Place, Problem};

/// The header's name, as it is described.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// The most characters of a key.
pub const IDEMPOTENCY_KEY_CHARACTERS_MAX: usize = 200;
/// The header's name in lower case, as hyper requires it.
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that is given again.
const REPLAYED: &str = "idempotency-replayed";
/// The status of every answer that is kept.
const STATUS: u16 = 200;

/// A key, and the request that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// The SHA-256 of method, path, query and body.
    pub fingerprint: [u8; 32],
}

/// A principal that carries the key of its request.
pub trait WithIdempotency {
    /// Adds the key, if the request has one.
    #[must_use]
    fn with_idempotency(self, idempotency: Option<Idempotency>) -> Self;
}

/// A key, and the digest of the request as far as it was read.
#[derive(Debug)]
pub(super) struct Fingerprinting {
    key: String,
    digest: Sha256,
}

impl Fingerprinting {
    /// Begins the digest if there is a key; a malformed key is 400. `target` is the path and query as received.
    pub(super) fn begin(headers: &HeaderMap, method: &str, target: &str) -> Result<Option<Self>, Problem> {
        let Some(key) = key(headers)? else { return Ok(None) };
        // Methods and targets contain neither blanks nor line breaks, so that the parts cannot be confused.
        let digest =
            Sha256::new().chain_update(method).chain_update(" ").chain_update(target).chain_update("\n");
        Ok(Some(Self { key, digest }))
    }

    /// Adds the whole body.
    pub(super) fn body(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    pub(super) fn end(self) -> Idempotency {
        Idempotency { key: self.key, fingerprint: self.digest.finalize().into() }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("must be given once".to_owned()));
    }
    let fits = (1..=IDEMPOTENCY_KEY_CHARACTERS_MAX).contains(&value.len())
        && value.as_bytes().iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if fits => Ok(Some(text.to_owned())),
        _ => Err(invalid(format!(
            "must be 1 to {IDEMPOTENCY_KEY_CHARACTERS_MAX} visible ASCII characters without blanks, such as a new \
             UUID for each request"
        ))),
    }
}

fn invalid(complaint: String) -> Problem {
    Problem::invalid(Place::parameter(IDEMPOTENCY_KEY, complaint))
}

/// The answer of a POST operation.
#[derive(Debug)]
pub enum Posted<T> {
    /// The request was carried out by this call.
    Now(T),
    /// An earlier call carried it out; this is the answer of that call.
    Before(KeptAnswer),
}

/// An answer that was stored with its key.
#[derive(Debug)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Its body, which is JSON.
    pub body: Vec<u8>,
}

impl KeptAnswer {
    /// Serialises the result of an operation as it is sent.
    pub fn of(value: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(value);
        let body = body.map_err(|cause| Problem::internal("writing an answer to be kept", cause))?;
        Ok(Self { status: STATUS, body })
    }
}

impl<T: Serialize> Posted<T> {
    /// The response; a repeated one has the header `Idempotency-Replayed`.
    pub fn reply(self) -> Result<Reply, Problem> {
        match self {
            Self::Now(value) => Reply::json(STATUS, &value),
            Self::Before(KeptAnswer { status, body }) => {
                Ok(Reply::bytes(status, "application/json", body).with_header(REPLAYED, "true"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn key_of(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers).map_err(|problem| problem.detail())
    }

    #[test]
    fn a_key_is_visible_ascii_and_stands_once() {
        assert_eq!(key_of(&[]), Ok(None));
        for right in [&b"a"[..], b"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", &[b'~'; 200]] {
            assert_eq!(key_of(&[right]).unwrap().unwrap().as_bytes(), right);
        }
        for wrong in [&b""[..], b"a b", b"a\tb", "ä".as_bytes(), b"\xff", &[b'a'; 201]] {
            let complaint = key_of(&[wrong]).unwrap_err();
            assert!(complaint.starts_with("Idempotency-Key: must be 1 to 200 visible ASCII"), "{complaint}");
        }
        assert_eq!(key_of(&[b"a", b"a"]).unwrap_err(), "Idempotency-Key: must be given once");
    }

    #[test]
    fn method_target_and_body_make_the_fingerprint() {
        let mut headers = HeaderMap::new();
        headers.append(HEADER, HeaderValue::from_static("a"));
        let fingerprint = |method: &str, target: &str, body: &[u8]| {
            let mut begun = Fingerprinting::begin(&headers, method, target).unwrap().unwrap();
            begun.body(body);
            begun.end().fingerprint
        };
        let all =
            [("POST", "/a", &b"b"[..]), ("PUT", "/a", b"b"), ("POST", "/a?", b"b"), ("POST", "/a", b"b ")];
        for (position, one) in all.iter().enumerate() {
            for (other_position, other) in all.iter().enumerate() {
                let is_equal = fingerprint(one.0, one.1, one.2) == fingerprint(other.0, other.1, other.2);
                assert_eq!(is_equal, position == other_position, "{one:?} {other:?}");
            }
        }
    }
}
