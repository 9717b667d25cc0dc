//! The half of the HTTP interface that no description changes: finding a route, reading parameters and
//! bodies strictly and within limits, writing answers. `generated/` calls it, pages made by hand do too.

mod body;
mod download;
mod head;
pub mod limits;
pub mod parameter;
mod reply;
mod request;
mod route;
pub mod strict;
mod words;

pub use body::{BODY_BYTES_MAX, Form};
pub use download::{ClientGone, Download, DownloadWriter};
pub use limits::{Check, Limits, check_email};
pub use parameter::{PathParameters, RequestParameter};
pub use reply::{Reply, ReplyBody, parts_are_over};
pub use request::{Authorization, Request, RequestContext};
pub use route::{Match, Route, find, fits, route};
pub(crate) use strict::object;
pub use strict::{ObjectOnly, hyphenated, present};
pub(crate) use words::words;
