//! A clinic no longer gives access to a person: what it gave goes from this phone.

use sokhoe_domain::ClinicId;
use sokhoe_vault::NewEvent;

use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// The code by which a clinic says it (`https://sokhoe.vn/fhir/CodeSystem/refusal`).
pub(crate) const ACCESS_ENDED: &str = "access-ended";

impl Session {
    /// Erases what a clinic gave of a person, then that the person is known there; the person's own
    /// documents and other clinics' stay. When nothing else is in the book, its key and file are
    /// destroyed and an empty book takes its place. Repeating what was interrupted ends it: until the
    /// link is gone the clinic is asked again, and says it again.
    pub(crate) fn lose_access(&self, book: &OpenBook, clinic: &ClinicId) -> Result<(), AppError> {
        let account = self.account()?;
        let links = account.links(&book.person.id)?;
        let is_last = links.iter().all(|link| link.clinic == *clinic);
        let event = NewEvent {
            kind: ACCESS_ENDED.to_owned(),
            subject: clinic.0.clone(),
            at: self.now(),
            body: String::new(),
        };
        if is_last && book.vault.own_documents()?.is_empty() {
            self.destroy_book(&book.person.id, || Ok(()))?;
            let anew = self.book(book.person.id.as_str())?;
            anew.vault.keep_moved(&[], &[event])?;
        } else {
            book.vault.forget_clinic(clinic)?;
            book.vault.keep_moved(&[], &[event])?;
        }
        account.unlink(&book.person.id, clinic)?;
        Ok(())
    }
}
