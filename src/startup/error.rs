//! Why a server did not start.

/// Why a server did not start. The text names the setting and the way out.
#[derive(Debug)]
pub struct StartError(pub(super) String);

impl StartError {
    pub(super) fn new(doing: &str, cause: impl std::fmt::Display) -> Self {
        Self(format!("{doing}: {cause}"))
    }
}

impl std::fmt::Display for StartError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}
