//! Roles of an organisation: permissions that reach into projects.
//!
//! A role reaches a project through one group there that carries its `roleId`. [`reach`] keeps those groups,
//! and who is in them, in step with the role.

mod list;
mod reach;
mod save;

pub use list::list;
pub use reach::{reach, reach_project, set_roles_of_user};
pub use save::{create, update};
