//! Whether a server is started interactively.

/// Where the credentials of a first start are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal: they are returned to the caller, which prints them once.
    Terminal,
    /// No terminal: they are written to a file.
    Unattended,
}
