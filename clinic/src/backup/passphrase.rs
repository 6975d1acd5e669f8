//! Keys under a passphrase.

use std::fmt;
use std::num::NonZeroU32;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::pbkdf2;
use sokhoe_domain::ports::Rng;

use super::BackupError;

const SALT: usize = 16;
/// What guessing a passphrase once costs (PBKDF2-HMAC-SHA256), by OWASP's Password Storage Cheat Sheet.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).expect("not zero");
const SHORTEST: usize = 12;
const PURPOSE: &[u8] = b"sokhoe clinic keys 1";

/// What the keys in a backup are kept under.
pub struct Passphrase(String);

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Passphrase").finish_non_exhaustive()
    }
}

impl Passphrase {
    /// Without the line's end that files have.
    ///
    /// # Errors
    /// [`BackupError::ShortPassphrase`]
    pub fn new(text: &str) -> Result<Self, BackupError> {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.chars().count() < SHORTEST {
            return Err(BackupError::ShortPassphrase);
        }
        Ok(Self(text.to_owned()))
    }

    /// Salt, nonce, and the sealed bytes.
    pub(super) fn seal(&self, mut bytes: Vec<u8>, rng: &dyn Rng) -> Vec<u8> {
        let (mut salt, mut nonce) = ([0; SALT], [0; NONCE_LEN]);
        rng.fill(&mut salt);
        rng.fill(&mut nonce);
        let sealed = self.key(&salt).and_then(|key| {
            let nonce = Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, Aad::from(PURPOSE), &mut bytes)
                .ok()
        });
        // What could not be sealed is not written.
        if sealed.is_none() {
            bytes.clear();
        }
        [&salt[..], &nonce[..], &bytes[..]].concat()
    }

    /// The bytes again; nothing under another passphrase.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk::<SALT>()?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .key(salt)?
            .open_in_place(nonce, Aad::from(PURPOSE), &mut bytes)
            .ok()?;
        Some(opened.to_vec())
    }

    fn key(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let mut key = [0; 32];
        let passphrase = self.0.as_bytes();
        pbkdf2::derive(
            pbkdf2::PBKDF2_HMAC_SHA256,
            ITERATIONS,
            salt,
            passphrase,
            &mut key,
        );
        UnboundKey::new(&CHACHA20_POLY1305, &key)
            .ok()
            .map(LessSafeKey::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::SystemRng;

    #[test]
    fn keys_come_back_under_their_passphrase_alone() {
        let passphrase = Passphrase::new("bốn từ ngẫu nhiên\n").unwrap();
        let sealed = passphrase.seal(vec![7; 64], &SystemRng::default());
        assert!(!sealed.windows(8).any(|part| part == [7; 8]));
        assert_eq!(passphrase.open(&sealed), Some(vec![7; 64]));
        let other = Passphrase::new("bốn từ ngẫu nhiên khác").unwrap();
        assert_eq!(other.open(&sealed), None);
        assert_eq!(passphrase.open(&sealed[..sealed.len() - 1]), None);
        assert_eq!(passphrase.open(&[]), None);
        assert!(matches!(
            Passphrase::new("ngắn quá"),
            Err(BackupError::ShortPassphrase)
        ));
    }
}
