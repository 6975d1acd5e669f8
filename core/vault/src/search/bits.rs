//! Sets of docs: packed as they are stored, spread out as they are worked with.

use crate::error::VaultError;

/// Docs in a block.
pub(crate) const BLOCK: usize = 4_096;
/// Bytes of a block as a bitmap. A shorter packed block is a list.
const BITMAP: usize = BLOCK / 8;
const WORDS: usize = BLOCK / 64;

type Block = [u64; WORDS];

/// Adds docs (their places in the block, ascending, all above those in it) to a packed block.
pub(crate) fn append(packed: &[u8], places: &[u16]) -> Result<Vec<u8>, VaultError> {
    if packed.len() + 2 * places.len() < BITMAP {
        let mut list = Vec::with_capacity(packed.len() + 2 * places.len());
        list.extend_from_slice(packed);
        for place in places {
            list.extend_from_slice(&place.to_le_bytes());
        }
        return Ok(list);
    }
    let mut block = [0; WORDS];
    unpack_into(packed, &mut block)?;
    for place in places {
        set(&mut block, *place);
    }
    Ok(block.iter().flat_map(|word| word.to_le_bytes()).collect())
}

fn set(block: &mut Block, place: u16) {
    let place = usize::from(place) % BLOCK;
    block[place / 64] |= 1 << (place % 64);
}

fn unpack_into(packed: &[u8], block: &mut Block) -> Result<(), VaultError> {
    if packed.len() == BITMAP {
        for (word, bytes) in block.iter_mut().zip(packed.as_chunks().0) {
            *word |= u64::from_le_bytes(*bytes);
        }
        return Ok(());
    }
    let (places, rest) = packed.as_chunks();
    if packed.len() > BITMAP || !rest.is_empty() {
        return Err(VaultError::Corrupt);
    }
    for place in places {
        set(block, u16::from_le_bytes(*place));
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
            blocks: vec![[0; WORDS]; docs.div_ceil(BLOCK)],
        }
    }

    /// How many blocks there is room for.
    pub(crate) fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Adds a packed block; one beyond the bound is left out.
    pub(crate) fn add(&mut self, block: usize, packed: &[u8]) -> Result<(), VaultError> {
        match self.blocks.get_mut(block) {
            Some(block) => unpack_into(packed, block),
            None => Ok(()),
        }
    }

    /// Keeps what is in the other set too; whether anything is left.
    pub(crate) fn keep(&mut self, other: &Self) -> bool {
        let mut any = 0;
        for (block, other) in self.blocks.iter_mut().zip(&other.blocks) {
            for (word, other) in block.iter_mut().zip(other) {
                *word &= other;
                any |= *word;
            }
        }
        any != 0
    }

    /// The docs in the set, ascending.
    pub(crate) fn docs(&self) -> impl Iterator<Item = usize> + '_ {
        self.blocks
            .iter()
            .flatten()
            .enumerate()
            .flat_map(|(at, &word)| {
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
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_blocks_hold_what_was_appended(
            docs in proptest::collection::btree_set(0_u16..4_096, 0..600),
            cut in 0_usize..600,
        ) {
            let docs: Vec<u16> = docs.into_iter().collect();
            let (first, second) = docs.split_at(cut.min(docs.len()));
            let packed = append(&append(&[], first).unwrap(), second).unwrap();
            prop_assert!(packed.len() <= BITMAP);
            let mut bits = Bits::none(BLOCK);
            bits.add(0, &packed).unwrap();
            bits.add(1, &packed).unwrap();
            let found: BTreeSet<usize> = bits.docs().collect();
            prop_assert_eq!(found, docs.into_iter().map(usize::from).collect());
        }
    }

    #[test]
    fn a_block_of_no_such_length_is_damage() {
        let mut bits = Bits::none(1);
        assert_eq!(bits.add(0, &[0; 3]), Err(VaultError::Corrupt));
        assert_eq!(bits.add(0, &[0; 514]), Err(VaultError::Corrupt));
    }
}
