//! How often what is offered has changed: by it a process knows whether what it remembers still holds.

use super::{Dialect, Sql, StoreError, params};

const NAME: &str = "calendar-version";

/// The version of what is offered.
pub(crate) fn read(sql: Sql<'_>) -> Result<i64, StoreError> {
    get(sql, "SELECT value FROM setting WHERE name = ?1")
}

/// The same; it stays so until this transaction is over.
pub(crate) fn read_and_hold(sql: Sql<'_>) -> Result<i64, StoreError> {
    match sql.dialect() {
        // Nobody else writes.
        Dialect::Sqlite => read(sql),
        Dialect::Postgres => get(sql, "SELECT value FROM setting WHERE name = ?1 FOR SHARE"),
    }
}

fn get(sql: Sql<'_>, text: &str) -> Result<i64, StoreError> {
    let version = sql.first(text, params![NAME], |row| {
        row.text(0)?.parse().map_err(|_| StoreError::Unexpected)
    })?;
    Ok(version.unwrap_or(0))
}

/// What is offered has changed in this transaction.
pub(super) fn raise(sql: Sql<'_>) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO setting (name, value) VALUES (?1, '1')
         ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(setting.value AS BIGINT) + 1 AS TEXT)",
        params![NAME],
    )?;
    Ok(())
}
