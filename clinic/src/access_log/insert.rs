//! Rows that are written together.

use crate::store::{Dialect, Sql, StoreError, Value};

/// Rows that are gathered before they are written.
pub(super) const ROWS: usize = 16;

/// Writes rows of so many columns into a table that is named with them; their values lie one behind the other.
pub(super) fn insert(
    sql: Sql<'_>,
    table: &str,
    columns: usize,
    values: &[Value<'_>],
) -> Result<(), StoreError> {
    let at_once = match sql.dialect() {
        // Each statement of several rows would copy every page that it touches, to take it back if a later row fails.
        Dialect::Sqlite => 1,
        // Each statement is a journey. Two texts, so that both stay prepared.
        Dialect::Postgres if values.len() == columns * ROWS => ROWS,
        Dialect::Postgres => 1,
    };
    let text = format!("INSERT INTO {table} VALUES {}", rows_of(columns, at_once));
    for rows in values.chunks(columns * at_once) {
        sql.execute(&text, rows)?;
    }
    Ok(())
}

/// Parameters of so many rows of so many columns: `(?1, ?2), (?3, ?4)`.
pub(super) fn rows_of(columns: usize, rows: usize) -> String {
    let row = |row: usize| {
        let parameters: Vec<_> = (1..=columns)
            .map(|column| format!("?{}", row * columns + column))
            .collect();
        format!("({})", parameters.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_through() {
        assert_eq!(rows_of(3, 2), "(?1, ?2, ?3), (?4, ?5, ?6)");
        assert_eq!(rows_of(2, 1), "(?1, ?2)");
    }
}
