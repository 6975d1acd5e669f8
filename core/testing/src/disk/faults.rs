//! What can go wrong with a disk while a program runs.

use std::io;

use super::medium::Operation;

/// Why an operation was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The power is gone: nothing works any more.
    PowerGone,
    /// No space is left.
    Full,
    /// A sync failed, once.
    SyncFailed,
    /// A read failed, once.
    ReadFailed,
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::PowerGone => Self::other("the power is gone"),
            Fault::SyncFailed => Self::other("the sync failed"),
            Fault::ReadFailed => Self::other("the read failed"),
        }
    }
}

/// What a sync that failed leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailedSync {
    /// The next sync tries again.
    Retried,
    /// The operating system takes for written what it could not write: no later sync brings it to the
    /// disk, though programs read it as long as the power lasts. Linux does so.
    Lost,
}

/// Faults that are waiting, by the number of the operation they strike.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) power_cut: Option<u64>,
    pub(super) full_from: Option<u64>,
    pub(super) failing_sync: Option<(u64, AfterFailedSync)>,
    pub(super) failing_read: Option<u64>,
    /// Syncs are answered and not done.
    pub(super) lies: bool,
}

/// What becomes of an operation.
pub(super) enum Fate {
    Done,
    /// Answered as if it had been done.
    Pretended,
    Failed(Fault),
    /// A sync failed and took with it what it should have made durable.
    FailedAndLost,
}

impl Faults {
    pub(super) fn fate(&mut self, number: u64, operation: &Operation) -> Fate {
        let is_sync = matches!(
            operation,
            Operation::SyncFile { .. } | Operation::SyncFolder
        );
        let takes_space = matches!(
            operation,
            Operation::Write { .. } | Operation::Create { .. }
        );
        if self.power_cut.is_some_and(|cut| number >= cut) {
            return Fate::Failed(Fault::PowerGone);
        }
        if takes_space && self.full_from.is_some_and(|full| number >= full) {
            return Fate::Failed(Fault::Full);
        }
        if is_sync && let Some((_, after)) = self.failing_sync.take_if(|(at, _)| number >= *at) {
            return match after {
                AfterFailedSync::Retried => Fate::Failed(Fault::SyncFailed),
                AfterFailedSync::Lost => Fate::FailedAndLost,
            };
        }
        if is_sync && self.lies {
            return Fate::Pretended;
        }
        Fate::Done
    }
}
