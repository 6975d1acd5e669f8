//! What a disk may hold after the power went.
//!
//! What a correct file system promises is kept: a synced file has its content, a synced folder its
//! names, a rename is done or not, and no byte changes that nobody wrote. Everything else may have
//! happened or not, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use super::content::Content;
use super::medium::{File, FileChange, FileId, Medium, Operation};
use crate::SeededRng;

/// The smallest part of a write that is there as a whole or not at all.
const SECTOR: usize = 512;

/// In which way the power takes what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CrashKind {
    /// Nothing of it had arrived.
    Durable,
    /// All of it had arrived.
    Written,
    /// Some of it had arrived, each operation as a whole.
    Dropped,
    /// Some sectors of some of it had arrived, later ones before earlier ones.
    Reordered,
    /// The write at the cut arrived up to a multiple of 512 bytes in the file; what came before it
    /// arrived, all or some.
    TornSector,
    /// As [`CrashKind::TornSector`], up to a multiple of 4 KiB.
    TornPage,
}

impl CrashKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Durable,
        Self::Written,
        Self::Dropped,
        Self::Reordered,
        Self::TornSector,
        Self::TornPage,
    ];

    /// Whether the seed makes a difference.
    #[must_use]
    pub const fn is_random(self) -> bool {
        !matches!(self, Self::Durable | Self::Written)
    }
}

/// Dice for one image.
struct Dice(SeededRng);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0.next() % bound).unwrap_or(0)
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    /// Which of so many are kept: mostly all, mostly none, half of them, or all but one.
    fn keep(&self, count: usize) -> Vec<bool> {
        match self.below(4) {
            0 => {
                let dropped = self.below(count);
                (0..count).map(|at| at != dropped).collect()
            }
            way => (0..count)
                .map(|_| match way {
                    1 => self.below(8) > 0,
                    2 => self.below(2) > 0,
                    _ => self.below(8) == 0,
                })
                .collect(),
        }
    }
}

impl Medium {
    /// The files as they may be when the power goes at the operation `at`, which is the next one;
    /// nothing when it is none that this kind can cut.
    #[must_use]
    pub fn crash(
        &self,
        kind: CrashKind,
        seed: u64,
        at: Option<&Operation>,
    ) -> Option<BTreeMap<String, Vec<u8>>> {
        let left = self.left(kind, seed, at)?;
        let bytes = |(name, content): (String, Content)| (name, content.to_vec());
        Some(left.into_iter().map(bytes).collect())
    }

    pub(super) fn left(
        &self,
        kind: CrashKind,
        seed: u64,
        at: Option<&Operation>,
    ) -> Option<BTreeMap<String, Content>> {
        let dice = Dice(SeededRng::new(seed));
        let torn = match kind {
            CrashKind::TornSector => Some(tear(&dice, at?, SECTOR)?),
            CrashKind::TornPage => Some(tear(&dice, at?, 4_096)?),
            _ => None,
        };
        // Before a torn write half the images have all that was written, the others some of it.
        let kind = match torn {
            Some(_) if dice.below(2) == 0 => CrashKind::Written,
            Some(_) => CrashKind::Dropped,
            None => kind,
        };
        let names = self.names_after(kind, &dice);
        let mut contents = BTreeMap::new();
        let empty = File::default();
        for (name, id) in names {
            let file = self.files.get(&id).unwrap_or(&empty);
            let mut content = content_after(file, kind, &dice);
            if let Some((torn_file, change)) = &torn
                && *torn_file == id
            {
                change.apply(&mut content);
            }
            contents.insert(name, content);
        }
        Some(contents)
    }

    fn names_after(&self, kind: CrashKind, dice: &Dice) -> BTreeMap<String, FileId> {
        match kind {
            CrashKind::Durable => return self.durable_names.clone(),
            CrashKind::Written => return self.names.clone(),
            _ => {}
        }
        // A change can have arrived only after those before it that touch the same names.
        let mut names = self.durable_names.clone();
        let mut missing: BTreeSet<&str> = BTreeSet::new();
        let kept = dice.keep(self.pending_names.len());
        for (change, keep) in self.pending_names.iter().zip(kept) {
            let touched = change.names();
            if keep && !touched.iter().any(|name| missing.contains(name)) {
                change.apply(&mut names);
            } else {
                missing.extend(touched);
            }
        }
        names
    }
}

fn content_after(file: &File, kind: CrashKind, dice: &Dice) -> Content {
    if kind == CrashKind::Written && !file.lost {
        return file.current.clone();
    }
    let mut content = file.durable.clone();
    match kind {
        CrashKind::Durable => {}
        CrashKind::Written => {
            for change in &file.pending {
                change.apply(&mut content);
            }
        }
        CrashKind::Reordered => {
            let mut parts: Vec<FileChange> = file.pending.iter().flat_map(sectors).collect();
            dice.shuffle(&mut parts);
            apply_some(&parts, dice, &mut content);
        }
        CrashKind::Dropped | CrashKind::TornSector | CrashKind::TornPage => {
            apply_some(&file.pending, dice, &mut content);
        }
    }
    content
}

fn apply_some(changes: &[FileChange], dice: &Dice, content: &mut Content) {
    if changes.is_empty() {
        return;
    }
    for (change, keep) in changes.iter().zip(dice.keep(changes.len())) {
        if keep {
            change.apply(content);
        }
    }
}

/// A change in the parts that arrive independently of one another.
fn sectors(change: &FileChange) -> Vec<FileChange> {
    let FileChange::Write { offset, bytes } = change else {
        return vec![change.clone()];
    };
    let mut parts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes.len().min(at + SECTOR - (offset + at) % SECTOR);
        parts.push(FileChange::Write {
            offset: offset + at,
            bytes: bytes[at..end].into(),
        });
        at = end;
    }
    parts
}

/// The beginning of a write up to a multiple of `unit` in the file; nothing when it crosses none.
fn tear(dice: &Dice, operation: &Operation, unit: usize) -> Option<(FileId, FileChange)> {
    let Operation::Write {
        file,
        offset,
        bytes,
    } = operation
    else {
        return None;
    };
    let first = offset / unit + 1;
    let last = (offset + bytes.len()).checked_sub(1)? / unit;
    if last < first {
        return None;
    }
    let end = (first + dice.below(last - first + 1)) * unit - offset;
    Some((
        *file,
        FileChange::Write {
            offset: *offset,
            bytes: bytes[..end].into(),
        },
    ))
}
