//! Connections that read, opened as they are needed and used again.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::{StoreError, connection};

/// How many stay open while nobody reads.
const KEPT: usize = 8;

#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    vfs: Option<String>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: PathBuf, vfs: Option<String>) -> Self {
        Self {
            path,
            vfs,
            idle: Mutex::default(),
        }
    }

    /// Runs `work` over one snapshot of the database.
    pub fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connection::open_for_reading(&self.path, self.vfs.as_deref())?,
        };
        let snapshot = connection.unchecked_transaction()?;
        let result = work(&snapshot);
        drop(snapshot);
        let mut idle = self.lock();
        if idle.len() < KEPT {
            idle.push(connection);
        }
        result
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
