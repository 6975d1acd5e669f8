//! Books that are kept under a lease: a helper's, whom a clinic granted to see them.
//!
//! While the lease lasts, the ring has the vault's key and beside it the lease's key, which the clinic gives. When it is
//! over, the one is covered by the other, and the other is forgotten: nothing on the phone opens the book, and nothing of
//! it is lost. The clinic gives the same lease key again, and the book is as it was. The lease's key is as long as the
//! vault's, random to everybody but the clinic, and covers it once at a time: what is left says nothing about the key.

use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::key_ring::KeyRing;
use super::seal::KEY_LEN;
use super::table::{Entry, LeaseKey};
use super::vault_key::VaultKey;
use crate::error::VaultError;

impl KeyRing {
    /// Puts a vault under a lease with this key, or opens it again under one that had ended.
    ///
    /// # Errors
    /// [`VaultError::WrongKey`] when it ended under another lease key, or when this is none; [`VaultError::NotFound`],
    /// [`VaultError::Key`], [`VaultError::File`]; nothing was changed then.
    pub fn begin_lease(&self, vault: &str, lease_key: &[u8]) -> Result<(), VaultError> {
        if lease_key.len() != KEY_LEN {
            return Err(VaultError::WrongKey);
        }
        let is_so = |entry: &Entry| matches!(&entry.lease, Some(LeaseKey::Here(known)) if **known == *lease_key);
        if self.know(vault, is_so)? {
            return Ok(());
        }
        self.change_lease(vault, |entry| {
            if let Some(LeaseKey::Away(known)) = &entry.lease {
                if *known != hash(lease_key) {
                    return Err(VaultError::WrongKey);
                }
                cover(entry, lease_key);
            }
            entry.lease = Some(LeaseKey::Here(Zeroizing::new(lease_key.to_vec())));
            Ok(Copies::Stay)
        })
    }

    /// The lease is over: covers the vault's key and forgets what uncovers it, in all copies of the ring. Close the
    /// vault before. Does nothing to a vault without a lease, or whose lease has ended.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::File`]: repeating it ends it.
    pub fn end_lease(&self, vault: &str) -> Result<(), VaultError> {
        if !self.has_lease_key(vault)? {
            return Ok(());
        }
        self.change_lease(vault, |entry| {
            if let Some(LeaseKey::Here(lease_key)) = &entry.lease {
                let lease_key = lease_key.clone();
                cover(entry, &lease_key);
                entry.lease = Some(LeaseKey::Away(hash(&lease_key)));
            }
            // They have the lease's key.
            Ok(Copies::AreNoise)
        })
    }

    /// The vault is kept without a lease from now on.
    ///
    /// # Errors
    /// [`VaultError::LeaseOver`] when a lease had ended: begin it again first. [`VaultError::NotFound`],
    /// [`VaultError::Key`], [`VaultError::File`]; nothing was changed then.
    pub fn lift_lease(&self, vault: &str) -> Result<(), VaultError> {
        if self.know(vault, |entry| entry.lease.is_none())? {
            return Ok(());
        }
        self.change_lease(vault, |entry| {
            if entry.is_covered() {
                return Err(VaultError::LeaseOver);
            }
            entry.lease = None;
            Ok(Copies::Stay)
        })
    }

    /// Whether the vault is kept under a lease, that lasts or is over.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::File`]
    pub fn is_leased(&self, vault: &str) -> Result<bool, VaultError> {
        self.know(vault, |entry| entry.lease.is_some())
    }

    /// Whether the vault is under a lease whose key is here.
    ///
    /// # Errors
    /// [`VaultError::NotFound`], [`VaultError::Key`], [`VaultError::File`]
    pub fn has_lease_key(&self, vault: &str) -> Result<bool, VaultError> {
        self.know(vault, |entry| {
            matches!(&entry.lease, Some(LeaseKey::Here(_)))
        })
    }

    fn know(&self, vault: &str, is_so: impl Fn(&Entry) -> bool) -> Result<bool, VaultError> {
        self.entry(vault, is_so)?.ok_or(VaultError::NotFound)
    }

    fn change_lease(
        &self,
        vault: &str,
        work: impl FnOnce(&mut Entry) -> Result<Copies, VaultError>,
    ) -> Result<(), VaultError> {
        self.change(false, |mut ring| {
            let entry = ring.entry(vault).ok_or(VaultError::NotFound)?;
            match work(entry)? {
                Copies::Stay => Ok(ring),
                Copies::AreNoise => self.renewed(ring),
            }
        })
    }
}

/// What becomes of older copies of the ring file.
enum Copies {
    Stay,
    AreNoise,
}

fn cover(entry: &mut Entry, lease_key: &[u8]) {
    entry.key = entry.key.covered(lease_key);
    entry.next = entry
        .next
        .as_ref()
        .map(|next: &VaultKey| next.covered(lease_key));
}

fn hash(lease_key: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, lease_key).as_ref());
    hash
}
