//! Merkle trees as RFC 9162, section 2 has them: what proves that an entry is in a log, and that a log was only appended to.
//!
//! Whoever keeps the log makes proofs from the hashes of its complete subtrees ([`root`], [`inclusion_proof`],
//! [`consistency_proof`]); whoever holds a head checks them ([`is_included`], [`is_consistent`]). The hash function is given,
//! since this crate has none.

use std::fmt;

/// A hash of SHA-256.
pub type Hash = [u8; 32];

/// SHA-256 over the parts, one after the other.
pub type Sha256 = fn(&[&[u8]]) -> Hash;

/// The state of a log: how many entries it has, and the hash over all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Entries.
    pub size: u64,
    /// `MTH(D[n])`
    pub root: Hash,
}

impl fmt::Debug for TreeHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeHead")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

/// The hash of an entry (RFC 9162, 2.1.1).
#[must_use]
pub fn leaf_hash(sha256: Sha256, entry: &[u8]) -> Hash {
    sha256(&[&[0], entry])
}

/// The hash over two subtrees.
#[must_use]
pub fn node_hash(sha256: Sha256, left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Gives the hash of a complete subtree: of the 2^level entries that begin at number `index` · 2^level.
pub trait Nodes {
    /// Why it cannot be given.
    type Error;

    /// The hash.
    ///
    /// # Errors
    /// When the log does not hold it.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The hash over the first `size` entries.
///
/// # Errors
/// As [`Nodes::node`].
pub fn root<N: Nodes>(sha256: Sha256, size: u64, nodes: &mut N) -> Result<Hash, N::Error> {
    if size == 0 {
        return Ok(sha256(&[]));
    }
    range(sha256, 0, size, nodes)
}

/// `PATH(index, D[size])` (RFC 9162, 2.1.3.1); nothing when there is no such entry.
///
/// # Errors
/// As [`Nodes::node`].
pub fn inclusion_proof<N: Nodes>(
    sha256: Sha256,
    index: u64,
    size: u64,
    nodes: &mut N,
) -> Result<Option<Vec<Hash>>, N::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            proof.push(range(sha256, middle, to, nodes)?);
            to = middle;
        } else {
            proof.push(range(sha256, from, middle, nodes)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(Some(proof))
}

/// `PROOF(first, D[second])` (RFC 9162, 2.1.4.1); nothing when the first tree is empty or larger than the second.
///
/// # Errors
/// As [`Nodes::node`].
pub fn consistency_proof<N: Nodes>(
    sha256: Sha256,
    first: u64,
    second: u64,
    nodes: &mut N,
) -> Result<Option<Vec<Hash>>, N::Error> {
    if first == 0 || first > second {
        return Ok(None);
    }
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, second);
    // Whether the subtree at which the walk stands is one that the first tree has at its left edge alone.
    let mut is_known = true;
    while first != to {
        let middle = from + split(to - from);
        if first <= middle {
            proof.push(range(sha256, middle, to, nodes)?);
            to = middle;
        } else {
            proof.push(range(sha256, from, middle, nodes)?);
            from = middle;
            is_known = false;
        }
    }
    if !is_known {
        proof.push(range(sha256, from, to, nodes)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Whether an entry with this hash has the number `index` in the log of this head (RFC 9162, 2.1.3.2).
#[must_use]
pub fn is_included(
    sha256: Sha256,
    leaf: &Hash,
    index: u64,
    head: &TreeHead,
    proof: &[Hash],
) -> bool {
    if index >= head.size {
        return false;
    }
    let (mut node, mut last) = (index, head.size - 1);
    let mut hash = *leaf;
    for part in proof {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sha256, part, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(sha256, &hash, part);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == head.root
}

/// Whether the log of the second head is that of the first with entries appended, or the same (RFC 9162, 2.1.4.2). From an
/// empty log everything follows.
#[must_use]
pub fn is_consistent(sha256: Sha256, first: &TreeHead, second: &TreeHead, proof: &[Hash]) -> bool {
    if first.size > second.size {
        return false;
    }
    if first.size == second.size {
        return proof.is_empty() && first.root == second.root;
    }
    if first.size == 0 {
        return proof.is_empty();
    }
    let (mut node, mut last) = (first.size - 1, second.size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let mut parts = proof.iter();
    // Of a complete first tree the walk begins at its root, which is known.
    let begin = match first.size.is_power_of_two() {
        true => Some(&first.root),
        false => parts.next(),
    };
    let Some(begin) = begin else {
        return false;
    };
    let (mut before, mut after) = (*begin, *begin);
    for part in parts {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            before = node_hash(sha256, part, &before);
            after = node_hash(sha256, part, &after);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            after = node_hash(sha256, &after, part);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && before == first.root && after == second.root
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// The hash over the entries from `from` to `to`, which begin where a subtree of their size does.
fn range<N: Nodes>(sha256: Sha256, from: u64, to: u64, nodes: &mut N) -> Result<Hash, N::Error> {
    let count = to - from;
    if count.is_power_of_two() {
        let level = count.trailing_zeros();
        return nodes.node(level, from >> level);
    }
    let middle = from + split(count);
    let left = range(sha256, from, middle, nodes)?;
    let right = range(sha256, middle, to, nodes)?;
    Ok(node_hash(sha256, &left, &right))
}

#[cfg(test)]
mod tests;
