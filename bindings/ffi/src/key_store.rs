//! The phone's key store, written in Kotlin or Swift.

use std::sync::Arc;

use sokhoe_domain::ports;
use uniffi::UnexpectedUniFFICallbackError;
use zeroize::Zeroizing;

/// Keys that never leave the phone's key store: such that wrap secrets, and such that sign.
///
/// Called from threads of the core, several at once; wrapping may wait for the person (a finger, a face, a code).
/// No error deletes anything: the call that needed the key fails and works again when the key is there.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// Seals a secret so that only this key store opens it; makes the key named `alias` at its first use.
    fn wrap(&self, alias: String, secret: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// Opens what `wrap` gave.
    fn unwrap(&self, alias: String, wrapped: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

    /// The public half of the signing key of this name, an elliptic-curve key over P-256, as its point in long form (65
    /// bytes: 4, X, Y); the key is made when there is none. Never asks for the person's finger.
    fn signing_key(&self, alias: String) -> Result<Vec<u8>, KeyStoreError>;

    /// Signs a message with the key of this name: ECDSA over its SHA-256, as both platforms write it (X9.62, a DER
    /// sequence of R and S). Never asks for the person's finger.
    fn sign(&self, alias: String, message: Vec<u8>) -> Result<Vec<u8>, KeyStoreError>;

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

    fn signing_key(&self, alias: &str) -> Result<ports::SigningPublicKey, ports::KeyStoreError> {
        let point = self.0.signing_key(alias.to_owned())?;
        // What the phone wrote is none of a key that can be used.
        point
            .try_into()
            .map_err(|_| ports::KeyStoreError::Invalidated)
    }

    fn sign(
        &self,
        alias: &str,
        message: &[u8],
    ) -> Result<ports::EcdsaSignature, ports::KeyStoreError> {
        let signature = self.0.sign(alias.to_owned(), message.to_vec())?;
        fixed(&signature).ok_or(ports::KeyStoreError::Invalidated)
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

/// R and S of a DER signature (X9.62), 32 bytes each.
fn fixed(der: &[u8]) -> Option<ports::EcdsaSignature> {
    let rest = der.strip_prefix(&[0x30])?;
    let (length, rest) = rest.split_first()?;
    if usize::from(*length) != rest.len() {
        return None;
    }
    let mut signature = [0; 64];
    let rest = number(rest, &mut signature[..32])?;
    let rest = number(rest, &mut signature[32..])?;
    rest.is_empty().then_some(signature)
}

/// Reads a number of DER that is not negative to the end of a place, and gives what follows it.
fn number<'a>(der: &'a [u8], place: &mut [u8]) -> Option<&'a [u8]> {
    let rest = der.strip_prefix(&[0x02])?;
    let (length, rest) = rest.split_first()?;
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    // A zero in front keeps a number from being negative.
    let digits = match digits {
        [0, digits @ ..] if !digits.is_empty() => digits,
        digits => digits,
    };
    let from = place.len().checked_sub(digits.len())?;
    place.get_mut(from..)?.copy_from_slice(digits);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, EcdsaKeyPair, KeyPair as _,
        UnparsedPublicKey,
    };

    use super::*;

    #[test]
    fn a_signature_is_the_same_in_the_other_form() {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key());
        // Of so many some numbers are shorter than 32 bytes, and half of them need the zero in front.
        for n in 0..1_000_u32 {
            let message = n.to_be_bytes();
            let der = pair.sign(&random, &message).unwrap();
            key.verify(&message, &fixed(der.as_ref()).unwrap()).unwrap();
        }
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let bad: [&[u8]; 7] = [
            &[],
            &[0x30],
            &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01],
            &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x02, 0x01],
            &[0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00],
            &[0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
            &[0x02; 70],
        ];
        for der in bad {
            assert_eq!(fixed(der), None, "{der:?}");
        }
        assert!(fixed(&[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]).is_some());
    }
}
