//! What came and could not be read: kept with the reason.

use rusqlite::Transaction;
use sokhoe_domain::{ClinicId, ResourceKey, Timestamp};

use crate::compression::Encoder;
use crate::error::VaultError;
use crate::vault::Vault;

/// A record that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Who sent it.
    pub clinic: ClinicId,
    /// What it was said to be.
    pub key: Option<ResourceKey>,
    /// A code, e.g. one of `sokhoe_fhir::FhirError::code`.
    pub reason: String,
    /// When it came.
    pub received: Timestamp,
}

/// Sets a record aside, in the place of the last one that was set aside for the same resource.
pub(crate) fn keep(
    tx: &Transaction<'_>,
    encoder: &mut Encoder,
    clinic: i64,
    key: Option<&ResourceKey>,
    reason: &str,
    received: Timestamp,
    raw: &str,
) -> Result<(), VaultError> {
    let stored = encoder.encode(raw);
    match key {
        Some(key) => clear(tx, clinic, key)?,
        // The same record again, after a cursor was reset.
        None => {
            tx.prepare_cached(
                r#"DELETE FROM "set_aside" WHERE "clinic" = ?1 AND "kind" IS NULL AND "raw" = ?2"#,
            )?
            .execute((clinic, &stored.bytes))?;
        }
    }
    tx.prepare_cached(
        r#"INSERT INTO "set_aside"
           ("clinic", "kind", "resource", "reason", "received", "encoding", "length", "raw")
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"#,
    )?
    .execute((
        clinic,
        key.map(|key| &key.kind),
        key.map(|key| &key.id),
        reason,
        received.as_millis(),
        stored.encoding,
        i64::try_from(stored.length).unwrap_or(i64::MAX),
        &stored.bytes,
    ))?;
    Ok(())
}

/// Forgets what was set aside for a resource, since a readable version came or it is gone.
pub(crate) fn clear(
    tx: &Transaction<'_>,
    clinic: i64,
    key: &ResourceKey,
) -> Result<(), VaultError> {
    tx.prepare_cached(
        r#"DELETE FROM "set_aside" WHERE "clinic" = ?1 AND "kind" = ?2 AND "resource" = ?3"#,
    )?
    .execute((clinic, &key.kind, &key.id))?;
    Ok(())
}

impl Vault {
    /// What came and could not be read, in the order it came.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn set_aside(&self) -> Result<Vec<SetAside>, VaultError> {
        self.store().read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT c."name", s."kind", s."resource", s."reason", s."received"
                   FROM "set_aside" s JOIN "clinic" c ON c."id" = s."clinic" ORDER BY s."id""#,
            )?;
            let mut rows = find.query([])?;
            let mut records = Vec::new();
            while let Some(row) = rows.next()? {
                let key = (row.get(1)?, row.get(2)?);
                records.push(SetAside {
                    clinic: ClinicId(row.get(0)?),
                    key: match key {
                        (Some(kind), Some(id)) => Some(ResourceKey { kind, id }),
                        _ => None,
                    },
                    reason: row.get(3)?,
                    received: Timestamp::from_millis(row.get(4)?),
                });
            }
            Ok(records)
        })
    }
}
