//! Credentials as things: personal access tokens, and the sign-ins that `internalAuth` takes.
//!
//! How a request's credentials are checked is in [`crate::access`]; here they are made and listed.

mod issue;
pub mod personal;

pub use issue::{INTERNAL, PERSONAL, add_internal, add_personal, create_internal, create_personal};
