//! Small facts that a clinic keeps about itself.

use super::{Sql, StoreError, params};

/// Sets it.
pub(crate) fn set(sql: Sql<'_>, name: &str, value: &str) -> Result<(), StoreError> {
    sql.execute(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}

/// Reads it.
pub(crate) fn get(sql: Sql<'_>, name: &str) -> Result<Option<String>, StoreError> {
    sql.first(
        "SELECT value FROM setting WHERE name = ?1",
        params![name],
        |row| row.get(0),
    )
}
