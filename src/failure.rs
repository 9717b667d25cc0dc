//! Why something was not done, in words for the operator.

/// Why a command, a start or a file failed. The text names the place and the way out.
#[derive(Debug)]
pub struct Failure(pub(crate) String);

impl Failure {
    /// What was being done, and what stood in the way.
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
