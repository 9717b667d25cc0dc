//! Roles of an organisation: permissions in several projects.
//!
//! A role acts in a project through one group there that has its `roleId`. `sync.rs` keeps those groups and their
//! members in sync with the role.

mod list;
mod save;
mod sync;

pub use list::list;
pub use save::{create, update};
pub use sync::{set_roles_of_user, sync_project, sync_projects};
