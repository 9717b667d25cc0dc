//! Parameters and cells, independent of the engine: each engine translates these few cases in one place, and the
//! layers above use no database library.

use std::borrow::Cow;

use uuid::Uuid;

use crate::clock::Timestamp;
use crate::http::Word;
use crate::secret::SecretHash;

/// The kinds of parameter. An engine with typed parameters needs the kind of each, even if it is NULL. A flag is an
/// integer, 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A signed 64-bit integer.
    Integer,
    /// UTF-8.
    Text,
    /// A hash, or a mail as it is sent.
    Bytes,
    /// A UUID.
    Id,
    /// A list of UUIDs, for `ids(?n)`.
    Ids,
}

/// A borrowed parameter value.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    /// NULL, of this kind.
    Null(Kind),
    /// See [`Kind::Integer`].
    Integer(i64),
    /// See [`Kind::Text`].
    Text(Cow<'a, str>),
    /// See [`Kind::Bytes`].
    Bytes(&'a [u8]),
    /// See [`Kind::Id`].
    Id(Uuid),
    /// See [`Kind::Ids`].
    Ids(&'a [Uuid]),
}

impl Value<'_> {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Integer(_) => Kind::Integer,
            Self::Text(_) => Kind::Text,
            Self::Bytes(_) => Kind::Bytes,
            Self::Id(_) => Kind::Id,
            Self::Ids(_) => Kind::Ids,
        }
    }
}

/// A type that can be bound to a `?n`.
pub trait Parameter: Sync {
    /// The kind, also of NULL.
    fn kind() -> Kind
    where
        Self: Sized;

    /// Its value.
    fn value(&self) -> Value<'_>;
}

macro_rules! parameters {
    ($($type:ty: $kind:ident = |$value:ident| $make:expr;)*) => {$(
        impl Parameter for $type {
            fn kind() -> Kind {
                Kind::$kind
            }

            fn value(&self) -> Value<'_> {
                let $value = self;
                Value::$kind($make)
            }
        }
    )*};
}

parameters! {
    bool: Integer = |value| i64::from(*value);
    i64: Integer = |value| *value;
    u32: Integer = |value| i64::from(*value);
    &str: Text = |value| Cow::Borrowed(value);
    String: Text = |value| Cow::Borrowed(value);
    &[u8]: Bytes = |value| value;
    Vec<u8>: Bytes = |value| value;
    Uuid: Id = |value| *value;
    Timestamp: Integer = |value| value.as_millis();
    SecretHash: Bytes = |value| value.as_bytes();
    Ids: Ids = |value| &value.0;
}

impl<T: Parameter> Parameter for &T {
    fn kind() -> Kind {
        T::kind()
    }

    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Parameter> Parameter for Option<T> {
    fn kind() -> Kind {
        T::kind()
    }

    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null(T::kind()), Parameter::value)
    }
}

/// A list of ids as one parameter. `ids(?n)` is a table of them with the columns `id` and `position`, counted from 0.
#[derive(Clone, Debug)]
pub struct Ids(Vec<Uuid>);

impl<'a, T: Copy + Into<Uuid> + 'a> FromIterator<&'a T> for Ids {
    fn from_iter<I: IntoIterator<Item = &'a T>>(ids: I) -> Self {
        Self(ids.into_iter().map(|id| (*id).into()).collect())
    }
}

impl Ids {
    /// These ids, in this order.
    #[must_use]
    pub fn of<'a, T: Copy + Into<Uuid> + 'a>(ids: impl IntoIterator<Item = &'a T>) -> Self {
        ids.into_iter().collect()
    }
}

/// The parameters of a statement: `params!`, an array of one type, or none.
pub trait Parameters {
    /// Calls `run` with the parameters.
    fn with<R>(self, run: impl FnOnce(&[&dyn Parameter]) -> R) -> R;
}

impl Parameters for &[&dyn Parameter] {
    fn with<R>(self, run: impl FnOnce(&[&dyn Parameter]) -> R) -> R {
        run(self)
    }
}

impl<T: Parameter, const COUNT: usize> Parameters for [T; COUNT] {
    fn with<R>(self, run: impl FnOnce(&[&dyn Parameter]) -> R) -> R {
        run(&self.each_ref().map(|parameter| parameter as &dyn Parameter))
    }
}

/// No parameters.
impl Parameters for () {
    fn with<R>(self, run: impl FnOnce(&[&dyn Parameter]) -> R) -> R {
        run(&[])
    }
}

/// Makes enums of words parameters.
macro_rules! word_parameters {
    ($($type:ty),+) => {$(
        impl $crate::db::Parameter for $type {
            fn kind() -> $crate::db::Kind {
                $crate::db::Kind::Text
            }

            fn value(&self) -> $crate::db::Value<'_> {
                $crate::db::Value::Text($crate::http::Word::word(*self).into())
            }
        }
    )+};
}
pub(crate) use word_parameters;

/// Parameters of different types, for `?1`, `?2` and so on.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$(&$value as &dyn $crate::db::Parameter),*] as &[&dyn $crate::db::Parameter] };
}
pub(crate) use params;

/// A borrowed cell.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'r> {
    /// NULL.
    Null,
    /// See [`Kind::Integer`].
    Integer(i64),
    /// See [`Kind::Text`].
    Text(&'r str),
    /// See [`Kind::Bytes`].
    Bytes(&'r [u8]),
    /// See [`Kind::Id`]. An engine without a UUID type returns 16 bytes.
    Id(Uuid),
}

/// A type that a cell can be read as.
pub trait FromCell: Sized {
    /// Returns `None` if the cell has another type.
    fn from_cell(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! cells {
    ($($type:ty: $($pattern:pat => $make:expr),+;)*) => {$(
        impl FromCell for $type {
            fn from_cell(cell: Cell<'_>) -> Option<Self> {
                match cell {
                    $($pattern => $make,)+
                    _ => None,
                }
            }
        }
    )*};
}

cells! {
    bool: Cell::Integer(value) => Some(value != 0);
    Uuid: Cell::Id(id) => Some(id), Cell::Bytes(bytes) => Uuid::from_slice(bytes).ok();
    i64: Cell::Integer(value) => Some(value);
    u32: Cell::Integer(value) => value.try_into().ok();
    String: Cell::Text(text) => Some(text.to_owned());
    Vec<u8>: Cell::Bytes(bytes) => Some(bytes.to_vec());
    Timestamp: Cell::Integer(value) => Some(Self::from_millis(value));
    SecretHash: Cell::Bytes(bytes) => bytes.try_into().ok().map(Self::from_bytes);
}

/// The enums of words are stored as their words.
impl<T: Word> FromCell for T {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        let Cell::Text(text) = cell else { return None };
        text.parse().ok()
    }
}

impl<T: FromCell> FromCell for Option<T> {
    fn from_cell(cell: Cell<'_>) -> Option<Self> {
        match cell {
            Cell::Null => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}
