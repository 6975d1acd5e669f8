//! Letting go before SQLCipher does, at the end of the process.

use std::{
    ffi::c_int,
    panic::catch_unwind,
    sync::{Once, OnceLock},
};

unsafe extern "C" {
    fn atexit(callback: extern "C" fn()) -> c_int;
}

static CALLBACK: OnceLock<fn()> = OnceLock::new();

/// Calls `callback` when the process ends by `exit`, before SQLCipher frees the memory and the mutexes that its
/// connections use. A connection that is in use or closed after that ends the process by a bad access, so the
/// callback closes them all. One callback a process: later ones are ignored.
///
/// To be called once a connection was opened: handlers are called in the reverse order, and that is when SQLCipher
/// registers its own.
pub fn before_exit(callback: fn()) {
    static REGISTERED: Once = Once::new();
    CALLBACK.get_or_init(|| callback);
    REGISTERED.call_once(|| {
        // SAFETY: the C standard library's, with a function that lives as long as this library. It only fails
        // for want of memory, and then the process ends as it would without.
        let _registered = unsafe { atexit(run) };
    });
}

extern "C" fn run() {
    if let Some(callback) = CALLBACK.get() {
        // A panic cannot cross into C.
        let _ended = catch_unwind(callback);
    }
}
