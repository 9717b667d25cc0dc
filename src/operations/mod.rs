//! The operations, with their checks in the order in which they apply. One folder for each noun, and a file for each
//! longer operation.

pub mod audit_logs;
pub mod groups;
pub mod health;
pub mod invitations;
pub mod members;
pub mod organisations;
pub mod projects;
pub mod roles;
pub mod sign_ins;
pub mod tokens;
pub mod users;
