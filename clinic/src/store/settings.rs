//! Small facts that a clinic keeps about itself.

use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;

/// Sets it.
pub(crate) fn set(sql: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    sql.prepare_cached(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )?
    .execute([name, value])?;
    Ok(())
}

/// Reads it.
pub(crate) fn get(sql: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    Ok(sql
        .prepare_cached("SELECT value FROM setting WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}
