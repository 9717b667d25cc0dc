//! The command line: one file per command. Results go to standard output, the log to standard error.

mod backup;
mod check;
mod client;
mod compact;
mod completions;
mod copy;
mod database;
mod demo;
mod export;
mod failed;
mod health;
mod init;
mod invitation;
mod leftovers;
mod mail;
mod mailbox;
mod man;
mod openapi;
mod output;
mod project;
mod restore;
mod run;
mod seed;
mod serve;
mod service_manager;
mod sign_in;
mod signals;
mod stats;
mod threads;
mod token;
mod user;
mod user_email;

pub use run::{report_usage, run};
