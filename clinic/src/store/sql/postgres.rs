//! PostgreSQL. Statements are kept prepared by their text; long answers come in pieces through a portal.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;

use postgres::error::SqlState;
use postgres::types::private::BytesMut;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, IsolationLevel, Statement, Transaction};

use super::{Columns, Dialect, Each, Engine, Row, Value};
use crate::store::StoreError;
use crate::store::job::Isolation;

/// Rows of a long answer that come at a time: a first few, since often no more are wanted, then more.
const FIRST_PIECE: i32 = 64;
const PIECE: i32 = 128;
/// Statements that stay prepared: more than the program has.
const PREPARED: usize = 512;

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *kind == Type::INT4 => {
                i32::try_from(*number)?.to_sql(kind, out)
            }
            Self::Integer(number) if *kind == Type::INT2 => {
                i16::try_from(*number)?.to_sql(kind, out)
            }
            Self::Integer(number) => number.to_sql(kind, out),
            Self::Boolean(truth) => truth.to_sql(kind, out),
            // PostgreSQL's texts have no NUL, which a request may well have: what is nowhere else stands for it.
            Self::Text(text) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(bytes) => bytes.to_sql(kind, out),
        }
    }

    /// What does not fit the statement is a fault of ours, and the server says so.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Columns for postgres::Row {
    fn integer(&self, column: usize) -> Result<Option<i64>, StoreError> {
        let is_small = self
            .columns()
            .get(column)
            .is_some_and(|it| *it.type_() == Type::INT4);
        if is_small {
            return Ok(self.try_get::<_, Option<i32>>(column)?.map(i64::from));
        }
        Ok(self.try_get(column)?)
    }

    fn boolean(&self, column: usize) -> Result<Option<bool>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn blob(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.try_get(column)?)
    }
}

/// The prepared statements of a connection.
pub(in crate::store) type Prepared = HashMap<String, Statement>;

/// An open transaction.
pub(in crate::store) struct Session<'c> {
    transaction: RefCell<Transaction<'c>>,
    prepared: RefCell<&'c mut Prepared>,
}

impl<'c> Session<'c> {
    /// Begins one that only reads: it sees the database as it was at its first look.
    pub fn begin_to_read(
        client: &'c mut Client,
        prepared: &'c mut Prepared,
    ) -> Result<Self, StoreError> {
        let transaction = client
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()?;
        Ok(Self::new(transaction, prepared))
    }

    /// Begins one that writes.
    pub fn begin_to_write(
        client: &'c mut Client,
        prepared: &'c mut Prepared,
        isolation: Isolation,
    ) -> Result<Self, StoreError> {
        let isolation = match isolation {
            Isolation::Serializable => IsolationLevel::Serializable,
            Isolation::LocksRows => IsolationLevel::ReadCommitted,
        };
        let transaction = client
            .build_transaction()
            .isolation_level(isolation)
            .start()?;
        Ok(Self::new(transaction, prepared))
    }

    /// Goes on with one that is open.
    pub fn new(transaction: Transaction<'c>, prepared: &'c mut Prepared) -> Self {
        if prepared.len() > PREPARED {
            prepared.clear();
        }
        Self {
            transaction: RefCell::new(transaction),
            prepared: RefCell::new(prepared),
        }
    }

    /// Ends it; what it wrote is there.
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.into_inner().commit()?)
    }

    fn statement(&self, text: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.prepared.borrow().get(text) {
            return Ok(statement.clone());
        }
        let statement = self
            .transaction
            .borrow_mut()
            .prepare(&text.replace('?', "$"))?;
        self.prepared
            .borrow_mut()
            .insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Does something with a prepared statement and its parameters. The transaction is free again afterwards: who reads
    /// rows may ask something else for each of them.
    fn bound<T>(
        &self,
        text: &str,
        params: &[Value<'_>],
        run: impl FnOnce(
            &mut Transaction<'c>,
            &Statement,
            &[&(dyn ToSql + Sync)],
        ) -> Result<T, postgres::Error>,
    ) -> Result<T, StoreError> {
        let statement = self.statement(text)?;
        let params: Vec<&(dyn ToSql + Sync)> = params
            .iter()
            .map(|param| param as &(dyn ToSql + Sync))
            .collect();
        Ok(run(
            &mut self.transaction.borrow_mut(),
            &statement,
            &params,
        )?)
    }
}

impl Engine for Session<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn execute(&self, text: &str, params: &[Value<'_>]) -> Result<usize, StoreError> {
        let changed = self.bound(text, params, |transaction, statement, params| {
            transaction.execute(statement, params)
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn rows(
        &self,
        text: &str,
        params: &[Value<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        let rows = self.bound(text, params, |transaction, statement, params| {
            transaction.query(statement, params)
        })?;
        for row in &rows {
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
        let portal = self.bound(text, params, |transaction, statement, params| {
            transaction.bind(statement, params)
        })?;
        let mut piece = FIRST_PIECE;
        loop {
            let rows = self.transaction.borrow_mut().query_portal(&portal, piece)?;
            for row in &rows {
                if !each(Row(row))? {
                    return Ok(());
                }
            }
            if i32::try_from(rows.len()).is_ok_and(|got| got < piece) {
                return Ok(());
            }
            piece = PIECE;
        }
    }
}

/// Whether a job that failed so can be done again, with hope: somebody else's transaction was in the way.
pub(in crate::store) fn may_be_repeated(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            // Another process was first with the same key; what it wrote is seen at the next try.
            SqlState::UNIQUE_VIOLATION,
            SqlState::LOCK_NOT_AVAILABLE,
        ]
        .contains(code)
    })
}

/// Whether the server is gone, as far as this connection goes.
pub(in crate::store) fn is_closed(error: &postgres::Error) -> bool {
    error.is_closed()
        || error.code().is_some_and(|code| {
            [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::TOO_MANY_CONNECTIONS,
            ]
            .contains(code)
        })
        || error
            .source()
            .is_some_and(|source| source.is::<std::io::Error>())
}
