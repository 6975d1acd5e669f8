//! A damaged file is kept aside and a new one begins: with what still reads, and with what the journal
//! holds. The book itself comes again from the clinics, whose cursors the new file does not have.
//!
//! The new file is made whole under another name and gets its own by renaming, so that a crash at any
//! step leaves the damaged file in its place, or a new one that [`finish`] puts there.

mod damaged;
mod salvage;

use std::collections::BTreeSet;
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sokhoe_domain::Timestamp;
use sokhoe_domain::ports::{KeyStoreError, VaultFiles};

use crate::account::{self, AccountVault};
use crate::blobs::{self, BlobFiles, is_blob_of};
use crate::changes;
use crate::compression::Encoder;
use crate::connection::{self, Role};
use crate::error::VaultError;
use crate::events;
use crate::index::{Cached as _, Directory};
use crate::journal::{Journal, WrittenDocument};
use crate::keys::{HeldKey, VaultKey};
use crate::migrations::{ACCOUNT, Migrations, VAULT, migrate, version};
use crate::names::Names;
use crate::notice::VaultChange;
use crate::outbox;
use crate::own_documents::{self, Restored};
use crate::pause::PauseSwitch;
use crate::resources;
use crate::store::{Scratch, Store, VaultPorts, database_file};
use crate::vault::Vault;
pub use damaged::DamagedCopies;
pub(crate) use damaged::damaged_file;
use salvage::Salvage;

/// What SQLite keeps beside a database, in the order in which it is moved: the database last, since its
/// absence says that all is moved.
const ENDS: [&str; 4] = ["-wal", "-shm", "-journal", ""];

/// What a rebuilt book has of the damaged one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// Intents that wait for their answer.
    pub intents: u32,
    /// Of them those that only the journal still had.
    pub intents_from_journal: u32,
    /// Bookings.
    pub bookings: u32,
    /// Events that nobody has acknowledged.
    pub events: u32,
    /// What the person wrote that no clinic has.
    pub changes: u32,
    /// Documents of the person's own.
    pub documents: u32,
    /// Of them those whose bytes are lost.
    pub documents_without_bytes: u32,
}

fn unfinished_file(name: &str) -> String {
    format!("{name}.new.db")
}

/// Whether a database is one that rebuilding the vault `name` made or kept, and not another vault's.
pub(crate) fn is_of_rebuilding(database: &str, name: &str) -> bool {
    damaged::is_damaged_file_of(database, name)
        || database == unfinished_file(name)
        || database == rebuilt_file(name)
}

fn rebuilt_file(name: &str) -> String {
    format!("{name}.rebuilt.db")
}

/// Names the files of blobs that the new file knows, one a line: they stay where they are. It tells no
/// more than a look at the folder.
fn blobs_kept_file(name: &str) -> String {
    format!("{name}.rebuilt.blobs")
}

impl Vault {
    /// Keeps the damaged files of a vault aside and begins a new one under the same key, with the
    /// bookings, intents and events that still read, every unsent intent of the journal (as possibly
    /// sent: the same id is asked again), every document of the person's own, what they wrote for clinics, and an event `book-rebuilt`
    /// for the person. Bytes of documents are read and proved; when some are lost an event
    /// `document-lost` is kept for each, whose subject is the document's id. Cursors are not taken along:
    /// the next sync fetches everything. Nothing is deleted. Drop every handle before.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::WrongKey`],
    /// [`VaultError::NewerSchema`], [`VaultError::Busy`], [`VaultError::Unavailable`],
    /// [`VaultError::DiskFull`]: the damaged files are where they were.
    pub fn rebuild(
        ports: &VaultPorts,
        name: &str,
        now: Timestamp,
        switch: &PauseSwitch,
    ) -> Result<(Self, Rebuilt), VaultError> {
        let running = switch.enter_opening()?;
        let key = key_of_damaged(ports, name, VAULT)?;
        let open = || open_damaged(ports, name, &key);
        let salvage = Salvage::of_vault(&open);
        let held = Arc::new(HeldKey::new(key.duplicate()));
        let journal = Journal::new(&ports.files, &ports.rng, name, held);
        let written = journal.read()?;
        let mut rebuilt = Rebuilt {
            events: u32::try_from(salvage.events.len()).unwrap_or(u32::MAX),
            ..Rebuilt::default()
        };
        let blob_files = BlobFiles::new(ports, name);
        replace(ports, name, &key, VAULT, |tx| {
            salvage.put_back(tx)?;
            for intent in &written.live {
                rebuilt.intents_from_journal += u32::from(outbox::restore(tx, intent)?);
            }
            let mut documents = Vec::new();
            for document in &written.documents {
                // One whose commit is not noted may be one that the person was told is not kept: its file
                // went with it then.
                if written.kept.contains(&document.id)
                    || blobs::is_whole(&blob_files, &document.blob)?
                {
                    documents.push(document);
                }
            }
            let documents = documents.into_iter().chain(&salvage.documents);
            let documents = put_documents_back(ports, tx, &blob_files, documents)?;
            rebuilt.documents = documents.documents;
            rebuilt.documents_without_bytes =
                u32::try_from(documents.without_bytes.len()).unwrap_or(u32::MAX);
            let mut scratch = scratch(ports, tx)?;
            salvage.put_changes_back(tx, &mut scratch)?;
            changes::restore(tx, &mut scratch, &written.changes)?;
            let event = |kind: &str, subject: String| events::NewEvent {
                kind: kind.to_owned(),
                subject,
                at: now,
                body: String::new(),
            };
            let mut news = vec![event("book-rebuilt", String::new())];
            for id in documents.without_bytes {
                news.push(event("document-lost", id.to_string()));
            }
            events::keep(tx, &news)?;
            let count = |table: &str| {
                tx.query_row(&format!(r#"SELECT count(*) FROM "{table}""#), [], |row| {
                    row.get(0)
                })
            };
            (rebuilt.intents, rebuilt.bookings) = (count("intent")?, count("booking")?);
            rebuilt.changes = count("change")?;
            blob_files.named(tx)
        })?;
        drop(running);
        Ok((Self::open_under(ports, name, switch)?, rebuilt))
    }
}

/// Puts documents into a new file, of several with one id the first.
fn put_documents_back<'a>(
    ports: &VaultPorts,
    tx: &Transaction<'_>,
    blobs: &BlobFiles,
    documents: impl Iterator<Item = &'a WrittenDocument>,
) -> Result<Restored, VaultError> {
    let mut seen = BTreeSet::new();
    let documents: Vec<_> = documents.filter(|d| seen.insert(d.id)).collect();
    if documents.is_empty() {
        return Ok(Restored::default());
    }
    let mut scratch = scratch(ports, tx)?;
    let directory = Arc::new(Directory::load(tx)?);
    own_documents::restore(tx, &mut scratch, directory, blobs, &documents)
}

/// What takes resources into a new file.
fn scratch(ports: &VaultPorts, tx: &Transaction<'_>) -> Result<Scratch, VaultError> {
    // Where the hashes of ids begin, as at the first opening of a new vault.
    let mut seed = [0; 8];
    ports.rng.fill(&mut seed);
    resources::set_seed(tx, i64::from_le_bytes(seed))?;
    Ok(Scratch {
        names: Names::default(),
        encoder: Encoder::default(),
        index: sokhoe_fhir::index,
    })
}

impl Vault {
    /// As [`Vault::rebuild`], of a vault that is open and met a damaged page. All its handles answer
    /// [`VaultError::Corrupt`] from now on; its subscribers hear of the new one.
    ///
    /// # Errors
    /// As [`Vault::rebuild`].
    pub fn rebuild_open(
        &self,
        ports: &VaultPorts,
        name: &str,
        now: Timestamp,
    ) -> Result<(Self, Rebuilt), VaultError> {
        self.store().retire();
        let (vault, rebuilt) = Self::rebuild(ports, name, now, &self.store().switch)?;
        vault.store().notices.adopt(&self.store().notices);
        vault.store().notices.tell(VaultChange {
            entries: true,
            bookings: true,
            events: true,
            invoices: true,
            sync: true,
        });
        Ok((vault, rebuilt))
    }
}

impl AccountVault {
    /// Keeps the damaged files of the account aside and begins a new one under the same key, when every
    /// row of the old one still reads: a person that is left out would be as good as lost. Nothing is
    /// deleted. Drop every handle before.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when not everything reads, and what [`Vault::rebuild`] gives: the damaged
    /// files are where they were.
    pub fn rebuild(ports: &VaultPorts, switch: &PauseSwitch) -> Result<Self, VaultError> {
        let running = switch.enter_opening()?;
        let key = key_of_damaged(ports, account::NAME, ACCOUNT)?;
        let rows = salvage::rows_of_account(&|| open_damaged(ports, account::NAME, &key))?;
        replace(ports, account::NAME, &key, ACCOUNT, |tx| {
            salvage::put_back_account(tx, &rows)?;
            Ok(BTreeSet::new())
        })?;
        drop(running);
        Self::open_or_create_under(ports, switch)
    }
}

/// The key of a file that is to be rebuilt. A file of another key, of a newer program, or that cannot
/// be reached is not damaged.
fn key_of_damaged(
    ports: &VaultPorts,
    name: &str,
    migrations: Migrations,
) -> Result<VaultKey, VaultError> {
    if !Store::exists(ports, name)? {
        return Err(VaultError::NotFound);
    }
    let found = ports
        .ring
        .find(name)?
        .ok_or(VaultError::Key(KeyStoreError::Missing))?;
    // A rotation that was interrupted: whichever key reads.
    let key = match found.next {
        Some(next) if open_damaged(ports, name, &found.key).is_err() => next,
        _ => found.key,
    };
    match open_damaged(ports, name, &key) {
        Ok(connection) => {
            let known = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
            match version(&connection) {
                Ok(found) if found > known => Err(VaultError::NewerSchema { found, known }),
                Ok(_) | Err(VaultError::Corrupt) => Ok(key),
                Err(error) => Err(error),
            }
        }
        Err(VaultError::Corrupt) => {
            let file = ports.files.read(&database_file(name))?.unwrap_or_default();
            // A file that is shorter than a salt says nothing of its key.
            if file.len() >= 16 && !key.began(&file) {
                return Err(VaultError::WrongKey);
            }
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

/// A connection to a damaged file that leaves its bytes as they are.
fn open_damaged(ports: &VaultPorts, name: &str, key: &VaultKey) -> Result<Connection, VaultError> {
    let connection = connection::open(&*ports.files, &database_file(name), key, Role::Reader)?;
    connection::keep_journal(&connection, true)?;
    Ok(connection)
}

/// Makes a new file with what `fill` puts in, and lays it in the place of the damaged one. `fill` gives
/// the names of the files of blobs that the new one knows.
fn replace(
    ports: &VaultPorts,
    name: &str,
    key: &VaultKey,
    migrations: Migrations,
    fill: impl FnOnce(&Transaction<'_>) -> Result<BTreeSet<String>, VaultError>,
) -> Result<(), VaultError> {
    let files = &*ports.files;
    let unfinished = unfinished_file(name);
    let clear = || {
        for end in ENDS {
            files.remove(&format!("{unfinished}{end}"))?;
        }
        Ok::<_, VaultError>(())
    };
    clear()?;
    let made = (|| {
        let mut connection =
            connection::open(files, &unfinished, key, Role::Writer { create: true })?;
        migrate(&mut connection, migrations)?;
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let blobs = fill(&tx)?;
        // Not an older copy: it has the epoch that the key store knows.
        if let Ok(counter) = ports.keys.counter(name) {
            let epoch = i64::try_from(counter).unwrap_or(i64::MAX - 1);
            tx.execute(r#"UPDATE "epoch" SET "value" = ?1"#, [epoch])?;
        }
        tx.commit()?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy != 0 {
            return Err(VaultError::Busy);
        }
        connection
            .close()
            .map_err(|(_, error)| VaultError::from(error))?;
        // Before the new file counts.
        match blobs.is_empty() {
            true => Ok(files.remove(&blobs_kept_file(name))?),
            false => {
                let names: Vec<String> = blobs.into_iter().collect();
                Ok(files.write(&blobs_kept_file(name), names.join("\n").as_bytes())?)
            }
        }
    })();
    if let Err(error) = made {
        // What was begun is of no use; the damaged file is whole in its place.
        let _ = clear();
        return Err(error);
    }
    files.rename(&unfinished, &rebuilt_file(name))?;
    finish(files, name, &files.list()?)?;
    Ok(())
}

/// Lays a file that was rebuilt in its place, the damaged one aside; whether there was one. Repeating it
/// ends what was interrupted.
pub(crate) fn finish(
    files: &dyn VaultFiles,
    name: &str,
    names: &[String],
) -> Result<bool, VaultError> {
    let rebuilt = rebuilt_file(name);
    if !names.contains(&rebuilt) {
        return Ok(false);
    }
    let aside = (1..)
        .map(|n: u32| damaged_file(name, n, ".db"))
        .find(|aside| !names.contains(aside))
        .unwrap_or_default();
    let database = database_file(name);
    for end in ENDS {
        files.rename(&format!("{database}{end}"), &format!("{aside}{end}"))?;
    }
    // The keys of most blobs are in the damaged file: they stay together. The others are known to the new
    // one.
    let stem = aside.strip_suffix(".db").unwrap_or(&aside);
    let kept = files.read(&blobs_kept_file(name))?.unwrap_or_default();
    let kept = String::from_utf8_lossy(&kept);
    let kept: Vec<&str> = kept.lines().collect();
    for blob in names
        .iter()
        .filter(|file| is_blob_of(file, name) && !kept.contains(&file.as_str()))
    {
        let ending = blob.strip_prefix(name).unwrap_or(blob);
        files.rename(blob, &format!("{stem}{ending}"))?;
    }
    files.rename(&rebuilt, &database)?;
    files.remove(&blobs_kept_file(name))?;
    Ok(true)
}
