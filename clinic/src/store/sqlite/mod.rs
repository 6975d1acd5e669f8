//! SQLite: one writer that commits in groups, and readers beside it.

mod connection;
mod readers;
mod schema;
mod writer;

use std::path::Path;
use std::sync::Arc;

use sokhoe_domain::ports::Clock;

use super::StoreError;
use super::job::Job;
use super::sql::Sql;
use super::wakers::Wakers;
use crate::config::Work;

pub(super) use schema::{CLINIC, READS, migrate};

/// A database file.
#[derive(Debug)]
pub(super) struct Sqlite {
    writer: writer::Writer,
    readers: readers::Readers,
}

impl Sqlite {
    /// Opens and migrates the clinic's file.
    pub fn open(
        path: &Path,
        vfs: Option<&str>,
        clock: Arc<dyn Clock>,
        wakers: Arc<Wakers>,
        work: Work,
    ) -> Result<Self, StoreError> {
        let mut connection = connection::open_for_writing(path, vfs)?;
        migrate(&mut connection, CLINIC)?;
        Ok(Self::start(connection, path, vfs, clock, wakers, work))
    }

    /// Opens the file beside a clinic's for what was read, of which all up to row `taken` is in the clinic's own.
    pub fn open_reads(
        clinic: &Path,
        vfs: Option<&str>,
        clock: Arc<dyn Clock>,
        work: Work,
        taken: i64,
    ) -> Result<Self, StoreError> {
        let mut path = clinic.as_os_str().to_owned();
        path.push("-reads");
        let path = Path::new(&path);
        let mut connection = connection::open_for_writing(path, vfs)?;
        migrate(&mut connection, READS)?;
        // Where this file was lost and the clinic's was not, its numbers go on.
        connection.execute(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'access_log_pending', ?1
             WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'access_log_pending' AND seq >= ?1)",
            [taken],
        )?;
        let nobody_waits = Arc::<Wakers>::default();
        Ok(Self::start(
            connection,
            path,
            vfs,
            clock,
            nobody_waits,
            work,
        ))
    }

    fn start(
        connection: rusqlite::Connection,
        path: &Path,
        vfs: Option<&str>,
        clock: Arc<dyn Clock>,
        wakers: Arc<Wakers>,
        work: Work,
    ) -> Self {
        let start = match work {
            Work::OnThreads => writer::Writer::start,
            Work::WhereCalled => writer::Writer::here,
        };
        Self {
            writer: start(connection, clock, wakers),
            readers: readers::Readers::new(path.to_owned(), vfs.map(ToOwned::to_owned)),
        }
    }

    /// Reads one snapshot, on this thread.
    pub fn read<T>(
        &self,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.readers.read(|connection| work(Sql::new(connection)))
    }

    /// Queues a job.
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.writer.submit(job)
    }
}
