//! A vault's key: 32 random bytes and the file's salt, wrapped by the key store, in a small file.

use std::fmt;
use std::fmt::Write as _;

use sokhoe_domain::ports::Rng;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::VaultPorts;

const KEY: usize = 32;
const SALT: usize = 16;
/// The first byte of a key file: its form, and whether the database was finished. A database that is
/// empty although it was finished was lost, and must not pass for a new one.
const UNFINISHED: u8 = 1;
const FINISHED: u8 = 2;

/// The key of one file, and the salt that stands in its first bytes.
///
/// The salt travels with the key so that a file can be told from that of another key even when its
/// first page is damaged.
pub(crate) struct VaultKey(Zeroizing<Vec<u8>>);

/// A key with what its file says of the database.
pub(crate) struct KeyFile {
    pub(crate) key: VaultKey,
    /// Whether the database was ever whole.
    pub(crate) finished: bool,
    wrapped: Vec<u8>,
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

impl VaultKey {
    fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = Zeroizing::new(vec![0; KEY + SALT]);
        rng.fill(&mut bytes);
        Self(bytes)
    }

    /// The random bytes from which other keys of the vault are derived.
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.get(..KEY).unwrap_or_default()
    }

    /// Another copy of the key, wiped by itself.
    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0.clone())
    }

    /// The statement that gives SQLCipher the key.
    pub(crate) fn pragma(&self) -> Zeroizing<String> {
        let mut sql = Zeroizing::new(String::with_capacity(128));
        sql.push_str("PRAGMA key = \"x'");
        for byte in self.0.iter() {
            let _ = write!(sql, "{byte:02x}");
        }
        sql.push_str("'\";");
        sql
    }

    /// Whether a file begins as one of this key does.
    pub(crate) fn began(&self, file: &[u8]) -> bool {
        file.get(..SALT) == self.0.get(KEY..)
    }
}

impl KeyFile {
    /// The key of the vault `name`; nothing when it has no key file.
    pub(crate) fn load(ports: &VaultPorts, name: &str) -> Result<Option<Self>, VaultError> {
        let Some(file) = ports.files.read(&key_file(name))? else {
            return Ok(None);
        };
        let Some((&form @ (UNFINISHED | FINISHED), wrapped)) = file.split_first() else {
            return Err(VaultError::Corrupt);
        };
        let secret = ports.keys.unwrap(name, wrapped)?;
        if secret.len() != KEY + SALT {
            return Err(VaultError::WrongKey);
        }
        Ok(Some(Self {
            key: VaultKey(secret),
            finished: form == FINISHED,
            wrapped: wrapped.to_vec(),
        }))
    }

    /// A new key, on disk before this returns. The key file must not be there yet.
    pub(crate) fn create(ports: &VaultPorts, name: &str) -> Result<Self, VaultError> {
        let key = VaultKey::generate(&*ports.rng);
        let wrapped = ports.keys.wrap(name, &key.0)?;
        let file = Self {
            key,
            finished: false,
            wrapped,
        };
        file.write(ports, name, UNFINISHED)?;
        Ok(file)
    }

    /// Notes that a new database is wanted under this key; the old one is not there.
    pub(crate) fn begin_again(
        mut self,
        ports: &VaultPorts,
        name: &str,
    ) -> Result<Self, VaultError> {
        if self.finished {
            self.write(ports, name, UNFINISHED)?;
            self.finished = false;
        }
        Ok(self)
    }

    /// Notes that the database is whole now.
    pub(crate) fn finish(&mut self, ports: &VaultPorts, name: &str) -> Result<(), VaultError> {
        if !self.finished {
            self.write(ports, name, FINISHED)?;
            self.finished = true;
        }
        Ok(())
    }

    fn write(&self, ports: &VaultPorts, name: &str, form: u8) -> Result<(), VaultError> {
        let mut file = vec![form];
        file.extend_from_slice(&self.wrapped);
        Ok(ports.files.write(&key_file(name), &file)?)
    }
}

/// Where the wrapped key of a vault lies.
pub(crate) fn key_file(name: &str) -> String {
    format!("{name}.key")
}

#[cfg(test)]
impl VaultKey {
    /// A key of this byte.
    pub(crate) fn for_tests(byte: u8) -> Self {
        Self(Zeroizing::new(vec![byte; KEY + SALT]))
    }
}
