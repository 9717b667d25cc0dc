//! Mail: an outbox in the database, and a task that delivers it.
//!
//! A mail is a row that is inserted in the same transaction as its invitation ([`queue_invitation`]), so it exists if
//! and only if the invitation does; one with a sign-in code ([`queue_sign_in`]) together with who may use the code. [`delivery`] processes it later: [`mailer`] renders the templates ([`render`]),
//! builds the MIME message ([`message`]) and sends it ([`transport`], over a connection from `connect`), all outside
//! any transaction.

mod connect;
pub mod delivery;
pub mod mailer;
pub mod message;
mod queue;
pub mod render;
mod replies;
pub mod test_mail;
pub mod transport;

pub use queue::{queue_invitation, queue_sign_in};
