//! The person's decision of what they and a clinic changed differently.

use sokhoe_fhir::merge::Standing;
use sokhoe_vault::VaultError;

use crate::changes::change_id_of;
use crate::error::AppError;
use crate::session::SoKhoe;
use crate::views::Keep;

impl SoKhoe {
    /// Decides a conflict: what the person wrote goes to the clinic, or what the clinic has stays. On disk before
    /// anything is sent.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is nothing to decide any more; what writing to a book may give.
    pub async fn settle_conflict(
        &self,
        person_id: &str,
        conflict_id: &str,
        keep: Keep,
    ) -> Result<(), AppError> {
        self.not_moved()?;
        let book = self.inner.book(person_id)?;
        let id = change_id_of(conflict_id)?;
        let standing = match keep {
            Keep::Mine => Standing::Ours,
            Keep::Clinics => Standing::Theirs,
        };
        match book.vault.decide_change(id, standing, self.inner.now()) {
            Err(VaultError::UnknownIntent) => return Err(AppError::not_found("conflict")),
            other => other?,
        }
        self.send_changes(person_id).await
    }
}
