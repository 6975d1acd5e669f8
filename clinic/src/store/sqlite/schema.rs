//! Numbered migrations. A shipped file is never edited.

use rusqlite::{Connection, TransactionBehavior};

use super::super::{binaries, patient_identifiers, patient_search};
use super::{Sql, StoreError};

/// What a step does that SQL cannot.
type Then = fn(Sql<'_>) -> Result<(), StoreError>;

/// Steps, the first one to version 1.
type Migrations = [(&'static str, Option<Then>)];

/// The clinic's file.
pub(in crate::store) const CLINIC: &Migrations = &[
    (
        include_str!("../../../migrations/sqlite/0001_initial.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0002_binaries.sql"),
        Some(binaries::note_all),
    ),
    (
        include_str!("../../../migrations/sqlite/0003_ended.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0004_timetables.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0005_answers.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0006_waiting_list.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0007_queue.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0008_grants.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0009_access_log.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0010_rights.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0011_device_keys.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0012_systems.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0013_sign_in.sql"),
        Some(patient_identifiers::note_all),
    ),
    (
        include_str!("../../../migrations/sqlite/0014_access_log_by_place.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0015_sign_ins_by_number.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0016_rights_from_phones.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0017_payment_entries.sql"),
        None,
    ),
    (
        include_str!("../../../migrations/sqlite/0018_staff.sql"),
        Some(patient_search::note_all),
    ),
    (
        include_str!("../../../migrations/sqlite/0019_counter_payments.sql"),
        None,
    ),
];

/// What was read, before it is in the access log.
pub(in crate::store) const READS: &Migrations = &[(
    include_str!("../../../migrations/sqlite_reads/0001_initial.sql"),
    None,
)];

/// Brings the file to the newest version, each step in the transaction that says so.
pub(in crate::store) fn migrate(
    connection: &mut Connection,
    migrations: &Migrations,
) -> Result<(), StoreError> {
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, (sql, then)) in (1_u32..).zip(migrations) {
        if version > found {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(sql)?;
            if let Some(then) = then {
                then(Sql::new(&*tx))?;
            }
            tx.pragma_update(None, "user_version", version)?;
            tx.commit()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrates_once_and_refuses_a_newer_file() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(
            migrate(&mut connection, CLINIC),
            Err(StoreError::Newer { found: 99, .. })
        ));
    }

    #[test]
    fn a_database_from_before_learns_who_refers_to_a_binary() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(CLINIC[0].0).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                r#"INSERT INTO resource VALUES
                   (1, 'Media', 'm', 1, 'p', 0, '{"resourceType":"Media","content":{"url":"Binary/b"}}'),
                   (2, 'Media', 'n', 2, 'p', 0, NULL),
                   (3, 'Binary', 'b', 1, NULL, 0,
                    '{"resourceType":"Binary","securityContext":{"reference":"Patient/p"}}'),
                   (4, 'Binary', 'c', 1, NULL, 0, 'not JSON');"#,
            )
            .unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        let mut rows = connection
            .prepare("SELECT binary || ' ' || is_context || ' ' || type || '/' || id FROM binary_reference ORDER BY binary, is_context")
            .unwrap();
        let rows: Vec<String> = rows
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(rows, ["b 0 Media/m", "b 1 Patient/p", "c 1 /"]);
    }

    #[test]
    fn a_database_from_before_keeps_its_hours() {
        let mut connection = Connection::open_in_memory().unwrap();
        for (sql, _) in &CLINIC[..3] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", 3).unwrap();
        connection
            .execute_batch(
                "INSERT INTO schedule VALUES (1, 's', 'p', 'P', 'l', 'L', 2);
                 INSERT INTO opening VALUES (1, 2, 420, 690);",
            )
            .unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        let hours: (i64, i64, i64, Option<String>) = connection
            .query_row(
                "SELECT weekday, from_minute, to_minute, first_day FROM weekly_hours",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .unwrap();
        assert_eq!(hours, (2, 420, 690, None));
    }

    #[test]
    fn answers_of_before_are_given_again_and_know_why_they_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        for (sql, _) in &CLINIC[..4] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", 4).unwrap();
        connection
            .execute_batch(
                r#"INSERT INTO answer VALUES
                   ('book', 'p', 'a', x'00', 200, '{"comment":"slot-taken"}', 0),
                   ('book', 'p', 'b', x'00', 409, '{"code":"slot-taken"}', 0),
                   ('book', 'p', 'c', x'00', 409, '{"code":"not-offered"}', 0),
                   ('hold', 'p', 'd', x'00', 409, '{"code":"too-many"}', 0),
                   ('hold', 'p', 'e', x'00', 422, '{"code":"duplicate"}', 0);"#,
            )
            .unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        let mut rows = connection
            .prepare("SELECT encoding, CAST(body AS TEXT), refusal FROM answer ORDER BY key")
            .unwrap();
        let rows: Vec<(i64, String, Option<String>)> = rows
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let row =
            |body: &str, refusal: Option<&str>| (0, body.to_owned(), refusal.map(str::to_owned));
        assert_eq!(
            rows,
            [
                row(r#"{"comment":"slot-taken"}"#, None),
                row(r#"{"code":"slot-taken"}"#, Some("slot-taken")),
                row(r#"{"code":"not-offered"}"#, Some("not-offered")),
                row(r#"{"code":"too-many"}"#, Some("too-many")),
                row(r#"{"code":"duplicate"}"#, None),
            ]
        );
    }

    #[test]
    fn one_person_to_a_seat_is_a_rule_of_the_database() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        connection
            .execute_batch(
                "INSERT INTO service VALUES (1, 's', 'n', 'x', 'X', 15, 0, 0);
                 INSERT INTO schedule VALUES (1, 'c', 'p', 'p', 'l', 'l', 1, 0);
                 INSERT INTO appointment VALUES (1, 'a', 1, 1, 'p', 0, 1, 'booked', NULL, 0, 'app'),
                                                (2, 'b', 1, 1, 'q', 0, 1, 'booked', NULL, 0, 'app');
                 INSERT INTO busy VALUES (1, 100, 0, 1, NULL), (1, 100, 1, 2, NULL);",
            )
            .unwrap();
        let again = connection.execute("INSERT INTO busy VALUES (1, 100, 0, 2, NULL)", []);
        assert_eq!(
            again.unwrap_err().sqlite_error_code(),
            Some(rusqlite::ErrorCode::ConstraintViolation)
        );
    }

    #[test]
    fn a_number_of_the_day_is_given_once_by_a_rule_of_the_database() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, CLINIC).unwrap();
        connection
            .execute_batch(
                "INSERT INTO service VALUES (1, 's', 'n', 'x', 'X', 15, 0, 0);
                 INSERT INTO schedule VALUES (1, 'c', 'p', 'p', 'l', 'l', 1, 0);
                 INSERT INTO appointment VALUES (1, 'a', 1, 1, 'p', 0, 1, 'booked', NULL, 0, 'app'),
                                                (2, 'b', 1, 1, 'q', 0, 1, 'booked', NULL, 0, 'app'),
                                                (3, 'd', 1, 1, 'r', 0, 1, 'booked', NULL, 0, 'app'),
                                                (4, 'e', 1, 1, 's', 0, 1, 'booked', NULL, 0, 'app');
                 INSERT INTO visit (appointment, day, schedule, number, priority, place, state)
                 VALUES (1, '2026-11-24', 1, 7, 0, 0, 'waiting'), (2, '2026-11-25', 1, 7, 0, 0, 'waiting'),
                        (3, '2026-11-24', 1, NULL, 0, 0, 'noshow'), (4, '2026-11-24', 1, NULL, 0, 0, 'noshow');",
            )
            .unwrap();
        let again = connection.execute("UPDATE visit SET number = 7 WHERE appointment = 3", []);
        assert_eq!(
            again.unwrap_err().sqlite_error_code(),
            Some(rusqlite::ErrorCode::ConstraintViolation)
        );
    }
}
