//! Reads are remembered before they are answered. A commit costs milliseconds, so those that come while one runs share the
//! next: however many read, one commit follows the other, and while many do, not at once: a few milliseconds later it is for
//! more of them, and the processor does something else meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sokhoe_domain::AccessOutcome;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Draft, keep};
use crate::store::{Store, StoreError};

/// Requests that share a commit at most.
const TOGETHER: usize = 1_024;
/// Requests that may wait; more are told to come back.
const WAITING: usize = 8_192;

/// From one commit's begin to the next one's at least, where more than one waited for the last.
const APART: Duration = Duration::from_millis(4);

/// What is to be remembered of reads.
pub(crate) struct Gathering {
    store: Arc<Store>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Or about to.
    is_writing: bool,
    waiting: Vec<Noted>,
    /// When the last commit began that more than one waited for.
    shared: Option<Instant>,
    /// Where it is waited for the next.
    runtime: Option<Handle>,
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
            state.runtime = Handle::try_current().ok();
            drop(state);
            self.write_in_time();
        }
        Ok(())
    }

    /// Writes what waits, when it is time.
    fn write_in_time(self: &Arc<Self>) {
        let (time, runtime) = {
            let state = self.lock();
            let time = state.shared.map(|shared| shared + APART);
            (time, state.runtime.clone())
        };
        match (time.filter(|time| *time > now()), runtime) {
            (Some(time), Some(runtime)) => {
                let writes = WritesOnDrop(Arc::clone(self));
                runtime.spawn(async move {
                    tokio::time::sleep_until(time.into()).await;
                    drop(writes);
                });
            }
            _ => self.write(),
        }
    }

    /// Writes what waits, and then what came meanwhile.
    fn write(self: &Arc<Self>) {
        let (drafts, safe): (Vec<_>, Vec<_>) = {
            let mut state = self.lock();
            let count = state.waiting.len().min(TOGETHER);
            state.is_writing = count > 0;
            state.shared = (count > 1).then(now);
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
                this.write_in_time();
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

#[expect(
    clippy::disallowed_methods,
    reason = "how far commits are apart is real time, also where a clinic's clock is not"
)]
fn now() -> Instant {
    Instant::now()
}

/// So that what waits is written also where the runtime ends that was to wait.
struct WritesOnDrop(Arc<Gathering>);

impl Drop for WritesOnDrop {
    fn drop(&mut self) {
        self.0.write();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access_log::Who;
    use crate::{Clinic, ClinicConfig, DataSource};

    fn of_a_read() -> Vec<Draft> {
        vec![Draft {
            outcome: AccessOutcome::Done,
            ..Draft::of_a_read(Who::Desk)
        }]
    }

    fn rows(clinic: &Clinic) -> i64 {
        let count = "SELECT count(*) FROM access_log_pending";
        let counted = clinic
            .inner
            .store
            .read_reads(|sql| sql.one(count, &[], |row| row.get(0)));
        counted.unwrap().unwrap()
    }

    #[test]
    fn many_reads_share_few_commits_and_no_runtime_that_ends_keeps_one_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataSource::Folder(folder.path().to_owned());
        let clinic = Clinic::open(ClinicConfig::on_this_machine(data)).unwrap();
        let gathering = Arc::clone(&clinic.inner.gathering);
        const READS: usize = 400;
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let notes = (0..READS).map(|_| {
                let gathering = Arc::clone(&gathering);
                tokio::spawn(async move { gathering.note(of_a_read()).await })
            });
            for note in notes.collect::<Vec<_>>() {
                note.await.unwrap().unwrap();
            }
        });
        // The next commit waits in a runtime that is not there any more.
        drop(runtime);
        let commits = rows(&clinic);
        assert!(commits < i64::try_from(READS / 4).unwrap(), "{commits}");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let noted = runtime.block_on(async { gathering.note(of_a_read()).await });
        noted.unwrap();
        assert_eq!(rows(&clinic), commits + 1);
    }
}
