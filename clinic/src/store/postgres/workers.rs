//! The threads that write. Each has a connection and does one job at a time, a transaction of its own; the server
//! gathers their commits.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sokhoe_domain::Timestamp;

use super::connect::{Connection, Server};
use super::{StoreError, Time};
use crate::store::job::{self, Job, Tx};
use crate::store::sql::{Sql, is_closed, may_be_repeated};
use crate::store::wakers::{News, Wakers};

/// Connections that write.
const WRITERS: usize = 8;
/// Jobs that may wait; more are told to come back.
const WAITING: usize = 4096;
/// Times that a job is done again because of somebody else's.
const REPEATS: u32 = 30;
/// How long a job waits for a server that is gone: a restart, or the change to another one.
const PATIENCE: Duration = Duration::from_secs(8);
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Workers {
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
    waiting: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workers").finish_non_exhaustive()
    }
}

impl Workers {
    pub fn start(
        server: &Arc<Server>,
        time: &Time,
        wakers: &Arc<Wakers>,
        others: &Sender<News>,
    ) -> Self {
        let (jobs, queue) = channel::<Box<dyn Job>>();
        let queue = Arc::new(Mutex::new(queue));
        let waiting = Arc::new(AtomicUsize::new(0));
        let threads = (0..WRITERS)
            .filter_map(|number| {
                let mut worker = Worker {
                    number: u32::try_from(number).unwrap_or(0),
                    server: Arc::clone(server),
                    connection: None,
                    time: time.clone(),
                    wakers: Arc::clone(wakers),
                    others: others.clone(),
                };
                let (queue, waiting) = (Arc::clone(&queue), Arc::clone(&waiting));
                std::thread::Builder::new()
                    .name("clinic-writer".to_owned())
                    .spawn(move || worker.run(&queue, &waiting))
                    .map_err(|_| tracing::error!("no thread for the database"))
                    .ok()
            })
            .collect::<Vec<_>>();
        Self {
            jobs: Mutex::new((!threads.is_empty()).then_some(jobs)),
            waiting,
            threads,
        }
    }

    /// Queues a job. It is answered after the commit, on the thread that did it.
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(StoreError::Busy);
        }
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref()
            .and_then(|jobs| jobs.send(job).ok())
            .ok_or(StoreError::Stopped)
    }
}

impl Drop for Workers {
    /// What is queued is still done.
    fn drop(&mut self) {
        *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        for thread in self.threads.drain(..) {
            // The last owner may be a job of one of these threads, which then ends by itself.
            if thread.thread().id() != std::thread::current().id() {
                let _it_ended = thread.join();
            }
        }
    }
}

struct Worker {
    number: u32,
    server: Arc<Server>,
    connection: Option<Connection>,
    time: Time,
    wakers: Arc<Wakers>,
    /// The other processes.
    others: Sender<News>,
}

/// Why a try came to nothing.
enum Failed {
    /// Somebody else's transaction was in the way; nothing of this one is there.
    InTheWay(StoreError),
    /// The server was gone before the commit was asked for; nothing of it is there.
    Gone(StoreError),
    /// The job itself failed, or whether it is there is not known.
    Over(StoreError),
}

impl Worker {
    fn run(&mut self, queue: &Mutex<Receiver<Box<dyn Job>>>, waiting: &AtomicUsize) {
        loop {
            let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(mut job) = job else { return };
            waiting.fetch_sub(1, Ordering::Relaxed);
            let done = self.until_done(&mut *job);
            let done = done.map(|news| {
                self.wakers.wake(&news);
                if !news.is_empty() {
                    let _nobody_else_is_told = self.others.send(news);
                }
            });
            job.answer(done);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "patience with a server is real time, also where a clinic's clock is not"
    )]
    fn until_done(&mut self, job: &mut dyn Job) -> Result<News, StoreError> {
        let begun = Instant::now();
        let mut repeats = 0;
        loop {
            match self.try_it(job) {
                Ok(news) => return Ok(news),
                Err(Failed::Over(error)) => return Err(error),
                Err(Failed::InTheWay(error)) if repeats >= REPEATS => return Err(error),
                Err(Failed::InTheWay(_)) => {
                    repeats += 1;
                    // Each thread waits for another while, so that two do not meet again and again.
                    let millis = (1_u64 << repeats.min(5)) * u64::from(self.number + 1) / 4;
                    std::thread::sleep(Duration::from_millis(millis));
                }
                Err(Failed::Gone(error)) => {
                    self.connection = None;
                    if begun.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    fn try_it(&mut self, job: &mut dyn Job) -> Result<News, Failed> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.server.connect().map_err(before_commit)?),
        };
        let session = connection
            .begin_to_write(job.isolation())
            .map_err(before_commit)?;
        let sql = Sql::new(&session);
        let now = self.time.now(sql).map_err(before_commit)?;
        let mut tx = Tx::new(sql, now);
        job::run(job, &mut tx).map_err(before_commit)?;
        let news = tx.into_news();
        session.commit().map_err(|error| match &error {
            StoreError::Postgres(cause) if may_be_repeated(cause) => Failed::InTheWay(error),
            _ => {
                self.connection = None;
                Failed::Over(error)
            }
        })?;
        Ok(news)
    }
}

fn before_commit(error: StoreError) -> Failed {
    match &error {
        StoreError::Postgres(cause) if may_be_repeated(cause) => Failed::InTheWay(error),
        StoreError::Postgres(cause) if is_closed(cause) => Failed::Gone(error),
        _ => Failed::Over(error),
    }
}

impl Time {
    fn now(&self, sql: Sql<'_>) -> Result<Timestamp, StoreError> {
        match self {
            Self::OfProcess(clock) => Ok(clock.now()),
            Self::OfDatabase => sql.one(
                "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
                &[],
                |row| Ok(Timestamp::from_millis(row.get(0)?)),
            ),
        }
    }
}
