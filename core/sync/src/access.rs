//! Whether a server that is not ours still lets this phone in.
//!
//! Its 401 and 403 say that a token is not, or no longer, accepted, and nothing of the person: nothing is erased for
//! them (docs/adr/0007). A 403 may also be meant for one thing alone, so the Patient says which it is. Only a Patient
//! that is gone by the server's own word is gone.

use sokhoe_client::ClientError;
use sokhoe_domain::{ResourceKey, Wire};

use crate::error::SyncError;
use crate::lane::{Engine, Lane};

impl Engine {
    /// Asks for the person's Patient there, which says whether anything of theirs can be had.
    ///
    /// # Errors
    /// [`SyncError::PatientGone`]; [`ClientError::Unauthorized`] also for a 403; [`ClientError`].
    pub(crate) async fn ask_for_patient(&self, lane: &Lane) -> Result<(), SyncError> {
        let key = ResourceKey::new("Patient", lane.patient_id.as_str());
        match lane.client.versioned(&key).await {
            Ok(_) => Ok(()),
            Err(ClientError::Refused { status: 403, .. }) => Err(ClientError::Unauthorized.into()),
            Err(ClientError::Gone) => Err(SyncError::PatientGone),
            Err(error) => Err(error.into()),
        }
    }

    /// The same error, but that a refusal of everything is none of what was asked.
    pub(crate) async fn unless_let_out(&self, lane: &Lane, error: ClientError) -> ClientError {
        let may_be_of_all =
            lane.wire == Wire::Server && matches!(error, ClientError::Refused { status: 403, .. });
        if !may_be_of_all {
            return error;
        }
        match self.ask_for_patient(lane).await {
            Err(SyncError::Client(ClientError::Unauthorized)) => ClientError::Unauthorized,
            _ => error,
        }
    }
}
