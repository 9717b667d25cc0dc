//! Authentication and authorisation: from credentials to a caller and their permissions.
//!
//! Credentials are checked twice, both times by [`Principal::caller`]: on a snapshot before the body is read, so that
//! unauthenticated requests stay cheap, and inside the acting transaction, so that a token that was just revoked or a
//! user who was just disabled is refused. The table in [`requirements`] defines who may call what; [`permissions`]
//! evaluates it.

mod callers;
mod hints;
pub mod permissions;
pub mod projects;
pub mod requirements;
mod sessions;

pub use callers::{Caller, Principal, authenticate};
pub use sessions::{SessionKey, SignedIn};
