//! Sockets: accepting connections, their limits and time-outs, and going down without breaking anything.
//!
//! What a request means is not known here; `request` hands it to the pages or to the generated router.

mod activity;
mod client_address;
mod connections;
mod refusal;
mod request;
mod site;
mod trace;

pub use connections::{ServerLimits, serve};
pub use site::Site;
