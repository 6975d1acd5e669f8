//! The released form: a file `<name>.key` a vault, wrapped under the alias `<name>`.

use sokhoe_domain::ports::{KeyStore, VaultFiles};

use super::table::Entry;
use super::vault_key::VaultKey;
use crate::error::VaultError;

/// The first byte of such a file: whether the database was finished.
const UNFINISHED: u8 = 1;
const FINISHED: u8 = 2;

/// Where a vault of the released form has its key.
pub(super) fn file_of(name: &str) -> String {
    format!("{name}.key")
}

/// The key in the released form; nothing when there is no such file.
pub(super) fn read(
    files: &dyn VaultFiles,
    keys: &dyn KeyStore,
    name: &str,
) -> Result<Option<Entry>, VaultError> {
    let Some(file) = files.read(&file_of(name))? else {
        return Ok(None);
    };
    let Some((&form @ (UNFINISHED | FINISHED), wrapped)) = file.split_first() else {
        return Err(VaultError::Corrupt);
    };
    let secret = keys.unwrap(name, wrapped)?;
    Ok(Some(Entry {
        key: VaultKey::from_bytes(&secret).ok_or(VaultError::WrongKey)?,
        next: None,
        finished: form == FINISHED,
        lease: None,
    }))
}

/// Removes the released form once the ring has the key. A key store that refuses is asked again at the next opening:
/// the file tells that it has to be.
pub(super) fn remove(files: &dyn VaultFiles, keys: &dyn KeyStore, name: &str) {
    if keys.delete(name).is_ok() {
        let _ = files.remove(&file_of(name));
    }
}
