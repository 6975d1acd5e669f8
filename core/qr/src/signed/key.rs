use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// An Ed25519 public key; base64url as text and in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

/// A text that is not 32 bytes in base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a public key is 32 bytes in base64url")]
pub struct PublicKeyError;

impl PublicKey {
    /// A key from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The public half of a key pair.
    pub fn of(pair: &Ed25519KeyPair) -> Result<Self, PublicKeyError> {
        pair.public_key()
            .as_ref()
            .try_into()
            .map(Self)
            .map_err(|_| PublicKeyError)
    }

    /// One byte by which a ticket says which key signed it. Keys are as good as random: their first
    /// byte tells most of them apart.
    pub(super) fn hint(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for PublicKey {
    type Err = PublicKeyError;

    fn from_str(text: &str) -> Result<Self, PublicKeyError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PublicKeyError)?;
        bytes.try_into().map(Self).map_err(|_| PublicKeyError)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
