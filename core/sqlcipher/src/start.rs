//! The beginning: SQLCipher is ready before a connection is keyed.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::OnceLock;

use libsqlite3_sys::{SQLITE_OK, sqlite3_initialize};

unsafe extern "C" {
    /// SQLCipher's own preparation: whoever comes while another thread is at it waits, and it is done once.
    fn sqlcipher_extra_init(unused: *const c_char) -> c_int;
}

/// Prepares SQLite and SQLCipher. To be called before a connection is opened.
///
/// SQLite does so by itself, but says that it is ready before it prepares SQLCipher: a connection that another thread opened in
/// between would be refused its key (`SQLITE_ERROR`).
///
/// # Errors
/// What SQLite answers.
pub fn start() -> rusqlite::Result<()> {
    static STARTED: OnceLock<c_int> = OnceLock::new();
    let code = *STARTED.get_or_init(|| {
        // SAFETY: may be called at any time and from any thread.
        let code = unsafe { sqlite3_initialize() };
        if code != SQLITE_OK {
            return code;
        }
        // SAFETY: takes SQLite's mutex for itself, reads no argument, and does nothing when it was called before. At the end of
        // the process nobody opens anything any more (`before_exit`).
        unsafe { sqlcipher_extra_init(ptr::null()) }
    });
    crate::key::checked(code)
}
