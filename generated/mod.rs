// Generated from brms.json by scripts/codegen. Do not edit: change those, and build.rs renews this.

//! The HTTP interface of brms.json in Rust: its types, its operations as a trait, its routes.
//!
//! What does not depend on the description is written by hand in `crate::http`.

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
