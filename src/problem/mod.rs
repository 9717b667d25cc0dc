//! Every way a request can fail, by meaning, and the one table from meaning to status and body.
//!
//! Operations return a [`Problem`]; no other code knows status numbers or writes an error body. The body is
//! `application/problem+json` (RFC 9457) with the three members of the vendor's own errors beside its own: `message`,
//! `error` and `statusCode`.
//! What went wrong inside (an SQL text, a path, a library's words) never reaches a client: it travels in
//! [`Problem::Internal`] to the log and ends there.

mod challenge;
mod conflict;
mod head;
mod injected;
mod kind;
mod place;
mod table;
mod unavailable;

pub use challenge::{Challenge, CredentialFault};
pub use conflict::Conflict;
pub use head::HeadFault;
pub use injected::STATUSES as INJECTABLE_STATUSES;
pub use place::Place;
pub use table::{Gone, Problem, SendLimit};
pub use unavailable::Unavailable;
