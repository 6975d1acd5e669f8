//! Resources and their feed, always in one transaction.

use rusqlite::{OptionalExtension as _, params};

use super::{StoreError, Tx, binaries};

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
    Ok(find(tx, kind, id)?.map_or(1, |row| row.version + 1))
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
    let (pk, version) = match find(tx, kind, id)? {
        Some(row) if row.json.as_deref() == Some(json) && row.patient.as_deref() == patient => {
            return Ok(Put::Same(row.version));
        }
        Some(row) => {
            let version = row.version + 1;
            tx.sql()
                .prepare_cached(
                    "UPDATE resource SET version = ?2, patient = ?3, updated = ?4, json = ?5 WHERE pk = ?1",
                )?
                .execute(params![row.pk, version, patient, now, json])?;
            if let Some(before) = row
                .patient
                .filter(|before| Some(before.as_str()) != patient)
            {
                append(tx, &before, row.pk, version, true)?;
            }
            (row.pk, version)
        }
        None => {
            tx.sql()
                .prepare_cached(
                    "INSERT INTO resource (type, id, version, patient, updated, json)
                     VALUES (?1, ?2, 1, ?3, ?4, ?5)",
                )?
                .execute(params![kind, id, patient, now, json])?;
            (tx.sql().last_insert_rowid(), 1)
        }
    };
    binaries::note(tx.sql(), kind, id, json)?;
    if let Some(patient) = patient {
        append(tx, patient, pk, version, false)?;
    }
    Ok(Put::Stored(version))
}

/// Deletes a resource; the person's feed says so. Whether it was there.
pub(crate) fn delete(tx: &mut Tx<'_>, kind: &str, id: &str) -> Result<bool, StoreError> {
    let Some(row) = find(tx, kind, id)?.filter(|row| row.json.is_some()) else {
        return Ok(false);
    };
    let version = row.version + 1;
    tx.sql()
        .prepare_cached(
            "UPDATE resource SET version = ?2, updated = ?3, json = NULL WHERE pk = ?1",
        )?
        .execute(params![row.pk, version, tx.now().as_millis()])?;
    binaries::forget(tx.sql(), kind, id)?;
    if let Some(patient) = row.patient {
        append(tx, &patient, row.pk, version, true)?;
    }
    Ok(true)
}

/// The JSON of a resource, whoever it belongs to: for the clinic's own work inside a transaction, never for
/// an answer to a phone (that goes through `access`).
pub(crate) fn json_of(tx: &Tx<'_>, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
    Ok(find(tx, kind, id)?.and_then(|row| row.json))
}

fn find(tx: &Tx<'_>, kind: &str, id: &str) -> Result<Option<Row>, StoreError> {
    Ok(tx
        .sql()
        .prepare_cached(
            "SELECT pk, version, patient, json FROM resource WHERE type = ?1 AND id = ?2",
        )?
        .query_row([kind, id], |row| {
            Ok(Row {
                pk: row.get(0)?,
                version: row.get(1)?,
                patient: row.get(2)?,
                json: row.get(3)?,
            })
        })
        .optional()?)
}

/// Appends to a person's feed; the resource's earlier row there is superseded and goes.
fn append(
    tx: &mut Tx<'_>,
    patient: &str,
    resource: i64,
    version: i64,
    deleted: bool,
) -> Result<(), StoreError> {
    tx.sql()
        .prepare_cached(
            "INSERT OR REPLACE INTO change (patient, resource, version, deleted, at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            patient,
            resource,
            version,
            deleted,
            tx.now().as_millis()
        ])?;
    tx.tell_feeds(patient);
    Ok(())
}
