//! A second reader of the ring file, for tests whose key store is [`sokhoe_testing::PlainKeys`]: it wraps nothing, so
//! that the ring key stands in the file.

use std::collections::BTreeMap;
use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The keys of a phone.
#[derive(Debug)]
pub struct PlainRing {
    /// The key under which the others lie.
    pub key: Vec<u8>,
    /// Each vault's key of 32 bytes and salt of 16.
    pub vaults: BTreeMap<String, Vec<u8>>,
}

impl PlainRing {
    /// Reads the file `ring` of a folder.
    ///
    /// # Panics
    /// When it is not there or not a ring.
    #[must_use]
    pub fn read(folder: &Path) -> Self {
        Self::read_masked(folder, 0)
    }

    /// As [`PlainRing::read`], of a key store that wraps with a mask on every byte.
    ///
    /// # Panics
    /// When it is not there or not a ring.
    #[must_use]
    pub fn read_masked(folder: &Path, mask: u8) -> Self {
        let file = std::fs::read(folder.join("ring")).expect("a ring");
        let part = |at: usize| {
            let length = usize::from(u16::from_be_bytes([file[at], file[at + 1]]));
            (file[at + 2..at + 2 + length].to_vec(), at + 2 + length)
        };
        // A byte of version, the number of the key and that of the oldest.
        let (mut key, at) = part(1 + 8 + 8);
        for byte in &mut key {
            *byte ^= mask;
        }
        let (_recovery, head) = part(at);
        let sealed = &file[head..file.len() - 32];
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().expect("a nonce");
        let mut table = sealed.to_vec();
        let opened = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key"))
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(&file[..head]),
                &mut table,
            )
            .expect("a table under this key");
        let mut rest: &[u8] = opened;
        let mut take = |length: usize| {
            let (taken, after) = rest.split_at(length);
            rest = after;
            taken.to_vec()
        };
        if take(1) == [1] {
            take(32);
        }
        let count = u32::from_be_bytes(take(4).try_into().expect("four bytes"));
        let vaults = (0..count)
            .map(|_| {
                let length = take(1)[0].into();
                let name = String::from_utf8(take(length)).expect("a name");
                let has_next = take(1)[0] & 2 != 0;
                let key = take(48);
                if has_next {
                    take(48);
                }
                (name, key)
            })
            .collect();
        Self { key, vaults }
    }

    /// The key and salt of a vault.
    ///
    /// # Panics
    /// When there is no such vault.
    #[must_use]
    pub fn vault(&self, name: &str) -> &[u8] {
        &self.vaults[name]
    }
}
