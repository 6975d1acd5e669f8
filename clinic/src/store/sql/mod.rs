//! SQL for either engine: SQLite and PostgreSQL read the same texts, with `?1`, `?2` … for parameters. Where they
//! must differ, [`Sql::dialect`] says which one it is.

mod postgres;
mod sqlite;

use std::fmt;

use super::StoreError;
pub(super) use postgres::{Prepared, Session, is_closed, may_be_repeated};

/// Which engine reads a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL, and engines that speak its protocol.
    Postgres,
}

/// A parameter of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    /// No value, of any type.
    Null,
    /// A whole number; a truth where the column is one.
    Integer(i64),
    /// `true` or `false`
    Boolean(bool),
    /// Text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl fmt::Debug for Value<'_> {
    /// Only what kind it is: the value is not for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Null => return f.write_str("Null"),
            Self::Integer(_) => "Integer",
            Self::Boolean(_) => "Boolean",
            Self::Text(_) => "Text",
            Self::Blob(_) => "Blob",
        };
        f.debug_tuple(kind).finish_non_exhaustive()
    }
}

/// What can stand for a parameter.
pub(crate) trait Param {
    /// The value.
    fn value(&self) -> Value<'_>;
}

macro_rules! param {
    ($($kind:ty => |$it:ident| $value:expr),* $(,)?) => {$(
        impl Param for $kind {
            fn value(&self) -> Value<'_> {
                let $it = self;
                $value
            }
        }
    )*};
}

param! {
    i64 => |it| Value::Integer(*it),
    u32 => |it| Value::Integer(i64::from(*it)),
    u16 => |it| Value::Integer(i64::from(*it)),
    u8 => |it| Value::Integer(i64::from(*it)),
    bool => |it| Value::Boolean(*it),
    str => |it| Value::Text(it),
    String => |it| Value::Text(it),
    [u8] => |it| Value::Blob(it),
    Vec<u8> => |it| Value::Blob(it),
}

impl<const N: usize> Param for [u8; N] {
    fn value(&self) -> Value<'_> {
        Value::Blob(self)
    }
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Param> Param for Option<T> {
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, Param::value)
    }
}

/// The parameters of a statement, in their order.
macro_rules! params {
    ($($param:expr),* $(,)?) => {
        &[$($crate::store::Param::value(&$param)),*] as &[$crate::store::Value<'_>]
    };
}
pub(crate) use params;

/// A row of an answer. Columns count from 0.
pub(crate) trait Columns {
    /// A whole number.
    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError>;
    /// A truth.
    fn boolean(&self, column: usize) -> Result<Option<bool>, StoreError>;
    /// Text, where it lies.
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    /// Bytes, where they lie.
    fn blob(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;
}

/// A row of an answer.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a>(&'a dyn Columns);

impl Row<'_> {
    /// The value of a column.
    pub fn get<T: Column>(&self, column: usize) -> Result<T, StoreError> {
        T::of(self.0, column)
    }

    /// Text of a column that is not null, without a copy.
    pub fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.0.text(column)?.ok_or(StoreError::Unexpected)
    }

    /// Text of a column, without a copy.
    pub fn text_or_null(&self, column: usize) -> Result<Option<&str>, StoreError> {
        self.0.text(column)
    }
}

/// What a column can hold.
pub(crate) trait Column: Sized {
    /// Reads it, where it may be null.
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError>;

    /// Reads it, where it may not.
    fn of(row: &dyn Columns, column: usize) -> Result<Self, StoreError> {
        Self::read(row, column)?.ok_or(StoreError::Unexpected)
    }
}

impl Column for i64 {
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
        row.integer(column)
    }
}

impl Column for bool {
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
        row.boolean(column)
    }
}

impl Column for String {
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
        Ok(row.text(column)?.map(ToOwned::to_owned))
    }
}

impl Column for Vec<u8> {
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
        Ok(row.blob(column)?.map(ToOwned::to_owned))
    }
}

macro_rules! small_number {
    ($($kind:ty),*) => {$(
        impl Column for $kind {
            fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
                row.integer(column)?
                    .map(|number| Self::try_from(number).map_err(|_| StoreError::Unexpected))
                    .transpose()
            }
        }
    )*};
}
small_number!(u8, u16, u32);

impl<T: Column> Column for Option<T> {
    fn read(row: &dyn Columns, column: usize) -> Result<Option<Self>, StoreError> {
        T::read(row, column).map(Some)
    }
}

/// Told of each row; whether it wants another one.
pub(crate) type Each<'e> = dyn FnMut(Row<'_>) -> Result<bool, StoreError> + 'e;

/// An engine, inside a transaction.
pub(super) trait Engine {
    fn dialect(&self) -> Dialect;

    /// Runs a statement. How many rows it changed.
    fn execute(&self, text: &str, params: &[Value<'_>]) -> Result<usize, StoreError>;

    /// Gives the rows of an answer that fits into memory.
    fn rows(&self, text: &str, params: &[Value<'_>], each: &mut Each<'_>)
    -> Result<(), StoreError>;

    /// Gives the rows of an answer that may be longer than is wanted.
    fn stream(
        &self,
        text: &str,
        params: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError>;
}

/// A connection inside a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Sql<'a>(&'a dyn Engine);

impl fmt::Debug for Sql<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sql").field(&self.dialect()).finish()
    }
}

impl<'a> Sql<'a> {
    pub(super) fn new(engine: &'a dyn Engine) -> Self {
        Self(engine)
    }

    /// Which engine it is.
    pub fn dialect(self) -> Dialect {
        self.0.dialect()
    }

    /// Runs a statement. How many rows it changed.
    pub fn execute(self, text: &str, params: &[Value<'_>]) -> Result<usize, StoreError> {
        self.0.execute(text, params)
    }

    /// All rows of an answer.
    pub fn rows<T>(
        self,
        text: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.0.rows(text, params, &mut |row| {
            rows.push(read(row)?);
            Ok(true)
        })?;
        Ok(rows)
    }

    /// The first row of an answer, if it has any.
    pub fn first<T>(
        self,
        text: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut first = None;
        self.0.rows(text, params, &mut |row| {
            first = Some(read(row)?);
            Ok(false)
        })?;
        Ok(first)
    }

    /// The first row of an answer that always has one.
    pub fn one<T>(
        self,
        text: &str,
        params: &[Value<'_>],
        read: impl FnMut(Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.first(text, params, read)?
            .ok_or(StoreError::Unexpected)
    }

    /// Whether an answer has a row.
    pub fn exists(self, text: &str, params: &[Value<'_>]) -> Result<bool, StoreError> {
        Ok(self.first(text, params, |_| Ok(()))?.is_some())
    }

    /// Gives `each` the rows of an answer that may be long, until it says that it wants no more.
    pub fn stream(
        self,
        text: &str,
        params: &[Value<'_>],
        mut each: impl FnMut(Row<'_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        self.0.stream(text, params, &mut each)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn parameters_are_not_for_logs() {
        let shown = format!("{:?}", params!["Mai", 7_i64, true, [7_u8; 2], None::<i64>]);
        assert_eq!(
            shown,
            "[Text(..), Integer(..), Boolean(..), Blob(..), Null]"
        );
    }
}
