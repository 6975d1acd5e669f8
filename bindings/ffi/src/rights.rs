//! What a person asks of what a clinic keeps of them. The compiler checks that the fields here are those of [`sokhoe_app`]; the
//! comments are what app developers read.

use sokhoe_app::{AskForRightsRequest, RightsRequestView, SyncStateView};
use sokhoe_domain::Timestamp;
use sokhoe_domain::rights::RightsRequest;

use crate::sokhoe::{Result, SoKhoe};

/// What somebody asks of what is kept of them (Law 91/2025/QH15).
#[uniffi::remote(Enum)]
pub enum RightsRequest {
    /// To take their consent back: nothing is given to any phone any more.
    Withdraw,
    /// To have erased what no law says must be kept.
    Erase,
    /// To have a copy.
    Copy,
    /// To have something corrected.
    Correct,
    /// To have the use restricted.
    Restrict,
    /// To have the record given to somebody else: nobody else gets it.
    Disclose,
}

/// A request to be asked.
#[uniffi::remote(Record)]
pub struct AskForRightsRequest {
    /// Whose record it is.
    pub person_id: String,
    /// At which clinic; may be unset when the person is at one alone.
    #[uniffi(default = None)]
    pub clinic_id: Option<String>,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, with `Disclose` and there alone.
    #[uniffi(default = None)]
    pub recipient: Option<String>,
    /// What is to be corrected, and whatever else is to be said.
    #[uniffi(default = None)]
    pub details: Option<String>,
    /// Who decides for a child: their name.
    #[uniffi(default = None)]
    pub guardian: Option<String>,
    /// Whether a child from seven on was asked and agrees: needed for `Disclose`.
    #[uniffi(default = false)]
    pub child_agrees: bool,
}

/// A request and what became of it.
#[uniffi::remote(Record)]
pub struct RightsRequestView {
    /// Its number, which is on the receipt.
    pub id: String,
    /// At which clinic.
    pub clinic_id: String,
    /// What that clinic is called.
    pub clinic_name: String,
    /// What is asked.
    pub what: RightsRequest,
    /// Who is to get the record, where that is asked.
    pub recipient: Option<String>,
    /// When it was asked.
    pub asked: Timestamp,
    /// When the clinic received it; unset until then.
    pub received: Option<Timestamp>,
    /// The last day for an answer (ISO 8601).
    pub answer_by: Option<String>,
    /// The last day to have it done (ISO 8601).
    pub done_by: Option<String>,
    /// When it was answered.
    pub answered: Option<Timestamp>,
    /// When it was done.
    pub done: Option<Timestamp>,
    /// The clinic's signature over the receipt, in base64.
    pub signature: Option<String>,
    /// All of it, as a sentence.
    pub text: String,
    /// How far it has come; unset once the clinic has it.
    pub sync: Option<SyncStateView>,
}

#[uniffi::export]
impl SoKhoe {
    /// What was asked for a person, the newest first. Needs no network.
    pub async fn rights_requests(&self, person_id: String) -> Result<Vec<RightsRequestView>> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.rights_requests(&person_id)?))
            .await
    }

    /// The words that whoever asks is to hear or read and agree to before `ask_for_rights`.
    pub async fn words_before_rights(&self, request: AskForRightsRequest) -> Result<String> {
        let core = self.core.clone();
        self.workers
            .read(move || Ok(core.words_before_rights(&request)?))
            .await
    }

    /// Asks, once they said yes to the words of `words_before_rights`. Needs no network. Once the clinic received a withdrawal
    /// or an erasure, no phone is given anything any more, and this one erases what came from there.
    pub async fn ask_for_rights(
        &self,
        request: AskForRightsRequest,
        agreed_words: String,
    ) -> Result<RightsRequestView> {
        let core = self.core.clone();
        self.workers
            .run(async move { Ok(core.ask_for_rights(request, &agreed_words).await?) })
            .await
    }
}
