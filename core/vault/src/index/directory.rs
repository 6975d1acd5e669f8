//! Which resources there are, by a hash of clinic, type and id.

use rusqlite::Transaction;

use crate::error::VaultError;
use crate::index::cache::Cached;
use crate::index::records::Records;
use crate::packed::UnpackedId;
use crate::resources::hash;

/// As they are stored: hash, type.
const STORED: Records = Records {
    table: "directory",
    fields: &[4, 2],
};

/// A resource's hash and type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Signpost {
    pub(crate) hash: u32,
    pub(crate) kind: u16,
}

/// The signposts of all resources there ever were, by number. Who finds a number here asks the table
/// whether the resource is still there and really has that id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    signposts: Vec<Signpost>,
    /// Numbers, each at the first free place from its hash on; 0 for a free place. At least half of
    /// the places are free.
    table: Vec<u32>,
}

/// Signposts that a commit adds.
#[derive(Debug, Default)]
pub(crate) struct DirectoryPatch {
    pub(crate) added: Vec<Signpost>,
}

impl Directory {
    /// Numbers of resources with this hash.
    pub(crate) fn with_hash(&self, hash: u32) -> impl Iterator<Item = i64> + '_ {
        let mask = self.table.len().wrapping_sub(1);
        let mut place = hash as usize & mask;
        std::iter::from_fn(move || {
            loop {
                let number = *self.table.get(place)?;
                let found = self.signposts.get((number as usize).checked_sub(1)?)?;
                place = (place + 1) & mask;
                if found.hash == hash {
                    return Some(i64::from(number));
                }
            }
        })
    }

    /// Numbers of resources of a type, the last first.
    pub(crate) fn of_kind(&self, kind: u16) -> impl Iterator<Item = i64> + '_ {
        let numbered = self.signposts.iter().enumerate().rev();
        numbered
            .filter(move |(_, signpost)| signpost.kind == kind)
            .filter_map(|(at, _)| i64::try_from(at + 1).ok())
    }

    fn push(&mut self, signpost: Signpost) {
        self.signposts.push(signpost);
        if self.signposts.len() * 2 > self.table.len() {
            self.table = vec![0; (self.signposts.len() * 4).next_power_of_two()];
            for number in 1..=self.signposts.len() {
                self.enter(number);
            }
        } else {
            self.enter(self.signposts.len());
        }
    }

    fn enter(&mut self, number: usize) {
        let mask = self.table.len() - 1;
        let hash = self.signposts.get(number - 1).map_or(0, |found| found.hash);
        let mut place = hash as usize & mask;
        while self.table[place] != 0 {
            place = (place + 1) & mask;
        }
        self.table[place] = u32::try_from(number).unwrap_or(0);
    }
}

impl Cached for Directory {
    type Patch = DirectoryPatch;

    fn load(tx: &Transaction<'_>) -> Result<Self, VaultError> {
        let mut directory = Self::default();
        STORED.each(tx, |first, signposts| {
            if usize::try_from(first).ok() != Some(directory.signposts.len() + 1) {
                return Err(VaultError::Corrupt);
            }
            let hashes = signposts.each(0).map(u32::from_le_bytes);
            let kinds = signposts.each(1).map(u16::from_le_bytes);
            let found = hashes
                .zip(kinds)
                .map(|(hash, kind)| Signpost { hash, kind });
            directory.signposts.extend(found);
            Ok(())
        })?;
        directory.table = vec![0; (directory.signposts.len() * 4).next_power_of_two().max(16)];
        for number in 1..=directory.signposts.len() {
            directory.enter(number);
        }
        Ok(directory)
    }

    fn apply(&mut self, patch: &DirectoryPatch) {
        for signpost in &patch.added {
            self.push(*signpost);
        }
    }
}

/// Stores signposts of resources from `first` on.
pub(crate) fn add(
    tx: &Transaction<'_>,
    first: i64,
    signposts: &[Signpost],
) -> Result<(), VaultError> {
    if signposts.is_empty() {
        return Ok(());
    }
    let mut data = Vec::with_capacity(signposts.len() * 6);
    for signpost in signposts {
        data.extend_from_slice(&signpost.hash.to_le_bytes());
        data.extend_from_slice(&signpost.kind.to_le_bytes());
    }
    STORED.append(tx, first, &data)
}

/// Writes all signposts anew. Numbers of resources that are gone keep an empty one.
pub(crate) fn rebuild(tx: &Transaction<'_>, seed: i64, next: i64) -> Result<(), VaultError> {
    STORED.clear(tx)?;
    let mut signposts = vec![Signpost::default(); crate::index::bytes::size(next - 1)?];
    let mut find = tx.prepare(r#"SELECT "number", "clinic", "kind", "id" FROM "resource""#)?;
    let mut rows = find.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let (clinic, kind) = (row.get(1)?, row.get(2)?);
        let id: UnpackedId = row.get(3)?;
        let signpost = usize::try_from(number - 1)
            .ok()
            .and_then(|at| signposts.get_mut(at))
            .ok_or(VaultError::Corrupt)?;
        *signpost = Signpost {
            hash: hash(seed, clinic, kind, &id.0),
            kind: u16::try_from(kind).map_err(|_| VaultError::Corrupt)?,
        };
    }
    add(tx, 1, &signposts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_hash_also_after_growing() {
        let mut directory = Directory::default();
        assert_eq!(directory.with_hash(7).count(), 0);
        // Few hashes, so that they collide.
        for number in 0_u32..1_000 {
            directory.push(Signpost {
                hash: number % 37 * 0x0100_0000,
                kind: u16::try_from(number % 3).unwrap(),
            });
        }
        for hash in 0..40_u32 {
            let mut found: Vec<i64> = directory.with_hash(hash * 0x0100_0000).collect();
            found.sort_unstable();
            let expected: Vec<i64> = (0..1_000_i64)
                .filter(|number| number % 37 == i64::from(hash))
                .map(|number| number + 1)
                .collect();
            assert_eq!(found, expected);
        }
        assert_eq!(directory.of_kind(2).next(), Some(999));
        assert_eq!(directory.of_kind(2).count(), 333);
    }
}
