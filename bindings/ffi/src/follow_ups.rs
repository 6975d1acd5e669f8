//! What clinics ask a person to come again for. The compiler checks that the fields here are those of [`sokhoe_app`]; the
//! comments are what app developers read.

use sokhoe_app::{FindSlotsRequest, FollowUpView};
use sokhoe_domain::Timestamp;

use crate::sokhoe::{Result, SoKhoe};

/// A re-examination slip.
#[uniffi::remote(Record)]
pub struct FollowUpView {
    /// The row of the book.
    pub entry_id: i64,
    /// Who asks.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// For what; empty when the slip does not say so.
    pub service: String,
    /// To whom; empty when the slip does not say so.
    pub practitioner: String,
    /// Why, in the clinic's words; may be empty.
    pub reason: String,
    /// When to come, and whether that is booked or over, as a sentence.
    pub text: String,
    /// Whether its days are over and nothing is booked.
    pub is_overdue: bool,
    /// The booking that was made for it, as far as can be told.
    pub booking_id: Option<String>,
    /// What to give to `find_slots`.
    pub search: FindSlotsRequest,
}

#[uniffi::export]
impl SoKhoe {
    /// What clinics ask a person to come again for, the earliest first, with the search that leads to a booking. Needs no
    /// network.
    pub async fn follow_ups(&self, person_id: String) -> Result<Vec<FollowUpView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.follow_ups(&person_id)?))
            .await
    }
}
