//! The people-and-access part of the GoRules BRMS HTTP API over one `SQLite` file.
//!
//! The modules are layers, from high to low; each imports only from lower ones. [`server`] accepts a request, the
//! generated router ([`generated`], with its hand-written half [`http`]) finds its operation, and [`api`] calls it.
//! [`operations`] implements the rules, in one transaction of [`db`], with [`access`] for the caller, [`store`] for the
//! records and [`views`] for the response. [`mail`] delivers the outbox in the background,
//! [`retention`] removes what is old. `ARCHITECTURE.md` has the map.

pub mod cli;
pub mod startup;

pub mod server;
pub mod testing;

pub mod seed;
pub mod web;

pub mod api;
pub mod operator;

pub mod operations;

pub mod app;
pub mod idempotency;
pub mod mail;
pub mod retention;
pub mod views;

pub mod access;
pub mod store;

pub mod db;

pub mod config;
pub mod file_permissions;
pub mod openapi;
pub mod paging;
pub mod unknown_path;

#[path = "../generated/mod.rs"]
pub mod generated;
pub mod limits;
pub mod log;
pub mod mail_states;

pub mod http;

pub mod problem;

pub mod address;
pub mod clock;
pub mod failure;
pub mod histogram;
pub mod lifeline;
pub mod private_file;
pub mod search;
pub mod secret;
pub mod temporary;
pub mod terminal;

pub mod characters;
