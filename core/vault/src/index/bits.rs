//! Sets of docs: packed as they are stored, spread out as they are worked with.

use crate::error::VaultError;

/// Docs in a block. Stored: never changed once released; small in unit tests, so that they fill some.
pub(crate) const BLOCK: usize = if cfg!(all(test, debug_assertions)) {
    64
} else {
    4_096
};
/// Bytes of a block as a bitmap. A shorter packed block is a list.
const BITMAP: usize = BLOCK / 8;
const WORDS: usize = BLOCK / 64;

/// A set of places in one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block([u64; WORDS]);

impl Default for Block {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Block {
    pub(super) fn set(&mut self, place: usize) {
        let place = place % BLOCK;
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub(super) fn has(&self, place: usize) -> bool {
        let place = place % BLOCK;
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    pub(super) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The places in it, ascending.
    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        ones(&self.0)
    }
}

/// Where the ones stand.
fn ones(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(at, &word)| {
        let mut left = word;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros() as usize;
            (left != 0).then(|| {
                left &= left - 1;
                at * 64 + bit
            })
        })
    })
}

/// A block as it is stored: two bytes for each place, little endian, or a bitmap where that is not
/// longer.
pub(super) fn pack(block: &Block) -> Vec<u8> {
    if 2 * (block.count() as usize) < BITMAP {
        block
            .places()
            .filter_map(|place| u16::try_from(place).ok())
            .flat_map(u16::to_le_bytes)
            .collect()
    } else {
        block.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

/// As [`pack`], of places none of which is there twice.
pub(super) fn pack_places(places: &[u16]) -> Vec<u8> {
    if 2 * places.len() < BITMAP {
        return places
            .iter()
            .flat_map(|place| place.to_le_bytes())
            .collect();
    }
    let mut block = Block::default();
    for place in places {
        block.set(usize::from(*place));
    }
    pack(&block)
}

/// Adds a packed block.
pub(super) fn unpack_into(packed: &[u8], block: &mut Block) -> Result<(), VaultError> {
    if packed.len() == BITMAP {
        for (word, bytes) in block.0.iter_mut().zip(packed.as_chunks().0) {
            *word |= u64::from_le_bytes(*bytes);
        }
        return Ok(());
    }
    let (places, rest) = packed.as_chunks();
    if packed.len() > BITMAP || !rest.is_empty() {
        return Err(VaultError::Corrupt);
    }
    for place in places {
        block.set(usize::from(u16::from_le_bytes(*place)));
    }
    Ok(())
}

/// A set of docs below a bound.
#[derive(Debug, Clone)]
pub(crate) struct Bits {
    blocks: Vec<Block>,
}

impl Bits {
    /// Nothing, with room for docs below `docs`.
    pub(crate) fn none(docs: usize) -> Self {
        Self {
            blocks: vec![Block::default(); docs.div_ceil(BLOCK)],
        }
    }

    /// How many blocks there is room for.
    pub(super) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Adds a packed block; one beyond the bound is left out.
    pub(super) fn add(&mut self, block: usize, packed: &[u8]) -> Result<(), VaultError> {
        match self.blocks.get_mut(block) {
            Some(block) => unpack_into(packed, block),
            None => Ok(()),
        }
    }

    /// Adds a doc; one beyond the bound is left out.
    pub(super) fn set(&mut self, doc: usize) {
        if let Some(block) = self.blocks.get_mut(doc / BLOCK) {
            block.set(doc);
        }
    }

    /// Keeps what is in the other set too; whether anything is left.
    pub(super) fn keep(&mut self, other: &Self) -> bool {
        let mut any = 0;
        for (block, other) in self.blocks.iter_mut().zip(&other.blocks) {
            for (word, other) in block.0.iter_mut().zip(&other.0) {
                *word &= other;
                any |= *word;
            }
        }
        any != 0
    }

    /// The docs in the set, ascending.
    pub(super) fn docs(&self) -> impl Iterator<Item = usize> + '_ {
        self.blocks
            .iter()
            .enumerate()
            .flat_map(|(number, block)| block.places().map(move |place| number * BLOCK + place))
    }

    /// The docs from `start` up to `start` + `count`, ascending; both a multiple of 64 that divides
    /// a block.
    pub(super) fn docs_in(&self, start: usize, count: usize) -> impl Iterator<Item = usize> + '_ {
        let words = self
            .blocks
            .get(start / BLOCK)
            .and_then(|block| {
                let from = start % BLOCK / 64;
                block.0.get(from..from + count / 64)
            })
            .unwrap_or_default();
        ones(words).map(move |place| start + place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_blocks_hold_what_was_put_in(
            places in proptest::collection::btree_set(0_u16..u16::try_from(BLOCK).unwrap(), 0..200),
        ) {
            let list: Vec<u16> = places.iter().copied().collect();
            let packed = pack_places(&list);
            prop_assert!(packed.len() <= BITMAP);
            let mut block = Block::default();
            unpack_into(&packed, &mut block).unwrap();
            prop_assert_eq!(&pack(&block), &packed);
            let mut bits = Bits::none(BLOCK);
            bits.add(0, &packed).unwrap();
            bits.add(1, &packed).unwrap();
            let expected: BTreeSet<usize> = places.into_iter().map(usize::from).collect();
            prop_assert_eq!(&bits.docs().collect::<BTreeSet<_>>(), &expected);
            let by_chunks: BTreeSet<usize> = (0..BLOCK)
                .step_by(64)
                .flat_map(|start| bits.docs_in(start, 64))
                .collect();
            prop_assert_eq!(&by_chunks, &expected);
            prop_assert!((0..BLOCK).all(|place| block.has(place) == expected.contains(&place)));
        }
    }

    #[test]
    fn a_block_of_no_such_length_is_damage() {
        let mut bits = Bits::none(1);
        assert_eq!(bits.add(0, &[0; 3]), Err(VaultError::Corrupt));
        assert_eq!(bits.add(0, &[0; BITMAP + 2]), Err(VaultError::Corrupt));
    }
}
