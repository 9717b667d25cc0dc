//! Handling one request: its id, its completion, its log line.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::client_address;
use super::log_line::LogLine;
use super::site::Site;
use super::to_the_end::ToTheEnd;
use super::trace;
use crate::http::{self, Reply, ReplyBody, RequestContext, RequestTrail};
use crate::problem::Problem;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest `User-Agent` that is kept.
const USER_AGENT_CHARACTERS_MAX: usize = 200;

/// A test asked for the connection to be dropped without a response. hyper does not show this to clients.
#[derive(Debug)]
pub(super) struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is dropped, as a test asked for")
    }
}

impl std::error::Error for Cut {}

/// Handles a request, which completes even if the client disconnects.
pub(super) async fn answer(
    site: &Arc<Site>,
    running: &mpsc::Sender<()>,
    peer: Option<IpAddr>,
    time_max: Duration,
    request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Cut> {
    let trail = Arc::new(RequestTrail::default());
    let context = RequestContext {
        request_id: request_id(request.headers()),
        ip_address: client_address::of(&site.proxies, peer, request.headers()),
        user_agent: user_agent(request.headers()),
        deadline: Instant::now() + time_max,
        trail: Arc::clone(&trail),
    };
    let (request_id, client) = (context.request_id, context.ip_address);
    let (serving, running) = (Arc::clone(site), running.clone());
    let work = async move {
        let _running = running;
        let begun = Instant::now();
        let (method, trace) = (request.method().clone(), trace::id(request.headers()));
        let reply = serving.answer(http::Request::new(request, context)).await;
        let (method, trail) = (method.as_str(), Some(&*trail));
        LogLine { request_id, client, trace, method, begun, trail }.log(&serving, &reply);
        reply
    };
    let reply = ToTheEnd::new(work).await.unwrap_or_else(|cause| {
        let reply = Reply::problem(Problem::internal("answering a request", cause), request_id);
        let begun = Instant::now();
        LogLine { request_id, client, trace: None, method: "-", begun, trail: None }.log(site, &reply);
        reply
    });
    if reply.is_cut {
        return Err(Cut);
    }
    let mut response = reply.into_response();
    // A hyphenated UUID is always a valid header value.
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(response)
}

/// The client's own id if it is a UUID, since the `instance` of a problem contains it as one; otherwise a new id.
fn request_id(headers: &HeaderMap) -> Uuid {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    given.and_then(|text| Uuid::try_parse(text).ok()).unwrap_or_else(Uuid::now_v7)
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(text.chars().take(USER_AGENT_CHARACTERS_MAX).collect())
}
