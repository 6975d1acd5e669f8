//! The database: one writer thread that commits in groups, and readers beside it.
//!
//! The rule for maintainers: whatever belongs together is one job, and a job never waits for anything
//! but the database.

mod binaries;
mod connection;
mod readers;
pub(crate) mod resources;
mod schema;
pub(crate) mod settings;
mod wakers;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use sokhoe_domain::ports::Clock;
use tokio::sync::Semaphore;

use crate::config::Work;

pub(crate) use wakers::{DeskNews, Wakers};
pub(crate) use writer::Tx;

/// What a database can answer instead of a result. Texts hold no data.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("the database failed: {}", sqlite_code(.0))]
    Sqlite(#[from] rusqlite::Error),
    /// The database is of a newer release.
    #[error("the database is of a newer release (version {found}, this program knows {known})")]
    Newer {
        /// The version of the file.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The program was built without its cipher provider, so it was built wrongly.
    #[error("this program was not built by the workspace's configuration")]
    WrongBuild,
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

/// The database of a clinic.
#[derive(Debug)]
pub(crate) struct Store {
    writer: writer::Writer,
    readers: readers::Readers,
    wakers: Arc<Wakers>,
    reading: Arc<Semaphore>,
    work: Work,
}

/// Requests that read at the same time; more wait for their turn without a thread.
const READING: usize = 16;

impl Store {
    /// Opens and migrates the file.
    pub fn open(
        path: &Path,
        vfs: Option<&str>,
        clock: Arc<dyn Clock>,
        work: Work,
    ) -> Result<Self, StoreError> {
        let mut connection = connection::open_for_writing(path, vfs)?;
        schema::migrate(&mut connection)?;
        let wakers = Arc::new(Wakers::default());
        let start = match work {
            Work::OnThreads => writer::Writer::start,
            Work::WhereCalled => writer::Writer::here,
        };
        Ok(Self {
            writer: start(connection, clock, Arc::clone(&wakers)),
            readers: readers::Readers::new(path.to_owned(), vfs.map(ToOwned::to_owned)),
            wakers,
            reading: Arc::new(Semaphore::new(READING)),
            work,
        })
    }

    /// Who waits for changes.
    pub fn wakers(&self) -> &Wakers {
        &self.wakers
    }

    /// Reads on this thread.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.read(work)
    }

    /// Writes; returns when it is on disk. Blocks this thread.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.writer.submit(work, move |result| {
            let _nobody_waits = answer.send(result);
        })?;
        answered.recv().unwrap_or(Err(StoreError::Stopped))
    }

    /// Writes; completes when it is on disk.
    pub async fn write_async<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        self.writer.submit(work, move |result| {
            let _nobody_waits = answer.send(result);
        })?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }
}

/// Reads on a thread that may block, or where it is called.
pub(crate) async fn read_async<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if store.work == Work::WhereCalled {
        return store.read(work);
    }
    let store = Arc::clone(store);
    let Ok(turn) = Arc::clone(&store.reading).acquire_owned().await else {
        return Err(StoreError::Stopped);
    };
    // The turn ends with the work, also when nobody waits for it any more.
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        store.read(work)
    })
    .await
    .unwrap_or(Err(StoreError::Stopped))
}

/// A database of the newest version, for tests of queries.
#[cfg(test)]
pub(crate) fn in_memory() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn so_many_read_at_once_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(crate::system::SystemClock);
        let store = Arc::new(
            Store::open(&folder.path().join("c.db"), None, clock, Work::OnThreads).unwrap(),
        );
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let reads: Vec<_> = (0..3 * READING)
            .map(|_| {
                let (store, now, most) = (Arc::clone(&store), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    let work = move |_: &Connection| {
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
