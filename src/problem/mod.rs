//! Every way in which a request can fail, and the table that maps them to status and body.
//!
//! Operations return a [`Problem`]; no other code has status numbers or writes an error body. The body is
//! `application/problem+json` (RFC 9457) with three further members that the vendor's errors have: `message`, `error`
//! and `statusCode`. Internal causes (an SQL text, a path, a library's message) never reach a client:
//! [`Problem::Internal`] carries them to the log.

mod challenge;
mod conflict;
mod head;
mod idempotency;
mod injected;
mod kind;
mod place;
mod send_limit;
mod table;
mod unavailable;

pub use challenge::{Challenge, CredentialFault};
pub use conflict::{Conflict, Most};
pub use head::HeadFault;
pub use idempotency::{IdempotencyProblem, NotKept};
pub use injected::STATUSES as INJECTABLE_STATUSES;
pub use place::Place;
pub use send_limit::SendLimit;
pub use table::{Gone, Problem};
pub use unavailable::Unavailable;
