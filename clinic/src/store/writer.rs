//! The one thread that writes. Jobs that wait together share a commit, each in its own savepoint: a
//! commit costs milliseconds, a booking costs microseconds. Nobody is answered before the commit.
//! Where everything must happen on the caller's thread, a job is a commit.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock;

use super::StoreError;
use super::wakers::{DeskNews, Wakers};

/// Jobs that share one commit at most.
const GROUP: usize = 256;
/// Jobs that may wait; more are told to come back.
const WAITING: usize = 8192;

/// What a job works with: the open transaction, the time, and what to tell after the commit.
pub(crate) struct Tx<'a> {
    connection: &'a Connection,
    now: Timestamp,
    patients: BTreeSet<String>,
    desk: BTreeSet<DeskNews>,
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

impl Tx<'_> {
    /// The connection inside the transaction.
    pub fn sql(&self) -> &Connection {
        self.connection
    }

    /// The server's time when the job began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Runs a step of the job; when it answers no, the database is as before the step.
    pub fn or_undo(
        &self,
        step: impl FnOnce() -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        run_sql(self.connection, "SAVEPOINT step")?;
        // After an error the whole job is undone, and the step with it.
        let done = step()?;
        if !done {
            run_sql(self.connection, "ROLLBACK TO step")?;
        }
        run_sql(self.connection, "RELEASE step")?;
        Ok(done)
    }

    /// Wakes the person's feeds after the commit.
    pub fn tell_feeds(&mut self, patient: &str) {
        self.patients.insert(patient.to_owned());
    }

    /// Tells the desk after the commit.
    pub fn tell_desk(&mut self, news: DeskNews) {
        self.desk.insert(news);
    }
}

type Finish = Box<dyn FnOnce(bool) + Send>;
type Job = Box<dyn FnOnce(&mut Batch<'_>) -> Finish + Send>;

struct Batch<'a> {
    connection: &'a Connection,
    now: Timestamp,
    patients: BTreeSet<String>,
    desk: BTreeSet<DeskNews>,
}

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    waiting: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
    /// What commits when no thread does.
    here: Option<Mutex<Committer>>,
}

impl Writer {
    pub fn start(connection: Connection, clock: Arc<dyn Clock>, wakers: Arc<Wakers>) -> Self {
        let committer = Committer {
            connection,
            clock,
            wakers,
        };
        let (jobs, queue) = channel::<Job>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("clinic-writer".to_owned())
            .spawn(move || run(&committer, &queue, &counter))
            .map_err(|_| tracing::error!("no thread for the database"))
            .ok();
        Self {
            jobs: Mutex::new(thread.is_some().then_some(jobs)),
            waiting,
            thread,
            here: None,
        }
    }

    /// One that has no thread: every job is done and committed while it is submitted.
    pub fn here(connection: Connection, clock: Arc<dyn Clock>, wakers: Arc<Wakers>) -> Self {
        Self {
            jobs: Mutex::default(),
            waiting: Arc::default(),
            thread: None,
            here: Some(Mutex::new(Committer {
                connection,
                clock,
                wakers,
            })),
        }
    }

    /// Queues a job. `answer` is called after the commit, on the thread that writes.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let job: Job = Box::new(move |batch| {
            let result = in_savepoint(batch, work);
            Box::new(move |committed| {
                answer(if committed {
                    result
                } else {
                    Err(StoreError::Stopped)
                });
            })
        });
        if let Some(here) = &self.here {
            let committer = here.lock().unwrap_or_else(PoisonError::into_inner);
            committer.commit(job, || None, &self.waiting);
            return Ok(());
        }
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref()
            .and_then(|jobs| jobs.send(job).ok())
            .ok_or(StoreError::Stopped)
    }
}

impl Drop for Writer {
    /// What is queued is still done.
    fn drop(&mut self) {
        *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // The last owner may be a job of that very thread, which then ends by itself.
        let other = |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(other) {
            let _it_ended = thread.join();
        }
    }
}

fn run(committer: &Committer, queue: &Receiver<Job>, waiting: &AtomicUsize) {
    while let Ok(first) = queue.recv() {
        committer.commit(first, || queue.try_recv().ok(), waiting);
    }
}

/// The connection that writes.
struct Committer {
    connection: Connection,
    clock: Arc<dyn Clock>,
    wakers: Arc<Wakers>,
}

impl fmt::Debug for Committer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Committer").finish_non_exhaustive()
    }
}

impl Committer {
    /// Does jobs, `first` and what waits behind it, in one commit.
    fn commit(&self, first: Job, mut more: impl FnMut() -> Option<Job>, waiting: &AtomicUsize) {
        let mut batch = Batch {
            connection: &self.connection,
            now: self.clock.now(),
            patients: BTreeSet::new(),
            desk: BTreeSet::new(),
        };
        let mut finishes: Vec<Finish> = Vec::new();
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        let mut next = Some(first);
        while let Some(job) = next {
            waiting.fetch_sub(1, Ordering::Relaxed);
            finishes.push(job(&mut batch));
            next = (finishes.len() < GROUP).then(&mut more).flatten();
        }
        let committed = begun.and_then(|()| self.connection.execute_batch("COMMIT"));
        if let Err(error) = &committed {
            tracing::error!(code = ?error.sqlite_error_code(), "a commit failed");
            if !self.connection.is_autocommit() {
                let _already_over = self.connection.execute_batch("ROLLBACK");
            }
        }
        let ok = committed.is_ok();
        if ok {
            self.wakers.wake(&batch.patients, &batch.desk);
        }
        for finish in finishes {
            finish(ok);
        }
    }
}

impl Drop for Committer {
    /// Leaves one whole file behind.
    fn drop(&mut self) {
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let _next_time = self.connection.execute_batch(checkpoint);
    }
}

/// Runs one job so that its failure, or its panic, undoes nothing but itself.
fn in_savepoint<T>(
    batch: &mut Batch<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let connection = batch.connection;
    if connection.is_autocommit() {
        // BEGIN failed, or an error ended the transaction: nothing may be written outside of one.
        return Err(StoreError::Stopped);
    }
    let mut tx = Tx {
        connection,
        now: batch.now,
        patients: BTreeSet::new(),
        desk: BTreeSet::new(),
    };
    run_sql(connection, "SAVEPOINT job")?;
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut tx))).unwrap_or_else(|_| {
        tracing::error!("a job of the database broke");
        Err(StoreError::Stopped)
    });
    if result.is_err() {
        run_sql(connection, "ROLLBACK TO job")?;
    }
    run_sql(connection, "RELEASE job")?;
    if result.is_ok() {
        batch.patients.append(&mut tx.patients);
        batch.desk.append(&mut tx.desk);
    }
    result
}

fn run_sql(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
