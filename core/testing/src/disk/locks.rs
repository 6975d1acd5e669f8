//! SQLite's locks among the connections of one process.

use std::sync::atomic::AtomicU64;

use rusqlite::ffi;

/// SQLite's answer to a lock that another connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

/// The locks on one database file: many share it, one of them reserves it, waits for the others to
/// leave (pending), and has it alone (exclusive).
#[derive(Debug, Default)]
pub(super) struct FileLocks {
    sharing: usize,
    reserved: bool,
    pending: bool,
    exclusive: bool,
}

impl FileLocks {
    /// Brings a connection from the level `held` up to `wanted`, as far as the others allow.
    pub(super) fn lock(&mut self, held: &mut i32, wanted: i32) -> Result<(), Busy> {
        if *held >= wanted {
            return Ok(());
        }
        if *held < ffi::SQLITE_LOCK_SHARED {
            if self.pending || self.exclusive {
                return Err(Busy);
            }
            self.sharing += 1;
            *held = ffi::SQLITE_LOCK_SHARED;
        }
        if wanted >= ffi::SQLITE_LOCK_RESERVED && *held < ffi::SQLITE_LOCK_RESERVED {
            if self.is_reserved() {
                return Err(Busy);
            }
            self.reserved = true;
            *held = ffi::SQLITE_LOCK_RESERVED;
        }
        if wanted == ffi::SQLITE_LOCK_EXCLUSIVE {
            self.pending = true;
            *held = ffi::SQLITE_LOCK_PENDING;
            if self.sharing > 1 {
                return Err(Busy);
            }
            self.exclusive = true;
            *held = ffi::SQLITE_LOCK_EXCLUSIVE;
        }
        Ok(())
    }

    /// Brings a connection from the level `held` down to `wanted`.
    pub(super) fn unlock(&mut self, held: &mut i32, wanted: i32) {
        if *held >= ffi::SQLITE_LOCK_RESERVED && wanted < ffi::SQLITE_LOCK_RESERVED {
            (self.reserved, self.pending, self.exclusive) = (false, false, false);
        }
        if *held >= ffi::SQLITE_LOCK_SHARED && wanted < ffi::SQLITE_LOCK_SHARED {
            self.sharing -= 1;
        }
        *held = (*held).min(wanted);
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.reserved || self.pending || self.exclusive
    }
}

const SLOTS: usize = ffi::SQLITE_SHM_NLOCK as usize;

/// The memory that connections in WAL mode share, and its locks.
#[derive(Debug, Default)]
pub(super) struct SharedMemory {
    /// How many connections have it mapped.
    pub(super) users: usize,
    /// Boxes, so that no region ever moves; atomics, since connections write them at any time.
    regions: Vec<Box<[AtomicU64]>>,
    sharing: [u16; SLOTS],
    exclusive: [bool; SLOTS],
}

/// The locks that one connection has on the shared memory.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SharedMemoryLocks {
    sharing: [bool; SLOTS],
    exclusive: [bool; SLOTS],
}

impl SharedMemory {
    /// Where a region begins; nothing when it is not there and is not to be made.
    pub(super) fn region(&mut self, number: usize, bytes: usize, extend: bool) -> Option<*mut u64> {
        if number >= self.regions.len() && !extend {
            return None;
        }
        while self.regions.len() <= number {
            let region = std::iter::repeat_with(AtomicU64::default).take(bytes.div_ceil(8));
            self.regions.push(region.collect());
        }
        self.regions[number].first().map(AtomicU64::as_ptr)
    }

    pub(super) fn share(
        &mut self,
        held: &mut SharedMemoryLocks,
        slots: std::ops::Range<usize>,
    ) -> Result<(), Busy> {
        if slots.clone().any(|slot| self.exclusive[slot]) {
            return Err(Busy);
        }
        for slot in slots {
            if !std::mem::replace(&mut held.sharing[slot], true) {
                self.sharing[slot] += 1;
            }
        }
        Ok(())
    }

    pub(super) fn exclude(
        &mut self,
        held: &mut SharedMemoryLocks,
        slots: std::ops::Range<usize>,
    ) -> Result<(), Busy> {
        let taken = slots
            .clone()
            .any(|slot| !held.exclusive[slot] && (self.exclusive[slot] || self.sharing[slot] > 0));
        if taken {
            return Err(Busy);
        }
        for slot in slots {
            (self.exclusive[slot], held.exclusive[slot]) = (true, true);
        }
        Ok(())
    }

    pub(super) fn release(&mut self, held: &mut SharedMemoryLocks, slots: std::ops::Range<usize>) {
        for slot in slots {
            if std::mem::take(&mut held.sharing[slot]) {
                self.sharing[slot] -= 1;
            }
            if std::mem::take(&mut held.exclusive[slot]) {
                self.exclusive[slot] = false;
            }
        }
    }

    /// Lets go of everything a connection had.
    pub(super) fn leave(&mut self, held: &mut SharedMemoryLocks) {
        self.release(held, 0..SLOTS);
        self.users -= 1;
    }
}
