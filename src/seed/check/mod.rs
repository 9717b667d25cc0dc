//! What is wrong in a seed file, all of it, each with its place.

mod inspection;
mod people;
mod projects;

pub(crate) use inspection::{Claim, check, taken};
