//! Records as rows: the fields of a record are columns of its table.

use std::sync::OnceLock;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::config::TokenKind;
use crate::db::{Cell, FromCell, Kind, Parameter, Row, RowResult, Tx, Value, word_parameters};
use crate::file_permissions::FilePermission;
use crate::generated::models::{
    ApprovalMode, AuditLogType, InvitationStatus, Permission, ProjectVersion, UserStatus, UserType,
};
use crate::mail_states::{MailKind, MailState};
use crate::problem::Problem;
use crate::store::ids::UserId;

/// A column's name and value.
pub(super) type ColumnValue<'a> = (&'static str, &'a dyn Parameter);

/// A record whose fields are columns.
pub(super) trait Record: Sized {
    /// Reads it from a row with these columns.
    fn read(row: &Row) -> RowResult<Self>;

    /// Its columns.
    fn columns(&self) -> Vec<ColumnValue<'_>>;

    /// The statement that adds one. It is written once, since records of a type go to one table in one way.
    fn insert_statement() -> &'static OnceLock<String>;
}

/// Defines a [`Record`]. A field's column has the name of the field, unless another follows it.
macro_rules! stored {
    ($(#[$about:meta])* $visible:vis struct $name:ident {
        $($(#[$field_about:meta])* $field:ident: $type:ty $(= $column:literal)?,)+
    }) => {
        $(#[$about])*
        $visible struct $name {
            $($(#[$field_about])* pub $field: $type,)+
        }

        impl $crate::store::columns::Record for $name {
            fn read(row: &$crate::db::Row) -> $crate::db::RowResult<Self> {
                Ok(Self { $($field: row.get(stored!(@column $field $($column)?))?,)+ })
            }

            fn columns(&self) -> Vec<$crate::store::columns::ColumnValue<'_>> {
                vec![$((stored!(@column $field $($column)?), &self.$field as &dyn $crate::db::Parameter),)+]
            }

            fn insert_statement() -> &'static std::sync::OnceLock<String> {
                static STATEMENT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
                &STATEMENT
            }
        }
    };
    (@column $field:ident) => { stringify!($field) };
    (@column $field:ident $column:literal) => { $column };
}
pub(super) use stored;

/// Adds a row: the record, and columns that it does not have.
pub(super) fn insert(
    tx: &Tx,
    table: &str,
    record: &impl Record,
    others: &[ColumnValue],
) -> Result<(), Problem> {
    insert_or(tx, table, record, others, None).map(drop)
}

/// [`insert`], unless a row with the same values in the columns `unique` exists. Returns whether it was added.
pub(super) fn insert_unless(
    tx: &Tx,
    table: &str,
    record: &impl Record,
    others: &[ColumnValue],
    unique: &str,
) -> Result<bool, Problem> {
    insert_or(tx, table, record, others, Some(unique)).map(|added| added == 1)
}

fn insert_or<R: Record>(
    tx: &Tx,
    table: &str,
    record: &R,
    others: &[ColumnValue],
    unique: Option<&str>,
) -> Result<usize, Problem> {
    let mut columns = record.columns();
    columns.extend(others);
    let statement = R::insert_statement().get_or_init(|| insert_statement(table, &columns, unique));
    let values: Vec<&dyn Parameter> = columns.iter().map(|(_, value)| *value).collect();
    tx.execute(statement, values.as_slice())
}

fn insert_statement(table: &str, columns: &[ColumnValue], unique: Option<&str>) -> String {
    let on_conflict = unique.map(|unique| format!(" ON CONFLICT {unique} DO NOTHING")).unwrap_or_default();
    format!("{}{on_conflict}", insert_rows_statement(table, columns, 1))
}

fn insert_rows_statement(table: &str, columns: &[ColumnValue], rows: usize) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let row = |number: usize| {
        let first = number * columns.len() + 1;
        let places: Vec<String> = (first..first + columns.len()).map(|place| format!("?{place}")).collect();
        format!("({})", places.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", names.join(", "), rows.join(", "))
}

/// How many rows one statement adds: so many save most of the trips to a database server, and its text is short enough to
/// stay prepared.
pub(super) const ROWS_TOGETHER: usize = 50;

/// Adds rows, so many with one statement. What is left over is added by `alone`, one by one.
pub(super) fn insert_all<R>(
    tx: &Tx,
    table: &str,
    records: &[R],
    columns: impl Fn(&R) -> Vec<ColumnValue<'_>>,
    alone: impl FnMut(&R) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let (together, rest) = records.as_chunks::<ROWS_TOGETHER>();
    for records in together {
        let rows: Vec<ColumnValue> = records.iter().flat_map(&columns).collect();
        let statement = insert_rows_statement(table, &rows[..rows.len() / ROWS_TOGETHER], ROWS_TOGETHER);
        let values: Vec<&dyn Parameter> = rows.iter().map(|(_, value)| *value).collect();
        tx.execute(&statement, values.as_slice())?;
    }
    rest.iter().try_for_each(alone)
}

/// Types that are stored as JSON.
macro_rules! json {
    ($($type:ty),+) => {$(
        impl Parameter for $type {
            fn kind() -> Kind {
                Kind::Text
            }

            fn value(&self) -> Value<'_> {
                // Only keys that are no texts could make it fail.
                Value::Text(serde_json::to_string(self).unwrap_or_default().into())
            }
        }

        impl FromCell for $type {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                let Cell::Text(text) = cell else { return None };
                serde_json::from_str(text).ok()
            }
        }
    )+};
}

word_parameters!(ApprovalMode, AuditLogType, InvitationStatus, ProjectVersion, UserStatus, UserType);
word_parameters!(MailKind, MailState, TokenKind);
json!(Json, Map<String, Json>, Vec<FilePermission>, Vec<Permission>, Vec<String>, Vec<UserId>, Vec<Uuid>);
