//! A result row, and how its columns are read.

use std::cell::{Cell as Changing, RefCell};
use std::fmt::Display;

use super::postgres::cells::{self as postgres, PostgresRow};
use super::sqlite::cells::{self as sqlite, SqliteRow};
use super::values::{Cell, FromCell};
use crate::failure::Failure;

/// The result of a function that maps a row. Fails if the columns are not as expected.
pub type RowResult<T> = Result<T, Failure>;

/// A result row.
pub struct Row<'r> {
    cells: Cells<'r>,
    /// `None` for the first row: most results have one, which needs no list.
    columns: Option<&'r ReadColumns>,
    /// How many columns were read by name.
    read: Changing<usize>,
}

/// Whether to read further rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Enough {
    /// What was read is enough.
    Yes,
    /// The next row is read.
    No,
}

#[derive(Clone, Copy)]
enum Cells<'r> {
    Sqlite(&'r SqliteRow<'r>),
    Postgres(&'r PostgresRow),
}

impl<'r> Cells<'r> {
    fn position(self, name: &str) -> Option<usize> {
        match self {
            Self::Sqlite(row) => sqlite::position(row, name),
            Self::Postgres(row) => postgres::position(row, name),
        }
    }

    fn cell(self, position: usize) -> Option<Cell<'r>> {
        match self {
            Self::Sqlite(row) => sqlite::cell(row, position),
            Self::Postgres(row) => postgres::cell(row, position),
        }
    }
}

/// The columns of most records, so that one allocation is enough.
const COLUMNS_USUAL: usize = 16;

/// The columns that were read of the rows of a result, in this order, with their positions. All rows are mostly read in
/// one order, so that names are looked up for two rows only: for each row it took an eighth of the time of a list.
#[derive(Default)]
pub(super) struct ReadColumns(RefCell<Vec<(&'static str, usize)>>);

impl ReadColumns {
    /// The position of the column that is read after `read` others.
    fn position(&self, cells: Cells<'_>, read: usize, name: &'static str) -> Option<usize> {
        let mut known = self.0.borrow_mut();
        if let Some((_, position)) = known.get(read).filter(|(known, _)| *known == name) {
            return Some(*position);
        }
        let position = cells.position(name)?;
        known.truncate(read);
        if known.is_empty() {
            known.reserve(COLUMNS_USUAL);
        }
        known.push((name, position));
        Some(position)
    }
}

/// A column index: its name, or its position counted from 0.
pub trait Column: Copy + Display {
    /// The cell in this column, if there is one of a known type.
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>>;
}

impl Column for &'static str {
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>> {
        let read = row.read.replace(row.read.get() + 1);
        let position = match row.columns {
            None => row.cells.position(self),
            Some(columns) => columns.position(row.cells, read, self),
        };
        row.cells.cell(position?)
    }
}

impl Column for usize {
    fn of<'r>(self, row: &'r Row<'_>) -> Option<Cell<'r>> {
        row.cells.cell(self)
    }
}

impl<'r> Row<'r> {
    pub(super) fn of_sqlite(row: &'r SqliteRow<'r>, columns: Option<&'r ReadColumns>) -> Self {
        Self { cells: Cells::Sqlite(row), columns, read: Changing::new(0) }
    }

    pub(super) fn of_postgres(row: &'r PostgresRow, columns: Option<&'r ReadColumns>) -> Self {
        Self { cells: Cells::Postgres(row), columns, read: Changing::new(0) }
    }

    /// One column as it is stored.
    pub(super) fn cell(&self, position: usize) -> Option<Cell<'r>> {
        self.cells.cell(position)
    }

    /// Reads one column as `T`.
    pub fn get<T: FromCell>(&self, column: impl Column) -> RowResult<T> {
        let cell =
            column.of(self).ok_or_else(|| Failure(format!("column {column} is missing or unreadable")))?;
        T::from_cell(cell).ok_or_else(|| Failure(format!("column {column} has an unexpected value")))
    }
}
