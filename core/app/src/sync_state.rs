//! How a person's book stands with each clinic.

use std::collections::HashMap;

use sokhoe_client::ClientError;
use sokhoe_domain::{ClinicId, Timestamp};
use sokhoe_vault::ClinicSync;

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{ClinicSyncView, SyncState};

/// Why a try failed, as the vault keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    NotReached,
    NotEnrolled,
    BadAnswer,
}

impl Trouble {
    pub(crate) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Unreachable
            | ClientError::NoAnswer
            | ClientError::Busy { .. }
            | ClientError::Server { .. } => Self::NotReached,
            ClientError::Unauthorized | ClientError::NotFound => Self::NotEnrolled,
            ClientError::Gone
            | ClientError::Refused { .. }
            | ClientError::Garbled(_)
            | ClientError::Invalid => Self::BadAnswer,
        }
    }

    /// The text that is stored; never changed once released.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::NotReached => "not-reached",
            Self::NotEnrolled => "not-enrolled",
            Self::BadAnswer => "bad-answer",
        }
    }

    /// A newer program's trouble is at least that nothing came.
    fn from_code(code: &str) -> Self {
        [Self::NotEnrolled, Self::BadAnswer]
            .into_iter()
            .find(|trouble| trouble.code() == code)
            .unwrap_or(Self::NotReached)
    }
}

/// What has no answer of one clinic yet.
#[derive(Clone, Copy, Default)]
struct Unanswered {
    /// Decisions and what the person wrote.
    count: u64,
    /// Whether a byte of any of it may have left the phone.
    is_sent: bool,
}

impl Unanswered {
    fn add(&mut self, is_sent: bool) {
        self.count += 1;
        self.is_sent |= is_sent;
    }
}

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
        let mut unanswered: HashMap<ClinicId, Unanswered> = HashMap::new();
        for intent in book.vault.due(Timestamp::from_millis(i64::MAX))? {
            unanswered
                .entry(intent.clinic)
                .or_default()
                .add(intent.sent);
        }
        for change in book.vault.changes()? {
            if change.is_on_its_way() {
                unanswered
                    .entry(change.clinic)
                    .or_default()
                    .add(change.sent);
            }
        }
        let mut views = Vec::new();
        for link in account.links(&book.person.id)? {
            let Some(clinic) = account.clinic(&link.clinic)? else {
                continue;
            };
            let unanswered = unanswered.remove(&link.clinic).unwrap_or_default();
            let sync = known.remove(&link.clinic);
            let state = state_of(sync.as_ref(), unanswered);
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
                    unanswered.count,
                    self.now(),
                ),
                state,
                last_success,
                arrived,
                expected,
                waiting: unanswered.count,
                set_aside: sync.as_ref().map_or(0, |sync| sync.set_aside),
            });
        }
        Ok(views)
    }
}

/// The first that applies, the most pressing first: what has no answer is more pressing than whether what
/// is here is new.
fn state_of(sync: Option<&ClinicSync>, unanswered: Unanswered) -> SyncState {
    let trouble = sync.and_then(|sync| sync.trouble.as_deref().map(Trouble::from_code));
    if trouble == Some(Trouble::NotEnrolled) {
        return SyncState::NotEnrolled;
    }
    if unanswered.is_sent {
        return SyncState::Sending;
    }
    if unanswered.count > 0 {
        return SyncState::Waiting;
    }
    match (trouble, sync) {
        (Some(Trouble::NotEnrolled), _) => SyncState::NotEnrolled,
        (Some(Trouble::BadAnswer), _) => SyncState::BadAnswer,
        (Some(Trouble::NotReached), _) => SyncState::NotReached,
        // The last page is here, and then that it was the last is noted, with the time.
        (None, Some(sync)) if sync.caught_up && sync.reached.is_some() => SyncState::UpToDate,
        (None, Some(sync)) if sync.arrived > 0 => SyncState::Arriving,
        (None, _) => SyncState::Never,
    }
}
