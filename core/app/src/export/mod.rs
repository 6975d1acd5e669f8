//! The whole book, written elsewhere: for a doctor, for a drawer, for another program. Needs no network.
//!
//! What is written is **in the clear**: whoever has the file can read it. The words for people are
//! `export-in-the-clear`. The key store is asked anew before anything is written.

mod documents;
mod fhir;
mod file;
mod html;
mod sink;
#[cfg(test)]
mod tests;

use std::io::Write;

use crate::error::AppError;
use crate::session::SoKhoe;

pub(crate) use sink::cannot_write;

pub use file::{Existing, write_file};

/// How an exported book is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A FHIR R4 Bundle (`collection`), every resource byte for byte as it came.
    Fhir,
    /// One HTML file to read and to print, without scripts and without anything from elsewhere.
    Html,
}

impl SoKhoe {
    /// Writes a person's whole book as a FHIR R4 Bundle of type `collection`: every resource byte for
    /// byte as its clinic sent it, with who sent it and when; clinics' documents that are on this phone,
    /// as `Binary` under the address by which they are referred to; what could not be read, as `Binary`,
    /// too; what the person decided on this phone and no clinic has yet, marked as such; and documents of
    /// the person's own with their bytes (`attachment.data`). One of a clinic is at most
    /// [`crate::MAX_DOCUMENT_BYTES`] long, all together are what [`SoKhoe::storage`] says. It is written as it is read: memory holds one resource, or a piece
    /// of a document, at a time. The output is in the clear.
    ///
    /// # Errors
    /// [`AppError::KeyStore`] where the person does not show that they are there; [`AppError::NotFound`],
    /// [`AppError::CannotWrite`], [`AppError::DiskFull`], what opening a book may give. What was written until then is no whole Bundle.
    pub fn export_fhir(&self, person_id: &str, out: &mut dyn Write) -> Result<(), AppError> {
        self.inner.asks_person()?;
        let book = self.inner.book(person_id)?;
        fhir::write(&self.inner, &book, out)
    }

    /// Writes a person's whole book as one HTML file in the language of the app: a summary first, then
    /// every section, trends, bookings, and where everything came from. Documents stand in it by title
    /// alone. It is written as it is read. The output is in the clear.
    ///
    /// # Errors
    /// As [`SoKhoe::export_fhir`].
    pub fn export_html(&self, person_id: &str, out: &mut dyn Write) -> Result<(), AppError> {
        self.inner.asks_person()?;
        let book = self.inner.book(person_id)?;
        html::write(&self.inner, &book, out)
    }

    /// Writes a person's whole book in this format.
    ///
    /// # Errors
    /// As [`SoKhoe::export_fhir`].
    pub fn export(
        &self,
        person_id: &str,
        format: ExportFormat,
        out: &mut dyn Write,
    ) -> Result<(), AppError> {
        match format {
            ExportFormat::Fhir => self.export_fhir(person_id, out),
            ExportFormat::Html => self.export_html(person_id, out),
        }
    }

    /// What to tell a person before a book is exported: that everybody who has the file can read it.
    #[must_use]
    pub fn words_before_export(&self) -> String {
        self.inner.words.say("export-in-the-clear")
    }
}
