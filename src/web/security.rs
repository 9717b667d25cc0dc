//! Replies with a page, and the security headers of the pages.

use super::pages::Pages;
use super::words::in_plain_words;
use crate::failure::Failure;
use crate::http::Reply;
use crate::problem::Problem;

/// What the pages may load, and where their forms may be sent.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every page, style sheet and script, in addition to its policy and the headers of every response.
///
/// With `no-referrer`, browsers send `Origin: null` with the form, so checking the origin would reject everyone. CSRF
/// protection is not needed: there is no cookie, only the code.
pub(super) const SECURITY_HEADERS: &[(&str, &str)] = &[
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

/// Adds the security headers and the policy of the pages.
pub(super) fn secured(reply: Reply) -> Reply {
    secured_by(CONTENT_SECURITY_POLICY, reply)
}

/// A page as a reply.
pub(super) fn shown(status: u16, page: Result<String, Failure>) -> Result<Reply, Problem> {
    let page = page.map_err(|cause| Problem::internal("rendering a page", cause))?;
    Ok(secured(Reply::html(status, page)))
}

/// A problem as a page, with the same status and headers as for API clients.
pub(super) fn problem_shown(pages: &Pages, problem: Problem) -> Result<Reply, Problem> {
    let (title, detail) = in_plain_words(&problem);
    let mut reply = shown(problem.status(), pages.problem(title, &detail))?;
    for (name, value) in problem.headers() {
        reply = reply.with_header(name, value);
    }
    reply.problem = Some(problem);
    Ok(reply)
}
