//! Seed files: organisations with their people, tokens and projects, written into a database in one
//! transaction. Ids and secrets may be fixed, so that tests can name them.
//!
//! [`mod@format`] is the file as it is written, `check` finds what is wrong in it and says where, [`load`]
//! writes it into a database, [`export`] makes such a file of a database, and [`starter`] is one to begin with.

mod check;
mod checked;
mod complaint;
mod export;
pub mod format;
mod load;
mod starter;

pub use checked::{Checked, load, load_into_empty, parse, read};
pub use complaint::{Complaint, places};
pub use export::export;
pub use load::Loaded;
pub use starter::{OWNER_EMAIL, starter};
