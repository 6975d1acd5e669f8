//! What this phone is known by at clinics of ours: a key of its own for each, so that no two clinics can tell that it is
//! the same phone, and the tokens that are bound to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sokhoe_client::{DeviceKey, KnownBy, Prover, Renewal, TokenStore, Tokens};
use sokhoe_domain::ClinicId;
use sokhoe_domain::ports::{KeyStoreError, SigningPublicKey, Zeroizing};
use sokhoe_vault::{AccountVault, ClinicSession, VaultError};

use crate::session::{Session, held};

/// Whose turn it is to renew a clinic's tokens.
pub(crate) type Turns = Mutex<HashMap<ClinicId, Arc<tokio::sync::Mutex<()>>>>;

/// The name of this phone's key at the clinic with this public key.
pub(crate) fn alias(clinic_key: &[u8; 32]) -> String {
    let start: String = clinic_key[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("device-{start}")
}

impl Session {
    /// This phone's key at a clinic, which is made when there is none.
    pub(crate) fn signing_key(
        &self,
        clinic_key: &[u8; 32],
    ) -> Result<SigningPublicKey, KeyStoreError> {
        let alias = alias(clinic_key);
        match self.ports.keys.signing_key(&alias) {
            // A key that can never be used again keeps nobody out: another one is let in.
            Err(KeyStoreError::Invalidated | KeyStoreError::Missing) => {
                self.ports.keys.delete(&alias)?;
                self.ports.keys.signing_key(&alias)
            }
            other => other,
        }
    }

    /// Proofs with this phone's key at a clinic.
    pub(crate) fn prover(&self, clinic_key: &[u8; 32], device_key: SigningPublicKey) -> Prover {
        Prover {
            key: DeviceKey::new(Arc::clone(&self.ports.keys), alias(clinic_key), device_key),
            clock: Arc::clone(&self.ports.clock),
            rng: Arc::clone(&self.ports.rng),
            clocks: self.server_clocks.clone(),
        }
    }

    /// What a clinic knows this phone by, as long as it has this key there.
    pub(crate) fn known_by(
        &self,
        account: &AccountVault,
        clinic: &ClinicId,
        prover: Prover,
    ) -> KnownBy {
        let turn = held(&self.turns).entry(clinic.clone()).or_default().clone();
        KnownBy {
            prover,
            tokens: Some(Arc::new(KeptTokens {
                account: account.clone(),
                clinic: clinic.clone(),
                turn,
            })),
        }
    }
}

/// A session as the account keeps it.
pub(crate) fn session_of(device_key: SigningPublicKey, tokens: &Tokens) -> ClinicSession {
    let (renewal, is_assertion) = match &tokens.renewal {
        Renewal::Refresh(token) => (token, false),
        Renewal::Assertion(assertion) => (assertion, true),
    };
    ClinicSession {
        device_key,
        access_token: tokens.access.clone().into(),
        access_ends: tokens.access_ends,
        renewal: renewal.clone().into(),
        is_assertion,
    }
}

fn tokens_of(session: &ClinicSession) -> Tokens {
    let renewal = Zeroizing::new(session.renewal.expose().to_owned());
    Tokens {
        access: Zeroizing::new(session.access_token.expose().to_owned()),
        access_ends: session.access_ends,
        renewal: match session.is_assertion {
            true => Renewal::Assertion(renewal),
            false => Renewal::Refresh(renewal),
        },
    }
}

/// The tokens of one clinic in the account.
struct KeptTokens {
    account: AccountVault,
    clinic: ClinicId,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl KeptTokens {
    fn session(&self) -> Result<ClinicSession, KeyStoreError> {
        let kept = self.account.clinic_session(&self.clinic);
        kept.map_err(not_now)?.ok_or(KeyStoreError::Missing)
    }
}

impl TokenStore for KeptTokens {
    fn tokens(&self) -> Result<Tokens, KeyStoreError> {
        Ok(tokens_of(&self.session()?))
    }

    fn keep(&self, tokens: &Tokens, instead_of: &Renewal) -> Result<(), KeyStoreError> {
        let session = session_of(self.session()?.device_key, tokens);
        let (Renewal::Refresh(asked_with) | Renewal::Assertion(asked_with)) = instead_of;
        let asked_with = asked_with.clone().into();
        let kept = self
            .account
            .renew_clinic_session(&self.clinic, &session, &asked_with);
        kept.map_err(not_now)
    }

    fn turn(&self) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.turn)
    }
}

/// An account that cannot be read or written now says nothing of what is in it.
fn not_now(error: VaultError) -> KeyStoreError {
    match error {
        VaultError::Key(KeyStoreError::Locked) => KeyStoreError::Locked,
        _ => KeyStoreError::Transient,
    }
}
