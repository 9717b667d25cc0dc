//! Maps records to API models, one file for each noun.

pub mod answers;
pub mod audit_log_rows;
pub mod audit_logs;
pub mod groups;
pub mod invitations;
pub mod members;
pub mod organisations;
pub mod projects;
pub mod roles;
pub mod tokens;
pub mod users;
