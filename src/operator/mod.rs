//! Operations that only the command line offers, with the same rules as the API.

pub mod addresses;
pub mod checks;
pub mod invitations;
pub mod mails;
pub mod projects;
pub mod sign_ins;
pub mod tokens;
pub mod users;
