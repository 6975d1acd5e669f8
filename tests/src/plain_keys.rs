//! A key store for tests that ask about other things.

use sokhoe_app::domain::ports::{KeyStore, KeyStoreError, Zeroizing};

/// The wrapped secret is the secret, so that another process opens what this one made.
#[derive(Debug, Clone, Copy)]
pub struct PlainKeys;

impl KeyStore for PlainKeys {
    fn wrap(&self, _: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        Ok(secret.to_vec())
    }

    fn unwrap(&self, _: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        Ok(Zeroizing::new(wrapped.to_vec()))
    }

    fn delete(&self, _: &str) -> Result<(), KeyStoreError> {
        Ok(())
    }
}
