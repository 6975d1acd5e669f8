//! Signing keys for tests: P-256, in memory.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sokhoe_domain::ports::{EcdsaSignature, KeyStoreError, SigningPublicKey};

/// A key pair of P-256.
pub struct Signer(EcdsaKeyPair);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

impl Default for Signer {
    /// A new one.
    fn default() -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .ok()
            .and_then(|made| EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).ok());
        Self(pair.expect("random numbers"))
    }
}

impl Signer {
    /// The public half, as a key store gives it.
    pub fn public_key(&self) -> SigningPublicKey {
        let point = self.0.public_key().as_ref();
        point.try_into().expect("a point of P-256")
    }

    /// Signs.
    ///
    /// # Errors
    /// [`KeyStoreError::Transient`] when there are no random numbers.
    pub fn sign(&self, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        let signed = self.0.sign(&SystemRandom::new(), message);
        let signed = signed.map_err(|_| KeyStoreError::Transient)?;
        signed
            .as_ref()
            .try_into()
            .map_err(|_| KeyStoreError::Transient)
    }
}

/// The pair that RFC 7515 prints (A.3): the same in every process, and nobody's secret.
pub static PUBLISHED: LazyLock<Signer> = LazyLock::new(|| {
    const PRIVATE: [u8; 32] = [
        142, 155, 16, 158, 113, 144, 152, 191, 152, 4, 135, 223, 31, 93, 119, 233, 203, 41, 96,
        110, 190, 210, 38, 59, 95, 87, 194, 19, 223, 132, 244, 178,
    ];
    const PUBLIC: [u8; 65] = [
        4, 127, 205, 206, 39, 112, 246, 196, 93, 65, 131, 203, 238, 111, 219, 75, 123, 88, 7, 51,
        53, 123, 233, 239, 19, 186, 207, 110, 60, 123, 209, 84, 69, 199, 241, 68, 205, 27, 189,
        155, 126, 135, 44, 223, 237, 185, 238, 185, 244, 179, 105, 93, 110, 169, 11, 36, 173, 138,
        70, 35, 40, 133, 136, 229, 173,
    ];
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &PRIVATE,
        &PUBLIC,
        &SystemRandom::new(),
    );
    Signer(pair.expect("the pair of RFC 7515"))
});

/// A key pair for each name, for as long as this lives.
#[derive(Debug, Default)]
pub struct Signers(Mutex<HashMap<String, Signer>>);

impl Signers {
    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, Signer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The public half of a name's key, which is made when there is none.
    ///
    /// # Errors
    /// None, as a key store has it.
    pub fn public_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        let mut signers = self.held();
        Ok(signers.entry(alias.to_owned()).or_default().public_key())
    }

    /// Signs with a name's key.
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`]
    pub fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        let signers = self.held();
        let signer = signers.get(alias).ok_or(KeyStoreError::Missing)?;
        signer.sign(message)
    }

    /// Destroys a name's key.
    pub fn forget(&self, alias: &str) {
        self.held().remove(alias);
    }
}
