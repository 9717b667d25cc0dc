//! A result row, and how its columns are read.

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sqlite::cells::{self, SqliteIndex, SqliteRow};
use super::values::{Cell, FromCell};
use crate::failure::Failure;

/// The result of a function that maps a row. Fails if the columns are not as expected.
pub type RowResult<T> = Result<T, Failure>;

/// A result row.
pub struct Row<'r>(RowOf<'r>);

/// The row by engine.
enum RowOf<'r> {
    Sqlite(&'r SqliteRow<'r>),
}

impl<'r> From<&'r SqliteRow<'r>> for Row<'r> {
    fn from(row: &'r SqliteRow<'r>) -> Self {
        Self(RowOf::Sqlite(row))
    }
}

/// A column index: its name, or its position counted from 0.
pub trait Column: Copy + Display + SqliteIndex {}

impl Column for &str {}
impl Column for usize {}

impl Row<'_> {
    /// Reads one column as `T`.
    pub fn get<T: FromCell>(&self, column: impl Column) -> RowResult<T> {
        T::from_cell(self.cell(column)?)
            .ok_or_else(|| Failure(format!("column {column} has an unexpected type")))
    }

    /// One column as its raw value.
    pub fn cell(&self, column: impl Column) -> RowResult<Cell<'_>> {
        let cell = match self.0 {
            RowOf::Sqlite(row) => cells::cell(row, column),
        };
        cell.ok_or_else(|| Failure(format!("column {column} is missing or unreadable")))
    }
}

/// Reads a column that holds an enum value of the description.
pub fn word<T: FromStr<Err = String>>(row: &Row, column: &str) -> RowResult<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(Failure)
}

/// Reads a nullable JSON column.
pub fn json<T: DeserializeOwned>(row: &Row, column: &str) -> RowResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|cause| Failure(cause.to_string()))
}

/// JSON text for such a column. A value that cannot be serialised becomes null and fails the column's CHECK.
pub fn json_text(value: &impl Serialize) -> String {
    serde_json::json!(value).to_string()
}
