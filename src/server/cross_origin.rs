//! Cross-origin resource sharing: which pages of other origins may read answers. Nothing is shared unless the operator
//! names origins, and cookies never are: the API knows none, so a page sends its credentials itself.

use std::net::IpAddr;

use crate::config::Origin;
use crate::http::{IDEMPOTENCY_KEY, Reply, Request};

/// How long a browser keeps the answer to a preflight request.
const PREFLIGHT_SECONDS: &str = "600";
const METHODS: &str = "GET, HEAD, POST, PUT, DELETE";
/// The headers of answers that a page may read, beside those that every page may.
const EXPOSED_HEADERS: &str =
    "Allow, Content-Disposition, Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Request-Id";

/// The origins whose pages may call this server.
#[derive(Debug)]
pub struct CrossOrigin {
    /// Exactly these.
    pub origins: Vec<Origin>,
    /// And each of this machine, of any port: a test in a browser has one that its tool chose.
    pub is_open_to_loopback: bool,
}

impl CrossOrigin {
    fn is_off(&self) -> bool {
        self.origins.is_empty() && !self.is_open_to_loopback
    }

    /// The request's origin, if its pages may call.
    fn allowed<'r>(&self, request: &'r Request) -> Option<&'r str> {
        let origin = request.header("origin")?;
        let is_named = self.origins.iter().any(|one| one.as_str() == origin);
        (is_named || self.is_open_to_loopback && is_of_loopback(origin)).then_some(origin)
    }

    /// The answer to a preflight request, by which a browser asks whether a page may send what follows.
    pub(super) fn preflight(&self, request: &Request) -> Option<Reply> {
        let is_preflight =
            request.method() == "OPTIONS" && request.header("access-control-request-method").is_some();
        self.allowed(request).filter(|_| is_preflight)?;
        let reply = Reply::empty(204).with_header("access-control-allow-methods", METHODS);
        let headers = format!("Authorization, Content-Type, {IDEMPOTENCY_KEY}, Traceparent, X-Request-Id");
        let reply = reply.with_header("access-control-allow-headers", headers);
        Some(reply.with_header("access-control-max-age", PREFLIGHT_SECONDS))
    }

    /// What every answer to a request says of its origin.
    pub(super) fn headers(&self, request: &Request) -> Vec<(&'static str, String)> {
        if self.is_off() {
            return Vec::new();
        }
        // Also where the origin is refused: a cache must not give this answer to another one.
        let mut headers = vec![("vary", "Origin".to_owned())];
        if let Some(origin) = self.allowed(request) {
            headers.push(("access-control-allow-origin", origin.to_owned()));
            headers.push(("access-control-expose-headers", EXPOSED_HEADERS.to_owned()));
        }
        headers
    }
}

/// Whether an origin is `localhost`, `127.0.0.1` or `[::1]`, of any port.
fn is_of_loopback(origin: &str) -> bool {
    let Some(host) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return false;
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if is_port(port) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let address: Option<IpAddr> = address.unwrap_or(name).parse().ok();
    name == "localhost"
        || address.is_some_and(|address| {
            [[127, 0, 0, 1].into(), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])].contains(&address)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fr_32_an_origin_of_this_machine_is_recognised_and_none_that_looks_like_it() {
        for origin in
            ["http://localhost", "http://localhost:3000", "https://127.0.0.1:1", "http://[::1]:65535"]
        {
            assert!(is_of_loopback(origin), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://localhost.evil.example",
            "http://evil.example:80",
            "http://127.0.0.1.evil.example",
            "http://localhost:port",
            "http://localhost:+80",
            "http://localhost@evil.example",
            "ftp://localhost",
            "http://127.0.0.2",
            "http://[::2]:80",
            "http://evil.example/http://localhost",
        ] {
            assert!(!is_of_loopback(origin), "{origin}");
        }
    }
}
