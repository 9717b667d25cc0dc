//! Answers that a test of a client asked for: they look like those that really come with their status.

use super::{Busy, Kind, Problem, SendLimit};

/// The statuses that can be asked for: those that say that something went wrong.
pub const STATUSES: std::ops::RangeInclusive<u16> = 400..=599;
/// What such an answer says.
pub(super) const DETAIL: &str = "A test asked for this answer with POST /_test/fail. Nothing was done.";

/// The problem that usually has a status, where one has it more than others.
fn usual(status: u16) -> Option<Problem> {
    Some(match status {
        400 => Problem::Invalid(Vec::new()),
        401 => {
            let challenges = vec!["Bearer realm=\"brms\"".to_owned(), "Internal realm=\"brms\"".to_owned()];
            Problem::Unauthenticated { detail: String::new(), challenges }
        }
        403 => Problem::Forbidden(DETAIL),
        404 => Problem::NotFound("thing"),
        // RFC 9110: an empty Allow says that no method is taken now.
        405 => Problem::MethodNotAllowed { allow: String::new() },
        413 => Problem::TooLarge { bytes_max: 0 },
        415 => Problem::UnsupportedMediaType { supported: "" },
        429 => Problem::TooManySends { limit: SendLimit::Invitation, retry_after_seconds: 1 },
        500 => Problem::Internal(String::new()),
        503 => Problem::Unavailable(Busy::Overload),
        504 => Problem::TimedOut,
        _ => return None,
    })
}

pub(super) fn kind(status: u16) -> Kind {
    match usual(status) {
        Some(problem) => problem.kind(),
        None => Kind { status, name: "injected", title: "A test asked for this" },
    }
}

pub(super) fn headers(status: u16) -> Vec<(&'static str, String)> {
    usual(status).map_or_else(Vec::new, |problem| problem.headers())
}
