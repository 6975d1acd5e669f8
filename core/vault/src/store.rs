//! One encrypted file with one writer and a few readers: what the person's vault and the account
//! have in common.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sokhoe_domain::ports::{KeyStore, KeyStoreError, Ports, Rng, VaultFiles};
use sokhoe_fhir::{FhirError, Indexed};

use crate::blobs::is_blob_of;
use crate::busy::Stoppable;
use crate::compression::{Decoder, Encoder};
use crate::connection::{self, Role};
use crate::error::VaultError;
use crate::files::is_name;
use crate::key::{KeyFile, VaultKey, key_file};
use crate::migrations::{Migrations, migrate, version};
use crate::names::Names;
use crate::notice::{Notices, VaultChange};
use crate::pause::{Closable, PauseSwitch};
use crate::rebuild;

/// Reading connections at most; further readers wait.
const READERS: usize = 2;

/// Bytes of SQLite's journal up to which pausing folds it in: a quarter of what gathers at most.
const SHORT_JOURNAL: u64 = 4 << 20;

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
    /// Nothing while paused, and after a transaction that was interrupted.
    connection: Option<Connection>,
    durability: Durability,
    scratch: Scratch,
    /// Whether the disk failed under the last one: see [`fold_in_journal`].
    suspect: bool,
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

/// The connections of a file.
struct Pool {
    readers: Mutex<Readers>,
    returned: Condvar,
    writer: Mutex<Writer>,
    notices: Arc<Notices>,
    /// A page was met that does not verify.
    damaged: AtomicBool,
    /// Another file has its place: nothing is read or written any more.
    retired: AtomicBool,
    keys: Arc<dyn KeyStore>,
    name: String,
    files: Arc<dyn VaultFiles>,
    key: VaultKey,
}

/// Whether SQLCipher gives up on the connection that met this: one that read a damaged page, or could
/// not read a page, calls everything damaged from then on.
fn spoils_connection(error: &VaultError) -> bool {
    matches!(error, VaultError::Corrupt | VaultError::Unavailable { .. })
}

/// Brings everything in the journal into the file, after the disk failed under a connection: some
/// systems take for written what a failed sync did not write, so that no later sync of the journal
/// would bring it to the disk.
fn fold_in_journal(connection: &Connection) -> Result<(), VaultError> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(VaultError::Busy);
    }
    Ok(())
}

/// An open file.
pub(crate) struct Store {
    pool: Arc<Pool>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) switch: PauseSwitch,
}

pub(crate) fn database_file(name: &str) -> String {
    format!("{name}.db")
}

/// A locked phone may hide its files. What cannot be reached then is locked, not lost: the key store,
/// which is asked with nothing to unwrap, knows.
fn locked_or(error: VaultError, keys: &dyn KeyStore, alias: &str) -> VaultError {
    let hidden = matches!(
        error,
        VaultError::Unavailable { .. }
            | VaultError::File {
                kind: io::ErrorKind::PermissionDenied
            }
    );
    match hidden.then(|| keys.unwrap(alias, &[])) {
        Some(Err(KeyStoreError::Locked)) => VaultError::Key(KeyStoreError::Locked),
        _ => error,
    }
}

impl Store {
    pub(crate) fn exists(ports: &VaultPorts, name: &str) -> Result<bool, VaultError> {
        if !is_name(name) {
            return Err(VaultError::BadName);
        }
        let names = ports.files.list()?;
        let finished = rebuild::finish(&*ports.files, name, &names)?;
        Ok(finished || names.contains(&database_file(name)))
    }

    /// The key file comes first: a crash in between leaves a key without a database, which the next
    /// try uses. The other way round would leave a database that nobody can open.
    pub(crate) fn create(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        if Self::exists(ports, name)? {
            return Err(VaultError::AlreadyExists);
        }
        let key = match KeyFile::load(ports, name)? {
            Some(key) => key.begin_again(ports, name)?,
            None => KeyFile::create(ports, name)?,
        };
        Self::start(
            ports,
            name,
            key,
            migrations,
            Role::Writer { create: true },
            switch,
        )
    }

    pub(crate) fn open(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        if !Self::exists(ports, name)? {
            return Err(VaultError::NotFound);
        }
        let key = KeyFile::load(ports, name)
            .map_err(|error| locked_or(error, &*ports.keys, name))?
            .ok_or(VaultError::Key(KeyStoreError::Missing))?;
        Self::start(
            ports,
            name,
            key,
            migrations,
            Role::Writer { create: false },
            switch,
        )
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
        for file in rebuild::files_beside(&ports.files.list()?, name) {
            ports.files.remove(&file)?;
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
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        let running = switch.enter()?;
        let _stoppable = Stoppable::by(switch.flag());
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
        switch.interruptible(&mut connection)?;
        // SQLite takes an empty file as a new one. A crash in `create` leaves one; else it was lost.
        if key_file.finished && version(&connection)? == 0 {
            return Err(VaultError::Corrupt);
        }
        migrate(&mut connection, migrations)?;
        key_file.finish(ports, name)?;
        let notices = Arc::<Notices>::default();
        let pool = Arc::new(Pool {
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
                suspect: false,
            }),
            notices: Arc::clone(&notices),
            damaged: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            keys: Arc::clone(&ports.keys),
            name: name.to_owned(),
            files: Arc::clone(&ports.files),
            key: key_file.key,
        });
        let closable: Weak<dyn Closable> =
            Arc::downgrade(&(Arc::clone(&pool) as Arc<dyn Closable>));
        // Before `running` ends: whoever pauses meanwhile waits for it, and then finds the connection.
        switch.register(closable);
        drop(running);
        Ok(Self {
            pool,
            notices,
            switch: switch.clone(),
        })
    }

    /// A copy of the file's key, for what is sealed beside it.
    pub(crate) fn key(&self) -> VaultKey {
        self.pool.key.duplicate()
    }

    /// Ends the use of a damaged file by every handle, which get [`VaultError::Corrupt`] from now on.
    pub(crate) fn retire(&self) {
        self.pool.retired.store(true, Ordering::Release);
        self.pool.close(false);
    }

    /// Whether a damaged page was met since the file was opened.
    pub(crate) fn is_damaged(&self) -> bool {
        self.pool.damaged.load(Ordering::Acquire)
    }

    /// Reads every page that is in use, which verifies its code, and compares each index with its table
    /// and each reference with its row. Not `cipher_integrity_check`: it looks at the file alone, where a
    /// page may be half written while the journal still has it whole.
    pub(crate) fn check(&self) -> Result<(), VaultError> {
        self.read(|tx, _| {
            let mut tables = tx.prepare("PRAGMA integrity_check(1)")?;
            let mut references = tx.prepare("PRAGMA foreign_key_check")?;
            let whole = tables.query_row([], |row| row.get::<_, String>(0))? == "ok"
                && !references.exists([])?;
            if whole {
                Ok(())
            } else {
                Err(VaultError::Corrupt)
            }
        })
    }

    /// Runs `work` in one transaction that is committed when it gives `Ok`.
    pub(crate) fn write<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>, &mut Scratch) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        // The turn first: whoever waits for it does not count as running.
        let _running;
        let mut writer = self.pool.writer();
        // Ends after the turn does: the last that ends may have to close, which takes the turn.
        _running = self.switch.enter()?;
        self.pool.in_use()?;
        let _stoppable = Stoppable::by(self.switch.flag());
        let Writer {
            connection: slot,
            durability: current,
            scratch,
            suspect,
        } = &mut *writer;
        let connection = match slot {
            Some(connection) => connection,
            None => {
                *current = Durability::Full;
                let role = Role::Writer { create: false };
                let connection = self.pool.connect(&self.switch, role)?;
                if *suspect {
                    fold_in_journal(&connection)?;
                    *suspect = false;
                }
                slot.insert(connection)
            }
        };
        let result = (|| {
            if *current != durability {
                connection.execute_batch(durability.pragma())?;
                *current = durability;
            }
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, scratch)?;
            transaction.commit()?;
            Ok(value)
        })();
        let spoiled = result.as_ref().is_err_and(spoils_connection);
        // Whoever stopped waiting for another process since the phone sleeps.
        let result = match result {
            Err(VaultError::Busy) if self.switch.is_paused() => Err(VaultError::Paused),
            other => other.map_err(|error| locked_or(error, &*self.pool.keys, &self.pool.name)),
        };
        if let Err(error) = &result {
            scratch.names.forget();
            self.pool.note(error);
            if spoiled || *error == VaultError::Paused {
                // The rollback may have been interrupted, too: closing is one that cannot be.
                close(slot.take());
                *suspect |= spoiled;
            }
        }
        result
    }

    /// Runs `work` in one reading transaction: everything it sees is of one moment.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let _running = self.switch.enter()?;
        self.pool.in_use()?;
        let _stoppable = Stoppable::by(self.switch.flag());
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
        if let Err(error) = &result {
            self.pool.note(error);
            // One that was interrupted may still be in its transaction.
            if spoils_connection(error) || *error == VaultError::Paused {
                loan.reader = None;
            }
        }
        result.map_err(|error| locked_or(error, &*self.pool.keys, &self.pool.name))
    }

    /// Folds the journal into the file, as far as nobody is reading.
    #[cfg(test)]
    pub(crate) fn checkpoint(&self) {
        let writer = self.pool.writer();
        let connection = writer.connection.as_ref().unwrap();
        connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")
            .unwrap();
    }

    #[cfg(test)]
    pub(crate) fn writer_is_taken(&self) -> bool {
        self.pool.writer.try_lock().is_err()
    }

    fn borrow_reader(&self) -> Result<Loan<'_>, VaultError> {
        let mut readers = self.pool.readers();
        loop {
            if let Some(reader) = readers.idle.pop() {
                return Ok(Loan {
                    pool: &self.pool,
                    reader: Some(reader),
                });
            }
            if readers.open < READERS {
                break;
            }
            readers = self
                .pool
                .returned
                .wait(readers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        readers.open += 1;
        drop(readers);
        let mut loan = Loan {
            pool: &self.pool,
            reader: None,
        };
        loan.reader = Some(Reader {
            connection: self.pool.connect(&self.switch, Role::Reader)?,
            decoder: Decoder::default(),
        });
        Ok(loan)
    }
}

impl Pool {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|poisoned| {
            // A panic rolled the transaction back; what was remembered of it must go too.
            let mut writer = poisoned.into_inner();
            writer.scratch.names.forget();
            self.writer.clear_poison();
            writer
        })
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self, switch: &PauseSwitch, role: Role) -> Result<Connection, VaultError> {
        let file = database_file(&self.name);
        let mut connection = connection::open(&*self.files, &file, &self.key, role)
            .inspect_err(|error| self.note(error))
            .map_err(|error| locked_or(error, &*self.keys, &self.name))?;
        switch.interruptible(&mut connection)?;
        Ok(connection)
    }

    fn in_use(&self) -> Result<(), VaultError> {
        if self.retired.load(Ordering::Acquire) {
            return Err(VaultError::Corrupt);
        }
        Ok(())
    }

    fn note(&self, error: &VaultError) {
        if *error == VaultError::Corrupt {
            self.damaged.store(true, Ordering::Release);
        }
    }
}

impl Closable for Pool {
    fn close(&self, checkpoint: bool) {
        let mut readers = self.readers();
        // Those in use, when a damaged file is retired, are closed with the handle.
        readers.open -= readers.idle.len();
        for reader in readers.idle.drain(..) {
            close(Some(reader.connection));
        }
        drop(readers);
        let connection = self.writer().connection.take();
        let short = self
            .files
            .size(&format!("{}-wal", database_file(&self.name)))
            .is_ok_and(|size| size.unwrap_or(0) <= SHORT_JOURNAL);
        if checkpoint
            && short
            && let Some(connection) = &connection
        {
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        }
        close(connection);
    }

    fn resumed(&self) {
        self.writer().scratch.names.forget();
        // Another process may have written.
        self.notices.tell(VaultChange {
            entries: true,
            bookings: true,
            events: true,
            invoices: true,
        });
    }
}

/// Closes without folding the journal in, which could take long.
fn close(connection: Option<Connection>) {
    if let Some(connection) = connection {
        let _ = connection::keep_journal(&connection);
    }
}

impl Drop for Pool {
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
        if let Some(connection) = &writer.connection {
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        }
    }
}

/// A reader in use; goes back to the pool, also when the reading panics.
struct Loan<'a> {
    pool: &'a Pool,
    reader: Option<Reader>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        let mut readers = self.pool.readers();
        match self.reader.take() {
            Some(reader) => readers.idle.push(reader),
            None => readers.open -= 1,
        }
        drop(readers);
        self.pool.returned.notify_one();
    }
}
