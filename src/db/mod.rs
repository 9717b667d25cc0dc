//! The database: the interface for the layers above, and behind it the engine.
//!
//! The interface is [`Engine::write`] (one transaction), [`Engine::read`] (a snapshot), [`Engine::look`] (a short read,
//! which SQLite does on the runtime's own thread) and [`Tx`] with its methods. Whatever belongs to one engine alone (a path, a lock, a backup) is in the engine's own module, for startup
//! and commands.
//!
//! By design, a transaction cannot be held across an `await`, and transactions do not nest.

mod budget;
mod engine;
mod jobs;
mod lines;
mod list;
mod memory;
mod party;
pub mod postgres;
mod rows;
mod sizes;
pub mod sqlite;
mod storage_fault;
mod turns;
mod tx;
mod values;

pub use budget::Demand;
pub use engine::{Db, Engine, RetentionTurn};
pub use list::{Candidates, Filter, List, Scan, Search};
pub use party::Party;
pub use rows::{Column, Enough, Row, RowResult};
pub use sizes::DatabaseSizes;
pub use storage_fault::{StorageCheck, StorageFault};
pub use turns::{Turn, Turns};
pub use tx::Tx;
pub use values::{Cell, FromCell, Ids, Kind, Parameter, Parameters, Value};
pub(crate) use values::{params, word_parameters};
