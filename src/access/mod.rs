//! From credentials to a caller.
//!
//! The check happens twice by the same function, [`Principal::caller`]: on a snapshot before the body is
//! read, so that strangers cost little, and inside the transaction that acts, so that a token revoked or
//! a user disabled a moment ago is refused. Who may call what is the table in [`requirements`]; what that
//! means for a caller is in [`permissions`].

mod callers;
mod hints;
pub mod permissions;
pub mod projects;
pub mod requirements;

pub use callers::{Caller, Principal, authenticate};
