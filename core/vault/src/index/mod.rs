//! What finds rows: by id, by time, by words, by code. Nothing here knows FHIR.
//!
//! A row is known by its *doc*, a number given in the order of arrival; a resource that changes gets
//! new docs, and those before are *gone*. Everything is kept by doc (or by the number of the
//! resource), in blobs that a commit only adds to: a B-tree in another order would make each commit
//! write nearly all of its pages again, encrypt them and sync them.
//!
//! * [`Directory`]: which resources there are. In memory while the vault is open, six bytes each.
//! * [`Columns`]: when, section, clinic of every doc. In memory while the vault is open.
//! * [`postings`]: for every word, which docs of a block of 4,096 have it: some hundred bytes even
//!   for a word that every row has, so that the cost of a search does not grow with its matches.
//! * [`series`]: for every code, the points of a block.
//!
//! The first two lie packed ([`records`]); the last two gather in [`runs`], one for each commit, until
//! their block is full.
//!
//! Docs are never used again; when most are gone, `ingest` numbers the rows anew.

mod bits;
mod bytes;
mod cache;
mod columns;
mod directory;
mod gone;
mod postings;
mod records;
mod runs;
mod series;

use rusqlite::Transaction;

use crate::error::VaultError;

pub(crate) use cache::{Cache, Cached};
pub(crate) use columns::{ColumnPatch, Columns, Place};
pub(crate) use directory::{Directory, DirectoryPatch, Signpost, rebuild as rebuild_directory};
pub(crate) use gone::count as count_gone;
pub(crate) use postings::{NewPostings, matching, words};
pub(crate) use series::{NewPoints, StoredPoint, each_point};

/// What a transaction changes of what is in memory.
#[derive(Debug)]
pub(crate) struct IndexPatch {
    /// The generation it changed.
    pub(crate) from: i64,
    /// The generation it made.
    pub(crate) to: i64,
    /// The rows that are new or gone; nothing when all docs were numbered anew.
    pub(crate) columns: Option<ColumnPatch>,
    pub(crate) directory: DirectoryPatch,
}

impl IndexPatch {
    /// To be called after the commit.
    pub(crate) fn apply(&self, columns: &Cache<Columns>, directory: &Cache<Directory>) {
        match &self.columns {
            Some(patch) => columns.patch(self.from, self.to, patch),
            None => columns.forget(),
        }
        directory.patch(self.from, self.to, &self.directory);
    }
}

/// Stores the rows of a transaction, and what is gone.
pub(crate) fn store(tx: &Transaction<'_>, patch: &ColumnPatch) -> Result<(), VaultError> {
    columns::add(tx, &patch.added)?;
    gone::add(tx, &patch.removed)
}

/// Stores the signposts of new resources, the first of which has the number `first`.
pub(crate) fn store_signposts(
    tx: &Transaction<'_>,
    first: i64,
    patch: &DirectoryPatch,
) -> Result<(), VaultError> {
    directory::add(tx, first, &patch.added)
}

/// Empties everything that is by doc, before the rows are numbered anew.
pub(crate) fn clear(tx: &Transaction<'_>) -> Result<(), VaultError> {
    Ok(tx.execute_batch(
        r#"DELETE FROM "columns"; DELETE FROM "gone"; DELETE FROM "posting";
           DELETE FROM "posting_run"; DELETE FROM "series"; DELETE FROM "series_run";"#,
    )?)
}
