//! The tree over the log as the database keeps it: tiles of 256 hashes, those of one level under those of the next. A tile
//! that is full has one hash in the level above, so that of every complete subtree the hash is there or made of those of one
//! tile: a proof of a log of a hundred million entries reads four tiles.

use std::collections::BTreeMap;
use std::fmt;

use sokhoe_domain::merkle::{Hash, Nodes, node_hash};
use sokhoe_qr::signed::sha256;

use crate::store::{Sql, StoreError, params};

/// Hashes of a tile.
pub(super) const WIDTH: u64 = 256;
/// Levels of the tree in a tile.
const HEIGHT: u32 = 8;
/// Bytes of a hash.
pub(super) const HASH: usize = 32;

/// A tile's level, and its place there.
type Place = (i64, i64);

/// The tiles that were read, and those that are to be written.
pub(super) struct Tiles<'a> {
    sql: Sql<'a>,
    known: BTreeMap<Place, Tile>,
}

#[derive(Default)]
struct Tile {
    hashes: Vec<u8>,
    is_new: bool,
    is_changed: bool,
}

impl fmt::Debug for Tiles<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiles").finish_non_exhaustive()
    }
}

impl<'a> Tiles<'a> {
    pub fn new(sql: Sql<'a>) -> Self {
        Self {
            sql,
            known: BTreeMap::new(),
        }
    }

    /// Appends the hash of entry number `index`, the first after the last one.
    pub fn append(&mut self, index: u64, leaf: Hash) -> Result<(), StoreError> {
        let (mut level, mut index, mut hash) = (0, index, leaf);
        loop {
            let filled = usize::try_from(index % WIDTH).unwrap_or_default() * HASH;
            let tile = self.tile(level, index / WIDTH)?;
            // What a writer that was cut off left behind does not count.
            if tile.hashes.len() < filled {
                return Err(StoreError::Unexpected);
            }
            tile.hashes.truncate(filled);
            tile.hashes.extend_from_slice(&hash);
            tile.is_changed = true;
            if (index + 1) % WIDTH != 0 {
                return Ok(());
            }
            hash = over(&tile.hashes)?;
            index /= WIDTH;
            level += 1;
        }
    }

    /// Writes what was appended.
    pub fn write(self) -> Result<(), StoreError> {
        for ((level, position), tile) in self.known {
            if tile.is_changed && tile.is_new {
                self.sql.execute(
                    "INSERT INTO access_log_tile (level, position, hashes) VALUES (?1, ?2, ?3)",
                    params![level, position, tile.hashes],
                )?;
            } else if tile.is_changed {
                self.sql.execute(
                    "UPDATE access_log_tile SET hashes = ?3 WHERE level = ?1 AND position = ?2",
                    params![level, position, tile.hashes],
                )?;
            }
        }
        Ok(())
    }

    fn tile(&mut self, level: u32, position: u64) -> Result<&mut Tile, StoreError> {
        let position = i64::try_from(position).map_err(|_| StoreError::Unexpected)?;
        let place = (i64::from(level), position);
        let tile = match self.known.remove(&place) {
            Some(tile) => tile,
            None => {
                let found: Option<Vec<u8>> = self.sql.first(
                    "SELECT hashes FROM access_log_tile WHERE level = ?1 AND position = ?2",
                    params![place.0, place.1],
                    |row| row.get(0),
                )?;
                Tile {
                    is_new: found.is_none(),
                    hashes: found.unwrap_or_default(),
                    is_changed: false,
                }
            }
        };
        Ok(self.known.entry(place).or_insert(tile))
    }
}

impl Nodes for Tiles<'_> {
    type Error = StoreError;

    fn node(&mut self, level: u32, index: u64) -> Result<Hash, StoreError> {
        let within = level % HEIGHT;
        let first = index << within;
        let tile = self.tile(level / HEIGHT, first / WIDTH)?;
        let from = usize::try_from(first % WIDTH).unwrap_or_default() * HASH;
        let to = from + (HASH << within);
        over(tile.hashes.get(from..to).ok_or(StoreError::Unexpected)?)
    }
}

/// The hash over a complete subtree of hashes that lie one after the other.
pub(super) fn over(hashes: &[u8]) -> Result<Hash, StoreError> {
    let (hashes, rest) = hashes.as_chunks::<HASH>();
    if !rest.is_empty() || !hashes.len().is_power_of_two() {
        return Err(StoreError::Unexpected);
    }
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        let (pairs, _) = level.as_chunks::<2>();
        level = pairs
            .iter()
            .map(|[left, right]| node_hash(sha256, left, right))
            .collect();
    }
    level.first().copied().ok_or(StoreError::Unexpected)
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::merkle::{
        TreeHead, consistency_proof, inclusion_proof, is_consistent, is_included, leaf_hash, root,
    };

    use super::*;

    fn leaf(number: u64) -> Hash {
        leaf_hash(sha256, &number.to_be_bytes())
    }

    /// The root, counted from the leaves.
    fn naive(leaves: &[Hash]) -> Hash {
        if let [one] = leaves {
            return *one;
        }
        let middle = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(middle);
        node_hash(sha256, &naive(left), &naive(right))
    }

    #[test]
    fn tiles_prove_what_the_tree_is_over_however_they_were_filled() {
        const MOST: u64 = 256 * 256 + 300;
        let database = crate::store::InMemory::new();
        let mut size = 0;
        for step in [1, 2, 253, 1, 400, 60_000, 5_000, 178, 1] {
            let mut tiles = Tiles::new(database.sql());
            for _ in 0..step {
                tiles.append(size, leaf(size)).unwrap();
                size += 1;
            }
            tiles.write().unwrap();
        }
        assert_eq!(size, MOST);
        let leaves: Vec<Hash> = (0..MOST).map(leaf).collect();
        let mut tiles = Tiles::new(database.sql());
        let sizes = [1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, MOST];
        for size in sizes {
            let whole = &leaves[..usize::try_from(size).unwrap()];
            let head = TreeHead {
                size,
                root: root(sha256, size, &mut tiles).unwrap(),
            };
            assert_eq!(head.root, naive(whole), "{size}");
            for index in [0, size / 2, size - 1] {
                let proof = inclusion_proof(sha256, index, size, &mut tiles)
                    .unwrap()
                    .unwrap();
                assert!(is_included(sha256, &leaf(index), index, &head, &proof));
            }
            for first in sizes.into_iter().filter(|first| *first <= size) {
                let before = TreeHead {
                    size: first,
                    root: root(sha256, first, &mut tiles).unwrap(),
                };
                let proof = consistency_proof(sha256, first, size, &mut tiles)
                    .unwrap()
                    .unwrap();
                assert!(is_consistent(sha256, &before, &head, &proof));
            }
        }
        let mut tiles = Tiles::new(database.sql());
        inclusion_proof(sha256, 7, MOST, &mut tiles).unwrap();
        assert!(tiles.known.len() <= 5, "{}", tiles.known.len());
    }
}
