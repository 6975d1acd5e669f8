//! Small facts that a clinic keeps about itself.

use rusqlite::Connection;

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
