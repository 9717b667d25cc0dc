//! Places in a request.

use serde::Serialize;

/// A place in a request, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    #[serde(flatten)]
    at: At,
    /// What is wrong there, and what is expected.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum At {
    Pointer(String),
    Parameter(String),
}

impl Place {
    /// A place in the body, as a JSON pointer (RFC 6901): `/userIds/3`, or the empty text for the whole body.
    pub fn pointer(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: At::Pointer(pointer.into()), detail: detail.into() }
    }

    /// A path or query parameter, by its name in the description.
    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { at: At::Parameter(name.into()), detail: detail.into() }
    }

    /// Whether this is the place of a JSON pointer.
    #[must_use]
    pub fn is_at(&self, pointer: &str) -> bool {
        matches!(&self.at, At::Pointer(at) if at == pointer)
    }

    pub(super) fn sentence(&self) -> String {
        match &self.at {
            At::Pointer(pointer) if pointer.is_empty() => format!("body: {}", self.detail),
            At::Pointer(name) | At::Parameter(name) => format!("{name}: {}", self.detail),
        }
    }
}
