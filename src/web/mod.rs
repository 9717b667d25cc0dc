//! The endpoints beside the API: the start page, the pages for accepting invitations and for
//! signing in, the account of a person who has signed in, the descriptions and their
//! documentation page, and the health checks.
//!
//! GET and HEAD never change anything here, since mail scanners follow links. A browser posts a form and gets a page;
//! an API client posts JSON to the same path and gets JSON.

mod accepting;
mod account;
mod assets;
mod content;
mod docs;
mod endpoints;
mod home;
pub mod pages;
mod security;
mod signing_in;
mod unknown_paths;
mod words;

pub use content::{Content, Description};
pub use endpoints::{Endpoint, answer, endpoint_names, find};
pub use home::{Home, MailWay};
pub use unknown_paths::Visitor;
