//! Moving an Appointment to another Slot: in one transaction the new Slot becomes busy, the old one free, and the
//! Appointment is at the new one, each over the version that was read. Until then it stands where it was.

use sokhoe_client::ClientError;
use sokhoe_domain::{Refusal, ResourceKey};
use sokhoe_fhir::slot::with_status;
use sokhoe_fhir::slot_booking::{moved, slots_of};
use sokhoe_fhir::{Appointment, AppointmentStatus, SlotStatus, SlotView, Write};
use sokhoe_vault::StoredBooking;

use super::ours::{Ours, Read};
use super::{Attempt, ROUNDS, Said, is_closed};
use crate::intent::MoveIntent;

/// The Slot that a booking is to move to.
enum Target {
    /// It is free, and what the person saw.
    Free(Box<SlotView>, Read, Option<String>),
    /// Somebody has it.
    Taken(Box<SlotView>, Read, Option<String>),
    /// It is free, and not what the person saw, or over.
    Another,
    /// There is none.
    Gone,
}

impl Attempt<'_> {
    /// Moves the Appointment to the wanted Slot, unless that was done before.
    pub(super) async fn move_to(
        &self,
        wanted: &MoveIntent,
        booking: &StoredBooking,
    ) -> Result<Said, ClientError> {
        for _ in 0..ROUNDS {
            let (appointment, key, read) = match self.ours().await? {
                Ours::There(appointment, key, read) => (appointment, key, read),
                Ours::Gone(appointment) => return Ok(Said::Appointment(appointment)),
                Ours::None if self.sent => return Ok(Said::Unclear),
                Ours::None if self.is_new(booking) => return Ok(Said::NotYet),
                Ours::None => return Ok(Said::Refused(Refusal::NotOffered)),
            };
            if is_at(&read.json, wanted) {
                return Ok(Said::Appointment(appointment));
            }
            match appointment.status {
                AppointmentStatus::Cancelled | AppointmentStatus::EnteredInError => {
                    return Ok(Said::Appointment(appointment));
                }
                AppointmentStatus::Proposed
                | AppointmentStatus::Pending
                | AppointmentStatus::Waitlist
                | AppointmentStatus::Arrived
                | AppointmentStatus::CheckedIn
                | AppointmentStatus::Fulfilled
                | AppointmentStatus::Noshow => {
                    let code = "business-rule".to_owned();
                    return Ok(Said::Refused(Refusal::Other { code }));
                }
                AppointmentStatus::Booked => {}
            }
            if !self.ways.takes_bookings {
                return Ok(Said::Refused(Refusal::takes_no_bookings()));
            }
            let (slot, read_slot, schedule) = match self.target(wanted).await? {
                Target::Free(slot, read, schedule) => (slot, read, schedule),
                Target::Another | Target::Gone => {
                    return self.or_there(&key, wanted, Refusal::NotOffered).await;
                }
                Target::Taken(slot, read_slot, schedule) => {
                    let alternatives = self.engine.alternatives(
                        self.lane,
                        self.ways,
                        &slot,
                        &read_slot.json,
                        schedule.as_deref(),
                    );
                    let refusal = Refusal::SlotTaken {
                        alternatives: alternatives.await,
                    };
                    return self.or_there(&key, wanted, refusal).await;
                }
            };
            let writes = self.moving(&appointment, key, read, (&slot, read_slot, schedule));
            let Some(writes) = writes.await? else {
                return Ok(Said::Refused(Refusal::takes_no_bookings()));
            };
            match self.transact(&writes).await {
                Ok(answer) => return self.written(&answer).await,
                Err(error) if error.is_overtaken() => {}
                Err(ClientError::Server { status: 501 }) => {
                    return Ok(Said::Refused(Refusal::takes_no_bookings()));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Said::Unclear)
    }

    /// The Slot as it is now.
    async fn target(&self, wanted: &MoveIntent) -> Result<Target, ClientError> {
        let Some((slot, read)) = self.slot(&wanted.slot_id).await? else {
            return Ok(Target::Gone);
        };
        let schedule = self.schedule(&slot).await?;
        if slot.status != SlotStatus::Free {
            return Ok(Target::Taken(Box::new(slot), read, schedule));
        }
        // The person agreed to this time and to no other, and no server of this kind minds the past.
        let is_offered = slot.start == wanted.start
            && slot.start > self.now()
            && !schedule.as_deref().is_some_and(is_closed);
        Ok(match is_offered {
            true => Target::Free(Box::new(slot), read, schedule),
            false => Target::Another,
        })
    }

    /// A refusal, unless what was sent before has arrived: the Appointment was read before the Slot was.
    async fn or_there(
        &self,
        key: &ResourceKey,
        wanted: &MoveIntent,
        refusal: Refusal,
    ) -> Result<Said, ClientError> {
        let read = match self.lane.client.versioned(key).await {
            Ok(read) => read,
            Err(ClientError::NotFound | ClientError::Gone) => return Ok(Said::Unclear),
            Err(error) => return Err(error),
        };
        if is_at(&read.json, wanted)
            && let Ours::There(appointment, ..) = self.taken_for_ours(key.clone(), read)?
        {
            return Ok(Said::Appointment(appointment));
        }
        Ok(Said::Refused(refusal))
    }

    /// All that is written, or nothing when the server tells no versions.
    async fn moving(
        &self,
        appointment: &Appointment,
        key: ResourceKey,
        read: Read,
        (slot, read_slot, schedule): (&SlotView, Read, Option<String>),
    ) -> Result<Option<Vec<Write>>, ClientError> {
        let json = moved(&read.json, &read_slot.json, schedule.as_deref());
        let busy = with_status(&read_slot.json, SlotStatus::Busy);
        let (Some(of_slot), Some(of_appointment), Ok(json), Ok(busy)) =
            (read_slot.version, read.version, json, busy)
        else {
            return Ok(None);
        };
        let mut writes = vec![
            Write::Put {
                key: ResourceKey::new("Slot", slot.id.as_str()),
                over: Some(of_slot),
                json: busy,
            },
            Write::Put {
                key,
                over: Some(of_appointment),
                json,
            },
        ];
        for id in slots_of(&read.json) {
            writes.extend(self.freed(&id, appointment).await?);
        }
        Ok(Some(writes))
    }
}

/// Whether an Appointment has the wanted Slot.
fn is_at(appointment: &str, wanted: &MoveIntent) -> bool {
    slots_of(appointment).contains(&wanted.slot_id)
}
