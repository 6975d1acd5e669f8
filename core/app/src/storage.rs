//! What a book takes on the phone, and how much of it documents may take.

use crate::error::AppError;
use crate::session::SoKhoe;

/// What the documents of a book take on the phone, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageView {
    /// What documents may take.
    pub budget: u64,
    /// What they take.
    pub used: u64,
    /// Of these, the person's own that no clinic has: they stay.
    pub own: u64,
    /// Of these, what a clinic gave and no longer has: they stay.
    pub last_copies: u64,
    /// Of these, what goes by itself when room is needed, since a clinic still has it.
    pub evictable: u64,
}

impl From<sokhoe_vault::BlobUsage> for StorageView {
    fn from(usage: sokhoe_vault::BlobUsage) -> Self {
        Self {
            budget: usage.budget,
            used: usage.used,
            own: usage.own,
            last_copies: usage.last_copies,
            evictable: usage.evictable,
        }
    }
}

impl SoKhoe {
    /// What the documents of a book take on the phone.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn storage(&self, person_id: &str) -> Result<StorageView, AppError> {
        let book = self.inner.book(person_id)?;
        Ok(book.vault.blob_usage()?.into())
    }

    /// Sets what the documents of a book may take, in bytes. What is over it and still at a clinic
    /// goes at once; nothing else does.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::DiskFull`], what opening a book may give; the old budget
    /// stays then.
    pub fn set_blob_budget(&self, person_id: &str, bytes: u64) -> Result<StorageView, AppError> {
        let book = self.inner.book(person_id)?;
        Ok(book.vault.set_blob_budget(bytes)?.into())
    }
}
