//! Letting go of every file while the phone sleeps.
//!
//! iOS ends an app that holds a file lock when it is suspended. A [`PauseSwitch`] knows every
//! transaction that runs in its stores: pausing lets no other begin, waits a little, interrupts those
//! that take longer, and closes all connections. They open again, with the key that stayed in memory, at
//! the first use after [`PauseSwitch::resume`].

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use crate::end;
use crate::error::VaultError;

/// Steps of SQLite's machine after which a statement asks whether to stop: few enough that inserting a
/// row asks, more than a rollback needs.
const STEPS: i32 = 16;

/// How often what still runs is interrupted.
const AGAIN: Duration = Duration::from_millis(5);

/// The share of the time for pausing in which transactions may end by themselves: two fifths.
const GRACE: (u32, u32) = (2, 5);

/// What is paused and resumed together: one for all vaults of an app. Cheap to clone; all clones are
/// one.
#[derive(Clone, Default)]
pub struct PauseSwitch {
    inner: Arc<Inner>,
}

#[derive(Default)]
pub(crate) struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    /// The same as in the state, for whoever may not wait for it.
    paused: Arc<AtomicBool>,
    /// The time in which transactions may end by themselves is over.
    hurry: Arc<AtomicBool>,
    /// One pausing or resuming at a time.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    paused: bool,
    /// Whoever paused went away before the last transaction ended: that one closes.
    overdue: bool,
    running: usize,
    interrupts: Vec<InterruptHandle>,
    stores: Vec<Weak<dyn Closable>>,
}

/// What holds connections.
pub(crate) trait Closable: Send + Sync {
    /// Closes every connection; folds the journal in before when `checkpoint` is set and it is short.
    /// Nothing runs meanwhile.
    fn close(&self, checkpoint: bool);

    /// Connections may be made again; another process may have written meanwhile.
    fn resumed(&self);
}

impl fmt::Debug for PauseSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PauseSwitch").finish_non_exhaustive()
    }
}

/// A transaction that runs.
pub(crate) struct Running<'a>(&'a PauseSwitch);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        let close = state.overdue && state.running == 0;
        if close {
            state.overdue = false;
        }
        drop(state);
        self.0.inner.changed.notify_all();
        if close {
            self.0.close_all(false);
        }
    }
}

impl PauseSwitch {
    pub(crate) const fn of(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// To be held while a transaction runs or a connection is made.
    pub(crate) fn enter(&self) -> Result<Running<'_>, VaultError> {
        let mut state = self.state();
        if state.paused {
            return Err(VaultError::Paused);
        }
        state.running += 1;
        Ok(Running(self))
    }

    /// As [`PauseSwitch::enter`], for whoever opens a file: from now on the switch is also paused when the
    /// process ends.
    pub(crate) fn enter_opening(&self) -> Result<Running<'_>, VaultError> {
        end::remember(&self.inner)?;
        self.enter()
    }

    /// Whether it is paused, or about to be: what may take long stops then.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.inner.paused.load(Ordering::Acquire)
    }

    /// The error of whoever stopped waiting for a lock since the phone sleeps. Asked before the transaction
    /// ends, which pausing waits for.
    pub(crate) fn paused_or(&self, error: VaultError) -> VaultError {
        match error {
            VaultError::Busy if self.is_paused() => VaultError::Paused,
            other => other,
        }
    }

    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.inner.paused)
    }

    pub(crate) fn register(&self, store: Weak<dyn Closable>) {
        let mut state = self.state();
        state.stores.retain(|store| store.strong_count() > 0);
        state.stores.push(store);
    }

    /// Makes the work of a connection stop when it takes too long: every statement asks now and then, and
    /// checkpoints, which do not ask, hear of an interruption.
    pub(crate) fn interruptible(&self, connection: &mut Connection) -> Result<(), VaultError> {
        let hurry = Arc::clone(&self.inner.hurry);
        connection.progress_handler(STEPS, Some(move || hurry.load(Ordering::Relaxed)))?;
        let handle = connection.get_interrupt_handle();
        let mut state = self.state();
        // A handle of a closed connection does nothing. Many of them come of many stores only.
        if state.interrupts.len() > 1_024 {
            state.interrupts.drain(..512);
        }
        state.interrupts.push(handle);
        Ok(())
    }

    /// Lets every file go within `within`: no transaction begins any more ([`VaultError::Paused`]),
    /// those that run may end, and are interrupted after two fifths of the time (they roll back, their
    /// callers get [`VaultError::Paused`]); then all connections close. What was committed is on disk.
    /// Pausing again does nothing.
    ///
    /// # Errors
    /// [`VaultError::Busy`] when something still ran at the end of the time: it is paused, and the files
    /// are let go as soon as that ends.
    pub fn pause(&self, within: Duration) -> Result<(), VaultError> {
        let _turn = self
            .inner
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        self.inner.paused.store(true, Ordering::Release);
        let mut state = self.state();
        state.paused = true;
        let grace = within * GRACE.0 / GRACE.1;
        state = self.wait(state, grace);
        let in_time = state.running == 0;
        // Half of what is left: closing takes time, too.
        self.inner.hurry.store(state.running > 0, Ordering::Release);
        let mut rounds = (within - grace).as_millis() / AGAIN.as_millis() / 2;
        while state.running > 0 && rounds > 0 {
            for handle in &state.interrupts {
                handle.interrupt();
            }
            state = self.wait(state, AGAIN);
            rounds -= 1;
        }
        if state.running > 0 {
            state.overdue = true;
            return Err(VaultError::Busy);
        }
        state.interrupts.clear();
        drop(state);
        self.close_all(in_time);
        Ok(())
    }

    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, span: Duration) -> MutexGuard<'a, State> {
        self.inner
            .changed
            .wait_timeout_while(state, span, |state| state.running > 0)
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Goes on; files open again at their first use. Does nothing when it is not paused.
    pub fn resume(&self) {
        let _turn = self
            .inner
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        if !state.paused {
            return;
        }
        state.paused = false;
        state.overdue = false;
        self.inner.paused.store(false, Ordering::Release);
        self.inner.hurry.store(false, Ordering::Release);
        drop(state);
        for store in self.stores() {
            store.resumed();
        }
    }

    fn close_all(&self, checkpoint: bool) {
        for store in self.stores() {
            store.close(checkpoint);
        }
    }

    fn stores(&self) -> Vec<Arc<dyn Closable>> {
        self.state()
            .stores
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }
}
