//! Reading blobs of our own making, which may be damaged.

use crate::error::VaultError;

/// What is left of a blob.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], VaultError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(VaultError::Corrupt)?;
        self.0 = rest;
        Ok(*array)
    }

    pub(super) fn slice(&mut self, length: usize) -> Result<&'a [u8], VaultError> {
        let (slice, rest) = self.0.split_at_checked(length).ok_or(VaultError::Corrupt)?;
        self.0 = rest;
        Ok(slice)
    }

    pub(super) fn u8(&mut self) -> Result<u8, VaultError> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, VaultError> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, VaultError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn i64(&mut self) -> Result<i64, VaultError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub(super) fn f64(&mut self) -> Result<f64, VaultError> {
        Ok(f64::from_le_bytes(self.array()?))
    }
}

/// A number that was stored, as one that counts or points.
pub(super) fn size(number: i64) -> Result<usize, VaultError> {
    usize::try_from(number).map_err(|_| VaultError::Corrupt)
}
