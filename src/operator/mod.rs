//! What only the command line may do, by the same rules as the operations.

pub mod invitations;
pub mod mails;
pub mod projects;
pub mod seeds;
pub mod tokens;
