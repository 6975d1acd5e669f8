//! The clinic's own keys: the Ed25519 identity that signs what phones trust, and the secret that makes
//! cursors and tokens. Both are files that only the clinic's user can read.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sokhoe_domain::ports::Rng;

use crate::ClinicError;
use crate::clinic::hex;
use crate::config::DataSource;

const LEN: usize = 32;
/// The file of the key that signs.
pub(crate) const IDENTITY: &str = "identity.key";
/// The file of the secret.
pub(crate) const SECRET: &str = "secret.key";

/// The clinic's keys.
pub(crate) struct Keys {
    identity: Ed25519KeyPair,
    secret: hmac::Key,
    /// Which restore the database came out of, if one.
    restored: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the key files. They are made only for a database that knows no public key yet: with others the
    /// clinic would be another one, and no phone would believe it.
    pub fn open(
        data: &DataSource,
        rng: &dyn Rng,
        known: Option<&str>,
    ) -> Result<Self, ClinicError> {
        let identity_file = data.key_file(IDENTITY);
        let seed = read_or_make(&identity_file, rng, known.is_none())?;
        let identity = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| ClinicError::BadKeyFile(identity_file.clone()))?;
        if known.is_some_and(|known| known != hex(identity.public_key().as_ref())) {
            return Err(ClinicError::OtherKey(identity_file));
        }
        let secret = read_or_make(&data.key_file(SECRET), rng, known.is_none())?;
        Ok(Self {
            identity,
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
            restored: String::new(),
        })
    }

    /// Those of the bytes of two files.
    pub fn of(identity: &[u8], secret: &[u8]) -> Result<Self, ClinicError> {
        let bad = || ClinicError::BadKeyFile(IDENTITY.into());
        let identity = Ed25519KeyPair::from_seed_unchecked(identity).map_err(|_| bad())?;
        Ok(Self {
            identity,
            secret: hmac::Key::new(hmac::HMAC_SHA256, secret),
            restored: String::new(),
        })
    }

    /// The same for a database that came out of a restore.
    pub fn after(self, restored: Option<String>) -> Self {
        Self {
            restored: restored.unwrap_or_default(),
            ..self
        }
    }

    /// Which restore the database came out of; empty where none.
    pub fn restored(&self) -> &str {
        &self.restored
    }

    /// The pair that signs enrolments and payment orders.
    pub fn identity(&self) -> &Ed25519KeyPair {
        &self.identity
    }

    /// The identity's public half.
    pub fn public_key(&self) -> &[u8] {
        self.identity.public_key().as_ref()
    }

    /// A code over the parts, for one purpose. Each part is led by its length, so that no two lists of
    /// parts run into the same bytes.
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; LEN] {
        let mut context = hmac::Context::with_key(&self.secret);
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        let mut code = [0; LEN];
        code.copy_from_slice(context.sign().as_ref());
        code
    }
}

/// Whether the two are the same, in time that does not depend on where they differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; LEN] {
    let mut out = [0; LEN];
    out.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    out
}

fn read_or_make(path: &Path, rng: &dyn Rng, may_make: bool) -> Result<[u8; LEN], ClinicError> {
    let failed = |error| ClinicError::File {
        path: path.to_owned(),
        error,
    };
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    if !may_make {
        return Err(ClinicError::KeyFileMissing(path.to_owned()));
    }
    let mut key = [0; LEN];
    rng.fill(&mut key);
    match write_new(path, &key, rng) {
        Ok(()) => Ok(key),
        // Another process was first: its key is the key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| failed(error))
        }
        Err(error) => Err(failed(error)),
    }
}

/// The key of a file; nothing when there is no file.
fn read(path: &Path) -> Result<Option<[u8; LEN]>, ClinicError> {
    let failed = |error| ClinicError::File {
        path: path.to_owned(),
        error,
    };
    match std::fs::File::open(path) {
        Ok(mut file) => {
            let mut text = Vec::new();
            Read::by_ref(&mut file)
                .take(LEN as u64 + 1)
                .read_to_end(&mut text)
                .map_err(failed)?;
            text.try_into()
                .map(Some)
                .map_err(|_| ClinicError::BadKeyFile(path.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Writes beside and links, so that no half-written key can ever be read and none is ever replaced.
fn write_new(path: &Path, key: &[u8], rng: &dyn Rng) -> io::Result<()> {
    let mut unique = [0; 8];
    rng.fill(&mut unique);
    let mut beside = path.to_owned().into_os_string();
    beside.push(format!(".{:016x}.new", u64::from_be_bytes(unique)));
    let beside = PathBuf::from(beside);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    let linked = file
        .write_all(key)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::hard_link(&beside, path));
    let removed = std::fs::remove_file(&beside);
    linked.and(removed)?;
    // The name must survive a power cut before anything is signed with the key.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRng;

    #[test]
    fn a_key_file_is_never_replaced_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.key");
        let rng = SystemRng::default();
        write_new(&path, &[1; LEN], &rng).unwrap();
        let again = write_new(&path, &[2; LEN], &rng).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read_or_make(&path, &rng, false).unwrap(), [1; LEN]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
