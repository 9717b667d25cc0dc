//! The part of the HTTP interface that is independent of the description: routing, strict reading of parameters and
//! bodies with limits, and responses. Used by `generated/` and by the hand-written pages.

mod body;
mod download;
mod head;
mod idempotency;
pub mod limits;
pub mod parameter;
mod reply;
mod request;
mod route;
pub mod strict;
mod trail;
mod words;

pub use body::{BODY_BYTES_MAX, Form};
pub use download::{ClientGone, Download, DownloadWriter};
pub use idempotency::{
    IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_CHARACTERS_MAX, Idempotency, KeptAnswer, Posted, WithIdempotency,
};
pub use limits::{Check, Limits};
pub use parameter::RequestParameter;
pub use reply::{Reply, ReplyBody, parts_are_over};
pub use request::{Authorization, Request, RequestContext};
pub use route::{Route, find, fits, route};
pub(crate) use strict::object;
pub use strict::{ObjectOnly, hyphenated, present};
pub use trail::{RequestTrail, Waits};
pub use words::Word;
pub(crate) use words::words;
