//! The format of seed files, written by people or by an export. Unknown keys are rejected, since a misspelt key would
//! silently drop data.
//!
//! Optional keys have defaults, which an export omits. Missing ids are generated; times are RFC 3339, and default to
//! the time of seeding.

mod omitted;
mod organisations;
mod people;
mod projects;

pub use organisations::*;
pub use people::*;
pub use projects::*;
