//! How connections are set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::StoreError;

const BUSY: Duration = Duration::from_secs(10);

/// The one connection that writes.
pub(super) fn open_for_writing(path: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    if vfs.is_none() {
        make_private(path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, vfs, flags)?;
    let provider: Option<String> = connection
        .query_row("PRAGMA cipher_provider", [], |row| row.get(0))
        .ok();
    // The clinic's file is not encrypted by us (disks of servers are): SQLCipher without a key is plain
    // SQLite, and tells its provider only with one. Naming the check keeps the provider in the link.
    if provider.is_some() && !sokhoe_sqlcipher::is_provider(provider.as_deref()) {
        return Err(StoreError::WrongBuild);
    }
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "cache_size", -64 * 1024)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn open(path: &Path, vfs: Option<&str>, flags: OpenFlags) -> Result<Connection, StoreError> {
    Ok(match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    })
}

/// Makes the file for the clinic's user alone, when it is not there. SQLite gives the files beside it the same
/// rights. What fails here fails in SQLite again, and is told there.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let _there_already = options.open(path);
}

/// A connection that cannot write.
pub(super) fn open_for_reading(path: &Path, vfs: Option<&str>) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, vfs, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "mmap_size", 256 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
