//! Starts a server (database, first owner, listener, mail delivery) and shuts it down.
//!
//! Used by `serve`, `demo` and the tests.

mod audience;
mod data_location;
mod database_options;
mod first_start;
mod listening;
mod metrics_listener;
mod open_files;
mod opened;
mod public_url;
mod ready_file;
mod server;
mod shared_addresses;
mod socket_file;
mod test_controls;

pub use audience::Audience;
pub use data_location::sweep;
pub use database_options::of_postgres;
pub use first_start::FirstCredentials;
pub use server::Server;
