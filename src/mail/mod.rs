//! Mail: an outbox in the database, and a task that empties it.
//!
//! A mail is a row inserted in the transaction that makes it necessary ([`queue_invitation`]), so it
//! exists if and only if its invitation does. [`delivery`] works on it later: [`post`] has [`render`] fill the
//! templates, [`message`] build what goes over the wire, and [`transport`] hand it over (by way of `connect`, to
//! a relay), all of it outside any transaction.

mod connect;
pub mod delivery;
pub mod message;
pub mod post;
mod queue;
pub mod render;
pub mod test_mail;
pub mod transport;

pub use queue::queue_invitation;
