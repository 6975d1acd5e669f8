//! Sign-ins that a browser has: what this phone must know when it comes back, also after the app was ended meanwhile.

use std::fmt;

use rusqlite::OptionalExtension as _;
use sokhoe_domain::Timestamp;

use crate::account::{AccountVault, Secret};
use crate::error::VaultError;
use crate::store::Durability;

/// A sign-in that waits for the browser.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptSignIn {
    /// Where the clinic is.
    pub clinic_url: String,
    /// The key that the clinic said is its own.
    pub clinic_key: [u8; 32],
    /// What the answer is known by.
    pub state: Secret,
    /// What proves that the code is for this phone.
    pub verifier: Secret,
    /// When it began.
    pub began: Timestamp,
}

impl fmt::Debug for KeptSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptSignIn")
            .field("began", &self.began)
            .finish_non_exhaustive()
    }
}

impl AccountVault {
    /// Keeps a sign-in, on the disk when this returns. It takes the place of one at the same clinic; those that began before
    /// `forget_before` are forgotten.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn keep_sign_in(
        &self,
        sign_in: &KeptSignIn,
        forget_before: Timestamp,
    ) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(
                r#"DELETE FROM "sign_in" WHERE "began" < ?1"#,
                [forget_before.as_millis()],
            )?;
            tx.execute(
                r#"INSERT OR REPLACE INTO "sign_in" VALUES (?1, ?2, ?3, ?4, ?5)"#,
                (
                    &sign_in.clinic_url,
                    sign_in.clinic_key,
                    sign_in.state.expose(),
                    sign_in.verifier.expose(),
                    sign_in.began.as_millis(),
                ),
            )?;
            Ok(())
        })
    }

    /// The sign-in whose answer has this state.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn sign_in(&self, state: &str) -> Result<Option<KeptSignIn>, VaultError> {
        self.store.read(|tx, _| {
            let mut find = tx.prepare_cached(
                r#"SELECT "clinic_url", "clinic_key", "state", "verifier", "began"
                   FROM "sign_in" WHERE "state" = ?1"#,
            )?;
            let found = find.query_row([state], |row| {
                Ok(KeptSignIn {
                    clinic_url: row.get(0)?,
                    clinic_key: row.get(1)?,
                    state: row.get::<_, String>(2)?.into(),
                    verifier: row.get::<_, String>(3)?.into(),
                    began: Timestamp::from_millis(row.get(4)?),
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Forgets a sign-in: it is over.
    ///
    /// # Errors
    /// [`VaultError`]
    pub fn drop_sign_in(&self, state: &str) -> Result<(), VaultError> {
        self.store.write(Durability::Full, |tx, _| {
            tx.execute(r#"DELETE FROM "sign_in" WHERE "state" = ?1"#, [state])?;
            Ok(())
        })
    }
}
