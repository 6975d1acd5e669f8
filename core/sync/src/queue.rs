//! A person's place in a clinic's queue of the day: asked for after every pull while they are there, and what they hear
//! of calls.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_client::ClientError;
use sokhoe_domain::{BookingState, IntentId, QueueCall, QueueStanding, Timestamp, Wire};
use sokhoe_fhir::{Appointment, AppointmentStatus, queue};
use sokhoe_vault::{NewEvent, NotedQueue};

use crate::error::SyncError;
use crate::lane::{Engine, Lane};

/// The kind of the event that it is a person's turn. Its body is [`Called`] as JSON.
pub const QUEUE_CALLED: &str = "queue-called";

/// The kind of the event that a person was called and was not there. Its body is [`Called`] as JSON.
pub const QUEUE_MISSED: &str = "queue-missed";

/// A call.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Called {
    /// The person's number; unset where the clinic does not tell it.
    pub number: Option<u32>,
    /// When, by the clinic's clock.
    pub at: Timestamp,
    /// Where to go; may be empty.
    pub station: String,
}

impl fmt::Debug for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Called").finish_non_exhaustive()
    }
}

/// What the person hears of a call, by what their appointment told before: each call once, and once that it was missed.
pub(crate) fn news(
    before: Option<&Appointment>,
    appointment: &Appointment,
    booking: IntentId,
    at: Timestamp,
) -> Option<NewEvent> {
    if appointment.status != AppointmentStatus::CheckedIn {
        return None;
    }
    let call: &QueueCall = appointment.called.as_ref()?;
    let known = before.and_then(|before| before.called.as_ref());
    if known == Some(call) {
        return None;
    }
    let kind = match call.missed {
        Some(_) => QUEUE_MISSED,
        None => QUEUE_CALLED,
    };
    let called = Called {
        number: appointment.queue_number,
        at: call.at,
        station: call.station.clone(),
    };
    Some(NewEvent {
        kind: kind.to_owned(),
        subject: booking.to_string(),
        at,
        body: serde_json::to_string(&called).unwrap_or_default(),
    })
}

/// What was noted of a place in a queue; nothing when it cannot be read.
#[must_use]
pub fn noted_standing(noted: &NotedQueue) -> Option<QueueStanding> {
    queue::from_parameters(&noted.body).ok()
}

impl Engine {
    /// Asks a clinic of ours how the person stands in its queue, as long as they are there, and keeps the answer. What the
    /// clinic does not tell, or tells so that it cannot be read, stays as it is.
    ///
    /// # Errors
    /// [`SyncError`] when the clinic cannot be reached; what was noted stays.
    pub(crate) async fn ask_queue(&self, lane: &Lane) -> Result<(), SyncError> {
        if lane.wire != Wire::Clinic {
            return Ok(());
        }
        let there: Vec<IntentId> = self
            .vault
            .bookings()?
            .into_iter()
            .filter(|it| it.state == BookingState::CheckedIn && it.clinic == lane.clinic)
            .map(|it| it.id)
            .collect();
        for noted in self.vault.noted_queues()? {
            if noted.clinic == lane.clinic && !there.contains(&noted.booking) {
                self.vault.forget_queue(noted.booking)?;
            }
        }
        for booking in there {
            match lane.client.queue(&booking.to_string()).await {
                Ok((_, body)) => self.vault.note_queue(&NotedQueue {
                    booking,
                    clinic: lane.clinic.clone(),
                    received: self.clock.now(),
                    body,
                })?,
                Err(
                    ClientError::NotFound
                    | ClientError::Gone
                    | ClientError::Refused { .. }
                    | ClientError::Garbled(_)
                    | ClientError::Invalid,
                ) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sokhoe_domain::ports::Rng;
    use sokhoe_testing::SeededRng;

    use super::*;

    fn called(minute: i64, missed: Option<i64>) -> Appointment {
        let at = |minute: i64| Timestamp::from_millis(minute * 60_000);
        Appointment {
            status: AppointmentStatus::CheckedIn,
            queue_number: Some(12),
            called: Some(QueueCall {
                at: at(minute),
                station: "Phòng 3".to_owned(),
                missed: missed.map(at),
            }),
            ..Appointment::default()
        }
    }

    #[test]
    fn each_call_is_told_once_and_once_that_it_was_missed() {
        let rng: &dyn Rng = &SeededRng::new(1);
        let now = Timestamp::from_millis(0);
        let booking = IntentId::new(now, rng);
        let heard = |before: Option<&Appointment>, appointment: &Appointment| {
            news(before, appointment, booking, now).map(|event| event.kind)
        };
        let waits = Appointment {
            called: None,
            ..called(1, None)
        };
        let (first, again, missed) = (called(1, None), called(2, None), called(2, Some(5)));
        assert_eq!(heard(None, &waits), None);
        assert_eq!(heard(None, &first).as_deref(), Some(QUEUE_CALLED));
        assert_eq!(heard(Some(&waits), &first).as_deref(), Some(QUEUE_CALLED));
        assert_eq!(heard(Some(&first), &first), None);
        assert_eq!(heard(Some(&first), &again).as_deref(), Some(QUEUE_CALLED));
        assert_eq!(heard(Some(&again), &missed).as_deref(), Some(QUEUE_MISSED));
        assert_eq!(heard(Some(&missed), &missed), None);
        assert_eq!(heard(Some(&missed), &waits), None);
        // Of a visit that is over nobody need hear.
        let over = Appointment {
            status: AppointmentStatus::Fulfilled,
            ..first.clone()
        };
        assert_eq!(heard(Some(&waits), &over), None);
        let event = news(None, &first, booking, now).unwrap();
        let told: Called = serde_json::from_str(&event.body).unwrap();
        assert_eq!((told.number, &*told.station), (Some(12), "Phòng 3"));
    }
}
