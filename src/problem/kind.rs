//! What is fixed for each kind of problem.

/// The fixed half of a problem: what its kind is called, and its status.
pub(super) struct ProblemKind {
    pub status: u16,
    pub name: &'static str,
    pub title: &'static str,
}

pub(super) const fn kind(status: u16, name: &'static str, title: &'static str) -> ProblemKind {
    ProblemKind { status, name, title }
}
