//! Photos, documents and pictures: sealed files beside the database.
//!
//! A blob is known by the SHA-256 of its plain bytes ([`BlobHash`]) and kept once, however many
//! resources refer to it. Its file has a random name and a random key, both in the encrypted database
//! and new at every writing: the name tells nothing, without the row the file is noise, and what is
//! being written is never what another reads or evicts. No plain byte of a blob is ever in a file, and
//! no byte of it in the database.
//!
//! **In which order things reach the disk.** The file is whole and synced before the row that names it
//! commits; a row lets go of its file before the file is removed. So a crash leaves files without a
//! row, never the other way round, and opening the vault removes them.
//!
//! **What may be evicted:** bytes that a clinic still has, by all the phone knows: a resource that
//! refers to them has not been deleted, its url has not failed for good, and none of the person's own
//! waits for a clinic to take it. Everything else stays, whatever the budget.

mod adopt;
mod budget;
mod read;
mod sealed;
pub(crate) mod sources;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::ports::{Rng, VaultFiles};

use crate::error::VaultError;
use crate::store::{Durability, Store, VaultPorts};

pub(crate) use adopt::{adopt, is_whole};
pub use budget::BlobUsage;
pub use read::{BlobReader, OpenedBlob};
pub use sources::{BlobState, StoredBlob};
pub use write::{BlobOrigin, BlobWriter, ExpectedContent};

/// Bytes of the random part of a file's name.
const FILE: usize = 16;

/// The SHA-256 of a blob's plain bytes: its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobHash(pub [u8; 32]);

impl fmt::Debug for BlobHash {
    /// Not the hash, which tells a known document.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlobHash(…)")
    }
}

/// What writing and reading files takes.
#[derive(Clone)]
pub(crate) struct BlobFiles {
    files: Arc<dyn VaultFiles>,
    rng: Arc<dyn Rng>,
    vault: String,
}

impl BlobFiles {
    pub(crate) fn new(ports: &VaultPorts, vault: &str) -> Self {
        Self {
            files: Arc::clone(&ports.files),
            rng: Arc::clone(&ports.rng),
            vault: vault.to_owned(),
        }
    }

    /// The name of the file with this random part.
    pub(crate) fn name(&self, file: &[u8]) -> String {
        let mut name = blob_prefix(&self.vault);
        for byte in file {
            let _ = write!(name, "{byte:02x}");
        }
        name
    }

    /// Removes files that no row names: a crash came between the file and its row. In a writing
    /// transaction, so that nobody commits a row meanwhile.
    pub(crate) fn sweep(&self, store: &Store) -> Result<(), VaultError> {
        if !self
            .files
            .list()?
            .iter()
            .any(|name| is_blob_of(name, &self.vault))
        {
            return Ok(());
        }
        store.write(Durability::Relaxed, |tx, _| {
            let known = self.named(tx)?;
            for name in self.files.list()? {
                if is_blob_of(&name, &self.vault) && !known.contains(&name) {
                    self.files.remove(&name)?;
                }
            }
            Ok(())
        })
    }

    /// The names of the files that rows name.
    pub(crate) fn named(&self, tx: &Transaction<'_>) -> Result<BTreeSet<String>, VaultError> {
        let mut find = tx.prepare(r#"SELECT "file" FROM "blob" WHERE "file" IS NOT NULL"#)?;
        let files = find.query_map([], |row| row.get::<_, [u8; FILE]>(0))?;
        Ok(files
            .map(|file| file.map(|file| self.name(&file)))
            .collect::<Result<_, _>>()?)
    }

    /// Removes files that no row names any more. What fails is swept at the next open.
    pub(crate) fn discard(&self, files: &[[u8; FILE]]) {
        for file in files {
            let _ = self.files.remove(&self.name(file));
        }
    }
}

fn blob_prefix(vault: &str) -> String {
    format!("{vault}.blob-")
}

/// Whether a file is a blob of this vault, and not of another whose name begins alike.
pub(crate) fn is_blob_of(name: &str, vault: &str) -> bool {
    name.strip_prefix(&blob_prefix(vault)).is_some_and(|rest| {
        rest.len() == 2 * FILE && rest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// Where the bytes of a blob are.
struct Row {
    number: i64,
    length: u64,
    /// Unset when they are not here.
    here: Option<([u8; FILE], zeroize::Zeroizing<[u8; sealed::KEY]>)>,
    damaged: bool,
}

fn find(tx: &Transaction<'_>, hash: &BlobHash) -> Result<Option<Row>, VaultError> {
    Ok(tx
        .prepare_cached(
            r#"SELECT "number", "length", "file", "key", "damaged" FROM "blob" WHERE "hash" = ?1"#,
        )?
        .query_row([hash.0], |row| {
            let file: Option<[u8; FILE]> = row.get(2)?;
            let key: Option<[u8; sealed::KEY]> = row.get(3)?;
            Ok(Row {
                number: row.get(0)?,
                length: bytes_at(row, 1)?,
                here: file.zip(key.map(zeroize::Zeroizing::new)),
                damaged: row.get(4)?,
            })
        })
        .optional()?)
}

/// Takes the next number of use.
fn next_use(tx: &Transaction<'_>) -> Result<i64, VaultError> {
    Ok(tx
        .prepare_cached(
            r#"UPDATE "blob_budget" SET "next_use" = "next_use" + 1 RETURNING "next_use""#,
        )?
        .query_row([], |row| row.get(0))?)
}

/// A number of bytes as it is stored.
fn bytes_at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let bytes: i64 = row.get(column)?;
    u64::try_from(bytes).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, bytes))
}

/// A number of bytes as it is to be stored.
fn stored_bytes(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
