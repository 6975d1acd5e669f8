//! Resources as they came.

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{ClinicId, ResourceKey, Timestamp};

use crate::compression::Decoder;
use crate::error::VaultError;
use crate::packed::{PackedId, UnpackedId};
use crate::vault::Vault;

/// A resource with where and when it came from. The same id from two clinics is two resources.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResource {
    /// Whose it is.
    pub clinic: ClinicId,
    /// Its type and id there.
    pub key: ResourceKey,
    /// Its version there.
    pub version_id: Option<String>,
    /// When the clinic changed it last.
    pub last_updated: Option<Timestamp>,
    /// When this phone received it.
    pub received: Timestamp,
    /// Byte for byte what came.
    pub json: String,
}

impl std::fmt::Debug for StoredResource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredResource")
            .field("kind", &self.key.kind)
            .field("version_id", &self.version_id)
            .field("bytes", &self.json.len())
            .finish_non_exhaustive()
    }
}

const COLUMNS: &str = r#"
    SELECT c."name", k."name", r."id", r."version", r."last_updated", r."received", b."encoding",
        b."length", b."json"
    FROM "clinic" c
    CROSS JOIN "kind" k
    CROSS JOIN "resource" r ON r."clinic" = c."id" AND r."kind" = k."id"
    CROSS JOIN "body" b ON b."id" = r."body""#;

fn read_row(row: &Row<'_>, decoder: &mut Decoder) -> Result<StoredResource, VaultError> {
    let bytes = row.get_ref(8)?.as_blob().map_err(|_| VaultError::Corrupt)?;
    Ok(StoredResource {
        clinic: ClinicId(row.get(0)?),
        key: ResourceKey {
            kind: row.get(1)?,
            id: row.get::<_, UnpackedId>(2)?.0,
        },
        version_id: row.get(3)?,
        last_updated: row.get::<_, Option<i64>>(4)?.map(Timestamp::from_millis),
        received: Timestamp::from_millis(row.get(5)?),
        json: decoder.decode(row.get(6)?, row.get(7)?, bytes)?,
    })
}

pub(crate) fn find(
    tx: &Transaction<'_>,
    decoder: &mut Decoder,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<Option<StoredResource>, VaultError> {
    let mut find = tx.prepare_cached(&format!(
        r#"{COLUMNS} WHERE c."name" = ?1 AND k."name" = ?2 AND r."id" = ?3"#
    ))?;
    find.query_row(
        (clinic.as_str(), &key.kind, PackedId::new(&key.id)),
        |row| Ok(read_row(row, decoder)),
    )
    .optional()?
    .transpose()
}

impl Vault {
    /// A resource.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn resource(
        &self,
        clinic: &ClinicId,
        key: &ResourceKey,
    ) -> Result<Option<StoredResource>, VaultError> {
        self.store()
            .read(|tx, decoder| find(tx, decoder, clinic, key))
    }

    /// At most `limit` resources of a type, of all clinics, the last changed first.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn resources_of_kind(
        &self,
        kind: &str,
        limit: u32,
    ) -> Result<Vec<StoredResource>, VaultError> {
        self.store().read(|tx, decoder| {
            let mut find = tx.prepare_cached(&format!(
                r#"{COLUMNS} WHERE k."name" = ?1
                   ORDER BY coalesce(r."last_updated", r."received") DESC, r."body" DESC LIMIT ?2"#
            ))?;
            let mut rows = find.query((kind, limit))?;
            let mut resources = Vec::new();
            while let Some(row) = rows.next()? {
                resources.push(read_row(row, decoder)?);
            }
            Ok(resources)
        })
    }
}
