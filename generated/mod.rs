// Generated from brms.json by scripts/codegen. Do not edit: change those, and build.rs generates this again.

//! The HTTP interface of brms.json: types, operations (as a trait), and routes.
//!
//! Code that is independent of the description is in `crate::http`.

#![allow(
    unused_variables,
    clippy::doc_markdown,
    clippy::match_same_arms,
    clippy::option_option,
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    clippy::too_many_lines,
    clippy::unnecessary_wraps,
    clippy::wildcard_imports,
    reason = "names, words, length and repetition are those of the description"
)]

pub mod api;
pub mod models;
pub mod router;
