//! Invitations to the organisation: sending them, listing them, and accepting one with the secret of its link.
//!
//! An invitation is one row for good. Each send gives it a new secret, and the one before is dead at that
//! moment; every secret ever given is remembered by its hash, so that a dead link can be told why.

pub mod accept;
mod invite;
mod list;
mod send;
mod throttle;

pub use invite::invite;
pub use list::list;
pub use send::{renew, send, sendable, withdraw};
