//! Projects: create, list, update, delete, restore, and their approval settings.

mod approvals;
mod create;
mod list;
mod restore;
mod save;

pub use approvals::{get, update as update_approvals};
pub use create::create;
pub use list::list;
pub use restore::restore;
pub use save::{delete, soft_delete, update};
