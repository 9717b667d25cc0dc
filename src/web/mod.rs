//! The endpoints beside the API: the start page, the page for accepting invitations, the descriptions and their
//! documentation page, and the health checks.
//!
//! GET and HEAD never change anything here, since mail scanners follow links. A browser posts a form and gets a page;
//! an API client posts JSON to the same path and gets JSON.

mod accepting;
mod assets;
mod content;
mod docs;
mod endpoints;
pub mod pages;
mod security;
mod unknown_paths;
mod words;

pub use content::{Content, Description};
pub use endpoints::{Endpoint, answer, endpoint_names, find};
pub use unknown_paths::Visitor;
