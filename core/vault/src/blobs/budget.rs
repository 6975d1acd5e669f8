//! How much room blobs may take, and what goes when it is not enough.

use rusqlite::Transaction;

use super::{BlobFiles, FILE, bytes_at, stored_bytes};
use crate::error::VaultError;
use crate::store::Durability;
use crate::vault::Vault;

/// What makes the bytes of blob `b` the only ones: nothing that refers to it is with a clinic any
/// more, or the person's own waits for a clinic. What nothing refers to was replaced at its place.
const MUST_STAY: &str = r#"(
    EXISTS (SELECT 1 FROM "blob_source" s WHERE s."blob" = b."number" AND s."origin" = 1)
    OR EXISTS (SELECT 1 FROM "blob_source" s WHERE s."blob" = b."number") AND NOT EXISTS (
        SELECT 1 FROM "blob_source" s WHERE s."blob" = b."number" AND s."origin" = 0 AND s."fetchable"
        AND NOT EXISTS (
            SELECT 1 FROM "tombstone" t
            WHERE t."clinic" = s."clinic" AND t."kind" = s."kind" AND t."id" = s."resource")))"#;

/// What blobs take on the disk. All in bytes of sealed files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlobUsage {
    /// What they may take.
    pub budget: u64,
    /// What they take. More than the budget only when what must stay is.
    pub used: u64,
    /// Of these, the person's own that no clinic has.
    pub own: u64,
    /// Of these, what a clinic gave and no longer has: kept, since nobody else has it.
    pub last_copies: u64,
    /// Of these, what may go when room is needed.
    pub evictable: u64,
}

impl BlobUsage {
    /// What a new blob may take.
    #[must_use]
    pub const fn room(&self) -> u64 {
        self.budget
            .saturating_sub(self.used.saturating_sub(self.evictable))
    }
}

pub(super) fn usage(tx: &Transaction<'_>) -> Result<BlobUsage, VaultError> {
    Ok(tx
        .prepare_cached(&format!(
            r#"SELECT (SELECT "bytes" FROM "blob_budget"), coalesce(sum("stored"), 0),
                   coalesce(sum("stored") FILTER (WHERE "own"), 0),
                   coalesce(sum("stored") FILTER (WHERE "stays" AND NOT "own"), 0),
                   coalesce(sum("stored") FILTER (WHERE NOT "stays"), 0)
               FROM (SELECT "stored", {MUST_STAY} AS "stays", EXISTS (
                         SELECT 1 FROM "blob_source" s
                         WHERE s."blob" = b."number" AND s."origin" = 1) AS "own"
                     FROM "blob" b WHERE "file" IS NOT NULL)"#
        ))?
        .query_row([], |row| {
            Ok(BlobUsage {
                budget: bytes_at(row, 0)?,
                used: bytes_at(row, 1)?,
                own: bytes_at(row, 2)?,
                last_copies: bytes_at(row, 3)?,
                evictable: bytes_at(row, 4)?,
            })
        })?)
}

/// Lets go of the blobs used longest ago until `needed` more bytes fit, but never of `spared`. The
/// files are the caller's to discard after the commit.
pub(super) fn evict(
    tx: &Transaction<'_>,
    needed: u64,
    spared: i64,
) -> Result<Vec<[u8; FILE]>, VaultError> {
    let usage = usage(tx)?;
    let mut over = usage
        .used
        .saturating_add(needed)
        .saturating_sub(usage.budget);
    let mut gone = Vec::new();
    let mut candidates = tx.prepare_cached(&format!(
        r#"SELECT "number", "stored", "file" FROM "blob" b
           WHERE "file" IS NOT NULL AND "number" <> ?1 AND NOT {MUST_STAY} ORDER BY "used""#
    ))?;
    let mut rows = candidates.query([spared])?;
    let mut numbers = Vec::new();
    while over > 0
        && let Some(row) = rows.next()?
    {
        numbers.push(row.get::<_, i64>(0)?);
        over = over.saturating_sub(bytes_at(row, 1)?);
        gone.push(row.get(2)?);
    }
    if needed > 0 && over > 0 {
        return Err(VaultError::BlobsFull {
            needed,
            room: needed.saturating_sub(over),
        });
    }
    let mut forget = tx.prepare_cached(
        r#"UPDATE "blob" SET "file" = NULL, "key" = NULL, "damaged" = 0 WHERE "number" = ?1"#,
    )?;
    for number in numbers {
        forget.execute([number])?;
    }
    Ok(gone)
}

impl BlobFiles {
    /// Evicts what is over the budget, as far as it may go.
    fn shrink(
        &self,
        vault: &Vault,
        change: impl Fn(&Transaction<'_>) -> Result<(), VaultError>,
    ) -> Result<BlobUsage, VaultError> {
        let (gone, usage) = vault.store().write(Durability::Full, |tx, _| {
            change(tx)?;
            Ok((evict(tx, 0, 0)?, usage(tx)?))
        })?;
        self.discard(&gone);
        Ok(usage)
    }
}

impl Vault {
    /// What blobs take.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn blob_usage(&self) -> Result<BlobUsage, VaultError> {
        self.store().read(|tx, _| usage(tx))
    }

    /// Sets what blobs may take, in bytes, and evicts at once what is over it and may go: blobs that a
    /// clinic still has, those used longest ago first.
    ///
    /// # Errors
    /// [`VaultError`]; the old budget stays then.
    pub fn set_blob_budget(&self, bytes: u64) -> Result<BlobUsage, VaultError> {
        let bytes = stored_bytes(bytes);
        self.blob_files().shrink(self, |tx| {
            tx.prepare_cached(r#"UPDATE "blob_budget" SET "bytes" = ?1"#)?
                .execute([bytes])?;
            Ok(())
        })
    }
}
