//! Projects: who sees them, how they are made, brought back and approved in.

mod approvals;
mod create;
mod list;
mod restore;
mod save;

pub use approvals::{get, update as update_approvals};
pub use create::create;
pub use list::list;
pub use restore::restore;
pub use save::{delete, put_aside, update};
