//! The key of an open vault, for as long as it may be in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sokhoe_domain::ports::KeyStoreError;

use super::vault_key::VaultKey;
use crate::error::VaultError;

/// The one copy that an open vault has of its key, until it is locked.
pub(crate) struct HeldKey(Mutex<Option<VaultKey>>);

impl HeldKey {
    pub(crate) const fn new(key: VaultKey) -> Self {
        Self(Mutex::new(Some(key)))
    }

    fn slot(&self) -> MutexGuard<'_, Option<VaultKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy for one use.
    ///
    /// # Errors
    /// [`KeyStoreError::Locked`] once it was wiped.
    pub(crate) fn get(&self) -> Result<VaultKey, VaultError> {
        let slot = self.slot();
        let key = slot.as_ref().map(VaultKey::duplicate);
        key.ok_or(VaultError::Key(KeyStoreError::Locked))
    }

    /// Wipes it, for good.
    pub(crate) fn wipe(&self) {
        *self.slot() = None;
    }

    pub(crate) fn is_wiped(&self) -> bool {
        self.slot().is_none()
    }
}
