//! Reading a blob.

use std::fmt;
use std::io::{Read, Write};

use super::sealed::{UnsealError, Unsealer};
use super::{BlobHash, FILE, find, next_use};
use crate::error::VaultError;
use crate::store::Durability;
use crate::vault::Vault;

/// What opening a blob gives.
#[derive(Debug)]
pub enum OpenedBlob {
    /// Its bytes.
    Here(Box<BlobReader>),
    /// They are not here (any more), or the file was damaged: fetch them from the clinic.
    AtClinic,
}

/// Gives the bytes of a blob chunk by chunk, each proved before it is given. Goes on when the blob is
/// evicted meanwhile.
pub struct BlobReader {
    vault: Vault,
    hash: BlobHash,
    file: [u8; FILE],
    length: u64,
    left: u64,
    unsealer: Unsealer<Box<dyn Read + Send>>,
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobReader").finish_non_exhaustive()
    }
}

impl BlobReader {
    /// Bytes of the whole blob.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The next bytes, at most 64 KiB; nothing at the end.
    ///
    /// # Errors
    /// [`VaultError::BlobDamaged`]: what was given before is right, the rest is lost or to be fetched
    /// again, which is noted. [`VaultError::File`]: the file could not be read now.
    pub fn next_chunk(&mut self) -> Result<Option<&[u8]>, VaultError> {
        match self.unsealer.next_chunk() {
            Ok(Some(chunk)) => {
                self.left = self.left.saturating_sub(chunk.len() as u64);
                Ok(Some(chunk))
            }
            Ok(None) if self.left == 0 => Ok(None),
            Ok(None) | Err(UnsealError::Damaged) => {
                self.vault.note_damage(&self.hash, self.file)?;
                Err(VaultError::BlobDamaged)
            }
            Err(UnsealError::Io(error)) => Err(error.into()),
        }
    }

    /// Writes the whole blob and gives its length.
    ///
    /// # Errors
    /// Those of [`BlobReader::next_chunk`], and those of `to` as [`VaultError::File`] or
    /// [`VaultError::DiskFull`]; a beginning may have been written.
    pub fn copy_to(mut self, to: &mut dyn Write) -> Result<u64, VaultError> {
        while let Some(chunk) = self.next_chunk()? {
            to.write_all(chunk)?;
        }
        to.flush()?;
        Ok(self.length)
    }
}

impl Vault {
    /// Opens a blob to read it, which counts as a use.
    ///
    /// # Errors
    /// [`VaultError::UnknownBlob`]; [`VaultError::BlobDamaged`] when the file of a blob that no clinic
    /// has is missing or known to be damaged.
    pub fn open_blob(&self, hash: &BlobHash) -> Result<OpenedBlob, VaultError> {
        // Twice: it may be evicted and fetched again between row and file.
        for _ in 0..2 {
            let (row, fetchable) = self.store().read(|tx, _| {
                let row = find(tx, hash)?.ok_or(VaultError::UnknownBlob)?;
                let fetchable = super::sources::is_fetchable(tx, row.number)?;
                Ok((row, fetchable))
            })?;
            let Some((file, key)) = row.here else {
                return Ok(OpenedBlob::AtClinic);
            };
            if row.damaged && fetchable {
                return Ok(OpenedBlob::AtClinic);
            }
            let files = self.blob_files();
            if let Some(reader) = files.files.reader(&files.name(&file))? {
                self.note_use(row.number);
                return Ok(OpenedBlob::Here(Box::new(BlobReader {
                    vault: self.clone(),
                    hash: *hash,
                    file,
                    length: row.length,
                    left: row.length,
                    unsealer: Unsealer::new(&key, reader)?,
                })));
            }
            if self.note_damage(hash, file)? {
                return if fetchable {
                    Ok(OpenedBlob::AtClinic)
                } else {
                    Err(VaultError::BlobDamaged)
                };
            }
        }
        Err(VaultError::Busy)
    }

    /// Which blobs were used last is worth no error and no wait for the disk.
    fn note_use(&self, number: i64) {
        let _ = self.store().write(Durability::Relaxed, |tx, _| {
            let used = next_use(tx)?;
            tx.prepare_cached(r#"UPDATE "blob" SET "used" = ?2 WHERE "number" = ?1"#)?
                .execute((number, used))?;
            Ok(())
        });
    }

    /// Notes that a file is missing or damaged, unless the blob has another one by now. Row and file
    /// stay: a new writing takes their place.
    fn note_damage(&self, hash: &BlobHash, file: [u8; FILE]) -> Result<bool, VaultError> {
        self.store().write(Durability::Full, |tx, _| {
            let noted = tx
                .prepare_cached(
                    r#"UPDATE "blob" SET "damaged" = 1 WHERE "hash" = ?1 AND "file" = ?2"#,
                )?
                .execute((hash.0, file))?;
            Ok(noted > 0)
        })
    }
}
