//! The file `ring`, and its copy.
//!
//! A byte for the version; the number of the ring key and that of the oldest whose name may still be in
//! the key store, eight bytes each; the ring key wrapped by the key store, and wrapped for recovery or
//! nothing, each after two bytes of its length; the sealed table; the SHA-256 of all before it. Numbers
//! are big-endian. The hash tells damage from a wrong key; what is sealed is bound to all that stands
//! before it.

use ring::digest::{SHA256, digest};
use sokhoe_domain::ports::VaultFiles;

use crate::error::VaultError;

const VERSION: u8 = 1;
const HASH: usize = 32;
/// Whatever is changed is written here first.
const FILE: &str = "ring";
/// Used when the first is damaged.
const COPY: &str = "ring.copy";

/// What the file says before it is opened.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RingFile {
    pub(super) number: u64,
    pub(super) oldest: u64,
    pub(super) wrapped: Vec<u8>,
    /// Empty without a recovery code.
    pub(super) recovery: Vec<u8>,
    pub(super) sealed: Vec<u8>,
}

impl RingFile {
    /// The ring of this phone; nothing when it has none.
    pub(super) fn read(files: &dyn VaultFiles) -> Result<Option<Self>, VaultError> {
        let parsed = |name| {
            files
                .read(name)
                .map_err(VaultError::from)
                .map(|file| file.map(|bytes| Self::parse(&bytes)))
        };
        match parsed(FILE)? {
            Some(Ok(file)) => Ok(Some(file)),
            Some(Err(VaultError::Corrupt)) | None => match parsed(COPY)? {
                Some(copy) => copy.map(Some),
                None if files.size(FILE)?.is_some() => Err(VaultError::Corrupt),
                None => Ok(None),
            },
            Some(Err(error)) => Err(error),
        }
    }

    /// Both copies, the first of them first.
    pub(super) fn write(&self, files: &dyn VaultFiles) -> Result<(), VaultError> {
        let mut bytes = self.head();
        bytes.extend_from_slice(&self.sealed);
        let hash = digest(&SHA256, &bytes);
        bytes.extend_from_slice(hash.as_ref());
        files.write(FILE, &bytes)?;
        Ok(files.write(COPY, &bytes)?)
    }

    /// What the table is bound to.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.number.to_be_bytes());
        bytes.extend_from_slice(&self.oldest.to_be_bytes());
        for part in [&self.wrapped, &self.recovery] {
            bytes.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }

    fn parse(file: &[u8]) -> Result<Self, VaultError> {
        let (bytes, hash) = file.split_last_chunk::<HASH>().ok_or(VaultError::Corrupt)?;
        if digest(&SHA256, bytes).as_ref() != hash {
            return Err(VaultError::Corrupt);
        }
        let (&version, rest) = bytes.split_first().ok_or(VaultError::Corrupt)?;
        if version != VERSION {
            return Err(VaultError::NewerSchema {
                found: version.into(),
                known: VERSION.into(),
            });
        }
        Self::parse_body(rest).ok_or(VaultError::Corrupt)
    }

    fn parse_body(rest: &[u8]) -> Option<Self> {
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (oldest, rest) = rest.split_first_chunk::<8>()?;
        let part = |rest: &[u8]| -> Option<(Vec<u8>, usize)> {
            let (length, body) = rest.split_first_chunk::<2>()?;
            let length = usize::from(u16::from_be_bytes(*length));
            Some((body.get(..length)?.to_vec(), 2 + length))
        };
        let (wrapped, used) = part(rest)?;
        let rest = rest.get(used..)?;
        let (recovery, used) = part(rest)?;
        Some(Self {
            number: u64::from_be_bytes(*number),
            oldest: u64::from_be_bytes(*oldest),
            wrapped,
            recovery,
            sealed: rest.get(used..)?.to_vec(),
        })
    }
}
