//! How a person's book stands with each clinic.

use std::collections::HashMap;

use sokhoe_client::ClientError;
use sokhoe_domain::{ClinicId, Timestamp};
use sokhoe_sync::{Cause, ONLY_AHEAD};
use sokhoe_vault::{ChangeState, ClinicSync};

use crate::error::AppError;
use crate::session::{OpenBook, Session, SoKhoe};
use crate::views::{ClinicSyncView, SyncState};
use crate::words::SyncWords;

/// Why a try failed, as the vault keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    NotReached,
    NotEnrolled,
    BadAnswer,
    /// None of the clinic's: the phone waits with what is still to come.
    HeldBack,
    /// The same, and what is looked for first is here.
    OnlyAhead,
}

impl Trouble {
    pub(crate) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Unreachable
            | ClientError::NoAnswer
            | ClientError::Key(_)
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
            Self::HeldBack => "held-back",
            Self::OnlyAhead => ONLY_AHEAD,
        }
    }

    /// A newer program's trouble is at least that nothing came.
    pub(crate) fn from_code(code: &str) -> Self {
        let known = [
            Self::NotEnrolled,
            Self::BadAnswer,
            Self::HeldBack,
            Self::OnlyAhead,
        ];
        known
            .into_iter()
            .find(|trouble| trouble.code() == code)
            .unwrap_or(Self::NotReached)
    }
}

/// What has no answer of one clinic yet.
#[derive(Clone, Copy, Default)]
pub(crate) struct Unanswered {
    /// Decisions and what the person wrote.
    pub(crate) count: u64,
    /// Of these, what a byte of may have left the phone.
    pub(crate) sent: u64,
}

impl Unanswered {
    fn add(&mut self, is_sent: bool) {
        self.count += 1;
        self.sent += u64::from(is_sent);
    }
}

/// What goes no further by itself, of one clinic.
#[derive(Clone, Copy, Default)]
struct Stopped {
    parked: u64,
    refused: u64,
    conflicts: u64,
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
        let mut unanswered = self.unanswered(book)?;
        let mut stopped = stopped(book)?;
        // What would be fetched if its time came now.
        let held_back = self.allowance(Cause::Schedule).held_back;
        let mut views = Vec::new();
        for link in account.links(&book.person.id)? {
            let Some(clinic) = account.clinic(&link.clinic)? else {
                continue;
            };
            let unanswered = unanswered.remove(&link.clinic).unwrap_or_default();
            let stopped = stopped.remove(&link.clinic).unwrap_or_default();
            let host = self.client(&clinic)?.origin();
            let sync = known.remove(&link.clinic);
            let state = state_of(sync.as_ref(), unanswered);
            let is_whole = sync
                .as_ref()
                .is_some_and(|sync| sync.caught_up && !is_held_back(sync));
            let held_back = held_back.filter(|_| !is_whole);
            let last_success = sync.as_ref().and_then(|sync| sync.reached);
            let arrived = sync.as_ref().map_or(0, |sync| sync.arrived);
            let expected = sync.as_ref().and_then(|sync| sync.expected);
            views.push(ClinicSyncView {
                support_code: self.support_code(&link.clinic)?,
                clinic_id: link.clinic.0,
                clinic_name: clinic.name,
                text: self.words.sync_state(&SyncWords {
                    state,
                    wire: clinic.wire,
                    last_success,
                    arrived,
                    expected,
                    waiting: unanswered.count,
                    held_back,
                    now: self.now(),
                }),
                state,
                last_success,
                arrived,
                expected,
                waiting: unanswered.count,
                sending: unanswered.sent,
                parked: stopped.parked,
                refused: stopped.refused,
                conflicts: stopped.conflicts,
                held_back,
                next_try: self.paces.left_alone_until(&host),
                set_aside: sync.as_ref().map_or(0, |sync| sync.set_aside),
            });
        }
        Ok(views)
    }

    pub(crate) fn unanswered(
        &self,
        book: &OpenBook,
    ) -> Result<HashMap<ClinicId, Unanswered>, AppError> {
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
        Ok(unanswered)
    }
}

fn stopped(book: &OpenBook) -> Result<HashMap<ClinicId, Stopped>, AppError> {
    let mut stopped: HashMap<ClinicId, Stopped> = HashMap::new();
    for parked in book.vault.parked()? {
        stopped.entry(parked.intent.clinic).or_default().parked += 1;
    }
    for change in book.vault.changes()? {
        let of = stopped.entry(change.clinic).or_default();
        match change.state {
            ChangeState::Refused => of.refused += 1,
            ChangeState::Conflict => of.conflicts += 1,
            ChangeState::Waiting | ChangeState::Sending => {}
        }
    }
    Ok(stopped)
}

fn is_held_back(sync: &ClinicSync) -> bool {
    let trouble = sync.trouble.as_deref().map(Trouble::from_code);
    matches!(trouble, Some(Trouble::HeldBack | Trouble::OnlyAhead))
}

/// The first that applies, the most pressing first: what has no answer is more pressing than whether what
/// is here is new.
fn state_of(sync: Option<&ClinicSync>, unanswered: Unanswered) -> SyncState {
    let trouble = sync.and_then(|sync| sync.trouble.as_deref().map(Trouble::from_code));
    if trouble == Some(Trouble::NotEnrolled) {
        return SyncState::NotEnrolled;
    }
    if unanswered.sent > 0 {
        return SyncState::Sending;
    }
    if unanswered.count > 0 {
        return SyncState::Waiting;
    }
    match (trouble, sync) {
        (Some(Trouble::NotEnrolled), _) => SyncState::NotEnrolled,
        (Some(Trouble::BadAnswer), _) => SyncState::BadAnswer,
        (Some(Trouble::NotReached), _) => SyncState::NotReached,
        (Some(Trouble::HeldBack | Trouble::OnlyAhead), _) => SyncState::HeldBack,
        // The last page is here, and then that it was the last is noted, with the time.
        (None, Some(sync)) if sync.caught_up && sync.reached.is_some() => SyncState::UpToDate,
        (None, Some(sync)) if sync.arrived > 0 => SyncState::Arriving,
        (None, _) => SyncState::Never,
    }
}
