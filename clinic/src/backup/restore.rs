//! A clinic out of a backup, to where nothing is.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::Rng;

use super::manifest::Manifest;
use super::passphrase::Passphrase;
use super::{
    BackupError, DATABASE, KEYS, READS, beside, list, of_file, open_to_read, read, schema_of, sync,
    write_private,
};
use crate::clinic::{hex, make_folder};
use crate::config::DataSource;
use crate::keys::{IDENTITY, Keys, SECRET};
use crate::store::newest_schema;
use crate::{ClinicError, StoreError};

/// The setting that says which restore a database came out of: phones' places in feeds from before are worth nothing then,
/// and they fetch their books anew.
pub(crate) const RESTORED: &str = "restored";
const KEY: usize = 32;

/// Where the keys of a clinic that is restored come from.
#[derive(Debug)]
pub enum KeysFrom {
    /// They are in the backup, under this.
    Backup(Passphrase),
    /// They are in a folder, as they lay beside the database.
    Folder(PathBuf),
    /// They lie where they belong already.
    Place,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Out of which backup.
    pub backup: PathBuf,
    /// When it was begun: all that was done before is there, and what was done later is lost.
    pub at: Timestamp,
    /// The version of the database; opening it brings it to the newest.
    pub schema: u32,
}

/// Restores the backup in a folder, or the newest of a folder of backups, to where nothing is.
///
/// # Errors
/// [`BackupError`], [`ClinicError::File`], [`ClinicError::Store`] ([`StoreError::Newer`]); nothing that can be opened is
/// left behind then.
pub fn restore(
    from: &Path,
    to: &DataSource,
    keys: &KeysFrom,
    rng: &dyn Rng,
) -> Result<Restored, ClinicError> {
    if matches!(to, DataSource::Postgres { .. } | DataSource::Vfs { .. }) {
        return Err(BackupError::Postgres.into());
    }
    let database = to.database().ok_or(BackupError::Postgres)?;
    let backup = match Manifest::is_in(from) {
        true => from.to_owned(),
        false => list(from)?.pop().ok_or(BackupError::NoBackup)?,
    };
    for end in [
        "",
        "-wal",
        "-shm",
        "-journal",
        "-reads",
        "-reads-wal",
        "-reads-shm",
    ] {
        let file = beside(&database, end);
        if file.exists() {
            return Err(BackupError::NotEmpty(file).into());
        }
    }
    let manifest = Manifest::read(&backup)?;
    let pair = find_keys(&backup, &manifest, to, keys)?;
    manifest.check(&backup, &Keys::of(&pair.0, &pair.1)?)?;
    if !manifest.names(DATABASE) || !manifest.names(READS) {
        return Err(BackupError::Altered.into());
    }
    let known = newest_schema();
    let found = schema_of(&open_to_read(&backup.join(DATABASE))?)?;
    if found > known {
        return Err(StoreError::Newer { found, known }.into());
    }
    if let Some(folder) = to.folder() {
        make_folder(folder).map_err(of_file(folder))?;
    }
    for (name, key) in [(IDENTITY, pair.0), (SECRET, pair.1)] {
        place_key(&to.key_file(name), &key)?;
    }
    bring(
        &backup.join(READS),
        &beside(&database, "-reads"),
        |_| Ok(()),
    )?;
    // The database last: without it there is no clinic here.
    let mut epoch = [0; 16];
    rng.fill(&mut epoch);
    bring(&backup.join(DATABASE), &database, |copied| {
        copied.execute(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [RESTORED, &hex(&epoch)],
        )?;
        Ok(())
    })?;
    Ok(Restored {
        backup,
        at: Timestamp::from_millis(manifest.at),
        schema: manifest.schema,
    })
}

fn find_keys(
    backup: &Path,
    manifest: &Manifest,
    to: &DataSource,
    keys: &KeysFrom,
) -> Result<(Vec<u8>, Vec<u8>), ClinicError> {
    let is_inside = manifest.names(KEYS);
    match keys {
        KeysFrom::Backup(_) if !is_inside => Err(BackupError::NeedsKeys.into()),
        KeysFrom::Backup(passphrase) => {
            let opened = passphrase.open(&read(&backup.join(KEYS))?);
            let mut both = opened.ok_or(BackupError::WrongPassphrase)?;
            if both.len() != 2 * KEY {
                return Err(BackupError::Altered.into());
            }
            let secret = both.split_off(KEY);
            Ok((both, secret))
        }
        KeysFrom::Folder(folder) => {
            Ok((read(&folder.join(IDENTITY))?, read(&folder.join(SECRET))?))
        }
        KeysFrom::Place if to.key_file(IDENTITY).is_file() => {
            Ok((read(&to.key_file(IDENTITY))?, read(&to.key_file(SECRET))?))
        }
        KeysFrom::Place if is_inside => Err(BackupError::NeedsPassphrase.into()),
        KeysFrom::Place => Err(BackupError::NeedsKeys.into()),
    }
}

/// Writes a key where none is; the same one may be there.
fn place_key(path: &Path, key: &[u8]) -> Result<(), ClinicError> {
    match path.exists() {
        true if read(path)? == key => Ok(()),
        true => Err(BackupError::NotEmpty(path.to_owned()).into()),
        false => {
            write_private(path, key)?;
            sync(path)
        }
    }
}

/// Copies a database beside its place, changes it there, and gives it its name when it is on disk.
fn bring(
    from: &Path,
    to: &Path,
    change: impl FnOnce(&Connection) -> Result<(), rusqlite::Error>,
) -> Result<(), ClinicError> {
    let partial = beside(to, ".restoring");
    // Of a restore that was cut off.
    if partial.exists() {
        std::fs::remove_file(&partial).map_err(of_file(&partial))?;
    }
    write_private(&partial, &[])?;
    std::fs::copy(from, &partial).map_err(of_file(&partial))?;
    let copied = open_to_read(&partial)?;
    change(&copied).map_err(StoreError::from)?;
    copied
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    sync(&partial)?;
    std::fs::rename(&partial, to).map_err(of_file(to))?;
    match to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => sync(folder),
        None => sync(Path::new(".")),
    }
}
