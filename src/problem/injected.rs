//! Answers that a test of a client asked for: they look like those that really come with their status.

use super::kind::ProblemKind;

/// The statuses that can be asked for: those that say that something went wrong.
pub const STATUSES: std::ops::RangeInclusive<u16> = 400..=599;
/// What such an answer says.
pub(super) const DETAIL: &str = "A test asked for this answer with POST /_test/fail. Nothing was done.";

/// What stands in the answer with a status that no problem has.
pub(super) const fn kind(status: u16) -> ProblemKind {
    ProblemKind { status, name: "injected", title: "A test asked for this" }
}
