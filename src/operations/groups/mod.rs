//! Groups of a project: permissions under a name.
//!
//! A group with a `role_id` is a role's arm in the project: the role alone changes it, and who is in it.

mod delete;
mod list;
mod rules;
mod save;

pub use delete::delete;
pub use list::list;
pub use rules::{find_named, missing_places, refuse_managed};
pub use save::{create, update};
