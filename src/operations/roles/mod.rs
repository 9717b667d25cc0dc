//! Roles of an organisation: permissions in several projects.
//!
//! A role acts in a project through one group there that has its `roleId`. `plan.rs` finds what has to
//! change for those groups and their members to be in sync with the role, and `sync.rs` writes it.

mod list;
mod plan;
mod save;
mod sync;

pub use list::list;
pub use plan::ProjectPlan;
pub use save::{create, update};
pub use sync::{set_roles_of_user, sync_project, sync_projects};
