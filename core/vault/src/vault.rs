//! The handle.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::blobs::BlobFiles;
use crate::changes::Named;
use crate::epoch::Opening;
use crate::error::VaultError;
use crate::index::{Cache, Columns, Directory};
use crate::ingest;
use crate::journal::Journal;
use crate::migrations::VAULT;
use crate::notice::{SubscriptionId, VaultChange};
use crate::outbox;
use crate::page;
use crate::pause::PauseSwitch;
use crate::resources;
use crate::store::{Durability, Store, VaultPorts};

/// The kind of the event by which a person hears that an older copy of the book was put back.
pub const BOOK_OLDER: &str = "book-older";

/// One person's open health book. Cheap to clone; all clones are one, and the file closes with the
/// last of them. Every call blocks for as long as the disk takes.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    journal: Journal,
    store: Store,
    columns: Cache<Columns>,
    directory: Cache<Directory>,
    blobs: BlobFiles,
    named: Named,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes a vault: a new key, wrapped under the alias `name` in `name.key`, and `name.db`. A key
    /// that an earlier, interrupted try left behind is used.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] when there is a database; [`VaultError::Key`],
    /// [`VaultError::DiskFull`].
    pub fn create(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        Self::create_under(ports, name, &PauseSwitch::default())
    }

    /// As [`Vault::create`]; paused and resumed with everything else under the switch.
    ///
    /// # Errors
    /// As [`Vault::create`], and [`VaultError::Paused`].
    pub fn create_under(
        ports: &VaultPorts,
        name: &str,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        Self::start(ports, name, Store::create(ports, name, VAULT, switch)?)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::WrongKey`],
    /// [`VaultError::Corrupt`], [`VaultError::NewerSchema`]; none touches what is there.
    pub fn open(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        Self::open_under(ports, name, &PauseSwitch::default())
    }

    /// As [`Vault::open`]; paused and resumed with everything else under the switch.
    ///
    /// # Errors
    /// As [`Vault::open`], and [`VaultError::Paused`].
    pub fn open_under(
        ports: &VaultPorts,
        name: &str,
        switch: &PauseSwitch,
    ) -> Result<Self, VaultError> {
        Self::start(ports, name, Store::open(ports, name, VAULT, switch)?)
    }

    /// Lets every file go until [`Vault::resume`]: [`PauseSwitch::pause`], also for whatever else is
    /// under its switch.
    ///
    /// # Errors
    /// As [`PauseSwitch::pause`].
    pub fn pause(&self, within: Duration) -> Result<(), VaultError> {
        self.store().switch.pause(within)
    }

    /// Goes on after [`Vault::pause`].
    pub fn resume(&self) {
        self.store().switch.resume();
    }

    /// Whether a damaged page was met since the vault was opened: open it again by [`Vault::rebuild`].
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.store().is_damaged()
    }

    /// Verifies every page and every table: takes as long as reading the whole file.
    ///
    /// # Errors
    /// [`VaultError::Corrupt`] when something is damaged; [`VaultError`]
    pub fn check(&self) -> Result<(), VaultError> {
        self.store().check()
    }

    /// Destroys a vault: first its key, together with the ring key under which it was kept, then all files whose names
    /// begin with its name and a point. Drop every handle before. Repeating it, or opening any vault with a new ring,
    /// ends what was interrupted.
    ///
    /// # Errors
    /// [`VaultError::Key`], [`VaultError::File`]: either nothing is destroyed, or the vault no longer opens and what
    /// is left of it goes when this is repeated. Other vaults stay as they are.
    pub fn erase(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        Store::erase(ports, name)
    }

    /// Encrypts a vault that is not open under a new key. An interrupted rotation is ended by repeating it or by
    /// opening the vault.
    ///
    /// # Errors
    /// [`VaultError::Busy`] when it is open anywhere, also in another process; [`VaultError::NotFound`],
    /// [`VaultError::Key`], [`VaultError::DiskFull`], [`VaultError::File`]. The vault opens as before then.
    pub fn rotate_key(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        Store::rotate_key(ports, name)
    }

    /// What opening found. When an older copy was put back, the cursors of all clinics were taken back, so that the
    /// next sync fetches everything again, and an event of the kind [`BOOK_OLDER`] is kept.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.store().opening
    }

    /// Closes the vault for all clones, once the transactions under way have ended: they are locked from now on.
    pub fn close(&self) {
        self.store().lock();
    }

    /// Whether the ring was locked since it was opened: this handle does not work any more, open the vault again.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.store().is_locked()
    }

    fn start(ports: &VaultPorts, name: &str, store: Store) -> Result<Self, VaultError> {
        let opening = store.opening;
        if opening == Opening::RolledBack {
            store.write(Durability::Full, |tx, _| page::begin_again(tx))?;
        }
        if !store.read(|tx, _| resources::has_seed(tx))? {
            let mut seed = [0; 8];
            ports.rng.fill(&mut seed);
            store.write(Durability::Full, |tx, _| {
                resources::set_seed(tx, i64::from_le_bytes(seed))
            })?;
        }
        let journal = Journal::new(&ports.files, &ports.rng, name, store.key());
        let vault = Self {
            inner: Arc::new(Inner {
                journal,
                store,
                columns: Cache::default(),
                directory: Cache::default(),
                blobs: BlobFiles::new(ports, name),
                named: Named::default(),
            }),
        };
        if vault.store().read(|tx, _| ingest::is_outdated(tx))? {
            vault.store().write(Durability::Full, ingest::renew)?;
        }
        // A journal that cannot be read or written now must not lock anybody out of the book: the next
        // opening tries again.
        let reconciled = outbox::reconcile(&vault);
        if let Err(error @ (VaultError::Corrupt | VaultError::Paused)) = reconciled {
            return Err(error);
        }
        // An older copy knows nothing of newer blobs, and the journal may have some that it could not
        // give now. What fails is swept at the next opening.
        if opening == Opening::Sound && reconciled.is_ok() {
            let _ = vault.blob_files().sweep(vault.store());
        }
        Ok(vault)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    pub(crate) fn blob_files(&self) -> &BlobFiles {
        &self.inner.blobs
    }

    pub(crate) fn named(&self) -> &Named {
        &self.inner.named
    }

    pub(crate) fn columns(&self) -> &Cache<Columns> {
        &self.inner.columns
    }

    pub(crate) fn directory(&self) -> &Cache<Directory> {
        &self.inner.directory
    }

    /// Calls `callback` after every commit that changed something, on the thread that committed and
    /// with no lock held. It must not block for long.
    pub fn subscribe(&self, callback: Box<dyn Fn(VaultChange) + Send + Sync>) -> SubscriptionId {
        self.store().notices.subscribe(callback)
    }

    /// Ends a subscription. A call that is already under way still ends.
    pub fn unsubscribe(&self, id: SubscriptionId) {
        self.store().notices.unsubscribe(id);
    }
}
