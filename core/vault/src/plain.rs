//! Vaults without encryption: only for the figure of what encryption costs. No program that is shipped
//! is built with this.

use std::sync::atomic::{AtomicBool, Ordering};

static PLAIN: AtomicBool = AtomicBool::new(false);

/// From now on every vault that this process makes or opens is an ordinary SQLite file.
pub fn from_now_on() {
    PLAIN.store(true, Ordering::Relaxed);
}

pub(crate) fn wanted() -> bool {
    PLAIN.load(Ordering::Relaxed)
}
