//! Schemas, one file per step, applied forwards only.

use rusqlite::{Connection, TransactionBehavior};

use crate::error::VaultError;

/// The steps of a file's schema: step n leads from `user_version` n-1 to n.
pub(crate) type Migrations = &'static [&'static str];

/// A person's vault.
pub(crate) const VAULT: Migrations = &[
    include_str!("../migrations/vault/0001_initial.sql"),
    include_str!("../migrations/vault/0002_blocks.sql"),
    include_str!("../migrations/vault/0003_blobs.sql"),
    include_str!("../migrations/vault/0004_epoch.sql"),
    include_str!("../migrations/vault/0005_packed.sql"),
    include_str!("../migrations/vault/0006_base.sql"),
    include_str!("../migrations/vault/0007_parked.sql"),
    include_str!("../migrations/vault/0008_sync_state.sql"),
    include_str!("../migrations/vault/0009_changes.sql"),
    include_str!("../migrations/vault/0010_asked.sql"),
    include_str!("../migrations/vault/0011_trips.sql"),
    include_str!("../migrations/vault/0012_series.sql"),
    include_str!("../migrations/vault/0013_tickets.sql"),
    include_str!("../migrations/vault/0014_queue.sql"),
    include_str!("../migrations/vault/0015_deadlines.sql"),
    include_str!("../migrations/vault/0016_access_log.sql"),
];
/// The account.
pub(crate) const ACCOUNT: Migrations = &[
    include_str!("../migrations/account/0001_initial.sql"),
    include_str!("../migrations/account/0002_moved.sql"),
    include_str!("../migrations/account/0003_epoch.sql"),
    include_str!("../migrations/account/0004_base.sql"),
    include_str!("../migrations/account/0005_wire.sql"),
    include_str!("../migrations/account/0006_data.sql"),
    include_str!("../migrations/account/0007_day_times.sql"),
    include_str!("../migrations/account/0008_travel_time.sql"),
    include_str!("../migrations/account/0009_insurance_terms.sql"),
    include_str!("../migrations/account/0010_helping.sql"),
    include_str!("../migrations/account/0011_invitations.sql"),
    include_str!("../migrations/account/0012_access_log.sql"),
    include_str!("../migrations/account/0013_clinic_session.sql"),
    include_str!("../migrations/account/0014_sign_in.sql"),
];

/// The schemas that this program writes: of a book, and of the account.
#[must_use]
pub const fn schema_versions() -> (usize, usize) {
    (VAULT.len(), ACCOUNT.len())
}

/// The schema a file has; 0 when it has none.
pub(crate) fn version(connection: &Connection) -> Result<i64, VaultError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings a file to the newest schema: each step and its number in one transaction.
pub(crate) fn migrate(
    connection: &mut Connection,
    migrations: Migrations,
) -> Result<(), VaultError> {
    let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
    loop {
        match version(connection)? {
            found if found == known => return Ok(()),
            found if found > known => return Err(VaultError::NewerSchema { found, known }),
            _ => {}
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Again, now that nobody else can write.
        let from = version(&transaction)?;
        let step = usize::try_from(from)
            .map_err(|_| VaultError::Corrupt)
            .map(|from| migrations.get(from))?;
        if let Some(step) = step {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", from + 1)?;
            transaction.commit()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(migrations: Migrations) -> String {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, migrations).unwrap();
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name")
            .unwrap();
        let lines: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        lines.join(";\n\n") + ";\n"
    }

    /// `SOKHOE_UPDATE_SNAPSHOTS=1 cargo test -p sokhoe-vault` writes them anew.
    #[test]
    fn the_schema_changes_only_on_purpose() {
        for (name, migrations) in [("vault", VAULT), ("account", ACCOUNT)] {
            let path = format!(
                "{}/migrations/{name}/schema.snapshot.sql",
                env!("CARGO_MANIFEST_DIR")
            );
            let now = schema(migrations);
            if std::env::var_os("SOKHOE_UPDATE_SNAPSHOTS").is_some() {
                std::fs::write(&path, &now).unwrap();
            }
            assert_eq!(
                std::fs::read_to_string(&path).unwrap_or_default(),
                now,
                "{name}"
            );
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_schema_before_it() {
        const STEPS: Migrations = &[
            "CREATE TABLE a (b);",
            "CREATE TABLE c (d); CREATE TABLE a (b);",
        ];
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, STEPS).unwrap_err();
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!((tables, version), (1, 1));
    }

    #[test]
    fn a_newer_schema_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        let known = i64::try_from(ACCOUNT.len()).unwrap();
        let found = known + 1;
        connection
            .pragma_update(None, "user_version", found)
            .unwrap();
        assert_eq!(
            migrate(&mut connection, ACCOUNT),
            Err(VaultError::NewerSchema { found, known })
        );
    }
}
