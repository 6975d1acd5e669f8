//! The key of one vault.

use std::fmt;

use sokhoe_domain::ports::Rng;
use zeroize::Zeroizing;

use crate::error::VaultError;

const KEY: usize = 32;
const SALT: usize = 16;

/// The key of one file, and the salt that stands in its first bytes.
///
/// The salt travels with the key so that a file can be told from that of another key even when its
/// first page is damaged.
#[derive(PartialEq, Eq)]
pub(crate) struct VaultKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    pub(super) const LEN: usize = KEY + SALT;

    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self(random(rng, Self::LEN))
    }

    /// A new key for a file that keeps its salt.
    pub(super) fn successor(&self, rng: &dyn Rng) -> Self {
        let mut next = self.duplicate();
        if let Some(key) = next.0.get_mut(..KEY) {
            rng.fill(key);
        }
        next
    }

    /// The key in these bytes; nothing when they are too many or too few.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == Self::LEN).then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn for_tests(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn of_bytes(byte: u8) -> Self {
        Self(Zeroizing::new(vec![byte; Self::LEN]))
    }

    /// A copy, wiped like this one.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// The key without the salt, to derive others from.
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.get(..KEY).unwrap_or_default()
    }

    /// The key covered by another one, or uncovered by the same.
    pub(super) fn covered(&self, by: &[u8]) -> Self {
        let mut covered = self.duplicate();
        let key = covered.0.get_mut(..KEY).unwrap_or_default();
        for (byte, cover) in key.iter_mut().zip(by) {
            *byte ^= cover;
        }
        covered
    }

    /// Gives the key to a connection.
    pub(crate) fn give(&self, connection: &rusqlite::Connection) -> Result<(), VaultError> {
        Ok(sokhoe_sqlcipher::give_key(connection, &self.0)?)
    }

    /// Encrypts the connection's database under this key from now on.
    pub(crate) fn replace(&self, connection: &rusqlite::Connection) -> Result<(), VaultError> {
        Ok(sokhoe_sqlcipher::change_key(connection, &self.0)?)
    }

    /// Whether a file begins as one of this key does.
    pub(crate) fn began(&self, file: &[u8]) -> bool {
        file.get(..SALT) == self.0.get(KEY..)
    }
}

/// Random bytes for a secret.
pub(super) fn random(rng: &dyn Rng, length: usize) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    rng.fill(&mut bytes);
    bytes
}
