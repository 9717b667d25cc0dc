//! How a command fails.

/// Why a command ended without doing its work, in a sentence for the terminal.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;
