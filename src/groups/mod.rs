//! Groups of a project: permissions under a name.

pub mod store;
pub mod wire;

use uuid::Uuid;

use crate::generated::models::Permission;

/// A group as stored.
#[derive(Clone, Debug)]
pub struct Group {
    /// The group's id.
    pub id: Uuid,
    /// The project it belongs to.
    pub project_id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it lets its members do; `None` when that was never said.
    pub permissions: Option<Vec<Permission>>,
}

impl Group {
    /// Whether being in the group gives everything.
    #[must_use]
    pub fn carries_owner(&self) -> bool {
        self.permissions.as_ref().is_some_and(|all| all.contains(&Permission::Owner))
    }
}
