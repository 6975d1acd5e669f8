//! One encrypted file with one writer and a few readers: what the person's vault and the account
//! have in common.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sokhoe_domain::ports::{KeyStore, Ports, Rng, VaultFiles};
use sokhoe_fhir::{FhirError, Indexed};

use crate::blobs::is_blob_of;
use crate::compression::{Decoder, Encoder};
use crate::connection::{self, Role};
use crate::error::VaultError;
use crate::files::is_name;
use crate::key::{KeyFile, VaultKey, key_file};
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
}

impl fmt::Debug for VaultPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultPorts").finish_non_exhaustive()
    }
}

impl From<&Ports> for VaultPorts {
    fn from(ports: &Ports) -> Self {
        Self {
            files: Arc::clone(&ports.files),
            keys: Arc::clone(&ports.keys),
            rng: Arc::clone(&ports.rng),
        }
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
    connection: Connection,
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
    key: VaultKey,
}

fn database_file(name: &str) -> String {
    format!("{name}.db")
}

impl Store {
    pub(crate) fn exists(ports: &VaultPorts, name: &str) -> Result<bool, VaultError> {
        if !is_name(name) {
            return Err(VaultError::BadName);
        }
        Ok(ports.files.list()?.contains(&database_file(name)))
    }

    /// The key file comes first: a crash in between leaves a key without a database, which the next
    /// try uses. The other way round would leave a database that nobody can open.
    pub(crate) fn create(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
    ) -> Result<Self, VaultError> {
        if Self::exists(ports, name)? {
            return Err(VaultError::AlreadyExists);
        }
        let key = match KeyFile::load(ports, name)? {
            Some(key) => key.begin_again(ports, name)?,
            None => KeyFile::create(ports, name)?,
        };
        Self::start(ports, name, key, migrations, Role::Writer { create: true })
    }

    pub(crate) fn open(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
    ) -> Result<Self, VaultError> {
        if !Self::exists(ports, name)? {
            return Err(VaultError::NotFound);
        }
        let key = KeyFile::load(ports, name)?.ok_or(VaultError::Key(
            sokhoe_domain::ports::KeyStoreError::Missing,
        ))?;
        Self::start(ports, name, key, migrations, Role::Writer { create: false })
    }

    /// The key first: once it is gone, what is left of the files is noise.
    pub(crate) fn erase(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        if !is_name(name) {
            return Err(VaultError::BadName);
        }
        ports.keys.delete(name)?;
        ports.files.remove(&key_file(name))?;
        let database = database_file(name);
        for end in ["-wal", "-shm", "-journal", ""] {
            ports.files.remove(&format!("{database}{end}"))?;
        }
        for file in ports.files.list()? {
            if is_blob_of(&file, name) {
                ports.files.remove(&file)?;
            }
        }
        Ok(())
    }

    fn start(
        ports: &VaultPorts,
        name: &str,
        mut key_file: KeyFile,
        migrations: Migrations,
        role: Role,
    ) -> Result<Self, VaultError> {
        let file = database_file(name);
        let key = &key_file.key;
        let mut connection = match connection::open(&*ports.files, &file, key, role) {
            Err(VaultError::Corrupt)
                if ports
                    .files
                    .read(&file)?
                    .is_some_and(|file| !key.began(&file)) =>
            {
                return Err(VaultError::WrongKey);
            }
            other => other?,
        };
        // SQLite takes an empty file as a new one. A crash in `create` leaves one; else it was lost.
        if key_file.finished && version(&connection)? == 0 {
            return Err(VaultError::Corrupt);
        }
        migrate(&mut connection, migrations)?;
        key_file.finish(ports, name)?;
        Ok(Self {
            readers: Mutex::default(),
            returned: Condvar::new(),
            writer: Mutex::new(Writer {
                connection,
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
            key: key_file.key,
        })
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
        if *current != durability {
            connection.execute_batch(durability.pragma())?;
            *current = durability;
        }
        let result = (|| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, scratch)?;
            transaction.commit()?;
            Ok(value)
        })();
        if result.is_err() {
            scratch.names.forget();
        }
        result
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
        self.writer()
            .connection
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
        loan.reader = Some(Reader {
            connection: connection::open(&*self.files, &file, &self.key, Role::Reader)?,
            decoder: Decoder::default(),
        });
        Ok(loan)
    }
}

impl Drop for Store {
    /// Folds the journal into the file. Whatever goes wrong here goes right at the next open.
    fn drop(&mut self) {
        self.readers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .idle
            .clear();
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = writer
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
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
        self.store.returned.notify_one();
    }
}
