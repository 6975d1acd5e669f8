//! A disk in memory that knows what a power cut takes.
//!
//! [`SimDisk`] is a [`VaultFiles`](sokhoe_domain::ports::VaultFiles) and, under it, a VFS for SQLite.
//! Every write, truncation, sync, creation, removal and renaming is an [`Operation`] with a number.
//! A disk can keep them ([`SimDisk::recording`]), so that what is left after a cut at *any* of them
//! can be worked out from one life ([`Tape::cuts`], [`Medium::crash`]) without living it again; or it
//! can cut the power itself ([`SimDisk::cut_after`]), be full, or fail a sync or a read.
//!
//! To test another way of keeping files, go through the port: whatever calls [`SimDisk`] is cut at
//! every step.

mod content;
mod crash;
mod faults;
mod files;
mod locks;
mod medium;
mod tape;
#[cfg(test)]
mod tests;
mod vfs;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

pub use crash::CrashKind;
pub use faults::AfterFailedSync;
pub use medium::{FileId, Medium, Operation};
pub use tape::{Cut, Tape};

use faults::{Fate, Fault, Faults};
use locks::{FileLocks, SharedMemory};

/// What a disk says of itself to SQLite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Promise {
    /// A write changes no byte beside its own when the power goes: what SQLite takes for granted on
    /// phones and computers. Commits are not padded then.
    #[default]
    PowersafeOverwrite,
    /// Nothing: SQLite pads every durable commit to 4 KiB.
    Nothing,
}

/// A disk in memory. Clones are the same disk.
#[derive(Clone)]
pub struct SimDisk {
    shared: Arc<Shared>,
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDisk")
            .field("number", &self.shared.number)
            .finish_non_exhaustive()
    }
}

struct Shared {
    /// Tells the disks of this process apart, in the paths that SQLite is given.
    number: u64,
    promise: Promise,
    state: Mutex<State>,
    /// Tells that a named lock was let go.
    unlocked: Condvar,
}

#[derive(Default)]
struct State {
    medium: Medium,
    next_file: FileId,
    operations: u64,
    reads: u64,
    tape: Option<Vec<Operation>>,
    faults: Faults,
    locks: BTreeMap<FileId, FileLocks>,
    shared_memory: BTreeMap<FileId, SharedMemory>,
    held: BTreeSet<String>,
}

impl State {
    /// Does an operation, or fails it as the faults have it.
    fn perform(&mut self, operation: Operation) -> Result<(), Fault> {
        let number = self.operations;
        let fate = self.faults.fate(number, &operation);
        if !matches!(fate, Fate::Failed(Fault::PowerGone)) {
            self.operations += 1;
        }
        match fate {
            Fate::Done => {
                self.medium.apply(&operation);
                if let Some(tape) = &mut self.tape {
                    tape.push(operation);
                }
                Ok(())
            }
            Fate::Pretended => Ok(()),
            Fate::Failed(fault) => Err(fault),
            Fate::FailedAndLost => {
                if let Operation::SyncFile { file } = operation {
                    self.medium.lose_pending(file);
                }
                Err(Fault::SyncFailed)
            }
        }
    }

    fn create(&mut self, name: &str) -> Result<FileId, Fault> {
        let file = self.next_file;
        self.perform(Operation::Create {
            name: name.to_owned(),
            file,
        })?;
        self.next_file += 1;
        Ok(file)
    }

    /// To be called before anything is read.
    fn check_read(&mut self) -> Result<(), Fault> {
        if self
            .faults
            .power_cut
            .is_some_and(|cut| self.operations >= cut)
        {
            return Err(Fault::PowerGone);
        }
        let number = self.reads;
        self.reads += 1;
        match self.faults.failing_read.take_if(|at| number >= *at) {
            Some(_) => Err(Fault::ReadFailed),
            None => Ok(()),
        }
    }
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new(Promise::default())
    }
}

impl SimDisk {
    /// An empty disk.
    #[must_use]
    pub fn new(promise: Promise) -> Self {
        Self::start(promise, Medium::default(), None)
    }

    /// An empty disk that keeps every operation, from the first on.
    #[must_use]
    pub fn recording(promise: Promise) -> Self {
        Self::start(promise, Medium::default(), Some(Vec::new()))
    }

    /// A disk with these files, all of them durable.
    #[must_use]
    pub fn of(promise: Promise, files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::start(promise, Medium::of(files), None)
    }

    fn start(promise: Promise, medium: Medium, tape: Option<Vec<Operation>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let next_file = medium.names.values().max().map_or(1, |last| last + 1);
        let shared = Arc::new(Shared {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            promise,
            state: Mutex::new(State {
                medium,
                next_file,
                tape,
                ..State::default()
            }),
            unlocked: Condvar::new(),
        });
        vfs::introduce(&shared);
        Self { shared }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// How many operations were asked for so far: the number of the next one.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How often something was read so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state().reads
    }

    /// How often, in this process, SQLite asked for a temporary file on any of these disks (it was
    /// refused): never, when everything temporary stays in memory.
    #[must_use]
    pub fn temporary_files() -> u64 {
        vfs::temporary_files()
    }

    /// What was done so far; empty when the disk does not record.
    #[must_use]
    pub fn tape(&self) -> Tape {
        Tape::of(self.state().tape.clone().unwrap_or_default())
    }

    /// Another disk with the same files as programs see them, all of them durable.
    #[must_use]
    pub fn copy(&self) -> Self {
        let medium = self.state().medium.synced();
        Self::start(self.shared.promise, medium, None)
    }

    /// All files as programs see them.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        self.state().medium.contents()
    }

    /// A disk with the files as they may be when the power goes now.
    ///
    /// # Panics
    /// For a kind that tears a write: there is none at this moment.
    #[must_use]
    pub fn crash(&self, kind: CrashKind, seed: u64) -> Self {
        let files = self.state().medium.left(kind, seed, None);
        let files = files.expect("a kind that tears no write");
        Self::start(self.shared.promise, Medium::with(files), None)
    }

    /// The power goes when this many operations are done: the next one, and whatever is asked after
    /// it, fails.
    pub fn cut_after(&self, operations: u64) {
        self.state().faults.power_cut = Some(operations);
    }

    /// Whether a power cut was ordered, which may have come or not.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.state().faults.power_cut.is_some()
    }

    /// From this operation on there is no space for what needs any.
    pub fn fill_up_at(&self, operation: u64) {
        self.state().faults.full_from = Some(operation);
    }

    /// There is space again.
    pub fn make_room(&self) {
        self.state().faults.full_from = None;
    }

    /// The first sync from this operation on fails, once.
    pub fn fail_sync_at(&self, operation: u64, after: AfterFailedSync) {
        self.state().faults.failing_sync = Some((operation, after));
    }

    /// The first reading from this number on fails, once.
    pub fn fail_read_at(&self, read: u64) {
        self.state().faults.failing_read = Some(read);
    }

    /// From now on every sync is answered and not done, as by a drive whose cache lies. To prove that
    /// a test would notice.
    pub fn lie(&self) {
        self.state().faults.lies = true;
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        vfs::forget(self.number);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
