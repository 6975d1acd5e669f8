//! What a clinic of ours knows this phone by: the public half of its key there, and the tokens that are bound to it.

use std::fmt;

use rusqlite::{OptionalExtension as _, Transaction};
use sokhoe_domain::ports::SigningPublicKey;
use sokhoe_domain::{ClinicId, Timestamp};

use crate::account::{AccountVault, Secret};
use crate::error::VaultError;
use crate::store::Durability;

/// A phone's standing at a clinic. Its tokens are worth nothing without the key in the key store.
#[derive(Clone, PartialEq, Eq)]
pub struct ClinicSession {
    /// The public half of this phone's key there.
    pub device_key: SigningPublicKey,
    /// What is asked with; empty before the first was given.
    pub access_token: Secret,
    /// Until when, by the phone's clock.
    pub access_ends: Timestamp,
    /// What the next tokens are asked with.
    pub renewal: Secret,
    /// Whether that is what another phone signed for this one, instead of a refresh token.
    pub is_assertion: bool,
}

impl fmt::Debug for ClinicSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClinicSession")
            .field("access_ends", &self.access_ends)
            .finish_non_exhaustive()
    }
}

pub(crate) fn put(
    tx: &Transaction<'_>,
    clinic: &ClinicId,
    session: &ClinicSession,
) -> Result<(), VaultError> {
    tx.prepare_cached(
        r#"INSERT OR REPLACE INTO "clinic_session" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"#,
    )?
    .execute((
        clinic.as_str(),
        session.device_key,
        session.access_token.expose(),
        session.access_ends.as_millis(),
        session.renewal.expose(),
        session.is_assertion,
    ))?;
    Ok(())
}

impl AccountVault {
    /// What a clinic knows this phone by; nothing where it does not.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn clinic_session(&self, clinic: &ClinicId) -> Result<Option<ClinicSession>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "device_key", "access_token", "access_ends", "renewal", "is_assertion"
                   FROM "clinic_session" WHERE "clinic" = ?1"#,
            )?;
            let found = find.query_row([clinic.as_str()], |row| {
                Ok(ClinicSession {
                    device_key: row.get(0)?,
                    access_token: row.get::<_, String>(1)?.into(),
                    access_ends: Timestamp::from_millis(row.get(2)?),
                    renewal: row.get::<_, String>(3)?.into(),
                    is_assertion: row.get(4)?,
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Keeps new tokens of a clinic, on the disk when this returns. Only where the ones before are still those that were
    /// asked with: another process of this phone may have been as quick.
    ///
    /// # Errors
    /// [`VaultError`]; the ones before are there then.
    pub fn renew_clinic_session(
        &self,
        clinic: &ClinicId,
        session: &ClinicSession,
        asked_with: &Secret,
    ) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            let is_same = tx
                .prepare_cached(
                    r#"SELECT 1 FROM "clinic_session" WHERE "clinic" = ?1 AND "renewal" = ?2"#,
                )?
                .exists((clinic.as_str(), asked_with.expose()))?;
            if is_same {
                put(tx, clinic, session)?;
            }
            Ok(())
        })
    }
}
