//! Noticing that SQLite's journal is not of this file.
//!
//! SQLite lays the pages of a journal over any file that has the same key: a file of one time and a journal of
//! another make a book that never was, and every page of it verifies. So each commit leaves a *mark* in the first
//! page, one more than the mark before. Whoever is about to write and finds everything of the journal in the file
//! notes the file's mark (`base.file`) and begins to count anew from a random one (`base.first`).
//!
//! The file alone then has the noted mark, or one that was given since and is not newer than the journal's last:
//! SQLite syncs a journal before it folds any of it into the file, and syncs the file before it begins the journal
//! anew. That holds at every step of a checkpoint and through a power cut, so that any other mark is damage. The
//! first page is asked for it alone, because the others may be of several times while a checkpoint is under way;
//! when a power cut tore it, the journal has it whole, and nothing is said.
//!
//! What is not noticed: a journal that was cut short or put back as it was since the file was last folded. It is of
//! this file, at an earlier commit.

use rusqlite::{Connection, Transaction};
use sokhoe_domain::ports::{Rng, VaultFiles};

use crate::connection;
use crate::error::VaultError;
use crate::keys::VaultKey;

/// What stands before the first page of SQLite's journal.
const JOURNAL_HEADER: u64 = 32;

/// The mark of the last commit that the connection sees.
fn mark(connection: &Connection) -> Result<i32, rusqlite::Error> {
    // Prepared anew: so few steps are never interrupted, at the end of a transaction whose work is done.
    connection.query_row("PRAGMA application_id", [], |row| row.get(0))
}

/// Whether the file has everything, durably, and nobody needs the journal.
fn is_folded(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(NOOP)")?
        .query_row([], |row| Ok(row.get::<_, i64>(1)? == row.get::<_, i64>(2)?))
}

/// The mark of the file alone, as far as it can be told without a look at it. Before a transaction begins. What goes
/// wrong here goes wrong there, too.
pub(crate) fn folded(connection: &Connection) -> Option<i32> {
    if !is_folded(connection).ok()? {
        return None;
    }
    // Again: what is committed in between may not be in the file, and has another mark.
    let mark = mark(connection).ok()?;
    is_folded(connection).ok()?.then_some(mark)
}

/// At the end of a transaction that changed something; with what [`folded`] said before it.
pub(crate) fn write(tx: &Connection, folded: Option<i32>, rng: &dyn Rng) -> Result<(), VaultError> {
    let last = mark(tx)?;
    let next = if folded == Some(last) {
        let mut first = [0; 4];
        rng.fill(&mut first);
        let first = i32::from_le_bytes(first);
        tx.prepare_cached(r#"UPDATE "base" SET "file" = ?1, "first" = ?2"#)?
            .execute([last, first])?;
        first
    } else {
        last.wrapping_add(1)
    };
    // A value cannot be bound here.
    Ok(tx.execute_batch(&format!("PRAGMA application_id = {next}"))?)
}

/// Whether `file` and its journal, as `connection` sees them together, are of one time.
///
/// # Errors
/// [`VaultError::Corrupt`] when they are not: nothing was changed, and closing the connection changes nothing.
pub(crate) fn check(
    files: &dyn VaultFiles,
    file: &str,
    key: &VaultKey,
    connection: &Connection,
) -> Result<(), VaultError> {
    let journal = files.size(&format!("{file}-wal"))?.unwrap_or(0);
    if journal <= JOURNAL_HEADER {
        return Ok(());
    }
    // Also when it cannot be told.
    connection::keep_journal(connection, true)?;
    if connection.table_exists(None, "base")? {
        // As long as it lasts nobody folds in anything newer, nor begins the journal anew.
        let tx = connection.unchecked_transaction()?;
        if !is_of_file(&tx, || connection::mark_of_file_alone(files, file, key))? {
            return Err(VaultError::Corrupt);
        }
    }
    connection::keep_journal(connection, false)
}

fn is_of_file(
    tx: &Transaction<'_>,
    file_alone: impl FnOnce() -> Result<i32, VaultError>,
) -> Result<bool, VaultError> {
    let (file, first): (i32, i32) =
        tx.query_row(r#"SELECT "file", "first" FROM "base""#, [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let last = mark(tx)?;
    let Ok(found) = file_alone() else {
        return Ok(true);
    };
    // Marks wrap around.
    let since = |mark: i32| mark.wrapping_sub(first).cast_unsigned();
    Ok(found == file || since(found) <= since(last))
}
