//! File permissions of groups and roles: kept, and returned as given. Nothing here acts on them, since
//! there are no files here.

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

/// An answer always has an effect; this is it where none was given.
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

/// A list as it came, as it is stored.
#[must_use]
pub fn stored(given: Vec<NewFilePermission>) -> Vec<FilePermission> {
    given.into_iter().map(FilePermission::from).collect()
}
