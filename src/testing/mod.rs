//! The test controls, for tests of API clients: reset the data, move the clock, read mails, inject faults. Disabled
//! unless `--test-api` is given; they require a token of their own, which is not a credential of the API.
//!
//! They are not part of the API: the description does not contain them, and without `--test-api` their paths are
//! unknown.

mod clock;
mod controls;
mod dispatch;
mod faults;
mod mailbox;
mod reset;
mod routes;

pub use controls::{Controls, SeededSecrets};
pub use routes::{answer, control_names};
