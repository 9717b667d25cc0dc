//! Errors for the operator.

/// Why a command, a start or a file failed. The text has the place and the way to resolve it.
#[derive(Debug)]
pub struct Failure(pub(crate) String);

impl Failure {
    /// An error with the action that failed and its cause.
    pub(crate) fn new(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{doing}: {cause}"))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

macro_rules! from {
    ($($cause:ty),+) => {
        $(impl From<$cause> for Failure {
            fn from(cause: $cause) -> Self {
                Self(cause.to_string())
            }
        })+
    };
}
from!(String, &str, std::io::Error, serde_json::Error, clap::Error);
