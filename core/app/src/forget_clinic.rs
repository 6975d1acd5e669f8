//! A person takes a clinic out of their book.

use sokhoe_domain::ClinicId;

use crate::error::AppError;
use crate::session::SoKhoe;

impl SoKhoe {
    /// Takes a clinic out of a person's book: what came from it is erased from this phone, and it is not asked any more.
    /// The person's own documents and other clinics' stay. The clinic itself is told nothing.
    ///
    /// What the clinic does not have yet would be lost: `unsent` is how much of that the person was told of
    /// ([`AppError::Unsent`]), at first none. A trip of several of which nothing was sent yet is taken back for all.
    ///
    /// # Errors
    /// [`AppError::Unsent`] when it would be more; [`AppError::NotFound`] for a clinic that does not know the person;
    /// what opening a book may give. Nothing is erased then.
    pub async fn forget_clinic(
        &self,
        person_id: &str,
        clinic_id: &str,
        unsent: u64,
    ) -> Result<(), AppError> {
        self.not_moved()?;
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let clinic = ClinicId::from(clinic_id);
        session.patient_at(&book.person.id, &clinic)?;
        // Nothing of it is being sent meanwhile.
        let _one_at_a_time = book.syncing.lock().await;
        if book.vault.unsent(&clinic)? <= unsent {
            session.take_trips_back(&book, Some(&clinic))?;
        }
        session.erase_clinic(&book, &clinic, unsent, Vec::new())
    }
}
