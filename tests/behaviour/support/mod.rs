//! Helpers of all tests: a server in this process ([`TestServer`]) or as a program ([`program`]), a client that
//! checks every response against the description ([`client`]), raw HTTP ([`tcp`]), direct access to the data
//! ([`inside`]), a mail server ([`smtp`]), and the names of the seed.

pub mod browser;
pub mod client;
pub mod contract;
pub mod controls;
pub mod derived;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod inside;
pub mod instances;
pub mod leaks;
pub mod postgres;
pub mod program;
pub mod random;
pub mod seed;
pub mod server;
pub mod smtp;
pub mod statements;
pub mod tcp;

pub use browser::Browser;
pub use client::{Answer, Call};
pub use server::TestServer;
