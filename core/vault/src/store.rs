//! One encrypted file with one writer and a few readers: what the person's vault and the account
//! have in common.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sokhoe_domain::ports::{KeyStore, KeyStoreError, Rng, VaultFiles};
use sokhoe_fhir::{FhirError, Indexed};

use crate::compression::{Decoder, Encoder};
use crate::connection::{self, Role};
use crate::epoch::{Epoch, Opening};
use crate::error::VaultError;
use crate::keys::{FoundKey, KeyRing, Lockable, VaultKey, is_vault_name};
use crate::migrations::{Migrations, migrate, version};
use crate::names::Names;
use crate::notice::Notices;

/// Reading connections at most; further readers wait.
const READERS: usize = 2;

/// The ports a vault needs.
#[derive(Clone)]
pub struct VaultPorts {
    /// Keeps files.
    pub files: Arc<dyn VaultFiles>,
    /// Wraps keys.
    pub keys: Arc<dyn KeyStore>,
    /// Makes random numbers.
    pub rng: Arc<dyn Rng>,
    /// Has the keys of all vaults of these files.
    pub ring: Arc<KeyRing>,
}

impl VaultPorts {
    /// The ports, and a ring that is locked. Vaults of one folder are opened with clones of one of these: each new
    /// one asks the key store again.
    #[must_use]
    pub fn new(files: Arc<dyn VaultFiles>, keys: Arc<dyn KeyStore>, rng: Arc<dyn Rng>) -> Self {
        let ring = KeyRing::new(Arc::clone(&files), Arc::clone(&keys), Arc::clone(&rng));
        Self {
            files,
            keys,
            rng,
            ring: Arc::new(ring),
        }
    }
}

impl fmt::Debug for VaultPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultPorts").finish_non_exhaustive()
    }
}

/// When a commit must be on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Before the call returns.
    Full,
    /// Some time later. A power cut may take it back as a whole; what was committed durably before
    /// stays, and nothing is ever torn. Only for what the clinic gives again together with the
    /// cursor that asks for it.
    Relaxed,
}

impl Durability {
    const fn pragma(self) -> &'static str {
        match self {
            Self::Full => "PRAGMA synchronous = FULL",
            Self::Relaxed => "PRAGMA synchronous = NORMAL",
        }
    }
}

/// What the writer keeps between transactions.
pub(crate) struct Scratch {
    pub(crate) names: Names,
    pub(crate) encoder: Encoder,
    /// How a resource is read.
    pub(crate) index: fn(&str) -> Result<Indexed, FhirError>,
}

struct Writer {
    /// Nothing once the store is locked.
    connection: Option<Connection>,
    durability: Durability,
    scratch: Scratch,
}

struct Reader {
    connection: Connection,
    decoder: Decoder,
}

#[derive(Default)]
struct Readers {
    idle: Vec<Reader>,
    open: usize,
}

/// An open file. Connections close in the order of the fields, the writer last of them.
pub(crate) struct Store {
    readers: Mutex<Readers>,
    returned: Condvar,
    writer: Mutex<Writer>,
    pub(crate) notices: Notices,
    name: String,
    files: Arc<dyn VaultFiles>,
    /// Nothing once the store is locked.
    key: Mutex<Option<VaultKey>>,
    epoch: Epoch,
    pub(crate) opening: Opening,
}

fn database_file(name: &str) -> String {
    format!("{name}.db")
}

impl Store {
    pub(crate) fn exists(ports: &VaultPorts, name: &str) -> Result<bool, VaultError> {
        if !is_vault_name(name) {
            return Err(VaultError::BadName);
        }
        Ok(ports.files.list()?.contains(&database_file(name)))
    }

    /// The key comes first: a crash in between leaves a key without a database, which the next try uses.
    /// The other way round would leave a database that nobody can open.
    pub(crate) fn create(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
    ) -> Result<Arc<Self>, VaultError> {
        if Self::exists(ports, name)? {
            return Err(VaultError::AlreadyExists);
        }
        let mut key = match ports.ring.find(name)? {
            Some(key) => key,
            None => ports.ring.add(name)?,
        };
        if key.finished {
            // A new database is wanted under this key; the old one is not there.
            ports.ring.set_finished(name, false)?;
            key.finished = false;
        }
        Self::start(ports, name, key, migrations, Role::Writer { create: true })
    }

    pub(crate) fn open(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
    ) -> Result<Arc<Self>, VaultError> {
        if !Self::exists(ports, name)? {
            return Err(VaultError::NotFound);
        }
        let key = ports.ring.find(name)?;
        let key = key.ok_or(VaultError::Key(KeyStoreError::Missing))?;
        Self::start(ports, name, key, migrations, Role::Writer { create: false })
    }

    /// The key first: once it is gone, what is left of the files is noise.
    pub(crate) fn erase(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        if !is_vault_name(name) {
            return Err(VaultError::BadName);
        }
        ports.ring.erase(name)
    }

    /// Encrypts a file that nobody has open under a new key. The ring has both keys from before the first page
    /// is written until after the last.
    pub(crate) fn rotate_key(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        if !Self::exists(ports, name)? {
            return Err(VaultError::NotFound);
        }
        ports.ring.begin_rotation(name)?;
        let found = ports.ring.find(name)?;
        let found = found.ok_or(VaultError::Key(KeyStoreError::Missing))?;
        let Some(next) = &found.next else {
            return Err(VaultError::Internal { code: 0 });
        };
        let (connection, is_next) = connect(ports, name, &found, Role::Writer { create: false })?;
        if !is_next {
            // Fails as "in use" when any other connection is open.
            connection
                .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;")?;
            next.replace(&connection)?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
        }
        drop(connection);
        ports.ring.end_rotation(name)
    }

    fn start(
        ports: &VaultPorts,
        name: &str,
        found: FoundKey,
        migrations: Migrations,
        role: Role,
    ) -> Result<Arc<Self>, VaultError> {
        let (mut connection, is_next) = connect(ports, name, &found, role)?;
        // SQLite takes an empty file as a new one. A crash in `create` leaves one; else it was lost.
        if found.finished && version(&connection)? == 0 {
            return Err(VaultError::Corrupt);
        }
        migrate(&mut connection, migrations)?;
        if !found.finished {
            ports.ring.set_finished(name, true)?;
        }
        if is_next {
            ports.ring.end_rotation(name)?;
        }
        let (epoch, opening) = Epoch::begin(&ports.keys, name, &connection)?;
        let opening = match role {
            Role::Writer { create: true } => Opening::Sound,
            _ => opening,
        };
        let key = match found.next {
            Some(next) if is_next => next,
            _ => found.key,
        };
        let store = Arc::new(Self {
            readers: Mutex::default(),
            returned: Condvar::new(),
            writer: Mutex::new(Writer {
                connection: Some(connection),
                durability: Durability::Full,
                scratch: Scratch {
                    names: Names::default(),
                    encoder: Encoder::default(),
                    index: sokhoe_fhir::index,
                },
            }),
            notices: Notices::default(),
            name: name.to_owned(),
            files: Arc::clone(&ports.files),
            key: Mutex::new(Some(key)),
            epoch,
            opening,
        });
        let lockable: Weak<dyn Lockable> = Arc::downgrade(&(Arc::clone(&store) as _));
        ports.ring.watch(found.locking, lockable)?;
        Ok(store)
    }

    /// Whether the ring was locked since: open the vault again.
    pub(crate) fn is_locked(&self) -> bool {
        self.key().is_none()
    }

    fn key(&self) -> MutexGuard<'_, Option<VaultKey>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            // A panic rolled the transaction back; what was remembered of it must go too.
            let mut writer = poisoned.into_inner();
            writer.scratch.names.forget();
            self.writer.clear_poison();
            writer
        })
    }

    /// Runs `work` in one transaction that is committed when it gives `Ok`.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>, &mut Scratch) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut writer = self.writer();
        let Writer {
            connection,
            durability: current,
            scratch,
        } = &mut *writer;
        let connection = connection
            .as_mut()
            .ok_or(VaultError::Key(KeyStoreError::Locked))?;
        if *current != durability {
            connection.execute_batch(durability.pragma())?;
            *current = durability;
        }
        let result: Result<_, VaultError> = (|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, scratch)?;
            let raised = self.epoch.write(&transaction)?;
            transaction.commit()?;
            self.epoch.committed(raised);
            Ok((value, raised))
        })();
        if result.is_err() {
            scratch.names.forget();
        }
        drop(writer);
        let (value, raised) = result?;
        if let Some(raised) = raised {
            self.epoch.tell(raised);
        }
        Ok(value)
    }

    /// Runs `work` in one reading transaction: everything it sees is of one moment.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut loan = self.borrow_reader()?;
        let Some(reader) = loan.reader.as_mut() else {
            return Err(VaultError::Internal { code: 0 });
        };
        let result = (|| {
            let transaction = reader.connection.transaction()?;
            let value = work(&transaction, &mut reader.decoder)?;
            transaction.finish()?;
            Ok(value)
        })();
        if result
            .as_ref()
            .is_err_and(|error| *error == VaultError::Corrupt)
        {
            // SQLCipher gives up on a connection that met a damaged page.
            loan.reader = None;
        }
        result
    }

    /// Folds the journal into the file, as far as nobody is reading.
    #[cfg(test)]
    pub(crate) fn checkpoint(&self) {
        let writer = self.writer();
        let connection = writer.connection.as_ref().unwrap();
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
            .unwrap();
    }

    fn borrow_reader(&self) -> Result<Loan<'_>, VaultError> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(reader) = readers.idle.pop() {
                return Ok(Loan {
                    store: self,
                    reader: Some(reader),
                });
            }
            if readers.open < READERS {
                break;
            }
            readers = self
                .returned
                .wait(readers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        readers.open += 1;
        drop(readers);
        let mut loan = Loan {
            store: self,
            reader: None,
        };
        let file = database_file(&self.name);
        let key = self.key().as_ref().map(VaultKey::duplicate);
        let key = key.ok_or(VaultError::Key(KeyStoreError::Locked))?;
        loan.reader = Some(Reader {
            connection: connection::open(&*self.files, &file, &key, Role::Reader)?,
            decoder: Decoder::default(),
        });
        Ok(loan)
    }
}

/// Opens a database with its key, or with the next one when a rotation was interrupted; which of them, second.
fn connect(
    ports: &VaultPorts,
    name: &str,
    found: &FoundKey,
    role: Role,
) -> Result<(Connection, bool), VaultError> {
    let file = database_file(name);
    let open = |key| connection::open(&*ports.files, &file, key, role);
    match (open(&found.key), &found.next) {
        (Err(VaultError::Corrupt), Some(next)) => open(next).map(|connection| (connection, true)),
        (opened, _) => opened.map(|connection| (connection, false)),
    }
    .map_err(|error| match error {
        VaultError::Corrupt => match ports.files.read(&file) {
            Ok(Some(file)) if !found.key.began(&file) => VaultError::WrongKey,
            _ => VaultError::Corrupt,
        },
        other => other,
    })
}

impl Store {
    /// Raises the epoch, folds the journal into the file and closes. Whatever goes wrong here goes right at the next
    /// open.
    fn close_writer(&self) {
        let Some(connection) = self.writer().connection.take() else {
            return;
        };
        let epoch = self.epoch.close(&connection);
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        drop(connection);
        if let Some(epoch) = epoch {
            self.epoch.tell(epoch);
        }
    }
}

impl Lockable for Store {
    fn lock(&self) {
        // First, so that nobody opens a connection any more.
        *self.key() = None;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            readers.open -= readers.idle.len();
            readers.idle.clear();
            if readers.open == 0 {
                break;
            }
            readers = self
                .returned
                .wait(readers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(readers);
        self.close_writer();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.readers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .idle
            .clear();
        self.close_writer();
    }
}

/// A reader in use; goes back to the pool, also when the reading panics.
struct Loan<'a> {
    store: &'a Store,
    reader: Option<Reader>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut readers = self
            .store
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match self.reader.take() {
            Some(reader) => readers.idle.push(reader),
            None => readers.open -= 1,
        }
        drop(readers);
        // All: one that waits to lock must not take the turn of one that waits to read.
        self.store.returned.notify_all();
    }
}
