//! Responses.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::download::{Download, Parts};
use crate::problem::Problem;

/// The length that most JSON responses stay below: those of one thing.
const USUAL_JSON_BYTES: usize = 1024;

/// The body of a response: complete, or streamed in parts.
pub type ReplyBody = Either<Full<Bytes>, Parts>;

/// For a streamed body: a flag that becomes true when all parts were sent.
#[must_use]
pub fn parts_are_over(body: &ReplyBody) -> Option<Arc<AtomicBool>> {
    match body {
        Either::Left(_) => None,
        Either::Right(parts) => Some(parts.is_over()),
    }
}

/// A response, with values for its log line.
#[derive(Debug)]
pub struct Reply {
    /// The `operationId` or the page's name, once a route was found.
    pub operation: Option<&'static str>,
    /// The status.
    pub status: u16,
    /// The problem, if there was one; its cause is for the log only.
    pub problem: Option<Problem>,
    /// Whether the connection is closed after this response, because an unread body is still arriving.
    pub close: bool,
    /// Whether the connection is cut instead of sending this response, as requested by a test.
    pub is_cut: bool,
    content_type: &'static str,
    caching: &'static str,
    headers: Vec<(&'static str, String)>,
    body: ReplyBody,
}

impl Reply {
    fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            operation: None,
            status,
            problem: None,
            close: false,
            is_cut: false,
            content_type,
            caching: "no-store",
            headers: Vec::new(),
            body: Either::Left(Full::new(body.into())),
        }
    }

    /// A value as JSON.
    pub fn json(status: u16, value: &impl Serialize) -> Result<Self, Problem> {
        let mut body = Vec::with_capacity(USUAL_JSON_BYTES);
        serde_json::to_writer(&mut body, value)
            .map_err(|error| Problem::internal("writing an answer", error))?;
        Ok(Self::new(status, "application/json", body))
    }

    /// Only a status and headers.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self::new(status, "", Bytes::new())
    }

    /// An HTML page.
    #[must_use]
    pub fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// A body of any other type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(status, content_type, body)
    }

    /// A streamed file.
    #[must_use]
    pub fn download(status: u16, download: Download) -> Self {
        let mut reply = Self::new(status, download.content_type, Bytes::new());
        reply.body = Either::Right(download.parts);
        reply.with_header("content-disposition", download.disposition)
    }

    /// A problem, with the id of its request.
    #[must_use]
    pub fn problem(problem: Problem, request_id: Uuid) -> Self {
        let body = problem.body(request_id);
        let mut reply = Self::new(problem.status(), "application/problem+json", body);
        reply.headers = problem.headers();
        reply.problem = Some(problem);
        reply
    }

    /// Adds a header. The name must be in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets `Cache-Control`, for files that need no credentials.
    #[must_use]
    pub fn cached(mut self, caching: &'static str) -> Self {
        self.caching = caching;
        self
    }

    /// Cuts the connection instead of sending this response.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }

    /// Converts it to hyper's response. Responses are not cached unless they allow it, and browsers must not guess the
    /// type.
    #[must_use]
    pub fn into_response(self) -> Response<ReplyBody> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if !self.content_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.caching));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in self.headers {
            // An invalid header value is omitted rather than failing the response.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
