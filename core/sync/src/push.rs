//! Up: the outbox.

use std::collections::{BTreeSet, HashSet};

use sokhoe_client::ClientError;
use sokhoe_domain::{BookingState, ClinicId, Refusal, Timestamp};
use sokhoe_fhir::scheduling::BookRequest;
use sokhoe_fhir::{Appointment, AppointmentStatus};
use sokhoe_vault::{IntentKind, NewEvent, StoredBooking, StoredIntent};

use crate::error::SyncError;
use crate::intent::{BookIntent, CancelIntent};
use crate::lane::{Engine, Lane};
use crate::retry;

/// Whether a person waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A person looks at the screen: intents go out at once, whatever their backoff says.
    Foreground,
    /// Nobody waits: only intents whose time has come.
    Background,
}

/// What became of the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Intents that were answered for good.
    pub settled: u64,
    /// Intents that still wait.
    pub waiting: u64,
    /// Clinics that could not be reached.
    pub unreachable: BTreeSet<ClinicId>,
    /// Clinics that no longer know this phone.
    pub unauthorized: BTreeSet<ClinicId>,
}

/// What one exchange means for an intent.
enum Outcome {
    Settled(StoredBooking, Vec<NewEvent>),
    Again {
        after: Option<std::time::Duration>,
        arrived: bool,
    },
    NotKnownHere,
}

impl Engine {
    /// Sends what waits: in order for one thing, independently across things; a clinic that cannot be
    /// reached holds back only its own.
    ///
    /// # Errors
    /// [`SyncError::Vault`] only: what clinics answer is a state, not an error.
    pub async fn push(&self, lanes: &[Lane], urgency: Urgency) -> Result<Pushed, SyncError> {
        let mut pushed = Pushed::default();
        let mut blocked: HashSet<String> = HashSet::new();
        let now = match urgency {
            Urgency::Foreground => Timestamp::from_millis(i64::MAX),
            Urgency::Background => self.clock.now(),
        };
        for intent in self.vault.due(now)? {
            let lane = lanes.iter().find(|lane| lane.clinic == intent.clinic);
            let away = pushed.unreachable.contains(&intent.clinic)
                || pushed.unauthorized.contains(&intent.clinic);
            let (Some(lane), false, false) = (lane, away, blocked.contains(&intent.thing)) else {
                continue;
            };
            if !self.send(lane, &intent, &mut pushed).await? {
                blocked.insert(intent.thing.clone());
            }
        }
        pushed.waiting = self.vault.due(Timestamp::from_millis(i64::MAX))?.len() as u64;
        Ok(pushed)
    }

    /// Sends one intent; whether it is settled.
    async fn send(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        pushed: &mut Pushed,
    ) -> Result<bool, SyncError> {
        let Some(booking) = self.booking_of(intent)? else {
            return Ok(false);
        };
        let Some(request) = request_of(intent) else {
            return Ok(false);
        };
        self.vault.mark_sending(intent.id, self.clock.now())?;
        let outcome = match lane.client.book(&request, intent.id).await {
            Ok(answer) => self.answered(intent, booking, &answer.appointment),
            Err(error) => self.failed(lane, intent, booking, error, pushed),
        };
        match outcome {
            Outcome::Settled(booking, events) => {
                self.vault.settle(intent.id, &booking, &events)?;
                pushed.settled += 1;
                Ok(true)
            }
            Outcome::Again { after, arrived } => {
                let delay = retry::delay(intent.attempts, after, &*self.rng);
                // Once a byte may have arrived the clinic may have acted: only its answer ends "sending".
                let state = if arrived || intent.sent {
                    BookingState::Sending
                } else {
                    BookingState::WaitingForNetwork
                };
                self.vault
                    .postpone(intent.id, self.clock.now().plus(delay), state)?;
                Ok(false)
            }
            Outcome::NotKnownHere => {
                let delay = retry::delay(intent.attempts, None, &*self.rng);
                self.vault.postpone(
                    intent.id,
                    self.clock.now().plus(delay),
                    BookingState::WaitingForNetwork,
                )?;
                pushed.unauthorized.insert(lane.clinic.clone());
                Ok(false)
            }
        }
    }

    fn booking_of(&self, intent: &StoredIntent) -> Result<Option<StoredBooking>, SyncError> {
        match intent.thing.parse() {
            Ok(id) => Ok(self.vault.booking(id)?),
            Err(_) => Ok(None),
        }
    }

    fn answered(
        &self,
        intent: &StoredIntent,
        before: StoredBooking,
        appointment: &Appointment,
    ) -> Outcome {
        let next = match appointment.status {
            AppointmentStatus::Cancelled => BookingState::Cancelled,
            AppointmentStatus::Proposed | AppointmentStatus::Pending => {
                // Neither booked nor refused: the clinic has not decided.
                return Outcome::Again {
                    after: None,
                    arrived: true,
                };
            }
            _ => BookingState::Confirmed,
        };
        let kind = match (&intent.kind, &next) {
            (_, BookingState::Cancelled) => "booking-cancelled",
            _ => "booking-confirmed",
        };
        let events = (before.state != next)
            .then(|| self.event(kind, intent))
            .into_iter()
            .collect();
        let mut booking =
            crate::pull::booking_from(&lane_clinic(&before), appointment, next, self.clock.now())
                .unwrap_or_else(|| before.clone());
        booking.id = before.id;
        Outcome::Settled(booking, events)
    }

    fn failed(
        &self,
        lane: &Lane,
        intent: &StoredIntent,
        before: StoredBooking,
        error: ClientError,
        pushed: &mut Pushed,
    ) -> Outcome {
        let refused = |refusal: Refusal| match intent.kind {
            IntentKind::Book => {
                let booking = StoredBooking {
                    state: BookingState::Refused(refusal),
                    updated: self.clock.now(),
                    ..before.clone()
                };
                Outcome::Settled(booking, vec![self.event("booking-refused", intent)])
            }
            // A cancellation that the clinic refuses leaves the booking as it was.
            IntentKind::Cancel => Outcome::Settled(
                before.clone(),
                vec![self.event("cancellation-refused", intent)],
            ),
        };
        match error {
            ClientError::Unreachable => {
                pushed.unreachable.insert(lane.clinic.clone());
                Outcome::Again {
                    after: None,
                    arrived: false,
                }
            }
            ClientError::NoAnswer | ClientError::Server { .. } | ClientError::Garbled(_) => {
                pushed.unreachable.insert(lane.clinic.clone());
                Outcome::Again {
                    after: None,
                    arrived: true,
                }
            }
            ClientError::Busy { retry_after } => {
                pushed.unreachable.insert(lane.clinic.clone());
                Outcome::Again {
                    after: retry_after,
                    arrived: false,
                }
            }
            ClientError::Unauthorized => Outcome::NotKnownHere,
            ClientError::NotFound | ClientError::Gone => refused(Refusal::NotOffered),
            ClientError::Invalid => refused(Refusal::Other {
                code: "invalid-request".to_owned(),
            }),
            ClientError::Refused {
                code, alternatives, ..
            } => refused(match code.as_str() {
                "slot-taken" => Refusal::SlotTaken { alternatives },
                "not-offered" => Refusal::NotOffered,
                "too-many" => Refusal::TooMany,
                _ => Refusal::Other { code },
            }),
        }
    }

    fn event(&self, kind: &str, intent: &StoredIntent) -> NewEvent {
        NewEvent {
            kind: kind.to_owned(),
            subject: intent.thing.clone(),
            at: self.clock.now(),
            body: String::new(),
        }
    }
}

fn lane_clinic(booking: &StoredBooking) -> ClinicId {
    booking.clinic.clone()
}

fn request_of(intent: &StoredIntent) -> Option<BookRequest> {
    match intent.kind {
        IntentKind::Book => {
            let body: BookIntent = serde_json::from_str(&intent.body).ok()?;
            Some(BookRequest {
                appointment: Some(body.slot_id),
                resource: None,
                patient: body.patient_id,
                comment: None,
            })
        }
        IntentKind::Cancel => {
            let body: CancelIntent = serde_json::from_str(&intent.body).ok()?;
            let resource = Appointment {
                id: Some(body.appointment_id),
                status: AppointmentStatus::Cancelled,
                ..Appointment::default()
            };
            Some(BookRequest {
                appointment: None,
                resource: Some(resource),
                patient: body.patient_id,
                comment: None,
            })
        }
    }
}
