//! [`FileKeyStore`]: the key store of a computer that has none.
//!
//! A phone wraps the book's keys with a key that never leaves its hardware. A computer without such
//! hardware has only its files, so here the wrapping keys lie in a file that only its owner may read
//! (mode 0600). Whoever can read that file can open the books beside it. It protects copies of the
//! books that travel without it, not a stolen disk: use it for trying out, for tests and on computers
//! whose disk is encrypted.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use sokhoe_domain::ports::{EcdsaSignature, KeyStore, KeyStoreError, SigningPublicKey};
use zeroize::Zeroizing;

const KEY_LEN: usize = 32;

type Key = Zeroizing<[u8; KEY_LEN]>;

/// A key store in a file: secrets are sealed with AES-256-GCM, bound to the name of their key.
#[derive(Debug)]
pub(crate) struct FileKeyStore {
    path: PathBuf,
    random: SystemRandom,
}

impl FileKeyStore {
    /// The store in this file, which is made at the first `wrap`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            random: SystemRandom::new(),
        }
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], KeyStoreError> {
        let mut bytes = [0; N];
        self.random
            .fill(&mut bytes)
            .map_err(|_| KeyStoreError::Transient)?;
        Ok(bytes)
    }

    /// One at a time, also among processes: a key written over by another would lose its books.
    fn locked<T>(
        &self,
        work: impl FnOnce() -> Result<T, KeyStoreError>,
    ) -> Result<T, KeyStoreError> {
        let lock = private(OpenOptions::new().write(true).create(true))
            .open(beside(&self.path, "lock"))
            .map_err(transient)?;
        lock.lock().map_err(transient)?;
        work()
    }

    fn key(&self, alias: &str) -> Result<Option<Key>, KeyStoreError> {
        read(&self.path)?
            .remove(alias)
            .map(|text| decode(&text))
            .transpose()
    }

    fn key_or_new(&self, alias: &str) -> Result<Key, KeyStoreError> {
        self.locked(|| {
            let mut keys = read(&self.path)?;
            if let Some(text) = keys.get(alias) {
                return decode(text);
            }
            let key: Key = Zeroizing::new(self.random()?);
            keys.insert(
                alias.to_owned(),
                Zeroizing::new(STANDARD_NO_PAD.encode(key.as_slice())),
            );
            write(&self.path, &keys)?;
            Ok(key)
        })
    }

    fn signer(&self, pkcs8: &[u8]) -> Result<EcdsaKeyPair, KeyStoreError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &self.random)
            .map_err(|_| KeyStoreError::Invalidated)
    }
}

impl KeyStore for FileKeyStore {
    fn wrap(&self, alias: &str, secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let key = sealing_key(&self.key_or_new(alias)?)?;
        let nonce: [u8; NONCE_LEN] = self.random()?;
        let mut sealed = nonce.to_vec();
        let mut body = secret.to_vec();
        let tag = key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(alias),
                &mut body,
            )
            .map_err(|_| KeyStoreError::Transient)?;
        sealed.extend(body);
        sealed.extend(tag.as_ref());
        Ok(sealed)
    }

    fn unwrap(&self, alias: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let key = sealing_key(&self.key(alias)?.ok_or(KeyStoreError::Missing)?)?;
        let (nonce, sealed) = wrapped
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(KeyStoreError::Invalidated)?;
        let mut body = Zeroizing::new(sealed.to_vec());
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(alias),
                &mut body,
            )
            .map_err(|_| KeyStoreError::Invalidated)?
            .len();
        body.truncate(length);
        Ok(body)
    }

    fn signing_key(&self, alias: &str) -> Result<SigningPublicKey, KeyStoreError> {
        let line = signing_key_of(alias);
        let pkcs8 = self.locked(|| {
            let mut keys = read(&self.path)?;
            if let Some(text) = keys.get(&line) {
                return decode_bytes(text);
            }
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.random)
                .map_err(|_| KeyStoreError::Transient)?;
            let text = Zeroizing::new(STANDARD_NO_PAD.encode(made.as_ref()));
            keys.insert(line.clone(), text);
            write(&self.path, &keys)?;
            Ok(Zeroizing::new(made.as_ref().to_vec()))
        })?;
        let signer = self.signer(&pkcs8)?;
        let point = signer.public_key().as_ref().try_into();
        point.map_err(|_| KeyStoreError::Invalidated)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> Result<EcdsaSignature, KeyStoreError> {
        let keys = read(&self.path)?;
        let text = keys
            .get(&signing_key_of(alias))
            .ok_or(KeyStoreError::Missing)?;
        let signed = self
            .signer(&decode_bytes(text)?)?
            .sign(&self.random, message)
            .map_err(|_| KeyStoreError::Transient)?;
        let signature = signed.as_ref().try_into();
        signature.map_err(|_| KeyStoreError::Invalidated)
    }

    fn delete(&self, alias: &str) -> Result<(), KeyStoreError> {
        self.locked(|| {
            let mut keys = read(&self.path)?;
            let lines = [alias.to_owned(), counter_of(alias), signing_key_of(alias)];
            let removed = lines.iter().filter_map(|line| keys.remove(line)).count();
            if removed > 0 {
                write(&self.path, &keys)
            } else {
                Ok(())
            }
        })
    }

    fn counter(&self, alias: &str) -> Result<u64, KeyStoreError> {
        counted(&read(&self.path)?, alias)
    }

    fn raise_counter(&self, alias: &str, to: u64) -> Result<(), KeyStoreError> {
        self.locked(|| {
            let mut keys = read(&self.path)?;
            if counted(&keys, alias)? >= to {
                return Ok(());
            }
            keys.insert(counter_of(alias), Zeroizing::new(to.to_string()));
            write(&self.path, &keys)
        })
    }
}

type Keys = BTreeMap<String, Zeroizing<String>>;

/// The line of a counter: no name of a key has a colon.
fn counter_of(alias: &str) -> String {
    format!("counter:{alias}")
}

/// The line of a signing key.
fn signing_key_of(alias: &str) -> String {
    format!("signing:{alias}")
}

fn counted(keys: &Keys, alias: &str) -> Result<u64, KeyStoreError> {
    keys.get(&counter_of(alias)).map_or(Ok(0), |text| {
        text.parse().map_err(|_| KeyStoreError::Invalidated)
    })
}

fn sealing_key(key: &Key) -> Result<LessSafeKey, KeyStoreError> {
    let key = UnboundKey::new(&AES_256_GCM, &**key).map_err(|_| KeyStoreError::Invalidated)?;
    Ok(LessSafeKey::new(key))
}

fn decode_bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
    STANDARD_NO_PAD
        .decode(text)
        .map(Zeroizing::new)
        .map_err(|_| KeyStoreError::Invalidated)
}

fn decode(text: &str) -> Result<Key, KeyStoreError> {
    let bytes = decode_bytes(text)?;
    <[u8; KEY_LEN]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| KeyStoreError::Invalidated)
}

/// A line a key: its name, a tab, the key (a signing key as PKCS #8); and a line a counter. Nothing when the file is not there.
fn read(path: &Path) -> Result<Keys, KeyStoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Keys::new()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(KeyStoreError::Invalidated);
        }
        Err(error) => return Err(transient(error)),
    };
    text.lines()
        .map(|line| {
            line.split_once('\t')
                .map(|(alias, key)| (alias.to_owned(), Zeroizing::new(key.to_owned())))
        })
        .collect::<Option<_>>()
        .ok_or(KeyStoreError::Invalidated)
}

/// Writes beside and renames: after a crash there are the old keys or the new ones.
fn write(path: &Path, keys: &Keys) -> Result<(), KeyStoreError> {
    let mut text = Zeroizing::new(String::new());
    for (alias, key) in keys {
        text.push_str(alias);
        text.push('\t');
        text.push_str(key);
        text.push('\n');
    }
    let new = beside(path, "new");
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(&new)
        .map_err(transient)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(transient)?;
    fs::rename(&new, path).map_err(transient)?;
    // The rename itself must be on the disk before anything is sealed with a new key.
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        .map_err(transient)
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(".");
    name.push(suffix);
    name.into()
}

/// Trying again may help: the file is not damaged, it could not be reached.
fn transient(_: io::Error) -> KeyStoreError {
    KeyStoreError::Transient
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn store() -> (TempDir, FileKeyStore) {
        let folder = TempDir::new().unwrap();
        let store = FileKeyStore::new(folder.path().join("keys"));
        (folder, store)
    }

    #[test]
    fn what_it_wraps_it_unwraps_also_after_a_restart() {
        let (folder, store) = store();
        let wrapped = store.wrap("book", b"secret").unwrap();
        assert!(!wrapped.windows(6).any(|bytes| bytes == b"secret"));
        assert_ne!(wrapped, store.wrap("book", b"secret").unwrap());
        let again = FileKeyStore::new(folder.path().join("keys"));
        assert_eq!(&*again.unwrap("book", &wrapped).unwrap(), b"secret");
    }

    #[test]
    fn what_it_signs_its_public_key_verifies_also_after_a_restart() {
        let (folder, store) = store();
        assert_eq!(store.sign("clinic", b"x"), Err(KeyStoreError::Missing));
        let key = store.signing_key("clinic").unwrap();
        let again = FileKeyStore::new(folder.path().join("keys"));
        assert_eq!(again.signing_key("clinic"), Ok(key));
        assert_ne!(again.signing_key("other"), Ok(key));
        let verifying =
            ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, key);
        let signature = again.sign("clinic", b"words").unwrap();
        verifying.verify(b"words", &signature).unwrap();
        verifying.verify(b"other", &signature).unwrap_err();
        again.delete("clinic").unwrap();
        assert_eq!(store.sign("clinic", b"x"), Err(KeyStoreError::Missing));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_keys() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, store) = store();
        store.wrap("book", b"secret").unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            assert_eq!(
                file.unwrap().metadata().unwrap().permissions().mode() & 0o077,
                0
            );
        }
    }

    #[test]
    fn a_deleted_key_is_gone_and_the_others_stay() {
        let (_folder, store) = store();
        let (book, other) = (
            store.wrap("book", b"a").unwrap(),
            store.wrap("other", b"b").unwrap(),
        );
        store.delete("book").unwrap();
        store.delete("book").unwrap();
        assert_eq!(store.unwrap("book", &book), Err(KeyStoreError::Missing));
        assert_eq!(&*store.unwrap("other", &other).unwrap(), b"b");
        store.raise_counter("other", 3).unwrap();
        store.raise_counter("other", 2).unwrap();
        assert_eq!(
            (store.counter("other"), store.counter("book")),
            (Ok(3), Ok(0))
        );
        // A new key of the same name does not open what the old one sealed.
        store.wrap("book", b"c").unwrap();
        assert_eq!(store.unwrap("book", &book), Err(KeyStoreError::Invalidated));
    }

    #[test]
    fn what_was_touched_is_refused() {
        let (folder, store) = store();
        let wrapped = store.wrap("book", b"secret").unwrap();
        let mut altered = wrapped.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(
            store.unwrap("book", &altered),
            Err(KeyStoreError::Invalidated)
        );
        assert_eq!(
            store.unwrap("book", &wrapped[..5]),
            Err(KeyStoreError::Invalidated)
        );
        store.wrap("other", b"x").unwrap();
        assert_eq!(
            store.unwrap("other", &wrapped),
            Err(KeyStoreError::Invalidated)
        );
        fs::write(folder.path().join("keys"), "no key").unwrap();
        assert_eq!(
            store.unwrap("book", &wrapped),
            Err(KeyStoreError::Invalidated)
        );
        assert_eq!(store.wrap("book", b"x"), Err(KeyStoreError::Invalidated));
        assert_eq!(
            fs::read_to_string(folder.path().join("keys")).unwrap(),
            "no key"
        );
    }

    #[test]
    fn many_at_once_lose_no_key() {
        let (folder, _) = store();
        let path = folder.path().join("keys");
        let wrapped: Vec<_> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..8)
                .map(|n| {
                    let path = path.clone();
                    scope.spawn(move || {
                        FileKeyStore::new(path)
                            .wrap(&format!("key-{n}"), b"secret")
                            .unwrap()
                    })
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().unwrap())
                .collect()
        });
        for (n, wrapped) in wrapped.iter().enumerate() {
            assert_eq!(
                &*FileKeyStore::new(&path)
                    .unwrap(&format!("key-{n}"), wrapped)
                    .unwrap(),
                b"secret"
            );
        }
    }
}
