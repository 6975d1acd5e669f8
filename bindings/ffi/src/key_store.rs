//! The phone's key store, written in Kotlin or Swift.

use std::sync::Arc;

use sokhoe_domain::ports;
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

/// Wraps secrets with a key that never leaves the phone's key store.
///
/// Called from threads of the core, several at once; may wait for the person (a finger, a face, a code).
/// No error deletes anything: the call that needed the key fails and works again when the key is there.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// Seals a secret so that only this key store opens it; makes the key named `alias` at its first use.
    fn wrap(&self, alias: String, secret: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Opens what `wrap` gave.
    fn unwrap(&self, alias: String, wrapped: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Destroys the key and forgets the counter of this name: whatever the key wrapped is lost for ever. Succeeds when
    /// both are already gone.
    fn delete(&self, alias: String) -> Result<(), KeyStoreError>;

    /// The counter of this name; 0 when it was never raised. Never asks for the person's finger.
    fn counter(&self, alias: String) -> Result<u64, KeyStoreError>;

    /// Raises the counter of this name to `to`; one that is as high already stays. Kept where a copy of the app's
    /// files put back does not reach. Never asks for the person's finger.
    fn raise_counter(&self, alias: String, to: u64) -> Result<(), KeyStoreError>;
}

/// What a key store answers instead of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// The phone is locked; unlock it and try again.
    #[error("the phone is locked")]
    Locked,
    /// The person did not give the finger, face or code.
    #[error("the person did not unlock the book")]
    UserCancelled,
    /// It may work when tried again.
    #[error("the key store did not answer")]
    Transient,
    /// The key exists but can no longer be used, e.g. after new fingerprints: recovery is needed.
    #[error("the key can no longer be used")]
    Invalidated,
    /// There is no such key: recovery is needed.
    #[error("the key is missing")]
    Missing,
}

/// Whatever else a key store throws may be over the next time.
impl From<UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(_: UnexpectedUniFFICallbackError) -> Self {
        Self::Transient
    }
}

impl From<KeyStoreError> for ports::KeyStoreError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::Locked => Self::Locked,
            KeyStoreError::UserCancelled => Self::UserCancelled,
            KeyStoreError::Transient => Self::Transient,
            KeyStoreError::Invalidated => Self::Invalidated,
            KeyStoreError::Missing => Self::Missing,
        }
    }
}

/// The port that the core sees.
pub struct Keys(pub Arc<dyn KeyStore>);

impl ports::KeyStore for Keys {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, ports::KeyStoreError> {
        // Kotlin and Swift get a copy that is theirs; this one is lowered into a buffer of UniFFI.
        Ok(self.0.wrap(alias.to_owned(), secret.to_vec())?)
    }

    fn unwrap(
        &self,
        alias: &str,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, ports::KeyStoreError> {
        let secret = self.0.unwrap(alias.to_owned(), wrapped.to_vec())?;
        Ok(Zeroizing::new(secret))
    }

    fn delete(&self, alias: &str) -> Result<(), ports::KeyStoreError> {
        Ok(self.0.delete(alias.to_owned())?)
    }

    fn counter(&self, alias: &str) -> Result<u64, ports::KeyStoreError> {
        Ok(self.0.counter(alias.to_owned())?)
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), ports::KeyStoreError> {
        Ok(self.0.raise_counter(alias.to_owned(), to)?)
    }
}
