//! What the outbox keeps of an intent, as JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Book an offered time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookIntent {
    /// The clinic's id for the offer.
    pub slot_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
}

/// Take a booking back.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelIntent {
    /// The Appointment's id.
    pub appointment_id: String,
    /// The person's Patient id there.
    pub patient_id: String,
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
