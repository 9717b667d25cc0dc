//! The operations: what each does, in the order its rules apply. One folder a noun, a file an operation where it is long.

pub mod audit_logs;
pub mod groups;
pub mod health;
pub mod invitations;
pub mod members;
pub mod organisations;
pub mod projects;
pub mod roles;
pub mod tokens;
pub mod users;
