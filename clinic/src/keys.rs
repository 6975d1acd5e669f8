//! The clinic's own keys: the Ed25519 identity that signs what phones trust, and the secret that makes
//! cursors and tokens. Both are files that only the clinic's user can read.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::Path;

use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};
use sokhoe_domain::ports::Rng;

use crate::ClinicError;
use crate::config::DataSource;

const LEN: usize = 32;

/// The clinic's keys.
pub(crate) struct Keys {
    identity: Ed25519KeyPair,
    secret: hmac::Key,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the key files, or makes them.
    pub fn open(data: &DataSource, rng: &dyn Rng) -> Result<Self, ClinicError> {
        let identity_file = data.key_file("identity.key");
        let seed = read_or_make(&identity_file, rng)?;
        let identity = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|_| ClinicError::BadKeyFile(identity_file))?;
        let secret = read_or_make(&data.key_file("secret.key"), rng)?;
        Ok(Self {
            identity,
            secret: hmac::Key::new(hmac::HMAC_SHA256, &secret),
        })
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

fn read_or_make(path: &Path, rng: &dyn Rng) -> Result<[u8; LEN], ClinicError> {
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
                .map_err(|_| ClinicError::BadKeyFile(path.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key = [0; LEN];
            rng.fill(&mut key);
            write_new(path, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes beside and renames, so that no half-written key can ever be read.
fn write_new(path: &Path, key: &[u8]) -> io::Result<()> {
    let mut beside = path.to_owned().into_os_string();
    beside.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&beside)?;
    file.write_all(key)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
