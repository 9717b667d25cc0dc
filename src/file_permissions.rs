//! File permissions of groups and roles. They are stored and returned without any effect, because this server has no
//! files.

use serde::{Deserialize, Serialize};

use crate::generated::models::{GroupFilePermission, NewFilePermission, RoleFilePermission};

/// A file permission as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePermission {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    patterns: Option<String>,
}

/// The effect in a response if none was given.
const DEFAULT_EFFECT: &str = "allow";

impl From<NewFilePermission> for FilePermission {
    fn from(given: NewFilePermission) -> Self {
        Self { id: given.id, effect: given.effect, actions: given.actions, patterns: given.patterns }
    }
}

impl From<FilePermission> for GroupFilePermission {
    fn from(stored: FilePermission) -> Self {
        Self {
            id: stored.id,
            effect: stored.effect.unwrap_or_else(|| DEFAULT_EFFECT.to_owned()),
            actions: stored.actions.unwrap_or_default(),
            patterns: stored.patterns,
        }
    }
}

impl From<FilePermission> for RoleFilePermission {
    fn from(stored: FilePermission) -> Self {
        Self {
            id: stored.id,
            effect: stored.effect.unwrap_or_else(|| DEFAULT_EFFECT.to_owned()),
            actions: stored.actions,
            patterns: stored.patterns,
        }
    }
}

/// Converts a list to its stored form.
#[must_use]
pub fn stored<'g>(given: impl IntoIterator<Item = &'g NewFilePermission>) -> Vec<FilePermission> {
    given.into_iter().cloned().map(FilePermission::from).collect()
}
