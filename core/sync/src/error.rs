//! Errors of a synchronisation.

use sokhoe_client::ClientError;
use sokhoe_vault::VaultError;

/// Why a synchronisation stopped. What was stored before stays stored.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The clinic gave no usable answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The person's Patient is gone from a server that is not ours, by that server's own word on it (410).
    #[error("the clinic has deleted the person's record")]
    PatientGone,
    /// The book on this phone could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}
