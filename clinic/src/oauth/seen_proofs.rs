//! Which proofs came already, for a clinic of one process. With several it is a table (`dpop_proof`).

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use super::proof::WINDOW;

/// Seconds for which a proof is remembered at least: it may be of the future, and good for as long after.
const REMEMBERED: i64 = 2 * WINDOW;
/// Proofs that are remembered at most for each such time: more come only while nobody can be served anyway. Some 32 MB.
const MOST: usize = 1 << 21;

/// What became of a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    First,
    Again,
    /// There is no room to tell.
    Full,
}

/// Remembers ids of proofs, for so long and no longer. Of each only 64 bits, by a hash that nobody outside can compute: who
/// never sent it meets another's once in 10¹³ requests, and asks again.
#[derive(Debug, Default)]
pub(crate) struct SeenProofs {
    hasher: RandomState,
    ages: Mutex<Ages>,
}

#[derive(Debug, Default)]
struct Ages {
    began: i64,
    young: HashSet<u64>,
    old: HashSet<u64>,
}

impl SeenProofs {
    /// Whether it comes for the first time, which it no longer does from now on.
    pub fn note(&self, id: &[u8; 16], second: i64) -> Seen {
        self.note_among(id, second, MOST)
    }

    fn note_among(&self, id: &[u8; 16], second: i64, most: usize) -> Seen {
        let short = self.hasher.hash_one(id);
        let mut ages = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
        let age = second.saturating_sub(ages.began);
        if age >= 2 * REMEMBERED {
            (ages.young, ages.old) = <_>::default();
            ages.began = second;
        } else if !(0..REMEMBERED).contains(&age) {
            // Also when the clock was set back: what it said before is as good as past.
            ages.old = std::mem::take(&mut ages.young);
            ages.began = second;
        }
        if ages.young.contains(&short) || ages.old.contains(&short) {
            return Seen::Again;
        }
        if ages.young.len() >= most {
            return Seen::Full;
        }
        ages.young.insert(short);
        Seen::First
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&n.to_be_bytes());
        id
    }

    #[test]
    fn a_proof_is_remembered_for_as_long_as_it_is_good() {
        let seen = SeenProofs::default();
        for (n, second) in [(1, 1_000), (2, 1_599), (3, 1_600)] {
            assert_eq!(seen.note(&id(n), second), Seen::First);
        }
        for n in 1..=3 {
            assert_eq!(seen.note(&id(n), 1_600), Seen::Again, "{n}");
        }
        assert_eq!(seen.note(&id(3), 2_199), Seen::Again);
        assert_eq!(seen.note(&id(3), 2_200), Seen::Again);
        // By then nothing of them is left.
        assert_eq!(seen.note(&id(3), 2_800), Seen::First);
    }

    #[test]
    fn a_clock_that_is_set_back_fills_no_memory() {
        let seen = SeenProofs::default();
        assert_eq!(seen.note(&id(1), 1_000_000), Seen::First);
        assert_eq!(seen.note(&id(1), 5), Seen::Again);
        assert_eq!(seen.note(&id(1), 604), Seen::Again);
        assert_eq!(seen.note(&id(1), 605), Seen::First);
    }

    #[test]
    fn memory_has_an_end_and_nothing_is_forgotten_for_it() {
        let seen = SeenProofs::default();
        let note = |n| seen.note_among(&id(n), 1, 10);
        assert!((0..10).all(|n| note(n) == Seen::First));
        assert_eq!(note(10), Seen::Full);
        assert!((0..10).all(|n| note(n) == Seen::Again));
    }
}
