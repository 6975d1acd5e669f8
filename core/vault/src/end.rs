//! The end of the process: connections close before SQLCipher is gone.
//!
//! SQLCipher frees what its connections use when the process ends, whatever other threads do. So every vault is
//! paused first: whoever reads or writes then gets [`crate::VaultError::Paused`], and nothing is lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::Duration;

use crate::error::VaultError;
use crate::pause::{Inner, PauseSwitch};

/// Longer than any vault takes, short enough for whoever waits for a program to end.
const WITHIN: Duration = Duration::from_secs(2);

/// The switches of all vaults that were opened; unset once the end has begun.
static SWITCHES: Mutex<Option<Vec<Weak<Inner>>>> = Mutex::new(Some(Vec::new()));

/// Whether SQLCipher may be gone.
static OVER: RwLock<bool> = RwLock::new(false);

fn switches() -> MutexGuard<'static, Option<Vec<Weak<Inner>>>> {
    SWITCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has whatever is opened under this switch paused at the end.
pub(crate) fn remember(switch: &Arc<Inner>) -> Result<(), VaultError> {
    let mut switches = switches();
    let switches = switches.as_mut().ok_or(VaultError::Paused)?;
    let known = |weak: &Weak<Inner>| std::ptr::eq(weak.as_ptr(), Arc::as_ptr(switch));
    if !switches.iter().any(known) {
        switches.retain(|weak| weak.strong_count() > 0);
        switches.push(Arc::downgrade(switch));
    }
    Ok(())
}

/// To be called once a connection was opened.
pub(crate) fn expect() {
    sokhoe_sqlcipher::before_exit(pause_everything);
}

/// Closes connections, unless the end has come: then nothing is done.
pub(crate) fn closing<T>(close: impl FnOnce() -> T) -> Option<T> {
    let over = OVER.read().unwrap_or_else(PoisonError::into_inner);
    (!*over).then(close)
}

fn pause_everything() {
    let all = switches().take().unwrap_or_default();
    for switch in all.iter().filter_map(Weak::upgrade) {
        // What still runs after that ends with the process.
        let _late = PauseSwitch::of(switch).pause(WITHIN);
    }
    *OVER.write().unwrap_or_else(PoisonError::into_inner) = true;
}
