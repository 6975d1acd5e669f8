//! Taking a blob whose file is there, but whose row was lost, back in.

use ring::digest::{self, Context};
use rusqlite::Transaction;

use super::sealed::{UnsealError, Unsealer, sealed_length};
use super::{BlobFiles, BlobHash, find, next_use, stored_bytes};
use crate::error::VaultError;
use crate::journal::WrittenBlob;

/// A blob that was taken back in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adopted {
    /// Its number.
    pub(crate) blob: i64,
    /// Whether its bytes are here.
    pub(crate) is_whole: bool,
}

/// Makes a row for a blob that the journal speaks of, unless its bytes are here already. When its file is
/// missing or does not prove right the row says so, and what is left of the file stays.
pub(crate) fn adopt(
    tx: &Transaction<'_>,
    files: &BlobFiles,
    written: &WrittenBlob,
) -> Result<Adopted, VaultError> {
    let known = find(tx, &BlobHash(written.hash))?;
    if let Some(known) = &known
        && let Some((file, _)) = &known.here
        && !known.damaged
        && (*file == written.file
            || files.files.size(&files.name(file))? == Some(sealed_length(known.length)))
    {
        return Ok(Adopted {
            blob: known.number,
            is_whole: true,
        });
    }
    let is_whole = is_whole(files, written)?;
    let blob = match known {
        Some(known) if known.here.is_some() && !is_whole => known.number,
        Some(known) => {
            tx.prepare_cached(
                r#"UPDATE "blob" SET "stored" = ?2, "file" = ?3, "key" = ?4, "damaged" = ?5
                   WHERE "number" = ?1"#,
            )?
            .execute((
                known.number,
                stored_bytes(sealed_length(written.length)),
                written.file,
                *written.key,
                !is_whole,
            ))?;
            known.number
        }
        None => {
            tx.prepare_cached(
                r#"INSERT INTO "blob" ("hash", "length", "stored", "file", "key", "damaged", "used")
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"#,
            )?
            .execute((
                written.hash,
                stored_bytes(written.length),
                stored_bytes(sealed_length(written.length)),
                written.file,
                *written.key,
                !is_whole,
                next_use(tx)?,
            ))?;
            tx.last_insert_rowid()
        }
    };
    Ok(Adopted { blob, is_whole })
}

/// Whether the file is there and holds the bytes, all of them.
pub(crate) fn is_whole(files: &BlobFiles, written: &WrittenBlob) -> Result<bool, VaultError> {
    let Some(reader) = files.files.reader(&files.name(&written.file))? else {
        return Ok(false);
    };
    let mut unsealer = Unsealer::new(&written.key, reader)?;
    let mut sha256 = Context::new(&digest::SHA256);
    let mut length = 0;
    loop {
        match unsealer.next_chunk() {
            Ok(Some(chunk)) => {
                sha256.update(chunk);
                length += chunk.len() as u64;
            }
            Ok(None) => break,
            Err(UnsealError::Damaged) => return Ok(false),
            Err(UnsealError::Io(error)) => return Err(error.into()),
        }
    }
    Ok(length == written.length && sha256.finish().as_ref() == written.hash)
}
