//! A key store in memory that can be told to refuse.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use sokhoe_domain::ports::{KeyStore, KeyStoreError};
use zeroize::Zeroizing;

/// Wraps with AES-256-GCM keys that live as long as it does.
#[derive(Default)]
pub struct MemoryKeys {
    keys: Mutex<HashMap<String, [u8; 32]>>,
    refusal: Mutex<Option<KeyStoreError>>,
    calls: Mutex<u64>,
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeys").finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryKeys {
    /// From now on every call answers so; with nothing it works again.
    pub fn refuse(&self, refusal: impl Into<Option<KeyStoreError>>) {
        *locked(&self.refusal) = refusal.into();
    }

    /// How often it was asked.
    pub fn calls(&self) -> u64 {
        *locked(&self.calls)
    }

    fn ask(&self) -> Result<(), KeyStoreError> {
        *locked(&self.calls) += 1;
        (*locked(&self.refusal)).map_or(Ok(()), Err)
    }

    fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, KeyStoreError> {
        UnboundKey::new(&AES_256_GCM, key)
            .map(LessSafeKey::new)
            .map_err(|_| KeyStoreError::Transient)
    }
}

impl KeyStore for MemoryKeys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.ask()?;
        let random = SystemRandom::new();
        let mut keys = locked(&self.keys);
        let key = keys.entry(alias.to_owned()).or_insert_with(|| {
            let mut key = [0; 32];
            assert!(random.fill(&mut key).is_ok(), "random numbers");
            key
        });
        let mut nonce = [0; NONCE_LEN];
        random
            .fill(&mut nonce)
            .map_err(|_| KeyStoreError::Transient)?;
        let mut sealed = secret.to_vec();
        Self::cipher(key)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(alias.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| KeyStoreError::Transient)?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.ask()?;
        let keys = locked(&self.keys);
        let key = keys.get(alias).ok_or(KeyStoreError::Missing)?;
        let (nonce, sealed) = wrapped
            .split_at_checked(NONCE_LEN)
            .ok_or(KeyStoreError::Invalidated)?;
        let nonce =
            Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyStoreError::Invalidated)?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let length = Self::cipher(key)?
            .open_in_place(nonce, Aad::from(alias.as_bytes()), &mut sealed)
            .map_err(|_| KeyStoreError::Invalidated)?
            .len();
        sealed.truncate(length);
        Ok(sealed)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.ask()?;
        locked(&self.keys).remove(alias);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_and_refuses() {
        let keys = MemoryKeys::default();
        let wrapped = keys.wrap("a", b"secret").unwrap();
        assert_ne!(wrapped, b"secret");
        assert_eq!(**keys.unwrap("a", &wrapped).unwrap(), *b"secret");
        assert_eq!(keys.unwrap("b", &wrapped), Err(KeyStoreError::Missing));
        keys.refuse(KeyStoreError::Locked);
        assert_eq!(keys.unwrap("a", &wrapped), Err(KeyStoreError::Locked));
        keys.refuse(None);
        keys.delete("a").unwrap();
        assert_eq!(keys.unwrap("a", &wrapped), Err(KeyStoreError::Missing));
    }
}
