//! The headers that keep pages from being misused.

use crate::http::Reply;

/// Headers of every page, style sheet and script, beside its policy and what every answer has.
///
/// Mind that under `no-referrer` a browser sends `Origin: null` with the form, so a check of the origin
/// would refuse every person. None is needed: there is no cookie to ride on, only the code.
pub const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("referrer-policy", "no-referrer"),
    // For browsers that do not know frame-ancestors.
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// With the headers of every page, and this policy for what it may load.
pub(super) fn secured_by(policy: &'static str, reply: Reply) -> Reply {
    let reply = reply.with_header("content-security-policy", policy);
    SECURITY_HEADERS.iter().fold(reply, |reply, (name, value)| reply.with_header(name, *value))
}
