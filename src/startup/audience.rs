//! Whether anybody looks when a server starts.

/// Who gets to see the secrets of a first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// A person at a terminal: they are handed to the caller, to be shown once.
    Terminal,
    /// Nobody looks: they go into a file.
    Nobody,
}
