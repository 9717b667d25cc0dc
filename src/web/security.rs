//! Security headers of the pages.

use crate::http::Reply;

/// Headers of every page, style sheet and script, in addition to its policy and the headers of every response.
///
/// With `no-referrer`, browsers send `Origin: null` with the form, so checking the origin would reject everyone. CSRF
/// protection is not needed: there is no cookie, only the code.
pub const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("referrer-policy", "no-referrer"),
    // For browsers without support for frame-ancestors.
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-robots-tag", "noindex"),
];

/// Adds the security headers and this policy for what the page may load.
pub(super) fn secured_by(policy: &'static str, reply: Reply) -> Reply {
    let reply = reply.with_header("content-security-policy", policy);
    SECURITY_HEADERS.iter().fold(reply, |reply, (name, value)| reply.with_header(name, *value))
}
