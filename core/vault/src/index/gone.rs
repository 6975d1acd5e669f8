//! Docs without a row any more.

use rusqlite::{OptionalExtension as _, Transaction};

use crate::error::VaultError;
use crate::index::bits::{BLOCK, Bits, Block, pack, unpack_into};
use crate::index::bytes::size;

/// Notes docs as gone.
pub(crate) fn add(tx: &Transaction<'_>, docs: &[i64]) -> Result<(), VaultError> {
    let block_size = i64::try_from(BLOCK).unwrap_or(i64::MAX);
    let mut docs = docs.to_vec();
    docs.sort_unstable();
    let mut find = tx.prepare_cached(r#"SELECT "docs" FROM "gone" WHERE "block" = ?1"#)?;
    let mut store = tx.prepare_cached(r#"INSERT OR REPLACE INTO "gone" VALUES (?1, ?2)"#)?;
    for docs in docs.chunk_by(|a, b| a / block_size == b / block_size) {
        let number = docs.first().map_or(0, |doc| doc / block_size);
        let before: Option<Vec<u8>> = find.query_row([number], |row| row.get(0)).optional()?;
        let mut block = Block::default();
        unpack_into(before.as_deref().unwrap_or_default(), &mut block)?;
        for doc in docs {
            block.set(size(doc % block_size)?);
        }
        store.execute((number, pack(&block)))?;
    }
    Ok(())
}

/// Those of a block.
pub(super) fn of_block(tx: &Transaction<'_>, block: i64) -> Result<Block, VaultError> {
    let mut find = tx.prepare_cached(r#"SELECT "docs" FROM "gone" WHERE "block" = ?1"#)?;
    let mut rows = find.query([block])?;
    let mut gone = Block::default();
    if let Some(row) = rows.next()? {
        let packed = row.get_ref(0)?.as_blob().map_err(|_| VaultError::Corrupt)?;
        unpack_into(packed, &mut gone)?;
    }
    Ok(gone)
}

/// How many there are.
pub(crate) fn count(tx: &Transaction<'_>) -> Result<i64, VaultError> {
    let mut find = tx.prepare_cached(r#"SELECT "docs" FROM "gone""#)?;
    let mut rows = find.query([])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(0)?.as_blob().map_err(|_| VaultError::Corrupt)?;
        let mut block = Block::default();
        unpack_into(packed, &mut block)?;
        count += i64::from(block.count());
    }
    Ok(count)
}

/// All of them, below `docs`.
pub(super) fn all(tx: &Transaction<'_>, docs: usize) -> Result<Bits, VaultError> {
    let mut gone = Bits::none(docs);
    let mut find = tx.prepare_cached(r#"SELECT "block", "docs" FROM "gone""#)?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(1)?.as_blob().map_err(|_| VaultError::Corrupt)?;
        gone.add(size(row.get(0)?)?, packed)?;
    }
    Ok(gone)
}
