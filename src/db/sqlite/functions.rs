//! Functions of ours in SQL: how texts are compared and searched, for all of Unicode. SQLite's own know ASCII only.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::address::folded_or_lower_case;
use crate::search::{folded_text, has_text};

/// Adds the functions to a connection: `has_text(search, text)` for lists, and what migrations fill columns with.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("has_text", 2, flags, |arguments| {
        let [search, text] = [0, 1].map(|position| arguments.get_raw(position).as_str_or_null());
        Ok(matches!((search?, text?), (Some(search), Some(text)) if has_text(text, search)))
    })?;
    add_folding(connection, "folded_address", folded_or_lower_case)?;
    add_folding(connection, "folded_text", folded_text)
}

/// NULL stays NULL.
fn add_folding(connection: &Connection, name: &str, fold: fn(&str) -> String) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, 1, flags, move |arguments| {
        Ok(arguments.get_raw(0).as_str_or_null()?.map(fold))
    })
}
