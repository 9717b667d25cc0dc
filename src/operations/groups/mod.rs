//! Groups of a project: named sets of permissions.
//!
//! A group with a `role_id` is managed by that role: only the role changes the group and its members.

mod delete;
mod list;
mod rules;
mod save;

pub use delete::delete;
pub use list::list;
pub use rules::{find_named, managed_places, missing_places};
pub use save::{create, update};
