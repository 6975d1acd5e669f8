//! Taking a Slot, or another one that the person said would do.
//!
//! An Appointment has one id whichever Slot it is for, so before another Slot is tried two things must be certain: that
//! no Appointment of ours is there, and that nothing that was sent can still take the Slot tried before. A transaction
//! names the version of a free Slot; once that Slot is seen to be no longer free, or gone, it comes too late. Which
//! Slot is tried is noted before the first byte goes out for it, and every try begins with that one.

use std::collections::BTreeSet;

use sokhoe_client::ClientError;
use sokhoe_domain::{Refusal, Timestamp};
use sokhoe_fhir::{SlotBooking, SlotStatus, SlotView};
use sokhoe_vault::{StoredBooking, VaultError};

use super::{Attempt, ROUNDS, Said, is_closed, may_be_for_id, taking};
use crate::error::SyncError;
use crate::intent::BookIntent;

/// So many other Slots are tried at a time: where people want the same, several may be gone since the search.
const OTHERS: usize = 5;

/// What became of one Slot.
enum Taking {
    Said(Said),
    /// It is not to be had, ours is nowhere, and nothing on its way can take it.
    Lost(Lost),
}

/// Why a Slot is not to be had.
enum Lost {
    /// Somebody else has it.
    Taken(Box<SlotView>, String, Option<String>),
    NotOffered,
}

impl Attempt<'_> {
    /// Takes the named Slot or another that will do, unless that was done before.
    pub(super) async fn book(
        &self,
        intent: &BookIntent,
        booking: &StoredBooking,
    ) -> Result<Said, SyncError> {
        if self.sent
            && let Some(said) = self.settled().await?
        {
            return Ok(said);
        }
        if !self.ways.takes_bookings {
            return Ok(Said::Refused(Refusal::takes_no_bookings()));
        }
        let first = intent.trying.as_ref().unwrap_or(&intent.slot_id);
        let lost = match self.take(first, intent, booking.start).await? {
            Taking::Said(said) => return Ok(said),
            Taking::Lost(lost) => lost,
        };
        let mut tried = BTreeSet::from([first.clone()]);
        let others = self.others(intent, booking.start).await?;
        for other in others {
            if tried.contains(&other) {
                continue;
            }
            if tried.len() > OTHERS {
                return Ok(Said::NotYet);
            }
            if !self.notes(intent, &other)? {
                return Ok(Said::NotYet);
            }
            if let Taking::Said(said) = self.take(&other, intent, booking.start).await? {
                return Ok(said);
            }
            tried.insert(other);
        }
        Ok(Said::Refused(self.refusal(lost).await))
    }

    /// The ids of free Slots that will do, the nearest to the named time first.
    async fn others(
        &self,
        intent: &BookIntent,
        named: Timestamp,
    ) -> Result<Vec<String>, ClientError> {
        let Some(otherwise) = &intent.otherwise else {
            return Ok(Vec::new());
        };
        // Only it says what it was for, and with whom.
        let Some((slot, read)) = self.slot(&intent.slot_id).await? else {
            return Ok(Vec::new());
        };
        let schedule = self.schedule(&slot).await?;
        let found = self.engine.slots_that_will_do(
            self.lane,
            self.ways,
            (&slot, &read.json, schedule.as_deref()),
            named,
            otherwise,
        );
        match found.await {
            // It is not searched so: nobody knows what else there is.
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                Ok(Vec::new())
            }
            found => found,
        }
    }

    /// Notes that another Slot is tried from now on. Not when the intent was answered meanwhile.
    fn notes(&self, intent: &BookIntent, slot: &str) -> Result<bool, SyncError> {
        let noted = BookIntent {
            trying: Some(slot.to_owned()),
            ..intent.clone()
        };
        let body = serde_json::to_string(&noted).map_err(|_| ClientError::Invalid)?;
        match self.engine.vault.note(self.id, &body) {
            Ok(()) => Ok(true),
            Err(VaultError::UnknownIntent) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn refusal(&self, lost: Lost) -> Refusal {
        match lost {
            Lost::NotOffered => Refusal::NotOffered,
            Lost::Taken(slot, json, schedule) => {
                let (lane, ways) = (self.lane, self.ways);
                let alternatives =
                    self.engine
                        .alternatives(lane, ways, &slot, &json, schedule.as_deref());
                Refusal::SlotTaken {
                    alternatives: alternatives.await,
                }
            }
        }
    }

    /// Takes one Slot. `named` is the time that the person named for it.
    async fn take(
        &self,
        slot_id: &str,
        intent: &BookIntent,
        named: Timestamp,
    ) -> Result<Taking, ClientError> {
        let will_do = |start: Timestamp| match &intent.otherwise {
            Some(otherwise) if slot_id != intent.slot_id => otherwise.allows(start, true),
            // The person agreed to this time and to no other.
            _ => start == named,
        };
        let mut under_its_id = self.ways.client_ids != Some(false);
        let mut round = 0;
        while round < ROUNDS {
            let Some((slot, read_slot)) = self.slot(slot_id).await? else {
                return Ok(match self.settled().await? {
                    Some(said) => Taking::Said(said),
                    // With the time went what would tell whether it was ours.
                    None if self.may_lag() => Taking::Said(Said::Unclear),
                    None => Taking::Lost(Lost::NotOffered),
                });
            };
            let schedule = self.schedule(&slot).await?;
            if slot.status != SlotStatus::Free {
                if let Some(said) = self.settled().await? {
                    return Ok(Taking::Said(said));
                }
                if self.may_lag()
                    && let Some(said) = self.not_taken_for_sure(slot_id, &read_slot.json).await?
                {
                    return Ok(Taking::Said(said));
                }
                let taken = Lost::Taken(Box::new(slot), read_slot.json, schedule);
                return Ok(Taking::Lost(taken));
            }
            // No server of this kind minds the past.
            if !will_do(slot.start)
                || slot.start <= self.now()
                || schedule.as_deref().is_some_and(is_closed)
            {
                return Ok(match self.settled().await? {
                    Some(said) => Taking::Said(said),
                    // It is free: nothing else may be taken while what was sent for it may take it.
                    None if self.has_sent() => Taking::Said(Said::Refused(Refusal::NotOffered)),
                    None => Taking::Lost(Lost::NotOffered),
                });
            }
            let Some(version) = read_slot.version else {
                return self
                    .or_ours(Refusal::takes_no_bookings())
                    .await
                    .map(Taking::Said);
            };
            let new = SlotBooking {
                id: self.id,
                slot: &read_slot.json,
                schedule: schedule.as_deref(),
                patient: self.patient,
                occurrence: self.occurrence,
            };
            let Ok(writes) = taking(&new, &slot, version, under_its_id) else {
                return Ok(Taking::Said(Said::Unclear));
            };
            match self.transact(&writes).await {
                Ok(answer) => return self.written(&answer).await.map(Taking::Said),
                Err(error) if error.is_overtaken() => round += 1,
                // All of it was refused: it may be the id that this server gives by itself.
                Err(error)
                    if under_its_id && self.ways.client_ids.is_none() && may_be_for_id(&error) =>
                {
                    under_its_id = false;
                }
                Err(ClientError::Server { status: 501 }) => {
                    return Ok(Taking::Said(Said::Refused(Refusal::takes_no_bookings())));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Taking::Said(Said::Unclear))
    }
}
