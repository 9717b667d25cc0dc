//! Functions of ours in SQL: how texts are compared and searched, for all of Unicode. SQLite's own know ASCII only.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;

use crate::address::folded_or_lower_case;
use crate::search::{folded_text, trigrams};

/// Adds the functions to a connection: `trigrams(search)` for the search indexes, and what migrations fill columns with.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("trigrams", 1, flags, |arguments| {
        Ok(arguments.get_raw(0).as_str_or_null()?.map(fts5_query))
    })?;
    add_folding(connection, "folded_address", folded_or_lower_case)?;
    add_folding(connection, "folded_text", folded_text)
}

/// What FTS5 is asked for the rows with all trigrams of a text. A quotation mark in a string is doubled.
fn fts5_query(text: &str) -> String {
    let strings: Vec<String> =
        trigrams(text).into_iter().map(|trigram| format!("\"{}\"", trigram.replace('"', "\"\""))).collect();
    strings.join(" AND ")
}

/// NULL stays NULL.
fn add_folding(connection: &Connection, name: &str, fold: fn(&str) -> String) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function(name, 1, flags, move |arguments| {
        Ok(arguments.get_raw(0).as_str_or_null()?.map(fold))
    })
}
