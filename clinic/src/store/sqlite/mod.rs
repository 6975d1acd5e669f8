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

pub(super) use schema::migrate;

/// A database file.
#[derive(Debug)]
pub(super) struct Sqlite {
    writer: writer::Writer,
    readers: readers::Readers,
}

impl Sqlite {
    /// Opens and migrates the file.
    pub fn open(
        path: &Path,
        vfs: Option<&str>,
        clock: Arc<dyn Clock>,
        wakers: Arc<Wakers>,
        work: Work,
    ) -> Result<Self, StoreError> {
        let mut connection = connection::open_for_writing(path, vfs)?;
        migrate(&mut connection)?;
        let start = match work {
            Work::OnThreads => writer::Writer::start,
            Work::WhereCalled => writer::Writer::here,
        };
        Ok(Self {
            writer: start(connection, clock, wakers),
            readers: readers::Readers::new(path.to_owned(), vfs.map(ToOwned::to_owned)),
        })
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
