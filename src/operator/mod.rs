//! What the command line may do, by the same rules as the operations.

pub mod projects;
