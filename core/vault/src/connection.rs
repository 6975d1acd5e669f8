//! Opening an encrypted file, always in the same order.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use sokhoe_domain::ports::VaultFiles;

use crate::busy;
use crate::end;
use crate::error::VaultError;
use crate::keys::VaultKey;

/// 3.51.3 mended a bug by which a checkpoint could damage a database in WAL mode.
const OLDEST_SQLITE: i32 = 3_051_003;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one that writes; with `create` it makes the file.
    Writer { create: bool },
    /// One that only reads.
    Reader,
}

/// Opens `file` with `key`. Only a writer that creates makes anything on disk before the key has
/// proved right.
pub(crate) fn open(
    files: &dyn VaultFiles,
    file: &str,
    key: &VaultKey,
    role: Role,
) -> Result<Connection, VaultError> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(VaultError::ForeignEngine { what: "version" });
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    if role == (Role::Writer { create: true }) {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let path = files.database_path(file);
    sokhoe_sqlcipher::start()?;
    let mut connection = match files.sqlite_vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    end::expect();
    // Until it is sure to be one that reads: what is damaged stays as it is.
    keep_journal(&connection, true)?;
    connection.busy_handler(Some(busy::wait))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Plans do not depend on the values bound, so statements are not prepared again for them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    if is_encrypted() {
        unlock(&connection, key)?;
    }
    connection.execute_batch("SELECT count(*) FROM sqlite_schema;")?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA foreign_keys = ON;",
    )?;
    match role {
        Role::Writer { .. } => {
            use_write_ahead_log(&connection)?;
            // 16 MB of journal between checkpoints: commits of a sync touch many pages again and
            // again, and each is copied once per checkpoint. 8 MB of cache: those pages.
            connection.execute_batch(
                "PRAGMA synchronous = FULL;
                 PRAGMA journal_size_limit = 2097152;
                 PRAGMA wal_autocheckpoint = 4000;
                 PRAGMA cache_size = -8192;",
            )?;
            if cfg!(target_vendor = "apple") {
                connection
                    .execute_batch("PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;")?;
            }
        }
        Role::Reader => {
            connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192;")?;
        }
    }
    keep_journal(&connection, false)?;
    Ok(connection)
}

/// The mark (see `base`) of a file without its journal.
pub(crate) fn mark_of_file_alone(
    files: &dyn VaultFiles,
    file: &str,
    key: &VaultKey,
) -> Result<i32, VaultError> {
    // SQLite looks at no journal and takes no lock for a file that it is told never to change. Not read by hand:
    // closing a file that way would let go of the locks that this process has on it.
    let uri = immutable_uri(&files.database_path(file)).ok_or(VaultError::BadName)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    sokhoe_sqlcipher::start()?;
    let connection = match files.sqlite_vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(uri, flags, vfs)?,
        None => Connection::open_with_flags(uri, flags)?,
    };
    if is_encrypted() {
        unlock(&connection, key)?;
    }
    Ok(connection.query_row("PRAGMA application_id", [], |row| row.get(0))?)
}

/// A path as SQLite reads it in a URI.
fn immutable_uri(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    let mut uri = "file:".to_owned();
    if cfg!(windows) {
        uri.push_str("///");
    }
    for byte in path.bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b':' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02x}");
            }
        }
    }
    uri.push_str("?immutable=1");
    Some(uri)
}

/// Changes a new file to the write-ahead log; does nothing to others. The statement gives its row
/// before it commits, so that only who asks on hears that the disk failed; and the old kind of journal,
/// with which SQLite would go on, makes no commit last through a power cut.
fn use_write_ahead_log(connection: &Connection) -> Result<(), VaultError> {
    let mut change = connection.prepare("PRAGMA journal_mode = WAL")?;
    let modes: Vec<String> = change
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if modes == ["wal"] {
        Ok(())
    } else {
        Err(VaultError::Unavailable {
            code: rusqlite::ffi::SQLITE_IOERR,
        })
    }
}

/// Whether SQLite's journal stays as it is when the connection closes: folding it in may take long, and writes.
pub(crate) fn keep_journal(connection: &Connection, keep: bool) -> Result<(), VaultError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep)?;
    Ok(())
}

/// Brings everything in the journal into the file, after the disk failed under a connection: some
/// systems take for written what a failed sync did not write, so that no later sync of the journal
/// would bring it to the disk.
pub(crate) fn fold_in_journal(connection: &Connection) -> Result<(), VaultError> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(VaultError::Busy);
    }
    Ok(())
}

/// Always, but where `cargo xtask bench` measures what encryption costs.
fn is_encrypted() -> bool {
    #[cfg(feature = "plain-for-measuring")]
    if crate::plain::wanted() {
        return false;
    }
    true
}

fn unlock(connection: &Connection, key: &VaultKey) -> Result<(), VaultError> {
    // SQLCipher's log would speak of pages on stderr or in the device's log. ("none" would be a file's name.)
    connection.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;")?;
    key.give(connection)?;
    check_engine(connection)
}

/// A build outside this repository's configuration could link other crypto, or none.
fn check_engine(connection: &Connection) -> Result<(), VaultError> {
    let ask = |pragma: &str| {
        connection
            .query_row(pragma, [], |row| row.get::<_, String>(0))
            .optional()
    };
    if !sokhoe_sqlcipher::is_provider(ask("PRAGMA cipher_provider")?.as_deref()) {
        return Err(VaultError::ForeignEngine { what: "provider" });
    }
    match ask("PRAGMA cipher_version")? {
        Some(version) if !version.is_empty() => Ok(()),
        _ => Err(VaultError::ForeignEngine { what: "cipher" }),
    }
}
