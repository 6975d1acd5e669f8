//! Up: what a person wrote into what a clinic keeps.
//!
//! A change is written over the version that is known. When the clinic has another by now, that is read, merged, and
//! written over in turn; what both changed waits for the person. A change of which a byte may have arrived is asked
//! for before it is sent again, so that a lost answer makes nothing twice.

use std::collections::HashSet;
use std::time::Duration;

use sokhoe_client::{ClientError, Versioned};
use sokhoe_domain::planted::{Bug, is_planted};
use sokhoe_domain::{IntentId, ResourceKey, Timestamp};
use sokhoe_vault::{ChangeState, StoredChange, VaultError};

use crate::error::SyncError;
use crate::lane::{Engine, Lane};
use crate::pace::{self, HostPaces, WaitUntil};
use crate::up::readings::is_unnamed;
use crate::up::{Calls, Pushed, Urgency};

/// How often a change is written again because the clinic was faster, before it is put off.
const ROUNDS: u32 = 4;

/// What one exchange means for a change.
pub(super) enum Next {
    /// What the clinic has was taken in: look again.
    Look,
    /// It is for the clinic to be written to.
    Write,
    /// Nothing more can be done now.
    Stop,
}

/// One change under way.
pub(super) struct Attempt<'a> {
    pub(super) lane: &'a Lane,
    pushed: &'a mut Pushed,
    /// What the last exchange met instead of an answer: for the pace.
    failure: Option<ClientError>,
}

impl Engine {
    /// Sends what the person wrote: in order for one resource, independently across resources, every clinic beside the
    /// others. A clinic that cannot be reached holds back only its own.
    ///
    /// # Errors
    /// [`SyncError::Vault`] only: what clinics answer is a state, not an error.
    pub async fn push_changes(
        &self,
        lanes: &[Lane],
        urgency: Urgency,
        paces: &HostPaces,
    ) -> Result<Pushed, SyncError> {
        let until = urgency.until(self.clock.now());
        let changes = self.vault.changes()?;
        let sending: Vec<_> = lanes
            .iter()
            .filter_map(|lane| {
                let of_lane = |change: &&StoredChange| change.clinic == lane.clinic;
                let changes: Vec<StoredChange> = changes.iter().filter(of_lane).cloned().collect();
                (!changes.is_empty()).then(|| {
                    let (engine, lane) = (self.clone(), lane.clone());
                    let calls = Calls::of(&lane, urgency, paces);
                    tokio::spawn(async move {
                        engine.push_changes_to(&lane, &changes, &calls, until).await
                    })
                })
            })
            .collect();
        let mut pushed = self.gathered(sending).await?;
        let left = self.vault.changes()?;
        pushed.waiting = left.iter().filter(|change| change.is_on_its_way()).count() as u64;
        Ok(pushed)
    }

    async fn push_changes_to(
        &self,
        lane: &Lane,
        changes: &[StoredChange],
        calls: &Calls,
        until: Timestamp,
    ) -> Result<Pushed, SyncError> {
        let mut pushed = Pushed::default();
        let mut blocked: HashSet<&ResourceKey> = HashSet::new();
        for change in changes {
            if pushed.is_over() || self.bounds.is_time_up(self.clock.now()) {
                break;
            }
            // What was refused is the person's to take back, and in nobody's way.
            if change.state == ChangeState::Refused || blocked.contains(&change.key) {
                continue;
            }
            let is_due = change.is_on_its_way() && change.not_before <= until;
            if !is_due {
                blocked.insert(&change.key);
                continue;
            }
            let permit = match calls.may_call(change.attempts) {
                Ok(permit) => permit,
                Err(WaitUntil(next_try)) => {
                    pushed.next_try.insert(lane.clinic.clone(), next_try);
                    break;
                }
            };
            let mut attempt = Attempt {
                lane,
                pushed: &mut pushed,
                failure: None,
            };
            let is_out = self.send_change(change.id, &mut attempt).await?;
            match attempt.failure {
                None => permit.succeeded(),
                Some(error) => permit.failed(&error),
            }
            if !is_out {
                blocked.insert(&change.key);
            }
        }
        Ok(pushed)
    }

    /// Sends one change; whether it is out of the way of those after it.
    async fn send_change(
        &self,
        id: IntentId,
        attempt: &mut Attempt<'_>,
    ) -> Result<bool, SyncError> {
        let mut asked = false;
        for _ in 0..ROUNDS {
            let Some(change) = self.vault.change(id)? else {
                attempt.pushed.settled += 1;
                return Ok(true);
            };
            if !change.is_on_its_way() {
                return Ok(change.state == ChangeState::Refused);
            }
            let must_ask = change.sent
                || !change.is_new() && (change.theirs.is_none() || change.version.is_none());
            let next = if must_ask && !asked {
                asked = true;
                if is_unnamed(attempt.lane, &change) {
                    self.ask_for_reading(&change, attempt).await?
                } else {
                    self.ask_for_change(&change, attempt).await?
                }
            } else {
                Next::Write
            };
            let next = match next {
                Next::Write => self.write_change(&change, attempt).await?,
                other => other,
            };
            if matches!(next, Next::Stop) {
                let left = self.vault.change(id)?;
                return Ok(left.is_none_or(|left| left.state == ChangeState::Refused));
            }
        }
        let Some(change) = self.vault.change(id)? else {
            attempt.pushed.settled += 1;
            return Ok(true);
        };
        if change.is_on_its_way() {
            self.put_change_off(&change, None, true)?;
        }
        Ok(false)
    }

    /// Reads what the clinic has.
    async fn ask_for_change(
        &self,
        change: &StoredChange,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        match attempt.lane.client.versioned(&change.key).await {
            Ok(found) => self.take_found(change, &found),
            // It never arrived there, or its answer would be another.
            Err(ClientError::NotFound) if change.is_new() => Ok(Next::Write),
            Err(error) => self.change_failed(change, error, attempt).await,
        }
    }

    async fn write_change(
        &self,
        change: &StoredChange,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        let merged = change.merged().filter(|merged| merged.conflicts.is_empty());
        let Some(merged) = merged.filter(|_| !change.is_done()) else {
            // Decided without the clinic: it has it all, or the person must say.
            let known = Versioned {
                json: change.theirs.clone().unwrap_or_default(),
                version: change.version.clone(),
            };
            return self.take_found(change, &known);
        };
        if is_unnamed(attempt.lane, change) {
            return self.write_reading(change, &merged.json, attempt).await;
        }
        if let Err(error) = self.vault.mark_change_sending(change.id, self.clock.now()) {
            return overtaken(error);
        }
        let over = change.theirs.as_ref().and(change.version.as_deref());
        let over = over.filter(|_| !is_planted(Bug::WrittenOverUnseen));
        match attempt
            .lane
            .client
            .put(&change.key, &merged.json, over)
            .await
        {
            Ok(stored) => self.take_found(change, &stored),
            Err(error) => self.not_put(change, error, attempt).await,
        }
    }

    /// What an answer that is none means for what was put there.
    pub(super) async fn not_put(
        &self,
        change: &StoredChange,
        error: ClientError,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        match error {
            // The clinic has another version: what is refused so has not happened.
            ClientError::Refused {
                status: 409 | 412 | 428,
                code,
                ..
            } => match attempt.lane.client.versioned(&change.key).await {
                Ok(found) => self.take_found(change, &found),
                Err(ClientError::NotFound) => self.refuse_change(change, &code),
                Err(error) => self.change_failed(change, error, attempt).await,
            },
            error => self.change_failed(change, error, attempt).await,
        }
    }

    pub(super) fn take_found(
        &self,
        change: &StoredChange,
        found: &Versioned,
    ) -> Result<Next, SyncError> {
        let version = found.version.as_deref();
        match self.vault.take_theirs(
            change.id,
            &found.json,
            version,
            change.version.as_deref(),
            self.clock.now(),
        ) {
            Ok(()) => Ok(Next::Look),
            Err(error) => overtaken(error),
        }
    }

    pub(super) fn refuse_change(
        &self,
        change: &StoredChange,
        reason: &str,
    ) -> Result<Next, SyncError> {
        match self
            .vault
            .refuse_change(change.id, reason, self.clock.now())
        {
            Ok(()) => Ok(Next::Stop),
            Err(error) => overtaken(error),
        }
    }

    pub(super) fn put_change_off(
        &self,
        change: &StoredChange,
        after: Option<Duration>,
        arrived: bool,
    ) -> Result<Next, SyncError> {
        let delay = pace::delay(change.attempts, after, &*self.rng);
        let not_before = self.clock.now().plus(delay);
        // Once a byte may have arrived only the clinic's word ends "sending".
        let arrived = arrived || change.sent;
        match self.vault.postpone_change(change.id, not_before, arrived) {
            Ok(()) => Ok(Next::Stop),
            Err(error) => overtaken(error),
        }
    }

    pub(super) async fn change_failed(
        &self,
        change: &StoredChange,
        error: ClientError,
        attempt: &mut Attempt<'_>,
    ) -> Result<Next, SyncError> {
        let error = self.unless_let_out(attempt.lane, error).await;
        attempt.failure = Some(error.clone());
        let clinic = attempt.lane.clinic.clone();
        match error {
            ClientError::Unreachable | ClientError::Key(_) => {
                attempt.pushed.unreachable.insert(clinic);
                self.put_change_off(change, None, false)
            }
            ClientError::NoAnswer | ClientError::Server { .. } | ClientError::Garbled(_) => {
                attempt.pushed.unreachable.insert(clinic);
                self.put_change_off(change, None, true)
            }
            ClientError::Busy { retry_after } => {
                attempt.pushed.unreachable.insert(clinic);
                self.put_change_off(change, retry_after, false)
            }
            ClientError::Unauthorized => {
                attempt.pushed.unauthorized.insert(clinic);
                self.put_change_off(change, None, false)
            }
            ClientError::NotFound => self.refuse_change(change, "not-found"),
            ClientError::Gone => self.refuse_change(change, "deleted"),
            ClientError::Invalid => self.refuse_change(change, "invalid-request"),
            ClientError::Refused { code, .. } => self.refuse_change(change, &code),
        }
    }
}

/// The feed, or the person, settled the change while it was on the way.
pub(super) fn overtaken(error: VaultError) -> Result<Next, SyncError> {
    match error {
        VaultError::UnknownIntent => Ok(Next::Look),
        other => Err(other.into()),
    }
}
