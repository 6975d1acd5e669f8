//! Errors of a synchronisation.

use sokhoe_client::ClientError;
use sokhoe_vault::VaultError;

/// Why a synchronisation stopped. What was stored before stays stored.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The clinic gave no usable answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The book on this phone could not be read or written.
    #[error(transparent)]
    Vault(#[from] VaultError),
}
