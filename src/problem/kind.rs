//! The fixed part of a problem.

/// The fixed part of a problem: its status, name and title.
pub(super) struct ProblemKind {
    pub status: u16,
    pub name: &'static str,
    pub title: &'static str,
}

pub(super) const fn kind(status: u16, name: &'static str, title: &'static str) -> ProblemKind {
    ProblemKind { status, name, title }
}
