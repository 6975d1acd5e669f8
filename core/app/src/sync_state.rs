//! How a person's book stands with each clinic.

use std::collections::HashMap;

use sokhoe_domain::Timestamp;
use sokhoe_vault::{ClinicSync, StoredIntent};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{ClinicSyncView, SyncState};

impl SoKhoe {
    /// How a person's book stands with every clinic that keeps a record of them.
    ///
    /// # Errors
    /// [`AppError::NotFound`], what opening a book may give.
    pub fn sync_state(&self, person_id: &str) -> Result<Vec<ClinicSyncView>, AppError> {
        let book = self.inner.book(person_id)?;
        self.inner.clinic_sync_views(&book)
    }
}

impl Session {
    pub(crate) fn clinic_sync_views(
        &self,
        book: &OpenBook,
    ) -> Result<Vec<ClinicSyncView>, AppError> {
        let account = self.account()?;
        let mut known: HashMap<_, _> = book
            .vault
            .clinic_syncs()?
            .into_iter()
            .map(|sync| (sync.clinic.clone(), sync))
            .collect();
        let intents = book.vault.due(Timestamp::from_millis(i64::MAX))?;
        let mut views = Vec::new();
        for link in account.links(&book.person.id)? {
            let Some(clinic) = account.clinic(&link.clinic)? else {
                continue;
            };
            let waiting: Vec<&StoredIntent> = intents
                .iter()
                .filter(|intent| intent.clinic == link.clinic)
                .collect();
            let sync = known.remove(&link.clinic);
            let state = state_of(sync.as_ref(), &waiting);
            let last_success = sync.as_ref().and_then(|sync| sync.reached);
            let arrived = sync.as_ref().map_or(0, |sync| sync.arrived);
            let expected = sync.as_ref().and_then(|sync| sync.expected);
            views.push(ClinicSyncView {
                clinic_id: link.clinic.0,
                clinic_name: clinic.name,
                text: self.words.sync_state(
                    state,
                    last_success,
                    (arrived, expected),
                    waiting.len() as u64,
                    self.now(),
                ),
                state,
                last_success,
                arrived,
                expected,
                waiting: waiting.len() as u64,
                set_aside: sync.as_ref().map_or(0, |sync| sync.set_aside),
            });
        }
        Ok(views)
    }
}

/// The first that applies, the most pressing first: what has no answer is more pressing than whether what
/// is here is new.
fn state_of(sync: Option<&ClinicSync>, waiting: &[&StoredIntent]) -> SyncState {
    let trouble = sync.and_then(|sync| sync.trouble.as_deref());
    if trouble == Some("not-enrolled") {
        return SyncState::NotEnrolled;
    }
    if waiting.iter().any(|intent| intent.sent) {
        return SyncState::Sending;
    }
    if !waiting.is_empty() {
        return SyncState::Waiting;
    }
    match (trouble, sync) {
        (Some("bad-answer"), _) => SyncState::BadAnswer,
        (Some(_), _) => SyncState::NotReached,
        // The last page is here, and then that it was the last is noted, with the time.
        (None, Some(sync)) if sync.caught_up && sync.reached.is_some() => SyncState::UpToDate,
        (None, Some(sync)) if sync.arrived > 0 => SyncState::Arriving,
        (None, _) => SyncState::Never,
    }
}
