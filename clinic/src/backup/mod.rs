//! How a clinic on SQLite is saved while it runs, and how it comes back.
//!
//! A backup is a folder: the database as of one moment, what was read and is not in the access log yet, the keys under a
//! passphrase if there is one, and a manifest over these that the clinic's own key signed. It is written under another name,
//! read again, and renamed when it is whole: a folder of the right name is never half a backup.

mod manifest;
mod passphrase;
mod restore;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::DateTime;
use rusqlite::{Connection, OpenFlags};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{Clock, Rng};

use crate::clinic::{PUBLIC_KEY, hex, id_of, make_folder};
use crate::config::DataSource;
use crate::keys::{IDENTITY, Keys, SECRET};
use crate::{ClinicError, StoreError};
use manifest::{FileEntry, Manifest};

pub use passphrase::Passphrase;
pub(crate) use restore::RESTORED;
pub use restore::{KeysFrom, Restored, restore};

const DATABASE: &str = "clinic.db";
const READS: &str = "clinic.db-reads";
const KEYS: &str = "keys.sealed";
/// How a backup's folder begins; the time follows, so that names are in its order.
const PREFIX: &str = "clinic-";

/// Why nothing was saved, or nothing came back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL is saved by its own tools.
    #[error(
        "PostgreSQL is saved by its own tools: pg_dump, or pg_basebackup with its log; the key files are to be saved besides"
    )]
    Postgres,
    /// A passphrase is at least 12 characters.
    #[error("a passphrase is at least 12 characters")]
    ShortPassphrase,
    /// No backup is there.
    #[error("there is no backup here")]
    NoBackup,
    /// It was altered, cut off, or is not of the clinic whose keys are given.
    #[error("the backup was altered or cut off, or is not of the clinic whose keys these are")]
    Altered,
    /// The keys in it are under a passphrase.
    #[error("the keys in the backup are under a passphrase: give it, or the keys")]
    NeedsPassphrase,
    /// The keys in it are not under this passphrase.
    #[error("the keys in the backup are not under this passphrase")]
    WrongPassphrase,
    /// It has no keys, and none were given.
    #[error("the backup has no keys: give those of the clinic")]
    NeedsKeys,
    /// Something is where it would be restored to.
    #[error("{0} is there already: a backup is restored to where nothing is")]
    NotEmpty(PathBuf),
}

/// Where a clinic's backups go.
pub struct Backups {
    data: DataSource,
    folder: PathBuf,
    passphrase: Option<Passphrase>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    clinic: Connection,
    reads: Connection,
    /// Of which state of both files the newest backup is.
    saved: Option<(i64, i64)>,
}

impl fmt::Debug for Backups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backups")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Backups {
    /// Those of a clinic that is there, in a folder that is made when it is not. Without a passphrase a backup has no keys,
    /// which are then to be kept elsewhere: without them nothing of it is believed by any phone.
    ///
    /// # Errors
    /// [`BackupError::Postgres`], [`ClinicError::File`], [`ClinicError::Store`]
    pub fn open(
        data: DataSource,
        folder: PathBuf,
        passphrase: Option<Passphrase>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ClinicError> {
        if matches!(data, DataSource::Postgres { .. } | DataSource::Vfs { .. }) {
            return Err(BackupError::Postgres.into());
        }
        let database = data.database().ok_or(BackupError::Postgres)?;
        make_folder(&folder).map_err(of_file(&folder))?;
        // What a backup that was cut off left behind.
        for partial in partial(&folder)? {
            std::fs::remove_dir_all(&partial).map_err(of_file(&partial))?;
        }
        let clinic = open_to_read(&database)?;
        let reads = open_to_read(&beside(&database, "-reads"))?;
        Ok(Self {
            data,
            folder,
            passphrase,
            clock,
            rng,
            clinic,
            reads,
            saved: None,
        })
    }

    /// Makes one more: its folder; nothing when nothing changed since the last one that was made here. Keeps nobody from
    /// writing meanwhile.
    ///
    /// # Errors
    /// [`ClinicError::File`], [`ClinicError::Store`], and as [`crate::Clinic::open`] for the keys.
    pub fn make(&mut self) -> Result<Option<PathBuf>, ClinicError> {
        // Before anything is read: what is committed meanwhile is saved the next time.
        let state = (version_of(&self.clinic)?, version_of(&self.reads)?);
        if self.saved == Some(state) {
            return Ok(None);
        }
        let now = self.clock.now();
        let name = format!("{PREFIX}{}", stamp(now));
        let (whole, partial) = (
            self.folder.join(&name),
            self.folder.join(format!(".{name}.new")),
        );
        make_folder(&partial).map_err(of_file(&partial))?;
        let made = self.write(&partial, now).and_then(|()| {
            std::fs::rename(&partial, &whole).map_err(of_file(&whole))?;
            sync(&self.folder)
        });
        if let Err(error) = made {
            let _told_already = std::fs::remove_dir_all(&partial);
            return Err(error);
        }
        self.saved = Some(state);
        Ok(Some(whole))
    }

    fn write(&self, to: &Path, now: Timestamp) -> Result<(), ClinicError> {
        // What was read first: what goes from there to the log meanwhile is then in both, and the log knows up to where it is.
        copy(&self.reads, &to.join(READS))?;
        copy(&self.clinic, &to.join(DATABASE))?;
        let saved = open_to_read(&to.join(DATABASE))?;
        let known: String = saved
            .query_row(
                "SELECT value FROM setting WHERE name = ?1",
                [PUBLIC_KEY],
                |row| row.get(0),
            )
            .map_err(StoreError::from)?;
        let schema = schema_of(&saved)?;
        drop(saved);
        let keys = Keys::open(&self.data, &*self.rng, Some(&known))?;
        let mut names = vec![DATABASE, READS];
        if let Some(passphrase) = &self.passphrase {
            let mut both = read(&self.data.key_file(IDENTITY))?;
            both.append(&mut read(&self.data.key_file(SECRET))?);
            write_private(&to.join(KEYS), &passphrase.seal(both, &*self.rng))?;
            names.push(KEYS);
        }
        let files = names.iter().map(|name| FileEntry::of(to, name));
        let manifest = Manifest {
            clinic: id_of(&keys),
            at: now.as_millis(),
            schema,
            files: files.collect::<Result<_, _>>()?,
        };
        manifest.write(to, keys.identity())?;
        for name in names.iter().chain(&manifest::NAMES) {
            sync(&to.join(name))?;
        }
        sync(to)?;
        // As somebody who restores it would.
        let written = Manifest::read(to)?;
        written.check(to, &keys)?;
        Ok(())
    }

    /// Takes the oldest away until so many are left; never the newest. How many it took.
    ///
    /// # Errors
    /// [`ClinicError::File`]
    pub fn prune(&self, keep: usize) -> Result<usize, ClinicError> {
        let all = list(&self.folder)?;
        let old = all.len().saturating_sub(keep.max(1));
        for folder in all.iter().take(old) {
            std::fs::remove_dir_all(folder).map_err(of_file(folder))?;
        }
        Ok(old)
    }
}

/// The backups of a folder, the oldest first.
fn list(folder: &Path) -> Result<Vec<PathBuf>, ClinicError> {
    named(folder, |name| name.starts_with(PREFIX))
}

/// What was begun and has no name yet.
fn partial(folder: &Path) -> Result<Vec<PathBuf>, ClinicError> {
    named(folder, |name| {
        name.strip_prefix('.')
            .is_some_and(|name| name.starts_with(PREFIX))
    })
}

fn named(folder: &Path, is_it: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>, ClinicError> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(of_file(folder))? {
        let entry = entry.map_err(of_file(folder))?;
        let is_one = is_it(&entry.file_name().to_string_lossy());
        if is_one && entry.path().is_dir() {
            all.push(entry.path());
        }
    }
    all.sort();
    Ok(all)
}

/// The database of one moment, in one file, whose pages are read and checked on the way.
fn copy(from: &Connection, to: &Path) -> Result<(), ClinicError> {
    make_private(to)?;
    from.execute("VACUUM INTO ?1", [to.display().to_string()])
        .map_err(StoreError::from)?;
    let copied = open_to_read(to)?;
    let said: String = copied
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    (said == "ok")
        .then_some(())
        .ok_or_else(|| BackupError::Altered.into())
}

fn open_to_read(path: &Path) -> Result<Connection, ClinicError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(StoreError::from)?;
    Ok(connection)
}

/// Another number after every commit of anybody else.
fn version_of(connection: &Connection) -> Result<i64, ClinicError> {
    let version = connection.query_row("PRAGMA data_version", [], |row| row.get(0));
    Ok(version.map_err(StoreError::from)?)
}

fn schema_of(connection: &Connection) -> Result<u32, ClinicError> {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
    Ok(version.map_err(StoreError::from)?)
}

/// A file beside a database.
fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    path.into()
}

fn stamp(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.as_millis())
        .unwrap_or_default()
        .format("%Y%m%dT%H%M%S%3fZ")
        .to_string()
}

fn of_file(path: &Path) -> impl FnOnce(io::Error) -> ClinicError {
    let path = path.to_owned();
    |error| ClinicError::File { path, error }
}

fn read(path: &Path) -> Result<Vec<u8>, ClinicError> {
    std::fs::read(path).map_err(of_file(path))
}

fn sync(path: &Path) -> Result<(), ClinicError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(of_file(path))
}

/// An empty file for the clinic's user alone.
fn make_private(path: &Path) -> Result<(), ClinicError> {
    write_private(path, &[])
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), ClinicError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, bytes))
        .map_err(of_file(path))
}

fn sha256_of(path: &Path) -> Result<(u64, String), ClinicError> {
    let mut file = File::open(path).map_err(of_file(path))?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let (mut bytes, mut buffer) = (0, vec![0; 1 << 20]);
    loop {
        let read = io::Read::read(&mut file, &mut buffer).map_err(of_file(path))?;
        if read == 0 {
            return Ok((bytes, hex(context.finish().as_ref())));
        }
        context.update(buffer.get(..read).unwrap_or_default());
        bytes += read as u64;
    }
}
