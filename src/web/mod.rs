//! What is served beside the API: the start, the page where an invitation is accepted, the descriptions and the page
//! that shows them, and the answers for what watches over the server.
//!
//! GET and HEAD change nothing here, ever: mail scanners follow links. A browser posts a form and gets a
//! page; a program posts JSON to the same place and gets JSON.

mod docs;
mod endpoints;
pub mod pages;
mod security;
mod words;

pub use endpoints::{Content, Endpoint, answer, find};
