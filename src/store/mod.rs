//! The records and their SQL, one file for each noun.

pub mod addresses;
pub mod audit_changes;
pub(crate) mod audit_log_lists;
pub mod audit_log_pages;
pub mod audit_log_segments;
pub mod audit_logs;
mod columns;
pub mod credentials;
pub mod groups;
pub(crate) mod idempotency_keys;
pub mod ids;
pub mod invariants;
pub mod invitations;
pub(crate) mod listed_members;
pub mod lists;
pub mod mail_claims;
pub mod mail_queues;
pub mod mails;
pub mod members;
pub mod organisations;
pub mod projects;
pub(crate) mod removals;
pub mod roles;
mod searches;
pub mod servers;
pub(crate) mod sessions;
pub(crate) mod sets;
pub(crate) mod sign_ins;
pub mod statistics;
pub mod tables;
pub mod tokens;
pub mod totals;
pub mod users;

#[cfg(test)]
mod tests;
