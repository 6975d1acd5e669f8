//! The disk as SQLite sees it: one VFS for all disks of the process, which tells them apart by path.
//!
//! Own scaffolding over SQLite's C structs, as the crates for it drop what matters here: whether the
//! removal of a file is followed by a sync of the folder.
#![allow(
    unsafe_code,
    reason = "SQLite's file layer is C structs of function pointers; this is a test-only fault layer"
)]

mod file;
mod system;

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use rusqlite::ffi;

use super::Shared;
use super::faults::Fault;

/// The name under which SQLite knows it.
pub(super) const NAME: &str = "sokhoe-sim";
const C_NAME: &CStr = c"sokhoe-sim";
const LONGEST_PATH: c_int = 512;

/// How often SQLite asked for a file without a name.
static TEMPORARY_FILES: AtomicU64 = AtomicU64::new(0);

pub(super) fn temporary_files() -> u64 {
    TEMPORARY_FILES.load(Ordering::Relaxed)
}

static DISKS: Mutex<BTreeMap<u64, Weak<Shared>>> = Mutex::new(BTreeMap::new());

/// Makes a disk reachable, for as long as it is there.
pub(super) fn introduce(disk: &Arc<Shared>) {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    let registered = *REGISTERED.get_or_init(system::register);
    assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes the VFS");
    let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    disks.insert(disk.number, Arc::downgrade(disk));
}

/// Forgets a disk that is gone.
pub(super) fn forget(number: u64) {
    let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    disks.remove(&number);
}

/// Where SQLite finds a file of a disk.
pub(super) fn path(disk: &Shared, name: &str) -> String {
    format!("/{}/{name}", disk.number)
}

/// The disk and the file's name that a path of [`path`] means.
///
/// # Safety
/// `path` is null or a text that ends with a zero, for as long as the answer is used.
unsafe fn locate<'p>(path: *const c_char) -> Option<(Arc<Shared>, &'p str)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, and the caller's promise.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    let (number, name) = path.strip_prefix('/')?.split_once('/')?;
    let disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    let disk = disks.get(&number.parse().ok()?)?.upgrade()?;
    Some((disk, name))
}

/// What SQLite hears of a fault; `otherwise` is the code of the failed call.
fn code(result: Result<(), Fault>, otherwise: c_int) -> c_int {
    match result {
        Ok(()) => ffi::SQLITE_OK,
        Err(Fault::Full) => ffi::SQLITE_FULL,
        Err(Fault::PowerGone | Fault::SyncFailed | Fault::ReadFailed) => otherwise,
    }
}
