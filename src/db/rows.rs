//! A result row, and how its columns are read.

use std::fmt::Display;

use super::sqlite::cells::{self, SqliteRow};
use super::values::{Cell, FromCell};
use crate::failure::Failure;

/// The result of a function that maps a row. Fails if the columns are not as expected.
pub type RowResult<T> = Result<T, Failure>;

/// A result row.
pub struct Row<'r>(&'r SqliteRow<'r>);

/// A column index: its name, or its position counted from 0.
pub trait Column: Copy + Display {
    /// The cell in this column, if there is one of a known type.
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>>;
}

impl Column for &str {
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>> {
        cells::cell(row.0, self)
    }
}

impl Column for usize {
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>> {
        cells::cell(row.0, self)
    }
}

impl<'r> Row<'r> {
    pub(super) fn new(row: &'r SqliteRow<'r>) -> Self {
        Self(row)
    }

    /// Reads one column as `T`.
    pub fn get<T: FromCell>(&self, column: impl Column) -> RowResult<T> {
        let cell =
            column.of(self).ok_or_else(|| Failure(format!("column {column} is missing or unreadable")))?;
        T::from_cell(cell).ok_or_else(|| Failure(format!("column {column} has an unexpected value")))
    }
}
