//! What a frame says, as JSON. A kind that is not known here was written by a newer program and stays.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{BookingState, ClinicId, IntentId, Timestamp};
use zeroize::Zeroizing;

use crate::bookings::StoredBooking;
use crate::error::VaultError;
use crate::outbox::{IntentKind, NewIntent};

/// A record as it is sealed; wiped from memory when it is dropped.
pub(crate) type RecordText = Zeroizing<String>;

/// One record. The names are stored: never changed once released.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Record {
    /// What `enqueue` was given.
    Intent(Box<WrittenIntent>),
    /// The transaction of the intent committed.
    Kept { id: IntentId },
    /// The transaction of the intent failed: it was never there.
    Aborted { id: IntentId },
    /// The clinic has answered, or the intent was taken back.
    Done { id: IntentId },
}

impl Record {
    pub(crate) fn parse(text: &RecordText) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn text(&self) -> Result<RecordText, VaultError> {
        serde_json::to_string(self)
            .map(Zeroizing::new)
            .map_err(|_| VaultError::Internal { code: 0 })
    }
}

/// An intent and its booking as they were when the person decided.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenIntent {
    pub(crate) id: IntentId,
    pub(crate) clinic: ClinicId,
    pub(crate) asks: String,
    pub(crate) thing: String,
    pub(crate) body: String,
    pub(crate) created: i64,
    pub(crate) booking: WrittenBooking,
}

/// A booking.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WrittenBooking {
    pub(crate) id: IntentId,
    pub(crate) clinic: ClinicId,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) service: String,
    pub(crate) practitioner: String,
    pub(crate) location: String,
    pub(crate) state: BookingState,
    pub(crate) updated: i64,
}

impl fmt::Debug for WrittenIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrittenIntent")
            .field("id", &self.id)
            .field("clinic", &self.clinic)
            .field("asks", &self.asks)
            .finish_non_exhaustive()
    }
}

impl WrittenIntent {
    pub(crate) fn new(intent: &NewIntent, booking: &StoredBooking) -> Self {
        Self {
            id: intent.id,
            clinic: intent.clinic.clone(),
            asks: intent.kind.as_str().to_owned(),
            thing: intent.thing.clone(),
            body: intent.body.clone(),
            created: intent.created.as_millis(),
            booking: WrittenBooking {
                id: booking.id,
                clinic: booking.clinic.clone(),
                start: booking.start.as_millis(),
                end: booking.end.as_millis(),
                service: booking.service.clone(),
                practitioner: booking.practitioner.clone(),
                location: booking.location.clone(),
                state: booking.state.clone(),
                updated: booking.updated.as_millis(),
            },
        }
    }

    /// The intent; nothing when a newer program wrote a kind that is not known here.
    pub(crate) fn intent(&self) -> Option<NewIntent> {
        Some(NewIntent {
            id: self.id,
            clinic: self.clinic.clone(),
            kind: IntentKind::from_str(&self.asks)?,
            thing: self.thing.clone(),
            body: self.body.clone(),
            created: Timestamp::from_millis(self.created),
        })
    }

    pub(crate) fn booking(&self) -> StoredBooking {
        let booking = &self.booking;
        StoredBooking {
            id: booking.id,
            clinic: booking.clinic.clone(),
            start: Timestamp::from_millis(booking.start),
            end: Timestamp::from_millis(booking.end),
            service: booking.service.clone(),
            practitioner: booking.practitioner.clone(),
            location: booking.location.clone(),
            state: booking.state.clone(),
            updated: Timestamp::from_millis(booking.updated),
        }
    }
}
