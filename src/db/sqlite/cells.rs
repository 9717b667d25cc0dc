//! Conversion of values to and from SQLite columns and parameters.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use uuid::Uuid;

use crate::db::values::{Cell, Value};

pub(in crate::db) use rusqlite::Connection as SqliteConnection;
pub(in crate::db) use rusqlite::Row as SqliteRow;

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
            Self::Ids(ids) => return Ok(ToSqlOutput::from(json_list(ids))),
        }))
    }
}

/// One column of a row. Returns `None` if the column does not exist or has a type that the schema does not use.
pub(in crate::db) fn cell<'r>(row: &'r SqliteRow<'_>, position: usize) -> Option<Cell<'r>> {
    Some(match row.get_ref(position).ok()? {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(value) => Cell::Integer(value),
        ValueRef::Text(text) => Cell::Text(std::str::from_utf8(text).ok()?),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes),
        ValueRef::Real(_) => return None,
    })
}

/// The position of the column with this name.
pub(in crate::db) fn position(row: &SqliteRow<'_>, name: &str) -> Option<usize> {
    row.as_ref().column_index(name).ok()
}

/// A JSON list of ids for `json_each` and `unhex`.
fn json_list(ids: &[Uuid]) -> String {
    let mut list = String::with_capacity(ids.len() * 35 + 2);
    list.push('[');
    for (position, id) in ids.iter().enumerate() {
        if position > 0 {
            list.push(',');
        }
        list.push('"');
        list.push_str(id.simple().encode_lower(&mut Uuid::encode_buffer()));
        list.push('"');
    }
    list.push(']');
    list
}
