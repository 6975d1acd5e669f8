//! How far what a person wrote has come, and taking it back.

use std::collections::HashMap;

use sokhoe_domain::{ClinicId, IntentId, ResourceKey};
use sokhoe_sync::Urgency;
use sokhoe_vault::{ChangeState, StoredChange, VaultError};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{SyncStateView, SyncStatus};

/// The changes of a book by what they change; of several the one that a person must know of.
pub(crate) type SyncStates = HashMap<(ClinicId, ResourceKey), SyncStateView>;

impl SoKhoe {
    /// Takes back what a person wrote and a clinic does not have: what was refused, what waits, what is in conflict. What
    /// the clinic has is shown again.
    ///
    /// # Errors
    /// [`AppError::NotFound`] also once the clinic has it; [`AppError::Validation`] while it may have arrived.
    pub fn take_back(&self, person_id: &str, change_id: &str) -> Result<(), AppError> {
        self.not_moved()?;
        let book = self.inner.book(person_id)?;
        let id = change_id_of(change_id)?;
        match book.vault.drop_change(id, self.inner.now()) {
            Err(VaultError::UnknownIntent) => Err(AppError::not_found("change")),
            Err(VaultError::Busy) => Err(AppError::invalid("change", "is on its way")),
            other => Ok(other?),
        }
    }

    /// Sends what the person wrote. A clinic that cannot be reached is no error: it stays and waits.
    pub(crate) async fn send_changes(&self, person_id: &str) -> Result<(), AppError> {
        let session = &*self.inner;
        let book = session.book(person_id)?;
        let lanes = session.lanes(&book.person.id)?;
        let _one_at_a_time = book.syncing.lock().await;
        session
            .engine(&book)
            .push_changes(&lanes, Urgency::Foreground, &session.paces)
            .await?;
        Ok(())
    }
}

pub(crate) fn change_id_of(text: &str) -> Result<IntentId, AppError> {
    text.parse().map_err(|_| AppError::not_found("change"))
}

impl Session {
    pub(crate) fn sync_states(&self, book: &OpenBook) -> Result<SyncStates, AppError> {
        let mut states = SyncStates::new();
        for change in book.vault.changes()? {
            let place = (change.clinic.clone(), change.key.clone());
            let known = states.get(&place).map(|state| state.status);
            if known.is_none_or(|known| weight(known) <= weight(status(change.state))) {
                states.insert(place, self.sync_state(&change));
            }
        }
        Ok(states)
    }

    pub(crate) fn sync_state(&self, change: &StoredChange) -> SyncStateView {
        let status = status(change.state);
        SyncStateView {
            id: change.id.to_string(),
            status,
            text: self.words.change_state(status, &change.reason),
        }
    }

    /// The clinic that is meant: the one that is named, else the only one of the person.
    pub(crate) fn clinic_of(
        &self,
        book: &OpenBook,
        named: Option<String>,
    ) -> Result<ClinicId, AppError> {
        if let Some(named) = named {
            let clinic = ClinicId(named);
            self.patient_at(&book.person.id, &clinic)?;
            return Ok(clinic);
        }
        let mut links = self.account()?.links(&book.person.id)?.into_iter();
        match (links.next(), links.next()) {
            (Some(link), None) => Ok(link.clinic),
            (Some(_), Some(_)) => Err(AppError::invalid("clinic_id", "must be one of several")),
            (None, _) => Err(AppError::not_found("clinic")),
        }
    }
}

const fn status(state: ChangeState) -> SyncStatus {
    match state {
        ChangeState::Waiting => SyncStatus::Waiting,
        ChangeState::Sending => SyncStatus::Sending,
        ChangeState::Refused => SyncStatus::Refused,
        ChangeState::Conflict => SyncStatus::Conflict,
    }
}

/// What needs the person comes before what goes by itself.
const fn weight(status: SyncStatus) -> u8 {
    match status {
        SyncStatus::Waiting => 0,
        SyncStatus::Sending => 1,
        SyncStatus::Refused => 2,
        SyncStatus::Conflict => 3,
    }
}
