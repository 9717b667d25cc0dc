//! Error responses injected by a test: they look like real ones with that status.

use super::kind::ProblemKind;

/// The statuses that can be injected: all error statuses.
pub const STATUSES: std::ops::RangeInclusive<u16> = 400..=599;
/// The text of an injected response.
pub(super) const DETAIL: &str = "A test asked for this answer with POST /_test/fail. Nothing was done.";

/// The kind for a status that no problem has.
pub(super) const fn kind(status: u16) -> ProblemKind {
    ProblemKind { status, name: "injected", title: "A test asked for this" }
}
