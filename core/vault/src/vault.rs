//! The handle.

use std::fmt;
use std::sync::Arc;

use crate::epoch::Opening;
use crate::error::VaultError;
use crate::ingest;
use crate::keys::Lockable as _;
use crate::migrations::VAULT;
use crate::notice::{SubscriptionId, VaultChange};
use crate::page;
use crate::resources;
use crate::search::ColumnCache;
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
    store: Arc<Store>,
    columns: ColumnCache,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes a vault: a new key in the ring, and `name.db`. A key that an earlier, interrupted try left
    /// behind is used.
    ///
    /// # Errors
    /// [`VaultError::AlreadyExists`] when there is a database; [`VaultError::Key`],
    /// [`VaultError::DiskFull`].
    pub fn create(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        Self::start(ports, Store::create(ports, name, VAULT)?)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::WrongKey`],
    /// [`VaultError::Corrupt`], [`VaultError::NewerSchema`]; none touches what is there.
    pub fn open(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        Self::start(ports, Store::open(ports, name, VAULT)?)
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

    fn start(ports: &VaultPorts, store: Arc<Store>) -> Result<Self, VaultError> {
        if store.opening == Opening::RolledBack {
            store.write(Durability::Full, |tx, _| page::begin_again(tx))?;
        }
        if !store.read(|tx, _| resources::has_seed(tx))? {
            let mut seed = [0; 8];
            ports.rng.fill(&mut seed);
            store.write(Durability::Full, |tx, _| {
                resources::set_seed(tx, i64::from_le_bytes(seed))
            })?;
        }
        let vault = Self {
            inner: Arc::new(Inner {
                store,
                columns: ColumnCache::default(),
            }),
        };
        if vault.store().read(|tx, _| ingest::is_outdated(tx))? {
            vault
                .store()
                .write(Durability::Full, ingest::read_everything_again)?;
        }
        Ok(vault)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn columns(&self) -> &ColumnCache {
        &self.inner.columns
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
