//! What was done to a disk, to be looked at again and cut anywhere.

use super::medium::{Medium, Operation};

/// Every operation of a disk's life, in order.
#[derive(Debug, Clone, Default)]
pub struct Tape {
    operations: Vec<Operation>,
}

/// The moment before an operation.
#[derive(Debug)]
pub struct Cut<'t> {
    /// How many operations were done.
    pub done: u64,
    /// The operation that the power cut meets; nothing at the end.
    pub next: Option<&'t Operation>,
    /// The disk at this moment.
    pub medium: &'t Medium,
}

impl Tape {
    pub(super) fn of(operations: Vec<Operation>) -> Self {
        Self { operations }
    }

    /// How many operations there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// Calls `look` at the moment before every operation, and at the end.
    pub fn cuts(&self, mut look: impl FnMut(&Cut<'_>)) {
        let mut medium = Medium::default();
        for (done, next) in (0..).zip(self.operations.iter().map(Some).chain([None])) {
            look(&Cut {
                done,
                next,
                medium: &medium,
            });
            if let Some(next) = next {
                medium.apply(next);
            }
        }
    }
}
