//! Checks a seed file and reports all errors with their paths.

mod inspection;
mod people;
mod projects;

pub(crate) use inspection::{Claim, check, taken};
