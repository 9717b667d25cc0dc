//! A row of an answer, and how its columns are read.

use std::fmt::Display;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sqlite::cells::{self, SqliteIndex, SqliteRow};
use super::values::{Cell, FromCell};
use crate::failure::Failure;

/// What a function from a row to a value returns. It fails if the columns are not what the program expects.
pub type RowResult<T> = Result<T, Failure>;

/// A row of an answer.
pub struct Row<'r>(RowOf<'r>);

/// Which engine it is of.
enum RowOf<'r> {
    Sqlite(&'r SqliteRow<'r>),
}

impl<'r> From<&'r SqliteRow<'r>> for Row<'r> {
    fn from(row: &'r SqliteRow<'r>) -> Self {
        Self(RowOf::Sqlite(row))
    }
}

/// What names a column: its name, or its place counted from 0.
pub trait Column: Copy + Display + SqliteIndex {}

impl Column for &str {}
impl Column for usize {}

impl Row<'_> {
    /// Reads one column.
    pub fn get<T: FromCell>(&self, column: impl Column) -> RowResult<T> {
        T::from_cell(self.cell(column)?).ok_or_else(|| Failure(format!("column {column} holds another type")))
    }

    /// One column as it is.
    pub fn cell(&self, column: impl Column) -> RowResult<Cell<'_>> {
        let cell = match self.0 {
            RowOf::Sqlite(row) => cells::cell(row, column),
        };
        cell.ok_or_else(|| Failure(format!("there is no column {column} that can be read")))
    }
}

/// Reads a column that holds one of the description's words.
pub fn word<T: FromStr<Err = String>>(row: &Row, column: &str) -> RowResult<T> {
    let text: String = row.get(column)?;
    text.parse().map_err(Failure)
}

/// Reads a column that holds JSON, or NULL.
pub fn json<T: DeserializeOwned>(row: &Row, column: &str) -> RowResult<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|cause| Failure(cause.to_string()))
}

/// JSON for such a column. Whatever cannot be written comes out as null and fails the column's CHECK.
pub fn json_text(value: &impl Serialize) -> String {
    serde_json::json!(value).to_string()
}
