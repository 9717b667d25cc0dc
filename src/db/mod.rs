//! The database: what the layers above see of it, and behind that its engine.
//!
//! They see four things: [`Db::write`] (one transaction among all that write), [`Db::read`] (a snapshot), [`Db::peek`] (a
//! look of microseconds on the runtime's own thread, for the credential check) and [`Tx`] with its verbs. What belongs to
//! one engine alone (a path, a lock, a backup) is in the engine's own module, for startup and commands.
//!
//! There is deliberately no way to hold a transaction across an `await`, and no nested transaction.

mod handle;
mod jobs;
mod list;
mod rows;
pub mod sqlite;
mod tx;
mod values;

pub use handle::Db;
pub use list::List;
pub use rows::{Column, Row, RowResult, json, json_text, word};
pub use tx::Tx;
pub(crate) use values::params;
pub use values::{Cell, FromCell, Ids, Kind, Parameter, Parameters, Value};
