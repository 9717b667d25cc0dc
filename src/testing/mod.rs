//! The stand-in's own controls, for tests of clients: put the data back, move the clock, read the mail,
//! make answers fail. Off unless `--test-api` is given, and then for the holder of the token, which is no
//! credential of the API and is understood nowhere else.
//!
//! They stand beside the API and not in it: the description does not know them, and without `--test-api`
//! their paths are answered as any unknown path.

mod clock;
mod controls;
mod dispatch;
mod faults;
mod mailbox;
mod reset;
mod routes;

pub use controls::Controls;
pub use routes::answer;
