//! `sqlite3_io_methods`: one open file.

use std::ffi::{c_int, c_void};
use std::ops::Range;
use std::sync::Arc;
use std::{ptr, slice};

use rusqlite::ffi;

use super::code;
use crate::disk::locks::{Busy, SharedMemoryLocks};
use crate::disk::medium::{FileId, Operation};
use crate::disk::{Promise, Shared};

/// What SQLite allots for an open file: its own part first.
#[repr(C)]
pub(super) struct SimFile {
    base: ffi::sqlite3_file,
    opened: *mut OpenFile,
}

/// An open file of a disk.
pub(super) struct OpenFile {
    disk: Arc<Shared>,
    file: FileId,
    /// Whether the next sync is to sync the folder, too.
    sync_folder: bool,
    lock: c_int,
    shared_memory: Option<SharedMemoryLocks>,
}

impl OpenFile {
    pub(super) fn new(disk: Arc<Shared>, file: FileId, sync_folder: bool) -> Self {
        Self {
            disk,
            file,
            sync_folder,
            lock: ffi::SQLITE_LOCK_NONE,
            shared_memory: None,
        }
    }

    fn leave_shared_memory(&mut self) {
        let Some(mut held) = self.shared_memory.take() else {
            return;
        };
        let mut state = self.disk.state();
        if let Some(memory) = state.shared_memory.get_mut(&self.file) {
            memory.leave(&mut held);
            if memory.users == 0 {
                state.shared_memory.remove(&self.file);
            }
        }
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.leave_shared_memory();
        let mut state = self.disk.state();
        let locks = state.locks.entry(self.file).or_default();
        locks.unlock(&mut self.lock, ffi::SQLITE_LOCK_NONE);
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

impl SimFile {
    /// Makes SQLite's file this one.
    ///
    /// # Safety
    /// `file` has room for a `SimFile` and is not open.
    pub(super) unsafe fn put(file: *mut ffi::sqlite3_file, opened: Box<OpenFile>) {
        let whole = Self {
            base: ffi::sqlite3_file {
                pMethods: &raw const METHODS,
            },
            opened: Box::into_raw(opened),
        };
        // SAFETY: the caller's promise; SQLite aligns it for any struct.
        unsafe { ptr::write(file.cast(), whole) };
    }
}

/// The file behind a pointer that SQLite gives to a method of [`METHODS`].
///
/// # Safety
/// `file` was made by [`SimFile::put`], is open, and no other method runs on it: SQLite calls the
/// methods of one file one after another.
unsafe fn opened<'f>(file: *mut ffi::sqlite3_file) -> &'f mut OpenFile {
    // SAFETY: the caller's promise.
    unsafe { &mut *(*file.cast::<SimFile>()).opened }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `put` made the box, and SQLite closes a file once.
    unsafe {
        drop(Box::from_raw((*file.cast::<SimFile>()).opened));
        (*file).pMethods = ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let (Ok(length), Ok(offset)) = (usize::try_from(length), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    // SAFETY: SQLite gives room for `length` bytes, which nobody else uses meanwhile.
    let out = unsafe { slice::from_raw_parts_mut(out.cast::<u8>(), length) };
    let mut state = opened.disk.state();
    if let Err(fault) = state.check_read() {
        return code(Err(fault), ffi::SQLITE_IOERR_READ);
    }
    let content = state.medium.content(opened.file);
    let there = content.map_or(0, |content| content.read(offset, out));
    out[there..].fill(0);
    if there < length {
        ffi::SQLITE_IOERR_SHORT_READ
    } else {
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let (Ok(length), Ok(offset)) = (usize::try_from(length), usize::try_from(offset)) else {
        return ffi::SQLITE_IOERR_WRITE;
    };
    // SAFETY: SQLite gives `length` bytes, which nobody changes meanwhile.
    let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), length) };
    let result = opened.disk.state().perform(Operation::Write {
        file: opened.file,
        offset,
        bytes: bytes.into(),
    });
    code(result, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let Ok(length) = usize::try_from(length) else {
        return ffi::SQLITE_IOERR_TRUNCATE;
    };
    let result = opened.disk.state().perform(Operation::Truncate {
        file: opened.file,
        length,
    });
    code(result, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let mut state = opened.disk.state();
    let mut result = state.perform(Operation::SyncFile { file: opened.file });
    if result.is_ok() && opened.sync_folder {
        result = state.perform(Operation::SyncFolder);
        opened.sync_folder = result.is_err();
    }
    code(result, ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let mut state = opened.disk.state();
    if let Err(fault) = state.check_read() {
        return code(Err(fault), ffi::SQLITE_IOERR_FSTAT);
    }
    let length = state.medium.length(opened.file);
    // SAFETY: SQLite's variable.
    unsafe { *out = i64::try_from(length).unwrap_or(i64::MAX) };
    ffi::SQLITE_OK
}

fn busy(result: Result<(), Busy>) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(Busy) => ffi::SQLITE_BUSY,
    }
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let mut state = opened.disk.state();
    let locks = state.locks.entry(opened.file).or_default();
    busy(locks.lock(&mut opened.lock, level))
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let mut state = opened.disk.state();
    let locks = state.locks.entry(opened.file).or_default();
    locks.unlock(&mut opened.lock, level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let state = opened.disk.state();
    let locks = state.locks.get(&opened.file);
    // SAFETY: SQLite's variable.
    unsafe { *out = c_int::from(locks.is_some_and(|locks| locks.is_reserved())) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4_096
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    match unsafe { opened(file) }.disk.promise {
        Promise::PowersafeOverwrite => ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE,
        Promise::Nothing => 0,
    }
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let (Ok(region), Ok(bytes)) = (usize::try_from(region), usize::try_from(bytes)) else {
        return ffi::SQLITE_IOERR_SHMMAP;
    };
    let mut state = opened.disk.state();
    let memory = state.shared_memory.entry(opened.file).or_default();
    if opened.shared_memory.is_none() {
        opened.shared_memory = Some(SharedMemoryLocks::default());
        memory.users += 1;
    }
    let begin = memory.region(region, bytes, extend != 0);
    // SAFETY: SQLite's variable. The region stays where it is until the last connection leaves.
    unsafe { *out = begin.map_or(ptr::null_mut(), <*mut u64>::cast) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    let opened = unsafe { opened(file) };
    let (Ok(offset), Ok(count)) = (usize::try_from(offset), usize::try_from(count)) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    let slots: Range<usize> = offset..offset + count;
    let mut state = opened.disk.state();
    let (Some(memory), Some(held)) = (
        state.shared_memory.get_mut(&opened.file),
        opened.shared_memory.as_mut(),
    ) else {
        return ffi::SQLITE_IOERR_SHMLOCK;
    };
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        memory.release(held, slots);
        ffi::SQLITE_OK
    } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
        busy(memory.share(held, slots))
    } else {
        busy(memory.exclude(held, slots))
    }
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: SQLite's file, see `opened`. Whoever had the mutex before is seen whole after it.
    let opened = unsafe { opened(file) };
    drop(opened.disk.state());
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _delete: c_int) -> c_int {
    // SAFETY: SQLite's file, see `opened`.
    unsafe { opened(file) }.leave_shared_memory();
    ffi::SQLITE_OK
}
