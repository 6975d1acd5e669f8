//! The bytes of a journal: a head with the file's id, then sealed frames.
//!
//! Head: one byte of version, 16 random bytes. Frame: four bytes of length (little endian), a random
//! nonce of 12 bytes, the sealed record with its tag. The key is the vault's, through HKDF with the
//! file's id; the place of a frame is authenticated, so that none can be moved, repeated or left out
//! before another.
//!
//! The nonce is random and not the place: after a torn append the same place is written twice.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use sokhoe_domain::ports::Rng;
use zeroize::Zeroizing;

use super::Damage;
use super::record::RecordText;
use crate::error::VaultError;

const VERSION: u8 = 1;
const ID: usize = 16;
const HEAD: usize = 1 + ID;
const LENGTH: usize = 4;
const TAG: usize = 16;
/// No frame is longer; a longer one is damage.
const LONGEST: usize = 16 << 20;
const INFO: &[u8] = b"sokhoe journal v1";

/// The key of one journal file, never that of another: a file that is written anew has another id.
pub(crate) struct FileKey {
    id: [u8; ID],
    key: LessSafeKey,
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileKey(…)")
    }
}

/// What could be read of a file.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Nothing when not even the head could be read.
    pub(crate) key: Option<FileKey>,
    pub(crate) records: Vec<RecordText>,
    /// The place of the next frame.
    pub(crate) next: u64,
    pub(crate) damage: Damage,
}

impl FileKey {
    /// A new file: its key and its head.
    pub(crate) fn begin(secret: &[u8], rng: &dyn Rng) -> Result<(Self, Vec<u8>), VaultError> {
        let mut id = [0; ID];
        rng.fill(&mut id);
        let mut head = vec![VERSION];
        head.extend_from_slice(&id);
        Ok((Self::derive(secret, id)?, head))
    }

    fn derive(secret: &[u8], id: [u8; ID]) -> Result<Self, VaultError> {
        let derived = Salt::new(HKDF_SHA256, &id).extract(secret);
        let key: UnboundKey = derived
            .expand(&[INFO], &AES_256_GCM)
            .map_err(|_| VaultError::Internal { code: 0 })?
            .into();
        Ok(Self {
            id,
            key: LessSafeKey::new(key),
        })
    }

    /// What a frame is bound to: its file and its place.
    fn bound_to(&self, sequence: u64) -> Aad<[u8; ID + 8]> {
        let mut bytes = [0; ID + 8];
        bytes[..ID].copy_from_slice(&self.id);
        bytes[ID..].copy_from_slice(&sequence.to_le_bytes());
        Aad::from(bytes)
    }

    /// Appends a frame to `bytes`.
    pub(crate) fn seal(
        &self,
        bytes: &mut Vec<u8>,
        sequence: u64,
        text: &RecordText,
        rng: &dyn Rng,
    ) -> Result<(), VaultError> {
        let internal = VaultError::Internal { code: 0 };
        let mut nonce = [0; NONCE_LEN];
        rng.fill(&mut nonce);
        let mut sealed = Zeroizing::new(Vec::with_capacity(text.len() + TAG));
        sealed.extend_from_slice(text.as_bytes());
        let tag = self
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                self.bound_to(sequence),
                &mut sealed,
            )
            .map_err(|_| internal.clone())?;
        let length = NONCE_LEN + sealed.len() + TAG;
        if length > LONGEST {
            return Err(internal);
        }
        let length = u32::try_from(length).map_err(|_| internal)?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        bytes.extend_from_slice(tag.as_ref());
        Ok(())
    }

    fn open(&self, sequence: u64, frame: &[u8]) -> Option<RecordText> {
        let (nonce, sealed) = frame.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let text = self
            .key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                self.bound_to(sequence),
                &mut sealed,
            )
            .ok()?;
        String::from_utf8(text.to_vec()).ok().map(Zeroizing::new)
    }
}

/// Reads whatever verifies. A frame that does not is left out and noticed; those after it are found as
/// long as its length is right.
pub(crate) fn read(bytes: &[u8], secret: &[u8]) -> Result<Frames, VaultError> {
    let mut frames = Frames {
        key: None,
        records: Vec::new(),
        next: 0,
        damage: Damage::Altered,
    };
    let Some((head, mut rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Ok(frames);
    };
    let (&version, id) = head.split_first().unwrap_or((&0, &[]));
    let Ok(id) = id.try_into() else {
        return Ok(frames);
    };
    if version != VERSION {
        return Ok(frames);
    }
    frames.damage = Damage::None;
    let key = FileKey::derive(secret, id)?;
    while !rest.is_empty() {
        let frame = rest
            .split_first_chunk::<LENGTH>()
            .map(|(length, rest)| (u32::from_le_bytes(*length) as usize, rest))
            .filter(|(length, _)| (NONCE_LEN + TAG..=LONGEST).contains(length))
            .and_then(|(length, rest)| rest.split_at_checked(length));
        let Some((frame, after)) = frame else {
            frames.damage = frames.damage.max(Damage::TornTail);
            break;
        };
        rest = after;
        match key.open(frames.next, frame) {
            Some(text) => frames.records.push(text),
            None if rest.is_empty() => frames.damage = frames.damage.max(Damage::TornTail),
            None => frames.damage = Damage::Altered,
        }
        frames.next += 1;
    }
    frames.key = Some(key);
    Ok(frames)
}
