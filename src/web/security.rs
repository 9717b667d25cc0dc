//! Replies with a page, and the security headers of the pages.

#[cfg(doc)]
use super::home::Home;
use super::pages::{PagePlace, Pages};
use super::words::in_plain_words;
use crate::failure::Failure;
use crate::http::Reply;
use crate::problem::Problem;

/// What a page takes that programs use, too.
pub(super) const JSON_OR_FORM: &str = "application/json or application/x-www-form-urlencoded";

/// What the pages may load, and where their forms may be sent.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every page, style sheet and script, in addition to its policy and the headers of every response.
///
/// The referrer is sent to this server alone: with `no-referrer`, browsers send `Origin: null` with a form, so that a
/// browser without `Sec-Fetch-Site` could not show whose page it is ([`Home::require_own_page`]). No page has a secret in
/// its path.
pub(super) const SECURITY_HEADERS: &[(&str, &str)] = &[
    ("referrer-policy", "same-origin"),
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

/// Sends the browser to another page, which it then asks for with GET. The address is relative to the path of the request,
/// so that a proxy may add a prefix, or below the public URL; never from the request.
pub(super) fn found_elsewhere(path: &str) -> Reply {
    secured(Reply::empty(303)).with_header("location", path)
}

/// A problem of accepting an invitation as a page, with the same status and headers as for API clients.
pub(super) fn problem_shown(pages: &Pages, problem: Problem) -> Result<Reply, Problem> {
    let (title, detail) = in_plain_words(&problem);
    let page = shown(problem.status(), pages.problem(title, &detail))?;
    Ok(about(problem, page))
}

/// The same for the pages of people who sign in: what they are shown in place of a problem.
pub(super) fn as_page(
    pages: &Pages,
    place: PagePlace,
    result: Result<Reply, Problem>,
) -> Result<Reply, Problem> {
    result.or_else(|problem| {
        let (title, detail) = in_plain_words(&problem);
        let page = shown(problem.status(), pages.stopped(place, title, &detail))?;
        Ok(about(problem, page))
    })
}

fn about(problem: Problem, mut reply: Reply) -> Reply {
    for (name, value) in problem.headers() {
        reply = reply.with_header(name, value);
    }
    reply.problem = Some(problem);
    reply
}
