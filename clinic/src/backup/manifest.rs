//! What a backup consists of, signed by the clinic's key.

use std::path::Path;

use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::{BackupError, read, sha256_of, write_private};
use crate::ClinicError;
use crate::clinic::id_of;
use crate::keys::Keys;

const TEXT: &str = "manifest.json";
const SIGNATURE: &str = "manifest.sig";
/// Both of its files.
pub(super) const NAMES: [&str; 2] = [TEXT, SIGNATURE];
/// What a signature is for, so that none of another kind passes for one of a backup.
const PURPOSE: &[u8] = b"sokhoe clinic backup 1\0";

/// What a backup consists of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// Whose it is.
    pub clinic: String,
    /// When it was begun: all that was committed before is in it.
    pub at: i64,
    /// The version of the database.
    pub schema: u32,
    pub files: Vec<FileEntry>,
}

/// A file of a backup.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub name: String,
    bytes: u64,
    sha256: String,
}

impl FileEntry {
    pub fn of(folder: &Path, name: &str) -> Result<Self, ClinicError> {
        let (bytes, sha256) = sha256_of(&folder.join(name))?;
        Ok(Self {
            name: name.to_owned(),
            bytes,
            sha256,
        })
    }
}

impl Manifest {
    /// Signs and writes it.
    pub fn write(&self, folder: &Path, key: &Ed25519KeyPair) -> Result<(), ClinicError> {
        let text = serde_json::to_string(self).map_err(|_| BackupError::Altered)?;
        let signature = key.sign(&signed(text.as_bytes()));
        write_private(&folder.join(TEXT), text.as_bytes())?;
        write_private(&folder.join(SIGNATURE), signature.as_ref())
    }

    /// Reads it; what it says is believed after [`Manifest::check`].
    pub fn read(folder: &Path) -> Result<Self, ClinicError> {
        let text = read(&folder.join(TEXT))?;
        serde_json::from_slice(&text).map_err(|_| BackupError::Altered.into())
    }

    /// Whether a folder holds one.
    pub fn is_in(folder: &Path) -> bool {
        folder.join(TEXT).is_file()
    }

    pub fn names(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Believes it, when the clinic's key signed it and its files are those it names.
    pub fn check(&self, folder: &Path, keys: &Keys) -> Result<(), ClinicError> {
        let (text, signature) = (read(&folder.join(TEXT))?, read(&folder.join(SIGNATURE))?);
        let is_signed = UnparsedPublicKey::new(&ED25519, keys.public_key())
            .verify(&signed(&text), &signature)
            .is_ok();
        if !is_signed || self.clinic != id_of(keys) {
            return Err(BackupError::Altered.into());
        }
        for file in &self.files {
            if sha256_of(&folder.join(&file.name))? != (file.bytes, file.sha256.clone()) {
                return Err(BackupError::Altered.into());
            }
        }
        Ok(())
    }
}

fn signed(text: &[u8]) -> Vec<u8> {
    [PURPOSE, text].concat()
}
