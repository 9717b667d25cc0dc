//! Why no words came of an invitation.

/// A template or its data is broken. Names the template and the line, never a name or a code.
#[derive(Debug)]
pub struct RenderError(pub(super) String);

impl std::fmt::Display for RenderError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "invitation mail: {}", self.0)
    }
}

impl std::error::Error for RenderError {}
