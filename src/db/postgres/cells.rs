//! Conversion of values to and from PostgreSQL columns and parameters.

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut, BytesMut};
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::db::values::{Cell, Kind, Value};

pub(in crate::db) use postgres::Row as PostgresRow;

type Converted<T> = Result<T, Box<dyn Error + Sync + Send>>;

/// PostgreSQL stores no U+0000 in a text. It is stored, and searched for, as the replacement character.
const REPLACEMENT: &str = "\u{FFFD}";

impl ToSql for Value<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Converted<IsNull> {
        match self {
            Self::Null(_) => return Ok(IsNull::Yes),
            Self::Integer(value) => out.put_i64(*value),
            Self::Text(text) => out.put_slice(storable(text).as_bytes()),
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Id(id) => out.put_slice(id.as_bytes()),
            Self::Ids(ids) => {
                let ids: Vec<Value> = ids.iter().map(|id| Value::Id(*id)).collect();
                return ids.to_sql(&Type::UUID_ARRAY, out);
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A text as PostgreSQL stores it.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', REPLACEMENT)) } else { Cow::Borrowed(text) }
}

/// The kind of a column of the schema.
pub(super) fn kind(of: &Type) -> Option<Kind> {
    [Kind::Integer, Kind::Text, Kind::Bytes, Kind::Id].into_iter().find(|kind| declared(*kind) == *of)
}

/// The type that a parameter is declared with.
pub(super) fn declared(kind: Kind) -> Type {
    match kind {
        Kind::Integer => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
        Kind::Id => Type::UUID,
        Kind::Ids => Type::UUID_ARRAY,
    }
}

impl<'r> FromSql<'r> for Cell<'r> {
    fn from_sql(of: &Type, raw: &'r [u8]) -> Converted<Self> {
        Ok(match *of {
            Type::INT8 => Self::Integer(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Self::Integer(i32::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Self::Integer(i64::from(raw != [0])),
            Type::TEXT | Type::VARCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => {
                Self::Text(std::str::from_utf8(raw)?)
            }
            Type::BYTEA => Self::Bytes(raw),
            Type::UUID => Self::Id(Uuid::from_slice(raw)?),
            _ => return Err(format!("the schema does not use the type {of}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Converted<Self> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// One column of a row. Returns `None` if the column does not exist or has a type that the schema does not use.
pub(in crate::db) fn cell(row: &PostgresRow, position: usize) -> Option<Cell<'_>> {
    row.try_get(position).ok()
}

/// The position of the column with this name.
pub(in crate::db) fn position(row: &PostgresRow, name: &str) -> Option<usize> {
    row.columns().iter().position(|column| column.name() == name)
}
