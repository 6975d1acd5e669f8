//! A trip of several people, as each one's intent carries it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{IntentId, Timestamp};
use sokhoe_fhir::{BookTogetherRequest, Together};

/// Who goes together, and to what. Everybody's intent has the whole of it, so that everybody's lane sends the same
/// request under the same key, and nothing depends on one of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// Under which the clinic has one answer for all.
    pub id: IntentId,
    /// In the order in which they were named. The part of the last is kept last: with it the trip is decided.
    pub members: Vec<TripMember>,
}

/// One of a trip.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TripMember {
    /// Who, on this phone.
    pub person_id: String,
    /// Their Patient id at the clinic.
    pub patient_id: String,
    /// Their booking: the id of their intent and of the Appointment.
    pub booking: IntentId,
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// When that begins.
    pub start: Timestamp,
    /// What for.
    pub service: String,
    /// With whom; may be empty.
    pub practitioner: String,
}

impl Trip {
    /// Reads what a vault keeps of it; nothing when it cannot be read.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }

    /// What every lane sends.
    pub(crate) fn request(&self) -> BookTogetherRequest {
        let visits = self.members.iter().map(|member| Together {
            appointment: member.slot_id.clone(),
            patient: member.patient_id.clone(),
            id: member.booking,
        });
        BookTogetherRequest {
            visits: visits.collect(),
        }
    }
}

/// Neither who nor what for.
impl fmt::Debug for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trip")
            .field("id", &self.id)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TripMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TripMember").finish_non_exhaustive()
    }
}
