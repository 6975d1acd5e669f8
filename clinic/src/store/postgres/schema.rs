//! Numbered migrations. A shipped file is never edited. Processes that start together do them one after the other.

use super::super::{patient_identifiers, patient_search};
use super::StoreError;
use super::connect::Connection;
use crate::store::sql::{Prepared, Session, Sql};

/// What a step does that SQL cannot.
type Then = fn(Sql<'_>) -> Result<(), StoreError>;

const MIGRATIONS: &[(&str, Option<Then>)] = &[
    (
        include_str!("../../../migrations/postgres/0001_initial.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0002_timetables.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0003_answers.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0004_waiting_list.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0005_queue.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0006_grants.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0007_access_log.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0008_rights.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0009_device_keys.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0010_systems.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0011_sign_in.sql"),
        Some(patient_identifiers::note_all),
    ),
    (
        include_str!("../../../migrations/postgres/0012_access_log_by_place.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0013_sign_ins_by_number.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0014_rights_from_phones.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0015_payment_entries.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/postgres/0016_staff.sql"),
        Some(patient_search::note_all),
    ),
    (
        include_str!("../../../migrations/postgres/0017_counter_payments.sql"),
        None,
    ),
];

/// Any number that no other program locks by: "SoKhoe" in ASCII.
const LOCK: i64 = 0x536f_4b68_6f65;

/// Brings the database to the newest version, each step in the transaction that says so.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    for (version, (text, then)) in (1_u32..).zip(MIGRATIONS) {
        let mut step = connection.client.transaction()?;
        step.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        step.batch_execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")?;
        let found: i64 = step
            .query_one("SELECT coalesce(max(version), 0) FROM schema_version", &[])?
            .try_get(0)?;
        let found = u32::try_from(found).unwrap_or(u32::MAX);
        if found > known {
            return Err(StoreError::Newer { found, known });
        }
        if version <= found {
            step.commit()?;
            continue;
        }
        step.batch_execute(text)?;
        step.execute(
            "INSERT INTO schema_version (version) VALUES ($1)",
            &[&i64::from(version)],
        )?;
        let mut prepared = Prepared::default();
        let step = Session::new(step, &mut prepared);
        if let Some(then) = then {
            then(Sql::new(&step))?;
        }
        step.commit()?;
    }
    Ok(())
}
