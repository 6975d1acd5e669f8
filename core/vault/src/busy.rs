//! Waiting for another process that writes, unless the phone is about to sleep.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

thread_local! {
    /// Tells whether the wait on this thread is to end. SQLite's handler is a plain function.
    static STOP: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Waits in milliseconds, growing; some five seconds in all.
const FIRST_WAITS: [u64; 8] = [1, 2, 5, 10, 15, 20, 25, 25];
const LATER_WAIT: u64 = 50;
const TRIES: usize = 105;

/// Waits on this thread end when the flag is set, until it is dropped.
pub(crate) struct Stoppable(Option<Arc<AtomicBool>>);

impl Stoppable {
    pub(crate) fn by(flag: Arc<AtomicBool>) -> Self {
        Self(STOP.with(|stop| stop.replace(Some(flag))))
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        let outer = self.0.take();
        STOP.with(|stop| stop.replace(outer));
    }
}

/// SQLite's busy handler: whether to try again after having waited.
pub(crate) fn wait(tried: i32) -> bool {
    let stopped = STOP.with(|stop| {
        stop.borrow()
            .as_ref()
            .is_some_and(|flag| flag.load(Ordering::Acquire))
    });
    let tried = usize::try_from(tried).unwrap_or(TRIES);
    if stopped || tried >= TRIES {
        return false;
    }
    std::thread::sleep(Duration::from_millis(
        FIRST_WAITS.get(tried).copied().unwrap_or(LATER_WAIT),
    ));
    true
}
