//! Signing in: a code by mail that counts only in the browser or program that asked, a link of the operator, and the
//! sessions that begin with them.
//!
//! What a request is answered never depends on whether anybody has the address: the limits count all requests alike,
//! and who has the address is looked up after the answer.

pub mod account;
pub mod ask;
mod begin;
mod codes;
pub mod confirm;
mod limits;
mod links;

pub use begin::{NewSession, Presented, begin_by_invitation};
pub use links::{add_link, create_link, follow};
