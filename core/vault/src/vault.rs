//! The handle.

use std::fmt;
use std::sync::Arc;

use crate::blobs::BlobFiles;
use crate::error::VaultError;
use crate::ingest;
use crate::migrations::VAULT;
use crate::notice::{SubscriptionId, VaultChange};
use crate::resources;
use crate::search::ColumnCache;
use crate::store::{Durability, Store, VaultPorts};

/// One person's open health book. Cheap to clone; all clones are one, and the file closes with the
/// last of them. Every call blocks for as long as the disk takes.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    columns: ColumnCache,
    blobs: BlobFiles,
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
        Self::start(ports, name, Store::create(ports, name, VAULT)?)
    }

    /// Opens a vault.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::WrongKey`],
    /// [`VaultError::Corrupt`], [`VaultError::NewerSchema`]; none touches what is there.
    pub fn open(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        Self::start(ports, name, Store::open(ports, name, VAULT)?)
    }

    /// Destroys a vault: first its key, then the files. Drop every handle before. Repeating it ends
    /// what was interrupted.
    ///
    /// # Errors
    /// [`VaultError::Key`]: nothing is destroyed then. [`VaultError::File`]: the key is gone, a file
    /// that nobody can read is left.
    pub fn erase(ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        Store::erase(ports, name)
    }

    fn start(ports: &VaultPorts, name: &str, store: Store) -> Result<Self, VaultError> {
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
                blobs: BlobFiles::new(ports, name),
            }),
        };
        if vault.store().read(|tx, _| ingest::is_outdated(tx))? {
            vault
                .store()
                .write(Durability::Full, ingest::read_everything_again)?;
        }
        vault.blob_files().sweep(vault.store())?;
        Ok(vault)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn blob_files(&self) -> &BlobFiles {
        &self.inner.blobs
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
