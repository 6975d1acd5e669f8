//! Giving a key to a database without SQL text: SQLite's parser leaves copies of `PRAGMA key` in freed memory.

use std::ffi::c_int;

use libsqlite3_sys::{SQLITE_OK, sqlite3_key_v2, sqlite3_rekey_v2};
use rusqlite::Connection;
use zeroize::Zeroizing;

/// Bytes of a raw key: 32 of the key, then 16 of the salt that stands in the file's first bytes.
pub const RAW_KEY_LEN: usize = 48;

/// Gives a connection the raw key of its database. The first page that is read shows whether it is right.
///
/// # Errors
/// What SQLite answers; `SQLITE_MISUSE` for a key of another length.
pub fn give_key(connection: &Connection, key: &[u8]) -> rusqlite::Result<()> {
    let spec = spec(key)?;
    // SAFETY: the handle is that of an open connection, which the borrow keeps open and which no other thread uses
    // meanwhile (`Connection` is not `Sync`); a null name is the main database; SQLCipher copies the `spec.len()`
    // bytes before it returns.
    let code = unsafe {
        sqlite3_key_v2(
            connection.handle(),
            std::ptr::null(),
            spec.as_ptr().cast(),
            length(&spec),
        )
    };
    checked(code)
}

/// Encrypts the whole database under another raw key, in one transaction. Nobody else may have it open.
///
/// # Errors
/// What SQLite answers: the database is under the old key then.
pub fn change_key(connection: &Connection, key: &[u8]) -> rusqlite::Result<()> {
    let spec = spec(key)?;
    // SAFETY: as in `give_key`.
    let code = unsafe {
        sqlite3_rekey_v2(
            connection.handle(),
            std::ptr::null(),
            spec.as_ptr().cast(),
            length(&spec),
        )
    };
    checked(code)
}

/// SQLCipher's form of a raw key with salt: `x'…'` in hex.
fn spec(key: &[u8]) -> rusqlite::Result<Zeroizing<Vec<u8>>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    if key.len() != RAW_KEY_LEN {
        checked(libsqlite3_sys::SQLITE_MISUSE)?;
    }
    // As large as it gets: a vector that grew would leave a copy behind.
    let mut spec = Zeroizing::new(Vec::with_capacity(2 * RAW_KEY_LEN + 3));
    spec.extend_from_slice(b"x'");
    for byte in key {
        spec.push(DIGITS[usize::from(byte >> 4)]);
        spec.push(DIGITS[usize::from(byte & 15)]);
    }
    spec.push(b'\'');
    Ok(spec)
}

fn length(spec: &[u8]) -> c_int {
    c_int::try_from(spec.len()).unwrap_or(0)
}

pub(crate) fn checked(code: c_int) -> rusqlite::Result<()> {
    if code == SQLITE_OK {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(code),
        None,
    ))
}
