//! Who looked at a book. The compiler checks that the fields here are those of [`sokhoe_app`]; the comments are what app
//! developers read.

use sokhoe_app::{AccessLogEntryView, AccessLogView};
use sokhoe_domain::Timestamp;

use crate::sokhoe::{Result, SoKhoe};

/// Who looked at a person's book at a clinic.
#[uniffi::remote(Record)]
pub struct AccessLogView {
    /// The clinic.
    pub clinic_id: String,
    /// What it is called.
    pub clinic_name: String,
    /// When this was proved, by this phone's clock.
    pub as_of: Timestamp,
    /// Whether the clinic could not be asked just now.
    pub is_old: bool,
    /// What is wrong with the log, as a sentence; unset where nothing is. To be shown above everything else.
    pub mismatch: Option<String>,
    /// As of when it is, as a sentence.
    pub text: String,
    /// What was done, the newest first.
    pub entries: Vec<AccessLogEntryView>,
}

/// What somebody did with a book, as often as they did it that day.
#[uniffi::remote(Record)]
pub struct AccessLogEntryView {
    /// When, the last time.
    pub at: Timestamp,
    /// The same to read.
    pub when: String,
    /// Who, by the name that the clinic says.
    pub who: String,
    /// What they did.
    pub what: String,
    /// How often that day.
    pub count: u32,
    /// Whether they may not, and got nothing.
    pub is_denied: bool,
    /// Who and what, how often and with which end, as a sentence.
    pub text: String,
}

#[uniffi::export]
impl SoKhoe {
    /// Who looked at a person's book at a clinic, the newest first: the last two hundred accesses, like ones of a day
    /// together. Asks the clinic to prove it; without a network it gives what was proved last. `NotFound` at a clinic that
    /// keeps no such log.
    pub async fn access_log(&self, person_id: String, clinic_id: String) -> Result<AccessLogView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.access_log(&person_id, &clinic_id).await?) })
            .await
    }
}
