//! Resources as they came.

use rusqlite::{OptionalExtension as _, Row, Transaction};
use sokhoe_domain::{ClinicId, ResourceKey, Timestamp};

use crate::compression::Decoder;
use crate::error::VaultError;
use crate::index::{Cache, Directory};
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

pub(crate) const COLUMNS: &str = r#"SELECT c."name", k."name", r."id", r."version", r."last_updated",
    r."received", r."encoding", r."length", r."json"
    FROM "resource" r
    CROSS JOIN "clinic" c ON c."id" = r."clinic"
    CROSS JOIN "kind" k ON k."id" = r."kind""#;

pub(crate) fn read_row(row: &Row<'_>, decoder: &mut Decoder) -> Result<StoredResource, VaultError> {
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

/// The hash under which a resource is found. It is stored: never changed once released.
pub(crate) fn hash(seed: i64, clinic: i64, kind: i64, id: &str) -> u32 {
    // FNV-1a, folded to half its length.
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.cast_unsigned();
    let long = [clinic, kind]
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .chain(id.bytes())
        .fold(start, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let [a, b, c, d, ..] = (long ^ (long >> 32)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Whether the file knows where its hashes begin.
pub(crate) fn has_seed(tx: &Transaction<'_>) -> Result<bool, VaultError> {
    Ok(
        tx.query_row(r#"SELECT "seed" IS NOT NULL FROM "counter""#, [], |row| {
            row.get(0)
        })?,
    )
}

/// Notes where the hashes of a new file begin.
pub(crate) fn set_seed(tx: &Transaction<'_>, seed: i64) -> Result<(), VaultError> {
    tx.execute(
        r#"UPDATE "counter" SET "seed" = ?1 WHERE "seed" IS NULL"#,
        [seed],
    )?;
    Ok(())
}

pub(crate) fn find(
    tx: &Transaction<'_>,
    directory: &Cache<Directory>,
    decoder: &mut Decoder,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<Option<StoredResource>, VaultError> {
    let names: Option<(i64, i64, i64)> = tx
        .prepare_cached(
            r#"SELECT n."seed", c."id", k."id" FROM "counter" n, "clinic" c, "kind" k
               WHERE c."name" = ?1 AND k."name" = ?2"#,
        )?
        .query_row((clinic.as_str(), &key.kind), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((seed, clinic, kind)) = names else {
        return Ok(None);
    };
    let mut find = tx.prepare_cached(&format!(
        r#"{COLUMNS} WHERE r."number" = ?1 AND r."clinic" = ?2 AND r."kind" = ?3 AND r."id" = ?4"#
    ))?;
    let directory = directory.current(tx)?;
    for number in directory.with_hash(hash(seed, clinic, kind, &key.id)) {
        let mut rows = find.query((number, clinic, kind, PackedId::new(&key.id)))?;
        if let Some(row) = rows.next()? {
            return read_row(row, decoder).map(Some);
        }
    }
    Ok(None)
}

/// The number of a resource, if it is there.
pub(crate) fn number(
    tx: &Transaction<'_>,
    directory: &Cache<Directory>,
    clinic: &ClinicId,
    key: &ResourceKey,
) -> Result<Option<i64>, VaultError> {
    let names: Option<(i64, i64, i64)> = tx
        .prepare_cached(
            r#"SELECT n."seed", c."id", k."id" FROM "counter" n, "clinic" c, "kind" k
               WHERE c."name" = ?1 AND k."name" = ?2"#,
        )?
        .query_row((clinic.as_str(), &key.kind), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((seed, clinic, kind)) = names else {
        return Ok(None);
    };
    let mut is_it = tx.prepare_cached(
        r#"SELECT 1 FROM "resource"
           WHERE "number" = ?1 AND "clinic" = ?2 AND "kind" = ?3 AND "id" = ?4"#,
    )?;
    let directory = directory.current(tx)?;
    for number in directory.with_hash(hash(seed, clinic, kind, &key.id)) {
        if is_it.exists((number, clinic, kind, PackedId::new(&key.id)))? {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Whether version `one` was made before `other`, as far as a server's versions can be compared.
pub(crate) fn is_older(one: Option<&str>, other: Option<&str>) -> bool {
    let number = |version: Option<&str>| version.and_then(|version| version.parse::<u64>().ok());
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}

/// The resources of a clinic with their versions, in no order.
pub(crate) fn versions(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
) -> Result<Vec<(ResourceKey, Option<String>)>, VaultError> {
    let mut find = tx.prepare_cached(
        r#"SELECT k."name", r."id", r."version" FROM "resource" r
           JOIN "kind" k ON k."id" = r."kind"
           WHERE r."clinic" = (SELECT "id" FROM "clinic" WHERE "name" = ?1)"#,
    )?;
    let versions = find.query_map([clinic.as_str()], |row| {
        let key = ResourceKey {
            kind: row.get(0)?,
            id: row.get::<_, UnpackedId>(1)?.0,
        };
        Ok((key, row.get(2)?))
    })?;
    Ok(versions.collect::<Result<_, _>>()?)
}

/// The JSON of the resource with this number, if it is there.
pub(crate) fn json(
    tx: &Transaction<'_>,
    decoder: &mut Decoder,
    number: i64,
) -> Result<Option<String>, VaultError> {
    let mut find = tx.prepare_cached(
        r#"SELECT "encoding", "length", "json" FROM "resource" WHERE "number" = ?1"#,
    )?;
    let mut rows = find.query([number])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let bytes = row.get_ref(2)?.as_blob().map_err(|_| VaultError::Corrupt)?;
    decoder.decode(row.get(0)?, row.get(1)?, bytes).map(Some)
}

/// The resource with this number, if it is there.
fn by_number(
    tx: &Transaction<'_>,
    decoder: &mut Decoder,
    number: i64,
) -> Result<Option<StoredResource>, VaultError> {
    let mut find = tx.prepare_cached(&format!(r#"{COLUMNS} WHERE r."number" = ?1"#))?;
    let mut rows = find.query([number])?;
    rows.next()?.map(|row| read_row(row, decoder)).transpose()
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
            .read(|tx, decoder| find(tx, self.directory(), decoder, clinic, key))
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
            let mut find = tx.prepare_cached(r#"SELECT "id" FROM "kind" WHERE "name" = ?1"#)?;
            let Some(number) = find.query_row([kind], |row| row.get::<_, i64>(0)).optional()? else {
                return Ok(Vec::new());
            };
            let mut when = tx.prepare_cached(
                r#"SELECT coalesce("last_updated", "received") FROM "resource" WHERE "number" = ?1"#,
            )?;
            let mut places: Vec<(i64, i64)> = Vec::new();
            let directory = self.directory().current(tx)?;
            for resource in directory.of_kind(u16::try_from(number).unwrap_or(0)) {
                if let Some(at) = when.query_row([resource], |row| row.get(0)).optional()? {
                    places.push((at, resource));
                }
            }
            places.sort_unstable_by(|a, b| b.cmp(a));
            places.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let mut resources = Vec::with_capacity(places.len());
            for (_, resource) in places {
                resources.extend(by_number(tx, decoder, resource)?);
            }
            Ok(resources)
        })
    }
}
