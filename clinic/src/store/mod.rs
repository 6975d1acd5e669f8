//! The database: SQLite for one machine, PostgreSQL for more. Both do the same work, written once over [`Sql`].
//!
//! The rule for maintainers: whatever belongs together is one job, a job never waits for anything but the database,
//! and a job may be done again (what it did is undone then), so that it takes nothing out of what it captured.

mod binaries;
pub(crate) mod calendar_version;
mod job;
mod patient_identifiers;
pub(crate) mod patient_search;
mod postgres;
pub(crate) mod resources;
pub(crate) mod settings;
mod sql;
mod sqlite;
mod wakers;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use sokhoe_domain::ports::Clock;
use tokio::sync::Semaphore;

use self::postgres::{Postgres, Time};
use crate::config::{ClinicConfig, DataSource, Work};
use job::{Job, Submitted};
use sqlite::Sqlite;

pub(crate) use job::{Isolation, Tx};
pub(crate) use patient_identifiers::system_of_identifier;
pub(crate) use sql::{Dialect, Param, Row, Sql, Value, params};
pub(crate) use wakers::{DeskNews, Wakers};

/// What a database can answer instead of a result. Texts hold no data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the database failed: {}", sqlite_code(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL said no, or nothing.
    #[error("the database failed: {}", postgres_code(.0))]
    Postgres(#[from] ::postgres::Error),
    /// The address of the database cannot be read.
    #[error("the address of the database cannot be read")]
    BadUrl,
    /// The file of certificates by which the database's server is known cannot be used.
    #[error("the file of the database server's certificate authorities cannot be used")]
    BadAuthorities,
    /// The database is of a newer release.
    #[error("the database is of a newer release (version {found}, this program knows {known})")]
    Newer {
        /// The version of the database.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The program was built without its cipher provider, so it was built wrongly.
    #[error("this program was not built by the workspace's configuration")]
    WrongBuild,
    /// A row holds what this program does not write.
    #[error("the database holds what this program does not write")]
    Unexpected,
    /// Too much is waiting; try again shortly.
    #[error("too much is waiting")]
    Busy,
    /// The clinic is closed or the job broke.
    #[error("the database is closed")]
    Stopped,
}

/// The code, never the text: SQLite's texts can hold values.
fn sqlite_code(error: &rusqlite::Error) -> String {
    error.sqlite_error_code().map_or_else(
        || "not an SQLite error".to_owned(),
        |code| format!("{code:?}"),
    )
}

/// The code, never the text: PostgreSQL's texts hold values.
fn postgres_code(error: &::postgres::Error) -> String {
    error.code().map_or_else(
        || "PostgreSQL cannot be reached, or its server is not the one it should be".to_owned(),
        |code| match code.code() {
            code @ ("28000" | "28P01") => format!("PostgreSQL does not let this user in ({code})"),
            code @ "3D000" => format!("PostgreSQL has no such database ({code})"),
            code => format!("SQLSTATE {code}"),
        },
    )
}

/// The database of a clinic.
#[derive(Debug)]
pub(crate) struct Store {
    backend: Backend,
    reads: Reads,
    wakers: Arc<Wakers>,
    reading: Arc<Semaphore>,
    work: Work,
    has_access_log: bool,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// Where what was read is kept until it is in the access log.
#[derive(Debug)]
enum Reads {
    /// With all else: a commit there takes nobody's cache away.
    InDatabase,
    /// In a file of its own.
    Apart(Box<Sqlite>),
}

/// Requests that read at the same time; more wait for their turn without a thread.
const READING: usize = 16;

impl Store {
    /// Opens and migrates the database.
    pub fn open(config: &ClinicConfig) -> Result<Self, StoreError> {
        let wakers = Arc::new(Wakers::default());
        let clock: Arc<dyn Clock> = Arc::clone(&config.clock);
        let mut reads = Reads::InDatabase;
        let backend = match &config.data {
            DataSource::Postgres { url, .. } => {
                let time = if config.time_of_database {
                    Time::OfDatabase
                } else {
                    Time::OfProcess(clock)
                };
                let waking = Arc::clone(&wakers);
                Backend::Postgres(apart(|| Postgres::open(url, time, waking))?)
            }
            DataSource::Folder(_) | DataSource::Sqlite(_) | DataSource::Vfs { .. } => {
                let file = config.data.database().unwrap_or_default();
                let vfs = config.data.vfs();
                let (waking, work) = (Arc::clone(&wakers), config.work);
                let sqlite = Sqlite::open(&file, vfs, Arc::clone(&clock), waking, work)?;
                if config.has_access_log {
                    let taken = "SELECT reads_taken FROM access_log WHERE one = 1";
                    let taken = sqlite.read(|sql| sql.one(taken, &[], |row| row.get(0)))?;
                    let apart = Sqlite::open_reads(&file, vfs, clock, work, taken)?;
                    reads = Reads::Apart(Box::new(apart));
                }
                Backend::Sqlite(sqlite)
            }
        };
        Ok(Self {
            backend,
            reads,
            wakers,
            reading: Arc::new(Semaphore::new(READING)),
            work: config.work,
            has_access_log: config.has_access_log,
        })
    }

    /// Who waits for changes.
    pub fn wakers(&self) -> &Wakers {
        &self.wakers
    }

    /// Whether everything is done on the thread that asks.
    pub fn works_where_called(&self) -> bool {
        self.work == Work::WhereCalled
    }

    /// Whether who did what is remembered: everywhere but where it is measured what that costs.
    pub fn has_access_log(&self) -> bool {
        self.has_access_log
    }

    /// Reads one snapshot. Blocks this thread.
    pub fn read<T: Send>(
        &self,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.read(work),
            Backend::Postgres(postgres) => apart(|| postgres.read(work)),
        }
    }

    /// Whether other processes may have the same database.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Postgres(_))
    }

    /// One statement that may leave a note of itself, where the database is shared; with SQLite it only reads. What it notes
    /// may be lost with a crash.
    pub async fn note_async<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.apart_async(work, Postgres::note).await
    }

    /// Reads on a thread that may block, or where it is called; in PostgreSQL as `how` says.
    async fn apart_async<T: Send + 'static, W>(
        self: &Arc<Self>,
        work: W,
        how: impl FnOnce(&Postgres, W) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError>
    where
        W: FnOnce(Sql<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        if self.work == Work::WhereCalled {
            return match &self.backend {
                Backend::Sqlite(sqlite) => sqlite.read(work),
                Backend::Postgres(postgres) => apart(|| how(postgres, work)),
            };
        }
        let store = Arc::clone(self);
        let Ok(turn) = Arc::clone(&store.reading).acquire_owned().await else {
            return Err(StoreError::Stopped);
        };
        // The turn ends with the work, also when nobody waits for it any more.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            match &store.backend {
                Backend::Sqlite(sqlite) => sqlite.read(work),
                Backend::Postgres(postgres) => how(postgres, work),
            }
        })
        .await
        .unwrap_or(Err(StoreError::Stopped))
    }

    /// Writes; returns when it is on disk. Blocks this thread.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.write_in(Isolation::Serializable, work)
    }

    /// The same, kept apart as it wants to be.
    pub fn write_in<T: Send + 'static>(
        &self,
        isolation: Isolation,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        wait_for(|answer| {
            self.submit(isolation, work, move |result| {
                let _nobody_waits = answer.send(result);
            })
        })
    }

    /// Writes; completes when it is on disk.
    pub async fn write_async<T: Send + 'static>(
        &self,
        isolation: Isolation,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.submit(isolation, work, move |result| {
            let _nobody_waits = answer.send(result);
        })?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// What was read and is not in the access log yet, where that is kept apart: nothing, where it is not. Blocks this thread.
    pub fn read_reads<T>(
        &self,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        match &self.reads {
            Reads::InDatabase => Ok(None),
            Reads::Apart(reads) => reads.read(work).map(Some),
        }
    }

    /// Queues a job on what was read, wherever that is kept; `answer` is called when it is on disk, or why it is not.
    pub fn submit_to_reads(
        &self,
        work: impl FnMut(Sql<'_>) -> Result<(), StoreError> + Send + 'static,
        answer: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let mut work = work;
        let job = Box::new(Submitted {
            isolation: Isolation::LocksRows,
            work: move |tx: &mut Tx<'_>| work(tx.sql()),
            answer,
            result: None,
        });
        match &self.reads {
            Reads::Apart(reads) => reads.submit(job),
            Reads::InDatabase => self.queue(job),
        }
    }

    /// The same; returns when it is on disk. Blocks this thread.
    pub fn write_to_reads(
        &self,
        work: impl FnMut(Sql<'_>) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        wait_for(|answer| {
            self.submit_to_reads(work, move |result| {
                let _nobody_waits = answer.send(result);
            })
        })
    }

    /// Queues a job; `answer` is called when it is on disk, or why it is not.
    pub fn submit<T: Send + 'static>(
        &self,
        isolation: Isolation,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
        answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let is_noted = self.has_access_log;
        let mut work = work;
        let work = move |tx: &mut Tx<'_>| {
            let done = work(tx)?;
            if is_noted {
                tx.keep_notes()?;
            }
            Ok(done)
        };
        let job = Box::new(Submitted {
            isolation,
            work,
            answer,
            result: None,
        });
        self.queue(job)
    }

    fn queue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Sqlite(sqlite) => sqlite.submit(job),
            Backend::Postgres(postgres) => postgres.submit(job),
        }
    }
}

impl Drop for Store {
    /// PostgreSQL's connections end with a farewell that blocks, also where async code drops the clinic.
    fn drop(&mut self) {
        if let Backend::Postgres(postgres) = &mut self.backend {
            apart(|| postgres.close());
        }
    }
}

/// The newest version of a SQLite database that this program knows.
pub(crate) fn newest_schema() -> u32 {
    u32::try_from(sqlite::CLINIC.len()).unwrap_or(u32::MAX)
}

/// Blocks until what is queued was answered.
fn wait_for<T>(
    queue: impl FnOnce(SyncSender<Result<T, StoreError>>) -> Result<(), StoreError>,
) -> Result<T, StoreError> {
    let (answer, answered) = sync_channel(1);
    queue(answer)?;
    answered.recv().unwrap_or(Err(StoreError::Stopped))
}

/// Runs what blocks on a network where no async code runs: PostgreSQL's client would refuse to.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    std::thread::scope(|scope| {
        let thread = scope.spawn(work);
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Reads on a thread that may block, or where it is called.
pub(crate) async fn read_async<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(Sql<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    store.apart_async(work, Postgres::read).await
}

/// A database of the newest version, for tests of queries.
#[cfg(test)]
pub(crate) struct InMemory(rusqlite::Connection);

#[cfg(test)]
impl InMemory {
    pub fn new() -> Self {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        sqlite::migrate(&mut connection, sqlite::CLINIC).unwrap();
        Self(connection)
    }

    pub fn connection(&self) -> &rusqlite::Connection {
        &self.0
    }

    pub fn sql(&self) -> Sql<'_> {
        Sql::new(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn so_many_read_at_once_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataSource::Sqlite(folder.path().join("c.db"));
        let store = Arc::new(Store::open(&ClinicConfig::on_this_machine(data)).unwrap());
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let reads: Vec<_> = (0..3 * READING)
            .map(|_| {
                let (store, now, most) = (Arc::clone(&store), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    let work = move |_: Sql<'_>| {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(20));
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    read_async(&store, work).await
                })
            })
            .collect();
        for read in reads {
            read.await.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= READING);
    }
}
