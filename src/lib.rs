//! The people-and-access part of the GoRules BRMS HTTP API over one `SQLite` file.
//!
//! In reading order: a request comes in at [`server`], the generated router ([`generated`], with its
//! hand-written half [`http`]) finds its operation, [`api`] leads to the room of its noun, the room's rules
//! run inside one closure of [`db`], and what comes out goes up the same way. [`mail`] empties the outbox
//! on its own. `ARCHITECTURE.md` has the map and the invariants.

pub mod cli;
pub mod seed;
pub mod server;
pub mod startup;
pub mod testing;
pub mod web;

pub mod api;
pub mod app;
pub mod operations;
pub mod operator;

pub mod access;
pub mod mail;
pub mod store;
pub mod views;

pub mod db;

pub mod clock;
pub mod config;
pub mod file_permissions;
#[path = "../generated/mod.rs"]
pub mod generated;
pub mod http;
pub mod lifeline;
pub mod limits;
pub mod log;
pub mod openapi;
pub mod paging;
pub mod private_file;
pub mod problem;
pub mod search;
pub mod secret;
pub mod temporary;
