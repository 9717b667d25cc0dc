//! Members of a project: users of the organisation, with groups and the owner flag.

mod invite;
mod join;
mod list;
mod update;

pub use invite::{add_owner, invite};
pub use join::join;
pub use list::{list, list_users};
pub use update::update;
