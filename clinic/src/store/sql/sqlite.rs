//! SQLite. Statements are kept prepared.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::{Columns, Dialect, Each, Engine, Row, Value};
use crate::store::StoreError;

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Boolean(truth) => ValueRef::Integer(i64::from(*truth)),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Columns for rusqlite::Row<'_> {
    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.get(column)?)
    }

    fn boolean(&self, column: usize) -> Result<Option<bool>, StoreError> {
        Ok(self.get(column)?)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let value = self.get_ref(column)?;
        Ok(value.as_str_or_null().map_err(rusqlite::Error::from)?)
    }

    fn blob(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        let value = self.get_ref(column)?;
        Ok(value.as_blob_or_null().map_err(rusqlite::Error::from)?)
    }
}

impl Engine for Connection {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn execute(&self, text: &str, params: &[Value<'_>]) -> Result<usize, StoreError> {
        let mut statement = self.prepare_cached(text)?;
        Ok(statement.execute(params_from_iter(params))?)
    }

    fn rows(
        &self,
        text: &str,
        params: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        let mut statement = self.prepare_cached(text)?;
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            if !each(Row(row))? {
                break;
            }
        }
        Ok(())
    }

    fn stream(
        &self,
        text: &str,
        params: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        self.rows(text, params, each)
    }
}
