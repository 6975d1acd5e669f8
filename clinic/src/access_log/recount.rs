//! Counts the log again: each entry against its hash, each tile against those below it.

use std::collections::HashMap;

use sokhoe_domain::merkle::{Hash, leaf_hash};
use sokhoe_qr::signed::sha256;

use super::tree::{HASH, WIDTH, over};
use crate::store::{Sql, StoreError, params};

/// What a count found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Recount {
    /// Entries that the log says it has.
    pub size: u64,
    /// Entries whose bytes are not those that were hashed, or that stand where the log does not reach.
    pub entries: u64,
    /// Hashes that are missing or are not those over what lies below.
    pub hashes: u64,
}

/// Counts it. An entry that is not there is no fault: an erasure takes entries away and leaves their hashes.
pub(crate) fn recount(sql: Sql<'_>) -> Result<Recount, StoreError> {
    let size: i64 = sql.one("SELECT size FROM access_log WHERE one = 1", &[], |row| {
        row.get(0)
    })?;
    let mut found = Recount {
        size: size.unsigned_abs(),
        ..Recount::default()
    };
    let beyond: i64 = sql.one(
        "SELECT count(*) FROM access_log_entry WHERE place < 0 OR place >= ?1",
        params![size],
        |row| row.get(0),
    )?;
    found.entries += beyond.unsigned_abs();
    let mut above = entries(sql, &mut found)?;
    let mut level = 1;
    while !above.is_empty() {
        above = tiles(sql, level, &above, &mut found)?;
        level += 1;
    }
    Ok(found)
}

/// The lowest tiles, against the entries under them: the hashes over those that are full.
fn entries(sql: Sql<'_>, found: &mut Recount) -> Result<Vec<Hash>, StoreError> {
    let mut above = Vec::new();
    for position in 0..found.size.div_ceil(WIDTH) {
        let first = position * WIDTH;
        let filled = found.size.min(first + WIDTH) - first;
        let hashes = hashes(sql, 0, position)?;
        let (hashes, _) = hashes.as_chunks::<HASH>();
        found.hashes += filled.saturating_sub(hashes.len() as u64);
        let texts: HashMap<i64, Hash> = sql
            .rows(
                "SELECT place, entry FROM access_log_entry WHERE place >= ?1 AND place < ?2",
                params![number(first)?, number(first + filled)?],
                |row| Ok((row.get(0)?, leaf_hash(sha256, row.text(1)?.as_bytes()))),
            )?
            .into_iter()
            .collect();
        for (place, hash) in (number(first)?..).zip(hashes) {
            found.entries += u64::from(texts.get(&place).is_some_and(|of_entry| of_entry != hash));
        }
        if filled == WIDTH {
            above.push(over_whole(hashes)?);
        }
    }
    Ok(above)
}

/// The tiles of a level against what they must hold: the hashes over those that are full.
fn tiles(
    sql: Sql<'_>,
    level: i64,
    expected: &[Hash],
    found: &mut Recount,
) -> Result<Vec<Hash>, StoreError> {
    let width = usize::try_from(WIDTH).map_err(|_| StoreError::Unexpected)?;
    let mut above = Vec::new();
    for (position, expected) in (0..).zip(expected.chunks(width)) {
        let hashes = hashes(sql, level, position)?;
        let (hashes, _) = hashes.as_chunks::<HASH>();
        let same = hashes.iter().zip(expected).filter(|(a, b)| a == b).count();
        found.hashes += (expected.len() - same) as u64;
        if expected.len() == width {
            above.push(over_whole(expected)?);
        }
    }
    Ok(above)
}

fn hashes(sql: Sql<'_>, level: i64, position: u64) -> Result<Vec<u8>, StoreError> {
    let hashes = sql.first(
        "SELECT hashes FROM access_log_tile WHERE level = ?1 AND position = ?2",
        params![level, number(position)?],
        |row| row.get(0),
    )?;
    Ok(hashes.unwrap_or_default())
}

/// The hash over a full tile; of one that is not whole any, as it was counted already.
fn over_whole(hashes: &[Hash]) -> Result<Hash, StoreError> {
    let width = usize::try_from(WIDTH).map_err(|_| StoreError::Unexpected)?;
    match hashes.get(..width) {
        Some(whole) => over(whole.as_flattened()),
        None => Ok([0; HASH]),
    }
}

fn number(of: u64) -> Result<i64, StoreError> {
    i64::try_from(of).map_err(|_| StoreError::Unexpected)
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::merkle::leaf_hash;

    use super::super::tree::Tiles;
    use super::*;

    #[test]
    fn what_was_changed_behind_the_log_is_counted() {
        const SIZE: u64 = 256 * 3 + 10;
        let database = crate::store::InMemory::new();
        let sql = database.sql();
        let mut tiles = Tiles::new(sql);
        for place in 0..SIZE {
            let entry = format!("entry {place}");
            let leaf = leaf_hash(sha256, entry.as_bytes());
            tiles.append(place, leaf).unwrap();
            let place = i64::try_from(place).unwrap();
            sql.execute(
                "INSERT INTO access_log_entry (place, patient, entry) VALUES (?1, 'p', ?2)",
                params![place, entry],
            )
            .unwrap();
        }
        tiles.write().unwrap();
        let size = i64::try_from(SIZE).unwrap();
        sql.execute("UPDATE access_log SET size = ?1", params![size])
            .unwrap();
        let clean = Recount {
            size: SIZE,
            ..Recount::default()
        };
        assert_eq!(recount(sql).unwrap(), clean);

        // An erasure is no fault.
        let erased = "DELETE FROM access_log_entry WHERE place = 5";
        sql.execute(erased, &[]).unwrap();
        assert_eq!(recount(sql).unwrap(), clean);

        let changed = "UPDATE access_log_entry SET entry = 'another' WHERE place IN (6, 700)";
        sql.execute(changed, &[]).unwrap();
        assert_eq!(recount(sql).unwrap().entries, 2);

        // Whoever changes the hash with the entry is betrayed by the level above.
        let forged = leaf_hash(sha256, b"another");
        let mut changed = hashes(sql, 0, 0).unwrap();
        changed[6 * HASH..7 * HASH].copy_from_slice(&forged);
        let tile = "UPDATE access_log_tile SET hashes = ?1 WHERE level = 0 AND position = 0";
        sql.execute(tile, params![changed]).unwrap();
        let found = recount(sql).unwrap();
        assert_eq!((found.entries, found.hashes), (1, 1));

        sql.execute("DELETE FROM access_log_tile WHERE position = 3", &[])
            .unwrap();
        sql.execute("UPDATE access_log SET size = ?1", params![size - 1])
            .unwrap();
        let found = recount(sql).unwrap();
        assert_eq!((found.entries, found.hashes), (2, 1 + 9));
    }
}
