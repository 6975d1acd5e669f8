//! Key stores for tests: in memory, refusing when told, open to the test.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use sokhoe_domain::ports::{EcdsaSignature, KeyStore, KeyStoreError, SigningPublicKey};
use zeroize::Zeroizing;

use crate::signing::{PUBLISHED, Signers};

/// Wraps with AES-256-GCM keys that live as long as it does.
#[derive(Default)]
pub struct MemoryKeys {
    keys: Mutex<HashMap<String, [u8; 32]>>,
    signers: Signers,
    counters: Counters,
    refusal: Mutex<Option<KeyStoreError>>,
    calls: Mutex<u64>,
    unwraps: Mutex<u64>,
}

impl fmt::Debug for MemoryKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryKeys").finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counters that only grow, for key stores of tests.
#[derive(Debug, Default)]
pub struct Counters(Mutex<HashMap<String, u64>>);

impl Counters {
    /// Where it stands; 0 when it was never raised.
    pub fn get(&self, alias: &str) -> u64 {
        locked(&self.0).get(alias).copied().unwrap_or(0)
    }

    /// Raises it, unless it is as high already.
    pub fn raise(&self, alias: &str, to: u64) {
        let mut counters = locked(&self.0);
        let counter = counters.entry(alias.to_owned()).or_default();
        *counter = to.max(*counter);
    }

    /// Back to 0.
    pub fn forget(&self, alias: &str) {
        locked(&self.0).remove(alias);
    }
}

impl MemoryKeys {
    /// From now on every call answers so; with nothing it works again.
    pub fn refuse(&self, refusal: impl Into<Option<KeyStoreError>>) {
        *locked(&self.refusal) = refusal.into();
    }

    /// How often it was asked for anything.
    pub fn calls(&self) -> u64 {
        *locked(&self.calls)
    }

    /// How often it was asked to open a secret: how often a person would have given the finger.
    pub fn unwraps(&self) -> u64 {
        *locked(&self.unwraps)
    }

    /// The names of the wrapping keys it holds.
    pub fn aliases(&self) -> Vec<String> {
        let mut aliases: Vec<_> = locked(&self.keys).keys().cloned().collect();
        aliases.sort();
        aliases
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
        *locked(&self.unwraps) += 1;
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

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.ask()?;
        self.signers.public_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.ask()?;
        self.signers.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.ask()?;
        locked(&self.keys).remove(alias);
        self.signers.forget(alias);
        self.counters.forget(alias);
        Ok(())
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        self.ask()?;
        Ok(self.counters.get(alias))
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.ask()?;
        self.counters.raise(alias, to);
        Ok(())
    }
}

/// Hides nothing: what is wrapped is the secret itself. For tests that ask about something else, also
/// over the end of a process, and for readers that need the key.
#[derive(Default)]
pub struct PlainKeys {
    counters: Counters,
}

impl fmt::Debug for PlainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainKeys").finish_non_exhaustive()
    }
}

impl KeyStore for PlainKeys {
    fn wrap(&self, _: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok(secret.to_vec())
    }

    fn unwrap(&self, _: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }

    fn signing_key(&self, _: &str) -> Result<SigningPublicKey, KeyStoreError> {
        Ok(PUBLISHED.public_key())
    }

    fn sign(&self, _: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        PUBLISHED.sign(message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.counters.forget(alias);
        Ok(())
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        Ok(self.counters.get(alias))
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.counters.raise(alias, to);
        Ok(())
    }
}

/// A key store for a copy of a phone's files: the keys are the phone's, what the copy counts is its own.
pub struct ForkedKeys {
    keys: Arc<dyn KeyStore>,
    /// Whether it goes on from the phone's counters, or knows of none.
    goes_on: bool,
    counters: Counters,
}

impl fmt::Debug for ForkedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForkedKeys").finish_non_exhaustive()
    }
}

impl ForkedKeys {
    /// One that goes on from the phone's counters.
    pub fn of(keys: Arc<dyn KeyStore>) -> Self {
        Self {
            keys,
            goes_on: true,
            counters: Counters::default(),
        }
    }

    /// One that takes every copy for the newest.
    pub fn without_counters(keys: Arc<dyn KeyStore>) -> Self {
        Self {
            goes_on: false,
            ..Self::of(keys)
        }
    }
}

impl KeyStore for ForkedKeys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.keys.wrap(alias, secret)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.keys.unwrap(alias, wrapped)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.keys.signing_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.keys.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.counters.forget(alias);
        Ok(())
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        let phone = match self.goes_on {
            true => self.keys.counter(alias)?,
            false => 0,
        };
        Ok(phone.max(self.counters.get(alias)))
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.counters.raise(alias, to);
        Ok(())
    }
}

/// A key store that answers one of its calls with an error.
#[derive(Debug)]
pub struct FaultyKeys {
    keys: Arc<MemoryKeys>,
    plan: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    calls: u64,
    fault: Option<(u64, KeyStoreError)>,
}

impl FaultyKeys {
    /// Passes everything on until told otherwise.
    #[must_use]
    pub fn new(keys: Arc<MemoryKeys>) -> Self {
        Self {
            keys,
            plan: Mutex::new(Plan {
                calls: 0,
                fault: None,
            }),
        }
    }

    /// The `nth` call from now, counted from 0, answers so.
    pub fn fail(&self, nth: u64, error: KeyStoreError) {
        let mut plan = locked(&self.plan);
        plan.fault = Some((plan.calls + nth, error));
    }

    /// Whatever fault is still to come does not.
    pub fn heal(&self) {
        locked(&self.plan).fault = None;
    }

    /// How often it was asked.
    pub fn calls(&self) -> u64 {
        locked(&self.plan).calls
    }

    fn ask(&self) -> Result<(), KeyStoreError> {
        let mut plan = locked(&self.plan);
        let call = plan.calls;
        plan.calls += 1;
        match plan.fault {
            Some((nth, error)) if nth == call => Err(error),
            _ => Ok(()),
        }
    }
}

impl KeyStore for FaultyKeys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.ask()?;
        self.keys.wrap(alias, secret)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.ask()?;
        self.keys.unwrap(alias, wrapped)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        self.ask()?;
        self.keys.signing_key(alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        self.ask()?;
        self.keys.sign(alias, message)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.ask()?;
        self.keys.delete(alias)
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        self.ask()?;
        self.keys.counter(alias)
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.ask()?;
        self.keys.raise_counter(alias, to)
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
        keys.raise_counter("a", 3).unwrap();
        keys.raise_counter("a", 2).unwrap();
        assert_eq!(keys.counter("a"), Ok(3));
        keys.delete("a").unwrap();
        assert_eq!(keys.counter("a"), Ok(0));
        assert_eq!(keys.unwrap("a", &wrapped), Err(KeyStoreError::Missing));
    }

    #[test]
    fn signs_with_a_key_of_its_own_for_each_name() {
        use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
        let keys = MemoryKeys::default();
        assert_eq!(keys.sign("s", b"words"), Err(KeyStoreError::Missing));
        let key = keys.signing_key("s").unwrap();
        assert_eq!(keys.signing_key("s"), Ok(key));
        assert_ne!(keys.signing_key("t"), Ok(key));
        let plain = PlainKeys::default();
        for (key, signature) in [
            (key, keys.sign("s", b"words").unwrap()),
            (
                plain.signing_key("s").unwrap(),
                plain.sign("s", b"words").unwrap(),
            ),
        ] {
            let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
            key.verify(b"words", &signature).unwrap();
            key.verify(b"other words", &signature).unwrap_err();
        }
        keys.delete("s").unwrap();
        assert_eq!(keys.sign("s", b"words"), Err(KeyStoreError::Missing));
    }

    #[test]
    fn fails_once_where_told() {
        let keys = FaultyKeys::new(Arc::default());
        keys.fail(1, KeyStoreError::Transient);
        assert_eq!(keys.counter("a"), Ok(0));
        assert_eq!(keys.counter("a"), Err(KeyStoreError::Transient));
        assert_eq!(keys.counter("a"), Ok(0));
    }
}
