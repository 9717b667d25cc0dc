//! Whether a person looks when a server starts.

/// Who gets to see the secrets of a first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal: they are handed to the caller, to be shown once.
    Terminal,
    /// No person looks: they go into a file.
    Unattended,
}
