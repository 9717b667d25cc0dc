//! Invitations to the organisation: sending them again, and what makes a link live or dead.
//!
//! An invitation is one row for good. Each send gives it a new secret, and the one before is dead at that
//! moment; every secret ever given is remembered by its hash, so that a dead link can be told why.
//! Accepting is in [`accept`].

pub mod accept;
mod invite;
mod list;
mod rules;
mod send;
mod throttle;

pub use invite::invite;
pub use list::list;
pub use rules::InvitationRules;
pub use send::{fresh_secret, send, send_again, withdraw};
