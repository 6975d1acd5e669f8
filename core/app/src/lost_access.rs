//! A clinic no longer gives access to a person: what it gave goes from this phone.

use sokhoe_domain::{ClinicId, PersonId};
use sokhoe_vault::NewEvent;

use crate::error::AppError;
use crate::session::{OpenBook, Session};

/// The code by which a clinic says it (`https://sokhoe.vn/fhir/CodeSystem/refusal`).
pub(crate) const ACCESS_ENDED: &str = "access-ended";

/// By which a person hears that something they decided or wrote went with it and was never sent.
const UNSENT_LOST: &str = "unsent-lost";
/// The same of a book that could not be opened any more.
const UNSENT_MAYBE_LOST: &str = "unsent-maybe-lost";

impl Session {
    /// Erases what a clinic gave of a person, then that the person is known there; the person's own
    /// documents and other clinics' stay. When nothing else is in the book, its key and file are
    /// destroyed and an empty book takes its place. Repeating what was interrupted ends it: until the
    /// link is gone the clinic is asked again, and says it again.
    ///
    /// What the clinic does not have, and never will, goes too; the person hears of that beside.
    pub(crate) fn lose_access(&self, book: &OpenBook, clinic: &ClinicId) -> Result<(), AppError> {
        let event = |kind: &str| NewEvent {
            kind: kind.to_owned(),
            subject: clinic.0.clone(),
            at: self.now(),
            body: String::new(),
        };
        let mut events = vec![event(ACCESS_ENDED)];
        events.extend(self.receipts_to_keep(book, clinic)?);
        if book.vault.unsent(clinic)? > 0 {
            events.push(event(UNSENT_LOST));
        }
        self.erase_clinic(book, clinic, u64::MAX, events)
    }

    /// As [`Session::lose_access`] for somebody whom this phone helps, whose book may be covered: nothing of it can be
    /// told apart then, and all of it goes.
    pub(crate) fn lose_helped(&self, person: &PersonId, clinic: &ClinicId) -> Result<(), AppError> {
        match self.book(person.as_str()) {
            Ok(book) => return self.lose_access(&book, clinic),
            Err(AppError::LeaseOver) => {}
            Err(error) => return Err(error),
        }
        let account = self.account()?;
        self.destroy_book(person, || Ok(account.unlink(person, clinic)?))?;
        self.leases.changed();
        let event = |kind: &str| NewEvent {
            kind: kind.to_owned(),
            subject: clinic.0.clone(),
            at: self.now(),
            body: String::new(),
        };
        let events = [event(ACCESS_ENDED), event(UNSENT_MAYBE_LOST)];
        match self.book(person.as_str()) {
            Ok(anew) => Ok(anew.vault.keep_moved(&[], &events)?),
            // Another clinic is to be asked first.
            Err(AppError::LeaseOver) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Erases a clinic from a book as [`Session::lose_access`] does; `knowing_of` as in `Vault::forget_clinic`.
    pub(crate) fn erase_clinic(
        &self,
        book: &OpenBook,
        clinic: &ClinicId,
        knowing_of: u64,
        events: Vec<NewEvent>,
    ) -> Result<(), AppError> {
        let account = self.account()?;
        let links = account.links(&book.person.id)?;
        let is_last = links.iter().all(|link| link.clinic == *clinic);
        if is_last && book.vault.own_documents()?.is_empty() {
            let count = book.vault.unsent(clinic)?;
            if count > knowing_of {
                return Err(AppError::Unsent { count });
            }
            self.destroy_book(&book.person.id, || Ok(()))?;
            let anew = self.book(book.person.id.as_str())?;
            anew.vault.keep_moved(&[], &events)?;
        } else {
            book.vault.forget_clinic(clinic, knowing_of)?;
            book.vault.keep_moved(&[], &events)?;
        }
        account.unlink(&book.person.id, clinic)?;
        self.leases.changed();
        Ok(())
    }
}
