//! A request, and reading its parts.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, EXPECT, HeaderMap};
use hyper::http::uri::PathAndQuery;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use uuid::Uuid;

use super::body::{self, BODY_BYTES_MAX, Form};
use super::head;
use super::idempotency::{Fingerprinting, Idempotency};
use super::limits::Limits;
use super::parameter::{self, RequestParameter};
use super::reply::Reply;
use super::strict;
use super::trail::RequestTrail;
use crate::problem::Problem;

/// The context of a request, known before it is checked.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The request's id, for its log line and response.
    pub request_id: Uuid,
    /// The client's address, if it has one: by a socket in the file system it has none.
    pub ip_address: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// When the request times out.
    pub deadline: Instant,
    /// What is learned about it, for its log line.
    pub trail: Arc<RequestTrail>,
}

/// The `Authorization` header as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// There is none.
    Absent,
    /// More than one, or not a scheme, a space and visible ASCII.
    Malformed {
        /// The value, if there is only one and it is text.
        text: Option<&'a str>,
    },
    /// A scheme and credentials. The scheme's letter case is the client's.
    Present {
        /// The first word.
        scheme: &'a str,
        /// The rest.
        credentials: &'a str,
    },
}

impl<'a> Authorization<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (first, second) = (values.next(), values.next());
        let Some(value) = first else {
            return Self::Absent;
        };
        let text = if second.is_none() { value.to_str().ok() } else { None };
        match text.and_then(|text| text.split_once(' ')) {
            Some((scheme, credentials)) if is_word(scheme) && is_word(credentials) => {
                Self::Present { scheme, credentials }
            }
            _ => Self::Malformed { text },
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A request whose body has not been read.
#[derive(Debug)]
pub struct Request {
    head: hyper::http::request::Parts,
    body: Incoming,
    body_was_asked_for: bool,
    fingerprinting: Option<Fingerprinting>,
    context: RequestContext,
}

impl Request {
    /// Wraps hyper's request.
    #[must_use]
    pub fn new(request: hyper::Request<Incoming>, context: RequestContext) -> Self {
        let (head, body) = request.into_parts();
        Self { head, body, body_was_asked_for: false, fingerprinting: None, context }
    }

    /// Runs the checks that apply to every request.
    pub fn check_head(&self) -> Result<(), Problem> {
        head::check(&self.head)
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &str {
        self.head.method.as_str()
    }

    /// The path as received, percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.head.uri.path()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// The context.
    #[must_use]
    pub fn context(&self) -> &RequestContext {
        &self.context
    }

    /// The value of a header that occurs once and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.head.headers.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        value.and_then(|value| value.to_str().ok())
    }

    /// The credentials of the client.
    #[must_use]
    pub fn authorization(&self) -> Authorization<'_> {
        Authorization::of(&self.head.headers)
    }

    /// A parameter of the path, which matches the template.
    pub fn in_path<T: RequestParameter>(&self, template: &str, name: &'static str) -> Result<T, Problem> {
        parameter::in_path(template, self.path(), name)
    }

    /// A query parameter, if present.
    pub fn query<T: RequestParameter>(&self, name: &'static str) -> Result<Option<T>, Problem> {
        parameter::in_query(self.head.uri.query().unwrap_or_default(), name)
    }

    /// The media type of the body in lower case, without its parameters.
    #[must_use]
    pub fn media_type(&self) -> Option<String> {
        body::media_type(&self.head.headers)
    }

    /// The body as JSON, parsed strictly and checked against the limits of its type.
    pub async fn json<T: DeserializeOwned + Limits>(&mut self) -> Result<T, Problem> {
        self.json_within(BODY_BYTES_MAX).await
    }

    /// [`Request::json`] with another limit.
    pub async fn json_within<T: DeserializeOwned + Limits>(
        &mut self,
        bytes_max: usize,
    ) -> Result<T, Problem> {
        let bytes = self.bytes(body::JSON, bytes_max).await?;
        if let Some(fingerprinting) = &mut self.fingerprinting {
            fingerprinting.body(&bytes);
        }
        strict::from_json(&bytes)
    }

    /// Reads the `Idempotency-Key` if there is one, before the body is read.
    pub fn read_idempotency_key(&mut self) -> Result<(), Problem> {
        let target = self.head.uri.path_and_query().map_or("", PathAndQuery::as_str);
        self.fingerprinting = Fingerprinting::begin(&self.head.headers, self.head.method.as_str(), target)?;
        Ok(())
    }

    /// The key that was read and what it marks: the request with its body, also where the operation takes none.
    pub async fn idempotency(&mut self) -> Result<Option<Idempotency>, Problem> {
        let Some(mut fingerprinting) = self.fingerprinting.take() else { return Ok(None) };
        if !self.body_was_asked_for {
            fingerprinting.body(&self.whole_body(BODY_BYTES_MAX).await?);
        }
        Ok(Some(fingerprinting.end()))
    }

    /// The text of a JSON body, for a parser of its own with another limit.
    pub async fn json_text(&mut self, bytes_max: usize) -> Result<Vec<u8>, Problem> {
        self.bytes(body::JSON, bytes_max).await
    }

    /// [`Request::json_text`] for an optional body. A body of zero bytes counts as absent, regardless of the headers:
    /// some clients announce chunks or a type and then send nothing.
    pub async fn json_text_if_any(&mut self, bytes_max: usize) -> Result<Option<Vec<u8>>, Problem> {
        let bytes = self.whole_body(bytes_max).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.must_be(body::JSON)?;
        Ok(Some(bytes))
    }

    /// The body as the fields of an HTML form.
    pub async fn form(&mut self, bytes_max: usize) -> Result<Form, Problem> {
        let bytes = self.bytes(body::FORM, bytes_max).await?;
        Form::parse(&bytes)
    }

    /// The whole body, if it has this type, is within the limit, and arrives in time.
    async fn bytes(&mut self, supported: &'static str, bytes_max: usize) -> Result<Vec<u8>, Problem> {
        self.must_be(supported)?;
        self.whole_body(bytes_max).await
    }

    fn must_be(&self, supported: &'static str) -> Result<(), Problem> {
        if self.media_type().as_deref() != Some(supported) {
            return Err(Problem::UnsupportedMediaType { supported });
        }
        let mut encodings = self.head.headers.get_all(CONTENT_ENCODING).iter();
        let is_plain =
            encodings.all(|value| value.is_empty() || value.as_bytes().eq_ignore_ascii_case(b"identity"));
        if is_plain { Ok(()) } else { Err(Problem::UnsupportedContentEncoding) }
    }

    async fn whole_body(&mut self, bytes_max: usize) -> Result<Vec<u8>, Problem> {
        body::check_announced_length(&self.body, bytes_max)?;
        self.body_was_asked_for = true;
        let begun = Instant::now();
        let read = body::read(&mut self.body, bytes_max, self.context.deadline).await;
        self.context.trail.has_read_body(begun);
        read
    }

    /// Creates the reply after reading the rest of the body: a client that is still sending when the connection closes
    /// would not see the response.
    pub async fn finish(mut self, operation: Option<&'static str>, result: Result<Reply, Problem>) -> Reply {
        let mut reply = result.unwrap_or_else(|problem| Reply::problem(problem, self.context.request_id));
        reply.operation = operation;
        if self.body.is_end_stream() {
            return reply;
        }
        // A client that waits for "100 Continue" has not sent its body, and reading would request it. A request that
        // timed out has had enough time.
        let waits = !self.body_was_asked_for && self.head.headers.contains_key(EXPECT);
        let late = Instant::now() >= self.context.deadline;
        reply.close = waits || late || !body::discard(&mut self.body).await;
        reply
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn headers(values: &[&'static [u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn authorization_is_one_scheme_one_space_and_credentials() {
        assert_eq!(Authorization::of(&headers(&[])), Authorization::Absent);
        let present = Authorization::Present { scheme: "bearer", credentials: "abc" };
        assert_eq!(Authorization::of(&headers(&[b"bearer abc"])), present);
        let malformed: [&[&[u8]]; 7] = [
            &[b"Bearer a", b"Bearer a"],
            &[b"Bearer"],
            &[b"Bearer "],
            &[b"Bearer  a"],
            &[b"Bearer a b"],
            &[b" a"],
            &[b"Bearer \xff"],
        ];
        for values in malformed {
            let headers = headers(values);
            let found = Authorization::of(&headers);
            assert!(matches!(found, Authorization::Malformed { .. }), "{values:?}: {found:?}");
        }
    }
}
