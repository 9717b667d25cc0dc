//! Answers on their way out.

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

/// What is sent as a body: all at once, or in parts.
pub type ReplyBody = Either<Full<Bytes>, Parts>;

/// Of a body that is sent in parts: becomes true when all of them have come.
#[must_use]
pub fn parts_are_over(body: &ReplyBody) -> Option<Arc<AtomicBool>> {
    match body {
        Either::Left(_) => None,
        Either::Right(parts) => Some(parts.is_over()),
    }
}

/// An answer, and what its log line wants to know of it.
#[derive(Debug)]
pub struct Reply {
    /// The `operationId`, or the name of a page, once a route was found.
    pub operation: Option<&'static str>,
    /// The status.
    pub status: u16,
    /// What went wrong, if something did; its cause is for the log alone.
    pub problem: Option<Problem>,
    /// The connection ends with this answer: a body is still on its way that will not be read.
    pub close: bool,
    /// The connection is cut in the place of this answer, because a test asked for it.
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
        let body =
            serde_json::to_vec(value).map_err(|error| Problem::internal("writing an answer", error))?;
        Ok(Self::new(status, "application/json", body))
    }

    /// A page for people.
    #[must_use]
    pub fn html(status: u16, page: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// A body of any other type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self::new(status, content_type, body)
    }

    /// A file that is still being made.
    #[must_use]
    pub fn download(status: u16, download: Download) -> Self {
        let mut reply = Self::new(status, download.content_type, Bytes::new());
        reply.body = Either::Right(download.parts);
        reply.with_header("content-disposition", download.disposition)
    }

    /// A problem, under the id of the request that met it.
    #[must_use]
    pub fn problem(problem: Problem, request_id: Uuid) -> Self {
        let body = problem.body(request_id);
        let mut reply = Self::new(problem.status(), "application/problem+json", body);
        reply.headers = problem.headers();
        reply.problem = Some(problem);
        reply
    }

    /// The same with one more header. The name is in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same for files that need no credentials, which caches may keep in this way.
    #[must_use]
    pub fn cached(mut self, caching: &'static str) -> Self {
        self.caching = caching;
        self
    }

    /// The same as something that never arrives.
    #[must_use]
    pub fn cut(self) -> Self {
        Self { is_cut: true, ..self }
    }

    /// Makes of it what hyper sends. Nothing of this service may be kept by caches, but for what says so, and no
    /// browser is to guess what it is.
    #[must_use]
    pub fn into_response(self) -> Response<ReplyBody> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(self.caching));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in self.headers {
            // A value that no header may hold is left out: the answer is worth more than the header.
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
