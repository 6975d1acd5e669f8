//! The one thread that writes. Jobs that wait together share a commit, each in its own savepoint: a
//! commit costs milliseconds, a booking costs microseconds. Nobody is answered before the commit.
//! Where everything must happen on the caller's thread, a job is a commit.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Clock;

use super::StoreError;
use crate::store::job::{self, Job, Tx};
use crate::store::sql::Sql;
use crate::store::wakers::{News, Wakers};

/// Jobs that share one commit at most.
const GROUP: usize = 256;
/// Jobs that may wait; more are told to come back.
const WAITING: usize = 8192;

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
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
        let (jobs, queue) = channel::<Box<dyn Job>>();
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

    /// Queues a job. It is answered after the commit, on the thread that writes.
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
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

fn run(committer: &Committer, queue: &Receiver<Box<dyn Job>>, waiting: &AtomicUsize) {
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
    fn commit(
        &self,
        first: Box<dyn Job>,
        mut more: impl FnMut() -> Option<Box<dyn Job>>,
        waiting: &AtomicUsize,
    ) {
        let now = self.clock.now();
        let mut news = News::default();
        let mut done: Vec<(Box<dyn Job>, Result<(), StoreError>)> = Vec::new();
        let begun = self.connection.execute_batch("BEGIN IMMEDIATE");
        let mut next = Some(first);
        while let Some(mut job) = next {
            waiting.fetch_sub(1, Ordering::Relaxed);
            let result = in_savepoint(&self.connection, now, &mut *job, &mut news);
            done.push((job, result));
            next = (done.len() < GROUP).then(&mut more).flatten();
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
            self.wakers.wake(&news);
        }
        for (job, result) in done {
            job.answer(if ok { result } else { Err(StoreError::Stopped) });
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
fn in_savepoint(
    connection: &Connection,
    now: Timestamp,
    job: &mut dyn Job,
    news: &mut News,
) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        // BEGIN failed, or an error ended the transaction: nothing may be written outside of one.
        return Err(StoreError::Stopped);
    }
    let sql = Sql::new(connection);
    let mut tx = Tx::new(sql, now);
    sql.execute("SAVEPOINT job", &[])?;
    let result = job::run(job, &mut tx);
    if result.is_err() {
        sql.execute("ROLLBACK TO job", &[])?;
    }
    sql.execute("RELEASE job", &[])?;
    if result.is_ok() {
        news.append(tx.into_news());
    }
    result
}
