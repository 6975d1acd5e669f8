//! Putting a blob in.

use std::fmt;
use std::io::{self, Read};

use ring::digest::{self, Context};
use rusqlite::Transaction;
use sokhoe_domain::ports::FileWriter;
use sokhoe_domain::{ClinicId, ResourceKey};
use zeroize::Zeroizing;

use super::sealed::{CHUNK, KEY, Sealer, sealed_length};
use super::{BlobFiles, BlobHash, FILE, budget, find, next_use, sources, stored_bytes};
use crate::error::VaultError;
use crate::own_documents;
use crate::store::{Durability, Scratch};
use crate::vault::Vault;

/// Whose a blob is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum BlobOrigin {
    /// A clinic gave it and will give it again.
    Clinic,
    /// The person's own: never evicted before [`Vault::acknowledge_blob`].
    Own,
}

impl fmt::Debug for BlobOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clinic => "Clinic",
            Self::Own => "Own",
        })
    }
}

/// What a FHIR Attachment says of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpectedContent {
    /// Bytes.
    pub size: Option<u64>,
    /// `Attachment.hash`: the SHA-1 of the data.
    pub sha1: Option<[u8; 20]>,
}

/// A blob that is being put in: whatever is written is sealed chunk by chunk. Dropped without
/// [`BlobWriter::finish`] it leaves nothing.
pub struct BlobWriter {
    vault: Vault,
    files: BlobFiles,
    file: [u8; FILE],
    key: Zeroizing<[u8; KEY]>,
    sealer: Sealer<Box<dyn FileWriter>>,
    sha256: Context,
    sha1: Context,
    length: u64,
    /// The most bytes that can fit, by the budget when the writing began.
    room: u64,
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobWriter").finish_non_exhaustive()
    }
}

/// A blob that is being kept, for what else is done in its transaction.
pub(crate) struct Content {
    /// Its number.
    pub(crate) blob: i64,
    /// Plain bytes.
    pub(crate) length: u64,
    /// Their SHA-1.
    pub(crate) sha1: [u8; 20],
}

/// A file that has its name, or is about to, but that no row names yet. Dropped, it is removed.
struct Finished<'a> {
    files: &'a BlobFiles,
    file: [u8; FILE],
    taken: bool,
}

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.files.discard(&[self.file]);
        }
    }
}

impl BlobWriter {
    /// Takes in the next bytes. Memory holds a chunk of 64 KiB, however long the blob.
    ///
    /// # Errors
    /// [`VaultError::BlobsFull`] as soon as it cannot fit whatever is evicted;
    /// [`VaultError::DiskFull`]. Nothing is kept then, and nothing was evicted.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), VaultError> {
        let length = self.length.saturating_add(bytes.len() as u64);
        self.has_room_for(length)?;
        self.length = length;
        self.sha256.update(bytes);
        self.sha1.update(bytes);
        Ok(self.sealer.write_all(bytes)?)
    }

    /// Whether a blob of so many plain bytes can fit, by the budget when the writing began.
    ///
    /// # Errors
    /// [`VaultError::BlobsFull`]
    pub fn has_room_for(&self, length: u64) -> Result<(), VaultError> {
        let (needed, room) = (sealed_length(length), self.room);
        if needed > room {
            return Err(VaultError::BlobsFull { needed, room });
        }
        Ok(())
    }

    /// Keeps the blob for the resource that refers to it under `place`, the url of the attachment,
    /// and evicts what must go for it. The same content is kept once. On disk before this returns.
    ///
    /// # Errors
    /// [`VaultError::OtherContent`] when the bytes are not what the attachment says;
    /// [`VaultError::BlobsFull`]; [`VaultError::Busy`] when another process opened the vault at this
    /// moment. Nothing is kept then, and nothing was evicted.
    pub fn finish(
        self,
        origin: BlobOrigin,
        clinic: &ClinicId,
        resource: &ResourceKey,
        place: &str,
        expected: ExpectedContent,
    ) -> Result<BlobHash, VaultError> {
        self.finish_with(expected, |tx, scratch, content| {
            sources::add(tx, scratch, content.blob, origin, clinic, resource, place)
        })
    }

    /// Like [`BlobWriter::finish`], with whatever else `and` does in the transaction that keeps it.
    pub(crate) fn finish_with(
        self,
        expected: ExpectedContent,
        and: impl FnOnce(&Transaction<'_>, &mut Scratch, Content) -> Result<(), VaultError>,
    ) -> Result<BlobHash, VaultError> {
        let hash = BlobHash(digest_of(self.sha256));
        let sha1: [u8; 20] = digest_of(self.sha1);
        let content = |blob| Content {
            blob,
            length: self.length,
            sha1,
        };
        if expected.size.is_some_and(|size| size != self.length)
            || expected.sha1.is_some_and(|expected| expected != sha1)
        {
            return Err(VaultError::OtherContent);
        }
        let stored = sealed_length(self.length);
        let mut finished = Finished {
            files: &self.files,
            file: self.file,
            taken: false,
        };
        self.sealer.finish()?.finish()?;
        let mut gone = Vec::new();
        let mut whole = false;
        let taken = self.vault.store().write(Durability::Full, |tx, scratch| {
            let known = find(tx, &hash)?;
            let used = next_use(tx)?;
            if let Some(known) = &known
                && let Some((file, _)) = &known.here
                && !known.damaged
                && self.files.files.size(&self.files.name(file))? == Some(stored)
            {
                tx.prepare_cached(r#"UPDATE "blob" SET "used" = ?2 WHERE "number" = ?1"#)?
                    .execute((known.number, used))?;
                and(tx, scratch, content(known.number))?;
                return Ok(false);
            }
            // Another process that opens the vault sweeps what no row names.
            if self.files.files.size(&self.files.name(&self.file))? != Some(stored) {
                return Err(VaultError::Busy);
            }
            let spared = known.as_ref().map_or(0, |known| known.number);
            // Bytes of a damaged file that this one takes the place of are counted already.
            let needed = match &known {
                Some(known) if known.here.is_some() => 0,
                _ => stored,
            };
            gone = budget::evict(tx, needed, spared)?;
            let number = match known {
                Some(known) => {
                    gone.extend(known.here.map(|(file, _)| file));
                    tx.prepare_cached(
                        r#"UPDATE "blob" SET "stored" = ?2, "file" = ?3, "key" = ?4,
                               "damaged" = 0, "used" = ?5 WHERE "number" = ?1"#,
                    )?
                    .execute((
                        known.number,
                        stored_bytes(stored),
                        self.file,
                        *self.key,
                        used,
                    ))?;
                    own_documents::journal_again(&self.vault, tx, known.number)?;
                    known.number
                }
                None => {
                    tx.prepare_cached(
                        r#"INSERT INTO "blob" ("hash", "length", "stored", "file", "key", "used")
                           VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
                    )?
                    .execute((
                        hash.0,
                        stored_bytes(self.length),
                        stored_bytes(stored),
                        self.file,
                        *self.key,
                        used,
                    ))?;
                    tx.last_insert_rowid()
                }
            };
            and(tx, scratch, content(number))?;
            whole = true;
            Ok(true)
        });
        // A commit that failed may yet be found after a crash, so the file must outlive it; not where
        // there was no room to write it down.
        finished.taken = whole && taken != Err(VaultError::DiskFull);
        drop(finished);
        taken?;
        self.files.discard(&gone);
        Ok(hash)
    }
}

fn digest_of<const N: usize>(context: Context) -> [u8; N] {
    context.finish().as_ref().try_into().unwrap_or([0; N])
}

impl Vault {
    /// Begins to put in a blob.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn write_blob(&self) -> Result<BlobWriter, VaultError> {
        let files = self.blob_files().clone();
        let mut file = [0; FILE];
        let mut key = Zeroizing::new([0; KEY]);
        files.rng.fill(&mut file);
        files.rng.fill(&mut *key);
        let room = self.blob_usage()?.room();
        let sealer = Sealer::new(&key, files.files.writer(&files.name(&file))?)?;
        Ok(BlobWriter {
            vault: self.clone(),
            files,
            file,
            key,
            sealer,
            sha256: Context::new(&digest::SHA256),
            sha1: Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            length: 0,
            room,
        })
    }
}

impl BlobWriter {
    /// Takes in all that `from` gives.
    ///
    /// # Errors
    /// Those of [`BlobWriter::write`], and [`VaultError::File`] when reading fails.
    pub fn copy_from(&mut self, from: &mut dyn Read) -> Result<(), VaultError> {
        let mut piece = Zeroizing::new(vec![0; CHUNK]);
        loop {
            match from.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(read) => self.write(piece.get(..read).unwrap_or_default())?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}
