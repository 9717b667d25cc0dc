//! Puts a server together: database, first people, socket, mail task; and takes it apart again.
//!
//! `serve`, `demo` and the tests all start servers this way.

mod audience;
mod first_start;
mod home;
mod public_url;
mod ready_file;
mod server;
mod test_controls;

pub use audience::Audience;
pub use first_start::FirstCredentials;
pub use home::sweep;
pub use server::Server;
