//! The people-and-access part of the GoRules BRMS HTTP API over one `SQLite` file.
//!
//! In reading order: a request comes in at [`server`], the generated router ([`generated`], with its
//! hand-written half [`http`]) finds its operation, [`api`] leads to the room of its noun, the room's rules
//! run inside one closure of [`db`], and what comes out goes up the same way. [`mail`] empties the outbox
//! on its own. `ARCHITECTURE.md` has the map and the invariants.

pub mod config;
pub mod startup;

#[path = "../generated/mod.rs"]
pub mod generated;
pub mod http;
pub mod problem;
pub mod server;

pub mod api;
pub mod app;
pub mod auth;
pub mod limits;
pub mod openapi;
pub mod paging;
pub mod search;

pub mod audit;
pub mod file_permissions;
pub mod groups;
pub mod health;
pub mod invitations;
pub mod members;
pub mod organisation;
pub mod projects;
pub mod roles;
pub mod tokens;
pub mod users;

pub mod mail;
pub mod testing;
pub mod web;

pub mod clock;
pub mod db;
pub mod lifeline;
pub mod log;
pub mod private_file;
pub mod secret;
pub mod temporary;

pub mod cli;
pub mod seed;
