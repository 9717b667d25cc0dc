//! The response to bytes that hyper cannot parse as a request. hyper's own response has no body.

use std::fmt::Write;
use std::net::IpAddr;

use http_body_util::{BodyExt, Collected};
use tokio::time::Instant;
use uuid::Uuid;

use super::log_line::LogLine;
use super::request::REQUEST_ID;
use super::site::Site;
use crate::http::Reply;
use crate::problem::{HeadFault, Problem};

/// The header of hyper's response that is replaced.
const WITHOUT_BODY: &str = "content-length: 0\r\n";
/// The position of the status code in `HTTP/1.1 400 Bad Request`.
const STATUS: std::ops::Range<usize> = 9..12;

/// hyper's response with a problem document as its body. Also writes the log line.
pub(super) async fn refuse(
    site: &Site,
    cause: &hyper::Error,
    answer: &[u8],
    peer: Option<IpAddr>,
) -> Vec<u8> {
    let (request_id, begun) = (Uuid::now_v7(), Instant::now());
    let head = String::from_utf8_lossy(answer);
    let fault = match head.get(STATUS) {
        Some("400") => HeadFault::Unreadable(cause.to_string()),
        _ => HeadFault::TooLong,
    };
    let reply = Reply::problem(Problem::Head(fault), request_id);
    LogLine { request_id, client: peer, trace: None, method: "-", begun, trail: None }.log(site, &reply);
    let response = reply.into_response();
    let mut lines = format!("{REQUEST_ID}: {request_id}\r\n");
    for (name, value) in response.headers() {
        let _ = write!(lines, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    // The body is in memory, so this cannot fail.
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    let _ = write!(lines, "content-length: {}\r\n", body.len());
    [head.replacen(WITHOUT_BODY, &lines, 1).as_bytes(), &*body].concat()
}
