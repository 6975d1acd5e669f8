//! PostgreSQL: connections that write and such that read, each on a thread of its own; any number of clinic processes
//! on one database. The database decides between them, and tells each what the others changed.

mod connect;
mod news;
mod schema;
mod tls;
mod workers;

use std::fmt;
use std::sync::Arc;

use sokhoe_domain::ports::Clock;

use super::StoreError;
use super::job::{Isolation, Job};
use super::sql::Sql;
use super::wakers::Wakers;
use crate::config::PostgresUrl;
use connect::{Connection, Server};

/// A database of a server.
pub(super) struct Postgres {
    /// None once it is closed.
    writers: Option<workers::Workers>,
    readers: connect::Idle,
    news: Option<news::Exchange>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}

/// Whose time is written down.
#[derive(Clone)]
pub(super) enum Time {
    /// The database's: the same for all processes, whatever their machines think.
    OfDatabase,
    /// This process's.
    OfProcess(Arc<dyn Clock>),
}

impl Postgres {
    /// Connects and migrates. Must not be called on a thread that runs async code.
    pub fn open(url: &PostgresUrl, time: Time, wakers: Arc<Wakers>) -> Result<Self, StoreError> {
        let server = Arc::new(Server::new(url)?);
        schema::migrate(&mut server.connect()?)?;
        let news = news::Exchange::start(&server, Arc::clone(&wakers));
        Ok(Self {
            writers: Some(workers::Workers::start(
                &server,
                &time,
                &wakers,
                &news.outgoing(),
            )),
            readers: connect::Idle::new(server),
            news: Some(news),
        })
    }

    /// Reads one snapshot, on this thread, which must not run async code.
    pub fn read<T>(
        &self,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection: Connection = self.readers.take()?;
        let result = connection
            .begin_to_read()
            .and_then(|session| work(Sql::new(&session)));
        self.readers.give_back(connection);
        result
    }

    /// Does one statement that may leave a note, on this thread, which must not run async code. Nobody waits for the disk:
    /// what it writes is not logged.
    pub fn note<T>(
        &self,
        work: impl FnOnce(Sql<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection: Connection = self.readers.take()?;
        let result = connection
            .begin_to_write(Isolation::LocksRows)
            .and_then(|session| {
                let result = work(Sql::new(&session))?;
                session.commit()?;
                Ok(result)
            });
        self.readers.give_back(connection);
        result
    }

    /// Queues a job.
    pub fn submit(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        self.writers
            .as_ref()
            .ok_or(StoreError::Stopped)?
            .submit(job)
    }

    /// Ends what runs and disconnects. Must not be called on a thread that runs async code.
    pub fn close(&mut self) {
        self.writers = None;
        self.news = None;
        self.readers.close();
    }
}
