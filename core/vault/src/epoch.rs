//! Noticing that an older copy of a whole file was put back.
//!
//! The file has an epoch, the key store a counter of the same name. The first write of an opening raises both, and
//! so does closing after further writes: first the file, then the counter. A file that is behind the counter is older
//! than what was there. Noticed is a copy put back after a later opening wrote, or after the closing of the one in
//! which it was made. Not within that one, after a kill: the key store would have to hear of every write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{Connection, Transaction};
use sokhoe_domain::ports::{KeyStore, Rng};

use crate::base;
use crate::connection::fold_in_journal;
use crate::error::VaultError;

/// What opening a vault found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The file is the newest that was there, as far as the key store can tell.
    Sound,
    /// The file is older than one that was there: a copy was put back. It is open; what the clinics have is
    /// fetched again.
    RolledBack,
}

/// The epoch of an open file.
pub(crate) struct Epoch {
    keys: Arc<dyn KeyStore>,
    alias: String,
    /// The counter at the opening; the epoch goes above it.
    floor: i64,
    /// Whether this opening has raised the epoch.
    is_raised: AtomicBool,
    /// Whether anything was written since.
    is_behind: AtomicBool,
}

impl Epoch {
    /// Compares the file's epoch with the counter. A key store that cannot say now fails nothing: the next
    /// opening asks again.
    pub(crate) fn begin(
        keys: &Arc<dyn KeyStore>,
        alias: &str,
        connection: &Connection,
    ) -> Result<(Self, Opening), VaultError> {
        let epoch: i64 =
            connection.query_row(r#"SELECT "value" FROM "epoch""#, [], |row| row.get(0))?;
        let counter = keys.counter(alias).ok();
        let floor = counter.map_or(0, |counter| i64::try_from(counter).unwrap_or(i64::MAX - 1));
        let this = Self {
            keys: Arc::clone(keys),
            alias: alias.to_owned(),
            floor,
            is_raised: AtomicBool::new(false),
            is_behind: AtomicBool::new(false),
        };
        if counter.is_some() && epoch > floor {
            // An opening that ended before it told may have ended because the disk failed: what it wrote is seen,
            // but need not be on the disk.
            match fold_in_journal(connection) {
                Ok(()) => this.tell(epoch),
                // Somebody reads: the next opening tells.
                Err(VaultError::Busy) => {}
                Err(error) => return Err(error),
            }
        }
        let opening = if epoch < floor {
            Opening::RolledBack
        } else {
            Opening::Sound
        };
        Ok((this, opening))
    }

    /// Whether this opening has raised the epoch: until then a transaction must be durable.
    pub(crate) fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::Acquire)
    }

    /// At the end of every writing transaction: raises the epoch in the first. The answer is for
    /// [`Epoch::committed`].
    pub(crate) fn write(&self, tx: &Transaction<'_>) -> Result<Option<i64>, VaultError> {
        if self.is_raised.load(Ordering::Acquire) {
            return Ok(None);
        }
        raise(tx, self.floor).map(Some)
    }

    /// After the commit.
    pub(crate) fn committed(&self, raised: Option<i64>) {
        if raised.is_some() {
            self.is_raised.store(true, Ordering::Release);
        } else {
            self.is_behind.store(true, Ordering::Release);
        }
    }

    /// Tells the key store, which may take its time: no lock of the vault is held. A key store that cannot be told
    /// now is told at the next opening.
    pub(crate) fn tell(&self, epoch: i64) {
        if let Ok(epoch) = u64::try_from(epoch) {
            let _ = self.keys.raise_counter(&self.alias, epoch);
        }
    }

    /// Raises the epoch at the end, when something was written since it was raised. The answer is for
    /// [`Epoch::tell`], once the connection is closed or let go.
    pub(crate) fn close(&self, connection: &Connection, rng: &dyn Rng) -> Option<i64> {
        if !self.is_behind.swap(false, Ordering::AcqRel) {
            return None;
        }
        let folded = base::folded(connection);
        // In a transaction whose end is asked for: a statement that gives a row ends unheard.
        connection.execute_batch("BEGIN IMMEDIATE").ok()?;
        let raised = raise(connection, self.floor).and_then(|epoch| {
            base::write(connection, folded, rng)?;
            connection.execute_batch("COMMIT")?;
            Ok(epoch)
        });
        if raised.is_err() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        raised.ok()
    }
}

fn raise(connection: &Connection, floor: i64) -> Result<i64, VaultError> {
    Ok(connection
        .prepare_cached(r#"UPDATE "epoch" SET "value" = max("value", ?1) + 1 RETURNING "value""#)?
        .query_row([floor], |row| row.get(0))?)
}
