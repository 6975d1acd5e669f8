//! Reads are remembered before they are answered. A commit costs milliseconds, so those that come while one runs share the
//! next: however many read, one commit follows the other.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sokhoe_domain::AccessOutcome;
use tokio::sync::oneshot;

use super::{Draft, keep};
use crate::store::{Store, StoreError};

/// Requests that share a commit at most.
const TOGETHER: usize = 1_024;
/// Requests that may wait; more are told to come back.
const WAITING: usize = 8_192;

/// What is to be remembered of reads.
pub(crate) struct Gathering {
    store: Arc<Store>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_writing: bool,
    waiting: Vec<Noted>,
}

/// What one request leaves, and who waits for it to be safe.
struct Noted {
    drafts: Vec<Draft>,
    safe: Option<oneshot::Sender<()>>,
}

impl fmt::Debug for Gathering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gathering").finish_non_exhaustive()
    }
}

impl Gathering {
    pub fn new(store: Arc<Store>) -> Arc<Self> {
        Arc::new(Self {
            store,
            state: Mutex::default(),
        })
    }

    /// Remembers what a request read. What was given must be safe first; what was denied gave nothing, and is only on its
    /// way.
    pub async fn note(self: &Arc<Self>, drafts: Vec<Draft>) -> Result<(), StoreError> {
        if drafts.is_empty() || !self.store.has_access_log() {
            return Ok(());
        }
        if self.store.works_where_called() {
            return self.store.write_to_reads(move |sql| keep(sql, &drafts));
        }
        let is_given = |draft: &Draft| draft.outcome != AccessOutcome::Denied;
        let (safe, heard) = match drafts.iter().any(is_given) {
            true => {
                let (safe, heard) = oneshot::channel();
                (Some(safe), Some(heard))
            }
            false => (None, None),
        };
        self.add(Noted { drafts, safe })?;
        match heard {
            Some(heard) => heard.await.map_err(|_| StoreError::Stopped),
            None => Ok(()),
        }
    }

    /// The same where nobody waits, from a thread that may block.
    pub fn note_blocking(&self, drafts: Vec<Draft>) -> Result<(), StoreError> {
        if drafts.is_empty() || !self.store.has_access_log() {
            return Ok(());
        }
        self.store.write_to_reads(move |sql| keep(sql, &drafts))
    }

    fn add(self: &Arc<Self>, noted: Noted) -> Result<(), StoreError> {
        let mut state = self.lock();
        if state.waiting.len() >= WAITING {
            return Err(StoreError::Busy);
        }
        state.waiting.push(noted);
        if !state.is_writing {
            state.is_writing = true;
            drop(state);
            self.write();
        }
        Ok(())
    }

    /// Writes what waits, and then what came meanwhile.
    fn write(self: &Arc<Self>) {
        let (drafts, safe): (Vec<_>, Vec<_>) = {
            let mut state = self.lock();
            let count = state.waiting.len().min(TOGETHER);
            state.is_writing = count > 0;
            let batch = state.waiting.drain(..count);
            batch.map(|noted| (noted.drafts, noted.safe)).unzip()
        };
        if drafts.is_empty() {
            return;
        }
        let this = Arc::clone(self);
        let submitted = self.store.submit_to_reads(
            move |sql| keep(sql, drafts.iter().flatten()),
            move |written| {
                // Where it is not safe, whoever waits hears that nobody tells them any more.
                for safe in safe.into_iter().flatten().filter(|_| written.is_ok()) {
                    let _nobody_waits = safe.send(());
                }
                this.write();
            },
        );
        if submitted.is_err() {
            let mut state = self.lock();
            state.is_writing = false;
            state.waiting.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
