//! Who refers to a blob, and where its bytes are.

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::{ClinicId, ResourceKey};

use super::{BlobHash, BlobOrigin, FILE};
use crate::error::VaultError;
use crate::outbox;
use crate::own_documents;
use crate::packed::PackedId;
use crate::store::{Durability, Scratch};
use crate::vault::Vault;

/// Where the bytes of a blob are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobState {
    /// On this phone.
    Here,
    /// At the clinic: to be fetched (again).
    AtClinic,
    /// Nowhere: the file is missing or damaged and no clinic has it.
    Lost,
}

/// What is known of a blob that a resource refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// Its name.
    pub hash: BlobHash,
    /// Bytes.
    pub length: u64,
    /// Where its bytes are.
    pub state: BlobState,
}

const FETCHABLE: &str = r#"EXISTS (
    SELECT 1 FROM "blob_source" s WHERE s."blob" = ?1 AND s."origin" = 0 AND s."fetchable"
    AND NOT EXISTS (
        SELECT 1 FROM "tombstone" t
        WHERE t."clinic" = s."clinic" AND t."kind" = s."kind" AND t."id" = s."resource"))"#;

pub(super) fn is_fetchable(tx: &Transaction<'_>, blob: i64) -> Result<bool, VaultError> {
    Ok(tx
        .prepare_cached(&format!("SELECT {FETCHABLE}"))?
        .query_row([blob], |row| row.get(0))?)
}

/// What a clinic gave and has said that it no longer has. Other than a clinic to which access is lost, it does
/// not come back with the access: only with the bytes ([`add`]).
const GONE: i64 = 3;

/// Notes that a resource refers to a blob, and no longer to the one that the same place held before.
pub(crate) fn add(
    tx: &Transaction<'_>,
    scratch: &mut Scratch,
    blob: i64,
    origin: BlobOrigin,
    clinic: &ClinicId,
    resource: &ResourceKey,
    place: &str,
) -> Result<(), VaultError> {
    let clinic = scratch.names.clinic(tx, clinic.as_str())?;
    let kind = scratch.names.kind(tx, &resource.kind)?;
    let origin = match origin {
        BlobOrigin::Clinic => 0,
        BlobOrigin::Own => 1,
    };
    tx.prepare_cached(
        r#"INSERT INTO "blob_source" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
           ON CONFLICT DO UPDATE SET "blob" = ?1, "origin" = ?6, "fetchable" = ?7"#,
    )?
    .execute((
        blob,
        clinic,
        kind,
        PackedId::new(&resource.id),
        place,
        origin,
        origin == 0,
    ))?;
    Ok(())
}

/// Forgets that a resource refers to a blob; with the last reference the blob goes. Its file is the
/// caller's to discard after the commit.
pub(crate) fn remove(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    resource: &ResourceKey,
    place: &str,
) -> Result<Option<[u8; FILE]>, VaultError> {
    let blob: Option<i64> = tx
        .prepare_cached(
            r#"DELETE FROM "blob_source"
               WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)
                 AND "kind" = (SELECT "id" FROM "kind" WHERE "name" = ?2)
                 AND "resource" = ?3 AND "place" = ?4 RETURNING "blob""#,
        )?
        .query_row(
            (
                clinic.as_str(),
                &resource.kind,
                PackedId::new(&resource.id),
                place,
            ),
            |row| row.get(0),
        )
        .optional()?;
    let file: Option<Option<[u8; FILE]>> = tx
        .prepare_cached(
            r#"DELETE FROM "blob" WHERE "number" = ?1 AND NOT EXISTS (
                   SELECT 1 FROM "blob_source" WHERE "blob" = ?1) RETURNING "file""#,
        )?
        .query_row([blob], |row| row.get(0))
        .optional()?;
    Ok(file.flatten())
}

/// Forgets everything that a clinic's resources refer to; blobs that nobody else refers to go. Their files
/// are the caller's to discard after the commit.
pub(crate) fn forget(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
) -> Result<Vec<[u8; FILE]>, VaultError> {
    tx.prepare(
        r#"DELETE FROM "blob_source"
           WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#,
    )?
    .execute([clinic.as_str()])?;
    let mut unused = tx.prepare(
        r#"DELETE FROM "blob"
           WHERE "number" NOT IN (SELECT "blob" FROM "blob_source") RETURNING "file""#,
    )?;
    let files = unused.query_map([], |row| row.get::<_, Option<[u8; FILE]>>(0))?;
    let files: Vec<_> = files.collect::<Result<_, _>>()?;
    Ok(files.into_iter().flatten().collect())
}

impl Vault {
    /// The blob that a resource refers to under `place`, when it was ever put in.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn blob(
        &self,
        clinic: &ClinicId,
        resource: &ResourceKey,
        place: &str,
    ) -> Result<Option<StoredBlob>, VaultError> {
        self.store().read(|tx, _| {
            let found: Option<(i64, [u8; 32], u64, bool)> = tx
                .prepare_cached(
                    r#"SELECT b."number", b."hash", b."length", b."file" IS NOT NULL AND NOT b."damaged"
                       FROM "blob_source" s JOIN "blob" b ON b."number" = s."blob"
                       WHERE s."clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)
                         AND s."kind" = (SELECT "id" FROM "kind" WHERE "name" = ?2)
                         AND s."resource" = ?3 AND s."place" = ?4"#,
                )?
                .query_row(
                    (
                        clinic.as_str(),
                        &resource.kind,
                        PackedId::new(&resource.id),
                        place,
                    ),
                    |row| Ok((row.get(0)?, row.get(1)?, super::bytes_at(row, 2)?, row.get(3)?)),
                )
                .optional()?;
            let Some((number, hash, length, here)) = found else {
                return Ok(None);
            };
            let state = if here {
                BlobState::Here
            } else if is_fetchable(tx, number)? {
                BlobState::AtClinic
            } else {
                BlobState::Lost
            };
            Ok(Some(StoredBlob {
                hash: BlobHash(hash),
                length,
                state,
            }))
        })
    }

    /// Notes that a clinic has the person's own blob now, referred to by its resource under `place`:
    /// from here on it may be evicted, and the journal no longer keeps its documents.
    ///
    /// # Errors
    /// [`VaultError::UnknownBlob`]
    pub fn acknowledge_blob(
        &self,
        hash: &BlobHash,
        clinic: &ClinicId,
        resource: &ResourceKey,
        place: &str,
    ) -> Result<(), VaultError> {
        let acknowledged = self.store().write(Durability::Full, |tx, scratch| {
            let row = super::find(tx, hash)?.ok_or(VaultError::UnknownBlob)?;
            let documents = own_documents::of_blob(tx, row.number)?;
            for id in &documents {
                outbox::note_answered(tx, *id)?;
            }
            tx.prepare_cached(
                r#"UPDATE "blob_source" SET "origin" = 2 WHERE "blob" = ?1 AND "origin" = 1"#,
            )?
            .execute([row.number])?;
            add(
                tx,
                scratch,
                row.number,
                BlobOrigin::Clinic,
                clinic,
                resource,
                place,
            )?;
            Ok(documents)
        })?;
        self.note_done(&acknowledged);
        Ok(())
    }

    /// Notes that a clinic no longer has what a resource refers to under `place`: the bytes here, if
    /// there are any, may be the last, and stay. Nothing happens when it was never put in.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn note_blob_gone(
        &self,
        clinic: &ClinicId,
        resource: &ResourceKey,
        place: &str,
    ) -> Result<(), VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            tx.prepare_cached(
                r#"UPDATE "blob_source" SET "origin" = ?5, "fetchable" = 0
                   WHERE "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)
                     AND "kind" = (SELECT "id" FROM "kind" WHERE "name" = ?2)
                     AND "resource" = ?3 AND "place" = ?4 AND "origin" = 0"#,
            )?
            .execute((
                clinic.as_str(),
                &resource.kind,
                PackedId::new(&resource.id),
                place,
                GONE,
            ))?;
            Ok(())
        })
    }

    /// Notes whether a clinic still gives what it gave: access may be lost and come back. Blobs that
    /// it does not give are not evicted. Costs no writing when that is known.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn set_blobs_fetchable(
        &self,
        clinic: &ClinicId,
        fetchable: bool,
    ) -> Result<(), VaultError> {
        let is_known = self.store().read(|tx, _| {
            Ok(!tx
                .prepare_cached(
                    r#"SELECT 1 FROM "blob_source" WHERE "origin" = 0 AND "fetchable" <> ?2
                       AND "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#,
                )?
                .exists((clinic.as_str(), fetchable))?)
        })?;
        if is_known {
            return Ok(());
        }
        self.store().write(Durability::Full, |tx, _| {
            tx.prepare_cached(
                r#"UPDATE "blob_source" SET "fetchable" = ?2 WHERE "origin" = 0
                   AND "clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#,
            )?
            .execute((clinic.as_str(), fetchable))?;
            Ok(())
        })
    }

    /// The person takes a resource's reference to a blob away. With the last one the blob goes, its
    /// key first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn remove_blob(
        &self,
        clinic: &ClinicId,
        resource: &ResourceKey,
        place: &str,
    ) -> Result<(), VaultError> {
        let gone = self.store().write(Durability::Full, |tx, _| {
            remove(tx, clinic, resource, place)
        })?;
        if let Some(file) = gone {
            self.blob_files().discard(&[file]);
        }
        Ok(())
    }
}
