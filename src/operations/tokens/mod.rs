//! Credentials as resources: personal access tokens, and the sessions that `internalAuth` accepts.
//!
//! The credentials of a request are checked in [`crate::access`]; here they are created and listed.

mod issue;
pub mod personal;

pub use issue::{PERSONAL, SESSION, add_personal, add_session, create_personal, create_session, delete_all};
