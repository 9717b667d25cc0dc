//! Records as rows: the fields of a record are columns of its table.

use std::fmt::Write;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::config::TokenKind;
use crate::db::{Cell, FromCell, Kind, Parameter, Row, RowResult, Tx, Value, word_parameters};
use crate::file_permissions::FilePermission;
use crate::generated::models::{
    ApprovalMode, AuditLogType, InvitationStatus, Permission, ProjectVersion, UserStatus, UserType,
};
use crate::mail_states::MailState;
use crate::problem::Problem;

/// A column's name and value.
pub(super) type ColumnValue<'a> = (&'static str, &'a dyn Parameter);

/// A record whose fields are columns.
pub(super) trait Record: Sized {
    /// Reads it from a row with these columns.
    fn read(row: &Row) -> RowResult<Self>;

    /// Its columns.
    fn columns(&self) -> Vec<ColumnValue<'_>>;
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
    insert_or(tx, table, record, others, "").map(drop)
}

/// [`insert`], unless a row with the same values in the columns `unique` exists. Returns whether it was added.
pub(super) fn insert_unless(
    tx: &Tx,
    table: &str,
    record: &impl Record,
    unique: &str,
) -> Result<bool, Problem> {
    let added = insert_or(tx, table, record, &[], &format!(" ON CONFLICT {unique} DO NOTHING"))?;
    Ok(added == 1)
}

fn insert_or(
    tx: &Tx,
    table: &str,
    record: &impl Record,
    others: &[ColumnValue],
    on_conflict: &str,
) -> Result<usize, Problem> {
    let columns = [record.columns().as_slice(), others].concat();
    let mut names = String::with_capacity(256);
    let mut places = String::with_capacity(64);
    for (position, (name, _)) in columns.iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        names.extend([comma, name]);
        // Writing into a String cannot fail.
        let _ = write!(places, "{comma}?{}", position + 1);
    }
    let values: Vec<&dyn Parameter> = columns.iter().map(|(_, value)| *value).collect();
    let sql = format!("INSERT INTO {table} ({names}) VALUES ({places}){on_conflict}");
    tx.execute(&sql, values.as_slice())
}

/// Types that are stored as JSON.
macro_rules! json {
    ($($type:ty),+) => {$(
        impl Parameter for $type {
            fn kind() -> Kind {
                Kind::Text
            }

            fn value(&self) -> Value<'_> {
                Value::Text(serde_json::json!(self).to_string().into())
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
word_parameters!(MailState, TokenKind);
json!(Json, Map<String, Json>, Vec<FilePermission>, Vec<Permission>, Vec<String>, Vec<Uuid>);
