//! A key store that remembers when a key was destroyed.

use std::sync::{Arc, Mutex};

use sokhoe_app::domain::ports::{
    EcdsaSignature, KeyStore, KeyStoreError, SigningPublicKey, Zeroizing,
};
use sokhoe_testing::disk::SimDisk;
use sokhoe_testing::{Counters, MemoryKeys};

/// The phone's key store during a life. Deletions are noted with the number of the next operation of
/// the disk, so that the key store can be had as it was at any cut.
#[derive(Debug)]
pub struct HistoricKeys {
    keys: MemoryKeys,
    disk: SimDisk,
    deleted: Mutex<Vec<(String, u64)>>,
    /// Counters, as they were raised.
    raised: Mutex<Vec<(String, u64, u64)>>,
}

impl HistoricKeys {
    pub fn new(disk: SimDisk) -> Self {
        Self {
            keys: MemoryKeys::default(),
            disk,
            deleted: Mutex::default(),
            raised: Mutex::default(),
        }
    }

    fn counter_at(&self, alias: &str, done: u64) -> u64 {
        let raised = self.raised.lock().unwrap();
        let of_alias = raised
            .iter()
            .filter(|(of, _, at)| of == alias && *at <= done);
        of_alias.map(|(_, to, _)| *to).max().unwrap_or(0)
    }

    fn is_deleted(&self, alias: &str, done: u64) -> bool {
        let deleted = self.deleted.lock().unwrap();
        deleted
            .iter()
            .any(|(gone, at)| gone == alias && *at <= done)
    }
}

impl KeyStore for HistoricKeys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.keys.wrap(alias, secret)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        if self.is_deleted(alias, u64::MAX) {
            return Err(KeyStoreError::Missing);
        }
        self.keys.unwrap(alias, wrapped)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.keys.signing_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.keys.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        let mut deleted = self.deleted.lock().unwrap();
        deleted.push((alias.to_owned(), self.disk.operations()));
        Ok(())
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        Ok(self.counter_at(alias, u64::MAX))
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        let mut raised = self.raised.lock().unwrap();
        raised.push((alias.to_owned(), to, self.disk.operations()));
        Ok(())
    }
}

/// The key store as it was when the power went.
#[derive(Debug)]
pub struct KeysAtCut {
    pub history: Arc<HistoricKeys>,
    /// How many operations the disk had done.
    pub done: u64,
    deleted: Mutex<Vec<String>>,
    raised: Counters,
}

impl KeysAtCut {
    pub fn new(history: Arc<HistoricKeys>, done: u64) -> Self {
        Self {
            history,
            done,
            deleted: Mutex::default(),
            raised: Counters::default(),
        }
    }

    /// Whether the key of this alias is gone, by the life or since.
    fn is_deleted(&self, alias: &str) -> bool {
        self.history.is_deleted(alias, self.done)
            || self
                .deleted
                .lock()
                .unwrap()
                .iter()
                .any(|gone| gone == alias)
    }
}

impl KeyStore for KeysAtCut {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.history.wrap(alias, secret)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        if self.is_deleted(alias) {
            return Err(KeyStoreError::Missing);
        }
        self.history.keys.unwrap(alias, wrapped)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.history.signing_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.history.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.deleted.lock().unwrap().push(alias.to_owned());
        Ok(())
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        let before = self.history.counter_at(alias, self.done);
        Ok(before.max(self.raised.get(alias)))
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.raised.raise(alias, to);
        Ok(())
    }
}
