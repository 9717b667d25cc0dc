//! Everything tests share: a server in this process ([`TestServer`]) or as a program ([`program`]), a
//! client that checks every answer against the description ([`client`]), HTTP by hand ([`tcp`]), a way
//! around the server to its data ([`inside`]), a mail server to deliver to ([`smtp`]), and the names of
//! the seed.

pub mod client;
pub mod contract;
pub mod controls;
#[cfg(target_os = "linux")]
pub mod disk;
pub mod inside;
pub mod leaks;
pub mod program;
pub mod random;
pub mod seed;
pub mod server;
pub mod smtp;
pub mod statements;
pub mod tcp;

pub use client::{Answer, Call};
pub use server::TestServer;
