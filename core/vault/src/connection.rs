//! Opening an encrypted file, always in the same order.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use sokhoe_domain::ports::VaultFiles;

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
    let connection = match files.sqlite_vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs)?,
        None => Connection::open_with_flags(path, flags)?,
    };
    connection.set_prepared_statement_cache_capacity(64);
    // Plans do not depend on the values bound, so statements are not prepared again for them.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // SQLCipher's log would speak of pages on stderr or in the device's log. ("none" would be a file's name.)
    connection.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_log = off;")?;
    key.give(&connection)?;
    check_engine(&connection)?;
    connection.execute_batch("SELECT count(*) FROM sqlite_schema;")?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA busy_timeout = 5000;",
    )?;
    match role {
        Role::Writer { .. } => {
            // 16 MB of journal between checkpoints: commits of a sync touch many pages again and
            // again, and each is copied once per checkpoint. 8 MB of cache: those pages.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
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
    Ok(connection)
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
