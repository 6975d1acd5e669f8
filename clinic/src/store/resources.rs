//! Resources and their feed, always in one transaction.

use sokhoe_domain::AccessAction;

use super::{Dialect, Sql, StoreError, Tx, binaries, params, patient_identifiers, patient_search};

/// What became of a [`put`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// Stored under this version.
    Stored(i64),
    /// The very bytes were already there.
    Same(i64),
}

struct Row {
    pk: i64,
    version: i64,
    patient: Option<String>,
    json: Option<String>,
}

/// The version that the next [`put`] of the resource gets.
pub(crate) fn next_version(tx: &Tx<'_>, kind: &str, id: &str) -> Result<i64, StoreError> {
    Ok(find(tx.sql(), kind, id, Reading::ToWrite)?.map_or(1, |row| row.version + 1))
}

/// Stores a resource in a person's compartment, or in nobody's, and appends it to the person's feed. When
/// it lay in another person's compartment, it is deleted there.
pub(crate) fn put(
    tx: &mut Tx<'_>,
    kind: &str,
    id: &str,
    patient: Option<&str>,
    json: &str,
) -> Result<Put, StoreError> {
    let now = tx.now().as_millis();
    let (pk, version) = match find(tx.sql(), kind, id, Reading::ToWrite)? {
        Some(row) if row.json.as_deref() == Some(json) && row.patient.as_deref() == patient => {
            return Ok(Put::Same(row.version));
        }
        Some(row) => {
            let version = row.version + 1;
            tx.sql().execute(
                "UPDATE resource SET version = ?2, patient = ?3, updated = ?4, json = ?5 WHERE pk = ?1",
                params![row.pk, version, patient, now, json],
            )?;
            if let Some(before) = row
                .patient
                .filter(|before| Some(before.as_str()) != patient)
            {
                append(tx, &before, row.pk, version, true)?;
                tx.remember(&before, kind, id, AccessAction::Delete);
            }
            (row.pk, version)
        }
        None => {
            let pk = tx.sql().one(
                "INSERT INTO resource (type, id, version, patient, updated, json)
                 VALUES (?1, ?2, 1, ?3, ?4, ?5) RETURNING pk",
                params![kind, id, patient, now, json],
                |row| row.get(0),
            )?;
            (pk, 1)
        }
    };
    binaries::note(tx.sql(), kind, id, json)?;
    patient_identifiers::note(tx.sql(), kind, id, json)?;
    patient_search::note(tx.sql(), kind, id, json)?;
    if is_of_calendar(tx, kind, id)? {
        tx.tell_calendar()?;
    }
    if let Some(patient) = patient {
        append(tx, patient, pk, version, false)?;
        tx.writes(patient, kind, id);
        let action = match version {
            1 => AccessAction::Create,
            _ => AccessAction::Update,
        };
        tx.remember(patient, kind, id, action);
    }
    Ok(Put::Stored(version))
}

/// Whether a resource tells something of what is offered: who works there, where, or for what.
fn is_of_calendar(tx: &Tx<'_>, kind: &str, id: &str) -> Result<bool, StoreError> {
    let text = match kind {
        "Practitioner" => "SELECT 1 FROM schedule WHERE practitioner = ?1",
        "Location" => "SELECT 1 FROM schedule WHERE location = ?1",
        "HealthcareService" => "SELECT 1 FROM service WHERE id = ?1",
        "Organization" => "SELECT 1 FROM setting WHERE name = 'insurance' AND value = ?1",
        _ => return Ok(false),
    };
    tx.sql().exists(text, params![id])
}

/// Deletes a resource; the person's feed says so. Whether it was there.
pub(crate) fn delete(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<bool, StoreError> {
    let Some(row) = find(tx.sql(), kind, id, Reading::ToWrite)?.filter(|row| row.json.is_some())
    else {
        return Ok(false);
    };
    let version = row.version + 1;
    tx.sql().execute(
        "UPDATE resource SET version = ?2, updated = ?3, json = NULL WHERE pk = ?1",
        params![row.pk, version, tx.now().as_millis()],
    )?;
    binaries::forget(tx.sql(), kind, id)?;
    patient_identifiers::forget(tx.sql(), kind, id)?;
    patient_search::forget(tx.sql(), kind, id)?;
    if is_of_calendar(tx, kind, id)? {
        tx.tell_calendar()?;
    }
    if let Some(patient) = row.patient {
        append(tx, &patient, row.pk, version, true)?;
        tx.remember(&patient, kind, id, AccessAction::Delete);
    }
    Ok(true)
}

/// The JSON of a resource, whoever it belongs to: for the clinic's own work, never for an answer to a phone (that goes
/// through `access`).
pub(crate) fn json_of(sql: Sql<'_>, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
    Ok(find(sql, kind, id, Reading::ToRead)?.and_then(|row| row.json))
}

/// What a row is read for: one that is written after must stay as it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    ToRead,
    ToWrite,
}

fn find(sql: Sql<'_>, kind: &str, id: &str, reading: Reading) -> Result<Option<Row>, StoreError> {
    const FIND: &str =
        "SELECT pk, version, patient, json FROM resource WHERE type = ?1 AND id = ?2";
    const LOCK: &str =
        "SELECT pk, version, patient, json FROM resource WHERE type = ?1 AND id = ?2 FOR UPDATE";
    let text = match (sql.dialect(), reading) {
        (Dialect::Postgres, Reading::ToWrite) => LOCK,
        // SQLite has one writer.
        (Dialect::Postgres, Reading::ToRead) | (Dialect::Sqlite, _) => FIND,
    };
    sql.first(text, params![kind, id], |row| {
        Ok(Row {
            pk: row.get(0)?,
            version: row.get(1)?,
            patient: row.get(2)?,
            json: row.get(3)?,
        })
    })
}

/// Keeps every other job that asks so, or that writes into the person's feed, waiting until this one is committed: for
/// decisions over all that a person has.
pub(crate) fn lock_person(tx: &Tx<'_>, patient: &str) -> Result<(), StoreError> {
    if tx.sql().dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let lock = || {
        tx.sql().exists(
            "SELECT 1 FROM feed WHERE patient = ?1 FOR UPDATE",
            params![patient],
        )
    };
    if !lock()? {
        tx.sql().execute(
            "INSERT INTO feed (patient, seq, written) VALUES (?1, 0, 0) ON CONFLICT DO NOTHING",
            params![patient],
        )?;
        lock()?;
    }
    Ok(())
}

/// As [`lock_person`], where nobody else has the person just now and nothing need be waited for. Whether it could.
pub(crate) fn try_lock_person(tx: &Tx<'_>, patient: &str) -> Result<bool, StoreError> {
    match tx.sql().dialect() {
        // There is one writer.
        Dialect::Sqlite => Ok(true),
        Dialect::Postgres => tx.sql().exists(
            "SELECT 1 FROM feed WHERE patient = ?1 FOR UPDATE SKIP LOCKED",
            params![patient],
        ),
    }
}

/// Appends to a person's feed; the resource's earlier row there is superseded and goes.
fn append(
    tx: &mut Tx<'_>,
    patient: &str,
    resource: i64,
    version: i64,
    deleted: bool,
) -> Result<(), StoreError> {
    let at = tx.now().as_millis();
    match tx.sql().dialect() {
        // The numbers are of one writer, and so in the order of the commits.
        Dialect::Sqlite => tx.sql().execute(
            "INSERT OR REPLACE INTO change (patient, resource, version, deleted, at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![patient, resource, version, deleted, at],
        )?,
        Dialect::Postgres => {
            let seq: i64 = tx.sql().one(
                "INSERT INTO feed (patient, seq, written)
                 VALUES (?1, 1, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT))
                 ON CONFLICT (patient) DO UPDATE SET seq = feed.seq + 1, written = excluded.written
                 RETURNING seq",
                params![patient],
                |row| row.get(0),
            )?;
            tx.sql().execute(
                "INSERT INTO change (patient, seq, resource, version, deleted, at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (patient, resource) DO UPDATE
                 SET seq = excluded.seq, version = excluded.version, deleted = excluded.deleted, at = excluded.at",
                params![patient, seq, resource, version, deleted, at],
            )?
        }
    };
    tx.tell_feeds(patient);
    Ok(())
}

/// The newest change of a person's feed: a cursor beyond it is of another database.
pub(crate) fn newest_change(sql: Sql<'_>, patient: &str) -> Result<i64, StoreError> {
    let newest = match sql.dialect() {
        Dialect::Sqlite => sql.first(
            "SELECT seq FROM sqlite_sequence WHERE name = 'change'",
            &[],
            |row| row.get(0),
        ),
        Dialect::Postgres => sql.first(
            "SELECT seq FROM feed WHERE patient = ?1",
            params![patient],
            |row| row.get(0),
        ),
    };
    Ok(newest?.unwrap_or(0))
}
