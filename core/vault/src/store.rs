//! One encrypted file with one writer and a few readers: what the person's vault and the account
//! have in common.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::ports::{KeyStore, KeyStoreError, Rng, VaultFiles};
use sokhoe_fhir::{FhirError, Indexed};

use crate::base;
use crate::busy::Stoppable;
use crate::compression::{Decoder, Encoder};
use crate::connection::{self, Role};
use crate::end;
use crate::epoch::{Epoch, Opening};
use crate::error::VaultError;
use crate::journal::{Damage, Journal};
use crate::keys::{FoundKey, HeldKey, KeyRing, Lockable, VaultKey, is_vault_name};
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
    /// Nothing while paused, and after a transaction that was interrupted.
    connection: Option<Connection>,
    durability: Durability,
    scratch: Scratch,
    /// For whoever reads here.
    decoder: Decoder,
    /// Whether the connection was lent to one who reads, and no other was opened since.
    is_lent: bool,
    /// Whether the disk failed under the last one: see [`connection::fold_in_journal`].
    suspect: bool,
    /// That one, until another is in its place: while a connection is open, nobody reads the journal anew, where
    /// what could not be committed may stand whole.
    spoiled: Option<Connection>,
}

impl Writer {
    /// Takes the connection out of use, after the disk failed under what it wrote, or after an interruption.
    fn give_up(&mut self, disk_failed: bool) {
        self.suspect |= disk_failed;
        let Some(connection) = self.connection.take() else {
            return;
        };
        // The rollback may have been interrupted, too: closing is one that cannot be.
        let is_over = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        if disk_failed && is_over {
            self.spoiled = Some(connection);
        } else {
            close(Some(connection));
        }
    }

    /// Closes what the disk failed under, when nobody comes to take its place.
    fn close_spoiled(&mut self) {
        let Some(spoiled) = self.spoiled.take() else {
            return;
        };
        if connection::fold_in_journal(&spoiled).is_ok() {
            self.suspect = false;
        }
        close(Some(spoiled));
    }
}

struct Reader {
    connection: Connection,
    decoder: Decoder,
    /// Whether it is the connection that writes, which nobody needs meanwhile.
    is_writers: bool,
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
    rng: Arc<dyn Rng>,
    key: Arc<HeldKey>,
    epoch: Epoch,
}

/// Whether SQLCipher gives up on the connection that met this: one that read a damaged page, or could
/// not read a page, calls everything damaged from then on.
fn spoils_connection(error: &VaultError) -> bool {
    matches!(error, VaultError::Corrupt | VaultError::Unavailable { .. })
}

/// An open file.
pub(crate) struct Store {
    pool: Arc<Pool>,
    pub(crate) notices: Arc<Notices>,
    pub(crate) switch: PauseSwitch,
    pub(crate) opening: Opening,
}

pub(crate) fn database_file(name: &str) -> String {
    format!("{name}.db")
}

/// A locked phone may hide its files. What cannot be reached then is locked, not lost: the key store,
/// which is asked for something that needs no finger, knows.
fn locked_or(error: VaultError, keys: &dyn KeyStore, alias: &str) -> VaultError {
    let hidden = matches!(
        error,
        VaultError::Unavailable { .. }
            | VaultError::File {
                kind: io::ErrorKind::PermissionDenied
            }
    );
    match hidden.then(|| keys.counter(alias)) {
        Some(Err(KeyStoreError::Locked)) => VaultError::Key(KeyStoreError::Locked),
        _ => error,
    }
}

impl Store {
    pub(crate) fn exists(ports: &VaultPorts, name: &str) -> Result<bool, VaultError> {
        if !is_vault_name(name) {
            return Err(VaultError::BadName);
        }
        let names = ports.files.list()?;
        let finished = rebuild::finish(&*ports.files, name, &names)?;
        Ok(finished || names.contains(&database_file(name)))
    }

    /// The key comes first: a crash in between leaves a key without a database, which the next try uses.
    /// The other way round would leave a database that nobody can open.
    pub(crate) fn create(
        ports: &VaultPorts,
        name: &str,
        migrations: Migrations,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        // Nobody is asked for a finger while the phone sleeps.
        drop(switch.enter()?);
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
        drop(switch.enter()?);
        if !Self::exists(ports, name)? {
            return Err(VaultError::NotFound);
        }
        let key = ports
            .ring
            .find(name)
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
        // Not of a book whose lease is over.
        ports.ring.find(name)?;
        ports.ring.begin_rotation(name)?;
        let found = ports.ring.find(name)?;
        let found = found.ok_or(VaultError::Key(KeyStoreError::Missing))?;
        let Some(next) = &found.next else {
            return Err(VaultError::Internal { code: 0 });
        };
        // The end of the process waits for it, or interrupts it.
        let switch = PauseSwitch::default();
        let _running = switch.enter_opening()?;
        let (mut connection, is_next) =
            connect(ports, name, &found, Role::Writer { create: false })?;
        switch.interruptible(&mut connection)?;
        if !is_next {
            // Fails as "in use" when any other connection is open.
            connection
                .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT;")?;
            next.replace(&connection)?;
            connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
        }
        // While nobody else has the file.
        seal_journal_anew(ports, name, &found.key, next);
        drop(connection);
        ports.ring.end_rotation(name)
    }

    fn start(
        ports: &VaultPorts,
        name: &str,
        found: FoundKey,
        migrations: Migrations,
        role: Role,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        let running = switch.enter_opening()?;
        let _stoppable = Stoppable::by(switch.flag());
        let (mut connection, is_next) =
            connect(ports, name, &found, role).map_err(|error| switch.paused_or(error))?;
        switch.interruptible(&mut connection)?;
        // SQLite takes an empty file as a new one. A crash in `create` leaves one; else it was lost.
        if found.finished && version(&connection)? == 0 {
            return Err(VaultError::Corrupt);
        }
        migrate(&mut connection, migrations).map_err(|error| switch.paused_or(error))?;
        if !found.finished {
            ports.ring.set_finished(name, true)?;
        }
        if let Some(next) = found.next.as_ref().filter(|_| is_next) {
            // In the turn of whoever writes.
            let turn = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            seal_journal_anew(ports, name, &found.key, next);
            turn.rollback()?;
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
                decoder: Decoder::default(),
                is_lent: false,
                suspect: false,
                spoiled: None,
            }),
            notices: Arc::clone(&notices),
            damaged: AtomicBool::new(false),
            retired: AtomicBool::new(false),
            keys: Arc::clone(&ports.keys),
            name: name.to_owned(),
            files: Arc::clone(&ports.files),
            rng: Arc::clone(&ports.rng),
            key: Arc::new(HeldKey::new(key)),
            epoch,
        });
        let closable: Weak<dyn Closable> =
            Arc::downgrade(&(Arc::clone(&pool) as Arc<dyn Closable>));
        // Before `running` ends: whoever pauses meanwhile waits for it, and then finds the connection.
        switch.register(closable);
        drop(running);
        let lockable: Weak<dyn Lockable> =
            Arc::downgrade(&(Arc::clone(&pool) as Arc<dyn Lockable>));
        ports.ring.watch(found.locking, lockable)?;
        Ok(Self {
            pool,
            notices,
            switch: switch.clone(),
            opening,
        })
    }

    /// The file's key, for what is sealed beside it.
    pub(crate) fn key(&self) -> Arc<HeldKey> {
        Arc::clone(&self.pool.key)
    }

    /// Closes for all handles: they are locked from now on.
    pub(crate) fn lock(&self) {
        self.pool.lock();
    }

    /// Whether it was locked since it was opened.
    pub(crate) fn is_locked(&self) -> bool {
        self.pool.key.is_wiped()
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
        self.read_at_length(|tx, _| {
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
        let (value, raised) = self.commit(durability, work)?;
        // The key store may take its time: nothing is held any more.
        if let Some(raised) = raised {
            self.pool.epoch.tell(raised);
        }
        Ok(value)
    }

    /// The transaction; what is to be told of the epoch, second.
    fn commit<T>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Transaction<'_>, &mut Scratch) -> Result<T, VaultError>,
    ) -> Result<(T, Option<i64>), VaultError> {
        // The turn first: whoever waits for it does not count as running.
        let _running;
        let mut writer = self.pool.writer();
        // Ends after the turn does: the last that ends may have to close, which takes the turn.
        _running = self.switch.enter()?;
        self.pool.in_use()?;
        let _stoppable = Stoppable::by(self.switch.flag());
        self.connect_writer(&mut writer)?;
        let Writer {
            connection: slot,
            durability: current,
            scratch,
            ..
        } = &mut *writer;
        let Some(connection) = slot else {
            return Err(VaultError::Internal { code: 0 });
        };
        // The key store is told of the epoch once it is sure to be in the file.
        let durability = match self.pool.epoch.is_raised() {
            true if is_planted(Bug::NothingDurable) => Durability::Relaxed,
            true => durability,
            false => Durability::Full,
        };
        let result = (|| {
            if *current != durability {
                connection.execute_batch(durability.pragma())?;
                *current = durability;
            }
            let folded = base::folded(connection);
            let changes = connection.total_changes();
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction, scratch)?;
            let raised = self.pool.epoch.write(&transaction)?;
            if transaction.total_changes() != changes {
                base::write(&transaction, folded, &*self.pool.rng)?;
            }
            transaction.commit()?;
            self.pool.epoch.committed(raised);
            Ok((value, raised))
        })();
        let spoiled = result.as_ref().is_err_and(spoils_connection);
        let result = result.map_err(|error| {
            locked_or(
                self.switch.paused_or(error),
                &*self.pool.keys,
                &self.pool.name,
            )
        });
        if let Err(error) = &result {
            scratch.names.forget();
            self.pool.note(error);
            if spoiled || *error == VaultError::Paused {
                writer.give_up(spoiled);
            }
        }
        result
    }

    /// Opens the connection that writes, if it was closed.
    fn connect_writer(&self, writer: &mut Writer) -> Result<(), VaultError> {
        if writer.connection.is_some() {
            return Ok(());
        }
        writer.durability = Durability::Full;
        let role = Role::Writer { create: false };
        let connection = self.pool.connect(&self.switch, role)?;
        if writer.suspect {
            connection::fold_in_journal(&connection)
                .map_err(|error| self.switch.paused_or(error))?;
            writer.suspect = false;
        }
        close(writer.spoiled.take());
        writer.connection = Some(connection);
        writer.is_lent = false;
        Ok(())
    }

    /// Runs `work` in one reading transaction: everything it sees is of one moment. For what a screen asks for: while
    /// nobody writes it reads where the last commit came from, whose pages are still in memory and deciphered, and no
    /// other connection has to be opened; whoever wants to write waits for it.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let _running = self.switch.enter()?;
        self.pool.in_use()?;
        let _stoppable = Stoppable::by(self.switch.flag());
        match self.pool.free_writer() {
            Some(writer) => self.read_between_writes(writer, work),
            None => self.read_beside(work),
        }
    }

    /// The same for what takes long: nobody who writes waits for it, but opens another connection.
    pub(crate) fn read_at_length<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let _running = self.switch.enter()?;
        self.pool.in_use()?;
        let _stoppable = Stoppable::by(self.switch.flag());
        self.read_beside(work)
    }

    fn read_between_writes<T>(
        &self,
        mut writer: MutexGuard<'_, Writer>,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.connect_writer(&mut writer)?;
        let Writer {
            connection: slot,
            decoder,
            ..
        } = &mut *writer;
        let Some(connection) = slot else {
            return Err(VaultError::Internal { code: 0 });
        };
        let (result, is_spoiled) = self.read_on(connection, decoder, work);
        if is_spoiled {
            // Nothing was written: what is in the journal is what was committed.
            close(slot.take());
        }
        self.locked_or(result)
    }

    fn read_beside<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut loan = self.borrow_reader()?;
        let Some(reader) = loan.reader.as_mut() else {
            return Err(VaultError::Internal { code: 0 });
        };
        let (result, is_spoiled) = self.read_on(&mut reader.connection, &mut reader.decoder, work);
        if is_spoiled {
            close(loan.reader.take().map(|reader| reader.connection));
        }
        self.locked_or(result)
    }

    /// Reads, and whether the connection is of no more use.
    fn read_on<T>(
        &self,
        connection: &mut Connection,
        decoder: &mut Decoder,
        work: impl FnOnce(&Transaction<'_>, &mut Decoder) -> Result<T, VaultError>,
    ) -> (Result<T, VaultError>, bool) {
        let result = (|| {
            let transaction = connection.transaction()?;
            let value = work(&transaction, decoder)?;
            transaction.finish()?;
            Ok(value)
        })()
        .map_err(|error| self.switch.paused_or(error));
        let Err(error) = &result else {
            return (result, false);
        };
        self.pool.note(error);
        // One that was interrupted may still be in its transaction.
        let is_spoiled = spoils_connection(error) || *error == VaultError::Paused;
        (result, is_spoiled)
    }

    fn locked_or<T>(&self, result: Result<T, VaultError>) -> Result<T, VaultError> {
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

    /// Folds in what nobody that reads needs as it was.
    #[cfg(test)]
    pub(crate) fn fold_some(&self) {
        let writer = self.pool.writer();
        let connection = writer.connection.as_ref().unwrap();
        connection
            .execute_batch("PRAGMA wal_checkpoint(PASSIVE);")
            .unwrap();
    }

    /// How many connections there are beside the one that writes.
    #[cfg(test)]
    pub(crate) fn readers_open(&self) -> usize {
        self.pool.readers().open
    }

    #[cfg(test)]
    pub(crate) fn has_writer(&self) -> bool {
        self.pool.writer().connection.is_some()
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
        let lent = self.pool.lend_writer();
        let is_writers = lent.is_some();
        let connection = match lent {
            Some(connection) => connection,
            None => self.pool.connect(&self.switch, Role::Reader)?,
        };
        loan.reader = Some(Reader {
            connection,
            decoder: Decoder::default(),
            is_writers,
        });
        Ok(loan)
    }
}

impl Pool {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        let writer = self.writer.lock();
        writer.unwrap_or_else(|poisoned| self.after_a_panic(poisoned))
    }

    /// The writer, when nobody writes.
    fn free_writer(&self) -> Option<MutexGuard<'_, Writer>> {
        match self.writer.try_lock() {
            Ok(writer) => Some(writer),
            Err(TryLockError::Poisoned(poisoned)) => Some(self.after_a_panic(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The connection that writes, when nobody writes: whoever wants to meanwhile opens another, so that nobody waits.
    fn lend_writer(&self) -> Option<Connection> {
        let mut writer = self.free_writer()?;
        let connection = writer.connection.take()?;
        writer.is_lent = true;
        Some(connection)
    }

    /// Takes it back, unless there is another.
    fn take_back(&self, connection: Connection) {
        let mut writer = self.writer();
        if writer.is_lent && !self.retired.load(Ordering::Acquire) {
            writer.is_lent = false;
            writer.connection = Some(connection);
        } else {
            close(Some(connection));
        }
    }

    /// A panic rolled the transaction back; what was remembered of it must go too.
    fn after_a_panic<'w>(
        &self,
        poisoned: PoisonError<MutexGuard<'w, Writer>>,
    ) -> MutexGuard<'w, Writer> {
        let mut writer = poisoned.into_inner();
        writer.scratch.names.forget();
        self.writer.clear_poison();
        writer
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self, switch: &PauseSwitch, role: Role) -> Result<Connection, VaultError> {
        let file = database_file(&self.name);
        let key = self.key.get()?;
        let mut connection = connection::open(&*self.files, &file, &key, role)
            .inspect_err(|error| self.note(error))
            .map_err(|error| locked_or(switch.paused_or(error), &*self.keys, &self.name))?;
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
        let mut writer = self.writer();
        writer.close_spoiled();
        let connection = writer.connection.take();
        drop(writer);
        let mut epoch = None;
        let short = self
            .files
            .size(&format!("{}-wal", database_file(&self.name)))
            .is_ok_and(|size| size.unwrap_or(0) <= SHORT_JOURNAL);
        if checkpoint
            && short
            && let Some(connection) = &connection
        {
            epoch = self.raise_epoch(connection);
            let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        }
        close(connection);
        if let Some(epoch) = epoch {
            self.epoch.tell(epoch);
        }
    }

    fn resumed(&self) {
        self.writer().scratch.names.forget();
        // Another process may have written.
        self.notices.tell(VaultChange {
            entries: true,
            bookings: true,
            events: true,
            invoices: true,
            sync: true,
        });
    }
}

/// Closes without folding the journal in, which could take long.
fn close(connection: Option<Connection>) {
    if let Some(connection) = connection {
        let _ = connection::keep_journal(&connection, true);
    }
}

impl Pool {
    /// Raises the epoch at the end, durably, since the key store is told of it.
    fn raise_epoch(&self, connection: &Connection) -> Option<i64> {
        connection.execute_batch(Durability::Full.pragma()).ok()?;
        self.epoch.close(connection, &*self.rng)
    }

    /// Raises the epoch, folds the journal into the file and closes. Whatever goes wrong here goes right at
    /// the next open.
    fn close_writer(&self) {
        let mut writer = self.writer();
        writer.close_spoiled();
        let Some(connection) = writer.connection.take() else {
            return;
        };
        drop(writer);
        let epoch = self.raise_epoch(&connection);
        let _ = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);");
        drop(connection);
        if let Some(epoch) = epoch {
            self.epoch.tell(epoch);
        }
    }
}

impl Lockable for Pool {
    fn lock(&self) {
        // First, so that nobody opens a connection any more.
        self.key.wipe();
        let mut readers = self.readers();
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

impl Drop for Pool {
    fn drop(&mut self) {
        end::closing(|| {
            self.readers().idle.clear();
            self.close_writer();
        })
        .unwrap_or_else(|| {
            // The process ends, and SQLCipher may be gone.
            std::mem::forget(std::mem::take(&mut self.readers().idle));
            let mut writer = self.writer();
            std::mem::forget(writer.connection.take());
            std::mem::forget(writer.spoiled.take());
        });
    }
}

/// Seals the journal of intents under the next key. What fails is written again from the database when the vault is
/// opened; one that does not read may have been sealed anew before a crash.
fn seal_journal_anew(ports: &VaultPorts, name: &str, key: &VaultKey, next: &VaultKey) {
    let journal = |key: &VaultKey| {
        let key = Arc::new(HeldKey::new(key.duplicate()));
        Journal::new(&ports.files, &ports.rng, name, key)
    };
    if let Ok(contents) = journal(key).read()
        && contents.damage == Damage::None
    {
        let _ = journal(next).rewrite(&contents);
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
    let open = |key| {
        let connection = connection::open(&*ports.files, &file, key, role)?;
        base::check(&*ports.files, &file, key, &connection)?;
        Ok(connection)
    };
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

/// A reader in use; goes back to the pool, also when the reading panics.
struct Loan<'a> {
    pool: &'a Pool,
    reader: Option<Reader>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        // Before it counts as returned: whoever locks waits for that, and then closes it.
        let reader = match self.reader.take() {
            Some(lent) if lent.is_writers => {
                self.pool.take_back(lent.connection);
                None
            }
            other => other,
        };
        let mut readers = self.pool.readers();
        match reader {
            Some(reader) => readers.idle.push(reader),
            None => readers.open -= 1,
        }
        drop(readers);
        // All: one that waits to lock must not take the turn of one that waits to read.
        self.pool.returned.notify_all();
    }
}
