//! What the outbox keeps of an intent, as JSON.

use std::fmt;

use serde::{Deserialize, Serialize};
use sokhoe_domain::{Occurrence, Otherwise, Timestamp};

use crate::trip::Trip;

/// Book an offered time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookIntent {
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
    /// What else would do, should that time be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<Otherwise>,
    /// At a server that is not ours: the id of another Slot that was tried last. What was sent for it may still
    /// arrive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trying: Option<String>,
    /// The trip of several that it is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trip: Option<Trip>,
    /// Which visit of a series it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
}

impl BookIntent {
    /// Reads what the outbox keeps; nothing when it cannot be read.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

/// Take a booking back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelIntent {
    /// The Appointment's id.
    pub appointment_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
}

/// Have a confirmed booking at another offered time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveIntent {
    /// The Appointment's id.
    pub appointment_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// When that begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// With whom, as the person saw it; may be empty.
    pub practitioner: String,
    /// In which room; may be empty.
    pub location: String,
}

impl MoveIntent {
    /// Reads what the outbox keeps; nothing when it cannot be read.
    #[must_use]
    pub fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

impl fmt::Debug for MoveIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoveIntent").finish_non_exhaustive()
    }
}

impl fmt::Debug for BookIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BookIntent").finish_non_exhaustive()
    }
}

impl fmt::Debug for CancelIntent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelIntent").finish_non_exhaustive()
    }
}
