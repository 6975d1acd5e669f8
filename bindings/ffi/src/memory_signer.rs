//! A signing key in memory, for key stores of tests on systems that have none of their own.

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use crate::key_store::KeyStoreError;

/// An elliptic-curve key over P-256 that lives as long as this object. A phone's app signs with its key store's.
#[derive(uniffi::Object)]
pub struct MemorySigner(EcdsaKeyPair);

impl fmt::Debug for MemorySigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySigner").finish_non_exhaustive()
    }
}

#[uniffi::export]
impl MemorySigner {
    /// A new key.
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, KeyStoreError> {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .ok()
            .and_then(|made| EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).ok())
            .map(|pair| Arc::new(Self(pair)))
            .ok_or(KeyStoreError::Transient)
    }

    /// Its point, as `KeyStore.signingKey` gives it.
    pub fn public_key(&self) -> Vec<u8> {
        self.0.public_key().as_ref().to_vec()
    }

    /// Signs a message, as `KeyStore.sign` does.
    pub fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, KeyStoreError> {
        let signed = self.0.sign(&SystemRandom::new(), &message);
        signed
            .map(|signature| signature.as_ref().to_vec())
            .map_err(|_| KeyStoreError::Transient)
    }
}
