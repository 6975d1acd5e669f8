//! What the outbox keeps of an intent, as JSON.

use serde::{Deserialize, Serialize};

/// Book an offered time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookIntent {
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
}

/// Take a booking back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelIntent {
    /// The Appointment's id.
    pub appointment_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
}
