//! Whether a book is whole, when the person asks.
//!
//! Only then: it reads everything, and whatever is read while the book is used is verified anyway.

use sokhoe_vault::VaultError;

use crate::error::AppError;
use crate::session::SoKhoe;

/// What checking a book found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookCheck {
    /// All of it reads.
    Whole,
    /// Some of it was damaged: it was kept aside and the book has begun again. The next sync fetches what the
    /// clinics have; an event tells the person.
    Rebuilt,
}

impl SoKhoe {
    /// Reads the whole book of a person and verifies it. Blocks for as long as that takes (`check` in
    /// docs/figures.md).
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Paused`], what opening a book may give.
    pub fn check_book(&self, person_id: &str) -> Result<BookCheck, AppError> {
        let book = self.inner.book(person_id)?;
        match book.vault.check() {
            Err(VaultError::Corrupt) => {
                // Opens what was found damaged anew.
                self.inner.book(person_id)?;
                Ok(BookCheck::Rebuilt)
            }
            checked => {
                checked?;
                Ok(BookCheck::Whole)
            }
        }
    }
}
