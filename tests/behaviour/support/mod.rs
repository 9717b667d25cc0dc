//! Everything tests share: a server in this process ([`TestServer`]) or as a program ([`program`]), a
//! client that checks every answer against the description ([`client`]), and the names of the seed.

pub mod client;
pub mod contract;
pub mod program;
pub mod seed;
pub mod server;

pub use client::{Answer, Call};
pub use server::TestServer;
