//! The database: the interface for the layers above, and behind it the engine.
//!
//! The interface is [`Engine::write`] (one transaction on the single writer), [`Engine::read`] (a snapshot),
//! [`Engine::peek`] (a read of microseconds on the runtime's own thread, for the credential check) and [`Tx`] with its
//! methods. Whatever belongs to one engine alone (a path, a lock, a backup) is in the engine's own module, for startup
//! and commands.
//!
//! By design, a transaction cannot be held across an `await`, and transactions do not nest.

mod jobs;
mod list;
mod memory;
mod rows;
pub mod sqlite;
mod tx;
mod values;

pub use list::{Candidates, Filter, List, Scan, Search};
pub use rows::{Column, Row, RowResult};
pub use sqlite::engine::{Db, Engine};
pub use tx::Tx;
pub use values::{Cell, FromCell, Ids, Kind, Parameter, Parameters, Value};
pub(crate) use values::{params, word_parameters};
