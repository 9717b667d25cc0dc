//! The seed file as it is written, by people and by an export. Unknown keys are refused: a misspelt one
//! would be data left out.
//!
//! Whatever may be left out has a default, and an export leaves out what is the default. Ids are made when
//! absent; times are RFC 3339, and the moment of seeding when absent.

mod organisations;
mod people;
mod projects;

pub use organisations::*;
pub use people::*;
pub use projects::*;
