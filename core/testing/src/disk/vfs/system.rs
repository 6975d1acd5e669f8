//! `sqlite3_vfs`: names of files, time, and how a file is opened.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::ffi;

use super::file::{OpenFile, SimFile};
use super::{C_NAME, LONGEST_PATH, TEMPORARY_FILES, code, locate};
use crate::disk::Fault;
use crate::disk::medium::Operation;

/// Makes the VFS known to SQLite; its result code.
pub(super) fn register() -> c_int {
    // SQLCipher does not link without a crypto provider: this makes the linker take ours.
    let _ = sokhoe_sqlcipher::is_provider(None);
    let vfs = Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size_of::<SimFile>()).unwrap_or(c_int::MAX),
        mxPathname: LONGEST_PATH,
        pNext: ptr::null_mut(),
        zName: C_NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    });
    // SAFETY: the struct is whole, lives for ever and is never moved; it is not the default, so no
    // other connection meets it.
    unsafe { ffi::sqlite3_vfs_register(Box::into_raw(vfs), 0) }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes for the file; no methods means that it is not open.
    unsafe { (*file).pMethods = ptr::null() };
    // SAFETY: a filename of SQLite ends with a zero and lives as long as the file is open.
    let Some((disk, name)) = (unsafe { locate(name) }) else {
        if name.is_null() {
            TEMPORARY_FILES.fetch_add(1, Ordering::Relaxed);
        }
        return ffi::SQLITE_CANTOPEN;
    };
    let mut state = disk.state();
    let found = state
        .check_read()
        .and_then(|()| match state.medium.find(name) {
            Some(file) => Ok(Some(file)),
            None if flags & ffi::SQLITE_OPEN_CREATE == 0 => Ok(None),
            None => state.create(name).map(Some),
        });
    let id = match found {
        Ok(Some(id)) => id,
        Err(Fault::Full) => return ffi::SQLITE_FULL,
        Ok(None) | Err(_) => return ffi::SQLITE_CANTOPEN,
    };
    drop(state);
    // As SQLite on Unix: the first sync of a new journal makes its name durable, too.
    let journals =
        ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_SUPER_JOURNAL;
    let sync_folder = flags & ffi::SQLITE_OPEN_CREATE != 0 && flags & journals != 0;
    let opened = Box::new(OpenFile::new(disk, id, sync_folder));
    // SAFETY: `file` has room for a `SimFile`, and `out_flags` is null or SQLite's variable.
    unsafe {
        SimFile::put(file, opened);
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a text that ends with a zero.
    let Some((disk, name)) = (unsafe { locate(name) }) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    let mut state = disk.state();
    if state.medium.find(name).is_none() {
        return ffi::SQLITE_IOERR_DELETE_NOENT;
    }
    let mut result = state.perform(Operation::Remove {
        name: name.to_owned(),
    });
    if result.is_ok() && sync_folder != 0 {
        result = state.perform(Operation::SyncFolder);
    }
    code(result, ffi::SQLITE_IOERR_DELETE)
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a text that ends with a zero.
    let Some((disk, name)) = (unsafe { locate(name) }) else {
        return ffi::SQLITE_IOERR_ACCESS;
    };
    let mut state = disk.state();
    if let Err(fault) = state.check_read() {
        return code(Err(fault), ffi::SQLITE_IOERR_ACCESS);
    }
    // As SQLite on Unix: an empty file does not exist.
    let exists = state
        .medium
        .find(name)
        .is_some_and(|file| flags != ffi::SQLITE_ACCESS_EXISTS || state.medium.length(file) > 0);
    // SAFETY: SQLite's variable.
    unsafe { *out = c_int::from(exists) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    capacity: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a text that ends with a zero.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if !usize::try_from(capacity).is_ok_and(|capacity| name.len() <= capacity) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: SQLite gives room for `capacity` bytes, and that is enough; the two do not overlap.
    unsafe { ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
    ffi::SQLITE_OK
}

/// SQLite asks its default VFS for randomness, not this one.
unsafe extern "C" fn randomness(
    _: *mut ffi::sqlite3_vfs,
    _length: c_int,
    _out: *mut c_char,
) -> c_int {
    0
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    let microseconds = u64::try_from(microseconds).unwrap_or(0);
    std::thread::sleep(Duration::from_micros(microseconds));
    c_int::try_from(microseconds).unwrap_or(0)
}

/// 2026-01-01T00:00:00Z in milliseconds since noon of the Julian day 0: nothing that is tested asks
/// SQLite for the time.
const NOW: i64 = 212_633_985_600_000;

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    const DAYS: f64 = 2_461_041.5;
    // SAFETY: SQLite's variable.
    unsafe { *out = DAYS };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_int64(
    _: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite's variable.
    unsafe { *out = NOW };
    ffi::SQLITE_OK
}

unsafe extern "C" fn get_last_error(
    _: *mut ffi::sqlite3_vfs,
    _length: c_int,
    _out: *mut c_char,
) -> c_int {
    0
}
