//! The served description, made from brms.json: with the server's URL, the problems that it answers, the limits of
//! [`crate::limits`], and in the form that generators of clients need: each shape has a name, counts are integers,
//! and times are times. A request that matches it is never answered with 400, and matches brms.json, too.

mod components;
mod examples;
mod problems;
mod served;

pub use served::{VENDORED, served};
