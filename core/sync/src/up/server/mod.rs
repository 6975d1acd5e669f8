//! Booking, moving and cancelling at a FHIR server that is not ours.
//!
//! Such a server keeps no answers under an intent's id, so what became of one is read from its
//! Appointment, which carries that id. A time is taken by one transaction over the Slot's version: of
//! many who try, one wins. Once a Slot is no longer free it is never written over, since a server takes
//! "busy" over "busy" for no change at all and would book twice.

mod moving;
mod ours;
mod taking;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sokhoe_client::{ClientError, GarbledAnswer};
use sokhoe_domain::{BookingState, IntentId, Occurrence, Refusal, ResourceKey};
use sokhoe_fhir::appointment;
use sokhoe_fhir::scheduling::BookRequest;
use sokhoe_fhir::slot::with_status;
use sokhoe_fhir::slot_booking::{BOOKING, slots_of};
use sokhoe_fhir::{
    Appointment, AppointmentStatus, Ref, ScheduleView, SlotBooking, SlotStatus, SlotView, Write,
};
use sokhoe_vault::{IntentKind, StoredBooking, StoredIntent};

use self::ours::{Ours, Read};
use super::{Outcome, Pushed, UNCLEAR_ANSWERS, book_intent, move_intent};
use crate::appointment::{decided, is_another_slot, moved_as_wanted, of_another_time};
use crate::error::SyncError;
use crate::lane::{Engine, Lane};
use crate::pace::Permit;
use crate::server_slots::BookingWays;

/// How often one try begins again because somebody else wrote first, before it is put off.
const ROUNDS: u32 = 3;

/// What a server says of an intent.
enum Said {
    /// Its Appointment is there, and says what became of it.
    Appointment(Box<Appointment>),
    /// There will be none, or the one that is there stays as it is.
    Refused(Refusal),
    /// What was sent may be there and not be found yet.
    NotYet,
    /// Nothing from which anything follows.
    Unclear,
}

/// One intent at one server.
struct Attempt<'a> {
    engine: &'a Engine,
    lane: &'a Lane,
    ways: BookingWays,
    /// Of the booking, whatever the intent wants with it.
    id: IntentId,
    patient: &'a str,
    /// Which visit of a series it is.
    occurrence: Option<Occurrence>,
    /// Whether something of this intent may have been there before.
    sent: bool,
    /// Whether another time may be booked than the named one.
    has_otherwise: bool,
    /// Whether anything that writes may have arrived by now.
    wrote: AtomicBool,
    /// The server's time of its last answer to a search, by its own word, in milliseconds; 0 when it says none.
    looked: AtomicI64,
}

impl Engine {
    /// Sends one intent to a server that is not ours.
    pub(super) async fn send_to_server(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        before: StoredBooking,
        request: &BookRequest,
        permit: Permit,
        pushed: &mut Pushed,
    ) -> Result<Outcome, SyncError> {
        let mut wrote = false;
        let mut names = before.clone();
        let (named, wanted) = (book_intent(intent), move_intent(intent));
        let said = match self.booking_ways(lane).await {
            Ok(ways) => {
                let attempt = Attempt {
                    engine: self,
                    lane,
                    ways,
                    id: before.id,
                    patient: &request.patient,
                    occurrence: request.occurrence,
                    sent: intent.sent,
                    has_otherwise: request.otherwise.is_some(),
                    wrote: AtomicBool::new(false),
                    looked: AtomicI64::new(0),
                };
                let said = match (&named, &wanted) {
                    (Some(intent), _) => attempt.book(intent, &before).await,
                    (None, Some(wanted)) => {
                        let said = attempt.move_to(wanted, &before);
                        said.await.map_err(SyncError::from)
                    }
                    (None, None) => attempt.cancel(&before).await.map_err(SyncError::from),
                };
                let said = match said {
                    // A clinic may take days to confirm: whoever called it off meanwhile need not wait.
                    Ok(Said::Appointment(undecided))
                        if decided(undecided.status).is_none() && self.is_called_off(intent)? =>
                    {
                        attempt.cancel(&before).await.map_err(SyncError::from)
                    }
                    said => said,
                };
                if let Ok(Said::Appointment(appointment)) = &said
                    && is_another_slot(appointment, named.as_ref())
                    && let Some(slot) = &appointment.slot
                {
                    names = attempt.names_of(slot, &before).await;
                }
                if let (Ok(Said::Appointment(appointment)), Some(wanted)) = (&said, &wanted) {
                    names = match appointment.start == Some(wanted.start) {
                        true => moved_as_wanted(&before, wanted),
                        false => names,
                    };
                }
                wrote = attempt.wrote.into_inner();
                match said {
                    Ok(said) => Ok(said),
                    Err(SyncError::Client(error)) => Err(error),
                    Err(error) => return Err(error),
                }
            }
            // A word on what it can is none on this booking.
            Err(SyncError::Client(
                ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. },
            )) => Ok(Said::Unclear),
            Err(SyncError::Client(error)) => Err(error),
            Err(error) => return Err(error),
        };
        Ok(match said {
            Ok(said) => {
                permit.succeeded();
                self.server_said(intent, before, &names, said, wrote)
            }
            // One thing there cannot be read, which says nothing of the others.
            Err(error @ ClientError::Garbled(GarbledAnswer::NotFhir)) => {
                permit.failed(&error);
                self.server_said(intent, before, &names, Said::Unclear, wrote)
            }
            Err(error) => {
                let error = self.unless_let_out(lane, error).await;
                permit.failed(&error);
                match self.failed(lane, intent, before, error, pushed) {
                    // Whoever only read made nothing, and a busy gateway says nothing of what is behind it.
                    Outcome::Again { after, .. } => Outcome::Again {
                        after,
                        arrived: wrote,
                    },
                    other => other,
                }
            }
        })
    }

    /// Whether the cancellation of what an intent books waits for it.
    fn is_called_off(&self, intent: &StoredIntent) -> Result<bool, SyncError> {
        let waiting = self.vault.waiting()?;
        Ok(intent.kind == IntentKind::Book
            && waiting
                .iter()
                .any(|other| other.kind == IntentKind::Cancel && other.thing == intent.thing))
    }

    fn server_said(
        &self,
        intent: &StoredIntent,
        before: StoredBooking,
        names: &StoredBooking,
        said: Said,
        wrote: bool,
    ) -> Outcome {
        let unclear = Outcome::Unclear {
            too_many: UNCLEAR_ANSWERS,
        };
        match said {
            Said::Refused(refusal) => self.refused(intent, before, refusal),
            Said::Unclear => unclear,
            Said::NotYet => Outcome::Again {
                after: None,
                arrived: intent.sent || wrote,
            },
            Said::Appointment(appointment) => {
                let outcome = self.answered(intent, before, names, &appointment);
                match &outcome {
                    // It stands: whatever the server did, it did not cancel.
                    Outcome::Settled(booking, _)
                        if intent.kind == IntentKind::Cancel
                            && booking.state != BookingState::Cancelled =>
                    {
                        unclear
                    }
                    // It stands elsewhere: whatever the server did, it did not move.
                    Outcome::Settled(booking, _)
                        if booking.state == BookingState::Confirmed
                            && move_intent(intent)
                                .is_some_and(|wanted| wanted.start != booking.start) =>
                    {
                        unclear
                    }
                    _ => outcome,
                }
            }
        }
    }
}

impl Attempt<'_> {
    /// Cancels the Appointment and frees its Slot, where that is as the booking left it.
    async fn cancel(&self, booking: &StoredBooking) -> Result<Said, ClientError> {
        for _ in 0..ROUNDS {
            let (appointment, key, read_appointment) = match self.ours().await? {
                Ours::There(appointment, key, read) => (appointment, key, read),
                Ours::Gone(appointment) => return Ok(Said::Appointment(appointment)),
                Ours::None if self.sent => return Ok(Said::Unclear),
                Ours::None if self.is_new(booking) => return Ok(Said::NotYet),
                Ours::None => return Ok(Said::Refused(Refusal::NotOffered)),
            };
            match appointment.status {
                AppointmentStatus::Cancelled | AppointmentStatus::EnteredInError => {
                    return Ok(Said::Appointment(appointment));
                }
                AppointmentStatus::Arrived
                | AppointmentStatus::CheckedIn
                | AppointmentStatus::Fulfilled
                | AppointmentStatus::Noshow => {
                    let code = "business-rule".to_owned();
                    return Ok(Said::Refused(Refusal::Other { code }));
                }
                AppointmentStatus::Proposed
                | AppointmentStatus::Pending
                | AppointmentStatus::Booked
                | AppointmentStatus::Waitlist => {}
            }
            let cancelled =
                appointment::with_status(&read_appointment.json, AppointmentStatus::Cancelled);
            let (true, Some(version), Ok(json)) = (
                self.ways.takes_bookings,
                read_appointment.version,
                cancelled,
            ) else {
                return Ok(Said::Refused(Refusal::takes_no_bookings()));
            };
            let mut writes = vec![Write::Put {
                key,
                over: Some(version),
                json,
            }];
            for id in slots_of(&read_appointment.json) {
                writes.extend(self.freed(&id, &appointment).await?);
            }
            match self.transact(&writes).await {
                Ok(answer) => return self.written(&answer).await,
                Err(error) if error.is_overtaken() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Said::Unclear)
    }

    /// Frees a Slot that is busy at the Appointment's time; another one is not ours to free.
    async fn freed(
        &self,
        slot_id: &str,
        appointment: &Appointment,
    ) -> Result<Option<Write>, ClientError> {
        let Some((slot, read)) = self.slot(slot_id).await? else {
            return Ok(None);
        };
        let is_its = slot.status == SlotStatus::Busy && Some(slot.start) == appointment.start;
        let free = with_status(&read.json, SlotStatus::Free);
        let (true, Some(version), Ok(json)) = (is_its, read.version, free) else {
            return Ok(None);
        };
        Ok(Some(Write::Put {
            key: ResourceKey::new("Slot", slot_id),
            over: Some(version),
            json,
        }))
    }

    async fn transact(&self, writes: &[Write]) -> Result<String, ClientError> {
        let answer = self.lane.client.transact(writes).await;
        if !matches!(answer, Err(ClientError::Unreachable)) {
            self.wrote.store(true, Ordering::Relaxed);
        }
        answer
    }

    /// What the person sees of a booking at another Slot than the named one. What the server does not tell is empty.
    async fn names_of(&self, slot_id: &str, before: &StoredBooking) -> StoredBooking {
        let names = of_another_time(before);
        let told = match self.slot(slot_id).await {
            Ok(Some((slot, _))) => self.engine.told_of(self.lane, &slot).await,
            _ => return names,
        };
        let name = |one: Option<Ref>| one.map(|one| one.name).unwrap_or_default();
        StoredBooking {
            practitioner: name(told.practitioner),
            location: name(told.location),
            ..names
        }
    }

    /// A Slot as it is now; nothing when there is none.
    async fn slot(&self, id: &str) -> Result<Option<(SlotView, Read)>, ClientError> {
        let key = ResourceKey::new("Slot", id);
        let versioned = match self.lane.client.versioned(&key).await {
            Err(ClientError::NotFound | ClientError::Gone) => return Ok(None),
            other => other?,
        };
        let view = SlotView::from_json(&versioned.json)
            .map_err(|_| ClientError::Garbled(GarbledAnswer::NotFhir))?;
        let read = Read::of(versioned, view.version.clone());
        Ok(Some((view, read)))
    }

    /// A Slot's Schedule, unless it is not there or not for this phone.
    async fn schedule(&self, slot: &SlotView) -> Result<Option<String>, ClientError> {
        let Some(id) = &slot.schedule else {
            return Ok(None);
        };
        let key = ResourceKey::new("Schedule", id.as_str());
        match self.lane.client.versioned(&key).await {
            Ok(schedule) => Ok(Some(schedule.json)),
            Err(ClientError::NotFound | ClientError::Gone | ClientError::Refused { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// A server that gives all ids says so in one of these ways.
pub(super) const fn may_be_for_id(error: &ClientError) -> bool {
    matches!(
        error,
        ClientError::NotFound
            | ClientError::Refused {
                status: 400 | 405 | 422,
                ..
            }
            // Many say this one without a word.
            | ClientError::Garbled(GarbledAnswer::Status(405))
    )
}

fn is_closed(schedule: &str) -> bool {
    ScheduleView::from_json(schedule).is_ok_and(|schedule| !schedule.active)
}

/// The Slot becomes busy, and the Appointment is there: both or neither.
fn taking(
    new: &SlotBooking<'_>,
    slot: &SlotView,
    version: String,
    under_its_id: bool,
) -> Result<[Write; 2], sokhoe_fhir::FhirError> {
    let take = Write::Put {
        key: ResourceKey::new("Slot", slot.id.as_str()),
        over: Some(version),
        json: with_status(new.slot, SlotStatus::Busy)?,
    };
    let (id, json) = (new.id.to_string(), new.to_json(under_its_id)?);
    let book = if under_its_id {
        Write::Put {
            key: ResourceKey::new("Appointment", id),
            over: None,
            json,
        }
    } else {
        Write::Create {
            kind: "Appointment".to_owned(),
            identifier: (BOOKING.to_owned(), id),
            json,
        }
    };
    Ok([take, book])
}
