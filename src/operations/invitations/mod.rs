//! Invitations to the organisation: sending them, listing them, and accepting one with the secret of its link.
//!
//! A user has one invitation. Each send gives it a new secret and revokes the previous one. The hashes of all secrets
//! are kept, so that an invalid link can be explained.

pub mod accept;
mod invite;
mod list;
pub mod pasted_code;
pub mod preview;
mod refusals;
mod send;
mod throttle;

pub use invite::invite;
pub use list::list;
pub use send::{renew, send, sendable, withdraw};
